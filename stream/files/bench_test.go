package files

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"
	"time"
)

// nowhere takes batches and forgets them.
type nowhere struct{ batch batch }

func (n *nowhere) spare() *batch {
	n.batch.body, n.batch.origins = n.batch.body[:0], n.batch.origins[:0]
	return &n.batch
}

func (n *nowhere) put(context.Context, *batch) error { return nil }

// salesCSV writes a file of receipts with ten lines each, in time order.
func salesCSV(receipts int) []byte {
	var b bytes.Buffer
	b.WriteString("ts,store,receipt,member,product,qty,price\n")
	start := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for i := range receipts {
		stamp := start.Add(time.Duration(i) * 20 * time.Second).Format(time.RFC3339)
		for l := range 10 {
			fmt.Fprintf(&b, "%s,store-%d,%d,m-%d,%d,%d,%d.%02d\n", stamp, i%20, 480000+i, i*7919%50000, 20000+(i*31+l*l*97)%8000, 1+l%3, i%90, l*9)
		}
	}
	return b.Bytes()
}

// readAll takes a file through everything but the sending.
func readAll(tb testing.TB, o Import, text []byte, to sink) *job {
	tb.Helper()
	o.In, o.Files, o.Err, o.Out = bytes.NewReader(text), []string{"-"}, io.Discard, io.Discard
	if o.Rejects == "" {
		o.Rejects = tb.TempDir() + "/rejects.csv"
	}
	o.setDefaults()
	zone, err := o.validate()
	if err != nil {
		tb.Fatal(err)
	}
	j := newJob(&o, zone)
	j.packer.sink = to
	if err := j.take(context.Background(), "-"); err != nil {
		tb.Fatal(err)
	}
	if err := j.end(context.Background(), func() error { return nil }); err != nil {
		tb.Fatal(err)
	}
	if err := j.rejects.close(); err != nil {
		tb.Fatal(err)
	}
	return j
}

// BenchmarkReceipts is the whole way from a CSV's bytes to requests' bodies, on
// one core, for receipts of ten lines.
func BenchmarkReceipts(b *testing.B) {
	const receipts = 20000
	text := salesCSV(receipts)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		j := readAll(b, Import{}, text, &nowhere{})
		if n := j.tally.receipts.Load(); n != receipts {
			b.Fatalf("%d receipts", n)
		}
	}
	per := b.Elapsed().Seconds() / float64(b.N) / receipts
	b.ReportMetric(1e6*per, "µs/receipt")
	b.ReportMetric(10/per, "lines/s")
}

package files

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nabo/engine/event"
)

// kept takes batches and keeps the events in them.
type kept struct {
	events []event.Event
	lines  []int
}

func (k *kept) spare() *batch { return &batch{} }

func (k *kept) put(_ context.Context, b *batch) (err error) {
	event.Scan(b.body, func(i int, ev *event.Event, e error) bool {
		if err = e; err == nil {
			k.events = append(k.events, *ev)
			k.lines = append(k.lines, b.origins[i].line)
		}
		return err == nil
	})
	return err
}

// show writes the kept receipts one a line: id, time, member, lines.
func (k *kept) show() []string {
	var out []string
	for i, ev := range k.events {
		var b strings.Builder
		fmt.Fprintf(&b, "%d: %s %s %s", k.lines[i], ev.ID, ev.Time.Time().Format("15:04"), ev.MemberID)
		for _, l := range ev.Body.(*event.Receipt).Lines {
			fmt.Fprintf(&b, " %s*%v@%v", l.Product, l.Qty, l.Price)
			if l.Return {
				b.WriteString("R")
			}
		}
		out = append(out, b.String())
	}
	return out
}

func TestReceipts(t *testing.T) {
	const head = "ts,store,receipt,member,product,qty,price\n"
	tests := []struct {
		name, text string
		want       []string
	}{
		{"lines of one", head + "2026-03-01 10:00,7,1,m,a,2,1.5\n2026-03-01 10:00,7,1,m,b,,\n",
			[]string{"2: 2026-03-01/7/1 10:00 m a*2@1.5 b*1@NaN"}},
		{"interleaved, other minutes, the first time counts", head +
			"2026-03-01 10:01,7,1,,a,1,\n2026-03-01 10:02,7,2,,x,1,\n2026-03-01 10:00,7,1,m,b,1,\n2026-03-01 10:02,7,2,,x,1,\n",
			[]string{"2: 2026-03-01/7/1 10:00 m a*1@NaN b*1@NaN", "3: 2026-03-01/7/2 10:02  x*1@NaN x*1@NaN"}},
		{"the number again on another day and in another store", head +
			"2026-03-01 10:00,7,1,,a,1,\n2026-03-02 10:00,7,1,,b,1,\n2026-03-02 10:00,8,1,,c,1,\n",
			[]string{"2: 2026-03-01/7/1 10:00  a*1@NaN", "3: 2026-03-02/7/1 10:00  b*1@NaN", "4: 2026-03-02/8/1 10:00  c*1@NaN"}},
		{"over midnight", head + "2026-03-01 23:59,7,1,,a,1,\n2026-03-02 00:01,7,1,,b,1,\n2026-03-02 09:00,7,1,,c,1,\n",
			[]string{"2: 2026-03-01/7/1 23:59  a*1@NaN b*1@NaN", "4: 2026-03-02/7/1 09:00  c*1@NaN"}},
		{"returns and duplicates are kept", head + "2026-03-01 10:00,7,1,,a,-2,1\n2026-03-01 10:00,7,1,,a,1,1\n2026-03-01 10:00,7,1,,a,1,1\n",
			[]string{"2: 2026-03-01/7/1 10:00  a*2@1R a*1@1 a*1@1"}},
		{"nothing in several ways", head + "2026-03-01 10:00,NULL,1,N/A, a ,NaN,-\n", []string{"2: 2026-03-01//1 10:00  a*1@NaN"}},
		{"no number: one member at one time", "time,customer,item\n2026-03-01 10:00,m,a\n2026-03-01 10:00,m,b\n2026-03-01 10:05,m,c\n",
			[]string{"2: 2026-03-01//of/m/2026-03-01 10:00 10:00 m a*1@NaN b*1@NaN", "4: 2026-03-01//of/m/2026-03-01 10:05 10:05 m c*1@NaN"}},
		{"tills that share numbers", "date,time,store,till,receipt,product\n2026-03-01,10:00,7,A/1,1,a\n2026-03-01,10:00,7,B,1,b\n",
			[]string{"2: 2026-03-01/7/at/A%2F1/1 10:00  a*1@NaN", "3: 2026-03-01/7/at/B/1 10:00  b*1@NaN"}},
		{"the whole line's price", "ts,receipt,product,qty,sales_value,return\n2026-03-01,1,a,4,10,no\n2026-03-01,1,b,2,3,yes\n",
			[]string{"2: 2026-03-01//1 00:00  a*4@2.5 b*2@1.5R"}},
		{"decimal commas", "Dato;Bon;Vare;Antal;Pris\n31.12.2026 23.59;1;a;0,5;1.234,50\n",
			[]string{"2: 2026-12-31//1 23:59  a*0.5@1234.5"}},
		{"an id that can't be shown", "ts,receipt,product\n2026-03-01,a\tb,x\n",
			[]string{"2: c27d3e68f78a75eef1163e62402acd19 00:00  x*1@NaN"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var k kept
			readAll(t, Import{}, []byte(tt.text), &k)
			if got := k.show(); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestRejectedLines(t *testing.T) {
	const text = "ts,receipt,member,product,qty,price\n" +
		"2026-03-01,1,m,a,1,1\n" +
		",1,m,b,1,1\n" +
		"2026-13-01,1,m,b,1,1\n" +
		"soon,1,m,b,1,1\n" +
		"2026-03-01,,,b,1,1\n" +
		"2026-03-01,1,m,,1,1\n" +
		"2026-03-01,1,m,b,0,1\n" +
		"2026-03-01,1,m,b,many,1\n" +
		"2026-03-01,1,m,b,1,1e300\n" +
		"2026-03-01,1,m,b\x01,1,1\n" +
		"2026-03-01,1,m," + "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789" + ",1,1\n" +
		"2026-03-01,1,m,b,1\n" +
		"1969-01-01,1,m,b,1,1\n" +
		"2026-03-01,1,m,c,1,1\n"
	path := t.TempDir() + "/rejects.csv"
	var k kept
	readAll(t, Import{Rejects: path}, []byte(text), &k)
	if got, want := k.show(), []string{"2: 2026-03-01//1 00:00 m a*1@1 c*1@1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"file,line,column,reason", "standard input,3,ts,is empty", "standard input,4,ts,is no day of the calendar, or no time of day",
		"standard input,5,ts,is no date and time that is known", "standard input,6,receipt,is empty, and no member tells which receipt the line belongs to",
		"standard input,7,product,is empty", "standard input,8,qty,is 0", "standard input,9,qty,is no number", "standard input,10,price,is beyond 1e+12",
		"standard input,11,product,has characters that can't be printed", "standard input,12,product,is longer than 128 bytes",
		"standard input,13,,has 5 fields where the header has 6", "standard input,14,ts,is not after 1970-01-01T00:00:00Z"}
	var got []string
	for _, r := range rows {
		got = append(got, strings.Join(r[:4], ","))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if raw := rows[1][4]; raw != ",1,m,b,1,1" {
		t.Errorf("raw is %q", raw)
	}
}

// TestReceiptsTogether shuffles the lines of as many receipts as may be open,
// and asks that each comes out whole and once.
func TestReceiptsTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 8).Draw(t, "open")
		count := rapid.IntRange(1, 40).Draw(t, "receipts")
		var got []string
		g := newGrouper("", func(ev *event.Event, _ int) error {
			got = append(got, fmt.Sprintf("%s:%d", ev.ID, len(ev.Body.(*event.Receipt).Lines)))
			return nil
		})
		g.limit = limit
		want := map[string]bool{}
		for from := 0; from < count; from += limit {
			var lines []int // the number of each line's receipt
			for n := from; n < min(from+limit, count); n++ {
				of := rapid.IntRange(1, 5).Draw(t, "lines")
				want[fmt.Sprintf("2026-03-0%d//%d:%d", 1+n%3, n/3, of)] = true
				lines = append(lines, slices.Repeat([]int{n}, of)...)
			}
			for _, n := range rapid.Permutation(lines).Draw(t, "order") {
				addLine(t, g, n)
			}
		}
		if err := g.flush(); err != nil {
			t.Fatal(err)
		}
		for _, r := range got {
			if !want[r] {
				t.Fatalf("%s was not asked for: %q", r, got)
			}
			delete(want, r)
		}
		if len(want) > 0 || len(g.open) > 0 || g.split > 0 {
			t.Fatalf("missing %v, open %d, split %d", want, len(g.open), g.split)
		}
	})
}

// addLine adds a line to the receipt with the given number; the numbers come
// again on three days.
func addLine(t *rapid.T, g *grouper, n int) {
	day := dayOf(2026, 3, 1+n%3)
	s := sale{when: moment{event.Millis(int64(day)*msPerDay + 1), day}, receipt: fmt.Append(nil, n/3), line: event.Line{Product: "p", Qty: 1}}
	if err := g.add(&s, n); err != nil {
		t.Fatal(err)
	}
}

func TestSplitReceipt(t *testing.T) {
	var got []string
	g := newGrouper("", func(ev *event.Event, _ int) error {
		got = append(got, fmt.Sprintf("%s:%d", ev.ID, len(ev.Body.(*event.Receipt).Lines)))
		return nil
	})
	g.limit = 2
	add := func(n string, lines int) {
		s := sale{when: moment{1, 0}, receipt: []byte(n), line: event.Line{Product: "p", Qty: 1}}
		for range lines {
			if err := g.add(&s, 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	add("far", 1)
	add("b", 1)
	add("c", 1)
	add("far", 2)
	add("long", event.MaxLines+1)
	if err := g.flush(); err != nil {
		t.Fatal(err)
	}
	want := []string{"1970-01-01//far:1", "1970-01-01//b:1", "1970-01-01//c:1", "1970-01-01//long:10000", "1970-01-01//far~2:2", "1970-01-01//long~2:1"}
	if !slices.Equal(got, want) || g.split != 2 {
		t.Errorf("got %q, %d split, want %q", got, g.split, want)
	}
}

// TestIDsApart asks that different receipts never get one id.
func TestIDsApart(t *testing.T) {
	part := rapid.StringMatching(`[a/%~é\t ]{0,4}|[ab]{60,70}`)
	rapid.Check(t, func(t *rapid.T) {
		g := newGrouper("", nil)
		draw := func(n string) (sale, string) {
			s := sale{when: moment{1, 0}, store: part.Draw(t, n+" store"), till: part.Draw(t, n+" till"), receipt: []byte("r" + part.Draw(t, n+" number"))}
			return s, fmt.Sprintf("%q %q %q", s.store, s.till, s.receipt)
		}
		a, nameA := draw("one")
		b, nameB := draw("other")
		if idA, idB := g.idOf(&a), g.idOf(&b); (idA == idB) != (nameA == nameB) {
			t.Fatalf("%s: %q, %s: %q", nameA, idA, nameB, idB)
		}
		if id := g.idOf(&a); len(id)+6 > event.MaxID {
			t.Fatalf("%q is too long", id)
		}
	})
}

func TestRecentForgets(t *testing.T) {
	r := recent{limit: 10}
	for i := range uint64(1000) {
		if n := r.count(i); n != 1 {
			t.Fatalf("%d was seen %d times", i, n)
		}
		if held := len(r.now) + len(r.past); held > 2*r.limit {
			t.Fatalf("%d are held", held)
		}
	}
	for i := range uint64(10) {
		if n := r.count(990 + i); n != 2 {
			t.Errorf("%d was seen %d times", 990+i, n)
		}
	}
	if n := r.count(900); n != 1 {
		t.Errorf("what is long gone was seen %d times", n)
	}
}

func TestSplitAcrossRuns(t *testing.T) {
	text := salesCSV(300)
	var one, two kept
	readAll(t, Import{}, text, &one)
	readAll(t, Import{Batch: 7}, text, &two)
	if !slices.Equal(one.show(), two.show()) || len(one.events) != 300 {
		t.Error("the same file gave other receipts")
	}
	if at := one.events[299].Time.Time(); !at.Equal(time.Date(2026, 3, 1, 9, 39, 40, 0, time.UTC)) {
		t.Errorf("the last is at %v", at)
	}
}

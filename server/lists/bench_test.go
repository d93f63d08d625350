package lists

import (
	"bytes"
	"context"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The figures in DESIGN.md are from
//
//	go test ./server/lists -run '^$' -bench . -benchtime 2000000x

// press is a Source whose rows cost nothing but a copy.
type press struct {
	members int
	row     []byte
}

func (p *press) Freeze(context.Context, *Spec) (Snapshot, error) { return p, nil }
func (p *press) Position() uint64                                { return 1 }
func (p *press) Time() time.Time                                 { return time.Unix(0, 0) }
func (p *press) Members() int                                    { return p.members }
func (p *press) Worker() Worker                                  { return p }
func (p *press) Passed(int)                                      {}
func (p *press) Release()                                        {}
func (p *press) Row(dst []byte, _ int) (row []byte, ok bool)     { return append(dst, p.row...), true }

// benchList makes one list of b.N rows of 2.2 kB. The time is from Start until
// all of it is on disk.
func benchList(b *testing.B, dir string, change func(*Options), read bool) {
	p := &press{members: b.N, row: append(bytes.Repeat([]byte("x"), 2199), '\n')}
	opt := Options{Dir: dir, Source: p, Now: time.Now}
	if change != nil {
		change(&opt)
	}
	r := mustNew(b, opt)
	run(b, r)
	b.SetBytes(int64(len(p.row)))
	b.ReportAllocs()
	b.ResetTimer()
	id := start(b, r, Spec{})
	if read {
		if _, err := r.Rows(b.Context(), id, "", io.Discard, nil); err != nil {
			b.Fatal(err)
		}
	}
	if _, _, err := r.wait(b.Context(), r.lists[id], math.MaxInt64); err != nil {
		b.Fatal(err)
	}
	if st := status(b, r, id); st.State != Done || st.Rows != int64(b.N) {
		b.Fatalf("%+v", st)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkList is the machinery alone: on a disk, in memory, with a reader
// that follows, and with lookups that never end.
func BenchmarkList(b *testing.B) {
	memory := func(b *testing.B) string {
		dir, err := os.MkdirTemp("/dev/shm", "lists")
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			if err := os.RemoveAll(filepath.Clean(dir)); err != nil {
				b.Error(err)
			}
		})
		return dir
	}
	b.Run("disk", func(b *testing.B) { benchList(b, b.TempDir(), nil, false) })
	b.Run("disk/reader", func(b *testing.B) { benchList(b, b.TempDir(), nil, true) })
	b.Run("memory", func(b *testing.B) { benchList(b, memory(b), nil, false) })
	b.Run("memory/reader", func(b *testing.B) { benchList(b, memory(b), nil, true) })
	b.Run("memory/yielding", func(b *testing.B) {
		benchList(b, memory(b), func(o *Options) { o.Rest, o.Busy = -1, func() bool { return true } }, false)
	})
	b.Run("memory/resting", func(b *testing.B) {
		benchList(b, memory(b), func(o *Options) { o.Busy = func() bool { return true } }, false)
	})
}

package store

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// someDecisions writes count decisions and returns the segments' file names,
// the oldest first.
func someDecisions(t testing.TB, dir string, w *watch, count uint64) []string {
	t.Helper()
	d := openDecisions(t, dir, w, func(o *DecisionOptions) { o.MaxBytes = 4 << 20 })
	for n := range count {
		d.Put(idAt(noon, n), noon.Add(time.Hour), damageText(n))
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return segmentsIn(t, dir)
}

func damageText(n uint64) []byte { return bytes.Repeat([]byte{byte(n), byte(n >> 8)}, 500) }

func segmentsIn(t testing.TB, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// change rewrites a file.
func change(t fataler, name string, with func(b []byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	if err := os.WriteFile(name, with(b), 0o600); err != nil {
		t.Fatalf("write: %v", err)
	}
}

// warned opens the decisions and returns what was said in the log.
func warned(t testing.TB, dir string, w *watch) (*Decisions, *bytes.Buffer) {
	t.Helper()
	said := new(bytes.Buffer)
	d := openDecisions(t, dir, w, func(o *DecisionOptions) {
		o.MaxBytes = 4 << 20
		o.Log = slog.New(slog.NewTextHandler(said, nil))
	})
	return d, said
}

const damageEntry = entryHeadBytes + 1000

func TestDamagedDecisions(t *testing.T) {
	const count = 100 // all in one segment
	at := func(n int) int { return segmentHead + n*damageEntry }
	for _, tt := range []struct {
		name    string
		damage  func(b []byte) []byte
		there   func(n uint64) bool
		silent  bool // no warning
		unread  int  // decisions that are listed and don't match their checksum
		another bool // what comes next goes into another segment
	}{
		{
			name: "nothing", damage: func(b []byte) []byte { return b },
			there: func(uint64) bool { return true }, silent: true,
		}, {
			name: "torn content", damage: func(b []byte) []byte { return b[:len(b)-1] },
			there: func(n uint64) bool { return n < count-1 },
		}, {
			name: "torn head", damage: func(b []byte) []byte { return b[:at(50)+10] },
			there: func(n uint64) bool { return n < 50 },
		}, {
			name: "zeros at the end", damage: func(b []byte) []byte { return append(b[:at(50)], make([]byte, 5000)...) },
			there: func(n uint64) bool { return n < 50 }, another: true,
		}, {
			name: "a bit of a content", damage: func(b []byte) []byte { b[at(50)+500] ^= 4; return b },
			there: func(n uint64) bool { return n != 50 }, silent: true, unread: 1,
		}, {
			name: "a bit of a head", damage: func(b []byte) []byte { b[at(50)+33] ^= 4; return b },
			there: func(n uint64) bool { return n < 50 }, another: true,
		}, {
			name: "a bit of the file's head", damage: func(b []byte) []byte { b[len(segmentMagic)] ^= 4; return b },
			there: func(uint64) bool { return true }, another: true,
		}, {
			name: "an empty file", damage: func(b []byte) []byte { return nil },
			there: func(uint64) bool { return false }, another: true,
		}, {
			name: "only the file's head", damage: func(b []byte) []byte { return b[:segmentHead] },
			there: func(uint64) bool { return false }, silent: true, another: true,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, w := t.TempDir(), newWatch()
			names := someDecisions(t, dir, w, count)
			change(t, names[0], tt.damage)
			d, said := warned(t, dir, w)
			if warns := strings.Contains(said.String(), "damaged"); warns == tt.silent {
				t.Errorf("said %q", said)
			}
			d.Put(idAt(noon, count), noon.Add(time.Hour), damageText(count))
			d = reopened(t, d, dir, w, nil)
			unread := 0
			for n := range uint64(count) {
				got, ok, err := d.Get(idAt(noon, n), nil)
				if damage := (*DamageError)(nil); errors.As(err, &damage) && !strings.Contains(err.Error(), "rebuild") {
					unread++
				}
				if ok != tt.there(n) || ok && !bytes.Equal(got, damageText(n)) {
					t.Errorf("%d: got %d bytes, %v, %v", n, len(got), ok, err)
				}
			}
			if got, ok := mustGet(t, d, idAt(noon, count)); !ok || got != string(damageText(count)) {
				t.Errorf("what was put after the damage is not there")
			}
			if unread != tt.unread {
				t.Errorf("%d do not match their checksum", unread)
			}
			if another := !slices.Equal(segmentsIn(t, dir), names); another != tt.another {
				t.Errorf("the segments are %q", segmentsIn(t, dir))
			}
		})
	}
}

// Whatever happens to whichever bytes: the start succeeds, what is given is
// what was put, and what comes next is kept.
func TestAnyDamagedDecisions(t *testing.T) {
	const count = 600 // in some segments
	w, whole := newWatch(), t.TempDir()
	someDecisions(t, whole, w, count)
	rapid.Check(t, func(rt *rapid.T) {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
			rt.Fatal(err)
		}
		for range rapid.IntRange(1, 5).Draw(rt, "damages") {
			name := rapid.SampledFrom(segmentsIn(t, dir)).Draw(rt, "name")
			change(rt, name, func(b []byte) []byte { return damaged(rt, b) })
		}
		d, err := OpenDecisions(DecisionOptions{Options: Options{Dir: dir, Now: w.now}, MaxBytes: 4 << 20})
		if err != nil {
			rt.Fatal(err)
		}
		d.Put(idAt(noon, count), noon.Add(time.Hour), damageText(count))
		for n := range uint64(count + 1) {
			got, ok, err := d.Get(idAt(noon, n), nil)
			if ok && !bytes.Equal(got, damageText(n)) || n == count && !ok {
				rt.Fatalf("%d: got %d bytes, %v, %v", n, len(got), ok, err)
			}
		}
		if err := d.Close(); err != nil {
			rt.Fatal(err)
		}
		if lost := d.Stats().Lost; lost != 0 {
			rt.Fatalf("%d were lost", lost)
		}
	})
}

func damaged(rt *rapid.T, b []byte) []byte {
	garbage := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(rt, "garbage")
	at := rapid.IntRange(0, len(b)).Draw(rt, "at")
	switch rapid.IntRange(0, 4).Draw(rt, "how") {
	case 0:
		return b[:at]
	case 1:
		return append(b[:at], garbage...)
	case 2:
		copy(b[at:], garbage)
		return b
	case 3: // a piece is missing
		return append(b[:at], b[min(at+len(garbage), len(b)):]...)
	default:
		return garbage
	}
}

// A folder in another format is moved away as a whole, and the start succeeds.
func TestDecisionsInAnotherFormat(t *testing.T) {
	for name, fill := range map[string]func(dir string) error{
		"Badger": func(dir string) error {
			s, err := Open(small(dir))
			if err != nil {
				return err
			}
			return s.Close()
		},
		"newer": func(dir string) error {
			name := filepath.Join(dir, strings.Repeat("0", 32)+segmentSuffix)
			return os.WriteFile(name, append(fileHead(segmentFormat+1), "something"...), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, w := filepath.Join(t.TempDir(), "decisions"), newWatch()
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := fill(dir); err != nil {
				t.Fatal(err)
			}
			d, said := warned(t, dir, w)
			if !strings.Contains(said.String(), "set aside") {
				t.Errorf("said %q", said)
			}
			if aside, err := filepath.Glob(dir + ".aside-*"); err != nil || len(aside) != 1 {
				t.Errorf("%q are there, %v", aside, err)
			}
			d.Put(idAt(noon, 1), noon.Add(time.Hour), []byte("one"))
			d, said = reopenedWarned(t, d, dir, w)
			if _, ok := mustGet(t, d, idAt(noon, 1)); !ok || said.Len() > 0 {
				t.Errorf("there %v; said %q", ok, said)
			}
		})
	}
}

func reopenedWarned(t testing.TB, d *Decisions, dir string, w *watch) (*Decisions, *bytes.Buffer) {
	t.Helper()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return warned(t, dir, w)
}

// Two processes do not write to one folder.
func TestDecisionsAreLocked(t *testing.T) {
	dir, w := t.TempDir(), newWatch()
	openDecisions(t, dir, w, nil)
	_, err := OpenDecisions(DecisionOptions{Options: Options{Dir: dir, Now: w.now}})
	if locked := (*LockedError)(nil); !errors.As(err, &locked) {
		t.Fatalf("got %v", err)
	}
}

// The reader of segments against any bytes: it ends, what it lists lies within
// them and is a head that was written, and what it does not list is behind the
// end that it tells.
func FuzzScanSegment(f *testing.F) {
	var whole []byte
	for n := range uint64(3) {
		head := newHead(idAt(noon, n), noon.UnixMilli(), damageText(n))
		whole = append(append(whole, head[:]...), damageText(n)...)
	}
	whole = append(fileHead(segmentFormat), whole...)
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add(make([]byte, 1000))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		next := int64(segmentHead)
		window := make([]byte, 64) // so small that it has to move
		end, how := scanSegment(bytes.NewReader(b), int64(len(b)), window, func(head *entryHead, offset int64) {
			if offset != next || !head.whole() || *head != entryHead(b[offset:]) {
				t.Fatalf("a head at %d, expected at %d", offset, next)
			}
			next += int64(entryHeadBytes + head.length())
		})
		if end != min(next, int64(len(b))) || end > int64(len(b)) || (how == endsWell) != (end == int64(len(b))) {
			t.Fatalf("ends at %d of %d with %d, listed up to %d", end, len(b), how, next)
		}
		readFileHead(bytes.NewReader(b))
	})
}

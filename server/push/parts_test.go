package push

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestAppendJSON holds the appender to encoding/json.
func TestAppendJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"m-42", "\"\\\n\x00<&>\u2028\u2029\x7f", "a\xffb", "Ærlig & <søt>"}))
		delta := func() Delta {
			var d Delta
			for i := range rapid.IntRange(0, 3).Draw(t, "set") {
				score := float64(rapid.Int64Range(-2_000_000, 2_000_000).Draw(t, "score")) / scale
				d.Set = append(d.Set, Ranked{name.Draw(t, "id"), score, i + 1})
			}
			for range rapid.IntRange(0, 2).Draw(t, "removed") {
				d.Removed = append(d.Removed, name.Draw(t, "id"))
			}
			return d
		}
		c := Change{Member: name.Draw(t, "member"), Seq: rapid.Uint64().Draw(t, "seq"), Time: at(3).Time,
			Full: rapid.Bool().Draw(t, "full"), Gone: rapid.Bool().Draw(t, "gone"), Offers: delta(), Chains: delta()}
		theirs, err := json.Marshal(&c)
		if err != nil {
			t.Fatal(err)
		}
		var want, got Change
		if err := json.Unmarshal(theirs, &want); err != nil {
			t.Fatal(err)
		}
		ours := c.AppendJSON(nil)
		if err := json.Unmarshal(ours, &got); err != nil || !reflect.DeepEqual(got, want) || bytes.IndexByte(ours, '\n') >= 0 {
			t.Fatalf("ours %s\ntheirs %s\n%v", ours, theirs, err)
		}
	})
}

// published keeps what a NATS sink publishes.
type published struct {
	subjects, ids []string
	bodies        [][]byte
	err           error
}

func (p *published) Publish(_ context.Context, subject string, body []byte, id string) error {
	p.subjects, p.ids = append(p.subjects, subject), append(p.ids, id)
	p.bodies = append(p.bodies, bytes.Clone(body))
	return p.err
}

func TestNATS(t *testing.T) {
	pub := &published{}
	n, err := NewNATS(pub, "shop")
	if err != nil {
		t.Fatal(err)
	}
	batch := some(3)
	batch[1].Offers.Removed = []string{strings.Repeat("x", natsBytes)} // goes alone
	for range 2 {
		if err := n.Send(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.End(t.Context(), End{Seq: 7, Full: true, Changes: 3}); err != nil {
		t.Fatal(err)
	}
	if len(pub.ids) != 7 || pub.ids[0] != pub.ids[3] || pub.ids[0] == pub.ids[1] || pub.subjects[0] != "shop.out.offers" {
		t.Errorf("ids %v, subjects %v", pub.ids, pub.subjects)
	}
	if want := `{"end":{"seq":7,"time":"0001-01-01T00:00:00Z","full":true,"changes":3}}` + "\n"; string(pub.bodies[6]) != want {
		t.Errorf("end %s, want %s", pub.bodies[6], want)
	}
	pub.err = errSink
	if err := n.Send(t.Context(), batch); !errors.Is(err, errSink) {
		t.Errorf("error %v, want the publisher's", err)
	}
	if _, err := NewNATS(nil, "x"); err == nil {
		t.Error("no publisher: no error")
	}
}

// TestCutLines keeps to the bounds of a body and loses nothing.
func TestCutLines(t *testing.T) {
	batch := some(20)
	one := len(batch[0].AppendJSON(nil)) + 1
	for size := 1; size < 5*one; size += one / 3 {
		for most := 1; most < 6; most++ {
			var buf, all []byte
			var parts []int
			err := cutLines(batch, size, most, &buf, func(from, to int, body []byte) error {
				if n := bytes.Count(body, []byte("\n")); n != to-from || n > most || n > 1 && len(body) > size {
					t.Errorf("size %d, most %d: %d lines from %d to %d in %d bytes", size, most, n, from, to, len(body))
				}
				parts = append(parts, to-from)
				all = append(all, body...)
				return nil
			})
			if err != nil || bytes.Count(all, []byte("\n")) != 20 {
				t.Fatalf("size %d, most %d: %v: %v", size, most, parts, err)
			}
		}
	}
}

// TestDeadLettersBound rotates, refuses when full, and takes letters back while
// they are sent again.
func TestDeadLettersBound(t *testing.T) {
	dir := t.TempDir()
	opt := DeadOptions{Dir: dir, Bytes: 3000, FileBytes: 500}
	d := testDead(t, opt)
	letter := Letter{Reason: strings.Repeat("r", 100), Kind: kindChanges, Body: json.RawMessage(`[{}]`)}
	count := 0
	for ; ; count++ {
		if err := d.Add(letter); errors.Is(err, ErrDeadFull) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	names, err := d.files()
	if err != nil || len(names) < 4 || d.Bytes() > opt.Bytes || len(letters(t, d)) != count {
		t.Fatalf("%d files, %d bytes, %d letters: %v", len(names), d.Bytes(), count, err)
	}
	back := resendFunc(func(_ context.Context, l []Letter) error { return d.Add(l...) })
	if sent, _, err := Redeliver(t.Context(), d, back); sent != count || err != nil || len(letters(t, d)) != count {
		t.Fatalf("sent %d of %d, %d left: %v", sent, count, len(letters(t, d)), err)
	}
	away := resendFunc(func(context.Context, []Letter) error { return ErrAway })
	if _, _, err := Redeliver(t.Context(), d, away); !errors.Is(err, ErrAway) || len(letters(t, d)) != count {
		t.Fatalf("%d left: %v", len(letters(t, d)), err)
	}
	// A new process finds them, and a line that a crash cut off does no harm.
	names, _ = d.files()
	write(t, names[0], append(read(t, names[0]), `{"reason":"cut o`...))
	again := testDead(t, opt)
	if err := again.Add(letter); !errors.Is(err, ErrDeadFull) {
		t.Errorf("error %v after opening again, want ErrDeadFull", err)
	}
	taken := 0
	all := resendFunc(func(_ context.Context, l []Letter) error { taken += len(l); return nil })
	if _, bad, err := Redeliver(t.Context(), again, all); bad != 1 || taken != count || err != nil || again.Bytes() != 0 {
		t.Errorf("taken %d of %d, bad %d, %d bytes left: %v", taken, count, bad, again.Bytes(), err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 || !strings.HasSuffix(left[0].Name(), ".bad") {
		t.Errorf("left %v, want the file that was cut off", left)
	}
}

type resendFunc func(ctx context.Context, l []Letter) error

func (f resendFunc) Resend(ctx context.Context, l []Letter) error { return f(ctx, l) }

// stateOf returns the bytes of a state.
func stateOf(tb testing.TB, list []Row) []byte {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "state")
	s, err := New(Options{Path: path, Sinks: []Sink{newReceiver()}})
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := s.Run(context.Background(), &rows{snap: at(9), rows: list}); err != nil {
		tb.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// readAll reads a state and prints what it holds.
func readAll(b []byte) (string, error) {
	syms := newSymbols()
	r, err := newStateReader(bytes.NewReader(b), int64(len(b)), "state", syms)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for {
		more, err := r.next()
		if err != nil || !more {
			return out.String(), err
		}
		fmt.Fprintf(&out, "%d %s", r.number, r.member)
		for _, list := range [][]entry{r.offers, r.chains} {
			for _, e := range list {
				fmt.Fprintf(&out, " %s=%d", syms.names[e.sym], e.steps)
			}
			out.WriteString(";")
		}
		out.WriteString("\n")
	}
}

// FuzzState reads any bytes as a state: it is damaged or whole, never a panic.
func FuzzState(f *testing.F) {
	f.Add(stateOf(f, nil))
	f.Add(stateOf(f, []Row{{0, "m0", []Scored{{"a", 1}, {"b", -0.5}}, []Scored{{"x", 9}}}, {1<<32 - 1, "m1", []Scored{{"b", 2}}, nil}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := readAll(b)
		damage := (*DamageError)(nil)
		if err != nil && !errors.As(err, &damage) {
			t.Fatalf("error %v, want a *DamageError", err)
		}
		// The same without the checksum in the way.
		if len(b) > headerBytes+sumBytes {
			r, err := newStateReader(bytes.NewReader(b), int64(len(b)), "state", newSymbols())
			for more := err == nil; more; {
				more, err = r.next()
				more = more && err == nil
			}
		}
		_, entries, good, _ := parseJournal("sent", b)
		if good > int64(len(b)) || good == 0 && len(entries) > 0 {
			t.Fatalf("%d of %d bytes are good, %d entries", good, len(b), len(entries))
		}
	})
}

// TestStateHolds reads a state back.
func TestStateHolds(t *testing.T) {
	got, err := readAll(stateOf(t, []Row{
		{3, "m3", []Scored{{"a", 0.9004}, {"b", -0.5}}, []Scored{{"x", 9}}}, {4, "m4", nil, nil}, {1<<32 - 1, "m5", []Scored{{"b", 0.0005}}, nil}}))
	if want := "3 m3 a=900 b=-500; x=9000;\n4 m4;;\n4294967295 m5 b=1;;\n"; got != want || err != nil {
		t.Errorf("%s %v", got, err)
	}
}

package app

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

const dayMillis = 24 * 60 * 60 * 1000

func TestMarksAreOneADay(t *testing.T) {
	var m marks
	for hour := range int64(50) {
		m = m.add(saved{pos: uint64(hour + 1), at: hour * dayMillis / 24})
	}
	want := marks{{1, 0}, {25, dayMillis}, {49, 2 * dayMillis}}
	if !reflect.DeepEqual(m, want) {
		t.Fatalf("marks: %v, want %v", m, want)
	}
}

func TestWhatIsTrimmed(t *testing.T) {
	m := marks{{pos: 10, at: 1000}, {pos: 20, at: 2000}, {pos: 30, at: 3000}}
	for _, c := range []struct {
		what     string
		oldest   int64
		previous uint64
		want     uint64
	}{
		{"nothing is old enough", 999, 30, 0},
		{"the first is", 1000, 30, 11},
		{"two are", 2500, 30, 21},
		{"all are, one checkpoint covers the last", 9000, 29, 21},
		{"no second checkpoint", 9000, 0, 0},
		{"all", 9000, 31, 31},
	} {
		if got := m.coveredBefore(c.oldest, c.previous); got != c.want {
			t.Errorf("%s: trim before %d, want %d", c.what, got, c.want)
		}
	}
	if got := m.from(21); !reflect.DeepEqual(got, marks{{30, 3000}}) {
		t.Errorf("after a trim: %v", got)
	}
}

func TestMarksAreReadBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var m, got marks
		for range rapid.IntRange(0, 5).Draw(r, "n") {
			m = append(m, saved{rapid.Uint64().Draw(r, "pos"), rapid.Int64().Draw(r, "at")})
		}
		if err := got.decode(m.encode()); err != nil {
			r.Fatal(err)
		}
		if len(got) != len(m) || len(m) > 0 && !reflect.DeepEqual(got, m) {
			r.Fatalf("%v came back as %v", m, got)
		}
	})
	var m marks
	if err := m.decode(make([]byte, 15)); err == nil {
		t.Error("15 bytes were taken")
	}
}

func TestSemantic(t *testing.T) {
	for in, want := range map[string]string{
		"v1.2.3": "1.2.3", "1.2.3": "1.2.3", "v0.0.0-2026-abc": "0.0.0-2026-abc",
		"unversioned": "", "v1.2": "", "v1..3": "", "": "",
	} {
		if got := semantic(in); got != want {
			t.Errorf("semantic(%q) = %q, want %q", in, got, want)
		}
	}
}

package stream

import (
	"fmt"
	"testing"
)

// The newest dead letters are read, the newest first, also where some were
// removed.
func TestDeadLettersAreRead(t *testing.T) {
	s := open(t, nil)
	if got, kept, err := s.DeadLetters(t.Context(), 5); err != nil || len(got) != 0 || kept != 0 {
		t.Fatalf("of none: %v, %d, %v", got, kept, err)
	}
	for i := range 9 {
		if err := s.DeadLetter(t.Context(), Dead{Type: fmt.Sprint("t", i), Reason: "because", Subject: "nabo.events.view", Data: []byte("member")}); err != nil {
			t.Fatal(err)
		}
	}
	dead, err := s.js.Stream(t.Context(), s.names.dead)
	if err != nil {
		t.Fatal(err)
	}
	for _, seq := range []uint64{1, 7, 8} {
		if err := dead.DeleteMsg(t.Context(), seq); err != nil {
			t.Fatal(err)
		}
	}
	got, kept, err := s.DeadLetters(t.Context(), 3)
	if err != nil || kept != 6 || len(got) != 3 {
		t.Fatalf("got %v of %d, %v", got, kept, err)
	}
	for i, typ := range []string{"t8", "t5", "t4"} {
		if d := got[i]; d.Type != typ || d.Reason != "because" || d.Subject != "nabo.events.view" || d.Time.IsZero() {
			t.Errorf("%d: %+v", i, d)
		}
	}
	if all, _, err := s.DeadLetters(t.Context(), 100); err != nil || len(all) != 6 {
		t.Errorf("all: %v, %v", all, err)
	}
}

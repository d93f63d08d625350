package stream

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

func TestRespond(t *testing.T) {
	s := open(t, func(o *Options) { o.Concurrent = 2 })
	hold, held := make(chan struct{}), make(chan struct{}, 2)
	for name, h := range map[string]Handler{
		"offers": func(_ context.Context, b []byte) ([]byte, error) { return append([]byte("re: "), b...), nil },
		"together": func(context.Context, []byte) ([]byte, error) {
			return nil, &ServiceError{Code: "400", Detail: "count must be\nat least 1", Body: []byte("{}")}
		},
		"products": func(context.Context, []byte) ([]byte, error) { return nil, errors.New("broken") },
		"slow":     func(context.Context, []byte) ([]byte, error) { held <- struct{}{}; <-hold; return nil, nil },
	} {
		if err := s.Respond(name, "recomms."+name, h); err != nil {
			t.Fatal(err)
		}
	}
	nc := guestConn(t, s)
	ask := func(subject string) (*nats.Msg, error) { return nc.Request(subject, []byte("hi"), 5*time.Second) }
	for _, c := range []struct{ name, code, detail, body string }{
		{"offers", "", "", "re: hi"},
		{"together", "400", "count must be at least 1", "{}"},
		{"products", "500", "broken", ""},
	} {
		msg, err := ask("nabo.recomms." + c.name)
		if err != nil || string(msg.Data) != c.body || msg.Header.Get("Nats-Service-Error-Code") != c.code || msg.Header.Get("Nats-Service-Error") != c.detail {
			t.Errorf("%s: %v %+v", c.name, err, msg)
		}
	}
	full(t, s, ask, hold, held)
	if msg, err := ask("$SRV.INFO.nabo"); err != nil || !strings.Contains(string(msg.Data), "nabo.recomms.products") {
		t.Errorf("info: %v", err)
	}
	closeStream(t, s)
	if err := s.Respond("x", "x", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("respond after close: %v", err)
	}
	if st := s.Stats(); st.Requests != 5 || st.Refused != 1 {
		t.Errorf("stats %+v", st)
	}
}

// full takes both slots with slow requests, and asks once more.
func full(t *testing.T, s *Stream, ask func(string) (*nats.Msg, error), hold, held chan struct{}) {
	t.Helper()
	answered := make(chan struct{}, 2)
	for len(s.busy) > 0 { // a slot is free a moment after its answer
		<-time.After(time.Millisecond)
	}
	for range 2 {
		go func() {
			if msg, err := ask("nabo.recomms.slow"); err != nil || len(msg.Header) > 0 {
				t.Errorf("slow: %v %+v", err, msg)
			}
			answered <- struct{}{}
		}()
	}
	for range 2 {
		select {
		case <-held:
		case <-answered:
			t.Fatalf("a slow request was not held; stats %+v", s.Stats())
		}
	}
	if msg, err := ask("nabo.recomms.offers"); err != nil || msg.Header.Get("Nats-Service-Error-Code") != "503" {
		t.Errorf("a third request: %v %+v", err, msg)
	}
	close(hold)
	<-answered
	<-answered
}

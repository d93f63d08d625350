package lists

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
)

// paper is where a list is published. It can be full, and it can fail.
type paper struct {
	room chan struct{} // one for each message that fits; nil: all do

	mu    sync.Mutex
	fails int // so many calls
	opens []Mark
	text  map[uint64][]byte // by epoch
	lines map[uint64]int
	ends  []string
}

func newPaper() *paper {
	return &paper{text: make(map[uint64][]byte), lines: make(map[uint64]int)}
}

var errPaper = errors.New("nobody is there")

func (p *paper) open(_ context.Context, id string, from Mark) (Publication, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opens = append(p.opens, from)
	if p.fails > 0 {
		p.fails--
		return nil, errPaper
	}
	// As a consumer that goes by the offset does.
	p.text[from.Epoch] = p.text[from.Epoch][:from.Bytes]
	p.lines[from.Epoch] = int(from.Lines)
	return &page{p, id, from.Epoch}, nil
}

type page struct {
	p     *paper
	id    string
	epoch uint64
}

func (p *page) Send(ctx context.Context, batch []byte, n int) error {
	if p.p.room != nil {
		select {
		case <-p.p.room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	p.p.mu.Lock()
	defer p.p.mu.Unlock()
	if p.p.fails > 0 {
		p.p.fails--
		return errPaper
	}
	if bytes.Count(batch, []byte("\n")) != n || batch[len(batch)-1] != '\n' {
		return errors.New("not whole lines")
	}
	p.p.text[p.epoch] = append(p.p.text[p.epoch], batch...)
	p.p.lines[p.epoch] += n
	return nil
}

func (p *page) Close(_ context.Context, end string) error {
	p.p.mu.Lock()
	defer p.p.mu.Unlock()
	p.p.ends = append(p.p.ends, p.id+" "+end)
	return nil
}

func publishing(t *testing.T, s *shop, p *paper) Options {
	opt := options(t, s)
	opt.Publisher = p.open
	return opt
}

// untilPublished waits for a state of the publishing.
func untilPublished(t *testing.T, r *Runs, id, what string, ok func(*Published) bool) {
	t.Helper()
	until(t, r, id, what, func(st Status) bool { return st.Published != nil && ok(st.Published) })
}

func isPublished(p *Published) bool { return p.State == Done }

func TestPublish(t *testing.T) {
	s, p := newShop(6000), newPaper()
	p.fails = 3
	r := mustNew(t, publishing(t, s, p))
	run(t, r)
	id := start(t, r, Spec{Publish: true})
	not := start(t, r, Spec{})
	second := start(t, r, Spec{Publish: true})
	want := rows(6000)
	mustRead(t, r, not, want)
	untilPublished(t, r, second, "the publishing", isPublished)
	st := status(t, r, id)
	if st.Published.State != Done || st.Published.Bytes != int64(len(want)) || st.Published.Lines != st.Rows || st.Published.Error != "" {
		t.Errorf("%+v", st.Published)
	}
	if got := strings.Join(p.ends, "|"); got != id+" done|"+second+" done" {
		t.Errorf("ends %q", got)
	}
	if !bytes.Equal(p.text[1], want) || int64(p.lines[1]) != st.Rows {
		t.Errorf("%d bytes and %d lines are published", len(p.text[1]), p.lines[1])
	}
}

// A line that is longer than a message usually is goes out as a whole.
func TestPublishLongLines(t *testing.T) {
	p := newPaper()
	long := &press{members: 5, row: append(bytes.Repeat([]byte("x"), 5*batchSize/2), '\n')}
	opt := options(t, long)
	made := make(chan struct{})
	opt.Publisher = func(ctx context.Context, id string, from Mark) (Publication, error) {
		<-made
		return p.open(ctx, id, from)
	}
	r := mustNew(t, opt)
	run(t, r)
	id := start(t, r, Spec{Publish: true})
	mustRead(t, r, id, bytes.Repeat(long.row, 5))
	close(made)
	untilPublished(t, r, id, "the publishing", isPublished)
	if !bytes.Equal(p.text[1], bytes.Repeat(long.row, 5)) || p.lines[1] != 5 {
		t.Errorf("%d bytes, %d lines", len(p.text[1]), p.lines[1])
	}
}

// Nobody takes what is published: the list is made all the same. After a kill
// the publishing goes on with what it had noted.
func TestPublishIsSlow(t *testing.T) {
	s, p := newShop(12_000), newPaper()
	p.room = make(chan struct{}, 100)
	opt := publishing(t, s, p)
	r := mustNew(t, opt)
	stop := run(t, r)
	id := start(t, r, Spec{Publish: true})
	mustRead(t, r, id, rows(12_000))
	p.room <- struct{}{}
	p.room <- struct{}{}
	untilPublished(t, r, id, "two messages", func(p *Published) bool { return p.Bytes > batchSize })
	stop()
	noted := status(t, r, id).Published.Bytes

	r = mustNew(t, opt)
	if st := status(t, r, id); st.State != Done || st.Published.State != Queued || st.Published.Bytes != noted {
		t.Errorf("after the restart: %+v %+v", st, st.Published)
	}
	close(p.room)
	run(t, r)
	untilPublished(t, r, id, "the publishing", isPublished)
	if !bytes.Equal(p.text[1], rows(12_000)) || p.opens[len(p.opens)-1] != (Mark{1, int64(bytes.Count(p.text[1][:noted], []byte("\n"))), noted}) {
		t.Errorf("%d bytes are published, begun at %+v", len(p.text[1]), p.opens)
	}
}

// A list that is begun anew is published anew.
func TestPublishAnew(t *testing.T) {
	s, p := newShop(12_000), newPaper()
	s.allow(8_000)
	opt := publishing(t, s, p)
	r := mustNew(t, opt)
	cancel, stop := runUntil(t, r)
	id := start(t, r, Spec{Publish: true})
	untilPublished(t, r, id, "a message", func(p *Published) bool { return p.Bytes > 0 })
	cancel()
	s.allow(-1)
	stop()
	if st := status(t, r, id); st.State != Running {
		t.Fatalf("the list came to its end before the stop: %+v", st)
	}
	r = mustNew(t, opt)
	run(t, r)
	untilPublished(t, r, id, "the publishing", isPublished)
	if !bytes.Equal(p.text[2], rows(12_000)) || !bytes.HasPrefix(rows(12_000), p.text[1]) || len(p.ends) != 1 {
		t.Errorf("epoch 1 has %d bytes, epoch 2 %d; ends %v", len(p.text[1]), len(p.text[2]), p.ends)
	}
}

// Consumers hear of a list that was cancelled; cancelling one that is done
// ends its publishing, and the next list's begins.
func TestPublishCancelled(t *testing.T) {
	s, p := newShop(12_000), newPaper()
	p.room = make(chan struct{}, 100)
	s.allow(8_000)
	r := mustNew(t, publishing(t, s, p))
	run(t, r)
	first := start(t, r, Spec{Publish: true})
	p.room <- struct{}{}
	untilPublished(t, r, first, "a message", func(p *Published) bool { return p.Bytes > 0 })
	if err := r.Cancel(first); err != nil {
		t.Fatal(err)
	}
	s.allow(-1)
	until(t, r, first, "the end of the first", ended)
	p.room <- struct{}{} // the message that waits for room
	second := start(t, r, Spec{Publish: true})
	mustRead(t, r, second, rows(12_000))
	untilPublished(t, r, first, "the word that the first was cancelled", isPublished)
	if err := r.Cancel(second); err != nil {
		t.Fatal(err)
	}
	third := start(t, r, Spec{Publish: true})
	close(p.room)
	untilPublished(t, r, third, "the publishing of the third", isPublished)
	if got := strings.Join(p.ends, "|"); got != first+" cancelled|"+third+" done" {
		t.Errorf("ends %q", got)
	}
	if st := status(t, r, second); st.State != Done || st.Published.State != Cancelled {
		t.Errorf("%+v %+v", st, st.Published)
	}
	mustRead(t, r, second, rows(12_000)) // its rows stay
}

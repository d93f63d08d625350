package lists

import (
	"fmt"
)

// sweep removes the lists that are too old or too many, oldest first.
func (r *Runs) sweep() {
	r.mu.Lock()
	oldest := r.opt.Now().Add(-r.opt.Keep.Age)
	var ended []*list
	for _, l := range r.order {
		if l.st.State.ended() {
			ended = append(ended, l)
		}
	}
	var out []*list
	for i, l := range ended {
		if len(ended)-i > r.opt.Keep.Lists || l.st.Ended.Before(oldest) {
			out = append(out, l)
		}
	}
	r.mu.Unlock()
	for _, l := range out {
		r.remove(l)
	}
	_ = r.makeRoom() // only a list that is being made can be too large
}

// makeRoom removes the oldest lists that have ended until the files of all are
// within their bound. It fails where the list being made is too large by
// itself.
func (r *Runs) makeRoom() error {
	for {
		r.mu.Lock()
		var sum int64
		var oldest *list
		for _, l := range r.order {
			switch {
			case l.st.State == Running:
				sum += l.st.Bytes
			case l.st.State == Done:
				sum += l.st.Bytes
				if oldest == nil {
					oldest = l
				}
			}
		}
		r.mu.Unlock()
		switch {
		case sum <= r.opt.Keep.Bytes:
			return nil
		case oldest == nil:
			return fmt.Errorf("the list is larger than the %d bytes that all lists together may take", r.opt.Keep.Bytes)
		}
		r.remove(oldest)
	}
}

// remove lets a list that has ended go. Readers that have its file open read
// it to the end.
func (r *Runs) remove(l *list) {
	r.mu.Lock()
	l.removed = true
	delete(r.lists, l.id)
	for i, other := range r.order {
		if other == l {
			r.order = append(r.order[:i:i], r.order[i+1:]...)
			break
		}
	}
	l.cancelPublishingLocked(true)
	l.tellLocked()
	r.mu.Unlock()
	l.saving.Lock() // whoever saves is done, and later ones see removed
	defer l.saving.Unlock()
	if err := r.removeFiles(l.id); err != nil {
		r.opt.Log.Error("a list's files could not be removed", "list", l.id, "error", err)
		return
	}
	r.opt.Log.Info("a list was removed to make room", "list", l.id)
}

package live

// turn is one question's answer on its way to all who watch. The difference is
// worked out once for all who have the same list.
type turn struct {
	asker    Asker
	cause    string
	snapshot []byte

	from    *list // what delta starts from; nil: not worked out
	differs bool
	delta   []byte
}

func (t *turn) between(old, now *list) ([]byte, bool) {
	if t.from != old {
		d := Delta{Cause: t.cause}
		t.from, t.differs, t.delta = old, diff(*old, *now, &d), nil
		if t.differs {
			t.delta = t.asker.Delta(&d)
		}
	}
	return t.delta, t.differs
}

// show tells one watcher of a list what is different.
func (h *Hub) show(w *watch, u *sub, t *turn) {
	if u.has == w.now && !u.session.hasLost(u) {
		return
	}
	if u.has != nil && !u.session.hasLost(u) {
		data, differs := t.between(u.has, w.now)
		if !differs {
			return
		}
		if u.session.push(u, DeltaFrame, data) {
			u.has = w.now
			return
		}
		if !u.session.hasLost(u) {
			return // no room: it is asked again when there is
		}
	}
	if t.snapshot == nil {
		t.snapshot = t.asker.Snapshot()
	}
	if u.session.start(u, t.snapshot) {
		u.has = w.now
	}
}

// begin gives a watcher of what is no list an empty one to begin with.
func (h *Hub) begin(u *sub, asker Asker) bool {
	if u.has != nil && !u.session.hasLost(u) {
		return true
	}
	asker.List(&u.watch.q, Pending{})
	if !u.session.start(u, asker.Snapshot()) {
		return false
	}
	u.has, u.told = &list{}, nil
	return true
}

// toldMost bounds what is remembered of one watcher's nudges.
const toldMost = 1000

// nudge tells what a basket touches, each offer and product once.
func (h *Hub) nudge(w *watch, asker Asker) {
	for _, u := range w.subs {
		h.begin(u, asker)
	}
	for i, n := range asker.Nudges(&w.q, h.pending(w.q.Session)) {
		is, data := touch{n.Offer, n.Product}, []byte(nil)
		for _, u := range w.subs {
			if _, told := u.told[is]; told || u.has == nil || len(u.told) >= toldMost {
				continue
			}
			if data == nil {
				data = asker.Nudge(i)
			}
			if u.session.push(u, NudgeFrame, data) {
				if u.told == nil {
					u.told = map[touch]struct{}{}
				}
				u.told[is] = struct{}{}
			}
		}
	}
}

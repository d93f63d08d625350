package gen

import (
	"container/heap"
	"iter"
	"math"
	"strconv"

	"nabo/engine/event"
)

// Catalogue yields the shop's products, then its members, as upserts at the
// beginning of the history, and then its Campaigns.
func (s *Shop) Catalogue() iter.Seq[*event.Event] {
	return func(yield func(*event.Event) bool) {
		for i := range s.products {
			p := s.products[i]
			if !yield(&event.Event{
				Type: event.TypeProductUpserted, Time: s.Since(), ID: "p-" + p.Product, Source: s.source, Body: &p,
			}) {
				return
			}
		}
		for ev := range s.Members() {
			if !yield(ev) {
				return
			}
		}
		for ev := range s.Campaigns() {
			if !yield(ev) {
				return
			}
		}
	}
}

// Members yields the shop's members, as upserts at the beginning of the
// history.
func (s *Shop) Members() iter.Seq[*event.Event] {
	return func(yield func(*event.Event) bool) {
		var p person
		var c chance
		for i := range s.opt.Members {
			s.meet(&p, i, &c)
			id := s.MemberID(i)
			if !yield(&event.Event{
				Type: event.TypeMemberUpserted, Time: s.Since(), ID: id, Source: s.source, MemberID: id,
				Body: &event.Member{
					HomeStore: s.StoreID(int(p.home)), Chains: []string{s.chains[p.chain].id}, Timezone: zone,
					Attributes: p.attributes(),
				},
			}) {
				return
			}
		}
	}
}

// Events yields all that a new engine must know, in order of time: the
// catalogue, the members, the offers and the history up to Until. Each event is the
// receiver's to keep.
func (s *Shop) Events() iter.Seq[*event.Event] {
	return func(yield func(*event.Event) bool) {
		for ev := range s.Catalogue() {
			if !yield(ev) {
				return
			}
		}
		for ev := range s.History() {
			if !yield(ev) {
				return
			}
		}
	}
}

// History yields what customers did from Since up to Until, in order of time.
func (s *Shop) History() iter.Seq[*event.Event] {
	return s.Between(s.Since(), event.At(s.opt.Until))
}

// Between yields what customers do from one moment up to, not including,
// another, in order of time. Neighbouring spans fit together without a gap or
// a repeat, also beyond the history.
func (s *Shop) Between(from, to event.Millis) iter.Seq[*event.Event] {
	return func(yield func(*event.Event) bool) {
		w := &walk{Shop: s, from: from, to: to, yield: yield}
		w.run()
	}
}

// Live yields what customers do from a moment on, without end, in order of
// time; the caller paces it by the events' times. At speed 1 or below it goes
// on as Between does. At a higher speed, as many more baskets as it says are bought
// by nobody's members in the webshop, which is open day and night; members keep
// their own pace, so that their rhythms stay what they were.
func (s *Shop) Live(from event.Millis, speed float64) iter.Seq[*event.Event] {
	return func(yield func(*event.Event) bool) {
		w := &walk{Shop: s, from: from, to: math.MaxInt64, yield: yield}
		if speed > 1 {
			perDay := float64(s.people()) * meanRate * (speed - 1)
			w.every = max(1, event.Millis(float64(dayMillis)/perDay))
		}
		w.run()
	}
}

// walk goes through the days. What a visit leads to is kept in later until its
// time has come, so a walk holds one day's starts and what is under way.
type walk struct {
	*Shop
	from, to event.Millis
	every    event.Millis // between two webshop customers beside the ordinary ones; 0: none
	yield    func(*event.Event) bool

	day    int64
	crazes [2]craze
	later  queue
	made   uint64 // events put into later so far; breaks ties
	done   bool

	p  person
	b  basket
	c  chance
	id []byte

	weeks [3]week // by number modulo 3
	pl    plan
	b2    basket // of an earlier visit
	c2    chance // for what must not disturb c
}

func (w *walk) run() {
	var starts []start
	for w.day = dayOf(w.from - longest); !w.done && startOf(w.day) < w.to; w.day++ {
		w.crazes = w.crazesOn(w.day)
		w.announce()
		starts = w.starts(w.day, starts[:0])
		w.walkDay(starts)
	}
	w.release(w.to)
}

// walkDay lets the day's customers in, those of the webshop between them.
func (w *walk) walkDay(starts []start) {
	midnight := startOf(w.day)
	end := min(midnight+dayMillis, w.to)
	next := w.nextOnline(midnight - 1)
	for len(starts) > 0 && !w.done {
		at := midnight + starts[0].at()
		if at >= end {
			break
		}
		if at < w.from-longest { // over before the walk begins
			starts = starts[1:]
			continue
		}
		for ; next < at && !w.done; next = w.nextOnline(next) {
			w.release(next)
			w.online(next)
		}
		w.release(at)
		w.begin(at, starts[0])
		starts = starts[1:]
	}
	for ; next < end && !w.done; next = w.nextOnline(next) {
		w.release(next)
		w.online(next)
	}
}

// begin does what a start says.
func (w *walk) begin(at event.Millis, st start) {
	w.meet(&w.p, st.person(), &w.c)
	switch st.kind() {
	case visiting:
		w.visit(at)
	case bringing:
		w.bringBack(at)
	case browsing:
		w.browse(at)
	case opening:
		w.open(at)
	case pricing:
		w.price(at)
	case consenting:
		w.consent(at)
	}
}

// put hands an event in; it comes out when its time has come.
func (w *walk) put(ev *event.Event) {
	w.made++
	heap.Push(&w.later, queued{ev, w.made})
}

// release yields what happened before a moment. Nothing earlier may be put
// afterwards.
func (w *walk) release(before event.Millis) {
	for !w.done && len(w.later) > 0 && w.later[0].ev.Time < before {
		ev := heap.Pop(&w.later).(queued).ev
		if ev.Time >= w.from && ev.Time < w.to && !w.yield(ev) {
			w.done = true
		}
	}
}

// name makes an id such as r-20779-42.
func (w *walk) name(kind string, numbers ...int64) string {
	w.id = append(w.id[:0], kind...)
	for _, n := range numbers {
		w.id = strconv.AppendInt(append(w.id, '-'), n, 10)
	}
	return string(w.id)
}

// queued is an event that waits for its time.
type queued struct {
	ev   *event.Event
	made uint64
}

// queue is a heap of events, the earliest first, and of equal ones the one that
// was made first.
type queue []queued

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	if q[i].ev.Time != q[j].ev.Time {
		return q[i].ev.Time < q[j].ev.Time
	}
	return q[i].made < q[j].made
}
func (q *queue) Push(x any) { *q = append(*q, x.(queued)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	(*q)[last] = queued{}
	*q = (*q)[:last]
	return x
}

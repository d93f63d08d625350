package live

import (
	"container/heap"
	"time"
)

// agenda is when which watch is to be asked again, the next first. The zero
// value works.
type agenda []*watch

// Len, Less, Swap, Push and Pop are container/heap's.
func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].due.Before(a[j].due) }
func (a agenda) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].place, a[j].place = i+1, j+1
}

// Push adds a watch behind all others.
func (a *agenda) Push(x any) {
	w := x.(*watch)
	*a = append(*a, w)
	w.place = len(*a)
}

// Pop takes the last watch off.
func (a *agenda) Pop() any {
	last := len(*a) - 1
	w := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	w.place = 0
	return w
}

// put plans a watch for a moment, unless it is planned for an earlier one. It
// says whether the watch is now the next of all.
func (a *agenda) put(w *watch, at time.Time) bool {
	switch {
	case w.place == 0:
		w.due = at
		heap.Push(a, w)
	case at.Before(w.due):
		w.due = at
		heap.Fix(a, w.place-1)
	default:
		return false
	}
	return w.place == 1
}

// drop takes a watch off.
func (a *agenda) drop(w *watch) {
	if w.place > 0 {
		heap.Remove(a, w.place-1)
	}
}

// next takes the first watch that is due. Otherwise it returns nil and when the
// first will be; zero: there is none.
func (a *agenda) next(now time.Time) (*watch, time.Time) {
	if len(*a) == 0 {
		return nil, time.Time{}
	}
	if first := (*a)[0]; first.due.After(now) {
		return nil, first.due
	}
	return heap.Pop(a).(*watch), time.Time{}
}

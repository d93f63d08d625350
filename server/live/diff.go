package live

// shown is one place of a list as a watcher has it.
type shown struct {
	id      string
	score   float64
	content uint64
}

// list is a list as a watcher has it. It never changes: watchers who have the
// same share it.
type list []shown

func listOf(items []Item) *list {
	out := make(list, len(items))
	for i, it := range items {
		out[i] = shown{it.ID, it.Score, it.Content}
	}
	return &out
}

// Delta is what makes one list of another. Places are those in the new list,
// from 0: Added are the places of what is new, Changed of what has become other
// by itself, Moved of what has another rank or score only.
type Delta struct {
	Added, Changed, Moved []int
	Removed               []string
	Cause                 string
}

// empty says that nothing that anybody would see is different. A score alone is
// not: it can be compared within one answer only.
func (d *Delta) empty(ranks bool) bool {
	return !ranks && len(d.Added)+len(d.Changed)+len(d.Removed) == 0
}

// smallList is up to which length looking through a list beats a map.
const smallList = 16

// diff finds what makes the new list of the old one; false: they look the same.
func diff(old, now list, d *Delta) bool {
	d.Added, d.Changed, d.Moved, d.Removed = d.Added[:0], d.Changed[:0], d.Moved[:0], d.Removed[:0]
	before, after := placesOf(old), placesOf(now)
	ranks := false
	for i := range now {
		at, ok := before.find(now[i].id)
		switch {
		case !ok:
			d.Added = append(d.Added, i)
		case old[at].content != now[i].content:
			d.Changed = append(d.Changed, i)
		case at != i:
			ranks = true
			d.Moved = append(d.Moved, i)
		case old[at].score != now[i].score:
			d.Moved = append(d.Moved, i)
		}
	}
	for i := range old {
		if _, ok := after.find(old[i].id); !ok {
			d.Removed = append(d.Removed, old[i].id)
		}
	}
	return !d.empty(ranks)
}

// places finds an id's place in a list.
type places struct {
	in list
	by map[string]int // nil: the list is short
}

func placesOf(l list) places {
	p := places{in: l}
	if len(l) > smallList {
		p.by = make(map[string]int, len(l))
		for i := range l {
			p.by[l[i].id] = i
		}
	}
	return p
}

func (p *places) find(id string) (int, bool) {
	if p.by != nil {
		at, ok := p.by[id]
		return at, ok
	}
	for i := range p.in {
		if p.in[i].id == id {
			return i, true
		}
	}
	return 0, false
}

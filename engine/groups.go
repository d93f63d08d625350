package engine

import (
	"cmp"
	"math"
	"slices"

	"nabo/engine/event"
	"nabo/graph"
)

// DrawWhole draws the points products that are bought most, and groups them by
// what binds them most closely. Anybody may call it. It reads points products'
// edges, up to a thousand each: tens of milliseconds for 2,000, in runs that
// let others through.
func (e *Engine) DrawWhole(points int, now event.Millis) *Drawing {
	d := e.newDrawer(now)
	var bought []ranked
	for n := range e.bought.Nodes() {
		if s, alive := d.supports.Of(n); alive && s > 0 {
			bought = append(bought, ranked{score: float64(s), node: n})
		}
	}
	slices.SortFunc(bought, func(a, b ranked) int { return strongest(a.score, a.node, b.score, b.node) })
	d.out.Of = len(bought)
	for _, b := range bought[:min(len(bought), points, MaxDots)] {
		d.dot(b.node, 0)
	}
	d.strands(0)
	d.group(max(8, len(d.out.Dots)/12))
	return d.out
}

// group joins dots along the closest strands first, as long as a group does not
// grow beyond most: groups of three and more are kept.
func (d *drawer) group(most int) {
	type joint struct {
		near     float64
		from, to int
	}
	joints := make([]joint, 0, len(d.out.Strands))
	for i := range d.out.Strands {
		s := &d.out.Strands[i]
		o := graph.Neighbor{To: d.out.Dots[s.To].node, Support: float32(s.Support)}
		joints = append(joints, joint{d.closeness(s.From, &o) + max(s.Refined, s.Back, 0), s.From, s.To})
	}
	slices.SortFunc(joints, func(a, b joint) int {
		return cmp.Or(cmp.Compare(b.near, a.near), cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	root, size := make([]int, len(d.out.Dots)), make([]int, len(d.out.Dots))
	for i := range root {
		root[i], size[i] = i, 1
	}
	find := func(i int) int {
		for root[i] != i {
			root[i] = root[root[i]]
			i = root[i]
		}
		return i
	}
	for _, j := range joints {
		if a, b := find(j.from), find(j.to); a != b && size[a]+size[b] <= most && !math.IsNaN(j.near) {
			root[max(a, b)] = min(a, b)
			size[min(a, b)] += size[max(a, b)]
		}
	}
	d.groups(find, size)
}

// groups lists what was joined, the heaviest first.
func (d *drawer) groups(find func(int) int, size []int) {
	const least = 3
	byRoot := map[int]*Group{}
	var order []*Group
	for i := range d.out.Dots {
		r := find(i)
		if size[r] < least {
			continue
		}
		if byRoot[r] == nil {
			byRoot[r] = &Group{}
			order = append(order, byRoot[r])
		}
		byRoot[r].Dots = append(byRoot[r].Dots, i) // dots are in the order of their support
	}
	for i := range d.out.Strands {
		if s := &d.out.Strands[i]; find(s.From) == find(s.To) && byRoot[find(s.From)] != nil {
			byRoot[find(s.From)].Weight += s.Weight
		}
	}
	slices.SortStableFunc(order, func(a, b *Group) int { return cmp.Compare(b.Weight, a.Weight) })
	for at, g := range order {
		d.out.Groups = append(d.out.Groups, *g)
		for _, i := range g.Dots {
			d.out.Dots[i].Group = at
		}
	}
}

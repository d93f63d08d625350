package gen

import (
	"strconv"
	"strings"
)

// A supermarket has more missions and brands than tables could list: the rest
// is made up as the catalogue needs it.
const (
	productsAMission = 400 // products for each made mission
	maxMissions      = 5_000
	madeLeast        = 3 // goods on a made mission's list
	madeMost         = 6
	madeForms        = 3 // products that will do for each
)

// madeMissions makes errands out of goods of different categories. Each wants
// forms of its own, further down the catalogue than those of the table, so that
// rarer products have company, too.
func (s *Shop) madeMissions() []mission {
	out := make([]mission, min(len(s.products)/productsAMission, maxMissions))
	for i := range out {
		var c chance
		c.start(mix(s.key, 0x6d697373), uint64(i))
		m := &out[i]
		m.name = "errand " + strconv.Itoa(i+1)
		m.weight = 1 + 3*c.unit()
		for d := range m.weekday {
			m.weekday[d] = 1
		}
		m.weekday[c.below(7)] = 2
		for n := madeLeast + c.below(madeMost-madeLeast+1); len(m.goods) < n; {
			if w, ok := s.madeWant(m, &c); ok {
				m.goods = append(m.goods, w)
			}
		}
		m.core = len(m.goods) - 1
	}
	return out
}

// madeWant draws a good that everybody has a use for, of a category that the
// mission has not yet.
func (s *Shop) madeWant(m *mission, c *chance) (w want, ok bool) {
	w = want{good: int32(c.below(len(s.goods))), forms: madeForms}
	g := &s.goods[w.good]
	room := g.count/2 - missionForms - madeForms
	if g.baby || g.pet || room < 1 {
		// A small catalogue has no forms further down: take the common ones.
		w.forms = int32(min(missionForms, g.count))
	} else {
		w.first = missionForms + int32(c.below(room))
	}
	if g.baby || g.pet {
		return w, false
	}
	for _, have := range m.goods {
		if s.kindOf[have.good] == s.kindOf[w.good] {
			return w, false
		}
	}
	return w, true
}

// maxPacks is how many sizes of multipack a good comes in before more brands
// are made.
const maxPacks = 3

// widen makes as many brands as g's count of forms needs beside those of the
// table.
func (g *good) widen() {
	if g.count <= maxPacks*g.natural() {
		return
	}
	one := maxPacks * len(g.variants) * len(g.sizes) // forms of a brand
	brands := append([]string(nil), g.brands...)
	for k := 0; len(brands)*one < g.count; k++ {
		brands = append(brands, madeBrand(g.group, k))
	}
	g.brands = brands
}

// madeBrand is the k-th made brand of a group of goods; no two of a group are
// the same.
func madeBrand(group string, k int) string {
	heads := strings.Fields("Bøge Lyng Klit Skov Mose Strand Eng Sø Bakke Dal Vang Holm Birke Ege Aske El Hassel Linde Rosen Havre")
	tails := strings.Fields("lund gaard huset kær toft bro vig mark høj rup by sted borg næs")
	n := k
	for i := range len(group) {
		n += int(group[i]) * 7
	}
	name := heads[n%len(heads)] + tails[n/len(heads)%len(tails)]
	if round := k / (len(heads) * len(tails)); round > 0 {
		name += " " + strconv.Itoa(round+1)
	}
	return name
}

package graph

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// slowHabits is the same as habits said again, slowly: it keeps every visit and
// counts anew when it is asked.
type slowHabits struct{ visits []slowVisit }

type slowVisit struct {
	member Member
	day    Day
	goods  []Node
}

// before returns the days of a member's visits before the i-th of all, and by
// product the days on which it was bought.
func (s *slowHabits) before(i int) (days []Day, bought map[Node][]Day) {
	bought = map[Node][]Day{}
	for _, v := range s.visits[:i] {
		if v.member == s.visits[i].member {
			days = append(days, v.day)
			for _, n := range v.goods {
				bought[n] = append(bought[n], v.day)
			}
		}
	}
	return days, bought
}

// every is the mean interval of visits in sixteenths of a day, as members have it.
func (s *slowHabits) every(days []Day) (every uint16) {
	for i := 1; i < len(days); i++ {
		every = smooth(every, days[i]-days[i-1])
	}
	return every
}

// figures counts, for one product, how many visits of its buyers there were, on
// how many it was bought again, for the first time, and at all; and all visits.
func (s *slowHabits) figures(n Node) (asked, again, first, sold, all float64) {
	for i, v := range s.visits {
		days, bought := s.before(i)
		has := slices.Contains(v.goods, n)
		if len(bought[n]) > 0 {
			asked++
			if has {
				again++
			}
		}
		if len(days) > 0 {
			all++
			if has {
				sold++
			}
			if has && len(bought[n]) == 0 {
				first++
			}
		}
	}
	return
}

// cell counts how often goods of one kind were asked about, and bought again.
func (s *slowHabits) cell(cell int) (asked, again uint64) {
	for i, v := range s.visits {
		days, bought := s.before(i)
		for n, on := range bought {
			gap := gapOf(days[len(days)-1], on[len(on)-1], s.every(days))
			if habitCell(len(on), gap, bucket(tenuresFrom[:], len(days))) == cell {
				asked++
				if slices.Contains(v.goods, n) {
					again++
				}
			}
		}
	}
	return
}

// TestHabitsAreCounted holds habits against the slow twin, on days of which
// none is late, with a half-life so long that nothing fades.
func TestHabitsAreCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const products, members = 5, 3
		m := NewMembers(MemberOptions{Habits: 1 << 60})
		m.Grow(members, products)
		var slow slowHabits
		last := [members]Day{}
		at := int64(20_000 * msPerDay)
		for range rapid.IntRange(1, 40).Draw(t, "visits") {
			at += int64(rapid.IntRange(0, 9).Draw(t, "days")) * msPerDay
			id := Member(rapid.IntRange(0, members-1).Draw(t, "member"))
			if last[id] == DayOf(at) {
				at += msPerDay
			}
			last[id] = DayOf(at)
			goods := rapid.SliceOfNDistinct(rapid.Uint32Range(0, products-1), 1, products, rapid.ID[uint32]).Draw(t, "goods")
			v := slowVisit{member: id, day: DayOf(at)}
			for _, n := range goods {
				v.goods = append(v.goods, Node(n))
			}
			slow.visits = append(slow.visits, v)
			m.Bind(id, &Purchase{At: at, Nodes: v.goods, Gain: 1, Bought: true}, nil)
		}
		for cell := range habitCells {
			asked, again := slow.cell(cell)
			if got := m.habits.cells[cell]; got != (tallied{asked, again}) {
				t.Fatalf("cell %d: %+v; want %d, %d", cell, got, asked, again)
			}
		}
		for n := range Node(products) {
			asked, again, first, sold, all := slow.figures(n)
			p := &m.habits.goods[n]
			got := 0.0
			for _, v := range p.again {
				got += v
			}
			by := m.habits.fade.to(m.habits.epoch, at)
			for _, pair := range [][2]float64{{p.asked * by, asked}, {got * by, again}, {p.first * by, first}, {p.sold * by, sold}, {m.habits.visits * by, all}} {
				if math.Abs(pair[0]-pair[1]) > 1e-6*(1+pair[1]) {
					t.Fatalf("product %d: %v; want %v of asked %v, again %v, first %v, sold %v, all %v", n, pair[0], pair[1], asked, again, first, sold, all)
				}
			}
		}
	})
}

// TestHabitsTeachWhatIsDue says it in words: what everybody buys each visit is
// likelier at the next than what they buy each fourth, and that one is likelier
// four visits on than at the very next.
func TestHabitsTeachWhatIsDue(t *testing.T) {
	const milk, coffee = 0, 1
	m := NewMembers(MemberOptions{Habits: 120 * msPerDay})
	m.Grow(50, 2)
	at := int64(20_000 * msPerDay)
	for visit := range 40 {
		at += 7 * msPerDay
		for id := range Member(50) {
			goods := []Node{milk}
			if (visit+int(id))%4 == 0 {
				goods = append(goods, coffee)
			}
			m.Bind(id, &Purchase{At: at + int64(id), Nodes: goods, Gain: 1, Bought: true}, nil)
		}
	}
	c := m.Chances(at)
	chance := func(id Member, n Node) float64 {
		g, _ := m.Good(id, n, at)
		_, habit := m.Goods(nil, id, at)
		again, part := c.Again(&g, &habit)
		of := c.Of(n)
		return again * float64(of.Repeat*of.Rhythm[part])
	}
	just, due := Member(1), Member(0) // at visit 39, 40 is a multiple of four for 1; visit 40 will be for 0
	if chance(just, milk) < 0.8 {
		t.Errorf("milk at the next visit: %.2f", chance(just, milk))
	}
	if a, b := chance(just, coffee), chance(due, coffee); a > b/3 {
		t.Errorf("coffee right after it was bought %.2f, when it is due %.2f", a, b)
	}
}

// TestHabitsOfNobody holds that a shop that has learnt nothing still answers.
func TestHabitsOfNobody(t *testing.T) {
	c := NewMembers(MemberOptions{Habits: msPerDay}).Chances(0)
	again, part := c.Again(&Good{Product: 7, Count: 3, Last: 10}, &Habit{Visits: 9, Last: 12, Every: 2})
	if of := c.Of(7); again <= 0 || of.Repeat != 1 || of.Rhythm[part] != 1 || of.Sold != 0 {
		t.Errorf("%v, %+v", again, of)
	}
}

func FuzzLoadHabits(f *testing.F) {
	m := NewMembers(MemberOptions{Habits: msPerDay})
	m.Grow(1, 3)
	for day := range int64(9) {
		m.Bind(0, &Purchase{At: day * msPerDay, Nodes: []Node{0, Node(day % 3)}[:1+day%2], Gain: 1, Bought: true}, nil)
	}
	m.Begin()
	_ = m.SaveHabits(func(number uint64, value []byte) error { f.Add(number, value); return nil }) // it returns nil
	f.Fuzz(func(t *testing.T, number uint64, value []byte) {
		m := NewMembers(MemberOptions{Habits: msPerDay})
		m.Grow(1, 3)
		if m.LoadHabits(number, value) != nil {
			return
		}
		for n := range Node(3) {
			if of := m.Chances(msPerDay).Of(n); !(of.Repeat >= 0) || !(of.First >= 0) {
				t.Errorf("loaded %+v", of)
			}
		}
	})
}

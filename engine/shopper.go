package engine

import (
	"cmp"
	"slices"

	"nabo/engine/event"
	"nabo/engine/offer"
	"nabo/graph"
)

// shopper is what an answer about offers reads of a member: the same whether
// it was read a moment ago or kept by a list run.
type shopper struct {
	member  graph.Member // nobody: not known
	token   event.Token
	goods   []graph.Good // in the order in which the graph holds them
	visits  []graph.Good // chains and stores, as nodes
	profile *Profile     // nil: nothing was said
	record  offer.Record
}

// readShopper reads a member as of a moment.
func (e *Engine) readShopper(s *shopper, t event.Token, at int64) {
	m, ok := e.people.known(t)
	if !ok || t == 0 {
		m = nobody
	}
	e.readMember(s, m, at)
	s.token = t
}

func (e *Engine) readMember(s *shopper, m graph.Member, at int64) {
	s.member, s.token, s.profile = m, 0, nil
	s.goods, s.visits = s.goods[:0], s.visits[:0]
	s.record = offer.Record{Uses: s.record.Uses[:0], Terms: s.record.Terms[:0], Shown: s.record.Shown[:0], Consents: s.record.Consents[:0]}
	if m == nobody {
		return
	}
	s.goods, _ = e.goods.Goods(s.goods, m, at)
	s.visits, _ = e.visits.Goods(s.visits, m, at)
	s.profile = e.people.profile(m)
	e.book.Record(m, &s.record)
}

// forgetOwn takes out of s what personalisation may use, and leaves what the
// limits of offers need.
func (s *shopper) forgetOwn() {
	s.goods, s.visits, s.profile = s.goods[:0], s.visits[:0], nil
	s.record.Terms, s.record.Shown = s.record.Terms[:0], s.record.Shown[:0]
}

// strongest returns, in dst, which of the goods weigh most, the heaviest
// first; ties go to the product that was known first.
func (s *shopper) strongest(dst []int32, most int) []int32 {
	dst = dst[:0]
	heavier := func(a, b int32) int {
		ga, gb := &s.goods[a], &s.goods[b]
		if ga.Weight != gb.Weight {
			return cmp.Compare(gb.Weight, ga.Weight)
		}
		return cmp.Compare(ga.Product, gb.Product)
	}
	for i := range s.goods {
		if s.goods[i].Weight <= 0 {
			continue
		}
		n := int32(i)
		if len(dst) == most {
			if heavier(n, dst[most-1]) > 0 {
				continue
			}
			dst = dst[:most-1]
		}
		at, _ := slices.BinarySearchFunc(dst, n, heavier)
		dst = slices.Insert(dst, at, n)
	}
	return dst
}

// copyFrom makes s what another is, in s's own room.
func (s *shopper) copyFrom(o *shopper) {
	s.member, s.token, s.profile = o.member, o.token, o.profile
	s.goods = append(s.goods[:0], o.goods...)
	s.visits = append(s.visits[:0], o.visits...)
	s.record.Uses = append(s.record.Uses[:0], o.record.Uses...)
	s.record.Terms = append(s.record.Terms[:0], o.record.Terms...)
	s.record.Shown = append(s.record.Shown[:0], o.record.Shown...)
	s.record.Consents = append(s.record.Consents[:0], o.record.Consents...)
}

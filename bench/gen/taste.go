package gen

import (
	"fmt"
	"strconv"
	"strings"

	"nabo/engine/event"
)

// Offers returns the weekly offers that hold at a moment, somewhere and for
// somebody, as their upserts said it. The standing ones are not among them:
// nobody's taste for those is known.
func (s *Shop) Offers(at event.Millis) []event.Offer {
	var out []event.Offer
	week := weekOf(dayOf(at))
	for _, w := range []int64{week - 1, week} {
		for _, d := range s.deals(w) {
			if d.runs(at) {
				out = append(out, d.offer)
			}
		}
	}
	return out
}

// Affinity is the truth that a ranking of offers should find: how well a
// weekly offer fits a member's own goods, from 0 to 1. The member, who is
// counted from 0, activates an offer that they are shown the likelier the
// better it fits. The error says that there is no such member or offer.
func (s *Shop) Affinity(member int, offer string) (float64, error) {
	if member < 0 || member >= s.opt.Members {
		return 0, fmt.Errorf("member %d: want 0 to %d", member, s.opt.Members-1)
	}
	d, err := s.deal(offer)
	if err != nil {
		return 0, err
	}
	var p person
	var c chance
	s.meet(&p, member, &c)
	return s.fit(&p, d), nil
}

// deal finds a weekly offer by its id.
func (s *Shop) deal(id string) (*deal, error) {
	a, b, ok := strings.Cut(strings.TrimPrefix(id, "w"), "-")
	week, err := strconv.ParseInt(a, 10, 64)
	n, err2 := strconv.Atoi(b)
	if !ok || err != nil || err2 != nil || n < 1 || n > s.dealCount() {
		return nil, fmt.Errorf("offer %q is none of the shop's weekly offers", id)
	}
	return &s.deals(week)[n-1], nil
}

// fit is how well a deal fits a person: what they keep at home counts most, the
// more the oftener it runs out, other forms of it half as much, and what they
// like a little.
func (s *Shop) fit(p *person, d *deal) float64 {
	g := &s.goods[d.good]
	if d.kind < 0 && !p.uses(g) {
		return 0
	}
	without := 1 - 0.06*g.weight/maxWeight
	for i := range p.kept {
		k := &p.staples[i]
		good := s.goodOf[k.product]
		if good != d.good && (d.kind < 0 || s.kindOf[good] != d.kind) {
			continue
		}
		often := 1 / (1 + k.every/20)
		if d.kind < 0 && s.covers(d, k.product) {
			without *= 1 - 0.95*often
		} else {
			without *= 1 - 0.5*often
		}
	}
	for _, f := range p.favourites {
		if f == s.kindOf[d.good] {
			without *= 1 - 0.1
		}
	}
	return 1 - without
}

// maxWeight is what the commonest good weighs.
const maxWeight = 70

// takes is whether a person would activate a deal that they are shown.
func (s *Shop) takes(p *person, d *deal) bool {
	u := unit(mix(mix(p.key, forTaken), d.key))
	return u < 0.85 && u < 0.005+0.85*s.fit(p, d)
}

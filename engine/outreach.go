package engine

import (
	"slices"

	"nabo/engine/event"
	"nabo/graph"
)

// ChainShare is a chain and its share of a member's visits to chains.
type ChainShare struct {
	Chain string
	Share float64 // 0 to 1, faded
}

// Outreach is what Frozen.Outreach found out about a member. It is reused from
// call to call.
type Outreach struct {
	Chains []ChainShare // the strongest first

	who shopper
	e   *Engine
}

// Outreach says whether what is worked out about a member may be handed to a
// platform that writes to members, and reads the chains where the member buys:
// shares of their visits, as Affinities gives them.
//
// It may if the member is personalised in general, and if there is any place, a
// chain or a channel, in which messages may be sent to them. One grant is
// enough, since the platform decides by place what it sends where; without any
// it has no use for the data, so it does not get them. Consents are as of the
// view, and where nothing is recorded the engine's options hold. A chain for
// which personalisation was withdrawn is left out.
func (f *Frozen) Outreach(i int, o *Outreach) bool {
	o.Chains, o.e = o.Chains[:0], f.e
	f.read(&o.who, i)
	if o.who.member == nobody || !o.May("") || !o.reachable() {
		return false
	}
	sum := 0.0
	for _, g := range o.who.visits {
		kind, name := f.e.places.name(graph.Scope(g.Product))
		if kind != chain || name == "" || g.Weight <= 0 || !o.May(name) {
			continue
		}
		sum += float64(g.Weight)
		o.Chains = append(o.Chains, ChainShare{name, float64(g.Weight)})
	}
	for j := range o.Chains {
		o.Chains[j].Share /= sum
	}
	slices.SortFunc(o.Chains, func(a, b ChainShare) int { return byStrength(a.Share, a.Chain, b.Share, b.Chain) })
	return true
}

// May says whether what is held on the member may shape what a chain shows
// them; empty: in general.
func (o *Outreach) May(chain string) bool {
	return o.who.record.Personalised(chain, "", o.e.opt.Offers.asBook())
}

// reachable says whether there is any place where messages may be sent.
func (o *Outreach) reachable() bool {
	for _, c := range o.who.record.Consents {
		if c.Purpose == event.Marketing && c.Granted {
			return true
		}
	}
	return o.who.record.Marketing("", "", o.e.opt.Offers.asBook())
}

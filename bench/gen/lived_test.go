package gen

import (
	"slices"
	"testing"

	"nabo/engine/event"
)

// lived is a shop with all its events, for tests that look at one history in
// many ways: to make it takes longer than to look.
type lived struct {
	*Shop
	events []*event.Event
}

func live(t *testing.T, opt Options) *lived {
	l := &lived{Shop: newShop(t, opt)}
	for ev := range l.Events() {
		l.events = append(l.events, ev)
	}
	return l
}

func (l *lived) receipts() []*event.Event { return purchases(slices.Values(l.events)) }

// Two months of the corner shop of the demo.
func TestCornerShop(t *testing.T) {
	l := live(t, Options{Members: 1_500, Days: 60})
	for _, c := range []struct {
		name  string
		check func(*testing.T, *lived)
	}{
		{"marginals", marginals},
		{"missions put goods together", missionsPutGoodsTogether},
		{"returns name their receipt", returnsNameTheirReceipt},
		{"scans lead to a receipt", scansLeadToAReceipt},
		{"something trends", somethingTrends},
		{"forms are compared, not bought together", formsAreCompared},
		{"ten active at most", tenActiveAtMost},
		{"offers", offersAreLived},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t, l) })
	}
}

package rank

// defaultWeights are what each part of the affinity counts where a scenario
// does not say. Those of own, together, category and past were chosen on real
// coupons and redemptions (bench/RESULTS.md).
var defaultWeights = Weights{
	Own:      1,
	Together: 0.2,
	Category: 0.3,
	Brand:    0.1,
	Place:    0.1,
	Trend:    0.1,
	Popular:  0.1,
	Basket:   1,
	Past:     1.2,
}

// Defaults returns the built-in scenario of a name: newsletter, app-home,
// self-scan and product-page have their own, all other names share one. Its
// Version is 0.
func Defaults(name string) *Scenario {
	s := &Scenario{
		Name: name, Enabled: true, Logic: Offers, Count: 35, Weights: defaultWeights,
		Diversity: 0.1, RotationRate: 0.3, RotationDays: 7,
		Explore:  Exploring{Share: 0.05, Days: 14, Impressions: 100},
		Priority: 0.1, // a margin bends nothing until a shop says so
		HoldDays: 14,
	}
	switch name {
	case "newsletter": // once a week: last week's list should not come again
		s.RotationRate = 0.5
	case "app-home": // several times a day: it must not jump about
		s.RotationRate, s.RotationDays, s.HoldDays = 0.2, 2, 7
	case "self-scan": // in the aisle: a few that fit the basket, and different ones
		s.Count, s.Diversity, s.HoldDays = 10, 0.3, 1
		s.RotationRate, s.Explore.Share = 0, 0.02
	case "product-page": // beside one product: what goes with it, alike or not
		s.Count, s.Diversity, s.HoldDays = 12, 0, 7
		s.RotationRate, s.Explore.Share = 0, 0.02
	}
	return s
}

package rank

// Left says why a candidate is not in a list.
type Left uint8

// The reasons.
const (
	Outscored    Left = iota // outscored: the list was full before its turn came
	CategoryFull             // category-full: the list holds as many of its category as it may
	FunderFull               // funder-full: the list holds as many of its funder as it may
)

var leftNames = [...]string{"outscored", "category-full", "funder-full"}

// String returns the reason's name on the wire.
func (l Left) String() string {
	if int(l) < len(leftNames) {
		return leftNames[l]
	}
	return "unknown"
}

// WhyLeft says why the candidate at i is not among the picks that Allocate made
// of cands. A full cap comes before a low score: what is behind a cap is never
// compared.
func (s *Scenario) WhyLeft(cands []Candidate, picks []Pick, i int) Left {
	category, funder := 0, 0
	c := &cands[i]
	for _, p := range picks {
		other := &cands[p.Candidate]
		if other.Category == c.Category && c.Category != 0 {
			category++
		}
		if other.Funder == c.Funder && c.Funder != 0 {
			funder++
		}
	}
	switch {
	case s.MaxPerCategory > 0 && category >= s.MaxPerCategory:
		return CategoryFull
	case s.MaxPerFunder > 0 && funder >= s.MaxPerFunder:
		return FunderFull
	default:
		return Outscored
	}
}

package rank

import "math"

// The bounds of what a candidate brings; with them no score overflows.
const (
	maxPart   = 1e12
	maxFactor = 1000
)

// resting scores candidates by themselves, whatever else is in the list. A
// boost always lifts and a loss always sinks, a score below zero too.
type resting struct {
	priority, margin float64 // weights
	rotation         float64 // 0 to 1
	perDay           float64 // how fast rotation fades, in halvings a day
}

// score writes the parts from Priority to Rotation and returns the sum, of the
// parts as they are written. Diversity and Explore become zero.
func (r *resting) score(c *Candidate) float64 {
	p := &c.Parts
	// In three rows, so that they are added at the same time.
	v := (float64(p[0]) + float64(p[1]) + float64(p[2])) + (float64(p[3]) + float64(p[4]) + float64(p[5])) +
		(float64(p[6]) + float64(p[7]) + float64(p[8]))
	if !(math.Abs(v) <= maxPart) {
		v = repair(p)
	}
	p[Priority], p[Margin], p[Booster], p[Rotation], p[Diversity], p[Explore] = 0, 0, 0, 0, 0, 0
	if c.Priority != 0 || c.Margin != 0 {
		size := math.Abs(v)
		p[Priority] = float32(size * r.priority * bound(c.Priority))
		p[Margin] = float32(size * r.margin * bound(c.Margin))
		v += float64(p[Priority]) + float64(p[Margin])
	}
	if c.Factor != 1 {
		p[Booster] = float32(math.Abs(v) * (factor(c.Factor) - 1))
		v += float64(p[Booster])
	}
	if c.ShownAgo >= 0 && r.rotation > 0 {
		p[Rotation] = float32(-math.Abs(v) * r.rotation * halved(float64(c.ShownAgo)*r.perDay))
		v += float64(p[Rotation])
	}
	return v
}

// repair bounds the parts of an affinity, and returns their sum.
func repair(p *[Parts]float32) float64 {
	v := 0.0
	for i := range Affinities {
		p[i] = float32(bound(p[i]))
		v += float64(p[i])
	}
	return v
}

// bound returns v within what a part may be, and 0 if it is no number.
func bound(v float32) float64 {
	if v != v {
		return 0
	}
	return min(max(float64(v), -maxPart), maxPart)
}

// factor returns f within what a booster's may be, and 1 if it is none.
func factor(f float32) float64 {
	if !(f >= 0) {
		return 1
	}
	return min(float64(f), maxFactor)
}

// halved returns 1 halved x times, for x of 0 or more, to 8 digits: more than
// a part holds, in a third of the time that math.Exp2 takes.
func halved(x float64) float64 {
	if !(x < 1000) {
		return 0
	}
	n := int64(x + 0.5)
	y := (float64(n) - x) * math.Ln2 // 2^-x is 2^-n e^y, with y between -0.35 and 0.35
	e := 1 + y*(1+y*(1.0/2+y*(1.0/6+y*(1.0/24+y*(1.0/120+y*(1.0/720+y*(1.0/5040)))))))
	return e * math.Float64frombits(uint64(1023-n)<<52)
}

package rank

import "math"

// Candidate is one that may be in the list.
type Candidate struct {
	// Place is the caller's number for it, different for each candidate of a call.
	Place int32
	// Parts holds the affinity's parts, already weighed; Allocate writes the
	// others. What is not a finite number counts as 0.
	Parts [Parts]float32
	// Category and Funder are what the caps and the diversity count by: small
	// numbers, since the workspace keeps a counter for each up to the largest. 0: none.
	Category, Funder uint32
	Priority, Margin float32 // the offer's own
	Factor           float32 // the booster's, 0 to 1000; 1 where there is none
	ShownAgo         float32 // days since it was last shown to this member; -1: never
	ShownTimes       int32   // how often it was shown to this member; Allocate does not read it
	Fresh            bool    // new: may be explored
	Tie              uint64  // the lower one of equals comes first; after that the lower Place
}

// Override replaces what the scenario says, for one question. NaN: the
// scenario's. Values outside 0 to 1 count as the nearer end.
type Override struct{ Diversity, RotationRate float64 }

// Pick is one item of a list.
type Pick struct {
	Candidate int32 // index into the candidates
	Score     float32
	Explored  bool // its slot was drawn for a new offer
}

// Workspace is what Allocate works in. The zero value works; use it for one
// call at a time, again and again: it grows to what is needed and stays there.
type Workspace struct {
	resting  []float64 // of each candidate: its score but for diversity and exploration
	taken    []bool    // of each candidate: it is in the list
	all      queue     // candidates that may still be taken
	low      queue     // those that were set aside; behind all, in its room
	fresh    queue     // the fresh ones of them; filled when first needed
	category []int32   // how many of each are in the list
	funder   []int32
	keep     []float64 // keep[n]: what is left of the score of one with n of its category above it
	kept     float64   // the diversity that keep was made for
	picks    []Pick
}

// allocation is one list while it is made.
type allocation struct {
	s     *Scenario
	ws    *Workspace
	cands []Candidate

	diversity float64
	filled    bool  // ws.fresh is
	mean      entry // what set ws.low aside
}

// Allocate chooses at most count candidates (0 or less: the scenario's Count;
// never more than MaxCount), best first. Of every candidate it writes the parts
// from Priority to Rotation, of those chosen Diversity and Explore too; a
// chosen one's parts then sum to its pick's Score. All the others' sum to what
// they would have scored at the head of a list.
//
// The caps hold absolutely: a list is rather too short. seed draws the slots
// that go to new offers, so give each list its own; the same candidates in any
// order with the same seed make the same list. A drawn slot gets the best fresh
// candidate that is left, lifted by its Explore part to what the best of all
// would have scored there. If no fresh one is left it is a slot like any other.
//
// The picks are ws's, good until its next use. Any goroutine may call, with a
// workspace and candidates of its own.
func (s *Scenario) Allocate(cands []Candidate, count int, o Override, seed uint64, ws *Workspace) []Pick {
	if count <= 0 {
		count = s.Count
	}
	count = min(count, MaxCount, len(cands))
	x := allocation{s: s, ws: ws, cands: cands, diversity: share(o.Diversity, s.Diversity)}
	ws.reset(len(cands), x.diversity)
	x.rest(share(o.RotationRate, s.RotationRate), count)
	for slot := range count {
		if !x.pick(s.Explore.Share > 0 && draw(seed, slot) < s.Explore.Share) {
			break
		}
	}
	x.release()
	return ws.picks
}

// share returns what a question says, from 0 to 1, or else what the scenario says.
func share(asked, standing float64) float64 {
	if math.IsNaN(asked) {
		asked = standing
	}
	return min(max(asked, 0), 1)
}

// draw returns a number from 0 to below 1 that looks random, and is always the
// same for a seed and a slot. It is splitmix64's mixing, twice, since seeds
// may be as close to each other as slots are.
func draw(seed uint64, slot int) float64 {
	return float64(mix(mix(seed)+uint64(slot))>>11) / (1 << 53)
}

func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// reset makes room for n candidates.
func (ws *Workspace) reset(n int, diversity float64) {
	if cap(ws.resting) < n {
		ws.resting = make([]float64, n, n+n/4)
		ws.taken = make([]bool, n, n+n/4)
		ws.all = make(queue, n, n+n/4)
		ws.fresh = make(queue, 0, n+n/4)
	}
	ws.resting, ws.taken, ws.all = ws.resting[:n], ws.taken[:n], ws.all[:n]
	clear(ws.taken)
	ws.fresh, ws.picks = ws.fresh[:0], ws.picks[:0]
	if len(ws.keep) == 0 || ws.kept != diversity {
		ws.keep, ws.kept = append(ws.keep[:0], 1), diversity
	}
}

// release sets the counters back, of those that were counted only: there may
// be many more categories than picks.
func (x *allocation) release() {
	for _, p := range x.ws.picks {
		c := &x.cands[p.Candidate]
		x.ws.category[c.Category], x.ws.funder[c.Funder] = 0, 0
	}
}

// rest scores all candidates as if each were the first, and queues them.
func (x *allocation) rest(rotation float64, count int) {
	var categories, funders uint32
	r := resting{x.s.Priority, x.s.Margin, rotation, 1 / max(x.s.RotationDays, minHalfLife)}
	ws := x.ws
	sum := 0.0
	for i := range ws.resting {
		c := &x.cands[i]
		v := r.score(c)
		sum += v
		ws.resting[i], ws.all[i] = v, entryOf(float32(v), i)
		categories, funders = max(categories, c.Category), max(funders, c.Funder)
	}
	ws.category = widen(ws.category, categories)
	ws.funder = widen(ws.funder, funders)
	x.split(entryOf(float32(sum/float64(len(x.cands))), 0), count)
	ws.all.order(x.cands)
}

// split sets the candidates aside that score no more than the mean: most lists
// are filled long before one of those has its turn, and a heap of the others
// is smaller by half or more. Where they are too few it leaves all together.
func (x *allocation) split(mean entry, count int) {
	ws := x.ws
	all, above := ws.all, 0
	for i, e := range all {
		if e>>32 > mean>>32 {
			all[i], all[above] = all[above], e
			above++
		}
	}
	if above < 2*count {
		above = len(all)
	}
	ws.all, ws.low, x.mean = all[:above], all[above:], mean
}

// rejoin brings back what was set aside.
func (x *allocation) rejoin() {
	x.ws.all = append(x.ws.all, x.ws.low...) // in their own room
	x.ws.low = nil
	x.ws.all.order(x.cands)
}

// widen returns counters for 0 to most. The new ones are zero, as all of them
// are between calls.
func widen(counts []int32, most uint32) []int32 {
	if uint32(len(counts)) > most {
		return counts
	}
	return append(counts, make([]int32, int(most)+1-len(counts))...)
}

// pick fills one slot, and says whether it could.
func (x *allocation) pick(explore bool) bool {
	best, ok := x.best(&x.ws.all)
	if len(x.ws.low) > 0 && (!ok || best>>32 <= x.mean>>32) {
		x.rejoin()
		best, ok = x.best(&x.ws.all)
	}
	if !ok {
		return false
	}
	score := best.score()
	p := Pick{Candidate: best.index(), Score: score}
	if explore {
		x.fillFresh()
		if fresh, ok := x.best(&x.ws.fresh); ok {
			p = Pick{Candidate: fresh.index(), Score: fresh.score(), Explored: true}
		}
	}
	c := &x.cands[p.Candidate]
	sum := x.ws.resting[p.Candidate]
	c.Parts[Diversity] = x.penalty(sum, c.Category)
	sum += float64(c.Parts[Diversity])
	if p.Score != score {
		c.Parts[Explore] = float32(float64(score) - sum)
		p.Score = float32(sum + float64(c.Parts[Explore]))
	}
	x.ws.taken[p.Candidate] = true
	x.ws.category[c.Category]++
	x.ws.funder[c.Funder]++
	x.ws.picks = append(x.ws.picks, p)
	return true
}

// best brings the best one that may still be taken to the head of q. Scores in
// q may be out of date: one that has since lost to diversity sinks to where it
// belongs when it comes to the head. Since a score never rises, what is at the
// head and up to date is the best of all.
func (x *allocation) best(q *queue) (entry, bool) {
	for len(*q) > 0 {
		head := (*q)[0]
		i := head.index()
		if x.ws.taken[i] || x.capped(&x.cands[i]) {
			q.pop(x.cands)
			continue
		}
		now := entryOf(x.score(i), int(i))
		if now == head {
			return head, true
		}
		(*q)[0] = now
		q.sink(0, x.cands)
	}
	return 0, false
}

// capped says whether a cap keeps a candidate out. Once it does, it always does.
func (x *allocation) capped(c *Candidate) bool {
	perCategory, perFunder := x.s.MaxPerCategory, x.s.MaxPerFunder
	return perCategory > 0 && c.Category != 0 && int(x.ws.category[c.Category]) >= perCategory ||
		perFunder > 0 && c.Funder != 0 && int(x.ws.funder[c.Funder]) >= perFunder
}

// score returns what a candidate scores in the next slot.
func (x *allocation) score(i int32) float32 {
	v := x.ws.resting[i]
	return float32(v + float64(x.penalty(v, x.cands[i].Category)))
}

// penalty is what a candidate loses to those of its category above it.
func (x *allocation) penalty(score float64, category uint32) float32 {
	n := int(x.ws.category[category])
	if n == 0 || category == 0 || x.diversity == 0 {
		return 0
	}
	for len(x.ws.keep) <= n {
		x.ws.keep = append(x.ws.keep, x.ws.keep[len(x.ws.keep)-1]*(1-x.diversity))
	}
	return float32(math.Abs(score) * (x.ws.keep[n] - 1))
}

// fillFresh queues the fresh candidates when the first slot is drawn for one.
func (x *allocation) fillFresh() {
	if x.filled {
		return
	}
	x.filled = true
	for i := range x.cands {
		if c := &x.cands[i]; c.Fresh && !x.ws.taken[i] {
			x.ws.fresh = append(x.ws.fresh, entryOf(x.score(int32(i)), i))
		}
	}
	x.ws.fresh.order(x.cands)
}

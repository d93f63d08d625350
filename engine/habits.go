package engine

import (
	"math"

	"nabo/graph"
)

// habits is what members' visits had taught at one moment. It is derived:
// Freshen makes it anew, readers find it as it was.
type habits struct {
	pos     uint64
	chances *graph.Chances
	tried   []popularItem // what is bought most for the first time, the most first; share is of visits
}

// reHabit looks anew at what members' visits teach.
func (e *Engine) reHabit(at int64) {
	pos := e.Position()
	if now := e.habits.Load(); at == math.MaxInt64 || (now.chances.Products() > 0 && now.pos == pos) {
		return
	}
	now := &habits{pos: pos, chances: e.goods.Chances(at)}
	var top ranking
	top.reset(popularKept)
	for n := range now.chances.Products() {
		if first := float64(now.chances.Of(n).First); first > 0 && top.wants(first, n) {
			top.take(first, n, 0)
		}
	}
	for _, t := range top.items {
		now.tried = append(now.tried, popularItem{t.node, t.score})
	}
	e.habits.Store(now)
}

package engine

import (
	"math"
	"sync"
	"sync/atomic"

	"nabo/engine/event"
	"nabo/graph"
)

// popularKept is how many products each place's list holds.
const popularKept = 500

// popular keeps, for each place that was asked for, what sold most in a month.
// It is derived: Refresh makes it anew, readers find it as it was.
type popular struct {
	mu    sync.RWMutex
	lists map[graph.Scope]popularList // guarded by mu

	commonest atomic.Uint64 // the bits of the largest share of all receipts
}

type popularList struct {
	pos   uint64
	items []popularItem // shared: never changed
}

type popularItem struct {
	node  graph.Node
	share float64 // of the place's most popular
}

// in returns a place's list, and makes it if nobody asked for it before.
func (p *popular) in(e *Engine, s graph.Scope, at int64) []popularItem {
	p.mu.RLock()
	l, ok := p.lists[s]
	p.mu.RUnlock()
	if ok && len(l.items) > 0 {
		return l.items
	}
	return p.make(e, s, at)
}

func (p *popular) make(e *Engine, s graph.Scope, at int64) []popularItem {
	pos := e.Position()
	var top ranking
	top.reset(popularKept)
	for _, sold := range e.trends.Sales(nil, s, at) {
		if v := float64(sold.In[graph.SpanMonth]); v > 0 && top.wants(v, sold.Product) {
			top.take(v, sold.Product, 0)
		}
	}
	items := make([]popularItem, len(top.items))
	for i, t := range top.items {
		items[i] = popularItem{t.node, t.score / top.items[0].score}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lists == nil {
		p.lists = map[graph.Scope]popularList{}
	}
	p.lists[s] = popularList{pos, items}
	return items
}

// bound returns what no product's share of all receipts passes: twice the
// largest when that was last looked at, a second or so ago.
func (p *popular) bound() float64 {
	if most := math.Float64frombits(p.commonest.Load()); most > 0 {
		return min(2*most, 1)
	}
	return 1
}

func (p *popular) refresh(e *Engine, at event.Millis) {
	if at == math.MaxInt64 {
		return // no receipt yet
	}
	most, supports := float32(0), e.bought.Supports(int64(at))
	for n := range e.bought.Nodes() {
		support, _ := supports.Of(n)
		most = max(most, support)
	}
	p.commonest.Store(math.Float64bits(shareOf(float64(most), e.bought.Total(int64(at)))))
	p.mu.RLock()
	var stale []graph.Scope
	for s, l := range p.lists {
		if l.pos != e.Position() {
			stale = append(stale, s)
		}
	}
	p.mu.RUnlock()
	for _, s := range stale {
		p.make(e, s, int64(at))
	}
}

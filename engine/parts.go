package engine

import "unsafe"

// Part is what one part of the state takes in memory, and how many of what it is
// made of there are.
type Part struct {
	Name  string
	Count int
	Bytes uint64 // spare room included
}

// parts returns what each part of the state takes. It adds to what Stats has
// walked already.
func (e *Engine) parts(s *Stats) []Part {
	goods, visits := &s.Bindings, &s.Visits
	sessions, sessionBytes := e.sessions.weigh()
	products, productBytes := e.catalogue.weigh()
	offers, offerBytes := e.weighOffers()
	records, recordBytes := e.book.RecordSize()
	days, dayBytes := e.book.DaysSize()
	members, memberBytes := e.people.weigh()
	words, wordBytes := e.searches.weigh()
	pages, seriesBytes := e.series.Size()
	return []Part{
		{"memberGoods", goods.Bindings, goods.Bytes - goods.LeansBytes},
		{"whoLeans", goods.Leans, goods.LeansBytes},
		{"memberVisits", visits.Bindings, visits.Bytes},
		{"productEdges", s.Bought.Edges, s.Bought.Bytes},
		{"viewedEdges", s.Viewed.Edges, s.Viewed.Bytes},
		{"refinedEdges", s.RefinedEdges, s.RefinedBytes},
		{"dedupeKeys", s.Keys, s.KeysBytes},
		{"members", members, memberBytes},
		{"offerRecords", records, recordBytes},
		{"offers", offers, offerBytes},
		{"offerDays", days, dayBytes},
		{"trends", s.Trends.Counters, s.Trends.Bytes},
		{"salesByHour", pages, seriesBytes},
		{"recentReceipts", int(e.recent.count.Load()), uint64(e.recent.bytes.Load())},
		{"sessions", sessions, sessionBytes},
		{"catalogue", products, productBytes},
		{"searchedWords", words, wordBytes},
	}
}

// weigh is how many sessions are open and what they take, about.
func (s *sessions) weigh() (count int, bytes uint64) {
	const one = 96 + 48 // a session, and its place in the order
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, ses := range s.byKey {
		bytes += one + uint64(cap(ses.viewed)+cap(ses.basket))*4 + mapBytes(16)
	}
	return len(s.byKey), bytes
}

// weigh is how many products are known and what they take, about.
func (c *catalogue) weigh() (count int, bytes uint64) {
	const product, attribute = 160, 56
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, p := range c.items {
		bytes += product + mapBytes(20) + 3*8 // the map of ids, items, and in which kinds it is
		bytes += uint64(len(p.ID) + len(p.Name) + len(p.Category) + len(p.Brand) + len(p.Image) + len(p.Currency))
		for i := range p.Attributes {
			bytes += attribute + uint64(len(p.Attributes[i].Name)+len(p.Attributes[i].Value.Text))
		}
	}
	return len(c.items), bytes + c.shown.bytes(8) + c.traits.words.bytes(8)
}

// weighOffers is how many offers hold and what they and what is worked out for
// them takes, about.
func (e *Engine) weighOffers() (count int, bytes uint64) {
	const one = 1 << 10 // an offer's state, entry, facet and mark
	l := e.lenses.now.Load()
	for i, f := range l.facets {
		bytes += one + uint64(len(l.view.Offers[i].Products)+len(f.kinds)+len(f.places))*4
	}
	said := *l.voices.said.Load()
	bytes += uint64(len(l.voices.at))*8 + uint64(cap(said))*uint64(unsafe.Sizeof(spoken{}))
	bytes += uint64(len(l.kindFirst)+len(l.kindPlaces)) * 4
	return len(l.facets), bytes
}

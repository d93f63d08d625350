package server

import (
	"math"
	"strconv"

	"github.com/cespare/xxhash/v2"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/server/live"
)

// liveSource answers what is watched, through the same questions and appenders
// as what is asked over HTTP.
type liveSource struct {
	s       *Server
	changes engine.BookChanges // the hub's one goroutine's
}

// Asker makes room for the questions of one goroutine at a time.
func (l *liveSource) Asker() live.Asker { return &liveAsker{s: l.s, c: new(call)} }

// Token returns what stands for a member, 0 where nobody knows them. It makes
// none: to watch leaves no trace.
func (l *liveSource) Token(member string) uint64 {
	token, _ := l.s.opt.Tokens.Token(member)
	return uint64(token)
}

// Position is up to where the log is applied.
func (l *liveSource) Position() uint64 { return l.s.opt.Engine.Position() }

// Offers returns which offers became others since the last call.
func (l *liveSource) Offers() ([]live.OfferChange, bool) {
	changed, all := l.changes.Since(l.s.opt.Engine, l.s.now())
	out := make([]live.OfferChange, len(changed))
	for i, c := range changed {
		out[i] = live.OfferChange(c)
	}
	return out, all
}

// liveAsker asks for what is watched. Its call is a request's room without a
// request.
type liveAsker struct {
	s *Server
	c *call

	topic   live.Topic
	now     event.Millis
	named   bool // the decision has its id and is kept
	listing live.Listing
	touched engine.TouchAnswer
	rest    []byte
}

// List answers a question about a list.
func (a *liveAsker) List(q *live.Question, p live.Pending) *live.Listing {
	a.topic, a.named, a.now = q.Topic, false, a.s.now()
	a.listing = live.Listing{Items: a.listing.Items[:0]}
	switch q.Topic {
	case live.Offers:
		a.offers(q)
	case live.Basket, live.Trending:
		a.goods(q, p)
	case live.Nudges, live.Events: // they are no lists
	}
	return &a.listing
}

func (a *liveAsker) token(member string) event.Token {
	if member == "" {
		return 0
	}
	token, _ := a.s.opt.Tokens.Token(member)
	return token
}

func (a *liveAsker) offers(q *live.Question) {
	c := a.c
	c.offers = engine.OfferQuery{
		Member: a.token(q.Member), Scenario: q.Scenario, Store: q.Store, Count: q.Count,
		Diversity: math.NaN(), RotationRate: math.NaN(), Trace: true,
	}
	a.s.opt.Engine.Offers(&c.offers, a.now, &c.offered)
	a.s.lookedUp()
	var ends event.Millis
	for i := range c.offered.Items {
		it := &c.offered.Items[i]
		a.rest = appendOfferRest(append(a.rest[:0], sourceName(it.Source)...), a.s.opt.Engine, it, false)
		a.add(it.Offer.Spec.Offer, it.Score)
		if through := it.ValidThrough; through != 0 && (ends == 0 || through < ends) {
			ends = through
		}
	}
	if ends != 0 {
		a.listing.Ends = (ends + 1).Time()
	}
}

func (a *liveAsker) goods(q *live.Question, p live.Pending) {
	c := a.c
	c.query = engine.Query{
		Kind: engine.Trending, Store: q.Store, Window: windowNamed(q.Window), Count: q.Count,
		Member: a.token(q.Member), Session: q.Session, Products: p.Added, Without: p.Removed,
	}
	if q.Topic == live.Basket {
		c.query.Kind = engine.Basket
	}
	if c.query.Count == 0 {
		c.query.Count = defaultCount
	}
	a.s.opt.Engine.Recommend(&c.query, a.now, &c.answer)
	a.s.lookedUp()
	for i := range c.answer.Recomms {
		r := &c.answer.Recomms[i]
		a.rest = appendRecommRest(a.rest[:0], r)
		a.add(r.Product.ID, r.Score)
	}
}

// add puts an item into the listing; a.rest is all of it but rank and score.
func (a *liveAsker) add(id string, score float64) {
	a.listing.Items = append(a.listing.Items, live.Item{ID: id, Score: math.Round(score*1e6) / 1e6, Content: xxhash.Sum64(a.rest)})
}

// keep gives the latest list's decision its id and keeps it, once. Only those
// that are sent are kept.
func (a *liveAsker) keep() {
	if a.named {
		return
	}
	a.named = true
	s, c := a.s, a.c
	s.nameDecision(c, a.now)
	if a.topic == live.Offers {
		hold := holdOf(c.offered.Scenario.HoldDays)
		c.decision = packOffers(c.decision[:0], &offersAsked{asked: a.now, hold: hold, op: "offers"}, &c.offers, &c.offered)
		s.keepOffers(c, a.now, hold)
		return
	}
	c.decision = packDecision(append(c.decision[:0], formGoods), a.now, ScenarioRef{}, "", &c.query, &c.answer)
	s.decisions.put(c.id, c.decision)
}

// Snapshot is the latest list as the question is answered over HTTP; of what is
// no list an empty one.
func (a *liveAsker) Snapshot() []byte {
	switch a.topic {
	case live.Offers:
		a.keep()
		return appendOfferAnswer(nil, a.c.idText[:], a.s.opt.Engine, a.c.offers.Scenario, &a.c.offered, false, "")
	case live.Basket, live.Trending:
		a.keep()
		return appendAnswer(nil, a.c.idText[:], ScenarioRef{}, &a.c.answer, "")
	default:
		out := appendAsOf([]byte(`{"asOf":`), a.s.opt.Engine.Position(), a.s.opt.Engine.Clock(a.now))
		return append(out, `,"recomms":[]}`...)
	}
}

// Delta is what has become other, up to the latest list.
func (a *liveAsker) Delta(d *live.Delta) []byte {
	a.keep()
	out := append(append([]byte(`{"recommId":"`), a.c.idText[:]...), `","asOf":`...)
	if a.topic == live.Offers {
		out = appendAsOf(out, a.c.offered.Seq, a.c.offered.At)
	} else {
		out = appendAsOf(out, a.c.answer.Seq, a.c.answer.At)
	}
	out = a.appendItems(append(out, `,"added":[`...), d.Added)
	out = append(out, `],"removed":[`...)
	for i, id := range d.Removed {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendString(out, id)
	}
	out = append(out, `],"moved":[`...)
	for i, at := range d.Moved {
		if i > 0 {
			out = append(out, ',')
		}
		it := &a.listing.Items[at]
		out = appendString(append(out, `{"id":`...), it.ID)
		out = strconv.AppendInt(append(out, `,"rank":`...), int64(at+1), 10)
		out = append(appendFixed(append(out, `,"score":`...), it.Score), '}')
	}
	out = a.appendItems(append(out, `],"changed":[`...), d.Changed)
	out = appendString(append(out, `],"cause":`...), d.Cause)
	return append(out, '}')
}

// appendItems appends items of the latest list by their places.
func (a *liveAsker) appendItems(dst []byte, places []int) []byte {
	for i, at := range places {
		if i > 0 {
			dst = append(dst, ',')
		}
		if a.topic == live.Offers {
			dst = appendOfferItem(dst, a.s.opt.Engine, &a.c.offered.Items[at], at+1, false)
		} else {
			dst = appendRecomm(dst, &a.c.answer.Recomms[at], at+1)
		}
	}
	return dst
}

// Nudges returns which of a member's offers a basket touches.
func (a *liveAsker) Nudges(q *live.Question, p live.Pending) []live.Nudge {
	a.now = a.s.now()
	a.s.opt.Engine.Touched(&engine.TouchQuery{
		Member: a.token(q.Member), Store: q.Store, Session: q.Session, Basket: p.Added, Without: p.Removed,
	}, a.now, &a.touched)
	a.s.lookedUp()
	out := make([]live.Nudge, len(a.touched.Touches))
	for i := range a.touched.Touches {
		t := &a.touched.Touches[i]
		out[i] = live.Nudge{Offer: t.Item.Offer.Spec.Offer, Product: t.Product.ID}
	}
	return out
}

// Nudge is one of the latest Nudges.
func (a *liveAsker) Nudge(i int) []byte {
	t := &a.touched.Touches[i]
	out := appendString([]byte(`{"offer":`), t.Item.Offer.Spec.Offer)
	out = appendString(append(out, `,"product":`...), t.Product.ID)
	out = append(appendReasons(append(out, `,"reason":[`...), t.Item.Reasons), ']')
	if t.Item.ValidThrough != 0 {
		out = appendMoment(append(out, `,"expires":`...), t.Item.ValidThrough)
	}
	out = strconv.AppendBool(append(out, `,"activated":`...), t.Activated)
	return append(appendOfferValues(append(out, `,"values":`...), a.s.opt.Engine, &t.Item), '}')
}

// encodeFrame makes the bytes of a frame that the hub sends.
func encodeFrame(f *live.Frame) []byte {
	kind := [...]string{live.Snapshot: "snapshot", live.DeltaFrame: "delta", live.NudgeFrame: "nudge", live.EventFrame: "event", live.Resync: "resync"}[f.Kind]
	out := make([]byte, 0, len(f.Data)+len(f.Ref)+80)
	out = append(append(append(out, `{"type":"`...), kind...), `","ref":`...)
	out = appendString(out, f.Ref)
	out = strconv.AppendUint(append(out, `,"seq":`...), f.Seq, 10)
	out = append(out, `,"data":`...)
	switch {
	case f.Kind == live.Resync:
		out = append(appendString(append(out, `{"reason":`...), string(f.Data)), '}')
	case f.Skipped > 0:
		out = strconv.AppendInt(append(out, `{"skipped":`...), int64(f.Skipped), 10)
		out = append(append(out, ','), f.Data[1:]...)
	default:
		out = append(out, f.Data...)
	}
	return append(out, '}')
}

// newHub makes the hub of what is watched.
func (s *Server) newHub() (*live.Hub, error) {
	opt := s.opt.Live
	opt.Source, opt.Encode, opt.Name, opt.Now = &liveSource{s: s}, encodeFrame, s.sessionName, s.opt.Now
	return live.New(opt)
}

// sessionName draws a session's name: 128 random bits, which nobody can guess.
func (s *Server) sessionName() string { return s.askID() }

package app

import (
	"context"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"nabo/engine"
	"nabo/engine/store"
	"nabo/server/lists"
	"nabo/server/push"
)

// syncSource yields what each member is to have at the receivers. Rows are made
// by the code of list runs, which gives way to lookups, and come back in the
// order of the members. Of a member who may not be sent there is no row, so
// that a receiver who has them is told to drop them.
type syncSource struct {
	f        *engine.Frozen
	tokens   *store.Tokens
	scenario string
	busy     func() bool
}

// Snapshot says what the rows are made from.
func (s *syncSource) Snapshot() push.Snapshot {
	return push.Snapshot{Position: s.f.Position(), Time: s.f.Now().Time()}
}

// Each yields the members' rows, from one goroutine.
func (s *syncSource) Each(ctx context.Context, yield func(*push.Row) error) error {
	rows := syncRows{names: map[string]string{}}
	return lists.EachChunk(ctx, syncSnapshot{s}, s.busy, func(chunk []byte) error { return rows.each(chunk, yield) })
}

// syncSnapshot is the source as the row maker asks it.
type syncSnapshot struct{ s *syncSource }

func (v syncSnapshot) Position() uint64 { return v.s.f.Position() }
func (v syncSnapshot) Time() time.Time  { return v.s.f.Now().Time() }
func (v syncSnapshot) Members() int     { return v.s.f.Members() }
func (v syncSnapshot) Passed(i int)     { v.s.f.Passed(i) }
func (v syncSnapshot) Release()         {} // the view is whose who took it
func (v syncSnapshot) Worker() lists.Worker {
	return &syncWorker{s: v.s, query: syncQuery(v.s.scenario)}
}

// syncQuery asks for what is sent. It names no channel: which messages a member
// gets is the platform's to decide, by place.
func syncQuery(scenario string) engine.OfferQuery {
	return engine.OfferQuery{Scenario: scenario, Diversity: math.NaN(), RotationRate: math.NaN()}
}

// syncWorker makes rows, packed: the member's number, id, offers and chains.
// Lengths and numbers are varints, scores 8 bytes.
type syncWorker struct {
	s        *syncSource
	query    engine.OfferQuery
	answer   engine.OfferAnswer
	outreach engine.Outreach
}

// Row appends the row of one member.
func (w *syncWorker) Row(dst []byte, i int) ([]byte, bool) {
	token, ok := w.s.f.Token(i)
	if !ok {
		return dst, false
	}
	id, ok := w.s.tokens.ID(token)
	if !ok || !w.s.f.Outreach(i, &w.outreach) {
		return dst, false
	}
	w.s.f.Offers(i, &w.query, &w.answer)
	items := slices.DeleteFunc(w.answer.Items, func(it engine.OfferItem) bool { return !w.may(it.Offer.Spec.Chains) })
	dst = appendName(binary.AppendUvarint(dst, uint64(i)), id)
	dst = binary.AppendUvarint(dst, uint64(len(items)))
	for j := range items {
		dst = appendScore(appendName(dst, items[j].Offer.Spec.Offer), items[j].Score)
	}
	dst = binary.AppendUvarint(dst, uint64(len(w.outreach.Chains)))
	for _, c := range w.outreach.Chains {
		dst = appendScore(appendName(dst, c.Chain), c.Share)
	}
	return dst, true
}

// may says whether any of the chains that an offer is limited to may use what
// is held on the member.
func (w *syncWorker) may(chains []string) bool {
	return len(chains) == 0 || slices.ContainsFunc(chains, w.outreach.May)
}

func appendName(dst []byte, name string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(name))), name...)
}

func appendScore(dst []byte, score float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(score))
}

// syncRows unpacks rows. All of them share the strings of offers and chains.
type syncRows struct {
	names map[string]string
	row   push.Row
	rest  []byte
}

func (r *syncRows) each(chunk []byte, yield func(*push.Row) error) error {
	for r.rest = chunk; len(r.rest) > 0; {
		r.row.Number = uint32(r.number())
		r.row.Member = string(r.name())
		r.row.Offers = r.list(r.row.Offers[:0])
		r.row.Chains = r.list(r.row.Chains[:0])
		if err := yield(&r.row); err != nil {
			return err
		}
	}
	return nil
}

func (r *syncRows) list(dst []push.Scored) []push.Scored {
	for range r.number() {
		name := r.name()
		id, ok := r.names[string(name)]
		if !ok {
			id = string(name)
			r.names[id] = id
		}
		score := math.Float64frombits(binary.LittleEndian.Uint64(r.rest))
		r.rest = r.rest[8:]
		dst = append(dst, push.Scored{ID: id, Score: score})
	}
	return dst
}

func (r *syncRows) number() uint64 {
	n, size := binary.Uvarint(r.rest)
	r.rest = r.rest[size:]
	return n
}

func (r *syncRows) name() []byte {
	n := r.number()
	name := r.rest[:n]
	r.rest = r.rest[n:]
	return name
}

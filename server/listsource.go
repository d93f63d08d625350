package server

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"time"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/engine/expr"
	"nabo/server/lists"
)

// ListHeader is the first line of every CSV list.
const ListHeader = "member,rank,offer,score,price,valid_through"

// ListSource makes the rows of lists, through the same code as the online
// answers.
type ListSource struct {
	Engine *engine.Engine
	Tokens Tokens
	Now    func() time.Time
}

// Freeze takes a view of the state for one list. One that is taken by somebody
// else is waited for.
func (s *ListSource) Freeze(ctx context.Context, spec *lists.Spec) (lists.Snapshot, error) {
	who, err := newAudience(s.Engine, spec)
	if err != nil {
		return nil, err
	}
	f, err := s.Engine.Freeze(event.At(s.Now()))
	for ; errors.Is(err, engine.ErrFrozen); f, err = s.Engine.Freeze(event.At(s.Now())) {
		if err := waitFor(ctx, freezeAgain); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	snap := &listSnapshot{s: s, f: f, spec: spec}
	if who != nil {
		snap.chosen = who.choose(ctx, s.Engine, f)
	}
	if err := ctx.Err(); err != nil {
		f.Release()
		return nil, err
	}
	return snap, nil
}

const freezeAgain = 100 * time.Millisecond

func waitFor(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// audience says which members a list is for.
type audience struct {
	chain  string
	filter *expr.Program
}

// newAudience gives nil where it is everybody.
func newAudience(e *engine.Engine, spec *lists.Spec) (*audience, error) {
	if spec.Chain == "" && spec.Filter == "" {
		return nil, nil
	}
	a := &audience{chain: spec.Chain}
	if spec.Filter != "" {
		p, err := compileAudience(e, spec.Filter)
		if err != nil {
			return nil, err
		}
		a.filter = p
	}
	return a, nil
}

// compileAudience compiles a filter over the member alone.
func compileAudience(e *engine.Engine, src string) (*expr.Program, error) {
	p, err := e.Compile(src, expr.Filter)
	if err != nil {
		return nil, err
	}
	if p.Uses()&^expr.UsesMember != 0 {
		return nil, errors.New("expected an expression over the member alone")
	}
	return p, nil
}

// holds says whether a member is of the audience.
func (a *audience) holds(p *engine.Profile) bool {
	if a.chain != "" && !slices.Contains(p.Chains, a.chain) {
		return false
	}
	return a.filter == nil || a.filter.Holds(&expr.Input{Member: (*event.Member)(p)})
}

// choose looks at all members once, when the list begins: later it would be
// another audience for those who come last.
func (a *audience) choose(ctx context.Context, e *engine.Engine, f *engine.Frozen) []uint64 {
	chosen := make([]uint64, (f.Members()+63)/64)
	for i := range f.Members() {
		if i%1024 == 0 && ctx.Err() != nil {
			return nil
		}
		if _, ok := f.Token(i); ok {
			if p := f.Profile(i); a.holds(&p) {
				chosen[i/64] |= 1 << (i % 64)
			}
		}
	}
	return chosen
}

// listSnapshot is the state that one list is made from.
type listSnapshot struct {
	s      *ListSource
	f      *engine.Frozen
	spec   *lists.Spec
	chosen []uint64 // by member: a bit for each of the audience; nil: everybody
}

func (v *listSnapshot) Position() uint64 { return v.f.Position() }
func (v *listSnapshot) Time() time.Time  { return v.f.Now().Time() }
func (v *listSnapshot) Release()         { v.f.Release() }

// Members is how many rows there can be: the ids that were given, or all
// members.
func (v *listSnapshot) Members() int {
	if len(v.spec.IDs) > 0 {
		return len(v.spec.IDs)
	}
	return v.f.Members()
}

// Passed lets go of what was kept of members. Of ids that were given, the
// order is not that of the members' numbers.
func (v *listSnapshot) Passed(i int) {
	if len(v.spec.IDs) == 0 {
		v.f.Passed(i)
	}
}

// Worker makes what one goroutine makes rows with.
func (v *listSnapshot) Worker() lists.Worker {
	w := &listWorker{v: v}
	w.query = engine.OfferQuery{
		Scenario: v.spec.Scenario, Chain: v.spec.Chain, Channel: v.spec.Channel, Count: v.spec.Count, Brief: !v.spec.Values,
		Diversity: math.NaN(), RotationRate: math.NaN(),
	}
	return w
}

// listWorker makes rows.
type listWorker struct {
	v      *listSnapshot
	query  engine.OfferQuery
	answer engine.OfferAnswer
}

// Row appends what the list says of one member.
func (w *listWorker) Row(dst []byte, i int) ([]byte, bool) {
	id, number, ok := w.v.member(i)
	if !ok {
		return dst, false
	}
	w.v.f.Offers(number, &w.query, &w.answer)
	if w.v.spec.Format == lists.CSV {
		return appendListCSV(dst, id, &w.answer), len(w.answer.Items) > 0
	}
	return AppendListRow(dst, w.v.f, id, &w.answer, w.v.spec.Values), true
}

// member gives the id and the number of who row i is about; -1 is somebody
// whom nobody knew. It is false for who is not of the audience.
func (v *listSnapshot) member(i int) (id string, number int, ok bool) {
	if len(v.spec.IDs) > 0 {
		id = v.spec.IDs[i]
		if token, known := v.s.Tokens.Token(id); known {
			if n, known := v.f.Number(token); known {
				return id, n, v.isChosen(n)
			}
		}
		return id, -1, v.chosen == nil
	}
	if !v.isChosen(i) {
		return "", 0, false
	}
	token, ok := v.f.Token(i)
	if !ok {
		return "", 0, false
	}
	id, ok = v.s.Tokens.ID(token)
	return id, i, ok
}

func (v *listSnapshot) isChosen(i int) bool {
	return v.chosen == nil || v.chosen[i/64]&(1<<(i%64)) != 0
}

// ListRow is one line of an NDJSON list.
type ListRow struct {
	Member       string     `json:"member"`
	Seq          uint64     `json:"seq" doc:"The log position that the whole list reflects"`
	Personalised bool       `json:"personalised" doc:"Whether what is held on the member was used"`
	Recomms      []ListItem `json:"recomms" nullable:"false" doc:"The best first, as the online answer has them"`
}

// ListItem is one offer of a ListRow: of an OfferRecomm, what identifies it, or
// all of it.
type ListItem struct {
	ID       string       `json:"id" doc:"The offer"`
	Score    Fixed        `json:"score" doc:"Comparable between members"`
	Rank     int          `json:"rank" minimum:"1"`
	Source   string       `json:"source" enum:"filler,repeat,together,trend,kind" doc:"What most of the score comes from"`
	Reason   []string     `json:"reason,omitempty" nullable:"false" doc:"Only with values: why it is here, in words"`
	Explored bool         `json:"explored,omitempty" doc:"It has its place because it is new"`
	Values   *OfferValues `json:"values,omitempty" doc:"Only with values"`
}

// AppendListRow appends a ListRow and a line feed. names, an *engine.Engine or
// an *engine.Frozen, gives what the offers are called; it is asked only if
// values says that the row holds whole items.
func AppendListRow(dst []byte, names namer, member string, a *engine.OfferAnswer, values bool) []byte {
	dst = appendString(append(dst, `{"member":`...), member)
	dst = strconv.AppendUint(append(dst, `,"seq":`...), a.Seq, 10)
	dst = strconv.AppendBool(append(dst, `,"personalised":`...), a.Personalised)
	dst = append(dst, `,"recomms":`...)
	if values {
		dst = appendOffers(dst, names, a.Items, false)
	} else {
		dst = appendBrief(dst, a.Items)
	}
	return append(dst, "}\n"...)
}

// appendBrief appends the items as ListItems without what only values give.
func appendBrief(dst []byte, items []engine.OfferItem) []byte {
	dst = append(dst, '[')
	for i := range items {
		it := &items[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendIdentity(dst, it, i+1)
		if it.Explored {
			dst = append(dst, `,"explored":true`...)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// appendListCSV appends one line for each offer, by ListHeader.
func appendListCSV(dst []byte, member string, a *engine.OfferAnswer) []byte {
	for i := range a.Items {
		it := &a.Items[i]
		dst = append(appendCSV(dst, member), ',')
		dst = append(strconv.AppendInt(dst, int64(i+1), 10), ',')
		dst = append(appendCSV(dst, it.Offer.Spec.Offer), ',')
		dst = append(appendFixed(dst, it.Score), ',')
		if !math.IsNaN(it.Price) {
			dst = appendFixed(dst, it.Price)
		}
		dst = append(dst, ',')
		if it.ValidThrough != 0 {
			from := len(dst)
			dst = appendMoment(dst, it.ValidThrough)
			dst = append(dst[:from], dst[from+1:len(dst)-1]...) // without the quotes
		}
		dst = append(dst, '\n')
	}
	return dst
}

// appendCSV appends a field as RFC 4180 has it. An id holds no line's end.
func appendCSV(dst []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c == '"' || c == ',' || c == '\n' || c == '\r' {
			return appendQuoted(dst, text)
		}
	}
	return append(dst, text...)
}

func appendQuoted(dst []byte, text string) []byte {
	dst = append(dst, '"')
	for i := range len(text) {
		if text[i] == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, text[i])
	}
	return append(dst, '"')
}

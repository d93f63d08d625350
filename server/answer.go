package server

import (
	"math"
	"strconv"
	"time"

	"nabo/engine"
	"nabo/engine/event"
)

// Answer is a list of recommendations as it goes over the wire. The hot roads
// write the same bytes by hand (appendAnswer); a test holds the two together.
type Answer struct {
	RecommID     string       `json:"recommId" doc:"Names this decision: send it along with what the customer then does, or look it up" minLength:"26" maxLength:"26"`
	AsOf         AsOf         `json:"asOf"`
	Personalised bool         `json:"personalised" doc:"Whether the member's own purchases were used"`
	Scenario     *ScenarioRef `json:"scenario,omitempty" doc:"Only where the question names one"`
	Recomms      []Recomm     `json:"recomms" nullable:"false" doc:"The best first"`
	Previous     string       `json:"previous,omitempty" doc:"Only of a next page: the decision before" minLength:"26" maxLength:"26"`
}

// AsOf says which state an answer reflects.
type AsOf struct {
	Seq  uint64    `json:"seq" doc:"The log position"`
	Time time.Time `json:"time" doc:"The moment that fading is reckoned to"`
}

// Recomm is one item of an Answer.
type Recomm struct {
	ID       string     `json:"id" doc:"The product"`
	Score    Fixed      `json:"score" doc:"Comparable within one answer"`
	Rank     int        `json:"rank" minimum:"1"`
	Source   string     `json:"source" enum:"filler,repeat,together,trend,kind" doc:"Which part of the engine it comes from"`
	Reason   []string   `json:"reason" nullable:"false" doc:"Why it is here, in words, the strongest first"`
	Support  Fixed      `json:"support,omitempty" doc:"Bought together: distinct receipts with both, faded"`
	Lift     Fixed      `json:"lift,omitempty" doc:"Bought together: how many times likelier than by chance"`
	LastSeen string     `json:"lastSeen,omitempty" format:"date" doc:"Bought together: the day of the last receipt with both"`
	Values   Values     `json:"values"`
	Evidence []Evidence `json:"evidence,omitempty" doc:"Only with explain: what the score stands on; the shares sum to the score"`
}

// Values is what a surface shows of a product.
type Values struct {
	Name     string `json:"name"`
	Category string `json:"category,omitempty"`
	Brand    string `json:"brand,omitempty"`
	Price    *Fixed `json:"price,omitempty" doc:"Left out where it is not known"`
	Currency string `json:"currency,omitempty" doc:"ISO 4217"`
	Image    string `json:"image,omitempty"`
}

// Evidence is one edge that a score stands on.
type Evidence struct {
	Edge   string `json:"edge" doc:"The kind of binding" example:"together"`
	From   string `json:"from,omitempty" doc:"The product or kind at the other end"`
	Weight Fixed  `json:"weight" doc:"The binding's strength, faded"`
	Share  Fixed  `json:"share" doc:"What it adds to the score; may be below zero"`
}

// sourceName gives a source's name on the wire.
func sourceName(s engine.Source) string {
	switch s {
	case engine.FromRepeat:
		return "repeat"
	case engine.FromTogether:
		return "together"
	case engine.FromTrend:
		return "trend"
	case engine.FromKind:
		return "kind"
	default:
		return "filler"
	}
}

// appendAnswer appends an answer as JSON. It allocates nothing but room in dst.
// A scenario without a name, and a previous decision without an id, are left
// out.
func appendAnswer(dst, recommID []byte, scenario ScenarioRef, a *engine.Answer, previous string) []byte {
	dst = append(dst, `{"recommId":"`...)
	dst = append(dst, recommID...)
	dst = append(dst, `","asOf":`...)
	dst = appendAsOf(dst, a.Seq, a.At)
	dst = append(dst, `,"personalised":`...)
	dst = strconv.AppendBool(dst, a.Personalised)
	if scenario.Name != "" {
		dst = appendScenario(append(dst, ','), scenario.Name, scenario.Version)
	}
	dst = append(dst, `,"recomms":[`...)
	for i := range a.Recomms {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendRecomm(dst, &a.Recomms[i], i+1)
	}
	dst = append(dst, ']')
	if previous != "" {
		dst = append(append(append(dst, `,"previous":"`...), previous...), '"')
	}
	return append(dst, '}')
}

func appendAsOf(dst []byte, seq uint64, at event.Millis) []byte {
	dst = append(dst, `{"seq":`...)
	dst = strconv.AppendUint(dst, seq, 10)
	dst = append(dst, `,"time":"`...)
	dst = at.Time().AppendFormat(dst, time.RFC3339Nano)
	return append(dst, `"}`...)
}

func appendRecomm(dst []byte, r *engine.Recomm, rank int) []byte {
	dst = append(dst, `{"id":`...)
	dst = appendString(dst, r.Product.ID)
	dst = append(dst, `,"score":`...)
	dst = appendFixed(dst, r.Score)
	dst = append(dst, `,"rank":`...)
	dst = strconv.AppendInt(dst, int64(rank), 10)
	return appendRecommRest(dst, r)
}

// appendRecommRest appends what follows an item's id, score and rank.
func appendRecommRest(dst []byte, r *engine.Recomm) []byte {
	dst = append(dst, `,"source":"`...)
	dst = append(dst, sourceName(r.Source)...)
	dst = append(dst, `","reason":[`...)
	dst = appendReasons(dst, r.Reasons)
	dst = append(dst, ']')
	if r.Support != 0 {
		dst = appendFixed(append(dst, `,"support":`...), r.Support)
	}
	if r.Lift != 0 {
		dst = appendFixed(append(dst, `,"lift":`...), r.Lift)
	}
	if r.LastSeen != 0 {
		dst = append(dst, `,"lastSeen":"`...)
		dst = append(appendDay(dst, r.LastSeen), '"')
	}
	dst = append(dst, `,"values":`...)
	dst = appendValues(dst, r.Product)
	if len(r.Evidence) > 0 {
		dst = appendEvidence(append(dst, `,"evidence":[`...), r.Evidence)
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

// appendReasons appends the sentences with their commas. A sentence is written
// into dst first and escaped only if it has something to escape.
func appendReasons(dst []byte, reasons []engine.Reason) []byte {
	for i := range reasons {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		from := len(dst)
		dst = reasons[i].AppendText(dst)
		if plain(dst[from:]) {
			dst = append(dst, '"')
			continue
		}
		dst = appendString(dst[:from-1], string(dst[from:]))
	}
	return dst
}

// plain says whether text stands for itself inside quotes.
func plain(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c == '"' || c == '\\' || c > '~' {
			return false
		}
	}
	return true
}

// appendDay appends a day since the Unix epoch as 2006-01-02. By hand, since an
// answer of 200 has 200 of them.
func appendDay(dst []byte, day int32) []byte {
	year, month, date := time.Unix(int64(day)*86_400, 0).UTC().Date()
	dst = appendTwo(dst, year/100)
	dst = appendTwo(dst, year%100)
	dst = appendTwo(append(dst, '-'), int(month))
	return appendTwo(append(dst, '-'), date)
}

func appendTwo(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

func appendValues(dst []byte, p *engine.Product) []byte {
	dst = appendString(append(dst, `{"name":`...), p.Name)
	if p.Category != "" {
		dst = appendString(append(dst, `,"category":`...), p.Category)
	}
	if p.Brand != "" {
		dst = appendString(append(dst, `,"brand":`...), p.Brand)
	}
	if !math.IsNaN(p.Price) {
		dst = appendFixed(append(dst, `,"price":`...), p.Price)
	}
	if p.Currency != "" {
		dst = appendString(append(dst, `,"currency":`...), p.Currency)
	}
	if p.Image != "" {
		dst = appendString(append(dst, `,"image":`...), p.Image)
	}
	return append(dst, '}')
}

func appendEvidence(dst []byte, evidence []engine.Evidence) []byte {
	for i := range evidence {
		e := &evidence[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(append(dst, `{"edge":`...), e.Edge)
		if e.From != "" {
			dst = appendString(append(dst, `,"from":`...), e.From)
		}
		dst = appendFixed(append(dst, `,"weight":`...), e.Weight)
		dst = appendFixed(append(dst, `,"share":`...), e.Share)
		dst = append(dst, '}')
	}
	return dst
}

// answerOf builds the wire form as a value, for the roads that are not hot.
func answerOf(recommID string, scenario ScenarioRef, a *engine.Answer, previous string) Answer {
	out := Answer{
		RecommID: recommID, AsOf: AsOf{Seq: a.Seq, Time: a.At.Time()},
		Personalised: a.Personalised, Recomms: make([]Recomm, len(a.Recomms)), Previous: previous,
	}
	if scenario.Name != "" {
		out.Scenario = &scenario
	}
	for i := range a.Recomms {
		out.Recomms[i] = recommOf(&a.Recomms[i], i+1)
	}
	return out
}

func recommOf(r *engine.Recomm, rank int) Recomm {
	out := Recomm{
		ID: r.Product.ID, Score: Fixed(r.Score), Rank: rank, Source: sourceName(r.Source),
		Reason: make([]string, len(r.Reasons)), Support: Fixed(r.Support), Lift: Fixed(r.Lift),
		Values: valuesOf(r.Product), Evidence: evidenceOf(r.Evidence),
	}
	for i := range r.Reasons {
		out.Reason[i] = string(r.Reasons[i].AppendText(nil))
	}
	if r.LastSeen != 0 {
		out.LastSeen = string(appendDay(nil, r.LastSeen))
	}
	return out
}

func valuesOf(p *engine.Product) Values {
	return Values{Name: p.Name, Category: p.Category, Brand: p.Brand, Price: priceOf(p.Price), Currency: p.Currency, Image: p.Image}
}

// priceOf gives nil for a price that is not known.
func priceOf(price float64) *Fixed {
	if math.IsNaN(price) {
		return nil
	}
	f := Fixed(price)
	return &f
}

func evidenceOf(evidence []engine.Evidence) []Evidence {
	out := make([]Evidence, len(evidence))
	for i, e := range evidence {
		out[i] = Evidence{Edge: e.Edge, From: e.From, Weight: Fixed(e.Weight), Share: Fixed(e.Share)}
	}
	return out
}

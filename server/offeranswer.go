package server

import (
	"math"
	"strconv"
	"time"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/engine/offer"
	"nabo/engine/rank"
)

// OfferAnswer is a list of offers as it goes over the wire. The hot roads and
// the list runs write the same bytes by hand (appendOfferAnswer,
// appendOffers); a test holds them to this type.
type OfferAnswer struct {
	RecommID        string         `json:"recommId" doc:"Names this decision: send it along with what the customer then does, or look it up" minLength:"26" maxLength:"26"`
	AsOf            AsOf           `json:"asOf"`
	Personalised    bool           `json:"personalised" doc:"Whether what is held on the member was used"`
	ActivationsLeft int            `json:"activationsLeft" doc:"How many more offers the member may have activated at a time" minimum:"0"`
	Scenario        ScenarioRef    `json:"scenario"`
	Candidates      int            `json:"candidates" doc:"How many offers could have been in the list" minimum:"0"`
	Recomms         []OfferRecomm  `json:"recomms" nullable:"false" doc:"The best first"`
	Dropped         []DroppedOffer `json:"dropped,omitempty" doc:"Only with explain: each offer that could not be in the list, and the first rule that left it out"`
	Previous        string         `json:"previous,omitempty" doc:"Only of a next page: the decision before" minLength:"26" maxLength:"26"`
}

// ScenarioRef names a scenario and the version of its configuration.
type ScenarioRef struct {
	Name    string `json:"name" doc:"As it was asked for; empty where none was"`
	Version uint64 `json:"version" doc:"Counts its changes; 0 is built in"`
}

// OfferRecomm is one offer of a list.
type OfferRecomm struct {
	ID          string      `json:"id" doc:"The offer"`
	Score       Fixed       `json:"score" doc:"Comparable between members"`
	Rank        int         `json:"rank" minimum:"1"`
	Source      string      `json:"source" enum:"filler,repeat,together,trend,kind" doc:"What most of the score comes from"`
	Reason      []string    `json:"reason" nullable:"false" doc:"Why it is here, in words, the strongest first"`
	Parts       *OfferParts `json:"parts,omitempty" doc:"Only with explain: the shares that sum to the score, those that are not zero"`
	Explored    bool        `json:"explored,omitempty" doc:"It has its place because it is new"`
	Values      OfferValues `json:"values"`
	Explanation string      `json:"explanation,omitempty" doc:"Only with explain: the reasons as one sentence"`
	Evidence    []Evidence  `json:"evidence,omitempty" doc:"Only with explain: the bindings that the score stands on; the shares sum to the score"`
}

// OfferValues is what a surface or a mail's template shows of an offer.
type OfferValues struct {
	Name         string         `json:"name"`
	Image        string         `json:"image,omitempty"`
	Price        *Fixed         `json:"price,omitempty" doc:"Before; left out where it is not known"`
	MemberPrice  *Fixed         `json:"memberPrice,omitempty" doc:"What the member pays, their own price if they have one; left out where it is not known"`
	Currency     string         `json:"currency,omitempty" doc:"ISO 4217"`
	ValidFrom    *time.Time     `json:"validFrom,omitempty"`
	ValidThrough *time.Time     `json:"validThrough,omitempty" doc:"The last moment at which the member has it; left out where it has no end"`
	Products     []string       `json:"products,omitempty" doc:"The first products that it names, five at most"`
	FundedBy     string         `json:"fundedBy,omitempty"`
	Attributes   attributesJSON `json:"attributes,omitempty"`
}

// DroppedOffer is an offer that was left out, and why.
type DroppedOffer struct {
	ID   string `json:"id" doc:"The offer"`
	Rule string `json:"rule" enum:"withdrawn,not-yet,ended,chain,store,stock,budget,limit,activated,consent,audience,pointless,filter,excluded,not-asked" doc:"The first rule that left it out"`
}

// namer says what an offer is called: the engine, or a view of it that is
// frozen.
type namer interface {
	Naming(o *offer.Entry) (name, image string)
}

// productsShown is how many of an offer's products go with it.
const productsShown = 5

// appendOfferAnswer appends an answer as JSON. It allocates nothing but room
// in dst. scenario is the name as it was asked for; previous is empty but for
// a next page.
func appendOfferAnswer(dst, recommID []byte, e namer, scenario string, a *engine.OfferAnswer, explain bool, previous string) []byte {
	dst = append(dst, `{"recommId":"`...)
	dst = append(dst, recommID...)
	dst = append(dst, `","asOf":`...)
	dst = appendAsOf(dst, a.Seq, a.At)
	dst = append(dst, `,"personalised":`...)
	dst = strconv.AppendBool(dst, a.Personalised)
	dst = append(dst, `,"activationsLeft":`...)
	dst = strconv.AppendInt(dst, int64(a.ActivationsLeft), 10)
	dst = appendScenario(append(dst, ','), scenario, a.Scenario.Version)
	dst = append(dst, `,"candidates":`...)
	dst = strconv.AppendInt(dst, int64(a.Candidates), 10)
	dst = append(dst, `,"recomms":`...)
	dst = appendOffers(dst, e, a.Items, explain)
	if explain && len(a.Dropped) > 0 {
		dst = appendDropped(append(dst, `,"dropped":`...), a.Dropped)
	}
	if previous != "" {
		dst = append(append(append(dst, `,"previous":"`...), previous...), '"')
	}
	return append(dst, '}')
}

func appendScenario(dst []byte, name string, version uint64) []byte {
	dst = appendString(append(dst, `"scenario":{"name":`...), name)
	dst = append(dst, `,"version":`...)
	dst = strconv.AppendUint(dst, version, 10)
	return append(dst, '}')
}

// appendOffers appends a list's offers as a JSON array: the one form for
// answers and for the rows of lists.
func appendOffers(dst []byte, e namer, items []engine.OfferItem, explain bool) []byte {
	dst = append(dst, '[')
	for i := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendOfferItem(dst, e, &items[i], i+1, explain)
	}
	return append(dst, ']')
}

// appendOfferItem appends one offer of a list.
func appendOfferItem(dst []byte, e namer, it *engine.OfferItem, rank int, explain bool) []byte {
	return appendOfferRest(appendIdentity(dst, it, rank), e, it, explain)
}

// appendOfferRest appends what follows the item's beginning.
func appendOfferRest(dst []byte, e namer, it *engine.OfferItem, explain bool) []byte {
	dst = append(dst, `,"reason":[`...)
	dst = appendReasons(dst, it.Reasons)
	dst = append(dst, ']')
	if explain {
		dst = appendParts(append(dst, `,"parts":`...), &it.Parts)
	}
	if it.Explored {
		dst = append(dst, `,"explored":true`...)
	}
	dst = appendOfferValues(append(dst, `,"values":`...), e, it)
	if explain {
		dst = appendExplanation(dst, it.Reasons)
	}
	if explain && len(it.Evidence) > 0 {
		dst = appendEvidence(append(dst, `,"evidence":[`...), it.Evidence)
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

// appendIdentity appends the beginning of an item: which offer, its score, its
// rank and its source.
func appendIdentity(dst []byte, it *engine.OfferItem, rank int) []byte {
	dst = append(dst, `{"id":`...)
	dst = appendString(dst, it.Offer.Spec.Offer)
	dst = append(dst, `,"score":`...)
	dst = appendFixed(dst, it.Score)
	dst = append(dst, `,"rank":`...)
	dst = strconv.AppendInt(dst, int64(rank), 10)
	dst = append(dst, `,"source":"`...)
	dst = append(dst, sourceName(it.Source)...)
	return append(dst, '"')
}

// appendParts appends the shares that are not zero once they are rounded as
// they are written.
func appendParts(dst []byte, parts *[rank.Parts]float32) []byte {
	dst = append(dst, '{')
	first := true
	for i, v := range parts {
		if v == 0 {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(append(append(dst, '"'), rank.Part(i).String()...), `":`...)
		dst = appendFixed(dst, float64(v))
	}
	return append(dst, '}')
}

// appendExplanation appends the reasons as one sentence.
func appendExplanation(dst []byte, reasons []engine.Reason) []byte {
	if len(reasons) == 0 {
		return dst
	}
	dst = append(dst, `,"explanation":"`...)
	from := len(dst)
	dst = append(engine.AppendSentence(dst, reasons), '.')
	if plain(dst[from:]) {
		return append(dst, '"')
	}
	return appendString(dst[:from-1], string(dst[from:]))
}

func appendOfferValues(dst []byte, e namer, it *engine.OfferItem) []byte {
	spec := it.Offer.Spec
	name, image := e.Naming(it.Offer)
	dst = appendString(append(dst, `{"name":`...), name)
	if image != "" {
		dst = appendString(append(dst, `,"image":`...), image)
	}
	if !math.IsNaN(spec.Price) {
		dst = appendFixed(append(dst, `,"price":`...), spec.Price)
	}
	if !math.IsNaN(it.Price) {
		dst = appendFixed(append(dst, `,"memberPrice":`...), it.Price)
	}
	if spec.Currency != "" {
		dst = appendString(append(dst, `,"currency":`...), spec.Currency)
	}
	if spec.ValidFrom != 0 {
		dst = appendMoment(append(dst, `,"validFrom":`...), spec.ValidFrom)
	}
	if it.ValidThrough != 0 {
		dst = appendMoment(append(dst, `,"validThrough":`...), it.ValidThrough)
	}
	if len(spec.Products) > 0 {
		dst = append(dst, `,"products":[`...)
		for i, id := range spec.Products[:min(len(spec.Products), productsShown)] {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, id)
		}
		dst = append(dst, ']')
	}
	if spec.FundedBy != "" {
		dst = appendString(append(dst, `,"fundedBy":`...), spec.FundedBy)
	}
	if len(spec.Attributes) > 0 {
		dst = appendAttributes(append(dst, `,"attributes":`...), spec.Attributes)
	}
	return append(dst, '}')
}

func appendAttributes(dst []byte, attributes []event.Attribute) []byte {
	dst = append(dst, '{')
	for i := range attributes {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, attributes[i].Name), ':')
		switch v := &attributes[i].Value; v.Kind {
		case event.KindText:
			dst = appendString(dst, v.Text)
		case event.KindBool:
			dst = strconv.AppendBool(dst, v.Num != 0)
		default:
			dst = appendNumber(dst, v.Num)
		}
	}
	return append(dst, '}')
}

// appendNumber appends x as exactly as it is held; what is no number is 0.
func appendNumber(dst []byte, x float64) []byte {
	form := byte('f')
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return append(dst, '0')
	case math.Abs(x) >= 1e21 || x != 0 && math.Abs(x) < 1e-6:
		form = 'e'
	}
	return strconv.AppendFloat(dst, x, form, -1, 64)
}

func appendDropped(dst []byte, dropped []engine.OfferDrop) []byte {
	dst = append(dst, '[')
	for i, d := range dropped {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(append(dst, `{"id":`...), d.Offer.Spec.Offer)
		dst = append(append(append(dst, `,"rule":"`...), d.Rule.String()...), `"}`...)
	}
	return append(dst, ']')
}

// appendMoment appends a moment in quotes as encoding/json writes it, by hand:
// a list has many of them.
func appendMoment(dst []byte, at event.Millis) []byte {
	const day = 86_400_000
	days, rest := int64(at)/day, int64(at)%day
	if rest < 0 {
		days, rest = days-1, rest+day
	}
	dst = appendDay(append(dst, '"'), int32(days))
	dst = appendTwo(append(dst, 'T'), int(rest/3_600_000))
	dst = appendTwo(append(dst, ':'), int(rest/60_000%60))
	dst = appendTwo(append(dst, ':'), int(rest/1000%60))
	if ms := int(rest % 1000); ms != 0 {
		dst = append(dst, '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10))
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
	}
	return append(dst, 'Z', '"')
}

// offerAnswerOf builds the wire form as a value, for the roads that are not
// hot.
func offerAnswerOf(recommID string, e namer, scenario string, a *engine.OfferAnswer, explain bool, previous string) OfferAnswer {
	out := OfferAnswer{
		RecommID: recommID, AsOf: AsOf{Seq: a.Seq, Time: a.At.Time()}, Personalised: a.Personalised,
		ActivationsLeft: a.ActivationsLeft, Scenario: ScenarioRef{scenario, a.Scenario.Version}, Candidates: a.Candidates,
		Recomms: offerRecommsOf(e, a.Items, explain), Previous: previous,
	}
	for _, d := range a.Dropped {
		if explain {
			out.Dropped = append(out.Dropped, DroppedOffer{d.Offer.Spec.Offer, d.Rule.String()})
		}
	}
	return out
}

func offerRecommsOf(e namer, items []engine.OfferItem, explain bool) []OfferRecomm {
	out := make([]OfferRecomm, len(items))
	for i := range items {
		out[i] = offerRecommOf(e, &items[i], i+1, explain)
	}
	return out
}

// offerRecommOf is one offer of a list as a value.
func offerRecommOf(e namer, it *engine.OfferItem, rank int, explain bool) OfferRecomm {
	out := OfferRecomm{
		ID: it.Offer.Spec.Offer, Score: Fixed(it.Score), Rank: rank, Source: sourceName(it.Source),
		Reason: sentences(it.Reasons), Explored: it.Explored, Values: offerValuesOf(e, it),
	}
	if explain {
		parts := OfferParts(it.Parts)
		out.Parts, out.Evidence = &parts, evidenceOf(it.Evidence)
		if len(it.Reasons) > 0 {
			out.Explanation = string(engine.AppendSentence(nil, it.Reasons)) + "."
		}
	}
	return out
}

func sentences(reasons []engine.Reason) []string {
	out := make([]string, len(reasons))
	for i := range reasons {
		out[i] = string(reasons[i].AppendText(nil))
	}
	return out
}

func offerValuesOf(e namer, it *engine.OfferItem) OfferValues {
	spec := it.Offer.Spec
	out := OfferValues{
		Price: priceOf(spec.Price), MemberPrice: priceOf(it.Price), Currency: spec.Currency,
		ValidFrom: momentOf(spec.ValidFrom), ValidThrough: momentOf(it.ValidThrough),
		Products: spec.Products[:min(len(spec.Products), productsShown)], FundedBy: spec.FundedBy, Attributes: spec.Attributes,
	}
	out.Name, out.Image = e.Naming(it.Offer)
	return out
}

// momentOf gives nil for a bound that is not set.
func momentOf(at event.Millis) *time.Time {
	if at == 0 {
		return nil
	}
	t := at.Time()
	return &t
}

package engine_test

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/engine/expr"
	"nabo/engine/rank"
)

// offerBody makes the bodies of events about offers; false: verb is none.
// Days in from= and through= are days of the script.
func (s *script) offerBody(ev *event.Event, verb, what string, opts map[string]string) bool {
	switch verb {
	case "offers":
		ev.Type, ev.Body = event.TypeOfferUpserted, s.offer(what, opts)
	case "withdraws":
		ev.Type, ev.Body = event.TypeOfferWithdrawn, &event.OfferWithdrawn{Offer: what}
	case "gets-own-terms":
		ev.Type, ev.Body = event.TypeOfferPersonal, &event.OfferPersonal{
			Offer: what, Price: number(opts, "price", math.NaN()), ValidFrom: day(opts, "from"), ValidThrough: day(opts, "through")}
	case "activates":
		ev.Type, ev.Body = event.TypeOfferActivated, &event.OfferActivated{Offer: what}
	case "asks-for":
		ev.Type, ev.Body = event.TypeOfferActivated, &event.OfferActivated{Offer: what, Ask: true}
	case "gives-back":
		ev.Type, ev.Body = event.TypeOfferDeactivated, &event.OfferDeactivated{Offer: what}
	case "redeems":
		r := &event.OfferRedeemed{Offer: what, Discount: number(opts, "discount", 0)}
		if on := opts["on"]; on != "" {
			r.Receipt = event.KeyOf("", on)
		}
		ev.Type, ev.Body = event.TypeOfferRedeemed, r
	case "is-shown":
		ev.Type, ev.Body = event.TypeImpression, &event.Impression{IDs: strings.Split(what, ",")}
	case "agrees-to", "refuses":
		purpose := map[string]event.Purpose{"personalisation": event.Personalisation, "marketing": event.Marketing}[what]
		ev.Type, ev.Body = event.TypeConsentChanged, &event.Consent{Channel: opts["channel"], Purpose: purpose, Granted: verb == "agrees-to"}
	case "is-described":
		ev.Type, ev.Body = event.TypeMemberUpserted, &event.Member{HomeStore: opts["home"], Chains: list(opts["chains"]), Attributes: []event.Attribute{
			{Name: "household", Value: event.Value{Kind: event.KindText, Text: opts["household"]}}}}
	case "sets":
		ev.Type, ev.Body = event.TypeScenarioChanged, &event.Scenario{Scenario: what, Config: opts["config"]}
	default:
		return false
	}
	if err := s.e.Check(ev); err != nil {
		s.t.Fatalf("%s %s: %v", verb, what, err)
	}
	return true
}

func (s *script) offer(id string, opts map[string]string) *event.Offer {
	return &event.Offer{
		Offer: id, Name: opts["name"], Products: list(opts["products"]), Categories: list(opts["categories"]),
		ValidFrom: day(opts, "from"), ValidThrough: day(opts, "through"), Chains: list(opts["chains"]), Stores: list(opts["stores"]),
		Audience: opts["audience"], Price: number(opts, "price", math.NaN()), MemberPrice: number(opts, "member-price", math.NaN()),
		Budget: event.Budget{
			Activations: int64(number(opts, "activations", 0)), Redemptions: int64(number(opts, "redemptions", 0)), Discount: number(opts, "money", 0)},
		PerMember: event.PerMember{Activations: int64(number(opts, "times", 0)), Redemptions: int64(number(opts, "uses", 0))},
		Priority:  number(opts, "priority", 0), Margin: number(opts, "margin", 0), FundedBy: opts["funder"],
	}
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func number(opts map[string]string, name string, otherwise float64) float64 {
	if opts[name] == "" {
		return otherwise
	}
	v, _ := strconv.ParseFloat(opts[name], 64)
	return v
}

func day(opts map[string]string, name string) event.Millis {
	if opts[name] == "" {
		return 0
	}
	return event.Millis(opening.UnixMilli() + int64(number(opts, name, 0)*24*3600*1000))
}

// askOffers answers "offers ida count=3 parts dropped", "verdict ida offer" and
// "scenario name"; false: the question is none of them.
func (s *script) askOffers(out *bytes.Buffer, words []string) bool {
	switch words[0] {
	case "offers":
		s.writeOffers(out, words[1:])
	case "touched":
		s.writeTouched(out, words[1:])
	case "verdict":
		v, ok := s.e.Verdict(event.KeyOf("", words[1]))
		fmt.Fprintln(out, v, ok)
	case "redeemed":
		o, _ := s.e.OfferNamed(words[1])
		fmt.Fprintf(out, "%d times, %d beyond what was allowed, for %g\n", o.Redemptions, o.Over, o.Discount)
	case "explored":
		s.explored(out, words[1], words[2])
	case "scenario":
		sc := s.e.Scenario(words[1])
		fmt.Fprintf(out, "version %d: %d a list\n", sc.Version, sc.Count)
	default:
		return false
	}
	return true
}

// writeTouched answers "touched ida session=s1 basket=a,b without=c store=x".
func (s *script) writeTouched(out *bytes.Buffer, words []string) {
	opts := map[string]string{}
	for _, w := range words[1:] {
		k, v, _ := strings.Cut(w, "=")
		opts[k] = v
	}
	var a engine.TouchAnswer
	s.e.Touched(&engine.TouchQuery{
		Member: s.token(words[0]), Store: opts["store"], Session: event.HashID(opts["session"]),
		Basket: list(opts["basket"]), Without: list(opts["without"]),
	}, s.now, &a)
	for i := range a.Touches {
		t := &a.Touches[i]
		fmt.Fprintf(out, "%s by %s, activated %v: %s\n", t.Item.Offer.Spec.Offer, t.Product.ID, t.Activated, engine.AppendSentence(nil, t.Item.Reasons))
	}
	if len(a.Touches) == 0 {
		fmt.Fprintln(out, "none")
	}
}

// explored tells which share of the slots of so many strangers' lists went to
// each offer because it is new.
func (s *script) explored(out *bytes.Buffer, scenario, strangers string) {
	n, _ := strconv.Atoi(strangers)
	slots, times := 0, map[string]int{}
	for i := range n {
		var a engine.OfferAnswer
		s.e.Offers(&engine.OfferQuery{
			Member: event.Token(1_000_000 + i), Scenario: scenario, Count: 5, Diversity: math.NaN(), RotationRate: math.NaN()}, s.now, &a)
		slots += len(a.Items)
		for i := range a.Items {
			if a.Items[i].Explored {
				times[a.Items[i].Offer.Spec.Offer]++
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(times)) {
		fmt.Fprintf(out, "%s %.3f of %d slots\n", id, float64(times[id])/float64(slots), slots)
	}
}

func (s *script) writeOffers(out *bytes.Buffer, words []string) {
	q := engine.OfferQuery{Count: 5, Diversity: math.NaN(), RotationRate: math.NaN()}
	parts, dropped := false, false
	for _, w := range words {
		k, v, named := strings.Cut(w, "=")
		switch {
		case w[0] == '@':
			q.Store = w[1:]
		case w[0] == '%':
			q.Chain = w[1:]
		case w == "explain":
			q.Explain = true
		case w == "parts":
			parts = true
		case w == "dropped":
			dropped, q.Trace = true, true
		case !named:
			q.Member = s.token(w)
		case k == "count":
			q.Count, _ = strconv.Atoi(v)
		case k == "scenario":
			q.Scenario = v
		case k == "channel":
			q.Channel = v
		case k == "basket":
			q.Basket = list(v)
		case k == "after":
			q.After = v
		case k == "exclude":
			q.Exclude = list(v)
		case k == "session":
			q.Session = event.HashID(v)
		case k == "filter" || k == "booster":
			kind, into := expr.Filter, &q.Filter
			if k == "booster" {
				kind, into = expr.Booster, &q.Booster
			}
			p, err := s.e.Compile(strings.ReplaceAll(v, "_", " "), kind)
			if err != nil {
				s.t.Fatal(err)
			}
			*into = p
		default:
			s.t.Fatalf("what is %q?", w)
		}
	}
	var a engine.OfferAnswer
	s.e.Offers(&q, s.now, &a)
	fmt.Fprintf(out, "%d candidates, %d activations left, personalised %v\n", a.Candidates, a.ActivationsLeft, a.Personalised)
	for i := range a.Items {
		s.writeItem(out, &a.Items[i], parts)
	}
	for _, d := range a.Dropped {
		if dropped {
			fmt.Fprintf(out, "  left out: %s, %s\n", d.Offer.Spec.Offer, d.Rule)
		}
	}
}

func (s *script) writeItem(out *bytes.Buffer, it *engine.OfferItem, parts bool) {
	fmt.Fprintf(out, "%s %.4f %s", it.Offer.Spec.Offer, it.Score, it.Source)
	if !math.IsNaN(it.Price) {
		fmt.Fprintf(out, " at %g", it.Price)
	}
	fmt.Fprintf(out, ": %s\n", engine.AppendSentence(nil, it.Reasons))
	sum := 0.0
	for p, v := range it.Parts {
		sum += float64(v)
		if parts && v != 0 {
			fmt.Fprintf(out, "    %s %.4f\n", rank.Part(p), v)
		}
	}
	s.sums(it, "parts", sum)
	sum = 0
	for _, ev := range it.Evidence {
		fmt.Fprintf(out, "    %s %s %.4f\n", ev.Edge, ev.From, ev.Share)
		sum += ev.Share
	}
	if len(it.Evidence) > 0 {
		s.sums(it, "shares", sum)
	}
}

func (s *script) sums(it *engine.OfferItem, what string, sum float64) {
	if math.Abs(sum-it.Score) > 1e-5*(1+math.Abs(it.Score)) {
		s.t.Errorf("%s: the %s sum to %v, the score is %v", it.Offer.Spec.Offer, what, sum, it.Score)
	}
}

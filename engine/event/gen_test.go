package event

import (
	"math"
	"slices"
	"strings"
	"unicode"

	"pgregory.net/rapid"
)

// Generators of valid events. They lean towards the odd: empty fields, other
// scripts, quotes, numbers with many digits.

func genID() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[a-z0-9]{1,13}`),
		rapid.StringOfN(rapid.RuneFrom(nil, unicode.L, unicode.N, unicode.P, unicode.S), 1, 20, MaxID),
		rapid.SampledFrom([]string{`"`, `\`, "a b", "~/", "<&>", "\ufffd", "🍓", strings.Repeat("x", MaxID)}),
	)
}

func maybe(g *rapid.Generator[string]) *rapid.Generator[string] {
	return rapid.OneOf(rapid.Just(""), g)
}

func genText() *rapid.Generator[string] {
	return maybe(rapid.OneOf(genID(), rapid.SampledFrom([]string{"a\tb\r\nc", "\u00a0", "rødgrød", strings.Repeat("ø", MaxText/2)})))
}

func genNumber() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.Float64Range(-MaxNumber, MaxNumber),
		rapid.Map(rapid.IntRange(-100_000, 100_000), func(n int) float64 { return float64(n) / 100 }),
		rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1e-9, 5e-324, MaxNumber, 0.1 + 0.2}),
	)
}

func genPrice() *rapid.Generator[float64] {
	return rapid.OneOf(rapid.Just(math.NaN()), genNumber())
}

func genLine(returns bool) *rapid.Generator[Line] {
	return rapid.Custom(func(t *rapid.T) Line {
		qty := math.Abs(genNumber().Draw(t, "qty"))
		if qty == 0 {
			qty = 1
		}
		return Line{
			Product: genID().Draw(t, "product"), Qty: qty, Price: genPrice().Draw(t, "price"),
			Discount: genNumber().Draw(t, "discount"), Offer: maybe(genID()).Draw(t, "offer"),
			Return: returns && rapid.Bool().Draw(t, "return"),
		}
	})
}

func genAttributes() *rapid.Generator[[]Attribute] {
	return rapid.Custom(func(t *rapid.T) []Attribute {
		names := rapid.SliceOfNDistinct(genID(), 0, 4, rapid.ID[string]).Draw(t, "names")
		slices.Sort(names)
		var attributes []Attribute
		for _, name := range names {
			v := Value{Kind: rapid.SampledFrom([]ValueKind{KindText, KindNumber, KindBool}).Draw(t, "kind")}
			switch v.Kind {
			case KindText:
				v.Text = genText().Draw(t, "text")
			case KindNumber:
				v.Num = rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64).Draw(t, "number")
			case KindBool:
				v.Num = float64(rapid.IntRange(0, 1).Draw(t, "bool"))
			}
			attributes = append(attributes, Attribute{name, v})
		}
		return attributes
	})
}

func genBody(t *rapid.T, kind Type) Body {
	id := func(name string) string { return genID().Draw(t, name) }
	text := func(name string) string { return genText().Draw(t, name) }
	currency := rapid.SampledFrom([]string{"", "DKK", "EUR"})
	switch kind {
	case TypeReceipt:
		return &Receipt{Currency: currency.Draw(t, "currency"), OriginalID: maybe(genID()).Draw(t, "original"),
			Lines: rapid.SliceOfN(genLine(true), 1, 20).Draw(t, "lines")}
	case TypeView:
		return &View{Product: id("product"), RecommID: maybe(genID()).Draw(t, "recomm")}
	case TypeCart:
		return &Cart{CartID: id("cart"), Action: rapid.SampledFrom([]Action{ActionAdd, ActionRemove, ActionSet}).Draw(t, "action"),
			Lines: rapid.SliceOfN(genLine(false), 1, 5).Draw(t, "lines")}
	case TypeScan:
		return &Scanned{Product: id("product"), Action: rapid.SampledFrom([]Action{ActionAdd, ActionRemove}).Draw(t, "action")}
	case TypeProductUpserted:
		return &Product{Product: id("product"), Name: text("name"), Category: text("category"), Brand: text("brand"), Image: text("image"),
			Currency: currency.Draw(t, "currency"), Price: genPrice().Draw(t, "price"), Attributes: genAttributes().Draw(t, "attributes")}
	case TypeProductDeleted:
		return &ProductDeleted{Product: id("product")}
	case TypeStockChanged:
		return &Stock{Product: id("product"), Availability: rapid.SampledFrom([]Availability{InStock, LimitedAvailability, OutOfStock}).Draw(t, "stock")}
	case TypeMemberUpserted:
		m := &Member{HomeStore: maybe(genID()).Draw(t, "home"), Timezone: rapid.SampledFrom([]string{"", "UTC", "America/Port-au-Prince"}).Draw(t, "zone"),
			Attributes: genAttributes().Draw(t, "attributes")}
		if chains := rapid.SliceOfN(genID(), 0, 3).Draw(t, "chains"); len(chains) > 0 {
			m.Chains = chains
		}
		return m
	case TypeMemberErased:
		return &MemberErased{}
	case TypeMemberMerged:
		return &MemberMerged{IntoID: id("into") + "'"}
	case TypeMemberIdentified:
		return &MemberIdentified{}
	case TypeSignal:
		return &Signal{Product: id("product"), Weight: genNumber().Draw(t, "weight"), From: maybe(genID()).Draw(t, "from")}
	}
	return genOfferBody(t, kind)
}

func genOfferBody(t *rapid.T, kind Type) Body {
	offer := genID().Draw(t, "offer")
	channel, recomm := maybe(rapid.StringMatching(`[a-z ]{1,64}`)).Draw(t, "channel"), maybe(genID()).Draw(t, "recomm")
	from := Millis(rapid.SampledFrom([]int64{0, 1, int64(at)}).Draw(t, "from"))
	through := Millis(rapid.SampledFrom([]int64{0, int64(at), int64(maxTime)}).Draw(t, "through"))
	cost := rapid.Map(genNumber(), func(v float64) float64 { return math.Abs(v) })
	switch kind {
	case TypeOfferUpserted:
		return genOffer(t, offer, from, through)
	case TypeOfferWithdrawn:
		return &OfferWithdrawn{Offer: offer}
	case TypeOfferPersonal:
		return &OfferPersonal{Offer: offer, Price: genPrice().Draw(t, "price"), ValidFrom: from, ValidThrough: through}
	case TypeOfferActivated:
		return &OfferActivated{Offer: offer, Channel: channel, RecommID: recomm}
	case TypeOfferDeactivated:
		return &OfferDeactivated{Offer: offer, Channel: channel, RecommID: recomm}
	case TypeOfferRedeemed:
		return &OfferRedeemed{Offer: offer, Channel: channel, RecommID: recomm, ReceiptID: maybe(genID()).Draw(t, "receipt"), Discount: cost.Draw(t, "discount")}
	case TypeImpression:
		return &Impression{RecommID: recomm, Channel: channel, IDs: rapid.SliceOfN(genID(), 1, 5).Draw(t, "ids")}
	case TypeConsentChanged:
		return &Consent{Channel: rapid.SampledFrom([]string{"", "email", "push", "inapp"}).Draw(t, "to"),
			Purpose: rapid.SampledFrom([]Purpose{Personalisation, Marketing}).Draw(t, "purpose"), Granted: rapid.Bool().Draw(t, "granted")}
	}
	return &Scenario{Scenario: offer, Config: rapid.SampledFrom([]string{"{}", `{"count":35,"weights":{"own":1.0,"b":[null,{"":"\u00e6 é"}]},"filter":"offer.price > 2"}`}).Draw(t, "config")}
}

func genOffer(t *rapid.T, offer string, from, through Millis) *Offer {
	ids := func(name string) []string {
		if ids := rapid.SliceOfN(genID(), 0, 3).Draw(t, name); len(ids) > 0 {
			return ids
		}
		return nil
	}
	count := rapid.SampledFrom([]int64{0, 1, 12_345, MaxNumber})
	return &Offer{
		Offer: offer, Name: genText().Draw(t, "name"), Image: genText().Draw(t, "image"),
		Products: ids("products"), Categories: ids("categories"), ValidFrom: from, ValidThrough: through,
		Chains: ids("chains"), Stores: ids("stores"), Audience: genText().Draw(t, "audience"),
		Price: genPrice().Draw(t, "price"), MemberPrice: genPrice().Draw(t, "memberPrice"),
		Currency: rapid.SampledFrom([]string{"", "DKK"}).Draw(t, "currency"),
		Budget: Budget{Activations: count.Draw(t, "activations"), Redemptions: count.Draw(t, "redemptions"),
			Discount: math.Abs(genNumber().Draw(t, "discount"))},
		PerMember: PerMember{Activations: -count.Draw(t, "activationsEach"), Redemptions: count.Draw(t, "redemptionsEach")},
		Priority:  genNumber().Draw(t, "priority"), Margin: genNumber().Draw(t, "margin"),
		FundedBy: maybe(genID()).Draw(t, "funder"), Attributes: genAttributes().Draw(t, "attributes"),
	}
}

// genEvent makes a valid event in its outer form.
func genEvent() *rapid.Generator[Event] {
	return rapid.Custom(func(t *rapid.T) Event {
		ev := Event{Type: Type(rapid.IntRange(int(TypeReceipt), int(TypeScenarioChanged)).Draw(t, "type"))}
		ev.ID = maybe(genID()).Draw(t, "id")
		ev.Source = maybe(genID()).Draw(t, "source")
		ev.Time = Millis(rapid.Int64Range(1, 4e12).Draw(t, "time"))
		if ev.ID != "" && rapid.Bool().Draw(t, "timeless") {
			ev.Time = 0
		}
		allowed, required := commonFields(ev.Type)
		for _, f := range []struct {
			bit fields
			to  *string
		}{{fieldStore, &ev.Store}, {fieldChain, &ev.Chain}, {fieldSession, &ev.SessionID}, {fieldMember, &ev.MemberID}} {
			if required&f.bit != 0 {
				*f.to = genID().Filter(func(s string) bool { return len(s) < MaxID }).Draw(t, "field")
			} else if allowed&f.bit != 0 {
				*f.to = maybe(genID()).Draw(t, "field")
			}
		}
		ev.Body = genBody(t, ev.Type)
		if m, ok := ev.Body.(*MemberMerged); ok && (m.IntoID == ev.MemberID || len(m.IntoID) > MaxID) {
			m.IntoID = ev.MemberID + "2"
			m.IntoID = m.IntoID[len(m.IntoID)-min(len(m.IntoID), MaxID):]
		}
		return ev
	})
}

// admit turns an event into its admitted form, as the gate does.
func admit(ev Event, key, token uint64, received Millis) Event {
	ev.Key, ev.Received = KeyOf(ev.Source, ev.ID)^key, received
	ev.Session = HashID(ev.SessionID)
	if ev.MemberID != "" {
		ev.Member = Token(token)
	}
	ev.ID, ev.Source, ev.SessionID, ev.MemberID = "", "", "", ""
	switch b := ev.Body.(type) {
	case *Receipt:
		if b.OriginalID != "" {
			b.Original, b.OriginalID = KeyOf("", b.OriginalID), ""
		}
	case *Cart:
		b.Cart, b.CartID = HashID(b.CartID), ""
	case *MemberMerged:
		b.Into, b.IntoID = Token(token+1), ""
	case *OfferActivated:
		b.Ask = key&1 == 1 // the server's doing
	case *OfferRedeemed:
		if b.ReceiptID != "" {
			b.Receipt, b.ReceiptID = KeyOf("", b.ReceiptID), ""
		}
	}
	return ev
}

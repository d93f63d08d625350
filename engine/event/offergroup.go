package event

import "encoding/binary"

// appendOfferBody writes the bodies about offers, consents and scenarios.
func appendOfferBody(dst []byte, body Body) []byte {
	switch b := body.(type) {
	case *Offer:
		return appendOffer(dst, b)
	case *OfferWithdrawn:
		return appendText(dst, b.Offer)
	case *OfferPersonal:
		return appendMillis(appendMillis(appendNumber(appendText(dst, b.Offer), b.Price), b.ValidFrom), b.ValidThrough)
	case *OfferActivated:
		return append(appendText(appendText(appendText(dst, b.Offer), b.Channel), b.RecommID), flagIf(b.Ask, 1))
	case *OfferDeactivated:
		return appendText(appendText(appendText(dst, b.Offer), b.Channel), b.RecommID)
	case *OfferRedeemed:
		dst = appendText(appendText(appendText(dst, b.Offer), b.Channel), b.RecommID)
		return appendNumber(binary.LittleEndian.AppendUint64(dst, b.Receipt), b.Discount)
	case *Impression:
		return appendText(appendTexts(appendText(dst, b.RecommID), b.IDs), b.Channel)
	case *Consent:
		return append(appendText(dst, b.Channel), byte(b.Purpose), flagIf(b.Granted, 1))
	case *Scenario:
		return appendText(appendText(dst, b.Scenario), b.Config)
	}
	panic("event: AppendGroup of an event without a body")
}

func appendOffer(dst []byte, b *Offer) []byte {
	dst = appendText(appendText(appendText(dst, b.Offer), b.Name), b.Image)
	dst = appendTexts(appendTexts(dst, b.Products), b.Categories)
	dst = appendMillis(appendMillis(dst, b.ValidFrom), b.ValidThrough)
	dst = appendText(appendTexts(appendTexts(dst, b.Chains), b.Stores), b.Audience)
	dst = appendText(appendNumber(appendNumber(dst, b.Price), b.MemberPrice), b.Currency)
	for _, n := range [...]int64{b.Budget.Activations, b.Budget.Redemptions, b.PerMember.Activations, b.PerMember.Redemptions} {
		dst = binary.AppendVarint(dst, n)
	}
	for _, v := range [...]float64{b.Budget.Discount, b.Priority, b.Margin} {
		dst = appendNumber(dst, v)
	}
	return appendAttributes(appendText(dst, b.FundedBy), b.Attributes)
}

func appendMillis(dst []byte, at Millis) []byte { return binary.AppendVarint(dst, int64(at)) }

// offerBody reads the bodies about offers, consents and scenarios. None of
// them is used again: they are rare, or kept.
func (r *groupReader) offerBody(t Type) Body {
	switch t {
	case TypeOfferUpserted:
		return r.offer()
	case TypeOfferWithdrawn:
		return &OfferWithdrawn{Offer: r.text()}
	case TypeOfferPersonal:
		return &OfferPersonal{Offer: r.text(), Price: r.price(), ValidFrom: r.millis(), ValidThrough: r.millis()}
	case TypeOfferActivated:
		return &OfferActivated{Offer: r.text(), Channel: r.text(), RecommID: r.text(), Ask: r.truth()}
	case TypeOfferDeactivated:
		return &OfferDeactivated{Offer: r.text(), Channel: r.text(), RecommID: r.text()}
	case TypeOfferRedeemed:
		return &OfferRedeemed{Offer: r.text(), Channel: r.text(), RecommID: r.text(), Receipt: r.word(), Discount: r.number()}
	case TypeImpression:
		return &Impression{RecommID: r.text(), IDs: r.texts(), Channel: r.text()}
	case TypeConsentChanged:
		return &Consent{Channel: r.text(), Purpose: Purpose(r.enum(byte(Marketing))), Granted: r.truth()}
	case TypeScenarioChanged:
		return &Scenario{Scenario: r.text(), Config: r.text()}
	}
	r.fail("has an event of an unknown type")
	return nil
}

func (r *groupReader) offer() *Offer {
	o := &Offer{
		Offer: r.text(), Name: r.text(), Image: r.text(),
		Products: r.texts(), Categories: r.texts(),
		ValidFrom: r.millis(), ValidThrough: r.millis(),
		Chains: r.texts(), Stores: r.texts(), Audience: r.text(),
		Price: r.price(), MemberPrice: r.price(), Currency: r.text(),
		Budget:    Budget{Activations: r.whole(0), Redemptions: r.whole(0)},
		PerMember: PerMember{Activations: r.whole(-MaxNumber), Redemptions: r.whole(-MaxNumber)},
	}
	o.Budget.Discount, o.Priority, o.Margin = r.number(), r.number(), r.number()
	o.FundedBy, o.Attributes = r.text(), r.attributes()
	return o
}

// millis reads a moment within what the wire can bring, zero for none.
func (r *groupReader) millis() Millis {
	at := Millis(r.varint())
	if at < 0 || at > maxTime {
		r.fail("has a time out of bounds")
		return 0
	}
	return at
}

func (r *groupReader) whole(least int64) int64 {
	n := r.varint()
	if n < least || n > MaxNumber {
		r.fail("has a count out of bounds")
		return 0
	}
	return n
}

func (r *groupReader) truth() bool {
	v := r.byte()
	if v > 1 {
		r.fail("has a truth value that is neither 0 nor 1")
	}
	return v == 1
}

package event

import (
	"math"
	"strconv"
	"time"
)

// appendOfferJSON appends the fields of the bodies about offers, consents and
// scenarios, and nothing for any other.
func appendOfferJSON(dst []byte, body Body) []byte {
	switch b := body.(type) {
	case *Offer:
		return appendOfferFields(dst, b)
	case *OfferWithdrawn:
		return appendField(dst, "offer", b.Offer)
	case *OfferPersonal:
		dst = appendNumberField(appendField(dst, "offer", b.Offer), "price", b.Price)
		return appendTerm(dst, b.ValidFrom, b.ValidThrough)
	case *OfferActivated:
		return appendUse(dst, b.Offer, b.Channel, b.RecommID)
	case *OfferDeactivated:
		return appendUse(dst, b.Offer, b.Channel, b.RecommID)
	case *OfferRedeemed:
		dst = appendField(appendUse(dst, b.Offer, b.Channel, b.RecommID), "receipt", b.ReceiptID)
		return appendNonzero(dst, "discount", b.Discount)
	case *Impression:
		dst = appendTextsJSON(appendField(dst, "recommId", b.RecommID), "ids", b.IDs)
		return appendField(dst, "channel", b.Channel)
	case *Consent:
		dst = appendField(appendField(dst, "channel", b.Channel), "purpose", b.Purpose.String())
		return strconv.AppendBool(appendName(dst, "granted"), b.Granted)
	case *Scenario:
		return append(appendName(appendField(dst, "scenario", b.Scenario), "config"), b.Config...)
	}
	return dst
}

func appendOfferFields(dst []byte, b *Offer) []byte {
	dst = appendField(appendField(appendField(dst, "offer", b.Offer), "name", b.Name), "image", b.Image)
	dst = appendTextsJSON(appendTextsJSON(dst, "products", b.Products), "categories", b.Categories)
	dst = appendTerm(dst, b.ValidFrom, b.ValidThrough)
	dst = appendTextsJSON(appendTextsJSON(dst, "chains", b.Chains), "stores", b.Stores)
	dst = appendField(dst, "audience", b.Audience)
	dst = appendNumberField(appendNumberField(dst, "price", b.Price), "memberPrice", b.MemberPrice)
	dst = appendField(dst, "currency", b.Currency)
	dst = appendLimits(dst, "budget", b.Budget.Activations, b.Budget.Redemptions, b.Budget.Discount)
	dst = appendLimits(dst, "perMember", b.PerMember.Activations, b.PerMember.Redemptions, 0)
	dst = appendNonzero(appendNonzero(dst, "priority", b.Priority), "margin", b.Margin)
	return appendAttributesJSON(appendField(dst, "fundedBy", b.FundedBy), b.Attributes)
}

// appendLimits appends a comma and an object of the limits that are not zero,
// or nothing if all are.
func appendLimits(dst []byte, name string, activations, redemptions int64, discount float64) []byte {
	before := len(dst)
	dst = appendName(dst, name)
	start := len(dst)
	if activations != 0 {
		dst = strconv.AppendInt(appendName(dst, "activations"), activations, 10)
	}
	if redemptions != 0 {
		dst = strconv.AppendInt(appendName(dst, "redemptions"), redemptions, 10)
	}
	dst = appendNonzero(dst, "discount", discount)
	if len(dst) == start {
		return dst[:before]
	}
	dst[start] = '{' // in place of the first comma
	return append(dst, '}')
}

func appendUse(dst []byte, offer, channel, recommID string) []byte {
	return appendField(appendField(appendField(dst, "offer", offer), "channel", channel), "recommId", recommID)
}

func appendTerm(dst []byte, from, through Millis) []byte {
	return appendTimeField(appendTimeField(dst, "validFrom", from), "validThrough", through)
}

// appendTimeField appends a comma and the field, or nothing for zero.
func appendTimeField(dst []byte, name string, at Millis) []byte {
	if at == 0 {
		return dst
	}
	dst = append(appendName(dst, name), '"')
	return append(at.Time().AppendFormat(dst, time.RFC3339Nano), '"')
}

// appendNonzero appends a comma and the field, or nothing for zero.
func appendNonzero(dst []byte, name string, v float64) []byte {
	if math.Float64bits(v) == 0 {
		return dst
	}
	return appendNumberField(dst, name, v)
}

package event

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
)

// What the rules of offers say when they are broken.
const (
	faultProducts   = "must be at most 10000 products"
	faultCategories = "must be at most 256 categories"
	faultStores     = "must be at most 10000 stores"
	faultShown      = "must be at most 200 ids"
	faultCount      = "must be a whole number between 0 and 1e12"
	faultWhole      = "must be a whole number between -1e12 and 1e12"
	faultCost       = "must be a number between 0 and 1e12"
	faultAudience   = "must be an expression of at most 4096 bytes of UTF-8 without control characters"
	faultChannel    = "must be at most 64 bytes of printable UTF-8"
)

// checkOfferBody holds the rules of the bodies about offers, consents and
// scenarios. It returns nil for any other.
func checkOfferBody(body Body) error {
	switch b := body.(type) {
	case *Offer:
		return checkOffer(b)
	case *OfferWithdrawn:
		return mustID("/data/offer", b.Offer)
	case *OfferPersonal:
		return checkPersonal(b)
	case *OfferActivated:
		return checkUse(b.Offer, b.Channel, b.RecommID)
	case *OfferDeactivated:
		return checkUse(b.Offer, b.Channel, b.RecommID)
	case *OfferRedeemed:
		return checkRedeemed(b)
	case *Impression:
		return checkImpression(b)
	case *Consent:
		return checkConsent(b)
	case *Scenario:
		return checkScenario(b)
	}
	return nil // MemberErased and MemberIdentified have nothing of their own
}

func checkOffer(b *Offer) error {
	err := firstFault(
		mustID("/data/offer", b.Offer),
		mayText("/data/name", b.Name),
		checkIDs("/data/products", b.Products, MaxProducts, faultProducts),
		checkCategories(b.Categories),
		checkTerm(b.ValidFrom, b.ValidThrough),
		checkIDs("/data/chains", b.Chains, MaxChains, faultChains),
		checkIDs("/data/stores", b.Stores, MaxStores, faultStores),
		checkWorth("/data/price", b.Price),
		checkWorth("/data/memberPrice", b.MemberPrice),
		mayID("/data/fundedBy", b.FundedBy),
	)
	switch {
	case err != nil:
		return err
	case !readable(b.Image, MaxImage):
		return &FieldError{"/data/image", faultImage}
	case !readable(b.Audience, MaxAudience):
		return &FieldError{"/data/audience", faultAudience}
	case b.Currency != "" && !isCurrency(b.Currency):
		return &FieldError{"/data/currency", faultCurrency}
	case !bounded(b.Priority):
		return &FieldError{"/data/priority", faultNumber}
	case !bounded(b.Margin):
		return &FieldError{"/data/margin", faultNumber}
	}
	return firstFault(checkLimits(&b.Budget, &b.PerMember), checkAttributes(b.Attributes))
}

// checkLimits holds the rules of the budget and of the limits of one member.
func checkLimits(b *Budget, p *PerMember) error {
	for _, f := range [...]struct {
		name  string
		v     int64
		least int64
		fault string
	}{
		{"/data/budget/activations", b.Activations, 0, faultCount},
		{"/data/budget/redemptions", b.Redemptions, 0, faultCount},
		{"/data/perMember/activations", p.Activations, -MaxNumber, faultWhole},
		{"/data/perMember/redemptions", p.Redemptions, -MaxNumber, faultWhole},
	} {
		if f.v < f.least || f.v > MaxNumber {
			return &FieldError{f.name, f.fault}
		}
	}
	return checkCost("/data/budget/discount", b.Discount)
}

// checkCost says whether v is money spent.
func checkCost(pointer string, v float64) error {
	if !(v >= 0 && v <= MaxNumber) {
		return &FieldError{pointer, faultCost}
	}
	return nil
}

// checkWorth says whether v is a price or NaN.
func checkWorth(pointer string, v float64) error {
	if !bounded(v) && !math.IsNaN(v) {
		return &FieldError{pointer, faultNumber}
	}
	return nil
}

func checkIDs(pointer string, ids []string, max int, fault string) error {
	if len(ids) > max {
		return &FieldError{pointer, fault}
	}
	for i, id := range ids {
		if id == "" || !printable(id, MaxID) {
			return mustID(pointer+"/"+strconv.Itoa(i), id)
		}
	}
	return nil
}

func checkCategories(categories []string) error {
	if len(categories) > MaxCategories {
		return &FieldError{"/data/categories", faultCategories}
	}
	for i, category := range categories {
		if err := mustText("/data/categories/"+strconv.Itoa(i), category); err != nil {
			return err
		}
	}
	return nil
}

func mustText(pointer, s string) error {
	if s == "" {
		return &FieldError{pointer, faultRequired}
	}
	return mayText(pointer, s)
}

// checkTerm holds the rules of a term; a zero is none.
func checkTerm(from, through Millis) error {
	for _, f := range [...]struct {
		name string
		at   Millis
	}{{"/data/validFrom", from}, {"/data/validThrough", through}} {
		if f.at < 0 {
			return &FieldError{f.name, faultTime}
		}
		if f.at > maxTime {
			return &FieldError{f.name, faultEnd}
		}
	}
	if through != 0 && through < from {
		return &FieldError{"/data/validThrough", "must not be before validFrom"}
	}
	return nil
}

func checkPersonal(b *OfferPersonal) error {
	return firstFault(
		mustID("/data/offer", b.Offer),
		checkWorth("/data/price", b.Price),
		checkTerm(b.ValidFrom, b.ValidThrough),
	)
}

// checkUse holds the rules that an activation, its end and a redemption share.
func checkUse(offer, channel, recommID string) error {
	return firstFault(mustID("/data/offer", offer), mayChannel(channel), mayID("/data/recommId", recommID))
}

func checkRedeemed(b *OfferRedeemed) error {
	return firstFault(
		checkUse(b.Offer, b.Channel, b.RecommID),
		mayID("/data/receipt", b.ReceiptID),
		checkCost("/data/discount", b.Discount),
	)
}

func checkImpression(b *Impression) error {
	if len(b.IDs) == 0 {
		return &FieldError{"/data/ids", "is required: 1 to 200 ids"}
	}
	return firstFault(
		mayID("/data/recommId", b.RecommID),
		checkIDs("/data/ids", b.IDs, MaxShown, faultShown),
		mayChannel(b.Channel),
	)
}

func mayChannel(channel string) error {
	if !printable(channel, MaxChannel) {
		return &FieldError{"/data/channel", faultChannel}
	}
	return nil
}

func checkConsent(b *Consent) error {
	switch b.Channel {
	case "", "email", "push", "inapp":
	default:
		return &FieldError{"/data/channel", "must be email, push or inapp, or be left out for all of them"}
	}
	if b.Purpose < Personalisation || b.Purpose > Marketing {
		return &FieldError{"/data/purpose", "is required: personalisation or marketing"}
	}
	return nil
}

// checkScenario holds an event that was built in the process to the form that
// one from the wire has.
func checkScenario(b *Scenario) error {
	if err := firstFault(mustID("/data/scenario", b.Scenario), checkConfig(b.Config)); err != nil {
		return err
	}
	var compact bytes.Buffer
	if json.Compact(&compact, []byte(b.Config)) != nil || compact.String() != b.Config {
		return &FieldError{"/data/config", "must have no white space between its parts"}
	}
	return nil
}

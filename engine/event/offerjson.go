package event

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"
)

// offerBody reads the fields that only the given type has, of those that are
// about offers, consents and scenarios; nil for any other.
func (o *object) offerBody(t Type) Body {
	switch t {
	case TypeOfferUpserted:
		return o.offer()
	case TypeOfferWithdrawn:
		return &OfferWithdrawn{Offer: o.text("offer")}
	case TypeOfferPersonal:
		return &OfferPersonal{
			Offer: o.text("offer"), Price: o.number("price", math.NaN()),
			ValidFrom: o.time("validFrom"), ValidThrough: o.time("validThrough"),
		}
	case TypeOfferActivated:
		return &OfferActivated{Offer: o.text("offer"), Channel: o.text("channel"), RecommID: o.text("recommId")}
	case TypeOfferDeactivated:
		return &OfferDeactivated{Offer: o.text("offer"), Channel: o.text("channel"), RecommID: o.text("recommId")}
	case TypeOfferRedeemed:
		return &OfferRedeemed{
			Offer: o.text("offer"), Channel: o.text("channel"), RecommID: o.text("recommId"),
			ReceiptID: o.text("receipt"), Discount: o.number("discount", 0),
		}
	case TypeImpression:
		return &Impression{RecommID: o.text("recommId"), IDs: o.ids("ids", MaxShown, faultShown), Channel: o.text("channel")}
	case TypeConsentChanged:
		return &Consent{Channel: o.text("channel"), Purpose: o.purpose(), Granted: o.mustFlag("granted")}
	case TypeScenarioChanged:
		return &Scenario{Scenario: o.text("scenario"), Config: o.config()}
	}
	return nil
}

func (o *object) offer() *Offer {
	return &Offer{
		Offer: o.text("offer"), Name: o.text("name"), Image: o.text("image"),
		Products:   o.ids("products", MaxProducts, faultProducts),
		Categories: o.categories(),
		ValidFrom:  o.time("validFrom"), ValidThrough: o.time("validThrough"),
		Chains:   o.ids("chains", MaxChains, faultChains),
		Stores:   o.ids("stores", MaxStores, faultStores),
		Audience: o.text("audience"),
		Price:    o.number("price", math.NaN()), MemberPrice: o.number("memberPrice", math.NaN()),
		Currency: o.text("currency"),
		Budget:   o.budget(), PerMember: o.perMember(),
		Priority: o.number("priority", 0), Margin: o.number("margin", 0),
		FundedBy: o.text("fundedBy"), Attributes: o.attributes(),
	}
}

func (o *object) categories() []string {
	var categories []string
	o.list("categories", MaxCategories, faultCategories, func(at string, raw json.RawMessage) error {
		category, err := decodeText(at, raw)
		categories = append(categories, category)
		return firstFault(err, mustText(at, category))
	})
	return categories
}

func (o *object) budget() (b Budget) {
	o.inner("budget", func(in *object) {
		b = Budget{
			Activations: in.whole("activations", faultCount), Redemptions: in.whole("redemptions", faultCount),
			Discount: in.number("discount", 0),
		}
	})
	return b
}

func (o *object) perMember() (p PerMember) {
	o.inner("perMember", func(in *object) {
		p = PerMember{Activations: in.whole("activations", faultWhole), Redemptions: in.whole("redemptions", faultWhole)}
	})
	return p
}

// inner calls read with the object that is the field's value, if it is given,
// and keeps the first fault in it.
func (o *object) inner(name string, read func(in *object)) {
	raw, given := o.take(name)
	if !given {
		return
	}
	in := readObject(o.at+"/"+name, raw)
	read(in)
	o.fault = in.finish()
}

// whole returns the field's value, zero if it is not given. The fault is said
// of what is no whole number; whether it is in its bounds is for check.
func (o *object) whole(name, fault string) int64 {
	v := o.number(name, 0)
	if v != math.Trunc(v) || !bounded(v) {
		o.fail(name, fault)
		return 0
	}
	return int64(v)
}

func (o *object) purpose() Purpose {
	name := o.text("purpose")
	p, ok := ParsePurpose(name)
	if !ok && name != "" {
		o.fail("purpose", "must be personalisation or marketing")
	}
	return p
}

// mustFlag reads a truth value that has no standard.
func (o *object) mustFlag(name string) bool {
	raw := o.fields[name]
	if o.fault == nil && (raw == nil || JSONKind(raw) == "null") {
		o.fail(name, faultRequired+": true or false")
	}
	return o.flag(name)
}

// config reads a scenario's configuration and takes the white space out.
func (o *object) config() string {
	raw, given := o.take("config")
	if !given {
		return ""
	}
	config, err := CompactConfig(raw)
	if o.fault == nil {
		o.fault = err
	}
	return config
}

// CompactConfig returns raw as the Config of a Scenario: without white space
// between its parts. The error is a *FieldError under /data/config: raw must be
// one JSON object that has no field twice, at any depth, and at most MaxConfig
// bytes without the white space.
func CompactConfig(raw []byte) (string, error) {
	if fault := jsonFault(string(raw)); fault != "" {
		return "", &FieldError{"/data/config", fault}
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return "", &FieldError{"/data/config", "is not valid JSON: " + err.Error()}
	}
	config := b.String()
	return config, checkConfig(config)
}

// configDepth is how deep a configuration lies in its event.
const configDepth = 2

// jsonFault says why s is no JSON value that an event may hold, empty if it is
// one.
func jsonFault(s string) string {
	end, fault := skipValue(s, skipSpace(s, 0), configDepth)
	if fault == "" && skipSpace(s, end) < len(s) {
		fault = "has something after its end"
	}
	return fault
}

// checkConfig holds the rules of a scenario's Config.
func checkConfig(config string) error {
	const at = "/data/config"
	if len(config) > MaxConfig {
		return &FieldError{at, "must be at most 65536 bytes without white space"}
	}
	if config == "" {
		return &FieldError{at, faultRequired + ": an object"}
	}
	if !utf8.ValidString(config) {
		return &FieldError{at, "must be UTF-8"}
	}
	if fault := jsonFault(config); fault != "" {
		return &FieldError{at, fault}
	}
	if kind := JSONKind(json.RawMessage(config)); kind != "an object" {
		return &FieldError{at, "must be an object, not " + kind}
	}
	d := json.NewDecoder(bytes.NewReader([]byte(config)))
	d.UseNumber()
	return onceEach(d, at)
}

// onceEach reads one value and returns a fault if any object in it has a field
// twice.
func onceEach(d *json.Decoder, at string) error {
	token, err := d.Token()
	if err != nil {
		return &FieldError{at, "is not valid JSON: " + err.Error()}
	}
	opening, nested := token.(json.Delim)
	if !nested {
		return nil
	}
	seen := map[string]bool{} // an array's are its indexes
	for i := 0; d.More(); i++ {
		name := strconv.Itoa(i)
		if opening == '{' {
			token, err := d.Token()
			if err != nil {
				return &FieldError{at, "is not valid JSON: " + err.Error()}
			}
			name, _ = token.(string) // a field's name always is one
		}
		inner := at + "/" + EscapePointer(name)
		if seen[name] {
			return &FieldError{inner, "is given twice"}
		}
		seen[name] = true
		if err := onceEach(d, inner); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil { // the closing bracket
		return &FieldError{at, "is not valid JSON: " + err.Error()}
	}
	return nil
}

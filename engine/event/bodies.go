package event

import (
	"math"
	"strconv"
)

func checkProduct(b *Product) error {
	err := firstFault(
		mustID("/data/product", b.Product),
		mayText("/data/name", b.Name),
		mayText("/data/category", b.Category),
		mayText("/data/brand", b.Brand),
	)
	switch {
	case err != nil:
		return err
	case !readable(b.Image, MaxImage):
		return &FieldError{"/data/image", faultImage}
	case b.Currency != "" && !isCurrency(b.Currency):
		return &FieldError{"/data/currency", faultCurrency}
	case !bounded(b.Price) && !math.IsNaN(b.Price):
		return &FieldError{"/data/price", faultNumber}
	}
	return checkAttributes(b.Attributes)
}

func checkStock(b *Stock) error {
	if err := mustID("/data/product", b.Product); err != nil {
		return err
	}
	if b.Availability < InStock || b.Availability > OutOfStock {
		return &FieldError{"/data/availability", "is required: InStock, LimitedAvailability or OutOfStock"}
	}
	return nil
}

func checkMember(b *Member) error {
	if !printable(b.HomeStore, MaxID) {
		return &FieldError{"/data/homeStore", faultID}
	}
	if len(b.Chains) > MaxChains {
		return &FieldError{"/data/chains", faultChains}
	}
	for i, chain := range b.Chains {
		if err := mustID("/data/chains/"+strconv.Itoa(i), chain); err != nil {
			return err
		}
	}
	if !isTimezone(b.Timezone) {
		return &FieldError{"/data/timezone", faultTimezone}
	}
	return checkAttributes(b.Attributes)
}

const (
	faultChains     = "must be at most 64 chains"
	faultAttributes = "must be at most 64 attributes"
)

func checkMerged(member string, b *MemberMerged) error {
	if err := mustID("/data/into", b.IntoID); err != nil {
		return err
	}
	if b.IntoID == member {
		return &FieldError{"/data/into", "must be another member"}
	}
	return nil
}

func checkSignal(b *Signal) error {
	if err := mustID("/data/product", b.Product); err != nil {
		return err
	}
	if math.IsNaN(b.Weight) {
		return &FieldError{"/data/weight", faultRequired}
	}
	if !bounded(b.Weight) {
		return &FieldError{"/data/weight", faultNumber}
	}
	return firstFault(mayID("/data/source", b.From))
}

func checkAttributes(attributes []Attribute) error {
	if len(attributes) > MaxAttributes {
		return &FieldError{"/data/attributes", faultAttributes}
	}
	for i := range attributes {
		a := &attributes[i]
		if i > 0 && attributes[i-1].Name >= a.Name {
			return &FieldError{"/data/attributes", "must be sorted by name, each name once"}
		}
		if a.Name == "" || !printable(a.Name, MaxID) {
			return &FieldError{"/data/attributes", "must have names of 1 to 128 bytes of printable UTF-8"}
		}
		if fault := valueFault(&a.Value); fault != "" {
			return &FieldError{"/data/attributes/" + EscapePointer(a.Name), fault}
		}
	}
	return nil
}

func valueFault(v *Value) string {
	switch v.Kind {
	case KindText:
		if !readable(v.Text, MaxValue) {
			return faultValue
		}
	case KindNumber:
		if !finite(v.Num) {
			return faultFinite
		}
	case KindBool:
		if v.Num != 0 && v.Num != 1 {
			return "must be 1 or 0 for a truth value"
		}
	default:
		return "must be text, a number, true or false"
	}
	return ""
}

// The helpers below return error and not *FieldError, so that a nil of theirs
// is a nil for everybody.

func mustID(pointer, s string) error {
	if s == "" {
		return &FieldError{pointer, faultRequired}
	}
	return mayID(pointer, s)
}

func mayID(pointer, s string) error {
	if !printable(s, MaxID) {
		return &FieldError{pointer, faultID}
	}
	return nil
}

func mayText(pointer, s string) error {
	if !readable(s, MaxText) {
		return &FieldError{pointer, faultText}
	}
	return nil
}

func firstFault(faults ...error) error {
	for _, err := range faults {
		if err != nil {
			return err
		}
	}
	return nil
}

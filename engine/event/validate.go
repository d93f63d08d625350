package event

import (
	"math"
	"strconv"
)

// FieldError says which field of an event is wrong and what was expected.
type FieldError struct {
	// Pointer is a JSON pointer (RFC 6901) into the event's outer form, such as
	// /data/lines/3/qty; empty means the event as a whole.
	Pointer string
	// Detail is what was expected, as the rest of a sentence about the field.
	Detail string
}

// Error returns the pointer and the detail in one line.
func (e *FieldError) Error() string {
	if e.Pointer == "" {
		return "event " + e.Detail
	}
	return e.Pointer + " " + e.Detail
}

// Validate says whether an event in its outer form may enter: every bound,
// every required field, and a time that is at most MaxAhead past now. The
// error is a *FieldError. It is for events that were built in the process; of
// an event that came from Scan only the time is left to check: ValidateTime.
func (ev *Event) Validate(now Millis) error {
	if err := ev.check(); err != nil {
		return err
	}
	return ev.ValidateTime(now)
}

// ValidateTime says whether the event's time is at most MaxAhead past now. The
// error is a *FieldError.
func (ev *Event) ValidateTime(now Millis) error {
	if ev.Time > now && ev.Time-now > MaxAhead {
		return &FieldError{"/time", "must be at most 24 hours ahead of the clock here"}
	}
	return nil
}

// check holds the rules that need no clock. It returns a *FieldError or nil.
func (ev *Event) check() error {
	if ev.Type == 0 || ev.Type != typeOf(ev.Body) {
		return &FieldError{"/type", "must be one of " + typeNames + ", and the data must fit it"}
	}
	if err := ev.checkEnvelope(); err != nil {
		return err
	}
	if err := ev.checkCommon(); err != nil {
		return err
	}
	return ev.checkBody()
}

func (ev *Event) checkEnvelope() error {
	if !printable(ev.ID, MaxID) {
		return &FieldError{"/id", faultID}
	}
	if !printable(ev.Source, MaxSource) {
		return &FieldError{"/source", faultSource}
	}
	if ev.Time < 0 {
		return &FieldError{"/time", faultTime}
	}
	if ev.Time == 0 && ev.ID == "" && ev.Type == TypeReceipt {
		return &FieldError{"/time", "is required for a receipt without id"}
	}
	return nil
}

// fields is a set of the fields that several types of events have.
type fields uint8

const (
	fieldStore fields = 1 << iota
	fieldChain
	fieldSession
	fieldMember
)

// commonFields says which of the common fields a type may have, and which it
// must have.
func commonFields(t Type) (allowed, required fields) {
	const all = fieldStore | fieldChain | fieldSession | fieldMember
	switch t {
	case TypeReceipt, TypeView, TypeCart, TypeImpression:
		return all, 0
	case TypeScan:
		return all, fieldStore | fieldSession
	case TypeStockChanged:
		return fieldStore, fieldStore
	case TypeOfferActivated, TypeOfferDeactivated, TypeOfferRedeemed:
		return all, fieldMember
	case TypeConsentChanged:
		return fieldChain | fieldMember, fieldMember
	case TypeMemberUpserted, TypeMemberErased, TypeMemberMerged, TypeOfferPersonal:
		return fieldMember, fieldMember
	case TypeMemberIdentified:
		return fieldSession | fieldMember, fieldSession | fieldMember
	case TypeSignal:
		return fieldStore | fieldChain, 0
	}
	return 0, 0
}

func (ev *Event) checkCommon() error {
	allowed, required := commonFields(ev.Type)
	common := [...]struct {
		bit   fields
		name  string
		value string
	}{
		{fieldStore, "/data/store", ev.Store},
		{fieldChain, "/data/chain", ev.Chain},
		{fieldSession, "/data/session", ev.SessionID},
		{fieldMember, "/data/member", ev.MemberID},
	}
	for i := range common {
		f := &common[i]
		switch {
		case f.value == "" && required&f.bit != 0:
			return &FieldError{f.name, faultRequired}
		case f.value != "" && allowed&f.bit == 0:
			return &FieldError{f.name, "is not a field of " + ev.Type.String()}
		case !printable(f.value, MaxID):
			return &FieldError{f.name, faultID}
		}
	}
	return nil
}

func (ev *Event) checkBody() error {
	switch b := ev.Body.(type) {
	case *Receipt:
		return checkReceipt(b)
	case *View:
		return firstFault(mustID("/data/product", b.Product), mayID("/data/recommId", b.RecommID))
	case *Cart:
		return checkCart(b)
	case *Scanned:
		return checkScanned(b)
	case *Product:
		return checkProduct(b)
	case *ProductDeleted:
		return firstFault(mustID("/data/product", b.Product))
	case *Stock:
		return checkStock(b)
	case *Member:
		return checkMember(b)
	case *MemberMerged:
		return checkMerged(ev.MemberID, b)
	case *Signal:
		return checkSignal(b)
	}
	return checkOfferBody(ev.Body)
}

func checkReceipt(b *Receipt) error {
	if b.Currency != "" && !isCurrency(b.Currency) {
		return &FieldError{"/data/currency", faultCurrency}
	}
	if !printable(b.OriginalID, MaxID) {
		return &FieldError{"/data/original", faultID}
	}
	if len(b.Lines) == 0 {
		return &FieldError{"/data/lines", "is required: 1 to 10000 lines, or products in their place"}
	}
	return checkLines(b.Lines, true)
}

func checkCart(b *Cart) error {
	if err := mustID("/data/cart", b.CartID); err != nil {
		return err
	}
	if b.Action < ActionAdd || b.Action > ActionSet {
		return &FieldError{"/data/action", "is required: add, remove or set"}
	}
	if len(b.Lines) == 0 && b.Action != ActionSet {
		return &FieldError{"/data/lines", "is required: 1 to 10000 lines, or products in their place"}
	}
	return checkLines(b.Lines, false)
}

func checkScanned(b *Scanned) error {
	if err := mustID("/data/product", b.Product); err != nil {
		return err
	}
	if b.Action != ActionAdd && b.Action != ActionRemove {
		return &FieldError{"/data/action", "is required: add or remove"}
	}
	return nil
}

func checkLines(lines []Line, returns bool) error {
	if len(lines) > MaxLines {
		return &FieldError{"/data/lines", faultLines}
	}
	for i := range lines {
		if field, fault := lineFault(&lines[i], returns); fault != "" {
			return &FieldError{"/data/lines/" + strconv.Itoa(i) + field, fault}
		}
	}
	return nil
}

const faultLines = "must be at most 10000 lines"

// lineFault returns the field of a line that breaks a rule, and the rule.
func lineFault(l *Line, returns bool) (field, fault string) {
	switch {
	case l.Product == "":
		return "/product", faultRequired
	case !printable(l.Product, MaxID):
		return "/product", faultID
	case l.Qty == 0:
		return "/qty", "must not be zero"
	case !(l.Qty > 0 && l.Qty <= MaxNumber):
		return "/qty", faultNumber
	case !bounded(l.Price) && !math.IsNaN(l.Price):
		return "/price", faultNumber
	case !bounded(l.Discount):
		return "/discount", faultNumber
	case !printable(l.Offer, MaxID):
		return "/offer", faultID
	case l.Return && !returns:
		return "/qty", "must be above zero in a cart, and nothing in it can be a return"
	}
	return "", ""
}

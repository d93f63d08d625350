package event

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// decode reads one event in its outer form from raw, a valid JSON value, and
// checks it. It is the slow road: it takes all that is allowed and finds the
// words for all that is not. The error is a *FieldError.
func decode(raw string, ev *Event) error {
	*ev = Event{}
	if !utf8.ValidString(raw) {
		return &FieldError{"", "must be UTF-8"}
	}
	o := readObject("", json.RawMessage(raw))
	if v := o.text("specversion"); v != "" && v != "1.0" {
		o.fail("specversion", "must be 1.0")
	}
	ev.Type = o.eventType()
	ev.ID = o.text("id")
	ev.Source = o.text("source")
	ev.Time = o.time("time")
	data, given := o.take("data")
	if o.fault == nil && !given {
		o.fail("data", faultRequired)
	}
	if o.fault != nil {
		return o.fault // other fields of the envelope are not ours to judge
	}
	return decodeData(data, ev)
}

func (o *object) eventType() Type {
	name := o.text("type")
	if name == "" {
		o.fail("type", "is required: one of "+typeNames)
		return 0
	}
	t, ok := ParseType(name)
	if !ok {
		o.fail("type", "must be one of "+typeNames)
	}
	return t
}

// time returns the field as Millis, zero if it is not given.
func (o *object) time(name string) Millis {
	raw, given := o.take(name)
	if !given {
		return 0
	}
	text := o.textOf(name, raw)
	var t time.Time
	if err := t.UnmarshalText([]byte(text)); err != nil {
		o.fail(name, "must be RFC 3339, such as 2026-11-21T10:00:00Z")
		return 0
	}
	at := At(t)
	switch {
	case at <= 0:
		o.fail(name, faultTime)
	case at > maxTime: // its zone put it there
		o.fail(name, faultEnd)
	default:
		return at
	}
	return 0
}

func decodeData(raw json.RawMessage, ev *Event) error {
	o := readObject("/data", raw)
	allowed, _ := commonFields(ev.Type)
	for _, f := range [...]struct {
		bit  fields
		name string
		to   *string
	}{
		{fieldStore, "store", &ev.Store}, {fieldChain, "chain", &ev.Chain},
		{fieldSession, "session", &ev.SessionID}, {fieldMember, "member", &ev.MemberID},
	} {
		if allowed&f.bit != 0 {
			*f.to = o.text(f.name)
		}
	}
	ev.Body = o.body(ev.Type)
	if err := o.finish(); err != nil {
		return err
	}
	return ev.check()
}

// body reads the fields that only the given type has. Composite literals keep
// the order in which Go evaluates calls: as written.
func (o *object) body(t Type) Body {
	switch t {
	case TypeReceipt:
		return &Receipt{Currency: o.text("currency"), OriginalID: o.text("original"), Lines: o.lines()}
	case TypeView:
		return &View{Product: o.text("product"), RecommID: o.text("recommId")}
	case TypeCart:
		return &Cart{CartID: o.text("cart"), Action: o.action("add, remove or set"), Lines: o.lines()}
	case TypeScan:
		return &Scanned{Product: o.text("product"), Action: o.action("add or remove")}
	case TypeProductUpserted:
		return &Product{
			Product: o.text("product"), Name: o.text("name"), Category: o.text("category"),
			Brand: o.text("brand"), Image: o.text("image"), Currency: o.text("currency"),
			Price: o.number("price", math.NaN()), Attributes: o.attributes(),
		}
	case TypeProductDeleted:
		return &ProductDeleted{Product: o.text("product")}
	case TypeStockChanged:
		return &Stock{Product: o.text("product"), Availability: o.availability()}
	case TypeMemberUpserted:
		return &Member{
			HomeStore: o.text("homeStore"), Chains: o.ids("chains", MaxChains, faultChains),
			Timezone: o.text("timezone"), Attributes: o.attributes(),
		}
	case TypeMemberErased:
		return &MemberErased{}
	case TypeMemberMerged:
		return &MemberMerged{IntoID: o.text("into")}
	case TypeMemberIdentified:
		return &MemberIdentified{}
	case TypeSignal:
		return &Signal{Product: o.text("product"), Weight: o.number("weight", math.NaN()), From: o.text("source")}
	}
	return o.offerBody(t)
}

func (o *object) action(which string) Action {
	name := o.text("action")
	a, ok := ParseAction(name)
	if !ok && name != "" {
		o.fail("action", "must be "+which)
	}
	return a
}

func (o *object) availability() Availability {
	name := o.text("availability")
	a, ok := ParseAvailability(name)
	if !ok && name != "" {
		o.fail("availability", "must be InStock, LimitedAvailability or OutOfStock")
	}
	return a
}

// lines reads the lines, or the products that stand for lines of one each.
func (o *object) lines() []Line {
	var lines []Line
	o.list("lines", MaxLines, faultLines, func(at string, raw json.RawMessage) error {
		line, err := decodeLine(at, raw)
		lines = append(lines, line)
		return err
	})
	if raw := o.fields["products"]; lines != nil && raw != nil && JSONKind(raw) != "null" {
		o.fail("products", "must not be given beside lines")
	}
	o.list("products", MaxLines, "must be at most 10000 products", func(at string, raw json.RawMessage) error {
		product, err := decodeID(at, raw)
		lines = append(lines, Line{Product: product, Qty: 1, Price: math.NaN()})
		return err
	})
	return lines
}

// decodeLine checks the line too, so that the pointer of a fault in the short
// form is the one that the sender knows.
func decodeLine(at string, raw json.RawMessage) (Line, error) {
	o := readObject(at, raw)
	l := Line{
		Product: o.text("product"), Qty: o.number("qty", 1), Price: o.number("price", math.NaN()),
		Discount: o.number("discount", 0), Offer: o.text("offer"), Return: o.flag("return"),
	}
	if l.Qty < 0 {
		l.Qty, l.Return = -l.Qty, true
	}
	return l, o.finish()
}

func decodeID(at string, raw json.RawMessage) (string, error) {
	s, err := decodeText(at, raw)
	return s, firstFault(err, mustID(at, s))
}

func decodeText(at string, raw json.RawMessage) (string, error) {
	if kind := JSONKind(raw); kind != "a string" {
		return "", &FieldError{at, "must be a string, not " + kind}
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", &FieldError{at, "is not valid JSON: " + err.Error()}
	}
	return s, nil
}

// ids reads an array of ids.
func (o *object) ids(name string, max int, fault string) []string {
	var ids []string
	o.list(name, max, fault, func(at string, raw json.RawMessage) error {
		id, err := decodeID(at, raw)
		ids = append(ids, id)
		return err
	})
	return ids
}

// attributes reads the attributes, sorted by name. Null is not given.
func (o *object) attributes() []Attribute {
	raw, given := o.take("attributes")
	if !given {
		return nil
	}
	in := readObject(o.at+"/attributes", raw)
	var attributes []Attribute
	for name, value := range in.fields {
		if JSONKind(value) != "null" {
			attributes = append(attributes, Attribute{Name: name})
		}
	}
	slices.SortFunc(attributes, func(a, b Attribute) int { return strings.Compare(a.Name, b.Name) })
	if len(attributes) > MaxAttributes {
		o.fail("attributes", faultAttributes)
	}
	for i := range attributes {
		attributes[i].Value = in.value(attributes[i].Name)
	}
	if o.fault == nil {
		o.fault = in.fault
	}
	return attributes
}

func (o *object) value(name string) Value {
	raw := o.fields[name]
	switch kind := JSONKind(raw); kind {
	case "a string":
		return Value{Kind: KindText, Text: o.textOf(name, raw)}
	case "a number":
		return Value{Kind: KindNumber, Num: o.numberOf(name, raw)}
	case "true":
		return Value{Kind: KindBool, Num: 1}
	case "false":
		return Value{Kind: KindBool}
	default:
		o.fail(name, "must be a string, a number, true or false, not "+kind)
		return Value{}
	}
}

package event

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxFields bounds the fields of one object, so that an event that is all
// fields costs no more than its bytes.
const maxFields = 256

// object is a JSON object whose fields are asked for one by one. The first
// fault is kept, and what is asked for after it is empty; finish returns it.
type object struct {
	at     string // JSON pointer of the object
	fields map[string]json.RawMessage
	asked  []string
	fault  error
}

// readObject takes raw, a valid JSON value, apart.
func readObject(at string, raw json.RawMessage) *object {
	o := &object{at: at, fields: map[string]json.RawMessage{}}
	if kind := JSONKind(raw); kind != "an object" {
		o.fault = &FieldError{at, "must be an object, not " + kind}
		return o
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	_, err := d.Token() // the brace
	for err == nil && o.fault == nil && d.More() {
		err = o.readField(d)
	}
	if err != nil {
		o.fault = &FieldError{at, "is not valid JSON: " + err.Error()}
	}
	return o
}

func (o *object) readField(d *json.Decoder) error {
	name, err := d.Token()
	if err != nil {
		return err
	}
	var value json.RawMessage
	if err := d.Decode(&value); err != nil {
		return err
	}
	text, _ := name.(string) // a field's name always is one
	o.put(text, value)
	return nil
}

func (o *object) put(name string, value json.RawMessage) {
	if _, twice := o.fields[name]; twice {
		o.fault = &FieldError{o.at + "/" + EscapePointer(name), "is given twice"}
		return
	}
	if len(o.fields) == maxFields {
		o.fault = &FieldError{o.at, "must have at most 256 fields"}
		return
	}
	o.fields[name] = value
}

// fail keeps the first fault, at the field of the given name.
func (o *object) fail(name, detail string) {
	if o.fault == nil {
		o.fault = &FieldError{o.at + "/" + EscapePointer(name), detail}
	}
}

// take returns the field's value and whether it is given. Null is not given.
func (o *object) take(name string) (json.RawMessage, bool) {
	o.asked = append(o.asked, name)
	raw, given := o.fields[name]
	delete(o.fields, name)
	if !given || o.fault != nil || JSONKind(raw) == "null" {
		return nil, false
	}
	return raw, true
}

func (o *object) text(name string) string {
	raw, given := o.take(name)
	if !given {
		return ""
	}
	return o.textOf(name, raw)
}

func (o *object) textOf(name string, raw json.RawMessage) string {
	var s string
	if kind := JSONKind(raw); kind != "a string" {
		o.fail(name, "must be a string, not "+kind)
	} else if err := json.Unmarshal(raw, &s); err != nil {
		o.fail(name, "is not valid JSON: "+err.Error())
	}
	return s
}

// number returns the field's value, or absent if it is not given.
func (o *object) number(name string, absent float64) float64 {
	raw, given := o.take(name)
	if !given {
		return absent
	}
	return o.numberOf(name, raw)
}

func (o *object) numberOf(name string, raw json.RawMessage) float64 {
	if kind := JSONKind(raw); kind != "a number" {
		o.fail(name, "must be a number, not "+kind)
		return 0
	}
	v, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		o.fail(name, faultFinite)
		return 0
	}
	return v
}

func (o *object) flag(name string) bool {
	raw, given := o.take(name)
	if !given {
		return false
	}
	switch kind := JSONKind(raw); kind {
	case "true":
		return true
	case "false":
		return false
	default:
		o.fail(name, "must be true or false, not "+kind)
		return false
	}
}

// list calls each with the pointer and the value of every element, until one
// fails. More than max elements are a fault.
func (o *object) list(name string, max int, fault string, each func(at string, raw json.RawMessage) error) {
	raw, given := o.take(name)
	if !given {
		return
	}
	if kind := JSONKind(raw); kind != "an array" {
		o.fail(name, "must be an array, not "+kind)
		return
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	_, err := d.Token() // the bracket
	for i := 0; err == nil && o.fault == nil && d.More(); i++ {
		if i == max {
			o.fail(name, fault)
			return
		}
		var value json.RawMessage
		if err = d.Decode(&value); err == nil {
			o.fault = each(o.at+"/"+name+"/"+strconv.Itoa(i), value)
		}
	}
	if err != nil {
		o.fail(name, "is not valid JSON: "+err.Error())
	}
}

// finish returns the first fault. A field that nobody asked for comes before
// all others: a name written wrong explains why the right one is missing.
func (o *object) finish() error {
	if len(o.fields) == 0 || len(o.asked) == 0 {
		return o.fault
	}
	unknown := slices.Min(slices.Collect(maps.Keys(o.fields)))
	slices.Sort(o.asked)
	known := strings.Join(o.asked, ", ")
	return &FieldError{o.at + "/" + EscapePointer(unknown), "is not a field here; the fields are " + known}
}

// JSONKind says what a valid JSON value is, for a person: "a string", "an
// array".
func JSONKind(raw []byte) string {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if len(raw) == 0 {
		return "nothing"
	}
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't':
		return "true"
	case 'f':
		return "false"
	case 'n':
		return "null"
	}
	return "a number"
}

// EscapePointer escapes a name for a JSON pointer, and shortens one that is
// too long to be shown.
func EscapePointer(name string) string {
	if len(name) > MaxID {
		name = strings.ToValidUTF8(name[:MaxID], "") + "…"
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

package rank

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"nabo/engine/event"
	"nabo/engine/expr"
)

// fields is a JSON object that is read field by field. The first fault is
// kept; what is asked for after it leaves its target alone.
type fields struct {
	at    string // JSON pointer of the object
	raw   map[string]json.RawMessage
	asked []string
	fault *event.FieldError
}

// readFields takes body, a JSON object, apart.
func readFields(at string, body []byte) *fields {
	f := &fields{at: at, raw: map[string]json.RawMessage{}}
	switch kind := event.JSONKind(body); {
	case !utf8.Valid(body):
		f.fault = &event.FieldError{Pointer: at, Detail: "must be UTF-8"}
	case !json.Valid(body):
		f.fault = &event.FieldError{Pointer: at, Detail: "must be valid JSON"}
	case kind != "an object":
		f.fault = &event.FieldError{Pointer: at, Detail: "must be an object, not " + kind}
	default:
		f.split(body)
	}
	return f
}

// split reads the fields of a valid object. It can't fail, so the errors of
// the decoder are not looked at beyond ending the loop.
func (f *fields) split(body []byte) {
	d := json.NewDecoder(bytes.NewReader(body))
	_, err := d.Token() // the brace
	for err == nil && d.More() {
		var name json.Token
		var value json.RawMessage
		if name, err = d.Token(); err == nil {
			err = d.Decode(&value)
		}
		text, _ := name.(string) // a field's name always is one
		if _, twice := f.raw[text]; twice {
			f.fail(text, "is given twice")
		}
		f.raw[text] = value
	}
	if err != nil {
		f.fault = &event.FieldError{Pointer: f.at, Detail: "is not valid JSON: " + err.Error()}
	}
}

// fail keeps the first fault, at the field of the given name.
func (f *fields) fail(name, detail string) {
	if f.fault == nil {
		f.fault = &event.FieldError{Pointer: f.at + "/" + event.EscapePointer(name), Detail: detail}
	}
}

// take returns the field's value and whether it is given. Null is not given.
func (f *fields) take(name string) (json.RawMessage, bool) {
	f.asked = append(f.asked, name)
	raw, given := f.raw[name]
	delete(f.raw, name)
	return raw, given && f.fault == nil && event.JSONKind(raw) != "null"
}

// flag reads a truth value.
func (f *fields) flag(name string, to *bool) {
	raw, given := f.take(name)
	if !given {
		return
	}
	switch kind := event.JSONKind(raw); kind {
	case "true", "false":
		*to = kind == "true"
	default:
		f.fail(name, "must be true or false, not "+kind)
	}
}

// number reads a number from low to high.
func (f *fields) number(name string, to *float64, low, high float64) {
	f.bounded(name, to, low, high, "a number", func(float64) bool { return true })
}

// whole reads a whole number from low to high, which both are exact as float64.
func (f *fields) whole(name string, to *int64, low, high int64) {
	v := float64(*to)
	f.bounded(name, &v, float64(low), float64(high), "a whole number", func(v float64) bool { return v == float64(int64(v)) })
	*to = int64(v)
}

func (f *fields) bounded(name string, to *float64, low, high float64, what string, fits func(float64) bool) {
	raw, given := f.take(name)
	if !given {
		return
	}
	must := "must be " + what + " from " + plain(low) + " to " + plain(high)
	if kind := event.JSONKind(raw); kind != "a number" {
		f.fail(name, must+", not "+kind)
		return
	}
	v, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || !(v >= low && v <= high) || !fits(v) {
		f.fail(name, must)
		return
	}
	*to = v
}

// plain writes a bound.
func plain(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// text reads a string.
func (f *fields) text(name string) (string, bool) {
	raw, given := f.take(name)
	if !given {
		return "", false
	}
	var s string
	if kind := event.JSONKind(raw); kind != "a string" {
		f.fail(name, "must be a string, not "+kind)
		return "", false
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		f.fail(name, "is not valid JSON: "+err.Error())
		return "", false
	}
	return s, true
}

// program reads an expression and compiles it; the empty text is none.
func (f *fields) program(name string, to **expr.Program, kind expr.Kind, compile func(string, expr.Kind) (*expr.Program, error)) {
	src, given := f.text(name)
	if !given {
		return
	}
	*to = nil
	if src == "" {
		return
	}
	p, err := compile(src, kind)
	if err != nil {
		f.fail(name, faultOf(err))
		return
	}
	*to = p
}

// faultOf says where an expression is wrong.
func faultOf(err error) string {
	var e *expr.Error
	if !errors.As(err, &e) {
		return "can't be compiled: " + err.Error()
	}
	return "is wrong at line " + strconv.Itoa(e.Line) + ", column " + strconv.Itoa(e.Column) + ": " + e.Detail
}

// object reads an object with read, if it is given, and takes its fault over.
func (f *fields) object(name string, read func(*fields)) {
	raw, given := f.take(name)
	if !given {
		return
	}
	in := readFields(f.at+"/"+name, raw)
	read(in)
	f.fault = in.finish()
}

// finish returns the first fault. A field that nobody asked for comes before
// all others: a name written wrong explains why the right one is missing.
func (f *fields) finish() *event.FieldError {
	if len(f.raw) == 0 {
		return f.fault
	}
	unknown := slices.Min(slices.Collect(maps.Keys(f.raw)))
	known := strings.Join(f.asked, ", ")
	return &event.FieldError{Pointer: f.at + "/" + event.EscapePointer(unknown), Detail: "is not a field here; the fields are " + known}
}

package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
)

// strictJSON decodes one JSON value and nothing after it; a field that into
// does not have is a problem that names it.
func strictJSON(text []byte, into any) *Problem {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return jsonProblem(text, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fault(badBody, "the body is not valid JSON", "", "expected nothing after the value")
	}
	return nil
}

func jsonProblem(text []byte, err error) *Problem {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		// The error's own path names embedded types, and no places in a list.
		pointer := pointerWhere(text, func(_ string, end int64) bool { return end >= wrong.Offset })
		return fault(badBody, "the body is not valid", pointer, "expected "+kindExpected(wrong.Type)+", not "+kindGiven(wrong.Value))
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fault(badBody, "the body has a field that is not known here", unknownAt(text, name), "there is no such field")
	}
	detail := strings.TrimPrefix(err.Error(), "json: ")
	switch {
	case err == io.EOF:
		detail = "it is empty"
	case errors.Is(err, io.ErrUnexpectedEOF):
		detail = "it ends too early"
	}
	return fault(badBody, "the body is not valid JSON", "", detail)
}

// unknownAt points at a field by its name in quotes, at the name alone where
// several have it.
func unknownAt(text []byte, quoted string) string {
	name, err := strconv.Unquote(quoted)
	if err != nil {
		name = strings.Trim(quoted, `"`)
	}
	end := "/" + pointerToken(clip(name))
	var found []string
	pointerWhere(text, func(pointer string, _ int64) bool {
		if strings.HasSuffix(pointer, end) {
			found = append(found, pointer)
		}
		return len(found) > 1
	})
	if len(found) == 1 {
		return found[0]
	}
	return end
}

// kindExpected says what JSON a Go type is read from.
func kindExpected(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Float32, reflect.Float64:
		return "a number"
	default:
		return "a whole number"
	}
}

// kindGiven says what was there, from encoding/json's word for it.
func kindGiven(value string) string {
	switch value {
	case "bool":
		return "true or false"
	case "array", "object":
		return "an " + value
	case "string", "number":
		return "a " + value
	}
	return clip(strings.TrimPrefix(value, "number "))
}

// pointerWhere gives the JSON pointer of the first value for which found holds,
// given its pointer and the offset of the end of its first token; empty if
// there is none. The text was found to be JSON.
func pointerWhere(text []byte, found func(pointer string, end int64) bool) string {
	w := pointerWalk{d: json.NewDecoder(bytes.NewReader(text)), found: found}
	w.value("")
	return w.at
}

// pointerWalk goes over the values of a text, in their order.
type pointerWalk struct {
	d     *json.Decoder
	found func(pointer string, end int64) bool
	at    string
}

// longestPointer bounds how deep a walk goes.
const longestPointer = 1024

// value goes over one value and what is in it; false: it is over.
func (w *pointerWalk) value(pointer string) bool {
	token, err := w.d.Token()
	if err != nil || len(pointer) > longestPointer {
		return false
	}
	if w.found(pointer, w.d.InputOffset()) {
		w.at = pointer
		return false
	}
	open, nested := token.(json.Delim)
	if !nested {
		return true
	}
	for i := 0; w.d.More(); i++ {
		step := strconv.Itoa(i)
		if open == '{' {
			name, err := w.d.Token()
			if err != nil {
				return false
			}
			step = clip(name.(string))
		}
		if !w.value(pointer + "/" + pointerToken(step)) {
			return false
		}
	}
	_, err = w.d.Token() // the end
	return err == nil
}

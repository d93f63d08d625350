package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// strictJSON decodes one JSON value and nothing after it; a field that into
// does not have is a problem that names it.
func strictJSON(text []byte, into any) *Problem {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return jsonProblem(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fault(badBody, "the body is not valid JSON", "", "expected nothing after the value")
	}
	return nil
}

func jsonProblem(err error) *Problem {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		pointer := "/" + strings.ReplaceAll(wrong.Field, ".", "/")
		return fault(badBody, "the body is not valid", strings.TrimSuffix(pointer, "/"), "expected no "+wrong.Value+" here")
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		name = strings.Trim(name, `"`)
		return fault(badBody, "the body has a field that is not known here", "/"+pointerToken(clip(name)), "there is no such field")
	}
	return fault(badBody, "the body is not valid JSON", "", strings.TrimPrefix(err.Error(), "json: "))
}

package files

import (
	"encoding/hex"
	"errors"

	"crypto/sha256"

	"github.com/cespare/xxhash/v2"

	"nabo/engine/event"
)

// envelope takes whole events from NDJSON. What has an id goes on as it is
// written. What has none, and would be counted again each time the file is
// imported, gets one made of its text and of how often that text came before;
// what only sets a state needs none.
type envelope struct {
	source string
	seen   recent
}

func newEnvelope(source string) *envelope {
	e := &envelope{source: source}
	e.seen.limit = closedReceipts
	return e
}

// appendTo appends the event on a line to dst. The error is a *rowError.
func (e *envelope) appendTo(dst, line []byte, now event.Millis) ([]byte, event.Type, int, error) {
	var kind event.Type
	var lines int
	var fault error
	n := 0
	event.Scan(line, func(_ int, ev *event.Event, err error) bool {
		n++
		if err == nil {
			err = ev.ValidateTime(now)
		}
		if err != nil {
			fault = fieldFault(err)
			return false
		}
		kind, lines = ev.Type, linesOf(ev)
		if ev.ID == "" && addsUp(ev.Type) {
			e.name(ev, line)
			dst = ev.AppendJSON(dst)
		} else {
			dst = append(dst, line...)
		}
		return n < 2
	})
	if fault == nil && n != 1 {
		fault = &rowError{reason: "holds more than one event"}
	}
	return dst, kind, lines, fault
}

// addsUp says whether an event of a type adds to what is known, so that taking
// it twice would be wrong.
func addsUp(t event.Type) bool {
	switch t {
	case event.TypeProductUpserted, event.TypeProductDeleted, event.TypeStockChanged,
		event.TypeMemberUpserted, event.TypeMemberErased, event.TypeMemberMerged, event.TypeMemberIdentified,
		event.TypeOfferUpserted, event.TypeOfferWithdrawn, event.TypeOfferPersonal, event.TypeConsentChanged, event.TypeScenarioChanged:
		return false
	}
	return true
}

// name gives an event an id.
func (e *envelope) name(ev *event.Event, line []byte) {
	if ev.Source == "" {
		ev.Source = e.source
	}
	sum := sha256.Sum256(line)
	id := []byte(hex.EncodeToString(sum[:16]))
	if n := e.seen.count(xxhash.Sum64(line)); n > 1 {
		id = appendPart(id, n)
	}
	ev.ID = string(id)
}

// fieldFault turns the rules' errors into a row's.
func fieldFault(err error) *rowError {
	var f *event.FieldError
	if errors.As(err, &f) {
		return &rowError{column: f.Pointer, reason: f.Detail}
	}
	return &rowError{reason: err.Error()}
}

// linesOf returns how many lines an event's receipt has, zero for any other.
func linesOf(ev *event.Event) int {
	if r, ok := ev.Body.(*event.Receipt); ok {
		return len(r.Lines)
	}
	return 0
}

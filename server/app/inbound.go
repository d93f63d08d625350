package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"nabo/engine/event"
	"nabo/server"
	"nabo/stream"
)

// submit takes a feed's events to the gate. One that is rejected is an error:
// a feed is a program, and its mistakes are the program's.
func (p *process) submit(ctx context.Context, events []event.Event) error {
	result, err := p.gate.Submit(ctx, events)
	if err != nil {
		return err
	}
	for i := range result.Outcomes {
		if result.Outcomes[i].Err != nil {
			return fmt.Errorf("event %d (%s): %w", i, events[i].ID, result.Outcomes[i].Err)
		}
	}
	return nil
}

// offerServices answers requests over NATS with what HTTP answers.
func (p *process) offerServices() error {
	for _, s := range []struct{ op, subject string }{
		{"together", "recomms.together"},
		{"similar", "recomms.similar"},
		{"trending", "recomms.trending"},
		{"basket", "recomms.basket"},
		{"products", "recomms.products"},
		{"offers", "recomms.offers"},
		{"next-offer", "recomms.next-offer"},
	} {
		err := p.stream.Respond(s.op, s.subject, func(ctx context.Context, request []byte) ([]byte, error) {
			answer, err := p.server.HandleRequest(ctx, s.op, request)
			if problem := (*server.Problem)(nil); errors.As(err, &problem) {
				return nil, &stream.ServiceError{Code: fmt.Sprint(problem.Status), Detail: problem.Detail, Body: answer}
			}
			return answer, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// inboundSource is the source of events that came over NATS without an id: the
// message is their id then, so that one that comes again counts once.
const inboundSource = "nabo/inbound"

// mostReasons of a message's refusals are kept: a few are enough to find the
// sender's mistake.
const mostReasons = 5

// admit takes a batch of what was published over NATS to the gate.
func (p *process) admit(ctx context.Context, batch []stream.Incoming) ([]stream.Verdict, error) {
	requests := make([][]event.Event, len(batch))
	reasons := make([][]string, len(batch))
	for i := range batch {
		requests[i], reasons[i] = readIncoming(&batch[i])
	}
	results, err := p.gate.SubmitEach(ctx, requests)
	if err != nil {
		return nil, err
	}
	verdicts := make([]stream.Verdict, len(batch))
	for i := range batch {
		for _, outcome := range results[i].Outcomes {
			if outcome.Err != nil {
				reasons[i] = append(reasons[i], outcome.Err.Error())
			}
		}
		verdicts[i].Reject = strings.Join(reasons[i][:min(mostReasons, len(reasons[i]))], "; ")
		if verdicts[i].Reject != "" {
			p.server.DeadLetter(batch[i].Type, verdicts[i].Reject)
		}
	}
	return verdicts, nil
}

// readIncoming decodes one message, and says what was wrong with the events
// that are left out.
func readIncoming(in *stream.Incoming) (events []event.Event, reasons []string) {
	events, reasons, untyped := scanIncoming(in, in.Data)
	if untyped {
		if data, ok := typed(in); ok {
			events, reasons, _ = scanIncoming(in, data)
		}
	}
	return events, reasons
}

// typed gives a message that is one event the type that its subject says.
func typed(in *stream.Incoming) ([]byte, bool) {
	var envelope map[string]json.RawMessage
	if err := json.Unmarshal(in.Data, &envelope); err != nil || len(envelope) == 0 || envelope["type"] != nil {
		return nil, false
	}
	if _, known := event.ParseType(in.Type); !known {
		return nil, false
	}
	rest := in.Data[bytes.IndexByte(in.Data, '{')+1:]
	return append([]byte(`{"type":"`+in.Type+`",`), rest...), true
}

// scanIncoming decodes a message's data; untyped says that an event has no type
// that is known.
func scanIncoming(in *stream.Incoming, data []byte) (events []event.Event, reasons []string, untyped bool) {
	event.Scan(data, func(index int, ev *event.Event, err error) bool {
		if err != nil {
			if f, ok := errors.AsType[*event.FieldError](err); ok && f.Pointer == "/type" {
				untyped = true
			}
			reasons = append(reasons, err.Error())
			return true
		}
		// A receipt without an id is known by its content, as everywhere.
		if ev.ID == "" && ev.Type != event.TypeReceipt {
			ev.Source, ev.ID = inboundSource, fmt.Sprintf("%s/%d", in.ID, index)
		}
		events = append(events, *ev)
		return true
	})
	return events, reasons, untyped
}

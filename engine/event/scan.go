package event

import (
	"fmt"
	"strings"
)

// Scan reads events in their outer form from body, which holds one CloudEvents
// JSON object, an array of them, or one after another as in NDJSON, and calls
// yield for each with its index from 0. It stops when yield returns false.
//
// An event that breaks a rule yields a nil event and a *FieldError, and
// scanning goes on with the next one. Where the JSON itself is broken, so that
// the next event can't be found, the last error says that the rest was not
// read: in an array that is the whole rest, in NDJSON never more than up to
// the next line that starts with a brace. Every rule but the clock's has been
// checked: call ValidateTime before admitting an event.
//
// The event that yield gets is overwritten after it returns; to keep it, copy
// the struct. Its body and its strings stay as they are, but the strings may
// share one copy of the whole of body: clone those that are kept for long.
// Body itself is neither kept nor changed. Any number of goroutines may call.
func Scan(body []byte, yield func(index int, ev *Event, err error) bool) {
	scan(body, true, yield)
}

// scan is Scan with a choice of roads, so that a test can compare them.
func scan(body []byte, fast bool, yield func(index int, ev *Event, err error) bool) {
	s := &scanner{body: string(body), quick: fast, yield: yield}
	s.at = skipSpace(s.body, len(byteOrderMark(s.body)))
	switch {
	case s.at == len(s.body):
		s.yield(0, nil, &FieldError{"", "is missing: the body is empty"})
	case s.body[s.at] == '[':
		s.array()
	default:
		s.sequence()
	}
}

// byteOrderMark returns the mark that some systems put before UTF-8, or "".
func byteOrderMark(s string) string {
	const mark = "\ufeff"
	if strings.HasPrefix(s, mark) {
		return mark
	}
	return ""
}

// scanner walks over a body. It finds where each event ends; what is in it is
// read by the quick road, and by the slow one for all that the quick one does
// not take.
type scanner struct {
	body  string
	at    int
	index int
	quick bool
	yield func(index int, ev *Event, err error) bool

	event Event
	fast  quickRoad
}

// one reads the event at s.at and yields it. If the JSON is broken it yields
// nothing: fault says why, and s.at is where.
func (s *scanner) one() (more bool, fault string) {
	if s.quick {
		if end, ok := s.fast.read(s.body, s.at, &s.event); ok {
			s.at = end
			return s.deliver(&s.event, nil), ""
		}
	}
	start := s.at
	if s.at, fault = skipValue(s.body, start, 0); fault != "" {
		return true, fault
	}
	if err := decode(s.body[start:s.at], &s.event); err != nil {
		return s.deliver(nil, err), ""
	}
	return s.deliver(&s.event, nil), ""
}

func (s *scanner) deliver(ev *Event, err error) bool {
	s.index++
	return s.yield(s.index-1, ev, err)
}

// array reads a JSON array of events.
func (s *scanner) array() {
	s.at = skipSpace(s.body, s.at+1)
	if s.at < len(s.body) && s.body[s.at] == ']' {
		s.end()
		return
	}
	for {
		more, fault := s.one()
		if !more {
			return
		}
		if fault == "" {
			s.at = skipSpace(s.body, s.at)
			switch {
			case s.at == len(s.body):
				fault = "is missing: the array is not closed"
			case s.body[s.at] == ']':
				s.end()
				return
			case s.body[s.at] != ',':
				fault = "lacks a comma before it"
			default:
				s.at = skipSpace(s.body, s.at+1)
				continue
			}
		}
		s.deliver(nil, brokenRest(fault, s.at))
		return
	}
}

// end checks that nothing follows the array.
func (s *scanner) end() {
	s.at = skipSpace(s.body, s.at+1)
	if s.at < len(s.body) {
		s.deliver(nil, brokenRest("stands after the array's end", s.at))
	}
}

// sequence reads events that stand one after another, usually one to a line.
func (s *scanner) sequence() {
	for ; s.at < len(s.body); s.at = skipSpace(s.body, s.at) {
		start := s.at
		more, fault := s.one()
		if !more {
			return
		}
		if fault == "" {
			continue
		}
		at := s.at
		s.at = s.resume(start, at)
		err := broken(fault, at)
		if s.at == len(s.body) && strings.IndexByte(s.body[start:], '\n') >= 0 {
			err = brokenRest(fault, at)
		}
		if !s.deliver(nil, err) {
			return
		}
	}
}

// resume returns where to go on after a broken event that starts at start and
// broke at at. If it broke on its first line, that is the next line. If it
// broke later, it is either written over several lines or lacks its end; both
// ways the next event is at the next line that starts with a brace, since
// those inside an event that is written over several lines are indented.
func (s *scanner) resume(start, at int) int {
	line := strings.IndexByte(s.body[start:], '\n')
	if line < 0 {
		return len(s.body)
	}
	if at <= start+line {
		return start + line + 1
	}
	next := strings.Index(s.body[start:], "\n{")
	if next < 0 {
		return len(s.body)
	}
	return start + next + 1
}

func broken(fault string, at int) error {
	return &FieldError{"", fmt.Sprintf("%s, at byte %d of the body", fault, at)}
}

func brokenRest(fault string, at int) error {
	return &FieldError{"", fmt.Sprintf("%s, at byte %d of the body; it and the rest of the body were not read", fault, at)}
}

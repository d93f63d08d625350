package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"nabo/engine/event"
	"nabo/stream/gate"
)

// Admission is what POST /v1/events answers.
type Admission struct {
	Accepted   int        `json:"accepted" minimum:"0" doc:"Events that are now durable in the log; with validateOnly, that would be taken"`
	Duplicates int        `json:"duplicates" minimum:"0" doc:"Events that were known already and changed nothing"`
	Rejected   []Rejected `json:"rejected" nullable:"false" doc:"Events that were refused; the others are taken"`
	Seq        uint64     `json:"seq" doc:"The log position at which all of them are in; 0 where there is nothing to wait for. Give it as minSeq to a read that must see them"`
	Applied    bool       `json:"applied" doc:"Whether the engine has applied them: always asked for with wait=applied"`
}

// Rejected is one event that was refused.
type Rejected struct {
	Index   int    `json:"index" minimum:"0" doc:"Its place in the request, from 0"`
	Pointer string `json:"pointer" doc:"A JSON pointer into the event" example:"/data/lines/0/qty"`
	Detail  string `json:"detail" doc:"What was expected there"`
}

// eventTypes are the content types that POST /v1/events reads. All of them are
// read alike: the body says itself whether it is one event, an array or NDJSON.
var eventTypes = [...]string{
	jsonType, "application/cloudevents+json", "application/cloudevents-batch+json",
	"application/x-ndjson", "application/ndjson", "application/jsonl",
}

// events takes events in.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	c := w.(*call)
	admission, bad := s.admit(c, r)
	if bad != nil {
		writeProblem(c, bad)
		return
	}
	c.out = appendAdmission(c.out[:0], &admission)
	c.Header().Set("Content-Type", jsonType)
	status := http.StatusAccepted
	if c.params.validateOnly {
		status = http.StatusOK // nothing was accepted for later
	}
	c.WriteHeader(status)
	c.Write(c.out) // the client may be gone: nobody is left to tell
}

// inbox is the events of one request on their way to the gate.
type inbox struct {
	events   []event.Event
	indexes  []int        // the place of each in the request
	types    []event.Type // of events, which are the gate's once it has them
	rejected []Rejected
	seen     int
}

func (s *Server) admit(c *call, r *http.Request) (Admission, *Problem) {
	if bad := s.unready(); bad != nil {
		return Admission{}, bad
	}
	c.params.reset(pWait | pValidateOnly)
	if bad := c.params.query(r.URL.RawQuery); bad != nil {
		return Admission{}, bad
	}
	if bad := s.readBody(c, r, eventTypes[:]...); bad != nil {
		return Admission{}, bad
	}
	box, bad := s.scan(c.in)
	if bad != nil {
		return Admission{}, bad
	}
	if c.params.validateOnly {
		return s.check(box)
	}
	return s.submit(r.Context(), box, c.params.wait == "applied")
}

// scan decodes the body. A request with too many events is refused whole,
// before any of it is taken.
func (s *Server) scan(body []byte) (*inbox, *Problem) { return s.scanUpTo(body, s.opt.MaxEvents) }

func (s *Server) scanUpTo(body []byte, most int) (*inbox, *Problem) {
	box := &inbox{}
	event.Scan(body, func(index int, ev *event.Event, err error) bool {
		if box.seen++; box.seen > most {
			return false
		}
		if err != nil {
			box.reject(index, err)
			return true
		}
		box.types = append(box.types, ev.Type)
		box.events = append(box.events, *ev)
		box.indexes = append(box.indexes, index)
		return true
	})
	if box.seen > most {
		return nil, problem(http.StatusRequestEntityTooLarge, tooMany, fmt.Sprintf("more than %d events, the most that is taken at once; none was taken", most))
	}
	return box, nil
}

func (b *inbox) reject(index int, err error) {
	out := Rejected{Index: index, Detail: err.Error()}
	if f, ok := errors.AsType[*event.FieldError](err); ok {
		out.Pointer, out.Detail = f.Pointer, f.Detail
	}
	b.rejected = append(b.rejected, out)
}

// check says what the gate would say of each event's form and time.
func (s *Server) check(box *inbox) (Admission, *Problem) {
	now, out := s.now(), Admission{}
	for i := range box.events {
		if err := box.events[i].ValidateTime(now); err != nil {
			box.reject(box.indexes[i], err)
			continue
		}
		out.Accepted++
	}
	return box.conclude(out)
}

func (s *Server) submit(ctx context.Context, box *inbox, wait bool) (Admission, *Problem) {
	for i := range box.rejected {
		s.rejections.add(s.opt.Now(), 0, &box.rejected[i])
	}
	if len(box.events) == 0 {
		return box.conclude(Admission{})
	}
	result, err := s.pass(ctx, box.events)
	if err != nil {
		return Admission{}, s.submitProblem(err)
	}
	out := Admission{Seq: result.Seq}
	for i := range result.Outcomes {
		switch o := &result.Outcomes[i]; o.Verdict {
		case gate.Accepted:
			out.Accepted++
		case gate.Duplicate:
			out.Duplicates++
		default:
			box.reject(box.indexes[i], o.Err)
			s.rejections.add(s.opt.Now(), box.types[i], &box.rejected[len(box.rejected)-1])
		}
	}
	if wait {
		// Past the bound the events are durable all the same: only the word
		// that they are applied is missing.
		out.Applied = s.reach(ctx, out.Seq) == nil
	} else {
		out.Applied = s.opt.Engine.Position() >= out.Seq
	}
	return box.conclude(out)
}

// conclude orders the refusals and turns an answer in which nothing was good
// into a problem.
func (b *inbox) conclude(out Admission) (Admission, *Problem) {
	sortRejected(b.rejected)
	out.Rejected = b.rejected
	if len(b.rejected) == 0 || out.Accepted+out.Duplicates > 0 {
		return out, nil
	}
	detail := "the event was refused"
	if b.seen > 1 {
		detail = "all " + strconv.Itoa(b.seen) + " events were refused"
	}
	p := problem(http.StatusBadRequest, badEvent, detail)
	p.Rejected = b.rejected
	for _, r := range b.rejected {
		pointer := r.Pointer
		if b.seen > 1 {
			pointer = "/" + strconv.Itoa(r.Index) + pointer
		}
		p.Errors = append(p.Errors, ProblemError{Pointer: pointer, Detail: r.Detail})
	}
	return out, p
}

// pass hands events to the gate, for no longer than SubmitLimit. The gate
// keeps them: they must not be used afterwards.
func (s *Server) pass(ctx context.Context, evs []event.Event) (gate.Result, error) {
	bound, cancel := context.WithTimeout(ctx, s.opt.SubmitLimit)
	defer cancel()
	return s.opt.Gate.Submit(bound, evs)
}

// submitProblem tells a full queue from a request that was given up and from
// what went wrong inside.
func (s *Server) submitProblem(err error) *Problem {
	if _, full := errors.AsType[*gate.QueueFullError](err); full {
		return unavailable(overloaded, "too many events are waiting to be written; none of this request was taken: send it again")
	}
	if errors.Is(err, gate.ErrStopped) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return unavailable(overloaded, "the log did not take the events in time; some may be in it: send them again with the same ids")
	}
	s.opt.Log.Error("the gate could not take events", "error", err)
	return asProblem(err)
}

func appendAdmission(dst []byte, a *Admission) []byte {
	dst = strconv.AppendInt(append(dst, `{"accepted":`...), int64(a.Accepted), 10)
	dst = strconv.AppendInt(append(dst, `,"duplicates":`...), int64(a.Duplicates), 10)
	dst = append(dst, `,"rejected":[`...)
	for i := range a.Rejected {
		r := &a.Rejected[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(append(dst, `{"index":`...), int64(r.Index), 10)
		dst = appendString(append(dst, `,"pointer":`...), r.Pointer)
		dst = appendString(append(dst, `,"detail":`...), r.Detail)
		dst = append(dst, '}')
	}
	dst = strconv.AppendUint(append(dst, `],"seq":`...), a.Seq, 10)
	dst = strconv.AppendBool(append(dst, `,"applied":`...), a.Applied)
	return append(dst, "}\n"...)
}

// sortRejected puts the refusals in the order of the request: some came from
// the decoder, some from the gate.
func sortRejected(list []Rejected) {
	slices.SortFunc(list, func(a, b Rejected) int { return a.Index - b.Index })
}

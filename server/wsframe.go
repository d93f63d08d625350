package server

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/server/live"
)

// wsFrame is a client's frame.
type wsFrame struct {
	Type string          `json:"type"`
	ID   string          `json:"id"`
	Data json.RawMessage `json:"data"`
}

// maxFrameID is the longest id of a client's frame, in bytes.
const maxFrameID = 64

// frameTypes are what a client may send.
const frameTypes = "hello, subscribe, unsubscribe, event, request, ping"

// readFrame reads a frame's envelope. The id is set where it could be read, so
// that an error can name it.
func readFrame(text []byte) (wsFrame, *Problem) {
	var f wsFrame
	if bad := strictJSON(text, &f); bad != nil {
		var only struct {
			ID string `json:"id"`
		}
		if json.Unmarshal(text, &only) == nil && len(only.ID) <= maxFrameID {
			f.ID = only.ID
		}
		return wsFrame{ID: f.ID}, frameProblem(bad, "")
	}
	if f.ID == "" || len(f.ID) > maxFrameID || !validID(f.ID) {
		f.ID = ""
		return f, badFrame("/id", "expected 1 to "+strconv.Itoa(maxFrameID)+" bytes of printable UTF-8")
	}
	return f, nil
}

// badFrame is the problem that a field of a frame is not what was expected.
func badFrame(pointer, expected string) *Problem {
	return fault(badFrameKind, "the frame is not valid", pointer, expected)
}

// frameProblem says of a body's problem that it is a frame's, with its places
// below a pointer.
func frameProblem(bad *Problem, pointer string) *Problem {
	out := below(bad, pointer)
	out.Type, out.Detail = problemURN+badFrameKind, strings.Replace(bad.Detail, "the body", "the frame", 1)
	return out
}

// below is a problem whose places are below a pointer.
func below(bad *Problem, pointer string) *Problem {
	out := *bad
	out.Errors = nil
	for _, e := range bad.Errors {
		out.Errors = append(out.Errors, ProblemError{pointer + e.Pointer, e.Detail})
	}
	return &out
}

// dataOf reads a frame's data into a value; without data it stays as it is.
func dataOf(f *wsFrame, into any) *Problem {
	if len(f.Data) == 0 {
		return nil
	}
	if bad := strictJSON(f.Data, into); bad != nil {
		return frameProblem(bad, "/data")
	}
	return nil
}

// wsHello is the data of a hello.
type wsHello struct {
	Token  string    `json:"token"`
	Resume *wsResume `json:"resume"`
}

// wsResume says where a client was.
type wsResume struct {
	Session string `json:"session"`
	Seq     uint64 `json:"seq"`
}

func readHello(f *wsFrame) (wsHello, *Problem) {
	var out wsHello
	if bad := dataOf(f, &out); bad != nil {
		return out, bad
	}
	if out.Resume != nil && (out.Resume.Session == "" || len(out.Resume.Session) > event.MaxID) {
		return out, badFrame("/data/resume/session", "expected the session's name as the welcome gave it")
	}
	return out, nil
}

// wsSubscribe is the data of a subscribe.
type wsSubscribe struct {
	Topic    string   `json:"topic"`
	Member   *string  `json:"member"`
	Session  *string  `json:"session"`
	Store    *string  `json:"store"`
	Scenario *string  `json:"scenario"`
	Window   *string  `json:"window"`
	Count    *int     `json:"count"`
	Types    []string `json:"types"`
}

// topicRule is what a topic takes.
type topicRule struct {
	topic               live.Topic
	required, permitted string // fields, parted by spaces
}

// ruleOf finds what a topic takes.
func ruleOf(topic string) (topicRule, bool) {
	switch topic {
	case "offers":
		return topicRule{live.Offers, "member", "scenario store count"}, true
	case "basket":
		return topicRule{live.Basket, "session", "member store count"}, true
	case "nudges":
		return topicRule{live.Nudges, "session member", "store"}, true
	case "trending":
		return topicRule{live.Trending, "", "store window count"}, true
	case "events":
		return topicRule{live.Events, "", "types"}, true
	}
	return topicRule{}, false
}

// readSubscribe makes the hub's question of a subscribe.
func readSubscribe(f *wsFrame) (live.Question, *Problem) {
	var in wsSubscribe
	if bad := dataOf(f, &in); bad != nil {
		return live.Question{}, bad
	}
	rule, ok := ruleOf(in.Topic)
	if !ok {
		return live.Question{}, badFrame("/data/topic", "expected one of offers, basket, nudges, trending, events")
	}
	q := live.Question{Topic: rule.topic}
	session := ""
	for _, field := range []struct {
		name  string
		value *string
		into  *string
	}{
		{"member", in.Member, &q.Member}, {"session", in.Session, &session}, {"store", in.Store, &q.Store},
		{"scenario", in.Scenario, &q.Scenario}, {"window", in.Window, &q.Window},
	} {
		if bad := rule.allows(field.name, field.value != nil); bad != nil {
			return q, bad
		}
		if field.value == nil {
			continue
		}
		if !validID(*field.value) {
			return q, badFrame("/data/"+field.name, "expected 1 to "+strconv.Itoa(event.MaxID)+" bytes of printable UTF-8")
		}
		*field.into = *field.value
	}
	q.Session = event.HashID(session)
	if q.Window != "" && !isChoice("1d|1h|7d", q.Window) {
		return q, badFrame("/data/window", "expected one of 1d, 1h, 7d")
	}
	return q, readCounts(&in, rule, &q)
}

func readCounts(in *wsSubscribe, rule topicRule, q *live.Question) *Problem {
	if bad := rule.allows("count", in.Count != nil); bad != nil {
		return bad
	}
	if in.Count != nil {
		if *in.Count < 1 || *in.Count > engine.MaxCount {
			return badFrame("/data/count", "expected a whole number from 1 to "+strconv.Itoa(engine.MaxCount))
		}
		q.Count = *in.Count
	}
	if bad := rule.allows("types", in.Types != nil); bad != nil {
		return bad
	}
	for i, name := range in.Types {
		t, ok := event.ParseType(name)
		if !ok {
			return badFrame("/data/types/"+strconv.Itoa(i), "expected an event's type, such as receipt")
		}
		q.Types |= 1 << t
	}
	return nil
}

// allows says whether a field may, or must, be there.
func (r topicRule) allows(name string, given bool) *Problem {
	must, may := isChoice(strings.ReplaceAll(r.required, " ", "|"), name), isChoice(strings.ReplaceAll(r.permitted, " ", "|"), name)
	switch {
	case must && !given:
		return badFrame("/data/"+name, "expected a value: the topic needs it")
	case given && !must && !may:
		return badFrame("/data/"+name, fmt.Sprintf("the topic does not take it; it takes %s", strings.Join(strings.Fields(r.required+" "+r.permitted), ", ")))
	}
	return nil
}

// wsUnsubscribe is the data of an unsubscribe.
type wsUnsubscribe struct {
	Ref string `json:"ref"`
}

// wsRequest is the data of a request.
type wsRequest struct {
	Op     string          `json:"op"`
	Params json.RawMessage `json:"params"`
}

// serverFrame begins a frame that answers the client's frame id.
func serverFrame(kind, id string, room int) []byte {
	out := make([]byte, 0, room+len(id)+64)
	out = append(append(append(out, `{"type":"`...), kind...), '"')
	if id != "" {
		out = appendString(append(out, `,"ref":`...), id)
	}
	return out
}

// replyFrame is a frame with data, without the line's end that an answer over
// HTTP has.
func replyFrame(kind, id string, data []byte) []byte {
	for len(data) > 0 && data[len(data)-1] == '\n' {
		data = data[:len(data)-1]
	}
	out := append(serverFrame(kind, id, len(data)), `,"data":`...)
	return append(append(out, data...), '}')
}

func errorFrame(id string, bad *Problem) []byte { return replyFrame("error", id, bad.body()) }

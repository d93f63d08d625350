package push

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// caller gathers what a call to Bloomreach holds, and makes the call.
type caller struct {
	b      *Bloomreach
	kind   string
	most   int
	bodies [][]byte
	size   int
}

func (b *Bloomreach) caller(kind string) *caller {
	most := maxItems
	if kind == kindCommand {
		most = maxCommands
	}
	return &caller{b: b, kind: kind, most: most}
}

// add puts one more into the call, and makes the call before if it is full.
func (c *caller) add(ctx context.Context, body []byte) error {
	if len(c.bodies) == c.most || len(c.bodies) > 0 && c.size+len(body) > maxBatchBytes-1024 {
		if err := c.flush(ctx); err != nil {
			return err
		}
	}
	c.bodies = append(c.bodies, body)
	c.size += len(body) + 1
	return nil
}

// flush makes the call. What is not taken is a dead letter when it returns nil.
func (c *caller) flush(ctx context.Context) error {
	if len(c.bodies) == 0 {
		return nil
	}
	bodies := c.bodies
	c.bodies, c.size = nil, 0
	if err := c.b.pace(ctx); err != nil {
		return err
	}
	open, close := "[", "]"
	if c.kind == kindCommand {
		open, close = `{"commands":[`, "]}"
	}
	body := append(append([]byte(open), bytes.Join(bodies, []byte(","))...), close...)
	var results []result
	err := c.b.post.post(ctx, &request{url: c.b.path(c.kind), body: body, header: c.b.header, accept: func(answer []byte) error {
		var err error
		results, err = c.read(answer, bodies)
		return err
	}})
	lost, ok := errors.AsType[*undeliverableError](err)
	switch {
	case ok:
		for _, body := range bodies {
			if err := c.b.bury(c.kind, body, lost.Error(), lost.attempts); err != nil {
				return err
			}
		}
		return c.b.gaveUp()
	case err != nil:
		return err
	}
	c.b.taken()
	for i, r := range results {
		if !r.Success {
			if err := c.b.bury(c.kind, bodies[i], "refused: "+c.b.post.scrub.Replace(quote(r.Errors)), 1); err != nil {
				return err
			}
		}
	}
	return nil
}

// result is the answer to one command or item.
type result struct {
	ID      string          `json:"command_id"`
	Success truth           `json:"success"`
	Errors  json.RawMessage `json:"errors"` // texts, or texts by field
}

// truth is a boolean; an example of the catalogues' page has "False" for one.
type truth bool

// UnmarshalJSON takes a boolean, or one in quotes.
func (t *truth) UnmarshalJSON(b []byte) error {
	switch string(bytes.ToLower(bytes.Trim(b, `"`))) {
	case "true":
		*t = true
	case "false":
		*t = false
	default:
		return fmt.Errorf("success is %.20s, a boolean was expected", b)
	}
	return nil
}

// read takes an answer of 2xx apart. An error means that nobody knows what was
// taken, so that the call is made again, which changes nothing twice.
func (c *caller) read(answer []byte, bodies [][]byte) ([]result, error) {
	var results []result
	if c.kind != kindCommand && bytes.HasPrefix(bytes.TrimSpace(answer), []byte("[")) {
		if err := json.Unmarshal(answer, &results); err != nil {
			return nil, fmt.Errorf("read the answer: %w", err)
		}
	} else {
		var whole struct {
			Success *truth   `json:"success"`
			Results []result `json:"results"`
		}
		if err := json.Unmarshal(answer, &whole); err != nil {
			return nil, fmt.Errorf("read the answer: %w", err)
		}
		// Such an answer is a refusal for good, unless it has results.
		if whole.Success != nil && !bool(*whole.Success) && len(whole.Results) == 0 {
			return nil, &undeliverableError{status: 200, attempts: 1, reason: "refused: " + quote(answer)}
		}
		results = whole.Results
	}
	if len(results) != len(bodies) {
		return nil, fmt.Errorf("the answer has %d results for %d", len(results), len(bodies))
	}
	return inOrder(results, bodies)
}

// inOrder puts results that name their commands into the order of those.
func inOrder(results []result, bodies [][]byte) ([]result, error) {
	if slices.ContainsFunc(results, func(r result) bool { return r.ID == "" }) {
		return results, nil
	}
	byID := map[string]result{}
	for _, r := range results {
		byID[r.ID] = r
	}
	out := make([]result, len(bodies))
	for i, body := range bodies {
		var named struct {
			ID string `json:"command_id"`
		}
		if err := json.Unmarshal(body, &named); err != nil {
			return nil, fmt.Errorf("read our own command: %w", err)
		}
		r, ok := byID[named.ID]
		if !ok {
			return nil, fmt.Errorf("the answer has no result for command %s", named.ID)
		}
		out[i] = r
	}
	return out, nil
}

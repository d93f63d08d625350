package eval

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"nabo/engine/event"
)

// question asks which of the candidates suit the member, with what was known
// before a day.
type question struct {
	ID         string   `json:"id"`
	Member     string   `json:"member"`
	Day        string   `json:"day"`
	Candidates []string `json:"candidates"`

	at event.Millis // midnight of Day
}

// longestQuestion is how many bytes one line of questions may have.
const longestQuestion = 1 << 24

// questions reads a file, or makes the questions if path is empty. They are in
// the order of their days, and of ids within one.
func (h *history) questions(path string) (out []question, err error) {
	if path == "" {
		out = h.ownQuestions()
	} else if out, err = readQuestions(path); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, errors.New("there is none: a file of them, or a history with redemptions, was expected")
	}
	slices.SortFunc(out, func(a, b question) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.ID, b.ID)) })
	for i := 1; i < len(out); i++ {
		if out[i].ID == out[i-1].ID {
			return nil, fmt.Errorf("two have the id %q", out[i].ID)
		}
	}
	return out, nil
}

// ownQuestions asks for each member on each day on which they redeemed what
// was sent to them.
func (h *history) ownQuestions() (out []question) {
	seen := map[string]bool{}
	for _, r := range h.redemptions {
		q := question{ID: r.member + "|" + dayOf(r.at), Member: r.member, Day: dayOf(r.at), at: r.at - r.at%day}
		if seen[q.ID] {
			continue
		}
		seen[q.ID] = true
		if q.Candidates = h.holding(r.member, q.at); len(q.Candidates) > 0 {
			out = append(out, q)
		}
	}
	return out
}

func readQuestions(path string) (out []question, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, longestQuestion)
	for n := 1; lines.Scan(); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		q, err := readQuestion(lines.Bytes())
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, n, err)
		}
		out = append(out, q)
	}
	return out, lines.Err()
}

func readQuestion(line []byte) (q question, err error) {
	if err := json.Unmarshal(line, &q); err != nil {
		return q, err
	}
	if q.ID == "" || q.Member == "" || q.Day == "" || len(q.Candidates) == 0 {
		return q, errors.New("id, member, day and candidates were expected, and at least one candidate")
	}
	if q.at, err = moment(q.Day); err != nil {
		return q, fmt.Errorf("day: %w", err)
	}
	q.at -= q.at % day
	return q, nil
}

// truth reads the right answers by question, or takes what the question's
// member redeemed on its day if path is empty.
func (h *history) truth(path string, asked []question) (map[string][]string, error) {
	out := map[string][]string{}
	if path != "" {
		body, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(body, &out); err != nil {
			return nil, fmt.Errorf("%s: %w; an object of lists was expected", path, err)
		}
		return out, nil
	}
	type on struct{ member, day string }
	redeemed := map[on][]string{}
	for _, r := range h.redemptions {
		at := on{r.member, dayOf(r.at)}
		redeemed[at] = append(redeemed[at], r.offer)
	}
	for _, q := range asked {
		out[q.ID] = redeemed[on{q.Member, dayOf(q.at)}]
	}
	return out, nil
}

// writePredictions writes the lists by their questions.
func writePredictions(path string, asked []question, lists [][]string) error {
	out := make(map[string][]string, len(asked))
	for i, q := range asked {
		out[q.ID] = lists[i]
	}
	body, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(body, '\n'), 0o644)
}

package eval

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"nabo/engine/event"
)

// question asks the engine one thing.
type question struct {
	ID         string   `json:"id"`
	Member     string   `json:"member,omitempty"`     // NextBasket, Offers
	Query      []string `json:"query,omitempty"`      // Together, Complete: the products given
	Day        string   `json:"day,omitempty"`        // Offers: asked with what was known before it
	Candidates []string `json:"candidates,omitempty"` // Offers

	task   Task
	before int          // the place in the order of what happened before which it is asked
	at     event.Millis // the moment it is asked; 0: that of the last that was applied
}

// longestQuestion is how many bytes one line of questions may have.
const longestQuestion = 1 << 24

// readQuestions reads a file of questions of one task. Those about offers are
// asked before their days, all others at the end.
func readQuestions(path string, task Task, order []step) (out []question, err error) {
	f, err := openFile(path)
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
		q := question{task: task, before: len(order)}
		if err := q.read(lines.Bytes()); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, n, err)
		}
		if task == Offers {
			q.before = firstFrom(order, q.at)
		}
		out = append(out, q)
	}
	return out, lines.Err()
}

func (q *question) read(line []byte) (err error) {
	if err := json.Unmarshal(line, q); err != nil {
		return err
	}
	switch {
	case q.task == Offers && (q.ID == "" || q.Member == "" || q.Day == "" || len(q.Candidates) == 0):
		return errors.New("id, member, day and candidates were expected, and at least one candidate")
	case q.task == NextBasket && (q.ID == "" || q.Member == ""):
		return errors.New("id and member were expected")
	case (q.task == Together || q.task == Complete) && (q.ID == "" || len(q.Query) == 0):
		return errors.New("id and query were expected, and at least one product in query")
	case q.task == Together && len(q.Query) != 1:
		return fmt.Errorf("query has %d products; what is bought together is asked of one", len(q.Query))
	case q.task == Offers:
		if q.at, err = moment(q.Day); err != nil {
			return fmt.Errorf("day: %w", err)
		}
		q.at -= q.at % day
	}
	return nil
}

// taskOf says which task a file of questions is about, by its first line.
func taskOf(path string) (task Task, err error) {
	f, err := openFile(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, longestQuestion)
	task = Together
	for lines.Scan() {
		var q question
		if len(lines.Bytes()) == 0 {
			continue
		}
		switch fault := json.Unmarshal(lines.Bytes(), &q); { // readQuestions says where it is
		case fault != nil, len(q.Candidates) > 0, q.Day != "":
			return Offers, nil
		case len(q.Query) == 0:
			return NextBasket, nil
		case len(q.Query) > 1:
			return Complete, nil
		}
	}
	return task, lines.Err()
}

// inOrder sorts questions by when they are asked, and by id within that.
func inOrder(asked []question) error {
	slices.SortFunc(asked, func(a, b question) int {
		return cmp.Or(cmp.Compare(a.before, b.before), cmp.Compare(a.at, b.at), cmp.Compare(a.task, b.task), cmp.Compare(a.ID, b.ID))
	})
	type one struct {
		task Task
		id   string
	}
	seen := make(map[one]bool, len(asked))
	for _, q := range asked {
		if seen[one{q.task, q.ID}] {
			return fmt.Errorf("two have the id %q", q.ID)
		}
		seen[one{q.task, q.ID}] = true
	}
	return nil
}

// firstFrom returns the place of the first step at or after a moment.
func firstFrom(order []step, at event.Millis) int {
	place, _ := slices.BinarySearchFunc(order, at, func(s step, at event.Millis) int { return cmp.Compare(s.at, at) })
	return place
}

// offerQuestions asks for each member on each day on which they redeemed what
// was sent to them, and says what they redeemed.
func (h *history) offerQuestions(order []step) (out []question, right answers) {
	right = answers{}
	for _, r := range h.redemptions {
		q := question{ID: r.member + "|" + dayOf(r.at), Member: r.member, Day: dayOf(r.at), task: Offers, at: r.at - r.at%day}
		known := right[q.ID] != nil
		right[q.ID] = append(right[q.ID], r.offer)
		if known {
			continue
		}
		q.before = firstFrom(order, q.at)
		if q.Candidates = h.holding(r.member, q.at); len(q.Candidates) > 0 {
			out = append(out, q)
		}
	}
	return out, right
}

// memberQuestions asks for the next basket behind each right answer, whose ids
// are the members', with or without | and what follows it.
func memberQuestions(right answers, order []step) (out []question) {
	for id := range right {
		member, _, _ := strings.Cut(id, "|")
		out = append(out, question{ID: id, Member: member, task: NextBasket, before: len(order)})
	}
	return out
}

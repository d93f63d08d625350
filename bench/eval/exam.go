package eval

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// exam is what one replay is for: what is known, and which questions are asked
// at which place.
type exam struct {
	part
	train part // what is known before the first question, to be cut again; its until is 0: not to be
	asked []question
	right [allTasks]answers // by task and question; nil: not known
	past  answers           // what the asker had bought before, by question; nil: not known
}

// put adds a question with its right answers.
func (ex *exam) put(q question, right items) {
	ex.asked = append(ex.asked, q)
	if ex.right[q.task] == nil {
		ex.right[q.task] = answers{}
	}
	ex.right[q.task][q.ID] = right
}

// tasks returns the tasks of an exam's questions, in their order.
func (ex *exam) tasks() (out []Task) {
	var has [allTasks]bool
	for i := range ex.asked {
		has[ex.asked[i].task] = true
	}
	for t := range allTasks {
		if has[t] {
			out = append(out, t)
		}
	}
	return out
}

// exams takes the questions from files, or cuts the history.
func (h *history) exams(opt *Options) ([]*exam, error) {
	order := h.order()
	if opt.Queries != "" || opt.Truth != "" && !opt.wants(Offers) {
		ex, err := givenExam(order, opt)
		if err != nil {
			return nil, err
		}
		return []*exam{ex}, inOrder(ex.asked)
	}
	exams, err := h.cutExams(order, opt)
	if err != nil {
		return nil, err
	}
	for _, ex := range exams {
		if err := inOrder(ex.asked); err != nil {
			return nil, err
		}
	}
	return exams, nil
}

// givenExam reads questions, and what is known of their answers.
func givenExam(order []step, opt *Options) (*exam, error) {
	ex := &exam{part: part{order: order, until: len(order)}}
	var right answers
	var err error
	if opt.Truth != "" {
		if right, err = readAnswers(opt.Truth); err != nil {
			return nil, err
		}
	}
	if opt.History != "" {
		if ex.past, err = readAnswers(opt.History); err != nil {
			return nil, err
		}
	}
	var task Task
	switch {
	case len(opt.Tasks) == 1:
		task = opt.Tasks[0]
	case len(opt.Tasks) > 1:
		return nil, errors.New("a file is about one task: one --task was expected")
	case opt.Queries == "":
		return nil, errors.New("--truth without --queries: --task next-basket or --task offers was expected")
	default:
		if task, err = taskOf(opt.Queries); err != nil {
			return nil, err
		}
	}
	switch {
	case opt.Queries != "":
		ex.asked, err = readQuestions(opt.Queries, task, order)
	case task == NextBasket:
		ex.asked = memberQuestions(right, order)
	default:
		return nil, fmt.Errorf("--task %s with --truth: --queries was expected, too", task)
	}
	if err == nil && len(ex.asked) == 0 {
		err = errors.New("there is none in the file")
	}
	ex.right[task] = right
	return ex, err
}

// cutExams makes the questions of the history itself: those of bought together
// and of complete basket share a replay.
func (h *history) cutExams(order []step, opt *Options) (out []*exam, err error) {
	known := part{order: order, until: len(order)}
	c := opt.cut()
	if opt.wants(NextBasket) {
		out = append(out, c.lastBaskets(h, known))
	}
	var pairs []Task
	for _, t := range []Task{Together, Complete} {
		if opt.wants(t) {
			pairs = append(pairs, t)
		}
	}
	if len(pairs) > 0 {
		out = append(out, c.lastReceipts(h, known, pairs))
	}
	if opt.wants(Offers) {
		ex, err := h.offerExam(known, opt)
		if err != nil {
			return nil, err
		}
		out = append(out, ex)
	}
	out = slices.DeleteFunc(out, func(ex *exam) bool { return len(ex.asked) == 0 })
	asked := map[Task]bool{}
	for _, ex := range out {
		for _, t := range ex.tasks() {
			asked[t] = true
		}
	}
	for _, t := range opt.Tasks {
		if !asked[t] {
			return nil, fmt.Errorf("%s: there is nothing to ask; %s", t, needs[t])
		}
	}
	if len(out) == 0 {
		return nil, errors.New("there is nothing to ask: " + strings.Join(needs[:], "; "))
	}
	return out, nil
}

// needs says what a history must have for a task.
var needs = [allTasks]string{
	"members with at least --min receipts were expected",
	"receipts with two products that had sold before were expected at the end",
	"receipts with two products that had sold before were expected at the end",
	"redemptions of offers that were sent to members were expected",
}

// offerExam asks about all redemptions, each before its day.
func (h *history) offerExam(known part, opt *Options) (*exam, error) {
	ex := &exam{part: known}
	ex.asked, ex.right[Offers] = h.offerQuestions(known.order)
	if opt.Truth == "" {
		return ex, nil
	}
	right, err := readAnswers(opt.Truth)
	ex.right[Offers] = right
	return ex, err
}

package files

import (
	"bytes"
	"fmt"
	"time"
)

// learned is what was found out about a file before it is read.
type learned struct {
	columns *columns
	clock   *clock
	mark    mark
	events  bool // NDJSON of whole events
}

// learn finds out what a file is. Where its beginning leaves the order of day
// and month open, it looks through the whole file, if that can be read twice.
func (s *source) learn(layout string, zone *time.Location) (*learned, error) {
	l := &learned{}
	names, err := s.learnNames(l)
	if err != nil || l.events {
		return l, err
	}
	if l.columns, err = s.ask.fit(names); err != nil {
		return nil, err
	}
	if l.clock, err = newClock(layout, zone); err != nil {
		return nil, err
	}
	var dates dateVotes
	var marks markVotes
	if err := s.learnCells(l, &dates, &marks); err != nil {
		return nil, err
	}
	l.mark = marks.decide(s.delimiter)
	if l.columns.kind != Receipts || l.clock.order != orderUnknown {
		return l, nil
	}
	if err := dates.decide(l.clock); err != nil {
		r := newSaleReader(l.columns, l.clock, l.mark, nil)
		return nil, fmt.Errorf("column %q: %w", r.stampColumn(), err)
	}
	return l, nil
}

// learnNames returns the columns' names. Those of NDJSON are all that its
// beginning has.
func (s *source) learnNames(l *learned) ([]string, error) {
	r, err := s.reader(bytes.NewReader(s.sample))
	if err != nil {
		return nil, err
	}
	j, ok := r.(*jsonReader)
	if !ok {
		if p, ok := r.(*parquetReader); ok {
			defer p.close()
		}
		return r.header(), nil
	}
	line, err := j.nextLine()
	if err == nil && isEnvelope(line) {
		l.events = true
		return nil, nil
	}
	if r, err = s.reader(bytes.NewReader(s.sample)); err != nil {
		return nil, err
	}
	each(r, func([][]byte) bool { return true })
	s.names = r.header()
	return s.names, nil
}

// learnCells looks at the file's first dates and numbers.
func (s *source) learnCells(l *learned, dates *dateVotes, marks *markVotes) error {
	r := newSaleReader(l.columns, l.clock, l.mark, nil)
	look := func(cells [][]byte) bool {
		if l.columns.kind == Receipts && l.clock.order == orderUnknown {
			if cell := r.stampOf(cells); len(cell) > 0 {
				dates.add(cell)
			}
		}
		for _, i := range []int{r.qty, r.price, r.total, r.discount} {
			if i >= 0 {
				marks.add(filled(cells[i]))
			}
		}
		return l.columns.kind != Receipts || !dates.enough()
	}
	if err := s.peek(false, look); err != nil {
		return err
	}
	if dates.open() == "" || !s.again() {
		return nil
	}
	return s.peek(true, func(cells [][]byte) bool {
		if cell := r.stampOf(cells); len(cell) > 0 {
			dates.add(cell)
		}
		return dates.open() != ""
	})
}

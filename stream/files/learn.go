package files

import (
	"bytes"
	"fmt"
	"slices"
	"time"
)

// learned is what was found out about a file before it is read.
type learned struct {
	columns *columns
	clock   *clock
	mark    mark
	lists   []string // the columns that hold lists
	events  bool     // NDJSON of whole events
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
	if err := l.checkLists(); err != nil {
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
	if l.clock.order != orderUnknown {
		return l, nil
	}
	if err := dates.decide(l.clock); err != nil {
		return nil, fmt.Errorf("column %q: %w", l.columns.names[dates.column], err)
	}
	return l, nil
}

// checkLists says whether a column of lists was taken for one of single values.
func (l *learned) checkLists() error {
	for f, i := range l.columns.at {
		switch f {
		case fieldProducts, fieldCategories, fieldChains, fieldStores:
			continue
		}
		if slices.Contains(l.lists, l.columns.names[i]) {
			return fmt.Errorf("column %q holds lists; single values were expected for the %s of %s", l.columns.names[i], f, l.columns.kind)
		}
	}
	return nil
}

// stamps calls add with each cell of a row that holds a date, and its column.
func (l *learned) stamps(r *saleReader, cells [][]byte, add func(column int, cell []byte)) {
	if l.columns.kind == Receipts {
		add(r.stampIndex(), r.stampOf(cells))
		return
	}
	for _, f := range []field{fieldTS, fieldValidFrom, fieldValidThrough} {
		if i := l.columns.index(f); i >= 0 {
			add(i, filled(cells[i]))
		}
	}
}

// dated says whether a file has dates.
func (l *learned) dated() bool {
	return l.columns.kind == Receipts || l.columns.has(fieldTS) || l.columns.has(fieldValidFrom) || l.columns.has(fieldValidThrough)
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
			l.lists = p.lists()
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
	vote := func(column int, cell []byte) {
		if len(cell) > 0 {
			dates.column = column
			dates.add(cell)
		}
	}
	numbers := []int{r.qty, r.price, r.total, r.discount, l.columns.index(fieldMemberPrice), l.columns.index(fieldBudgetDiscount), l.columns.index(fieldMargin)}
	look := func(cells [][]byte) bool {
		if l.clock.order == orderUnknown {
			l.stamps(r, cells, vote)
		}
		for _, i := range numbers {
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
		l.stamps(r, cells, vote)
		return dates.open() != ""
	})
}

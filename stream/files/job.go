package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"nabo/engine/event"
)

// fileError is an error that concerns one file, so that the next may be taken.
type fileError struct{ err error }

func (e *fileError) Error() string { return e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

// job is one run of an import.
type job struct {
	*Import
	zone    *time.Location
	ask     *ask
	tally   *tally
	rejects *rejects
	packer  *packer
	texts   *texts
	start   time.Time
}

func newJob(o *Import, zone *time.Location) *job {
	j := &job{Import: o, zone: zone, tally: &tally{}, texts: newTexts(), start: o.Now(),
		ask:     &ask{kind: o.Kind, maps: o.Map},
		rejects: &rejects{path: o.Rejects, keep: o.Watch != ""}}
	j.packer = &packer{limit: o.Batch, tally: j.tally}
	j.tally.total.Store(totalSize(o.Files))
	return j
}

func (j *job) millis() event.Millis { return event.At(j.Now()) }

// totalSize returns how many bytes the files have, zero where that can't be
// known.
func totalSize(files []string) int64 {
	var sum int64
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			return 0
		}
		sum += info.Size()
	}
	return sum
}

// send imports into the server.
func (j *job) send(ctx context.Context) error {
	s := newSender(ctx, j.Server, j.InFlight, j.tally, j.rejects)
	defer s.close()
	if err := s.check(ctx); err != nil {
		return err
	}
	s.forever = j.Watch != ""
	j.packer.sink = s
	err := j.run(ctx, s.finish)
	if err == nil && j.Watch != "" {
		err = j.watch(ctx, s.finish)
	}
	s.abandon()
	var file *fileError
	if err != nil && !errors.As(err, &file) {
		err = j.broken(ctx, err)
	}
	return errors.Join(err, j.summary())
}

// broken says how to go on after an import that did not reach its end.
func (j *job) broken(ctx context.Context, err error) error {
	done := j.tally.accepted.Load() + j.tally.duplicates.Load()
	again := "Run the same command again to go on: what is already taken is not counted twice."
	if ctx.Err() != nil {
		return fmt.Errorf("stopped with %s events taken. %s (%w)", grouped(done), again, ctx.Err())
	}
	return fmt.Errorf("%w\n%s events were taken. %s", err, grouped(done), again)
}

// run takes the files that were named, one after another, and shows how it
// goes. A file that can't be taken is an error in the end and stops nothing.
func (j *job) run(ctx context.Context, finish func() error) error {
	ctx, cancel := context.WithCancel(ctx)
	shown := make(chan struct{})
	p := &progress{out: j.Err, terminal: isTerminal(j.Err), tally: j.tally, now: j.Now}
	go func() {
		defer close(shown)
		p.run(ctx)
	}()
	defer func() { cancel(); <-shown }()
	var bad error
	for _, name := range j.Files {
		err := j.take(ctx, name)
		var file *fileError
		if err != nil && !errors.As(err, &file) {
			return err
		}
		bad = errors.Join(bad, err)
	}
	if err := j.end(ctx, finish); err != nil {
		return err
	}
	return bad
}

// end sends what is packed and waits until all of it is applied.
func (j *job) end(ctx context.Context, finish func() error) error {
	j.packer.ctx = ctx
	if err := j.packer.flush(); err != nil {
		return err
	}
	return finish()
}

// take reads one file and hands on its events.
func (j *job) take(ctx context.Context, name string) error {
	base := j.tally.read.Load()
	s, err := j.openSource(name)
	if err != nil {
		return &fileError{err}
	}
	defer s.close()
	l, err := s.learn(j.DateLayout, j.zone)
	if err != nil {
		return &fileError{fmt.Errorf("%s: %w", s.name, err)}
	}
	r, err := s.rows()
	if err != nil {
		return &fileError{fmt.Errorf("%s %w", s.name, err)}
	}
	if p, ok := r.(*parquetReader); ok {
		defer p.close()
	}
	fmt.Fprintf(j.Err, "%s: %s\n", s.name, l)
	j.packer.ctx = ctx
	f := &fileJob{job: j, source: s, rows: r, base: base}
	j.tally.files.Add(1)
	return f.run(ctx, l)
}

func (j *job) openSource(name string) (*source, error) {
	delimiter, err := j.delimiter()
	if err != nil {
		return nil, err
	}
	var s *source
	if name == "-" {
		s, err = openStream("standard input", j.In, j.ask, &j.tally.read)
	} else {
		s, err = openFile(name, j.ask, &j.tally.read)
	}
	if err == nil && delimiter != 0 {
		s.delimiter = delimiter
	}
	return s, err
}

// fileJob is the reading of one file.
type fileJob struct {
	*job
	source *source
	rows   rows
	base   int64 // bytes read before this file
	n      int
}

// String says what was found out, for people to check.
func (l *learned) String() string {
	switch {
	case l.events:
		return "events"
	case !l.dated():
		return string(l.columns.kind) + ": " + l.columns.String()
	}
	return string(l.columns.kind) + ": " + l.columns.String() + "; " + l.clock.String()
}

// run hands on what the file holds, by its kind.
func (f *fileJob) run(ctx context.Context, l *learned) error {
	switch {
	case l.events:
		return f.takeEvents(ctx)
	case l.columns.kind == Receipts:
		return f.takeReceipts(ctx, l)
	}
	return f.takeCatalogue(ctx, l)
}

func (f *fileJob) takeReceipts(ctx context.Context, l *learned) error {
	g := newGrouper(f.Source, func(ev *event.Event, line int) error { return f.packer.add(ev, f.source.name, line) })
	sales := newSaleReader(l.columns, l.clock, l.mark, f.texts)
	sales.store, sales.chain, sales.money = f.Store, f.Chain, f.Currency
	var s sale
	err := f.each(ctx, f.rows.next, func(cells [][]byte) error {
		if err := sales.read(cells, &s); err != nil {
			return err
		}
		line, _ := f.rows.place()
		return g.add(&s, line)
	})
	f.tally.splits.Add(int64(g.split))
	f.tally.disputed.Add(int64(g.disputed))
	if err != nil {
		return err
	}
	return g.flush()
}

func (f *fileJob) takeCatalogue(ctx context.Context, l *learned) error {
	c := newCatalogue(f.Source, l, f.texts, f.rows)
	now := f.millis()
	return f.each(ctx, f.rows.next, func(cells [][]byte) error {
		ev, err := c.read(cells)
		if err != nil {
			return err
		}
		if err := ev.Validate(now); err != nil {
			return fieldFault(err)
		}
		line, _ := f.rows.place()
		return f.packer.add(ev, f.source.name, line)
	})
}

func (f *fileJob) takeEvents(ctx context.Context) error {
	e := newEnvelope(f.Source)
	now := f.millis()
	r, ok := f.rows.(*jsonReader)
	if !ok {
		return fmt.Errorf("%s: events come in NDJSON only", f.source.name)
	}
	next := func() ([][]byte, error) {
		_, err := r.nextLine()
		return nil, err
	}
	return f.each(ctx, next, func([][]byte) error {
		line, text := r.place()
		b := f.packer.begin(f.source.name, line)
		body, kind, lines, err := e.appendTo(b.body, text, now)
		if err != nil {
			f.packer.undo()
			return err
		}
		b.body = append(body, '\n')
		return f.packer.end(kind, lines)
	})
}

// each calls take for every row. A row that is no good goes to the rejects; a
// file that breaks off is a *fileError.
func (f *fileJob) each(ctx context.Context, next func() ([][]byte, error), take func([][]byte) error) error {
	for {
		if f.n++; f.n%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			f.mark()
		}
		cells, err := next()
		var bad *rowError
		if err != nil && !errors.As(err, &bad) {
			return f.over(err)
		}
		if err == nil {
			if err = take(cells); err != nil && !errors.As(err, &bad) {
				return err
			}
		}
		if bad == nil {
			continue
		}
		f.tally.dropped.Add(1)
		line, text := f.rows.place()
		if err := f.rejects.add(f.source.name, line, bad.column, bad.reason, text); err != nil {
			return err
		}
	}
}

// over is the end of a file: a good one, or not.
func (f *fileJob) over(err error) error {
	if err == io.EOF {
		return nil
	}
	line, _ := f.rows.place()
	return &fileError{fmt.Errorf("%s breaks off after line %d: %w. The receipts that were still open there are left for when the whole file comes",
		f.source.name, line, err)}
}

// mark notes how far a Parquet file is read, which no counter sees.
func (f *fileJob) mark() {
	if p, ok := f.rows.(*parquetReader); ok {
		f.tally.read.Store(f.base + int64(p.done()*float64(p.file.Size())))
	}
}

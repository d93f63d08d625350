package load

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// tabled is a report that can be shown to people.
type tabled interface{ table(io.Writer) }

// onServer has measure drive the server that is asked for, prints what it found
// and stops the server.
func (o *Common) onServer(ctx context.Context, measure func(*driven) (tabled, error), settings ...string) (err error) {
	d, err := o.drive(ctx, settings...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	return o.report(measure(d))
}

// inFolder has measure start servers on the folder that is asked for, prints
// what it found and removes the folder, unless it is to stay.
func (o *Common) inFolder(ctx context.Context, measure func(*folder) (tabled, error)) (err error) {
	f, done, err := o.folder(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	return o.report(measure(f))
}

// inEngine has measure ask an engine that is filled as asked for, within the
// memory limit, and prints what it found.
func (o *Inside) inEngine(ctx context.Context, measure func(*filled) (tabled, error)) error {
	defer o.limit()()
	f, err := o.fill(ctx)
	if err != nil {
		return err
	}
	return o.report(measure(f))
}

// report prints what a measurement found, if it came to an end.
func (o *Size) report(found tabled, err error) error {
	if err != nil {
		return err
	}
	return o.print(found, found.table)
}

// bounded refuses a flag's value that is out of bounds; both are allowed.
func bounded(flag string, value, lo, hi int) error {
	if value < lo || value > hi {
		return fmt.Errorf("%s %d: want %d to %d", flag, value, lo, hi)
	}
	return nil
}

// first returns the first that is an error; nil: none is.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// asked refuses lookups that cannot be made: so many a second, over so many
// connections, out of so many different ones.
func asked(rate, conns, lookups int) error {
	return first(
		bounded("--rate", rate, 1, 1_000_000),
		bounded("--conns", conns, 1, 10_000),
		bounded("--lookups", lookups, 1, 1_000_000),
	)
}

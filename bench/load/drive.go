package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"nabo/bench/gen"
)

// driven is the server that a load drives, and the base that it holds.
type driven struct {
	addr  string
	base  *gen.Base
	child *child // nil: somebody else's server
	data  string // its data folder; empty: somebody else's
	stop  func() error
}

// drive makes ready the server that is asked for; stop must be called.
func (o *Common) drive(ctx context.Context, settings ...string) (*driven, error) {
	if o.Server != "" {
		return o.driveOther(ctx)
	}
	f, done, err := o.folder(ctx)
	if err != nil {
		return nil, err
	}
	c, err := o.startServer(ctx, f.dir, settings...)
	if err != nil {
		return nil, errors.Join(err, done())
	}
	d := &driven{addr: c.addr, base: f.base, child: c, data: f.dir}
	d.stop = func() error { return errors.Join(c.stop(), done()) }
	return d, nil
}

// driveOther takes a server that runs already.
func (o *Common) driveOther(ctx context.Context) (*driven, error) {
	addr, err := hostOf(o.Server)
	if err != nil {
		return nil, err
	}
	base, err := o.base(time.Now())
	if err != nil {
		return nil, err
	}
	return &driven{addr: addr, base: base, stop: func() error { return nil }}, o.send(ctx, addr, base)
}

// settle returns when all that is derived from the state was made once: a list
// is not begun before. Lookups are as they are on a server that has been up.
func (d *driven) settle(ctx context.Context, o *Common) error {
	if d.child == nil {
		return nil
	}
	o.say("waiting until all that is derived is made")
	began := time.Now()
	l, err := startList(ctx, d.addr, `{"scenario":"newsletter","count":1,"format":"ndjson","audience":{"ids":["m-1"]}}`)
	if err != nil {
		return err
	}
	if err := l.wait(ctx, startPatience); err != nil {
		return err
	}
	o.say("  %.1f s", time.Since(began).Seconds())
	return nil
}

// listRun is one run of lists on a server.
type listRun struct {
	addr string
	list
}

type list struct {
	ID      string
	State   string
	Reason  string
	Members int
	Looked  int
	Rows    int64
	Started time.Time
	Ended   time.Time
}

// startList asks a server to make a list.
func startList(ctx context.Context, addr, request string) (*listRun, error) {
	l := &listRun{addr: addr}
	status, body, err := once(ctx, addr, appendPost(nil, addr, "/v1/lists", "application/json", []byte(request)))
	if err != nil {
		return nil, fmt.Errorf("ask for a list: %w", err)
	}
	if status != 202 && status != 201 && status != 200 {
		return nil, fmt.Errorf("ask for a list: the server answered %d: %.500s", status, body)
	}
	return l, json.Unmarshal(body, &l.list)
}

// look finds out how far the list is.
func (l *listRun) look(ctx context.Context) error {
	status, body, err := once(ctx, l.addr, get(l.addr, "/v1/lists/"+l.ID))
	if err != nil {
		return err
	}
	if status != 200 {
		return fmt.Errorf("look at list %s: the server answered %d: %.500s", l.ID, status, body)
	}
	return json.Unmarshal(body, &l.list)
}

// over is whether the list has come to an end, good or bad.
func (l *listRun) over() bool {
	return l.State == "done" || l.State == "failed" || l.State == "cancelled"
}

// wait returns when the list is done.
func (l *listRun) wait(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := l.look(ctx); err != nil {
			return err
		}
		switch {
		case l.State == "done":
			return nil
		case l.over():
			return fmt.Errorf("list %s: %s: %s", l.ID, l.State, l.Reason)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("list %s is %s with %d of %d members: %w", l.ID, l.State, l.Looked, l.Members, ctx.Err())
		case <-tick.C:
		}
	}
}

// cancel ends the list, unless it has ended by itself, and says when.
func (l *listRun) cancel(ctx context.Context) error {
	if err := l.look(ctx); err != nil || l.over() {
		return err
	}
	request := fmt.Appendf(nil, "DELETE /v1/lists/%s HTTP/1.1\r\nHost: %s\r\n\r\n", l.ID, l.addr)
	ended := time.Now()
	status, body, err := once(ctx, l.addr, request)
	if err == nil && status != 200 {
		err = fmt.Errorf("cancel list %s: the server answered %d: %.500s", l.ID, status, body)
	}
	if err != nil {
		return err
	}
	err = json.Unmarshal(body, &l.list)
	if l.Ended.IsZero() {
		l.Ended = ended
	}
	return err
}

// once sends one request on a connection of its own.
func once(ctx context.Context, addr string, request []byte) (status int, body []byte, err error) {
	c, err := dial(ctx, addr)
	if err != nil {
		return 0, nil, fmt.Errorf("connect to the server: %w", err)
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	status, body, err = c.do(request)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return status, body, err
}

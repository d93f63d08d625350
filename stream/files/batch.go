package files

import (
	"context"
	"errors"

	"nabo/engine/event"
)

// maxBody is how long a request's body may grow before it is sent, in bytes. A
// single event may be longer.
const maxBody = 1 << 20

// origin says where an event of a batch came from.
type origin struct {
	file  string
	line  int
	start int // in the batch's body
}

// batch is the body of one request: events as NDJSON.
type batch struct {
	body    []byte
	origins []origin
	from    int64 // how many bytes of the files were read when it was filled
}

// event returns the JSON of one event of the batch.
func (b *batch) event(i int) []byte {
	end := len(b.body)
	if i+1 < len(b.origins) {
		end = b.origins[i+1].start
	}
	return b.body[b.origins[i].start : end-1] // without its line end
}

// slice returns a batch of the events from i up to j; it shares the body.
func (b *batch) slice(i, j int) *batch {
	part := &batch{from: b.from}
	base, end := b.origins[i].start, len(b.body)
	if j < len(b.origins) {
		end = b.origins[j].start
	}
	part.body = b.body[base:end]
	for _, o := range b.origins[i:j] {
		o.start -= base
		part.origins = append(part.origins, o)
	}
	return part
}

// sink takes batches, each of them for good.
type sink interface {
	put(ctx context.Context, b *batch) error
	// spare returns an empty batch to fill.
	spare() *batch
}

// packer fills batches with events and hands them on when they are full.
type packer struct {
	ctx   context.Context // of the import that the packer belongs to
	sink  sink
	limit int // events to a batch
	tally *tally
	batch *batch
}

// add encodes one event that came from a file's line.
func (p *packer) add(ev *event.Event, file string, line int) error {
	b := p.begin(file, line)
	b.body = append(ev.AppendJSON(b.body), '\n')
	return p.end(ev.Type, linesOf(ev))
}

// begin notes where the next event comes from.
func (p *packer) begin(file string, line int) *batch {
	if p.batch == nil {
		p.batch = p.sink.spare()
	}
	p.batch.origins = append(p.batch.origins, origin{file, line, len(p.batch.body)})
	return p.batch
}

// undo takes back the event that was begun.
func (p *packer) undo() {
	last := len(p.batch.origins) - 1
	p.batch.body = p.batch.body[:p.batch.origins[last].start]
	p.batch.origins = p.batch.origins[:last]
}

// end counts the event that was begun, and hands the batch on when it is full.
func (p *packer) end(t event.Type, lines int) error {
	if t == event.TypeReceipt {
		p.tally.receipts.Add(1)
		p.tally.lines.Add(int64(lines))
	} else {
		p.tally.others.Add(1)
	}
	if len(p.batch.origins) < p.limit && len(p.batch.body) < maxBody {
		return nil
	}
	return p.flush()
}

// flush hands on what is there.
func (p *packer) flush() error {
	if p.batch == nil || len(p.batch.origins) == 0 {
		return nil
	}
	b := p.batch
	p.batch, b.from = nil, p.tally.read.Load()
	return p.sink.put(p.ctx, b)
}

// drySink takes batches and sends them nowhere; it says of each event whether
// it would be good.
type drySink struct {
	now     event.Millis
	rejects *rejects
	tally   *tally
	held    *batch
	first   []byte // the first event
}

func (d *drySink) spare() *batch {
	if d.held == nil {
		d.held = &batch{}
	}
	d.held.body, d.held.origins = d.held.body[:0], d.held.origins[:0]
	return d.held
}

func (d *drySink) put(_ context.Context, b *batch) error {
	if d.first == nil {
		d.first = append(d.first, b.event(0)...)
	}
	d.tally.sent(b.from)
	var errs error
	event.Scan(b.body, func(i int, ev *event.Event, err error) bool {
		if err == nil {
			err = ev.ValidateTime(d.now)
		}
		if err == nil {
			d.tally.accepted.Add(1)
			return true
		}
		bad := fieldFault(err)
		d.tally.rejected.Add(1)
		o := b.origins[i]
		errs = errors.Join(errs, d.rejects.add(o.file, o.line, bad.column, bad.reason, b.event(i)))
		return errs == nil
	})
	return errs
}

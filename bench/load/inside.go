package load

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"nabo/bench/gen"
	"nabo/engine"
	"nabo/engine/event"
	"nabo/graph"
)

// Inside are the options of loads that need no server: they fill an engine in
// this process with a generated customer base.
type Inside struct {
	Size
	Keep string `help:"Keep the filled engine in this folder, and take it from there the next time." placeholder:"DIR" type:"path"`
}

// filled is an engine with a customer base, and what filling it took.
type filled struct {
	*engine.Engine
	base *gen.Base
	pos  uint64 // of the next group; the writer's
	took Filling
}

// Filling is what it took to fill an engine.
type Filling struct {
	Members  int     `json:"members"`
	Products int     `json:"products"`
	Offers   int     `json:"offers"`
	Bindings int     `json:"bindings"` // of members and products, held at the end
	Edges    int     `json:"edges"`    // between products, directed
	Events   int     `json:"events,omitempty"`
	Seconds  float64 `json:"seconds,omitempty"`     // to make and apply the events
	Save     float64 `json:"saveSeconds,omitempty"` // to take a checkpoint
	Load     float64 `json:"loadSeconds,omitempty"` // in place of these three: to load what was kept
	Refresh  float64 `json:"refreshSeconds"`        // to make what is derived
	Heap     float64 `json:"heapGiB"`               // in use after a collection
	Resident float64 `json:"residentGiB"`           // of the process, at the end of it
	Lines    int     `json:"lines"`
	Partners int     `json:"partners"`
	Seed     uint64  `json:"seed"`
	Keys     int     `json:"keys,omitempty"` // of receipts, to know them again

	Parts []MemoryPart `json:"parts,omitempty"` // what the engine's state takes
}

func (o *Size) filling() Filling {
	return Filling{
		Members: o.Members, Products: o.Products, Offers: o.Offers, Lines: o.Lines, Partners: o.Partners, Seed: o.Seed,
	}
}

// fill makes an engine and fills it, or takes it from where it is kept.
func (o *Inside) fill(ctx context.Context) (*filled, error) {
	base, err := o.base(time.Time{})
	if err != nil {
		return nil, err
	}
	eng, err := engine.New(engine.Options{Bought: graph.PairOptions{Partners: o.Partners}})
	if err != nil {
		return nil, err
	}
	f := &filled{Engine: eng, base: base, pos: 1, took: o.filling()}
	if err := o.fillOrLoad(ctx, f); err != nil {
		return nil, err
	}
	began := time.Now()
	eng.Refresh(ctx)
	f.took.Refresh = time.Since(began).Seconds()
	f.weigh()
	o.say("  refreshed in %.1f s; %d bindings, %d edges; %.2f GiB resident", f.took.Refresh, f.took.Bindings, f.took.Edges, f.took.Resident)
	return f, ctx.Err()
}

// fillOrLoad fills the engine and saves it, or loads what was kept.
func (o *Inside) fillOrLoad(ctx context.Context, f *filled) error {
	began := time.Now()
	if o.Keep != "" {
		kept, err := o.kept()
		if err != nil {
			return err
		}
		if kept {
			o.say("loading %d members of %d products each from %s", o.Members, o.History, o.Keep)
			err := load(o.Keep, f.Engine)
			f.pos = f.Position() + 1
			f.took.Load = time.Since(began).Seconds()
			o.say("  loaded in %.1f s", f.took.Load)
			return err
		}
	}
	o.say("filling an engine with %d members of %d products each", o.Members, o.History)
	if err := f.apply(ctx, o.say, f.follow); err != nil {
		return err
	}
	began = time.Now()
	if err := o.save(f); err != nil {
		return err
	}
	f.took.Save = time.Since(began).Seconds()
	o.say("  %d events in %.1f s, saved in %.1f s", f.took.Events, f.took.Seconds, f.took.Save)
	return nil
}

// follow is the next position.
func (f *filled) follow([]event.Event) (pos uint64, err error) {
	f.pos++
	return f.pos - 1, nil
}

// apply applies the base, which is made on other goroutines meanwhile, each
// group at the position that place says; place may change the group.
func (f *filled) apply(ctx context.Context, say func(string, ...any), place func([]event.Event) (uint64, error)) error {
	began, said := time.Now(), time.Now()
	for group := range f.base.Groups(max(1, runtime.GOMAXPROCS(0)-1)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		pos, err := place(group)
		if err != nil {
			return err
		}
		f.ApplyGroup(pos, group)
		f.took.Events += len(group)
		if time.Since(said) > 5*time.Second {
			said = time.Now()
			say("  %d events, %.0f a second", f.took.Events, float64(f.took.Events)/time.Since(began).Seconds())
		}
	}
	f.took.Seconds = time.Since(began).Seconds()
	return nil
}

// save takes a checkpoint and keeps it, or throws it away: until then the engine
// holds what it must not forget to save, as a server's would not.
func (o *Inside) save(f *filled) error {
	if o.Keep == "" {
		return f.BeginCheckpoint().Write(func(_, _ []byte) error { return nil })
	}
	k, err := newKeeper(o.Keep)
	if err != nil {
		return err
	}
	return k.close(f.BeginCheckpoint().Write(k.put), o.what())
}

// weigh fills in what the engine holds and what that takes.
func (f *filled) weigh() {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	st := f.Stats()
	f.took.Parts = partsOf(&st)
	f.took.Bindings, f.took.Edges = int(st.Bindings.Bindings), int(st.Bought.Edges)
	f.took.Heap = gib(float64(m.HeapAlloc))
	f.took.Resident, _ = resident()
}

func gib(bytes float64) float64 { return bytes / (1 << 30) }

// stream applies receipts at a steady rate until ctx ends, in the steps of a
// millisecond, and returns how many it applied and how late it was at worst.
func (f *filled) stream(ctx context.Context, rate int) (applied int, late time.Duration, err error) {
	if rate == 0 {
		<-ctx.Done()
		return 0, 0, nil
	}
	pace, err := newPacer(time.Millisecond)
	if err != nil {
		return 0, 0, err
	}
	defer pace.close()
	var batch gen.Batch
	began := time.Now()
	for ctx.Err() == nil {
		if err := pace.wait(); err != nil {
			return applied, late, fmt.Errorf("wait for the next receipts: %w", err)
		}
		due := int(time.Since(began).Seconds() * float64(rate))
		for applied < due {
			n := min(due-applied, 100)
			f.base.More(&batch, applied, n)
			f.ApplyGroup(f.pos, batch.Events)
			f.pos++
			applied += n
		}
		late = max(late, time.Since(began)-time.Duration(float64(applied)/float64(rate)*float64(time.Second)))
	}
	return applied, late, nil
}

// refresh keeps what is derived from the state fresh until ctx ends, at the
// pace at which a server does.
func (f *filled) refresh(ctx context.Context) error {
	for {
		pause := 3 * time.Millisecond
		switch done, behind := f.RefreshStep(ctx, 1); {
		case done:
			pause = time.Second
		case behind:
			pause = 200 * time.Microsecond
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// question is what a shop front asks for a member.
func (o *Size) question(scenario string) engine.OfferQuery {
	return engine.OfferQuery{Scenario: scenario, Count: offersAsked, Diversity: nan(), RotationRate: nan()}
}

// limit sets the Go runtime's memory limit and returns how to take that back.
func (o *Size) limit() func() {
	before := debug.SetMemoryLimit(int64(o.Memory) << 30)
	return func() { debug.SetMemoryLimit(before) }
}

// now is the moment that answers are asked for: some time after the base was
// received.
func (f *filled) now(began time.Time) event.Millis {
	return f.base.Until() + event.Millis(time.Since(began).Milliseconds()) + 60*1000
}

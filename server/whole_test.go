package server

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/stream"
	"nabo/stream/gate"
)

// Assign and Forget make memoryTokens what the real gate works with.

func (m *memoryTokens) Assign(ids []string) ([]event.Token, error) {
	out := make([]event.Token, len(ids))
	for i, id := range ids {
		out[i] = m.assign(id)
	}
	return out, nil
}

func (m *memoryTokens) Forget(id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.tokens, id)
	return nil
}

// newWholeRig is a rig with the real gate and an embedded log between the
// surface and the engine.
func newWholeRig(t *testing.T, change func(*Options)) *rig {
	log, err := stream.Open(context.Background(), stream.Options{Dir: t.TempDir(), Listen: stream.ListenOff})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	r := newRig(t, func(o *Options) {
		admit, err := gate.New(gate.Options{
			Log: log, Tokens: o.Tokens.(*memoryTokens), Applied: o.Engine, Position: o.Engine.Position, Check: o.Engine.Check, Now: o.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		o.Gate = admit
		withLists(t, o)
		running.Go(func() {
			if err := admit.Run(ctx); err != nil {
				t.Errorf("gate: %v", err)
			}
		})
		running.Go(func() {
			if err := log.Follow(ctx, 0, applyTo(o.Engine)); err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("follow: %v", err)
			}
		})
		if change != nil {
			change(o)
		}
	})
	t.Cleanup(func() {
		stop()
		running.Wait()
		if err := log.Close(); err != nil {
			t.Errorf("close the log: %v", err)
		}
	})
	return r
}

func applyTo(e *engine.Engine) func(stream.Message) error {
	return func(m stream.Message) error {
		evs, err := event.DecodeGroup(m.Data, nil)
		if err != nil {
			return err
		}
		e.ApplyGroup(m.Seq, evs)
		return nil
	}
}

// An event is durable when it is acknowledged, and a read that asks for its
// position sees it.
func TestReadYourWrites(t *testing.T) {
	r := newWholeRig(t, nil)
	want[Change](t, r.send(t, "PUT", "/v1/products/b", `{"name":"Bread"}`), 202)
	a := want[Admission](t, r.send(t, "POST", "/v1/events", `{"id":"1","type":"receipt","data":{"member":"m","products":["a","b"]}}`), 202)
	target := "/v1/products/a/bought-together?minSeq=" + strconv.FormatUint(a.Seq, 10)
	got := want[Answer](t, r.send(t, "GET", target, ""), 200)
	if len(got.Recomms) == 0 || got.Recomms[0].Values.Name != "Bread" || got.AsOf.Seq < a.Seq {
		t.Fatalf("got %+v after %+v", got, a)
	}
	again := want[Admission](t, r.send(t, "POST", "/v1/events", `{"id":"1","type":"receipt","data":{"member":"m","products":["a","b"]}}`), 202)
	if again.Accepted != 0 || again.Duplicates != 1 {
		t.Fatalf("got %+v", again)
	}
	erased := want[Erasure](t, r.send(t, "DELETE", "/v1/members/m?wait=applied", ""), 202)
	if !erased.Applied || !erased.Removed.Known || erased.Removed.Products != 2 {
		t.Fatalf("got %+v", erased)
	}
	if _, known := r.opt.Tokens.Token("m"); known {
		t.Fatal("the id is still known")
	}
}

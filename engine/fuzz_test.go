package engine_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"nabo/engine"
	"nabo/engine/event"
)

// FuzzLoad gives an engine a sound checkpoint with one pair replaced: it takes
// it or says why not, and what it took can be asked and applied to.
func FuzzLoad(f *testing.F) {
	sound := checkpoint(f)
	for i, p := range sound {
		f.Add(uint16(i), p[1])
	}
	f.Fuzz(func(t *testing.T, which uint16, value []byte) {
		e, err := engine.New(engine.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range sound {
			if i == int(which) {
				p[1] = value
				if hugeMeta(p) {
					return // the checksum of the store guards a number of products
				}
			}
			if e.Load(p[0], p[1]) != nil {
				return
			}
		}
		if e.Loaded(9) != nil {
			return
		}
		ev := event.Event{Type: event.TypeReceipt, Key: 99, Time: 1_750_000_000_000, Received: 1_750_000_000_000, Member: 1,
			Body: &event.Receipt{Lines: []event.Line{{Product: "a", Qty: 1, Price: math.NaN()}, {Product: "new", Qty: 1, Price: math.NaN()}}}}
		e.ApplyGroup(10, []event.Event{ev})
		var a engine.Answer
		e.Recommend(&engine.Query{Kind: engine.Together, Product: "a", Count: 5}, math.MaxInt64, &a)
		var offers engine.OfferAnswer
		e.Offers(&engine.OfferQuery{Member: 1, Scenario: "test", Explain: true, Trace: true}, ev.Time, &offers)
	})
}

// hugeMeta says whether a cell of counts would make the engine grow for long.
func hugeMeta(p [2][]byte) bool {
	if p[0][0] != 1 {
		return false
	}
	for b := p[1]; len(b) > 0; {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return false
		}
		if v > 1<<12 && v < 1<<32 {
			return true
		}
		b = b[n:]
	}
	return false
}

// checkpoint returns the pairs of a small engine, in the order of their keys.
func checkpoint(f *testing.F) (pairs [][2][]byte) {
	e, err := engine.New(engine.Options{})
	if err != nil {
		f.Fatal(err)
	}
	line := func(ids ...string) (ls []event.Line) {
		for _, id := range ids {
			ls = append(ls, event.Line{Product: id, Qty: 1, Price: math.NaN()})
		}
		return ls
	}
	for i, body := range []event.Body{
		&event.Receipt{Lines: line("a", "b", "c")}, &event.View{Product: "a"}, &event.Scanned{Product: "b", Action: event.ActionAdd},
		&event.Product{Product: "a", Name: "A", Category: "C", Price: 1}, &event.Stock{Product: "b", Availability: event.OutOfStock},
		&event.Member{HomeStore: "s"}, &event.Signal{Product: "c", Weight: 2},
		&event.Offer{Offer: "o", Products: []string{"a"}, Price: 2, MemberPrice: 1}, &event.OfferActivated{Offer: "o"},
		&event.Impression{IDs: []string{"o"}}, &event.Consent{Purpose: event.Marketing, Granted: true},
		&event.Scenario{Scenario: "test", Config: `{"count":3}`}, &event.Scenario{Scenario: "test", Config: `{"count":4}`},
	} {
		ev := event.Event{Type: event.TypeReceipt, Key: uint64(i + 1), Time: 1_750_000_000_000, Received: 1_750_000_000_000,
			Store: "s", Member: event.Token(i%2 + 1), Session: uint64(i), Body: body}
		e.Apply(1, ev.Received, &ev)
	}
	e.Publish(1)
	err = e.BeginCheckpoint().Write(func(key, value []byte) error {
		pairs = append(pairs, [2][]byte{bytes.Clone(key), bytes.Clone(value)})
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	return pairs
}

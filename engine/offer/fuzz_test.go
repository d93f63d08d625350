package offer

import (
	"bytes"
	"math"
	"testing"

	"nabo/engine/event"
	"nabo/graph"
)

// fullRecord has all that a record can hold.
func fullRecord() Record {
	return Record{
		Uses:     []Activation{{Slot: 1, Open: true, Activations: 2, Redemptions: 1, At: start}, {Slot: 3, Redemptions: math.MaxUint16}},
		Terms:    []Term{{Slot: 0, Price: 2.5}, {Slot: 2, Price: math.NaN(), From: start, Through: start + day}},
		Shown:    []Seen{{Slot: 3, Times: 255, At: start}, {Slot: 1, Times: 1, At: 0}},
		Consents: []Consent{{Purpose: event.Personalisation, At: start}, {Chain: "c1", Channel: "email", Purpose: event.Marketing, Granted: true, At: -5}},
	}
}

// FuzzRecord decodes anything without a panic, and what it decodes it encodes
// to the same again.
func FuzzRecord(f *testing.F) {
	full := fullRecord()
	f.Add(full.encode(nil))
	f.Add([]byte{})
	f.Add([]byte{1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var r, again Record
		if err := r.decode(string(b)); err != nil {
			if !r.empty() {
				t.Fatalf("%v, and yet %+v", err, r)
			}
			return
		}
		_ = r.sound(100)
		first := r.encode(nil)
		if err := again.decode(string(first)); err != nil {
			t.Fatalf("%x decodes to %+v, which does not: %v", b, r, err)
		}
		if second := again.encode(nil); !bytes.Equal(first, second) {
			t.Fatalf("%x, then %x", first, second)
		}
	})
}

// FuzzLoad gives a book a sound checkpoint with one value replaced: it takes it
// or says why not, and what it took can be read and applied to.
func FuzzLoad(f *testing.F) {
	type cell struct {
		kind  Cell
		n     uint64
		value []byte
	}
	var cells []cell
	o := plain("a")
	o.Categories, o.Chains, o.Audience = []string{"k"}, []string{"c"}, audienceHome
	o.Attributes = []event.Attribute{{Name: "x", Value: event.Value{Kind: event.KindNumber, Num: 3}}}
	b := bookOf(Options{}, o, plain("b"))
	b.Activate("a", 1, start, nil)
	b.Personalise(1, &event.OfferPersonal{Offer: "b", Price: 1, ValidThrough: start + day})
	b.Shown(2, []string{"a", "b"}, "", start)
	b.Shown(2, []string{"a"}, "email", start+day)
	b.Redeem("a", 2, start+day, 1.5)
	b.Consent(2, "c", &event.Consent{Purpose: event.Marketing, Granted: true}, start)
	b.Dirty(func(kind Cell, n uint64, value []byte) { cells = append(cells, cell{kind, n, value}) })
	for i, c := range cells {
		f.Add(uint8(i), c.n, c.value)
	}
	f.Fuzz(func(t *testing.T, which uint8, n uint64, value []byte) {
		b := NewBook(Options{Compile: compileAudience})
		for i, c := range cells {
			if i == int(which) {
				if c.n, c.value = n, value; n > 1<<16 {
					return // the engine knows how many members there are
				}
			}
			if b.Load(c.kind, c.n, c.value) != nil {
				return
			}
		}
		digest := b.Digest()
		b.Seal(start, shelf)
		var r Record
		for m := range graph.Member(3) {
			b.Record(m, &r)
			a := &Asker{Now: start, Record: &r, Channel: "email"}
			b.View().Explain(a, &Workspace{})
			b.View().ActivationsLeft(&r, start)
		}
		if b.Digest() != digest {
			t.Fatal("reading changed the digest")
		}
		b.Upsert(plain("c"), []graph.Node{2}, start+100*day)
		b.Activate("a", 1, start, nil)
		b.Shown(2, []string{"b", "c"}, "", start)
		b.Bought(1, start, []graph.Node{1}, []float64{1})
		b.Seal(start, shelf)
	})
}

// TestLoadRefuses gives cells that no book has written.
func TestLoadRefuses(t *testing.T) {
	o := bookOf(Options{}, plain("a"))
	one := o.byID["a"].encode()
	two := bytes.Clone(one)
	two[bytes.Index(two, []byte("p1"))-2] ^= 0x7f // more products than there are bytes
	meta := []byte{formatVersion, 2, 0}
	record := (&Record{Uses: []Activation{{Slot: 1}}}).encode(nil)
	for name, cells := range map[string][]struct {
		kind  Cell
		n     uint64
		value []byte
	}{
		"a kind of the future":     {{9, 0, meta}},
		"an empty meta":            {{CellMeta, 0, nil}},
		"a second meta":            {{CellMeta, 1, meta}},
		"another version":          {{CellMeta, 0, []byte{9, 2, 0}}},
		"more than can be":         {{CellMeta, 0, []byte{formatVersion, 0xff, 0xff, 0xff, 0xff, 0x7f, 0}}},
		"more after it":            {{CellMeta, 0, append(bytes.Clone(meta), 1)}},
		"a number cut short":       {{CellMeta, 0, []byte{formatVersion, 0x80}}},
		"an offer before the meta": {{CellOffer, 0, one}},
		"an offer too many":        {{CellMeta, 0, meta}, {CellOffer, 2, one}},
		"an offer twice":           {{CellMeta, 0, meta}, {CellOffer, 0, one}, {CellOffer, 1, one}},
		"offers out of order":      {{CellMeta, 0, meta}, {CellOffer, 1, one}, {CellOffer, 0, one}},
		"an offer cut short":       {{CellMeta, 0, meta}, {CellOffer, 0, one[:len(one)-3]}},
		"an empty offer":           {{CellMeta, 0, meta}, {CellOffer, 0, nil}},
		"a list too long":          {{CellMeta, 0, meta}, {CellOffer, 0, two}},
		"a record of no offer":     {{CellRecord, 0, record}},
		"an empty record":          {{CellMeta, 0, meta}, {CellRecord, 0, nil}},
		"a record cut short":       {{CellMeta, 0, meta}, {CellRecord, 0, record[:len(record)-1]}},
		"a member beyond all":      {{CellMeta, 0, meta}, {CellRecord, 1 << 32, record}},
	} {
		b := NewBook(Options{})
		var err error
		for _, c := range cells {
			if err = b.Load(c.kind, c.n, c.value); err != nil {
				break
			}
		}
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestRecordRoundTrip(t *testing.T) {
	want := fullRecord()
	var got Record
	if err := got.decode(string(want.encode(nil))); err != nil {
		t.Fatal(err)
	}
	if !got.sound(4) || got.sound(3) || string(got.encode(nil)) != string(want.encode(nil)) || got.Shown[0] != want.Shown[0] || got.Uses[1] != want.Uses[1] || got.Consents[1] != want.Consents[1] {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestReadersAllocateNothing holds the hot reads to their word.
func TestReadersAllocateNothing(t *testing.T) {
	b := manyOffers(t, 200, 10, town{1000, 100, 3})
	a := customer(b)
	v, ws := b.View(), &Workspace{}
	reads := func() {
		b.Record(7, a.Record)
		v.Eligible(a, ws)
		v.Explain(a, ws)
		v.Why(a, ws, 5)
		v.Covering(3)
	}
	reads()
	if n := testing.AllocsPerRun(100, reads); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

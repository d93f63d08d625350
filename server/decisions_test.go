package server

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/oklog/ulid/v2"
	"pgregory.net/rapid"

	"nabo/engine"
)

// The ring against the obvious twin: a list of the newest that fit.
func TestDecisionsKeepTheNewest(t *testing.T) {
	type kept struct {
		id   ulid.ULID
		text string
	}
	rapid.Check(t, func(t *rapid.T) {
		size, limit := rapid.IntRange(30, 300).Draw(t, "size"), rapid.IntRange(1, 8).Draw(t, "limit")
		d := newDecisions(size, limit)
		var twin []kept
		var gone []ulid.ULID
		for i := range rapid.IntRange(1, 60).Draw(t, "puts") {
			id := ulid.ULID{15: byte(i)}
			text := rapid.StringN(0, 60, 60).Draw(t, "text")
			d.put(id, []byte(text))
			if entryHead+len(text) > size {
				gone = append(gone, id)
				continue
			}
			twin = append(twin, kept{id, text})
			for used := 0; ; used = 0 {
				for _, k := range twin {
					used += entryHead + len(k.text)
				}
				if used <= size && len(twin) <= limit {
					break
				}
				gone, twin = append(gone, twin[0].id), twin[1:]
			}
		}
		for _, k := range twin {
			if got, ok := d.get(k.id, nil); !ok || string(got) != k.text {
				t.Fatalf("%v: got %q, %v, expected %q", k.id, got, ok, k.text)
			}
		}
		for _, id := range gone {
			if got, ok := d.get(id, nil); ok {
				t.Fatalf("%v should be gone, got %q", id, got)
			}
		}
		if count, _, lost := d.usage(); count != len(twin) || lost != uint64(len(gone)) {
			t.Fatalf("counts %d kept and %d lost, expected %d and %d", count, lost, len(twin), len(gone))
		}
	})
}

func TestDecisionPackedAndUnpacked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawAnswer(t)
		text, list := rapid.String(), rapid.SliceOfN(rapid.String(), 0, 3)
		q := engine.Query{
			Kind: engine.Kind(rapid.IntRange(1, 5).Draw(t, "kind")), Logic: engine.Logic(rapid.IntRange(0, 2).Draw(t, "logic")),
			Window: engine.Window(rapid.IntRange(0, 2).Draw(t, "window")), Count: rapid.IntRange(1, 200).Draw(t, "count"),
			Product: text.Draw(t, "product"), Store: text.Draw(t, "store"), Chain: text.Draw(t, "chain"), Category: text.Draw(t, "category"),
			Products: list.Draw(t, "products"), Exclude: list.Draw(t, "exclude"), MinSupport: 2.5, Member: 77, Session: 78, Explain: true,
		}
		d := unpackDecision(packDecision(nil, 123, ScenarioRef{"home", 4}, "before", &q, a))
		if !reflect.DeepEqual(d.query, q) || d.asked != 123 || d.seq != a.Seq || d.at != a.At || d.scenario != (ScenarioRef{"home", 4}) || d.previous != "before" || d.personalised != a.Personalised {
			t.Fatalf("got %+v, expected %+v", d, q)
		}
		for i, r := range a.Recomms {
			if want := (decisionItem{r.Product.ID, r.Score, r.Source}); d.items[i] != want {
				t.Fatalf("item %d: got %+v, expected %+v", i, d.items[i], want)
			}
		}
	})
}

func BenchmarkDecisionsPut(b *testing.B) {
	d := newDecisions(64<<20, 200_000)
	packed := make([]byte, 250)
	var id ulid.ULID
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		copy(id[:], fmt.Append(id[:0:0], i))
		d.put(id, packed)
	}
}

package server

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nabo/engine"
	"nabo/engine/event"
)

// drawAnswer makes an answer with every field that an answer can have, and
// with text and numbers that are hard to write.
func drawAnswer(t *rapid.T) *engine.Answer {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "Æble", "\"\\/<>&", "\u2028\u2029\x7f", "\xff\xfea", "\b\f\n\r\t\x00\x1f"}))
	number := rapid.OneOf(rapid.Float64Range(-2, 2), rapid.Float64(), rapid.SampledFrom([]float64{0, 1e-7, 0.5, 0.1 + 0.2, 1e9, -1e9, 999_999_999.9999999, 1e15, math.MaxFloat64}))
	draw := func(one *rapid.Generator[string]) string { return one.Draw(t, "text") }
	product := func() *engine.Product {
		return &engine.Product{
			ID: draw(text), Name: draw(text), Category: draw(text), Brand: draw(text), Image: draw(text), Currency: draw(text),
			Price: rapid.OneOf(number, rapid.Just(math.NaN())).Draw(t, "price"),
		}
	}
	a := &engine.Answer{
		Seq: rapid.Uint64().Draw(t, "seq"), Personalised: rapid.Bool().Draw(t, "personalised"),
		At: event.Millis(rapid.Int64Range(0, 4_000_000_000_000).Draw(t, "at")),
	}
	for range rapid.IntRange(0, 4).Draw(t, "items") {
		r := engine.Recomm{
			Product: product(), Score: number.Draw(t, "score"), Source: engine.Source(rapid.IntRange(0, 4).Draw(t, "source")),
			Support: number.Draw(t, "support"), Lift: number.Draw(t, "lift"), LastSeen: rapid.Int32Range(0, 40_000).Draw(t, "day"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "reasons") {
			r.Reasons = append(r.Reasons, engine.Reason{
				Kind: engine.ReasonKind(rapid.IntRange(1, 10).Draw(t, "kind")), Other: product(), Name: draw(text), Count: 2.5, Every: 7, Ago: 3,
			})
		}
		for range rapid.IntRange(0, 3).Draw(t, "evidence") {
			r.Evidence = append(r.Evidence, engine.Evidence{Edge: draw(text), From: draw(text), Weight: number.Draw(t, "weight"), Share: number.Draw(t, "share")})
		}
		a.Recomms = append(a.Recomms, r)
	}
	return a
}

// The hot road's bytes are those of encoding/json over the documented type.
func TestAppendAnswerIsTheDocumentedType(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawAnswer(t)
		const id = "01J00000000000000000000000"
		scenario := ScenarioRef{rapid.String().Draw(t, "scenario"), rapid.Uint64().Draw(t, "version")}
		previous := rapid.SampledFrom([]string{"", id}).Draw(t, "previous")
		got := appendAnswer(nil, []byte(id), scenario, a, previous)
		var want bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		if err := e.Encode(answerOf(id, scenario, a, previous)); err != nil {
			t.Fatal(err)
		}
		if string(got)+"\n" != want.String() {
			t.Fatalf("by hand       %s\nencoding/json %s", got, want.String())
		}
	})
}

func TestAppendAdmissionIsTheDocumentedType(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Admission{
			Accepted: rapid.IntRange(0, 1e6).Draw(t, "accepted"), Duplicates: rapid.IntRange(0, 9).Draw(t, "duplicates"),
			Seq: rapid.Uint64().Draw(t, "seq"), Applied: rapid.Bool().Draw(t, "applied"), Rejected: []Rejected{},
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "rejected") {
			a.Rejected = append(a.Rejected, Rejected{Index: i, Pointer: rapid.String().Draw(t, "pointer"), Detail: rapid.String().Draw(t, "detail")})
		}
		var want bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		if err := e.Encode(a); err != nil {
			t.Fatal(err)
		}
		if got := appendAdmission(nil, &a); string(got) != want.String() {
			t.Fatalf("by hand       %s\nencoding/json %s", got, want.String())
		}
	})
}

func TestAppendFixed(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0", 1: "1", -1.5: "-1.5", 0.1 + 0.2: "0.3", 0.1234567: "0.123457", 1e-7: "0", -1e-7: "0", 0.0000005: "0.000001",
		12.000001: "12.000001", 123456789.5: "123456789.5", 1e9: "1000000000", 1234567890.25: "1234567890.25", math.Inf(1): "0",
	} {
		if got := string(appendFixed(nil, x)); got != want {
			t.Errorf("%v: got %s, expected %s", x, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(-1e12, 1e12).Draw(t, "x")
		got, err := strconv.ParseFloat(string(appendFixed(nil, x)), 64)
		if err != nil || math.Abs(got-x) > 5.1e-7+math.Abs(x)*1e-15 {
			t.Fatalf("%v became %v: %v", x, got, err)
		}
	})
}

func TestAppendDay(t *testing.T) {
	for day := int32(0); day < 60_000; day += 7 {
		want := time.Unix(int64(day)*86_400, 0).UTC().Format(time.DateOnly)
		if got := string(appendDay(nil, day)); got != want {
			t.Fatalf("day %d: got %s, expected %s", day, got, want)
		}
	}
}

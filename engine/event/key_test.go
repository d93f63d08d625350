package event

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestKeysStay pins the hashes: they are in every log and every checkpoint.
func TestKeysStay(t *testing.T) {
	receipt := Event{Type: TypeReceipt, Store: "17", Time: at, Body: &Receipt{Lines: []Line{
		{Product: "4011", Qty: 2, Price: 12.5, Discount: 1, Offer: "o"}, {Product: "4012", Qty: 1, Price: math.NaN(), Return: true}}}}
	for _, tt := range []struct {
		name      string
		got, want uint64
	}{
		{"key", KeyOf("pos/17", "r-881"), 0x6f1d02409d75ad9c},
		{"key of nothing", KeyOf("", ""), 0xb5117b0b6dbba1d9},
		{"receipt", ReceiptKey(&receipt, 0), 0x629ae6c81cae1bd9},
		{"second equal receipt", ReceiptKey(&receipt, 1), 0x8e51d5d59f596ab4},
		{"session", HashID("s-1"), 0x67d8aeabb2696c16},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: 0x%x, want 0x%x", tt.name, tt.got, tt.want)
		}
	}
	if HashID("") != 0 {
		t.Error("the empty id has a hash")
	}
}

// TestKeyOfSeparates: no other pair with the same letters has the same key.
func TestKeyOfSeparates(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("ab\x00/"))).Draw(rt, "text")
		cut, other := rapid.IntRange(0, len(text)).Draw(rt, "cut"), rapid.IntRange(0, len(text)).Draw(rt, "other")
		same := KeyOf(text[:cut], text[cut:]) == KeyOf(text[:other], text[other:])
		if same != (cut == other) {
			rt.Fatalf("%q cut at %d and at %d: the same key is %v", text, cut, other, same)
		}
	})
}

func TestReceiptKey(t *testing.T) {
	receipt := func(change func(*Event, *Line)) uint64 {
		ev := Event{Type: TypeReceipt, Store: "1", Chain: "c", MemberID: "m", Time: at}
		lines := []Line{line("a", 1), line("b", 1)}
		change(&ev, &lines[1])
		ev.Body = &Receipt{Currency: "DKK", Lines: lines}
		return ReceiptKey(&ev, 0)
	}
	base := receipt(func(*Event, *Line) {})
	same := map[string]func(*Event, *Line){
		"chain":       func(ev *Event, _ *Line) { ev.Chain = "d" },
		"member":      func(ev *Event, _ *Line) { ev.MemberID = "" },
		"another NaN": func(_ *Event, l *Line) { l.Price = math.Float64frombits(math.Float64bits(math.NaN()) ^ 1<<3) },
	}
	for name, change := range same {
		if receipt(change) != base {
			t.Errorf("%s changes the key", name)
		}
	}
	differ := map[string]func(*Event, *Line){
		"store":    func(ev *Event, _ *Line) { ev.Store = "2" },
		"time":     func(ev *Event, _ *Line) { ev.Time++ },
		"product":  func(_ *Event, l *Line) { l.Product = "c" },
		"qty":      func(_ *Event, l *Line) { l.Qty = 2 },
		"price":    func(_ *Event, l *Line) { l.Price = 0 },
		"discount": func(_ *Event, l *Line) { l.Discount = 1 },
		"offer":    func(_ *Event, l *Line) { l.Offer = "o" },
		"return":   func(_ *Event, l *Line) { l.Return = true },
	}
	for name, change := range differ {
		if receipt(change) == base {
			t.Errorf("%s does not change the key", name)
		}
	}
	ev := Event{Body: &Receipt{Lines: []Line{line("a", 1)}}}
	if ReceiptKey(&ev, 0) == ReceiptKey(&ev, 1) {
		t.Error("the ordinal does not change the key")
	}
}

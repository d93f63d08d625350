package expr

import (
	"testing"

	"cel.dev/cel-go/cel"
)

// typical are expressions as scenarios have them.
var typical = []struct{ name, src string }{
	{"price", `offer.price < 50.0 && "meat" in offer.categories`},
	{"attribute", `offer.attributes.size > 250 && offer.attributes.brand == "own"`},
	{"place", `context.chain in offer.chains && context.weekday in [5, 6, 7] && member.homeStore != ""`},
	{"loop", `offer.products.exists(p, p in context.basket)`},
	{"filter", `size(offer.categories.filter(c, c.startsWith("meat"))) > 1`},
	{"time", `offer.validThrough - context.now > duration("48h") && context.now.getHours("Europe/Amsterdam") < 20`},
	{"pattern", `offer.name.matches("[0-9]+ g$")`},
}

func TestHoldsAllocatesNothing(t *testing.T) {
	in := sample()
	for _, c := range typical {
		p, err := Compile(c.src, Filter)
		if err != nil {
			t.Fatal(err)
		}
		if !p.Holds(in) {
			t.Errorf("%s does not hold", c.src)
		}
		if c.name == "pattern" {
			continue // regexp keeps its scratch in a pool, which the collector may empty
		}
		if n := testing.AllocsPerRun(100, func() { p.Holds(in) }); n != 0 {
			t.Errorf("%s: %v allocations, want 0", c.src, n)
		}
	}
}

func BenchmarkHolds(b *testing.B) {
	in := sample()
	for _, c := range typical {
		b.Run(c.name, func(b *testing.B) {
			p, err := Compile(c.src, Filter)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				p.Holds(in)
			}
		})
	}
}

func BenchmarkInterpreter(b *testing.B) {
	in := sample()
	in.Offer.ValidThrough = in.Context.Now + 100*3600_000 // without an end, cel-go overflows
	w, err := theTwin()
	if err != nil {
		b.Fatal(err)
	}
	vars := map[string]any{"offer": offerMap(in.Offer), "product": productMap(in.Product), "member": memberMap(in.Member), "context": contextMap(in.Context)}
	for _, c := range typical {
		b.Run(c.name, func(b *testing.B) {
			checked, issues := w.env.Compile(c.src)
			if issues.Err() != nil {
				b.Fatal(issues.Err())
			}
			p, err := w.env.Program(checked, cel.EvalOptions(cel.OptOptimize))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := p.Eval(vars); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(typical[0].src, Filter); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCache(b *testing.B) {
	c := NewCache(8)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Get(typical[0].src, Filter); err != nil {
			b.Fatal(err)
		}
	}
}

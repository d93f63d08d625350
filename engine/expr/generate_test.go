package expr

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"nabo/engine/event"

	"pgregory.net/rapid"
)

// gen draws expressions and inputs. Its words are few, so that they meet.
type gen struct {
	t    *rapid.T
	loop bool // the variable x stands for an element
}

var (
	words      = []string{"meat", "fish", "", "me", "A", "5", "1.5", "true", "é", "2026-01-02T03:04:05Z"}
	attrNames  = []string{"size", "brand", "vip", "meat", "launch"}
	textFields = []string{"offer.id", "offer.name", "offer.fundedBy", "product.category", "product.brand", "member.homeStore", "member.timezone", "context.chain", "context.channel"}
	listFields = []string{"offer.products", "offer.categories", "offer.chains", "offer.stores", "member.chains", "context.basket"}
	doubles    = []string{"offer.price", "offer.memberPrice", "offer.discount", "offer.priority", "offer.margin", "product.price"}
	mapFields  = []string{"offer.attributes", "product.attributes", "member.attributes"}
	objects    = []string{"offer.validFrom", "offer.validThrough", "context.weekday", "context.hour", "context.now"}
)

func (g *gen) pick(from ...string) string { return rapid.SampledFrom(from).Draw(g.t, "pick") }
func (g *gen) n(most int) int             { return rapid.IntRange(0, most).Draw(g.t, "n") }

// bool draws an expression of type bool, at most depth deep.
func (g *gen) bool(depth int) string {
	if depth <= 0 {
		switch g.n(3) {
		case 0:
			return g.pick("true", "false")
		case 1:
			return fmt.Sprintf("has(%s)", g.pick(append(append(textFields, doubles...), objects...)...))
		case 2:
			return g.attr()
		}
		return fmt.Sprintf("has(%s.%s)", g.pick(mapFields...), g.pick(attrNames...))
	}
	d := depth - 1
	switch g.n(16) {
	case 0, 1:
		return fmt.Sprintf("(%s && %s)", g.bool(d), g.bool(d))
	case 2, 3:
		return fmt.Sprintf("(%s || %s)", g.bool(d), g.bool(d))
	case 4:
		return "!(" + g.bool(d) + ")"
	case 5:
		return fmt.Sprintf("(%s ? %s : %s)", g.bool(d), g.bool(d), g.bool(d))
	case 6, 7:
		op := g.pick("<", "<=", ">", ">=", "==", "!=")
		return fmt.Sprintf("(%s %s %s)", g.numeric(d), op, g.numeric(d))
	case 8:
		return fmt.Sprintf("(%s %s %s)", g.text(d), g.pick("<", "<=", ">", ">=", "==", "!="), g.textual(d))
	case 9:
		return fmt.Sprintf("%s.%s(%s)", g.textual(d), g.pick("startsWith", "endsWith", "contains"), g.text(d))
	case 10:
		return fmt.Sprintf("%s.matches(%q)", g.textual(d), g.pick("^m", "e.t$", "[0-9]+", "", "^(meat|fish)$"))
	case 11:
		return fmt.Sprintf("(%s in %s)", g.textual(d), g.list(d))
	case 12:
		return g.quantified(d)
	case 13:
		return fmt.Sprintf("(%s %s %s)", g.moment(d), g.pick("<", "<=", ">", ">=", "==", "!="), g.moment(d))
	case 14:
		return fmt.Sprintf("(%s %s %s)", g.attr(), g.pick("==", "!=", "<", ">="), g.pick(g.attr(), g.bool(d), g.text(d), g.numeric(d)))
	case 15:
		return g.pick(
			fmt.Sprintf("(%s in %s)", g.text(d), g.pick(mapFields...)),
			fmt.Sprintf("(%s in [%s, %s])", g.numeric(d), g.int(d), g.int(d)),
			fmt.Sprintf("(%s == %s)", g.list(d), g.list(d)),
			fmt.Sprintf("(%s %s %s)", g.span(d), g.pick("<", ">", "=="), g.span(d)),
			fmt.Sprintf("bool(%s)", g.textual(d)))
	}
	return fmt.Sprintf("(%s %s %s)", g.bool(d), g.pick("==", "!=", "<", ">="), g.bool(d))
}

// quantified draws a macro over a list, or a bool where one is open already.
func (g *gen) quantified(depth int) string {
	list := g.list(depth)
	if g.loop {
		return g.bool(depth - 1)
	}
	g.loop = true
	body := g.bool(depth)
	g.loop = false
	return fmt.Sprintf("%s.%s(x, %s)", list, g.pick("exists", "all", "exists_one"), body)
}

func (g *gen) list(depth int) string {
	switch g.n(5) {
	case 0:
		return fmt.Sprintf("[%s]", strings.Join([]string{g.word(), g.word(), g.word()}[:g.n(3)], ", "))
	case 1:
		if !g.loop && depth > 0 {
			g.loop = true
			body := g.bool(depth - 1)
			g.loop = false
			return fmt.Sprintf("%s.filter(x, %s)", g.list(depth-1), body)
		}
	case 2:
		if depth > 0 {
			return fmt.Sprintf("(%s ? %s : %s)", g.bool(depth-1), g.pick(listFields...), g.pick(listFields...))
		}
	}
	return g.pick(listFields...)
}

func (g *gen) word() string { return fmt.Sprintf("%q", g.pick(words...)) }
func (g *gen) attr() string {
	return g.pick(g.pick(mapFields...)+"."+g.pick(attrNames...), fmt.Sprintf("%s[%q]", g.pick(mapFields...), g.pick(attrNames...)))
}

// textual draws a string or an attribute.
func (g *gen) textual(depth int) string {
	if g.n(4) == 0 {
		return g.attr()
	}
	return g.text(depth)
}

func (g *gen) text(depth int) string {
	if g.loop && g.n(1) == 0 {
		return "x"
	}
	if depth <= 0 {
		return g.pick(g.word(), g.pick(textFields...))
	}
	d := depth - 1
	switch g.n(7) {
	case 0:
		return fmt.Sprintf("(%s + %s)", g.text(d), g.text(d))
	case 1:
		return fmt.Sprintf("(%s ? %s : %s)", g.bool(d), g.text(d), g.text(d))
	case 2:
		return fmt.Sprintf("%s[%s]", g.pick(listFields...), g.int(d))
	case 3:
		return fmt.Sprintf("string(%s)", g.pick(g.attr(), g.numeric(d), g.bool(d), g.text(d)))
	case 4:
		return fmt.Sprintf(`{"A": "a", "meat": "b"}[%s]`, g.text(d))
	}
	return g.pick(g.word(), g.pick(textFields...))
}

// numeric draws a double, an int or an attribute.
func (g *gen) numeric(depth int) string {
	switch g.n(3) {
	case 0:
		return g.int(depth)
	case 1:
		return g.attr()
	}
	return g.double(depth)
}

func (g *gen) double(depth int) string {
	if depth <= 0 {
		return g.pick(g.pick(doubles...), g.pick("0.0", "1.0", "1.5", "-2.25", "1e300", "5.0"))
	}
	d := depth - 1
	switch g.n(7) {
	case 0, 1:
		return fmt.Sprintf("(%s %s %s)", g.double(d), g.pick("+", "-", "*", "/"), g.pick(g.double(d), g.attr()))
	case 2:
		return fmt.Sprintf("(%s ? %s : %s)", g.bool(d), g.double(d), g.double(d))
	case 3:
		return fmt.Sprintf("double(%s)", g.pick(g.int(d), g.attr(), g.text(d)))
	case 4:
		return "-" + g.double(0)
	case 5:
		return fmt.Sprintf("%s(%s, %s)", g.pick("min", "max"), g.double(d), g.numeric(d))
	case 6:
		return fmt.Sprintf(`{"A": 1.5, "meat": 0.5}[%s]`, g.text(d))
	}
	return fmt.Sprintf("[1.0, 0.5, %s][%s]", g.double(d), g.int(d))
}

func (g *gen) int(depth int) string {
	if depth <= 0 {
		return g.pick("context.hour", "context.weekday", "0", "1", "2", "-1", "5", "9223372036854775807", "-9223372036854775808")
	}
	d := depth - 1
	switch g.n(7) {
	case 0, 1:
		return fmt.Sprintf("(%s %s %s)", g.int(d), g.pick("+", "-", "*", "/", "%"), g.int(d))
	case 2:
		return fmt.Sprintf("size(%s)", g.pick(g.list(d), g.textual(d), g.pick(mapFields...)))
	case 3:
		return fmt.Sprintf("(%s ? %s : %s)", g.bool(d), g.int(d), g.int(d))
	case 4:
		return fmt.Sprintf("int(%s)", g.pick(g.double(d), g.text(d), g.attr(), g.moment(d)))
	case 5:
		get := g.pick("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfYear", "getDayOfWeek", "getHours", "getMinutes", "getSeconds", "getMilliseconds")
		return fmt.Sprintf("%s.%s(%s)", g.moment(d), get, g.pick("", `"Europe/Amsterdam"`, `"-03:30"`, `"+01:00"`))
	case 6:
		return fmt.Sprintf("%s.%s()", g.span(d), g.pick("getHours", "getMinutes", "getSeconds", "getMilliseconds"))
	}
	return "-(" + g.int(d) + ")"
}

func (g *gen) moment(depth int) string {
	if depth <= 0 {
		return g.pick("offer.validFrom", "offer.validThrough", "context.now", `timestamp("2026-01-02T03:04:05.250Z")`, `timestamp("2026-03-29T01:30:00+01:00")`)
	}
	d := depth - 1
	switch g.n(3) {
	case 0:
		return fmt.Sprintf("(%s %s %s)", g.moment(d), g.pick("+", "-"), g.span(0))
	case 1:
		return fmt.Sprintf("timestamp(%s)", g.pick(g.textual(d), "context.hour"))
	case 2:
		return fmt.Sprintf("(%s ? %s : %s)", g.bool(d), g.moment(d), g.moment(d))
	}
	return g.moment(0)
}

func (g *gen) span(depth int) string {
	if depth <= 0 {
		return g.pick(`duration("48h")`, `duration("1h30m")`, `duration("-1500ms")`, `duration("0s")`)
	}
	d := depth - 1
	return g.pick(
		fmt.Sprintf("(%s - %s)", g.moment(d), g.moment(d)),
		fmt.Sprintf("(%s %s %s)", g.span(d), g.pick("+", "-"), g.span(0)))
}

// input draws an input in which any of the four may be missing. Its times lie
// so close together that none of their differences leaves cel-go's 292 years.
func (g *gen) input() *Input {
	in := &Input{}
	if g.n(7) > 0 {
		in.Offer = &event.Offer{
			Offer: g.pick(words...), Name: g.pick(words...), Products: g.words(), Categories: g.words(), Chains: g.words(), Stores: g.words(),
			ValidFrom: g.time(0), ValidThrough: g.time(1), Price: g.float(), MemberPrice: g.float(), Priority: g.float(), Margin: g.float(),
			FundedBy: g.pick(words...), Attributes: g.attributes(),
		}
	} else {
		in.Offer = &event.Offer{Price: math.NaN(), MemberPrice: math.NaN(), ValidThrough: 1}
	}
	if g.n(7) > 0 {
		in.Product = &event.Product{Product: g.pick(words...), Name: g.pick(words...), Category: g.pick(words...), Brand: g.pick(words...), Price: g.float(), Attributes: g.attributes()}
	}
	if g.n(7) > 0 {
		in.Member = &event.Member{HomeStore: g.pick(words...), Chains: g.words(), Timezone: g.pick(words...), Attributes: g.attributes()}
	}
	if g.n(7) > 0 {
		in.Context = &Context{Chain: g.pick(words...), Channel: g.pick(words...), Weekday: g.n(7), Hour: g.n(23), Basket: g.words(), Now: g.time(0)}
	}
	return in
}

func (g *gen) words() []string {
	return rapid.SliceOfN(rapid.SampledFrom(words), 0, 4).Draw(g.t, "words")
}

func (g *gen) time(from int64) event.Millis {
	return event.Millis(rapid.SampledFrom([]int64{from, 1767323045250, 1774744200000, 1798761599999, 951827696001}).Draw(g.t, "time"))
}

func (g *gen) float() float64 {
	return rapid.SampledFrom([]float64{0, math.NaN(), 1, 1.5, 5, -2.25, 1e300, math.Inf(1), 49.99}).Draw(g.t, "float")
}

func (g *gen) attributes() []event.Attribute {
	var attrs []event.Attribute
	for _, name := range attrNames {
		v := event.Value{Kind: event.ValueKind(g.n(3))}
		switch v.Kind {
		case 0:
			continue
		case event.KindText:
			v.Text = g.pick(words...)
		case event.KindNumber:
			if v.Num = g.float(); v.Num != v.Num {
				v.Num = 0 // no attribute is a NaN: JSON has none
			}
		default:
			v.Num = float64(g.n(1))
		}
		attrs = append(attrs, event.Attribute{Name: name, Value: v})
	}
	slices.SortFunc(attrs, func(a, b event.Attribute) int { return strings.Compare(a.Name, b.Name) })
	return attrs
}

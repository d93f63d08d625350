package expr

import (
	"errors"
	"strings"
	"testing"
)

func TestCompileRefuses(t *testing.T) {
	for _, c := range []struct {
		src          string
		line, column int
		detail       string // a part of it
	}{
		{``, 1, 1, "an expression was expected"},
		{" \n ", 1, 1, "an expression was expected"},
		{`offer.prise < 5.0`, 1, 6, `offer has no field "prise"; its fields are attributes, categories`},
		{"offer.price < 5.0 &&\n  member.age > 3", 2, 9, `member has no field "age"; its fields are attributes, chains, homeStore, timezone`},
		{`ofer.price < 5.0`, 1, 1, `there is no variable "ofer"; the variables are context, member, offer, product`},
		{`"é" == "é" && offer.nope`, 1, 20, `offer has no field "nope"`},
		{`offer.price <`, 1, 14, "ends too early"},
		{`offer.price < 5)`, 1, 16, `")" was not expected`},
		{`offer.price =< 3`, 1, 13, `"=<" was not expected`},
		{`offer.id == "abc`, 1, 13, "a string begins here that does not end"},
		{`offer.price < "a"`, 1, 13, "< does not take (double, string)"},
		{`offer.price * 2 > 1.0`, 1, 13, "write the int as a double, such as 2.0"},
		{`offer.attributes.size * 2 > 1.0`, 1, 23, "an attribute's number is a double; write 2.0 for 2"},
		{`offer.attributes.size % 2 == 0`, 1, 23, "% takes two ints"},
		{`offer.attributes.a + offer.attributes.b > 1.0`, 1, 20, "+ of two attributes"},
		{`offer.attributes.a.b == 1`, 1, 19, `it has no field "b"`},
		{`offer.attributes.a < context.now`, 1, 20, "< can't compare (attribute, timestamp)"},
		{`offer.attributes.a == offer.categories`, 1, 20, "never equal"},
		{`"a" in offer.attributes.a`, 1, 5, "in asks a list or a map"},
		{`size(offer.attributes.a) > 1.5 || shout(offer.name)`, 1, 40, `there is no function "shout"; the functions are`},
		{`offer.name.matches(offer.id)`, 1, 19, "a constant pattern"},
		{`offer.name.matches("(")`, 1, 19, "not a regular expression"},
		{`offer.name.matches("(a{30}){30}")`, 1, 19, "the pattern is too large"},
		{`has(offer)`, 1, 5, "has() asks for a field"},
		{`offer.categories.exists(c, offer.chains.exists(d, d == c))`, 1, 47, "loops within loops"},
		{`offer.categories.map(c, c + "x").size() > 1`, 1, 21, "map() is not compiled"},
		{`[1, 2].exists(i, i == context.hour)`, 1, 1, "goes over lists of strings"},
		{`offer.attributes.exists(k, k == "a")`, 1, 6, "goes over lists of strings"},
		{`offer.products.exists(p, p in offer.stores || p in offer.products)`, 1, 0, "this would take too long"},
		{`1u < 2u`, 1, 1, "unsigned"},
		{`null == offer.attributes.x`, 1, 1, "nothing is null here"},
		{`b"a" == b"a"`, 1, 1, "bytes are not compiled"},
		{`type(offer.price) == double`, 1, 5, "type() is not compiled"},
		{`dyn(1) == 1`, 1, 4, "dyn() is not compiled"},
		{`offer{id: "x"}.id == ""`, 1, 6, "makes no messages"},
		{`offer == offer`, 1, 7, "not compiled to be compared"},
		{`timestamp("2026-01-02") < context.now`, 1, 10, "RFC 3339"},
		{`timestamp("2026-01-02T1:00:00Z") < context.now`, 1, 10, "RFC 3339"},
		{`timestamp("2026-01-02T01:00:00.0001Z") < context.now`, 1, 10, "whole milliseconds"},
		{`duration("2 days") > duration("1h")`, 1, 9, "not a duration"},
		{`duration("1us") > duration("1h")`, 1, 9, "whole milliseconds"},
		{`duration(offer.name) > duration("1h")`, 1, 9, "a constant string"},
		{`context.now.getHours(member.timezone) > 1`, 1, 21, "a constant zone"},
		{`context.now.getHours("Mars/Base") > 1`, 1, 21, "is not a zone"},
		{`{offer.id: 1}["a"] == 1`, 1, 7, "constant strings"},
		{`{"a": 1, "a": 2}["a"] == 1`, 1, 10, "stands twice"},
		{`offer.name`, 1, 1, "a filter is a bool"},
		{`offer.price`, 1, 1, "this is a double"},
		{strings.Repeat("(", 200) + "true" + strings.Repeat(")", 200), 1, 0, "nested at most 100 deep"},
		{strings.Repeat("true && ", 300) + "true", 1, 0, "at most 512 parts"},
		{strings.Repeat("offer.categories.exists(c, true) && ", 100) + "true", 1, 0, "at most 512 parts"},
		{`offer.price + - `, 1, 0, "expected here"},
		{strings.Repeat(" ", 5000) + "true", 1, 1, "at most 4096 bytes"},
	} {
		p, err := Compile(c.src, Filter)
		var at *Error
		if !errors.As(err, &at) {
			t.Errorf("%.80q: got %v and %v, want an *Error", c.src, p, err)
			continue
		}
		if at.Line != c.line || c.column != 0 && at.Column != c.column || !strings.Contains(at.Detail, c.detail) {
			t.Errorf("%.80q\n got %v\nwant line %d, column %d: ...%s...", c.src, at, c.line, c.column, c.detail)
		}
	}
}

func TestCompileRefusesKinds(t *testing.T) {
	for kind, want := range map[Kind]string{0: "Filter or a Booster", Booster: "a booster is a number", 9: "Filter or a Booster"} {
		_, err := Compile(`offer.price < 2.0`, kind)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("kind %d: got %v, want %q", kind, err, want)
		}
	}
}

// FuzzCompile compiles anything: it never panics, an error is always an *Error
// within the source, and what compiles agrees with the interpreter.
func FuzzCompile(f *testing.F) {
	for _, src := range []string{`offer.price < 50.0 && "meat" in offer.categories`, "offer.\n", `"é`, `[1.0][0]`, `{"a": 1}.a`, `-9223372036854775808`, `offer.categories.filter(x, x in [""]).exists(y, y == x)`} {
		f.Add(src, true)
	}
	f.Fuzz(func(t *testing.T, src string, filter bool) {
		kind := Booster
		if filter {
			kind = Filter
		}
		if _, err := Compile(src, kind); err != nil {
			var at *Error
			if !errors.As(err, &at) || at.Line < 1 || at.Column < 1 || at.Detail == "" {
				t.Fatalf("%q: %v", src, err)
			}
			return
		}
		if len(src) <= maxSource {
			compare(t, src, kind, sample())
		}
	})
}

package server

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const everyParam = pDigest<<1 - 1

func TestParamsFromQuery(t *testing.T) {
	var p params
	p.reset(everyParam)
	if bad := p.query("count=7&store=s%2F1&exclude=a&exclude[]=b+c&explain=true&window=7d&minSupport=1.5&minSeq=9&&category=" + url.QueryEscape("Brød & kager")); bad != nil {
		t.Fatal(bad)
	}
	if p.count != 7 || p.store != "s/1" || !slices.Equal(p.exclude, []string{"a", "b c"}) || !p.explain ||
		p.window != "7d" || p.minSupport != 1.5 || p.minSeq != 9 || p.category != "Brød & kager" {
		t.Fatalf("got %+v", p)
	}
}

func TestParamsFromBody(t *testing.T) {
	var p params
	p.reset(everyParam)
	if bad := p.body(` {"count" : 7, "products":["a","b\u00e9"], "exclude":[], "explain":false,"minSupport":1e1, "store":"\"" } `); bad != nil {
		t.Fatal(bad)
	}
	if p.count != 7 || !slices.Equal(p.products, []string{"a", "bé"}) || p.minSupport != 10 || p.store != `"` {
		t.Fatalf("got %+v", p)
	}
}

// A wrong value must be refused alike whichever way it came, and the problem
// must name its place and what was expected there.
func TestParamsRefuse(t *testing.T) {
	long := strings.Repeat("x", 129)
	for _, c := range []struct{ query, body, pointer, expected string }{
		{"count=0", `{"count":0}`, "/count", "1 to 200"},
		{"count=201", `{"count":201}`, "/count", "1 to 200"},
		{"count=x", `{"count":"7"}`, "/count", "whole number"},
		{"count=1.5", `{"count":1.5}`, "/count", "whole number"},
		{"count=1&count=1", `{"count":1,"count":1}`, "/count", "once only"},
		{"cuont=1", `{"cuont":1}`, "/cuont", "did you mean count?"},
		{"Limit=1", `{"Limit":1}`, "/Limit", "known are product"},
		{"a/b~=1", `{"a/b~":1}`, "/a~1b~0", "no such parameter"},
		{"store=", `{"store":""}`, "/store", "1 to 128 bytes"},
		{"store=" + long, `{"store":"` + long + `"}`, "/store", "1 to 128 bytes"},
		{"store=%01", `{"store":"\u0001"}`, "/store", "printable"},
		{"store=%ff", "", "/store", "printable"},
		{"", `{"store":4}`, "/store", "a string"},
		{"", `{"store":null}`, "/store", "a string"},
		{"explain=1", `{"explain":1}`, "/explain", "true or false"},
		{"", `{"explain":"true"}`, "/explain", "true or false"},
		{"window=2d", `{"window":"2d"}`, "/window", "1d, 1h, 7d"},
		{"minSupport=-1", `{"minSupport":-1}`, "/minSupport", "zero or more"},
		{"minSupport=NaN", `{"minSupport":{}}`, "/minSupport", "a number"},
		{"minSeq=-1", `{"minSeq":-1}`, "/minSeq", "log position"},
		{"", `{"exclude":"a"}`, "/exclude", "array of strings"},
		{"", `{"exclude":["a",4]}`, "/exclude/1", "a string"},
		{"", `{"exclude":["a",""]}`, "/exclude/1", "printable"},
		{"", `{"exclude":["a"],"exclude":["b"]}`, "/exclude", "once only"},
		{"", `[]`, "", "a JSON object"},
		{"", `{"count":1`, "", "line 1, column 11"},
		{"", "{\n \"count\" 1}", "", "a colon at line 2"},
		{"", `{"count":1}}`, "", "nothing after"},
		{"", `{"minSeq":01}`, "", "comma"},
		{"count=%zz", "", "/count", "escape"},
	} {
		if c.query != "" {
			checkRefusal(t, c.query, c.pointer, c.expected, func(p *params) *Problem { return p.query(c.query) })
		}
		if c.body != "" {
			checkRefusal(t, c.body, c.pointer, c.expected, func(p *params) *Problem { return p.body(c.body) })
		}
	}
}

func checkRefusal(t *testing.T, what, pointer, expected string, decode func(*params) *Problem) {
	t.Helper()
	var p params
	p.reset(everyParam)
	bad := decode(&p)
	if bad == nil {
		t.Errorf("%s: taken", what)
		return
	}
	if bad.Status != 400 || len(bad.Errors) != 1 || bad.Errors[0].Pointer != pointer || !strings.Contains(bad.Errors[0].Detail, expected) {
		t.Errorf("%s: got %+v, expected %q at %q", what, bad, expected, pointer)
	}
}

func TestParamsBoundLists(t *testing.T) {
	var p params
	p.reset(pExclude)
	bad := p.query(strings.Repeat("exclude=a&", maxList+1))
	if bad == nil || !strings.Contains(bad.Errors[0].Detail, "at most 1000") {
		t.Fatalf("got %v", bad)
	}
}

func TestNearestParameter(t *testing.T) {
	for name, want := range map[string]param{
		"limit": 0, "Count": pCount, "counts": pCount, "minsupport": pMinSupport, "min_support": pMinSupport,
		"stor": pStore, "excludes": pExclude, "zzz": 0, "explian": pExplain, strings.Repeat("q", 300): 0,
	} {
		if got := everyParam.nearest(name); got != want {
			t.Errorf("%s: got %q, expected %q", name, got.names(), want.names())
		}
	}
}

// FuzzParamsBody holds the hand-written reader to encoding/json: what it takes
// is valid JSON, and means the same to both.
func FuzzParamsBody(f *testing.F) {
	for _, seed := range []string{
		`{"count":3,"exclude":["a","b"],"store":"x"}`, `{"products":["é\n"],"explain":true,"minSupport":2.50}`, ` {} `, ``,
		`{"minSeq":18446744073709551615,"window":"1h"}`, `{"store":"\ud800"}`, `{"count":-0}`, "{\"store\":\"\xff\"}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var p params
		p.reset(everyParam)
		if bad := p.body(text); bad != nil || strings.TrimSpace(text) == "" {
			return
		}
		var want struct {
			Product, Member, Session, Store, Chain, Category, Window, Logic, Scenario, Wait string
			Products, Exclude                                                               []string
			Count                                                                           *int
			MinSupport                                                                      float64
			MinSeq                                                                          uint64
			Explain, ValidateOnly, Digest                                                   bool
		}
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatalf("took %q, which encoding/json does not: %v", text, err)
		}
		if want.Count == nil {
			count := defaultCount
			want.Count = &count
		}
		same := p.product == want.Product && p.member == want.Member && p.session == want.Session && p.store == want.Store &&
			p.chain == want.Chain && p.category == want.Category && p.window == want.Window && p.logic == want.Logic &&
			p.scenario == want.Scenario && p.wait == want.Wait && slices.Equal(p.products, want.Products) && slices.Equal(p.exclude, want.Exclude) &&
			p.count == *want.Count && p.minSupport == want.MinSupport && p.minSeq == want.MinSeq &&
			p.explain == want.Explain && p.validateOnly == want.ValidateOnly && p.digest == want.Digest
		if !same {
			t.Fatalf("%q: got %+v, encoding/json has %+v", text, p, want)
		}
	})
}

// FuzzParamsQuery holds the reader of queries to net/url.
func FuzzParamsQuery(f *testing.F) {
	for _, seed := range []string{"count=3&exclude=a&exclude=b", "store=%41+b&explain=false", "&&", "a;b=1", "count", "exclude[]=x", "%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		var p params
		p.reset(everyParam)
		if p.query(raw) != nil {
			return
		}
		want, err := url.ParseQuery(strings.ReplaceAll(raw, ";", "%3B")) // net/url refuses a bare semicolon
		if err != nil {
			t.Fatalf("took %q, which net/url does not: %v", raw, err)
		}
		if p.store != want.Get("store") || p.category != want.Get("category") || p.has(pCount) && strconv.Itoa(p.count) != strings.TrimLeft(want.Get("count"), "+0") {
			t.Fatalf("%q: got %+v, net/url has %v", raw, p, want)
		}
	})
}

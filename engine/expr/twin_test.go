package expr

import (
	"fmt"
	"math"
	"reflect"
	"sync"
	"time"

	"nabo/engine/event"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// twin is the slow twin of the compiler: the same checker with cel-go's own
// interpreter behind it, which reads an input through plain maps.
type twin struct{ env *cel.Env }

// theTwin is made once, for it takes some ms.
var theTwin = sync.OnceValues(newTwin)

func newTwin() (*twin, error) {
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, err
	}
	known := &provider{Registry: registry, variables: variables()}
	l, err := newLanguage(
		cel.CustomTypeProvider(&twinProvider{provider: known}),
		twinExtremes("min", func(a, b float64) float64 { return min(a, b) }, func(a, b types.Int) types.Int { return min(a, b) }),
		twinExtremes("max", func(a, b float64) float64 { return max(a, b) }, func(a, b types.Int) types.Int { return max(a, b) }))
	if err != nil {
		return nil, err
	}
	return &twin{l.env}, nil
}

func twinExtremes(name string, doubles func(a, b float64) float64, ints func(a, b types.Int) types.Int) cel.EnvOption {
	i, d := types.IntType, types.DoubleType
	mixed := cel.BinaryBinding(func(a, b ref.Val) ref.Val {
		return types.Double(doubles(float64(a.ConvertToType(types.DoubleType).(types.Double)), float64(b.ConvertToType(types.DoubleType).(types.Double))))
	})
	return cel.Function(name,
		cel.Overload(name+"_int_int", []*types.Type{i, i}, i, cel.BinaryBinding(func(a, b ref.Val) ref.Val { return ints(a.(types.Int), b.(types.Int)) })),
		cel.Overload(name+"_double_double", []*types.Type{d, d}, d, mixed),
		cel.Overload(name+"_double_int", []*types.Type{d, i}, d, mixed),
		cel.Overload(name+"_int_double", []*types.Type{i, d}, d, mixed))
}

// twinProvider reads the fields of the variables from maps; what a map does
// not hold under "has:" is not there for has().
type twinProvider struct{ *provider }

func (p *twinProvider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	f, ok := p.provider.FindStructFieldType(name, field)
	if _, ours := p.variables[name]; !ours || !ok {
		return f, ok
	}
	return &types.FieldType{
		Type:    f.Type,
		IsSet:   func(of any) bool { _, ok := of.(map[string]any)["has:"+field]; return ok },
		GetFrom: func(of any) (any, error) { return of.(map[string]any)[field], nil },
	}, true
}

// eval returns the interpreter's value of src, or an error.
func (w *twin) eval(p cel.Program, in *Input) (any, error) {
	out, _, err := p.Eval(map[string]any{
		"offer": offerMap(in.Offer), "product": productMap(in.Product),
		"member": memberMap(in.Member), "context": contextMap(in.Context),
	})
	if err != nil {
		return nil, err
	}
	return out.Value(), nil
}

func offerMap(o *event.Offer) map[string]any {
	if o == nil {
		o = &event.Offer{Price: math.NaN(), MemberPrice: math.NaN()}
	}
	through := time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC)
	if o.ValidThrough != 0 {
		through = o.ValidThrough.Time()
	}
	off := o.Price - o.MemberPrice
	if math.IsNaN(off) {
		off = 0
	}
	m := map[string]any{
		"id": o.Offer, "name": o.Name, "products": o.Products, "categories": o.Categories, "chains": o.Chains, "stores": o.Stores,
		"price": o.Price, "memberPrice": o.MemberPrice, "discount": off, "priority": o.Priority, "margin": o.Margin, "fundedBy": o.FundedBy,
		"validFrom": o.ValidFrom.Time(), "validThrough": through, "attributes": attributesMap(o.Attributes),
	}
	mark(m, "validFrom", o.ValidFrom != 0)
	mark(m, "validThrough", o.ValidThrough != 0)
	return marked(m)
}

func productMap(p *event.Product) map[string]any {
	if p == nil {
		p = &event.Product{Price: math.NaN()}
	}
	return marked(map[string]any{"id": p.Product, "name": p.Name, "category": p.Category, "brand": p.Brand, "price": p.Price, "attributes": attributesMap(p.Attributes)})
}

func memberMap(m *event.Member) map[string]any {
	if m == nil {
		m = &event.Member{}
	}
	return marked(map[string]any{"homeStore": m.HomeStore, "chains": m.Chains, "timezone": m.Timezone, "attributes": attributesMap(m.Attributes)})
}

func contextMap(c *Context) map[string]any {
	if c == nil {
		c = &Context{}
	}
	m := map[string]any{"scenario": c.Scenario, "store": c.Store, "chain": c.Chain, "channel": c.Channel, "weekday": int64(c.Weekday), "hour": int64(c.Hour), "basket": c.Basket, "now": c.Now.Time()}
	mark(m, "now", c.Now != 0)
	return marked(m)
}

func attributesMap(attrs []event.Attribute) map[string]any {
	m := map[string]any{}
	for _, a := range attrs {
		switch a.Value.Kind {
		case event.KindText:
			m[a.Name] = a.Value.Text
		case event.KindNumber:
			m[a.Name] = a.Value.Num
		default:
			m[a.Name] = a.Value.Num != 0
		}
	}
	return m
}

func mark(m map[string]any, name string, is bool) {
	if is {
		m["has:"+name] = true
	}
}

// marked marks what is neither empty, zero nor NaN; a zero price is known.
func marked(m map[string]any) map[string]any {
	for name, v := range m {
		switch v := v.(type) {
		case float64:
			price := name == "price" || name == "memberPrice"
			mark(m, name, v != 0 && !math.IsNaN(v) || price && v == 0)
		case time.Time, bool:
		default:
			r := reflect.ValueOf(v)
			mark(m, name, r.Kind() == reflect.Int64 && r.Int() != 0 || r.Kind() != reflect.Int64 && r.Len() > 0)
		}
	}
	return m
}

// failer is what a test, and rapid's, can do.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// compare fails t where the closures of src and the interpreter differ for in.
// It says whether src compiled.
func compare(t failer, src string, kind Kind, ins ...*Input) bool {
	t.Helper()
	w, err := theTwin()
	if err != nil {
		t.Fatal(err)
	}
	checked, issues := w.env.Compile(src)
	ours, err := Compile(src, kind)
	if issues.Err() != nil {
		if err == nil {
			t.Fatalf("%s\ncompiled, but cel-go says %v", src, issues.Err())
		}
		return false
	}
	if err != nil {
		return false
	}
	interpreted, err := w.env.Program(checked)
	if err != nil {
		t.Fatalf("%s\n%v", src, err)
	}
	for _, in := range ins {
		want, wantErr := w.eval(interpreted, in)
		got, ok := result(ours, in)
		if msg := differ(want, wantErr, got, ok); msg != "" {
			t.Fatalf("%s\n%s\noffer %+v\nproduct %+v\nmember %+v\ncontext %+v", src, msg, in.Offer, in.Product, in.Member, in.Context)
		}
	}
	return true
}

// result returns what p evaluates to, before errors are turned into defaults.
func result(p *Program, in *Input) (any, bool) {
	if p.holds != nil {
		return first2(p.holds(in, ""))
	}
	return first2(p.factor(in, ""))
}

func first2[T any](v T, ok bool) (any, bool) { return v, ok }

func differ(want any, wantErr error, got any, ok bool) string {
	if i, is := want.(int64); is {
		want = float64(i)
	}
	if _, is := got.(float64); is && wantErr == nil {
		if _, is := want.(float64); !is {
			wantErr = fmt.Errorf("%v is no number", want) // an attribute as a booster
		}
	}
	if _, is := got.(bool); is && wantErr == nil {
		if _, is := want.(bool); !is {
			wantErr = fmt.Errorf("%v is no bool", want) // an attribute as a filter
		}
	}
	switch {
	case wantErr != nil && ok:
		return fmt.Sprintf("got %v, want the error %v", got, wantErr)
	case wantErr != nil:
		return ""
	case !ok:
		return fmt.Sprintf("got an error, want %v", want)
	}
	if w, is := want.(float64); is && math.Float64bits(w) == math.Float64bits(got.(float64)) || want == got {
		return ""
	}
	if w, is := want.(float64); is && math.IsNaN(w) && math.IsNaN(got.(float64)) {
		return ""
	}
	return fmt.Sprintf("got %v, want %v", got, want)
}

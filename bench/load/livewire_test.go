package load

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestReadFrame(t *testing.T) {
	fr, err := readFrame([]byte(` {"type":"delta","ref":"b\"3","seq":17, "data": {"added":[{"id":"}{","cause":"no"}],"cause":"scan","x":null}}` + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if fr.kind != deltaFrame || string(fr.ref) != `b\"3` || fr.seq != 17 || string(fr.cause()) != "scan" {
		t.Errorf("read %+v with cause %q", fr, fr.cause())
	}
	if fr, err := readFrame([]byte(`{"type":"brand-new"}`)); err != nil || fr.kind != otherFrame || fr.seq != 0 {
		t.Errorf("a frame of another type: %+v, %v", fr, err)
	}
	for _, bad := range []string{"", "[]", "{", `{"type"}`, `{"type":}`, `{type:1}`, `{"a":[1}`, `{"a":"b}`} {
		if fr, err := readFrame([]byte(bad)); err == nil {
			t.Errorf("%q was taken: %+v", bad, fr)
		}
	}
}

// Stepping over values must find the same members as a parser does.
func TestEachMemberFindsWhatAParserFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.MapOf(rapid.String(), rapid.OneOf(
			rapid.String().AsAny(), rapid.Float64Range(-1e9, 1e9).AsAny(), rapid.Bool().AsAny(), rapid.SliceOf(rapid.String()).AsAny(),
			rapid.MapOf(rapid.String(), rapid.SliceOf(rapid.Int())).AsAny(), rapid.Just[any](nil),
		)).Draw(t, "object")
		b, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "indented") {
			b, _ = json.MarshalIndent(in, "", "  ")
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(b, &want); err != nil {
			t.Fatal(err)
		}
		n := 0
		err = eachMember(b, func(key, value []byte) {
			var name string
			if err := json.Unmarshal(slices.Concat([]byte(`"`), key, []byte(`"`)), &name); err != nil {
				t.Fatalf("key %q: %v", key, err)
			}
			if string(want[name]) != string(value) {
				t.Fatalf("%q is %s, want %s", name, value, want[name])
			}
			n++
		})
		if err != nil || n != len(want) {
			t.Fatalf("%d members of %d, %v in %s", n, len(want), err, b)
		}
	})
}

func FuzzReadFrame(f *testing.F) {
	f.Add([]byte(`{"type":"nudge","ref":"n1","seq":3,"data":{"offer":"o-1"}}`))
	f.Add([]byte(`{"a":"\`))
	f.Fuzz(func(t *testing.T, b []byte) {
		fr, err := readFrame(b)
		if err == nil {
			fr.cause()
		} else if json.Valid(b) && len(b) > 0 && b[0] == '{' {
			t.Errorf("%q is refused: %v", b, err)
		}
	})
}

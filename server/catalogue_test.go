package server

import (
	"encoding/json"
	"testing"
)

// FuzzEventText: whatever a body holds, it stays inside the event's data.
func FuzzEventText(f *testing.F) {
	for _, seed := range []string{`{"name":"x"}`, `{}`, ` { } `, ``, `{"a":1},"type":"member.erased"`, `[]`, `{"product":"b"}`, "{\"a\":\"\xff\"}", `{"a":{}}}`} {
		f.Add(seed, "id\"\\,")
	}
	f.Fuzz(func(t *testing.T, body, id string) {
		text, err := eventText("product.upserted", ids{"product": id}, []byte(body))
		if err != nil {
			return
		}
		var got map[string]json.RawMessage
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%q made %s: %v", body, text, err)
		}
		if len(got) != 2 || string(got["type"]) != `"product.upserted"` || len(got["data"]) < 2 || got["data"][0] != '{' {
			t.Fatalf("%q reached beyond the data: %s", body, text)
		}
	})
}

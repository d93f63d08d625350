package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
)

// FuzzScan holds the quick road to the slow one on any body, and what was
// read to what AppendJSON writes of it.
func FuzzScan(f *testing.F) {
	f.Add(receiptJSON())
	for _, seed := range []string{
		"", "\ufeff[]", "x\n{}", `{"type":"view","data":{"product":"a"}}` + "\n" + `{"type":"view"`,
		`[{"type":"receipt","time":"2026-11-21T11:00:00.123456789+01:00","data":{"products":["a","b"],"store":"17"}},7]`,
		`{"type":"receipt","id":"1","source":"s","specversion":"1.0","subject":"x","data":{"lines":[{"product":"a","qty":-1.50,"price":12.345678901234567,"discount":1e-3,"return":true,"offer":"o"}],"original":"r","currency":"DKK"}}`,
		`{"data":{"cart":"c","action":"set","lines":[]},"type":"cart","time":"2024-02-29T23:59:59-23:59"}`,
		`{"type":"scan","data":{"session":"s","store":"17","product":"æ","action":"add"},"datacontenttype":"application/json","dataschema":""}`,
		`{"type":"product.upserted","data":{"product":"a","name":"\u00e6\ud83c","price":1e400,"attributes":{"a":1,"b":true,"c":"x","d":null}}}`,
		`{"type":"member.merged","data":{"member":"a","into":"b"}}`,
		`{"type":"signal","data":{"product":"a","weight":-0,"source":"w"}}`,
		`{"data":{"":"B","ab":[]},"type":"cart"}`,
		`{"type":"offer.upserted","data":{"offer":"o","products":["a"],"categories":["x y"],"validFrom":"2026-11-21T11:00:00.5+01:00","validThrough":"9999-12-31T23:59:59Z","budget":{"activations":1e3,"discount":-0},"perMember":{"redemptions":-1},"memberPrice":9.5,"attributes":{"a":1}}}`,
		`{"data":{"products":["a"],"stores":null},"type":"offer.upserted"}`,
		`{"type":"offer.withdrawn","data":{"offer":"o"}}`,
		`{"type":"offer.personalised","data":{"offer":"o","member":"m","price":1,"validThrough":"9999-12-31T23:59:59-12:00"}}`,
		`{"type":"offer.activated","data":{"offer":"o","member":"m","Ask":true,"recommId":"r"}}`,
		`{"type":"offer.deactivated","data":{"offer":"o","member":"m","channel":"app"}}`,
		`{"type":"offer.redeemed","data":{"offer":"o","member":"m","receipt":"r","discount":0}}`,
		`{"type":"impression","data":{"ids":["a","b"],"recommId":null,"channel":"app"}}`,
		`{"type":"impression","id":"\u00e6","data":{"ids":["a\n","b\/", "\u00e6"],"member":"m","channel":null}}`,
		`{"type":"impression","data":{"ids":[null]}}{"type":"impression","data":{"ids":null}}{"type":"view","data":{"product":"a","ids":[]}}`,
		`{"type":"consent.changed","data":{"member":"m","channel":"push","purpose":"marketing","granted":false}}`,
		`{"type":"scenario.changed","data":{"scenario":"s","config":{"a" : [1.0, {"b":"\u2028\ud83c"}], "\u0061b":null}}}`,
		`{"type":"scenario.changed","data":{"scenario":"s","config":{"a":{"b":1,"\u0062":2}}}}`,
		`{"type":"receipt","id":null,"time":null,"source":"pos\/17","data":{"member":null,"products":null,"lines":[{"product":"\u00e6","qty":null,"price":null,"return":null}]}}`,
		`{"type":"view","type":"view","data":{"product":"a","product":"b"}}`,
		"{\n \"type\":\"view\",\n \"data\":{\"product\":\"a\",}\n}\n{\"type\":\"view\",\"data\":{\"product\":\"b\",\"member\":null}}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, r := range both(t, string(body)) {
			var field *FieldError
			if r.err != nil {
				if !errors.As(r.err, &field) {
					t.Fatalf("%v is no *FieldError", r.err)
				}
				continue
			}
			written := r.ev.AppendJSON(nil)
			again := both(t, string(written))
			if len(again) != 1 || again[0].err != nil || !same(&again[0].ev, &r.ev) {
				t.Fatalf("read %s\nwrote %s\nread again %+v", show(&r.ev), written, again)
			}
		}
	})
}

// FuzzSkip holds the walk over JSON to encoding/json's.
func FuzzSkip(f *testing.F) {
	for _, seed := range []string{"", "1", "-0.5e+7", "01", "1.", `"\ud83c"`, `"\x"`, "[1,]", "{}", `{"a":[true,null,{"b":false}]}`, "\"\x1f\"", "nul", " [ ] ", "[[", "\"\xff\""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		end, fault := skipValue(s, skipSpace(s, 0), 0)
		whole := fault == "" && skipSpace(s, end) == len(s)
		if valid := json.Valid([]byte(s)); whole != valid && fault != "is nested deeper than 32 levels" {
			t.Fatalf("%q: valid is %v, but the walk ends at %d of %d, fault %q", s, valid, end, len(s), fault)
		}
	})
}

// FuzzDecodeGroup decodes whatever has a right checksum. What it takes must
// come out the same after another round.
func FuzzDecodeGroup(f *testing.F) {
	for _, evs := range [][]Event{nil, sample(), sample()[:1], sample()[4:5], sample()[12:13], sample()[13:], manyReceipts(3, 4)} {
		payload := AppendGroup(nil, evs)
		f.Add(payload[:len(payload)-checksumLen])
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		DecodeGroup(content, nil) // as it is, with a wrong checksum
		evs, err := DecodeGroup(sealed(content), nil)
		if err != nil {
			if !isGroupError(err) {
				t.Fatalf("%v is no *GroupError", err)
			}
			return
		}
		again, err := DecodeGroup(AppendGroup(nil, evs), nil)
		if err != nil || len(again) != len(evs) {
			t.Fatalf("%d events, then %d and %v", len(evs), len(again), err)
		}
		for i := range evs {
			if !same(&evs[i], &again[i]) {
				t.Fatalf("event %d\nfirst %s\nthen  %s", i, show(&evs[i]), fmt.Sprint(show(&again[i])))
			}
		}
	})
}

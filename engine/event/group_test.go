package event

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"
)

// sealed puts the right checksum after a payload.
func sealed(payload []byte) []byte {
	return binary.LittleEndian.AppendUint64(payload[:len(payload):len(payload)], xxhash.Sum64(payload))
}

// sample is an admitted group with one event of every type.
func sample() []Event {
	bodies := []Body{
		&Receipt{Currency: "DKK", Original: 7, Lines: []Line{
			{Product: "4011", Qty: 2, Price: 12.5, Discount: 1.5, Offer: "o"}, {Product: "4012", Qty: 0.25, Price: math.NaN(), Return: true}, line("4013", 1)}},
		&View{Product: "a", RecommID: "r"},
		&Cart{Cart: 5, Action: ActionSet, Lines: []Line{line("a", 3)}},
		&Scanned{Product: "a", Action: ActionRemove},
		&Product{Product: "a", Name: "Tea", Category: "Drinks", Brand: "B", Image: "i", Currency: "EUR", Price: 2.5, Attributes: []Attribute{
			{"a", Value{Kind: KindText, Text: "x"}}, {"b", Value{Kind: KindNumber, Num: -1}}, {"c", Value{Kind: KindBool, Num: 1}}}},
		&ProductDeleted{Product: "a"},
		&Stock{Product: "a", Availability: OutOfStock},
		&Member{HomeStore: "1", Chains: []string{"x", "y"}, Timezone: "UTC"},
		&MemberErased{},
		&MemberMerged{Into: 8},
		&MemberIdentified{},
		&Signal{Product: "a", Weight: -2, From: "weather"},
		&Offer{Offer: "o", Name: "Tea", Image: "i", Products: []string{"a", "b"}, Categories: []string{"Hot drinks"},
			ValidFrom: at, ValidThrough: at + 1, Chains: []string{"x"}, Stores: []string{"1", "2"}, Audience: "true",
			Price: 12, MemberPrice: 9.5, Currency: "DKK", Budget: Budget{10, 5, 100}, PerMember: PerMember{-1, 2},
			Priority: 1, Margin: 0.25, FundedBy: "f", Attributes: []Attribute{{"a", Value{Kind: KindBool}}}},
		&OfferWithdrawn{Offer: "o"},
		&OfferPersonal{Offer: "o", Price: 8, ValidFrom: at, ValidThrough: at + 1},
		&OfferActivated{Offer: "o", Channel: "app", RecommID: "r", Ask: true},
		&OfferDeactivated{Offer: "o", Channel: "app", RecommID: "r"},
		&OfferRedeemed{Offer: "o", Channel: "app", RecommID: "r", Receipt: 7, Discount: 2.5},
		&Impression{RecommID: "r", IDs: []string{"o", "p"}, Channel: "app"},
		&Consent{Channel: "email", Purpose: Marketing, Granted: true},
		&Scenario{Scenario: "app-home", Config: `{"count":35}`},
	}
	var evs []Event
	for i, b := range bodies {
		evs = append(evs, Event{Type: typeOf(b), Time: at + Millis(i), Received: at + 2*Millis(i), Key: uint64(i) << 40,
			Store: "17", Chain: "c", Session: 3, Member: 9, Body: b})
	}
	return evs
}

// TestGroupStays pins the bytes of version 1: logs are full of them.
func TestGroupStays(t *testing.T) {
	evs := []Event{
		{Type: TypeReceipt, Time: at, Received: at + 250, Key: 0x0102030405060708, Store: "17", Member: 9, Body: &Receipt{Currency: "DKK", Lines: []Line{
			{Product: "4011", Qty: 2, Price: 12.5}, line("4012", 1)}}},
		{Type: TypeView, Time: at + 251, Received: at + 251, Key: 1, Session: 3, Body: &View{Product: "4011"}},
	}
	const want = "0102" + // version 1, two events
		"0109" + // a receipt with store and member
		"0807060504030201" + // its key
		"f4a7e3d8bf68" + // received, from 0
		"f403" + // 250 ms after its time
		"023137" + // the store
		"0900000000000000" + // the member
		"03444b4b" + // the currency
		"0000000000000000" + // the original: none
		"02" + // two lines
		"050434303131020000000000002940" + // a count and a price: 4011, 2, 12.5
		"000434303132" + // neither: 4012
		"0204" + // a view with a session
		"0100000000000000" + // its key
		"02" + // 1 ms after the event before
		"00" + // 0 ms after its time
		"0300000000000000" + // the session
		"0434303131" + // 4011
		"00" + // no recommId
		"1c4ca8cfd7fd76fa" // the checksum
	if got := hex.EncodeToString(AppendGroup(nil, evs)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestOfferGroupStays pins the bytes of the bodies about offers, consents and
// scenarios, in the order of sample.
func TestOfferGroupStays(t *testing.T) {
	const from, through = "80a4e3d8bf68", "82a4e3d8bf68"
	want := []string{
		"016f" + "03546561" + "0169" + // offer, name, image
			"0201610162" + "010a486f74206472696e6b73" + // two products, one category
			from + through + "010178" + "0201310132" + "0474727565" + // a chain, two stores, the audience
			"0000000000002840" + "0000000000002340" + "03444b4b" + // the prices: 12 and 9.5
			"140a" + "0104" + // budget 10 and 5, a member's -1 and 2
			"0000000000005940" + "000000000000f03f" + "000000000000d03f" + // the budget's 100, priority, margin
			"0166" + "0101610300", // the funder, one attribute
		"016f",
		"016f" + "0000000000002040" + from + through,
		"016f" + "03617070" + "0172" + "01", // asked for
		"016f" + "03617070" + "0172",
		"016f" + "03617070" + "0172" + "0700000000000000" + "0000000000000440",
		"0172" + "02016f0170" + "03617070",
		"05656d61696c" + "02" + "01", // email, marketing, granted
		"086170702d686f6d65" + "0c7b22636f756e74223a33357d",
	}
	for i, ev := range sample()[TypeOfferUpserted-1:] {
		one := []Event{{Type: ev.Type, Body: ev.Body}}
		const head = 2 + 2 + 8 + 2 // of the group and of the event
		payload := AppendGroup(nil, one)
		if got := hex.EncodeToString(payload[head : len(payload)-checksumLen]); got != want[i] {
			t.Errorf("%s\ngot  %s\nwant %s", ev.Type, got, want[i])
		}
	}
}

// TestDecodeGroupRefuses damages a group in every place it can be damaged in.
func TestDecodeGroupRefuses(t *testing.T) {
	payload := AppendGroup(nil, sample())
	for n := range payload {
		if _, err := DecodeGroup(payload[:n], nil); !isGroupError(err) {
			t.Fatalf("cut at %d: %v", n, err)
		}
		content := payload[:min(n, len(payload)-checksumLen)]
		if evs, err := DecodeGroup(sealed(content), nil); n < len(payload)-checksumLen && !isGroupError(err) {
			t.Fatalf("cut at %d, with a checksum: %v and %d events", n, err, len(evs))
		}
	}
	for bit := range len(payload) * 8 {
		damaged := append([]byte(nil), payload...)
		damaged[bit/8] ^= 1 << (bit % 8)
		if _, err := DecodeGroup(damaged, nil); !isGroupError(err) {
			t.Fatalf("bit %d turned over: %v", bit, err)
		}
	}
}

func isGroupError(err error) bool {
	var group *GroupError
	return errors.As(err, &group)
}

func TestDecodeGroupSays(t *testing.T) {
	// head is an event of the given type and flags up to its body: key, no
	// difference of times.
	head := func(kind Type, flags byte) []byte {
		return append([]byte{1, 1, byte(kind), flags}, make([]byte, 10)...)
	}
	receipt := func(line ...byte) []byte {
		return append(append(head(TypeReceipt, 0), 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), line...)
	}
	nan := appendNumber(nil, math.NaN())
	tests := []struct {
		name    string
		payload []byte
		want    string
	}{
		{"nothing", nil, "ends too early, at byte 0"},
		{"another version", sealed([]byte{2, 0}), "has version 2, but this program reads version 1, at byte 0"},
		{"a wrong checksum", append(sealed([]byte{1, 0})[:9], 0xff), "has a checksum that does not fit its content, at byte 2"},
		{"too many events", sealed([]byte{1, 200, 1}), "counts more than the rest can hold, at byte 3"},
		{"a number without end", sealed([]byte{1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}), "has a broken number, at byte 1"},
		{"a number too big", sealed([]byte{1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2}), "has a broken number, at byte 1"},
		{"an unknown type", sealed(head(22, 0)), "has an event of an unknown type, at byte 14"},
		{"unknown flags", sealed(head(TypeView, 16)), "has an event with unknown flags, at byte 4"},
		{"a long text", sealed(append(head(TypeView, 0), 9)), "has a text that is longer than the rest, at byte 15"},
		{"an unknown action", sealed(append(head(TypeScan, 0), 0, 3)), "has an unknown choice, at byte 16"},
		{"an unknown purpose", sealed(append(head(TypeConsentChanged, 0), 0, 3, 0)), "has an unknown choice, at byte 16"},
		{"half a grant", sealed(append(head(TypeConsentChanged, 0), 0, 1, 2)), "has a truth value that is neither 0 nor 1, at byte 17"},
		{"too many ids", sealed(append(head(TypeImpression, 0), 0, 3, 0)), "counts more than the rest can hold, at byte 16"},
		{"a discount that is no number", sealed(append(append(head(TypeOfferRedeemed, 0), make([]byte, 11)...), nan...)), "has a number out of bounds, at byte 33"},
		{"a term before 1970", sealed(append(append(head(TypeOfferPersonal, 0), make([]byte, 9)...), 1, 0)), "has a time out of bounds, at byte 24"},
		{"a budget below zero", sealed(append(append(append(head(TypeOfferUpserted, 0), make([]byte, 10)...), make([]byte, 17)...), 1)), "has a count out of bounds, at byte 42"},
		{"something after the end", sealed(append(head(TypeMemberErased, 0), 0)), "has something after its last event, at byte 14"},
		{"too many lines", sealed(receipt()), "counts more than the rest can hold, at byte 24"},
		{"unknown flags of a line", sealed(receipt(64, 1, 'a')), "has a line with unknown flags, at byte 25"},
		{"two quantities", sealed(receipt(3, 1, 'a')), "has a line with unknown flags, at byte 25"},
		{"no product", sealed(receipt(0, 0, 0)), "has a line without a product, at byte 26"},
		{"no quantity", sealed(receipt(1, 1, 'a', 0)), "has a quantity out of bounds, at byte 28"},
		{"a quantity that is no number", sealed(receipt(append([]byte{2, 1, 'a'}, nan...)...)), "has a number out of bounds, at byte 35"},
		{"a price that is no number", sealed(receipt(append([]byte{4, 1, 'a'}, nan...)...)), "has a number out of bounds, at byte 35"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			evs, err := DecodeGroup(tt.payload, make([]Event, 3))
			if !isGroupError(err) || !strings.HasSuffix(fmt.Sprint(err), tt.want) || len(evs) != 0 {
				t.Errorf("got %v and %d events, want %s", err, len(evs), tt.want)
			}
		})
	}
}

// TestDecodeGroupReuses: a group of receipts decoded into the last one's
// events costs the copy of the payload and nothing else.
func TestDecodeGroupReuses(t *testing.T) {
	payload := AppendGroup(nil, manyReceipts(50, 12))
	var dst []Event
	var err error
	allocs := testing.AllocsPerRun(20, func() {
		if dst, err = DecodeGroup(payload, dst); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 1 {
		t.Errorf("%v allocations", allocs)
	}
}

// TestDecodeGroupBounds: counts that nothing stands behind cost no memory.
func TestDecodeGroupBounds(t *testing.T) {
	payload := binary.AppendUvarint([]byte{1}, math.MaxUint64)
	hostile := sealed(append(payload, make([]byte, 1<<20)...))
	bytes := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			if _, err := DecodeGroup(hostile, nil); err == nil {
				b.Fatal("no error")
			}
		}
	}).AllocedBytesPerOp()
	if bytes > 2<<20 {
		t.Errorf("%d bytes for a payload of 1 MB", bytes)
	}
}

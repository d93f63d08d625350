package event

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// manyReceipts are admitted receipts as a till sends them.
func manyReceipts(receipts, lines int) []Event {
	evs := make([]Event, receipts)
	for i := range evs {
		r := &Receipt{Currency: "DKK", Lines: make([]Line, lines)}
		for j := range r.Lines {
			r.Lines[j] = Line{Product: fmt.Sprintf("57%011d", (i*31+j*977)%50_000), Qty: float64(1 + j%3), Price: float64(1000+37*j) / 100}
		}
		evs[i] = Event{Type: TypeReceipt, Time: at + Millis(i)*1000, Received: at + Millis(i)*1000 + 300, Key: KeyOf("pos", fmt.Sprint(i)),
			Store: "17", Chain: "north", Member: Token(i%2) * 0x123456789abcdef, Body: r}
	}
	return evs
}

// receiptJSON is one receipt of 12 lines as a till sends it.
func receiptJSON() []byte {
	ev := manyReceipts(1, 12)[0]
	ev.ID, ev.Source, ev.MemberID = "r-8812345", "pos/17", "m-4212345"
	return ev.AppendJSON(nil)
}

// BenchmarkScanReceipt reads one receipt of 12 lines a time, on both roads and,
// for comparison, into a plain struct by encoding/json without any check.
func BenchmarkScanReceipt(b *testing.B) {
	body := receiptJSON()
	for _, road := range []struct {
		name string
		fast bool
	}{{"quick", true}, {"slow", false}} {
		b.Run(road.name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				scan(body, road.fast, func(_ int, _ *Event, err error) bool {
					if err != nil {
						b.Fatal(err)
					}
					return true
				})
			}
		})
	}
	b.Run("plain", benchmarkPlain)
}

// BenchmarkScanImpression reads what a list of 35 shown to a member says.
func BenchmarkScanImpression(b *testing.B) {
	shown := &Impression{RecommID: "r-4212345", Channel: "app-home"}
	for i := range 35 {
		shown.IDs = append(shown.IDs, fmt.Sprintf("offer-%05d", i))
	}
	ev := Event{Type: TypeImpression, ID: "i-1", Source: "app", Time: at, MemberID: "m-4212345", Body: shown}
	body := ev.AppendJSON(nil)
	for _, road := range []struct {
		name string
		fast bool
	}{{"quick", true}, {"slow", false}} {
		b.Run(road.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				scan(body, road.fast, func(_ int, _ *Event, err error) bool { return err == nil })
			}
		})
	}
}

func benchmarkPlain(b *testing.B) {
	body := receiptJSON()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var envelope struct {
			ID, Source, Type string
			Time             time.Time
			Data             struct {
				Store, Chain, Member string
				Lines                []struct {
					Product string
					Qty     *float64
					Price   *float64
				}
			}
		}
		if err := json.Unmarshal(body, &envelope); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkScanBatch reads 1,000 receipts of 12 lines a time; figures are per
// batch.
func BenchmarkScanBatch(b *testing.B) {
	var body []byte
	for range 1000 {
		body = append(append(body, receiptJSON()...), '\n')
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		Scan(body, func(_ int, _ *Event, err error) bool { return err == nil })
	}
}

// BenchmarkDecodeGroup decodes 500 receipts of 12 lines a time.
func BenchmarkDecodeGroup(b *testing.B) {
	payload := AppendGroup(nil, manyReceipts(500, 12))
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	var dst []Event
	for b.Loop() {
		var err error
		if dst, err = DecodeGroup(payload, dst); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*500*12/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(float64(len(payload))/(500*12), "bytes/line")
}

// BenchmarkAppendGroup encodes the same.
func BenchmarkAppendGroup(b *testing.B) {
	evs := manyReceipts(500, 12)
	b.ReportAllocs()
	var payload []byte
	for b.Loop() {
		payload = AppendGroup(payload[:0], evs)
	}
	b.ReportMetric(float64(b.N)*500*12/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkKeys hashes what the gate hashes for one receipt.
func BenchmarkKeys(b *testing.B) {
	ev := manyReceipts(1, 12)[0]
	b.Run("KeyOf", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			KeyOf("pos/17", "r-8812345")
		}
	})
	b.Run("ReceiptKey", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			ReceiptKey(&ev, 0)
		}
	})
}

// BenchmarkValidate checks one receipt of 12 lines.
func BenchmarkValidate(b *testing.B) {
	ev := manyReceipts(1, 12)[0]
	b.ReportAllocs()
	for b.Loop() {
		if err := ev.Validate(at); err != nil {
			b.Fatal(err)
		}
	}
}

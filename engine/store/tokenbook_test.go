package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"nabo/engine/event"

	"pgregory.net/rapid"
)

// holds says whether an id's bytes are anywhere in memory that b refers to.
func (b *tokenBook) holds(id string) bool {
	for i := range b.shards {
		records := b.shards[i].records
		if bytes.Contains(records[:cap(records)], []byte(id)) {
			return true
		}
	}
	return false
}

// TestTokenBookIsTwoMaps plays random pairs and erasures against two maps. Ids
// are long enough to be found in the bytes that are kept.
func TestTokenBookIsTwoMaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		var b tokenBook
		byID, byToken := map[string]event.Token{}, map[event.Token]string{}
		var ids, gone []string
		for range rapid.IntRange(1, 10).Draw(t, "steps") {
			if rapid.IntRange(0, 2).Draw(t, "step") > 0 {
				for range rapid.IntRange(1, 3000).Draw(t, "many") {
					id := fmt.Sprintf("member-%d-%s", len(ids)+len(gone), strings.Repeat("x", rng.IntN(100)))
					token := event.Token(rng.Uint64())
					b.add(id, token)
					byID[id], byToken[token] = token, id
					ids = append(ids, id)
				}
			} else {
				for range min(len(ids), rapid.IntRange(1, 3000).Draw(t, "few")) {
					at := rng.IntN(len(ids))
					id := ids[at]
					ids[at] = ids[len(ids)-1]
					ids = ids[:len(ids)-1]
					b.remove(id)
					b.remove(id)
					delete(byToken, byID[id])
					delete(byID, id)
					gone = append(gone, id)
				}
			}
			if b.n != len(byID) {
				t.Fatalf("%d pairs, want %d", b.n, len(byID))
			}
		}
		for _, id := range gone {
			if _, ok := b.token(id); ok {
				t.Fatalf("%s is back", id)
			}
		}
		if len(gone) > 0 {
			if id := gone[rng.IntN(len(gone))]; b.holds(id[:strings.LastIndex(id, "-")+1]) {
				t.Fatalf("the bytes of %s are still there", id)
			}
		}
		checkPairs(t, &b, byID, byToken)
	})
}

func checkPairs(t *rapid.T, b *tokenBook, byID map[string]event.Token, byToken map[event.Token]string) {
	for id, token := range byID {
		if got, ok := b.token(id); !ok || got != token {
			t.Fatalf("%s has %d, want %d", id, got, token)
		}
		if got, ok := b.id(token); !ok || got != byToken[token] {
			t.Fatalf("%d is %s's, want %s", token, got, byToken[token])
		}
	}
	n := 0
	err := b.each(func(id []byte, token event.Token) error {
		if n++; byID[string(id)] != token {
			return fmt.Errorf("each gives %s with %d", id, token)
		}
		return nil
	})
	if err != nil || n != len(byID) {
		t.Fatalf("each gives %d of %d pairs: %v", n, len(byID), err)
	}
}

func TestTokenLookupAllocatesNothing(t *testing.T) {
	var b tokenBook
	for i := range 1000 {
		b.add(fmt.Sprint("m-", i), event.Token(i+1))
	}
	if n := testing.AllocsPerRun(100, func() { b.token("m-77"); b.token("nobody") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkTokenBook looks ids and tokens up among two million, and reports what
// a pair with an id of ten bytes takes.
func BenchmarkTokenBook(b *testing.B) {
	const n = 2_000_000
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	book := new(tokenBook)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range n {
		book.add(fmt.Sprintf("m-%08d", i), event.Token(rng.Uint64()))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	ids := make([]string, 1<<16)
	tokens := make([]event.Token, len(ids))
	for i := range ids {
		ids[i] = fmt.Sprintf("m-%08d", rng.IntN(n))
		tokens[i], _ = book.token(ids[i])
	}
	report := func(b *testing.B) {
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "heapB/member")
		b.ReportMetric(float64(book.bytes())/n, "B/member")
	}
	b.Run("token", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			book.token(ids[i%len(ids)])
		}
		report(b)
	})
	b.Run("id", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			book.id(tokens[i%len(tokens)])
		}
		report(b)
	})
	runtime.KeepAlive(book)
}

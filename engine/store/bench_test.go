package store

import (
	"encoding/binary"
	"fmt"
	"testing"
)

const benchPairs = 100_000

func benchSave(b *testing.B, s *Store, pos uint64) {
	value := make([]byte, 400)
	err := s.Save(pos, func(put func(key, value []byte) error) error {
		for i := range uint64(benchPairs) {
			// Keys in the order of a multiplicative hash: not sorted.
			key := binary.BigEndian.AppendUint64(nil, i*0x9E3779B97F4A7C15)
			binary.LittleEndian.PutUint64(value, i+pos)
			if err := put(key, value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

func BenchmarkSave(b *testing.B) {
	s := open(b, b.TempDir())
	b.SetBytes(benchPairs * 408)
	for pos := uint64(1); b.Loop(); pos++ {
		benchSave(b, s, pos)
	}
}

func BenchmarkLoad(b *testing.B) {
	s := open(b, b.TempDir())
	benchSave(b, s, 1)
	b.SetBytes(benchPairs * 408)
	for b.Loop() {
		n := 0
		if _, err := s.Load(LoadOptions{}, func(_, _ []byte) error { n++; return nil }); err != nil || n != benchPairs {
			b.Fatalf("%d pairs, %v", n, err)
		}
	}
}

func BenchmarkAssign(b *testing.B) {
	for _, group := range []int{1, 100} {
		b.Run(fmt.Sprintf("group=%d", group), func(b *testing.B) {
			tokens := openTokens(b, b.TempDir())
			ids := make([]string, group)
			for n := 0; b.Loop(); n++ {
				for i := range ids {
					ids[i] = fmt.Sprint("m-", n, "-", i)
				}
				if _, err := tokens.Assign(ids); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*group)/b.Elapsed().Seconds(), "ids/s")
		})
	}
}

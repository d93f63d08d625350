package push

import "strings"

// entry is a scored id as the state holds it.
type entry struct {
	sym   uint32 // of symbols
	steps int64  // the score that was sent, in thousandths
}

// symbols numbers the ids of offers and chains during one sync, so that lists
// are compared without their strings.
type symbols struct {
	numbers map[string]uint32
	names   []string
}

func newSymbols() *symbols { return &symbols{numbers: map[string]uint32{}} }

// of returns the number of id.
func (s *symbols) of(id string) uint32 {
	if n, ok := s.numbers[id]; ok {
		return n
	}
	return s.add(strings.Clone(id))
}

// ofBytes is of for an id in a buffer.
func (s *symbols) ofBytes(id []byte) uint32 {
	if n, ok := s.numbers[string(id)]; ok {
		return n
	}
	return s.add(string(id))
}

func (s *symbols) add(id string) uint32 {
	n := uint32(len(s.names))
	s.names = append(s.names, id)
	s.numbers[id] = n
	return n
}

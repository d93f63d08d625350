package offer

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"nabo/engine/event"
)

// A record is one string. It begins with a byte of version, three of zero and
// four 16-bit counts: of uses, terms, shown and consents, which follow in this
// order. Numbers are little-endian.
//
//	use      slot 28 bits | open 4 | activations 16 | redemptions 16, at 64
//	term     slot 28 bits | price 1 | from 1 | through 1, then those of them, 64 each
//	shown    slot 28 bits | times 8 | minute since 1970 28
//	consent  purpose 1 byte, granted 1, at 8, chain and channel as length (1) and text
//
// A member who has nothing has the empty string.
const (
	recordHead = 12
	slotBits   = 28
	slotMask   = MaxSlots - 1
	useSize    = 16

	maxShown    = 64      // the latest are kept
	maxTerms    = 1024    // those of the newest offers are kept
	maxConsents = 512     // the latest are kept
	maxUses     = 1 << 14 // those of the newest offers are kept
	msPerMinute = 60_000
)

const (
	termPrice = 1 << slotBits << iota
	termFrom
	termThrough
)

// clear empties a record and keeps its memory.
func (r *Record) clear() {
	r.Uses, r.Terms, r.Shown, r.Consents = r.Uses[:0], r.Terms[:0], r.Shown[:0], r.Consents[:0]
}

func (r *Record) empty() bool {
	return len(r.Uses)+len(r.Terms)+len(r.Shown)+len(r.Consents) == 0
}

// decode sets the record to what encode wrote. A string that it did not write
// leaves an empty record.
func (r *Record) decode(s string) error {
	r.clear()
	if s == "" {
		return nil
	}
	if len(s) < recordHead || wordAt(s)&0xffffffff != formatVersion {
		return errCell
	}
	counts := wordAt(s[recordHead-8:])
	uses, terms, shown, consents := int(counts&0xffff), int(counts>>16&0xffff), int(counts>>32&0xffff), int(counts>>48)
	s = s[recordHead:]
	if len(s) < uses*useSize {
		return errCell
	}
	for range uses {
		w := wordAt(s)
		r.Uses = append(r.Uses, Activation{Slot: Slot(w & slotMask), Open: w>>slotBits&1 != 0,
			Activations: uint16(w >> 32), Redemptions: uint16(w >> 48), At: event.Millis(wordAt(s[8:]))})
		s = s[useSize:]
	}
	s, ok := r.decodeTerms(s, terms)
	if !ok || len(s) < 8*shown {
		r.clear()
		return errCell
	}
	for range shown {
		w := wordAt(s)
		r.Shown = append(r.Shown, Seen{Slot: Slot(w & slotMask), Times: uint8(w >> slotBits), At: event.Millis(w>>(slotBits+8)) * msPerMinute})
		s = s[8:]
	}
	if !r.decodeConsents(s, consents) {
		r.clear()
		return errCell
	}
	return nil
}

func (r *Record) decodeTerms(s string, n int) (rest string, ok bool) {
	for range n {
		if len(s) < 8 {
			return "", false
		}
		w := wordAt(s)
		t := Term{Slot: Slot(w & slotMask), Price: math.NaN()}
		s = s[8:]
		for bit := uint64(termPrice); bit <= termThrough; bit <<= 1 {
			if w&bit == 0 {
				continue
			}
			if len(s) < 8 {
				return "", false
			}
			switch v := wordAt(s); bit {
			case termPrice:
				t.Price = math.Float64frombits(v)
			case termFrom:
				t.From = event.Millis(v)
			case termThrough:
				t.Through = event.Millis(v)
			}
			s = s[8:]
		}
		r.Terms = append(r.Terms, t)
	}
	return s, true
}

func (r *Record) decodeConsents(s string, n int) bool {
	for range n {
		if len(s) < 11 {
			return false
		}
		c := Consent{Purpose: event.Purpose(s[0]), Granted: s[1] == 1, At: event.Millis(wordAt(s[2:]))}
		s = s[10:]
		for _, text := range []*string{&c.Chain, &c.Channel} {
			if len(s) == 0 || len(s) < 1+int(s[0]) {
				return false
			}
			*text, s = s[1:1+int(s[0])], s[1+int(s[0]):]
		}
		r.Consents = append(r.Consents, c)
	}
	return s == ""
}

// encode appends the record's string to dst, which is empty.
func (r *Record) encode(dst []byte) []byte {
	if r.empty() {
		return dst
	}
	dst = append(dst, formatVersion, 0, 0, 0)
	for _, n := range []int{len(r.Uses), len(r.Terms), len(r.Shown), len(r.Consents)} {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(n))
	}
	for i := range r.Uses {
		u := &r.Uses[i]
		w := uint64(u.Slot) | uint64(u.Activations)<<32 | uint64(u.Redemptions)<<48
		if u.Open {
			w |= 1 << slotBits
		}
		dst = binary.LittleEndian.AppendUint64(dst, w)
		dst = binary.LittleEndian.AppendUint64(dst, uint64(u.At))
	}
	for i := range r.Terms {
		dst = r.Terms[i].append(dst)
	}
	for i := range r.Shown {
		s := &r.Shown[i]
		dst = binary.LittleEndian.AppendUint64(dst, uint64(s.Slot)|uint64(s.Times)<<slotBits|uint64(s.At/msPerMinute)<<(slotBits+8))
	}
	for i := range r.Consents {
		dst = r.Consents[i].append(dst)
	}
	return dst
}

func (t *Term) append(dst []byte) []byte {
	head := uint64(t.Slot)
	var words [3]uint64
	n := 0
	put := func(bit, v uint64) {
		head |= bit
		words[n] = v
		n++
	}
	if !math.IsNaN(t.Price) {
		put(termPrice, math.Float64bits(t.Price))
	}
	if t.From != 0 {
		put(termFrom, uint64(t.From))
	}
	if t.Through != 0 {
		put(termThrough, uint64(t.Through))
	}
	dst = binary.LittleEndian.AppendUint64(dst, head)
	for _, w := range words[:n] {
		dst = binary.LittleEndian.AppendUint64(dst, w)
	}
	return dst
}

func (c *Consent) append(dst []byte) []byte {
	granted := byte(0)
	if c.Granted {
		granted = 1
	}
	dst = append(dst, byte(c.Purpose), granted)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(c.At))
	for _, s := range []string{c.Chain, c.Channel} {
		s = s[:min(len(s), 255)]
		dst = append(dst, byte(len(s)))
		dst = append(dst, s...)
	}
	return dst
}

// minute rounds a moment down to what a Seen can hold.
func minute(at event.Millis) event.Millis {
	return min(max(at/msPerMinute, 0), 1<<slotBits-1) * msPerMinute
}

func (c *Consent) compare(o *Consent) int {
	return cmp.Or(cmp.Compare(c.Chain, o.Chain), cmp.Compare(c.Channel, o.Channel), cmp.Compare(c.Purpose, o.Purpose))
}

func (s *Seen) compare(o *Seen) int {
	return cmp.Or(cmp.Compare(o.At, s.At), cmp.Compare(s.Slot, o.Slot))
}

// sound says whether a decoded record is one that the Book could have made:
// its lists in their order, without doubles, and all slots below next.
func (r *Record) sound(next Slot) bool {
	for i := range r.Uses {
		if u := &r.Uses[i]; u.Slot >= next || (i > 0 && u.Slot <= r.Uses[i-1].Slot) {
			return false
		}
	}
	for i := range r.Terms {
		if t := &r.Terms[i]; t.Slot >= next || (i > 0 && t.Slot <= r.Terms[i-1].Slot) {
			return false
		}
	}
	for i := range r.Consents {
		if i > 0 && r.Consents[i-1].compare(&r.Consents[i]) >= 0 {
			return false
		}
	}
	return r.soundShown(next)
}

func (r *Record) soundShown(next Slot) bool {
	seen := make([]Slot, 0, maxShown)
	for i := range r.Shown {
		s := &r.Shown[i]
		if s.Slot >= next || (i > 0 && r.Shown[i-1].compare(s) >= 0) || slices.Contains(seen, s.Slot) || len(seen) == maxShown {
			return false
		}
		seen = append(seen, s.Slot)
	}
	return true
}

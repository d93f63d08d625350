package engine

import (
	"math/bits"

	"nabo/graph"
)

// seenRun is a sorted set of keys of one segment, with the day of each. It
// never changes once it is made. A key's rest is cut in two: the high bits say
// in which of the 2^bucketBits buckets it lies, the low bits are kept with the
// day in an entry of width bits. How many lie in each bucket is a bitmap: a one
// for each key, and a zero behind each bucket (the code of Elias and Fano). For
// n keys that takes 53 − log₂ n bits a key and the day's: 6 bytes at 25,000.
type seenRun struct {
	words  []uint64 // the entries, then the bitmap
	starts []uint32 // where in the bitmap each 64th bucket begins
	n      int
	bitmap int // the bitmap's first word

	bucketBits, dayBits, width uint8
	first, last                graph.Day // no key's day lies outside
}

// restBits is how many bits of a spread key say which it is in its segment.
const restBits = 64 - seenSegmentBits

const (
	minBucketBits = 8 // so that an entry, with 16 bits for its day, fits in a word
	startEvery    = 64
)

// newSeenRun makes room for n keys of some days; fill must add exactly n.
func newSeenRun(n int, first, last graph.Day) *seenRun {
	b := max(bits.Len(uint(n))-1, minBucketBits)
	d := bits.Len(uint(last - first))
	r := &seenRun{n: n, bucketBits: uint8(b), dayBits: uint8(d), width: uint8(restBits - b + d), first: first, last: last}
	r.bitmap = (n*int(r.width) + 63) / 64
	return r
}

// size is how many words a run has.
func (r *seenRun) size() int { return r.bitmap + (r.n+1<<r.bucketBits+63)/64 }

// seenFiller adds keys to a run in the order of their rests.
type seenFiller struct {
	r         *seenRun
	i, bucket int
}

func fillSeenRun(n int, first, last graph.Day) seenFiller {
	r := newSeenRun(n, first, last)
	r.words = make([]uint64, r.size())
	return seenFiller{r: r}
}

func (f *seenFiller) add(rest uint64, on graph.Day) {
	r := f.r
	low := restBits - r.bucketBits
	f.bucket = int(rest >> low)
	at := f.i + f.bucket
	r.words[r.bitmap+at>>6] |= 1 << (at & 63)
	entry := rest&(1<<low-1)<<r.dayBits | uint64(on-r.first)
	at = f.i * int(r.width)
	r.words[at>>6] |= entry << (at & 63)
	if over := at&63 + int(r.width) - 64; over > 0 {
		r.words[at>>6+1] |= entry >> (int(r.width) - over)
	}
	f.i++
}

// index notes where buckets begin. It returns false if the bitmap is not one of
// n keys, as that of a damaged cell may be.
func (r *seenRun) index() bool {
	buckets := 1 << r.bucketBits
	end := r.n + buckets
	r.starts = append(make([]uint32, 0, buckets/startEvery), 0)
	zeros := 0
	for w, word := range r.words[r.bitmap:] {
		blank := ^word
		if left := end - w*64; left < 64 {
			if word>>left != 0 {
				return false
			}
			blank &= 1<<left - 1
		}
		c := bits.OnesCount64(blank)
		for next := len(r.starts) * startEvery; next <= zeros+c && next < buckets; next += startEvery {
			r.starts = append(r.starts, uint32(w*64+nth(blank, next-zeros)+1))
		}
		zeros += c
	}
	return zeros == buckets && !r.one(end-1)
}

// nth returns the place of the nth one of x, from 1; x has that many.
func nth(x uint64, n int) int {
	at := 0
	for half := 32; half > 0; half /= 2 {
		if c := bits.OnesCount64(x & (1<<half - 1)); c < n {
			n -= c
			x >>= half
			at += half
		}
	}
	return at
}

// begin returns where in the bitmap a bucket begins.
func (r *seenRun) begin(bucket int) int {
	p, skip := int(r.starts[bucket/startEvery]), bucket%startEvery
	if skip == 0 {
		return p
	}
	bitmap := r.words[r.bitmap:]
	w := p >> 6
	blank := ^bitmap[w] >> (p & 63) << (p & 63)
	for {
		c := bits.OnesCount64(blank)
		if c >= skip {
			return w*64 + nth(blank, skip) + 1
		}
		skip -= c
		w++
		blank = ^bitmap[w]
	}
}

// one says whether a bit of the bitmap is one.
func (r *seenRun) one(p int) bool { return r.words[r.bitmap+p>>6]>>(p&63)&1 != 0 }

func (r *seenRun) entry(i int) uint64 {
	at := i * int(r.width)
	e := r.words[at>>6] >> (at & 63)
	if at&63+int(r.width) > 64 {
		e |= r.words[at>>6+1] << (64 - at&63)
	}
	return e & (1<<r.width - 1)
}

func (r *seenRun) day(entry uint64) graph.Day { return r.first + graph.Day(entry&(1<<r.dayBits-1)) }

// find returns a key's day.
func (r *seenRun) find(rest uint64) (graph.Day, bool) {
	low := restBits - r.bucketBits
	bucket := int(rest >> low)
	rest &= 1<<low - 1
	p := r.begin(bucket)
	for i := p - bucket; r.one(p); i, p = i+1, p+1 {
		if e := r.entry(i); e>>r.dayBits == rest {
			return r.day(e), true
		}
	}
	return 0, false
}

// seenCursor walks a run in the order of its keys.
type seenCursor struct {
	r            *seenRun
	i, p, bucket int

	rest uint64 // the key it stands at
	on   graph.Day
	ok   bool // it stands at a key
}

func (r *seenRun) cursor() seenCursor {
	c := seenCursor{r: r}
	c.next()
	return c
}

func (c *seenCursor) next() {
	if c.r == nil || c.i == c.r.n {
		c.ok = false
		return
	}
	for !c.r.one(c.p) {
		c.p++
		c.bucket++
	}
	e := c.r.entry(c.i)
	c.rest = uint64(c.bucket)<<(restBits-c.r.bucketBits) | e>>c.r.dayBits
	c.on, c.ok = c.r.day(e), true
	c.p++
	c.i++
}

// each gives all keys' rests with their days.
func (r *seenRun) each(fn func(rest uint64, on graph.Day)) {
	if r == nil {
		return
	}
	for c := r.cursor(); c.ok; c.next() {
		fn(c.rest, c.on)
	}
}

// since counts the keys whose day is not before one.
func (r *seenRun) since(day graph.Day) int {
	if r == nil || r.last < day {
		return 0
	}
	if r.first >= day {
		return r.n
	}
	n := 0
	for i := range r.n {
		if r.day(r.entry(i)) >= day {
			n++
		}
	}
	return n
}

// joinSeen returns one run of all keys of some whose day is not before one; nil
// if there are none. No key may have such a day in two of them.
func joinSeen(day graph.Day, runs ...*seenRun) *seenRun {
	n, first, last := 0, ^graph.Day(0), day
	for _, r := range runs {
		if alive := r.since(day); alive > 0 {
			n += alive
			first, last = min(first, max(r.first, day)), max(last, r.last)
		}
	}
	if n == 0 {
		return nil
	}
	f := fillSeenRun(n, first, last)
	at := make([]seenCursor, len(runs))
	for i, r := range runs {
		at[i] = r.cursor()
	}
	for {
		least := -1
		for i := range at {
			if at[i].ok && (least < 0 || at[i].rest < at[least].rest) {
				least = i
			}
		}
		if least < 0 {
			break
		}
		if at[least].on >= day {
			f.add(at[least].rest, at[least].on)
		}
		at[least].next()
	}
	f.r.index()
	return f.r
}

// bytes is what a run takes.
func (r *seenRun) bytes() uint64 {
	if r == nil {
		return 0
	}
	return uint64(cap(r.words))*8 + uint64(cap(r.starts))*4 + 88
}

package server

import (
	"cmp"
	"math/bits"
	"slices"
	"sync"
	"time"
)

// RouteLatency is how long a route's requests took lately.
type RouteLatency struct {
	Route string `json:"route" example:"GET /v1/members/{id}/offers"`
	Count uint64 `json:"count" doc:"How many requests"`
	P50   Fixed  `json:"p50" doc:"Milliseconds from a request's header to the end of its answer, to 2 %"`
	P90   Fixed  `json:"p90"`
	P99   Fixed  `json:"p99"`
	Max   Fixed  `json:"max"`
}

// The slots and buckets of recent latencies.
const (
	slotSeconds = 10
	slots       = 7 // the one under way and those of the last minute

	fineBits = 5 // of a power of two, so many parts of it are told apart
	fine     = 1 << fineBits
	buckets  = fine * 28 // up to two minutes in microseconds
)

// recentTimes counts how long requests took within the last minute, in buckets
// that are a thirty-second of their value wide. Any goroutine may use it.
type recentTimes struct {
	mu    sync.Mutex
	slots *[slots]timeSlot // nil: nothing yet; guarded by mu
}

type timeSlot struct {
	number int64 // of ten seconds since the server was made
	count  uint64
	most   time.Duration
	counts [buckets]uint32
}

// add counts one request that ended at a moment since the server was made.
func (r *recentTimes) add(at, took time.Duration) {
	number := int64(at / (slotSeconds * time.Second))
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.slots == nil {
		r.slots = new([slots]timeSlot)
	}
	s := &r.slots[number%slots]
	if s.number != number {
		*s = timeSlot{number: number}
	}
	s.count++
	s.most = max(s.most, took)
	s.counts[bucketOf(took)]++
}

// bucketOf gives the bucket of a time: exact up to fine microseconds, then fine
// of them for each power of two.
func bucketOf(took time.Duration) int {
	us := uint64(max(took.Microseconds(), 0))
	if us < fine {
		return int(us)
	}
	shift := bits.Len64(us) - 1 - fineBits
	return min(fine*(shift+1)+int(us>>shift)-fine, buckets-1)
}

// middleOf gives the time in a bucket's middle.
func middleOf(bucket int) time.Duration {
	if bucket < fine {
		return time.Duration(bucket) * time.Microsecond
	}
	shift := bucket/fine - 1
	low := uint64(bucket%fine+fine) << shift
	return time.Duration(low)*time.Microsecond + time.Duration(uint64(1)<<shift)*time.Microsecond/2
}

// sum adds up what is recent as of a moment.
func (r *recentTimes) sum(at time.Duration) (all timeSlot) {
	newest := int64(at / (slotSeconds * time.Second))
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.slots == nil {
		return all
	}
	for i := range r.slots {
		s := &r.slots[i]
		if s.number <= newest-slots || s.number > newest {
			continue
		}
		all.count += s.count
		all.most = max(all.most, s.most)
		for b, n := range s.counts {
			all.counts[b] += n
		}
	}
	return all
}

// quantile gives the time that a share of the requests did not pass.
func (s *timeSlot) quantile(share float64) Fixed {
	left := uint64(share * float64(s.count))
	for b, n := range s.counts {
		if uint64(n) > left {
			return milliseconds(min(middleOf(b), s.most))
		}
		left -= uint64(n)
	}
	return milliseconds(s.most)
}

func milliseconds(d time.Duration) Fixed { return Fixed(float64(d) / float64(time.Millisecond)) }

// latencies gives what each route took lately, the busiest first.
func (m *metrics) latencies(at time.Duration) []RouteLatency {
	out := []RouteLatency{}
	for _, r := range m.routes {
		if all := r.recent.sum(at); all.count > 0 {
			out = append(out, RouteLatency{r.name, all.count, all.quantile(.5), all.quantile(.9), all.quantile(.99), milliseconds(all.most)})
		}
	}
	slices.SortFunc(out, func(a, b RouteLatency) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Route, b.Route))
	})
	return out
}

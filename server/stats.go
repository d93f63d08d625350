package server

import (
	"context"
	"strconv"
	"time"

	"nabo/engine"
	"nabo/server/lists"
)

// Stats is what GET /v1/stats answers.
type Stats struct {
	Version    string           `json:"version"`
	Started    time.Time        `json:"started"`
	Ready      bool             `json:"ready" doc:"Whether the state has caught up with the log"`
	Position   uint64           `json:"position" doc:"The log position that the state reflects"`
	Lag        uint64           `json:"lag" doc:"Log positions that are not applied yet"`
	Events     EventStats       `json:"events"`
	Clock      *time.Time       `json:"clock,omitempty" doc:"The newest receipt's time: answers are faded to it, or to now if that is earlier"`
	Products   int              `json:"products"`
	Places     int              `json:"places" doc:"Stores and chains, and one for everywhere"`
	Members    int              `json:"members"`
	Sessions   int              `json:"sessions" doc:"Carts and scanned baskets that are open"`
	Bought     GraphStats       `json:"bought" doc:"Bindings between products from receipts"`
	Viewed     GraphStats       `json:"viewed" doc:"Bindings between products from sessions"`
	Refined    SizeStats        `json:"refined" doc:"Bindings refined for whole baskets"`
	Bindings   SizeStats        `json:"bindings" doc:"Bindings between members and products, both ways"`
	Keys       SizeStats        `json:"keys" doc:"What was seen before: the keys that make sending again safe"`
	Log        LogStats         `json:"log"`
	Checkpoint *CheckpointStats `json:"checkpoint,omitempty" doc:"The newest; left out where there is none"`
	StoreBytes uint64           `json:"storeBytes" doc:"Checkpoints on disk"`
	Gate       GateStats        `json:"gate"`
	Rates      RateStats        `json:"rates"`
	Latency    []RouteLatency   `json:"latency" nullable:"false" doc:"Of the last minute, the busiest route first"`
	Offers     OfferStats       `json:"offers"`
	Lists      ListStats        `json:"lists"`
	Decisions  DecisionStats    `json:"decisions"`
	Live       LiveStats        `json:"live" doc:"Websockets, and what is watched over them"`
	Memory     MemoryStats      `json:"memory" doc:"What takes the process's memory"`
	Sync       *SyncState       `json:"sync,omitempty" doc:"Offers on their way to other systems; left out where there are none"`
	Digest     *DigestStats     `json:"digest,omitempty" doc:"Only with digest"`
}

// MemoryStats is what the process takes, and what each part of it does. The parts
// are counted, not measured: their sum comes near the live heap.
type MemoryStats struct {
	Live       uint64       `json:"liveBytes" doc:"Of the heap: what the newest collection found to be in use"`
	Resident   uint64       `json:"residentBytes" doc:"Of the process, as the system has it; 0 where it does not say"`
	Goroutines int          `json:"goroutines"`
	Counted    uint64       `json:"countedBytes" doc:"The sum of all parts"`
	Parts      []MemoryPart `json:"parts"`
}

// MemoryPart is one of what takes memory.
type MemoryPart struct {
	Part     string `json:"part" example:"productEdges"`
	Count    int    `json:"count" doc:"How many of what it is made of"`
	Bytes    uint64 `json:"bytes" doc:"All of it, spare room included"`
	BytesPer Fixed  `json:"bytesPer" doc:"Of one"`
}

// EventStats counts events since the state began, over restarts.
type EventStats struct {
	Applied    uint64 `json:"applied" doc:"Changed the state"`
	Duplicates uint64 `json:"duplicates" doc:"Were in the log, had been applied before, and changed nothing"`
}

// GraphStats is one relation between products.
type GraphStats struct {
	Nodes        int    `json:"nodes"`
	Edges        int    `json:"edges" doc:"Each way counts"`
	Pending      int    `json:"pending" doc:"Updates that wait to be merged; answers count them already"`
	Bytes        uint64 `json:"bytes" doc:"All of it, spare room included"`
	BytesPerEdge Fixed  `json:"bytesPerEdge"`
}

// SizeStats is how many of something there are, and what they take.
type SizeStats struct {
	Count    int    `json:"count"`
	Bytes    uint64 `json:"bytes" doc:"All of it, spare room included"`
	BytesPer Fixed  `json:"bytesPer" doc:"Of one"`
}

// LogStats is the log's extent: a rebuild can start from its first position or
// from the checkpoint.
type LogStats struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
	Bytes uint64 `json:"bytes"`
}

// CheckpointStats is the newest checkpoint.
type CheckpointStats struct {
	Position uint64    `json:"position"`
	Time     time.Time `json:"time"`
	Age      Fixed     `json:"ageSeconds"`
}

// GateStats counts what passed the gate since the start.
type GateStats struct {
	Queue      int    `json:"queue" doc:"Requests waiting to be gathered"`
	QueueLimit int    `json:"queueLimit" doc:"One more waits a while, and is then answered with 503"`
	InFlight   int    `json:"inFlight" doc:"Events on their way to the engine"`
	Accepted   uint64 `json:"accepted"`
	Duplicates uint64 `json:"duplicates"`
	Rejected   uint64 `json:"rejected"`
}

// OfferStats counts the offers and what became of them.
type OfferStats struct {
	Kept        int   `json:"kept" doc:"Offers that are known, those included that ended or were withdrawn within 60 days"`
	Active      int   `json:"active" doc:"Of these, those that hold now"`
	Activations int64 `json:"activations" doc:"Of these offers, not counting what was taken back"`
	Redemptions int64 `json:"redemptions"`
	Shown       int64 `json:"shown"`
	Over        int64 `json:"over" doc:"Activations and redemptions reported from elsewhere that went beyond a limit or a budget"`
	Scenarios   int   `json:"scenarios" doc:"Those that are built in included"`
}

// ListStats is how lists stand.
type ListStats struct {
	Queued  int   `json:"queued"`
	Running int   `json:"running"`
	Kept    int   `json:"kept" doc:"Lists whose rows can be read to the end"`
	Bytes   int64 `json:"bytes" doc:"Of all rows that are kept"`
}

// DecisionStats is how many decisions can be looked up, and the bounds on it.
type DecisionStats struct {
	Count    int    `json:"count"`
	Bytes    uint64 `json:"bytes"`
	MaxCount int    `json:"maxCount"`
	MaxBytes int    `json:"maxBytes"`
	Dropped  uint64 `json:"dropped" doc:"The oldest, gone to make room"`

	Stored *StoredDecisions `json:"stored,omitempty" doc:"Decisions about offers that are kept over restarts; left out where they are not"`
}

// StoredDecisions is how the decisions stand that are kept over restarts.
type StoredDecisions struct {
	Count     int64  `json:"count"`
	Bytes     int64  `json:"bytes"`
	MaxBytes  int64  `json:"maxBytes" doc:"Above it the oldest go"`
	Waiting   int64  `json:"waitingBytes" doc:"On their way to the disk"`
	Written   uint64 `json:"written" doc:"Since the start"`
	Lost      uint64 `json:"lost" doc:"Never written: too many came at once, or the disk failed"`
	DiskBytes int64  `json:"diskBytes"`
	Memory    int64  `json:"memoryBytes" doc:"Where each of them is, and what waits"`
}

// DigestStats is a hash of the whole state: two engines that applied the same
// log have the same.
type DigestStats struct {
	Position uint64 `json:"position"`
	Hash     string `json:"hash" pattern:"^[0-9a-f]{16}$"`
}

func (s *Server) getStats(_ context.Context, x exchange, _ *struct{}) (*statsOutput, error) {
	out := s.stats()
	if x.c.params.digest {
		s.counting.Lock() // it holds the engine's writer up: one at a time
		position, hash := s.opt.Engine.Digest()
		s.counting.Unlock()
		out.Digest = &DigestStats{Position: position, Hash: hex16(hash)}
	}
	return &statsOutput{out}, nil
}

func (s *Server) stats() Stats {
	now, status := s.now(), s.opt.Status()
	out := Stats{
		Version: s.opt.Version, Started: s.started.UTC(), Ready: phase(s.phase.Load()) == ready,
		Position: s.opt.Engine.Position(), StoreBytes: status.StoreBytes,
		Log:  LogStats{First: status.LogFirst, Last: status.LogLast, Bytes: status.LogBytes},
		Gate: GateStats(status.Gate),
		Decisions: DecisionStats{
			MaxCount: s.opt.DecisionCount, MaxBytes: s.opt.DecisionBytes,
		},
	}
	at := time.Since(s.begun)
	out.Rates, out.Latency = s.rates.since(s.tally(at)), s.metrics.latencies(at)
	parts := s.addState(&out)
	out.Lag = lag(status.LogLast, out.Position)
	out.Offers, out.Lists = s.offerStats(), s.listStats()
	if status.Decisions != nil {
		stored := StoredDecisions(*status.Decisions)
		out.Decisions.Stored = &stored
	}
	out.Decisions.Count, out.Decisions.Bytes, out.Decisions.Dropped = s.decisions.usage()
	out.Memory = memoryStats(&status, append(parts, s.decisions.part()))
	out.Sync = s.syncStats()
	out.Live = s.liveStats()
	if status.Checkpoint > 0 {
		out.Checkpoint = &CheckpointStats{
			Position: status.Checkpoint, Time: status.CheckpointAt.UTC(), Age: Fixed(age(status.CheckpointAt, now)),
		}
	}
	return out
}

// addState adds what the engine holds. The engine walks all of it to count, so
// one request does that at a time. It returns what the state's parts take.
func (s *Server) addState(out *Stats) []engine.Part {
	s.counting.Lock()
	defer s.counting.Unlock()
	n := s.opt.Engine.Stats()
	out.Events = EventStats{Applied: n.Applied, Duplicates: n.Duplicates}
	if n.Clock != 0 {
		at := n.Clock.Time()
		out.Clock = &at
	}
	out.Products, out.Places, out.Members, out.Sessions = n.Products, n.Places, n.Members, n.Sessions
	out.Bought = graphStats(n.Bought.Nodes, n.Bought.Edges, n.Bought.Pending, n.Bought.Bytes)
	out.Viewed = graphStats(n.Viewed.Nodes, n.Viewed.Edges, n.Viewed.Pending, n.Viewed.Bytes)
	out.Refined = sizeStats(n.RefinedEdges, n.RefinedBytes)
	out.Bindings = sizeStats(n.Bindings.Bindings, n.Bindings.Bytes)
	out.Keys = sizeStats(n.Keys, n.KeysBytes)
	return n.Parts
}

// memoryStats brings together what takes memory, here and elsewhere in the
// process.
func memoryStats(status *Status, parts []engine.Part) MemoryStats {
	m := status.Memory
	out := MemoryStats{Live: m.Live, Resident: m.Resident, Goroutines: m.Goroutines}
	for _, p := range append(parts, m.Parts...) {
		out.Parts = append(out.Parts, MemoryPart{p.Name, p.Count, p.Bytes, per(p.Bytes, p.Count)})
		out.Counted += p.Bytes
	}
	return out
}

func (s *Server) offerStats() OfferStats {
	now, out := s.now(), OfferStats{Scenarios: len(s.opt.Engine.Scenarios())}
	for _, e := range s.opt.Engine.OfferList() {
		out.Kept++
		if offerState(e, now) == "active" {
			out.Active++
		}
		out.Activations += e.Activations
		out.Redemptions += e.Redemptions
		out.Shown += e.Shown
		out.Over += e.Over
	}
	return out
}

func (s *Server) listStats() (out ListStats) {
	if s.opt.Lists == nil {
		return out
	}
	for _, st := range s.opt.Lists.List() {
		switch st.State {
		case lists.Queued:
			out.Queued++
		case lists.Running:
			out.Running++
		case lists.Done:
			out.Kept++
		}
		out.Bytes += st.Bytes
	}
	return out
}

func graphStats(nodes, edges, pending int, size uint64) GraphStats {
	return GraphStats{Nodes: nodes, Edges: edges, Pending: pending, Bytes: size, BytesPerEdge: per(size, edges)}
}

func sizeStats(count int, size uint64) SizeStats {
	return SizeStats{Count: count, Bytes: size, BytesPer: per(size, count)}
}

func per(size uint64, count int) Fixed {
	if count == 0 {
		return 0
	}
	return Fixed(float64(size) / float64(count))
}

// lag is how many positions behind the log's end the state is.
func lag(last, position uint64) uint64 {
	return max(last, position) - position
}

func hex16(x uint64) string {
	text := strconv.FormatUint(x, 16)
	return "0000000000000000"[:16-len(text)] + text
}

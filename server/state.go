package server

import "github.com/prometheus/client_golang/prometheus"

// stateCollector shows the state's own counters. They are read when /metrics
// is asked, once for all of them.
type stateCollector struct {
	s       *Server
	figures []figure
	parts   *prometheus.Desc
	counts  *prometheus.Desc
	frames  *prometheus.Desc
	closed  *prometheus.Desc
}

// figure is one number of the state.
type figure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(*Stats) float64
}

func newStateCollector(s *Server) *stateCollector {
	c := &stateCollector{
		s:      s,
		parts:  prometheus.NewDesc("nabo_memory_bytes", "What each part takes in memory, spare room included.", []string{"part"}, nil),
		counts: prometheus.NewDesc("nabo_memory_items", "How many of what it is made of each part holds.", []string{"part"}, nil),
	}
	c.gauge("nabo_memory_live_bytes", "Of the heap: what the newest collection found to be in use.", func(n *Stats) float64 { return float64(n.Memory.Live) })
	c.gauge("nabo_memory_resident_bytes", "Of the process, as the system has it; 0 where it does not say.", func(n *Stats) float64 { return float64(n.Memory.Resident) })
	c.counter("nabo_events_applied_total", "Events that changed the state.", func(n *Stats) float64 { return float64(n.Events.Applied) })
	c.counter("nabo_events_duplicate_total", "Events in the log that were applied before and changed nothing.", func(n *Stats) float64 { return float64(n.Events.Duplicates) })
	c.gauge("nabo_nodes", "Products in the graph.", func(n *Stats) float64 { return float64(n.Bought.Nodes) })
	c.gauge("nabo_edges", "Bindings between products from receipts, each way.", func(n *Stats) float64 { return float64(n.Bought.Edges) })
	c.gauge("nabo_bytes_per_edge", "What one of them takes, all included.", func(n *Stats) float64 { return float64(n.Bought.BytesPerEdge) })
	c.gauge("nabo_viewed_edges", "Bindings between products from sessions, each way.", func(n *Stats) float64 { return float64(n.Viewed.Edges) })
	c.gauge("nabo_refined_edges", "Bindings refined for whole baskets.", func(n *Stats) float64 { return float64(n.Refined.Count) })
	c.gauge("nabo_products", "Products that are known.", func(n *Stats) float64 { return float64(n.Products) })
	c.gauge("nabo_members", "Members with anything held on them.", func(n *Stats) float64 { return float64(n.Members) })
	c.gauge("nabo_member_edges", "Bindings between members and products.", func(n *Stats) float64 { return float64(n.Bindings.Count) })
	c.gauge("nabo_bytes_per_member_edge", "What one of them takes both ways, all included.", func(n *Stats) float64 { return float64(n.Bindings.BytesPer) })
	c.gauge("nabo_sessions", "Carts and scanned baskets that are open.", func(n *Stats) float64 { return float64(n.Sessions) })
	c.gauge("nabo_dedupe_keys", "Keys of events that are remembered.", func(n *Stats) float64 { return float64(n.Keys.Count) })
	c.gauge("nabo_dedupe_bytes", "What they take.", func(n *Stats) float64 { return float64(n.Keys.Bytes) })
	c.ofOffers()
	c.ofProcess()
	c.ofLive()
	c.ofSync()
	return c
}

// ofOffers adds what is about offers. Their counts are gauges: an offer that is
// forgotten takes its own along.
func (c *stateCollector) ofOffers() {
	c.gauge("nabo_offers", "Offers that are known.", func(n *Stats) float64 { return float64(n.Offers.Kept) })
	c.gauge("nabo_offers_active", "Offers that hold now.", func(n *Stats) float64 { return float64(n.Offers.Active) })
	c.gauge("nabo_offer_activations", "Activations of the offers that are known.", func(n *Stats) float64 { return float64(n.Offers.Activations) })
	c.gauge("nabo_offer_redemptions", "Redemptions of the offers that are known.", func(n *Stats) float64 { return float64(n.Offers.Redemptions) })
	c.gauge("nabo_offer_shown", "How often the offers that are known were shown.", func(n *Stats) float64 { return float64(n.Offers.Shown) })
	c.gauge("nabo_offer_over", "Activations and redemptions of theirs that went beyond a limit or a budget.", func(n *Stats) float64 { return float64(n.Offers.Over) })
	c.gauge("nabo_lists_queued", "Lists that wait to be made.", func(n *Stats) float64 { return float64(n.Lists.Queued) })
	c.gauge("nabo_lists_running", "Lists being made.", func(n *Stats) float64 { return float64(n.Lists.Running) })
	c.gauge("nabo_lists", "Lists that can be read.", func(n *Stats) float64 { return float64(n.Lists.Kept) })
	c.gauge("nabo_list_bytes", "The rows of all lists.", func(n *Stats) float64 { return float64(n.Lists.Bytes) })
	stored := func(read func(*StoredDecisions) float64) func(*Stats) float64 {
		return func(n *Stats) float64 {
			if n.Decisions.Stored == nil {
				return 0
			}
			return read(n.Decisions.Stored)
		}
	}
	c.gauge("nabo_stored_decisions", "Decisions that are kept over restarts.", stored(func(d *StoredDecisions) float64 { return float64(d.Count) }))
	c.gauge("nabo_stored_decision_bytes", "What they take.", stored(func(d *StoredDecisions) float64 { return float64(d.Bytes) }))
	c.counter("nabo_stored_decisions_lost_total", "Decisions that were never written.", stored(func(d *StoredDecisions) float64 { return float64(d.Lost) }))
}

// ofProcess adds what does not come from the engine.
func (c *stateCollector) ofProcess() {
	c.gauge("nabo_ready", "1 once the state has caught up with the log.", func(n *Stats) float64 { return float64(packBool(n.Ready)) })
	c.gauge("nabo_position", "The log position that the state reflects.", func(n *Stats) float64 { return float64(n.Position) })
	c.gauge("nabo_log_first", "The first position in the log.", func(n *Stats) float64 { return float64(n.Log.First) })
	c.gauge("nabo_log_last", "The last position in the log.", func(n *Stats) float64 { return float64(n.Log.Last) })
	c.gauge("nabo_log_bytes", "The log on disk.", func(n *Stats) float64 { return float64(n.Log.Bytes) })
	c.gauge("nabo_lag", "Log positions that are not applied yet.", func(n *Stats) float64 { return float64(n.Lag) })
	c.gauge("nabo_checkpoint_age_seconds", "Since the newest checkpoint; 0 where there is none.", func(n *Stats) float64 {
		if n.Checkpoint == nil {
			return 0
		}
		return float64(n.Checkpoint.Age)
	})
	c.gauge("nabo_store_bytes", "Checkpoints on disk.", func(n *Stats) float64 { return float64(n.StoreBytes) })
	c.gauge("nabo_gate_queue", "Requests waiting to be gathered by the gate.", func(n *Stats) float64 { return float64(n.Gate.Queue) })
	c.gauge("nabo_gate_queue_limit", "How many may wait; one more waits a while and is then refused.", func(n *Stats) float64 { return float64(n.Gate.QueueLimit) })
	c.gauge("nabo_gate_in_flight", "Events on their way to the engine.", func(n *Stats) float64 { return float64(n.Gate.InFlight) })
	c.counter("nabo_gate_accepted_total", "Events that passed the gate.", func(n *Stats) float64 { return float64(n.Gate.Accepted) })
	c.counter("nabo_gate_duplicates_total", "Events that the gate knew already.", func(n *Stats) float64 { return float64(n.Gate.Duplicates) })
	c.counter("nabo_gate_rejected_total", "Events that the gate refused.", func(n *Stats) float64 { return float64(n.Gate.Rejected) })
	c.gauge("nabo_decisions", "Decisions that can be looked up.", func(n *Stats) float64 { return float64(n.Decisions.Count) })
	c.gauge("nabo_decision_bytes", "What they take.", func(n *Stats) float64 { return float64(n.Decisions.Bytes) })
	c.counter("nabo_decisions_dropped_total", "Decisions that went to make room.", func(n *Stats) float64 { return float64(n.Decisions.Dropped) })
}

func (c *stateCollector) gauge(name, help string, read func(*Stats) float64) {
	c.figures = append(c.figures, figure{prometheus.NewDesc(name, help, nil, nil), prometheus.GaugeValue, read})
}

func (c *stateCollector) counter(name, help string, read func(*Stats) float64) {
	c.figures = append(c.figures, figure{prometheus.NewDesc(name, help, nil, nil), prometheus.CounterValue, read})
}

// Describe is for the registry.
func (c *stateCollector) Describe(out chan<- *prometheus.Desc) {
	for i := range c.figures {
		out <- c.figures[i].desc
	}
	out <- c.parts
	out <- c.counts
	out <- c.frames
	out <- c.closed
}

// Collect is for the registry.
func (c *stateCollector) Collect(out chan<- prometheus.Metric) {
	n := c.s.stats()
	for i := range c.figures {
		f := &c.figures[i]
		out <- prometheus.MustNewConstMetric(f.desc, f.kind, f.read(&n))
	}
	for _, p := range n.Memory.Parts {
		out <- prometheus.MustNewConstMetric(c.parts, prometheus.GaugeValue, float64(p.Bytes), p.Part)
		out <- prometheus.MustNewConstMetric(c.counts, prometheus.GaugeValue, float64(p.Count), p.Part)
	}
	c.collectLive(&n.Live, out)
}

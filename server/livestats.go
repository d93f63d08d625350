package server

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// LiveStats is how websockets and what is watched over them stand.
type LiveStats struct {
	Connections   int    `json:"connections" doc:"Websockets that are open"`
	Sessions      int    `json:"sessions" doc:"Of clients, those included that wait for their client to come back"`
	Waiting       int    `json:"waiting" doc:"Sessions that wait for their client to come back"`
	Subscriptions int    `json:"subscriptions"`
	Watches       int    `json:"watches" doc:"Different questions among the subscriptions: each is asked once for all"`
	WindowBytes   int    `json:"windowBytes" doc:"Of the frames that are kept for clients who come back"`
	Received      uint64 `json:"received" doc:"Frames from clients, since the start; and so on"`
	Sent          uint64 `json:"sent" doc:"Frames to clients"`
	Asked         uint64 `json:"asked" doc:"How often something that is watched was asked again"`
	Snapshots     uint64 `json:"snapshots"`
	Deltas        uint64 `json:"deltas"`
	Nudges        uint64 `json:"nudges"`
	Events        uint64 `json:"events"`
	Resyncs       uint64 `json:"resyncs" doc:"How often a client was told that something was left out"`
	Resumed       uint64 `json:"resumed" doc:"Sessions that went on over another connection"`
	Lost          uint64 `json:"lost" doc:"How often more changes came than could wait, and all that is watched was asked again"`

	Closed map[string]uint64 `json:"closed" doc:"Websockets that were closed, by code"`
}

func (s *Server) liveStats() LiveStats {
	h, k := s.hub.Stats(), s.sockets
	out := LiveStats{
		Sessions: h.Sessions, Waiting: h.Left, Subscriptions: h.Subscriptions, Watches: h.Watches, WindowBytes: h.WindowBytes,
		Received: k.received.Load(), Sent: k.sent.Load(), Asked: h.Asked,
		Snapshots: h.Snapshots, Deltas: h.Deltas, Nudges: h.Nudges, Events: h.Events, Resyncs: h.Resyncs,
		Resumed: h.Resumed, Lost: h.Lost, Closed: map[string]uint64{},
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	out.Connections = len(k.open)
	for code, n := range k.closed {
		out.Closed[strconv.Itoa(code)] = n
	}
	return out
}

// ofLive adds websockets and what is watched over them.
func (c *stateCollector) ofLive() {
	c.gauge("nabo_sockets", "Websockets that are open.", func(n *Stats) float64 { return float64(n.Live.Connections) })
	c.gauge("nabo_live_sessions", "Sessions of clients, those included that wait for their client to come back.", func(n *Stats) float64 { return float64(n.Live.Sessions) })
	c.gauge("nabo_live_subscriptions", "What is watched.", func(n *Stats) float64 { return float64(n.Live.Subscriptions) })
	c.gauge("nabo_live_watches", "Different questions among what is watched.", func(n *Stats) float64 { return float64(n.Live.Watches) })
	c.gauge("nabo_live_window_bytes", "Bytes of the frames that are kept for clients who come back.", func(n *Stats) float64 { return float64(n.Live.WindowBytes) })
	c.counter("nabo_live_asked_total", "How often something that is watched was asked again.", func(n *Stats) float64 { return float64(n.Live.Asked) })
	c.counter("nabo_live_lost_total", "How often more changes came than could wait, and all was asked again.", func(n *Stats) float64 { return float64(n.Live.Lost) })
	c.counter("nabo_live_resumed_total", "Sessions that went on over another connection.", func(n *Stats) float64 { return float64(n.Live.Resumed) })
	c.counter("nabo_frames_received_total", "Frames from clients.", func(n *Stats) float64 { return float64(n.Live.Received) })
	c.counter("nabo_frames_sent_total", "Frames to clients.", func(n *Stats) float64 { return float64(n.Live.Sent) })
	c.frames = prometheus.NewDesc("nabo_live_frames_total", "Frames that are kept for a resume, by kind.", []string{"kind"}, nil)
	c.closed = prometheus.NewDesc("nabo_sockets_closed_total", "Websockets that were closed, by code.", []string{"code"}, nil)
}

// collectLive is the part of Collect that has labels.
func (c *stateCollector) collectLive(n *LiveStats, out chan<- prometheus.Metric) {
	for _, f := range [...]struct {
		kind  string
		count uint64
	}{{"snapshot", n.Snapshots}, {"delta", n.Deltas}, {"nudge", n.Nudges}, {"event", n.Events}, {"resync", n.Resyncs}} {
		out <- prometheus.MustNewConstMetric(c.frames, prometheus.CounterValue, float64(f.count), f.kind)
	}
	for code, count := range n.Closed {
		out <- prometheus.MustNewConstMetric(c.closed, prometheus.CounterValue, float64(count), code)
	}
}

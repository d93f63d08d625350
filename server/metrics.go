package server

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics is what /metrics shows. Labels are bound when a route is registered:
// looking them up for each request costs more than the rest.
type metrics struct {
	registry *prometheus.Registry
	seconds  *prometheus.HistogramVec
	requests *prometheus.CounterVec
	inFlight prometheus.Gauge
	other    *route // requests that no route took
	routes   []*route
}

// route is the bound metrics of one route.
type route struct {
	name    string
	recent  recentTimes
	seconds prometheus.Observer
	classes [6]prometheus.Counter // by the status's first digit; 0: nothing was written
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "nabo_http_request_seconds", Help: "Time from a request's header to the end of its answer.",
			Buckets: []float64{.00005, .0001, .0002, .0003, .0005, .00075, .001, .002, .005, .01, .025, .1, .5, 2, 10},
		}, []string{"route"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "nabo_http_requests_total", Help: "Requests by route and class of status.",
		}, []string{"route", "class"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "nabo_http_requests_in_flight", Help: "Requests being answered now.",
		}),
	}
	m.registry.MustRegister(m.seconds, m.requests, m.inFlight, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), newStateCollector(s))
	m.other = m.route("other")
	return m
}

// route binds the metrics of one route.
func (m *metrics) route(name string) *route {
	r := &route{name: name, seconds: m.seconds.WithLabelValues(name)}
	for i, class := range [...]string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"} {
		r.classes[i] = m.requests.WithLabelValues(name, class)
	}
	m.routes = append(m.routes, r)
	return r
}

// observe notes a request that ended at a moment since the server was made.
func (r *route) observe(status int, at, took time.Duration) {
	r.recent.add(at, took)
	r.seconds.Observe(took.Seconds())
	r.classes[min(max(status/100, 0), 5)].Inc()
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

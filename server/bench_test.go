package server

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// thinWriter is a ResponseWriter that costs nothing.
type thinWriter struct {
	header http.Header
	n      int
}

func (w *thinWriter) Header() http.Header         { return w.header }
func (w *thinWriter) WriteHeader(int)             {}
func (w *thinWriter) Write(b []byte) (int, error) { w.n += len(b); return len(b), nil }

// stocked is a rig with products that are bought together in many ways.
func stocked(t testing.TB) *rig {
	r := newRig(t, nil)
	var body strings.Builder
	for i := range 300 {
		fmt.Fprintf(&body, `{"type":"product.upserted","data":{"product":"p%d","name":"Product %d","category":"Category %d","brand":"Brand","price":%d.95,"currency":"DKK"}}`+"\n", i, i, i%9, i)
	}
	for i := range 3000 {
		fmt.Fprintf(&body, `{"id":"r%d","type":"receipt","time":"2026-11-%02dT10:00:00Z","data":{"products":["p0","p%d","p%d","p%d"]}}`+"\n",
			i, 1+i%20, 1+i%299, 1+(i*7)%299, 1+(i*31)%299)
	}
	want[Admission](t, r.send(t, "POST", "/v1/events?wait=applied", body.String()), 202)
	return r
}

// BenchmarkLookup sets a lookup against a bare handler on a ServeMux that
// writes the same bytes.
func BenchmarkLookup(b *testing.B) {
	r := stocked(b)
	const target = "/v1/products/p0/bought-together"
	answer := r.send(b, "GET", target, "").body
	bare := http.NewServeMux()
	bare.HandleFunc("GET /v1/products/{id}/bought-together", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", jsonType)
		w.Write(answer)
	})
	for name, h := range map[string]http.Handler{"nabo": r.Handler(), "bare": bare} {
		b.Run(name, func(b *testing.B) {
			req, err := http.NewRequest("GET", target, nil)
			if err != nil {
				b.Fatal(err)
			}
			w := &thinWriter{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(w, req)
			}
			b.SetBytes(int64(len(answer)))
		})
	}
}

//go:build !race

package server

import (
	"net/http"
	"testing"
)

// A lookup costs the same few allocations however long its answer is. The race
// detector lets pools forget, so this is not measured under it.
func TestLookupAllocations(t *testing.T) {
	r := stocked(t)
	for _, count := range []string{"1", "100"} {
		req, err := http.NewRequest("GET", "/v1/products/p0/bought-together?count="+count, nil)
		if err != nil {
			t.Fatal(err)
		}
		w, h := &thinWriter{header: http.Header{}}, r.Handler()
		h.ServeHTTP(w, req)
		if n := testing.AllocsPerRun(200, func() { h.ServeHTTP(w, req) }); n > 4 {
			t.Errorf("count=%s: %v allocations", count, n)
		}
	}
}

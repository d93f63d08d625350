//go:build !race

package server

import (
	"net/http"
	"testing"
)

// A lookup costs the same few allocations however long its answer is. The race
// detector lets pools forget, so this is not measured under it.
func TestLookupAllocations(t *testing.T) {
	for path, r := range map[string]*rig{
		"/v1/products/p0/bought-together": stocked(t), "/v1/members/regular/offers": campaigning(t, nil),
	} {
		for _, count := range []string{"1", "100"} {
			req, err := http.NewRequest("GET", path+"?scenario=app-home&count="+count, nil)
			if err != nil {
				t.Fatal(err)
			}
			w, h := &thinWriter{header: http.Header{}}, r.Handler()
			h.ServeHTTP(w, req)
			if n := testing.AllocsPerRun(200, func() { h.ServeHTTP(w, req) }); n > 4 {
				t.Errorf("%s count=%s: %v allocations", path, count, n)
			}
		}
	}
}

package server

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// onePage is a set of pages that has one.
type onePage struct{}

func (onePage) Serve(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path != "/demo/shop" {
		return false
	}
	w.Write([]byte("a shop"))
	return true
}

func TestDemoPagesAreThereWhereTheyAreGiven(t *testing.T) {
	with, without := newRig(t, func(o *Options) { o.Demo = onePage{} }), newRig(t, nil)
	for _, c := range []struct {
		r            *rig
		method, path string
		status       int
	}{
		{with, http.MethodGet, "/demo/shop", http.StatusOK},
		{with, http.MethodHead, "/demo/shop", http.StatusOK},
		{with, http.MethodPost, "/demo/shop", http.StatusMethodNotAllowed},
		{with, http.MethodGet, "/demo", http.StatusNotFound},
		{with, http.MethodGet, "/demo/other", http.StatusNotFound},
		{without, http.MethodGet, "/demo", http.StatusNotFound},
		{without, http.MethodGet, "/demo/shop", http.StatusNotFound},
		{without, http.MethodPost, "/demo/shop", http.StatusNotFound},
	} {
		w := httptest.NewRecorder()
		c.r.Handler().ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		if w.Code != c.status {
			t.Errorf("%s %s: %d, want %d: %s", c.method, c.path, w.Code, c.status, w.Body)
		}
		if w.Code >= 400 && w.Header().Get("Content-Type") != problemType {
			t.Errorf("%s %s: an error as %q", c.method, c.path, w.Header().Get("Content-Type"))
		}
	}
}

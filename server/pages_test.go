package server

import (
	"testing"

	"nabo/server/client"
)

// The library is served whole, is not taken for something else, and is not
// sent again to who has it.
func TestClientIsServed(t *testing.T) {
	r := newRig(t, func(o *Options) { o.AllowedOrigins = []string{"https://shop.example"} })
	for path, one := range map[string]struct{ text, kind string }{
		"/nabo.js":     {client.Script(), "text/javascript; charset=utf-8"},
		"/favicon.ico": {icon, "image/svg+xml"},
		"/nabo.d.ts":   {client.Types(), "application/typescript; charset=utf-8"},
	} {
		got := r.send(t, "GET", path, "", "Origin", "https://shop.example")
		if got.status != 200 || string(got.body) != one.text || len(one.text) == 0 {
			t.Errorf("%s: status %d and %d bytes, expected the %d that are embedded", path, got.status, len(got.body), len(one.text))
		}
		for name, want := range map[string]string{
			"Content-Type": one.kind, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache", "Access-Control-Allow-Origin": "https://shop.example",
		} {
			if got.header.Get(name) != want {
				t.Errorf("%s: %s is %q, expected %q", path, name, got.header.Get(name), want)
			}
		}
		tag := got.header.Get("ETag")
		if again := r.send(t, "GET", path, "", "If-None-Match", tag); again.status != 304 || len(again.body) != 0 {
			t.Errorf("%s: status %d and %d bytes for who has it, expected 304 and none", path, again.status, len(again.body))
		}
		if other := r.send(t, "GET", path, "", "If-None-Match", `"0"`); other.status != 200 {
			t.Errorf("%s: status %d for who has another, expected 200", path, other.status)
		}
		if head := r.send(t, "HEAD", path, ""); head.status != 200 || len(head.body) != 0 {
			t.Errorf("%s: HEAD gave status %d and %d bytes, expected 200 and none", path, head.status, len(head.body))
		}
	}
}

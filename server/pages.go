package server

import (
	_ "embed" // for the icon
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"nabo/server/client"
)

// icon is shown by browsers beside every page's name; they ask for it unasked.
//
//go:embed icon.svg
var icon string

// registerClient serves the library for web pages, with its types.
func (s *Server) registerClient() {
	s.handle("GET /nabo.js", fixed(client.Script(), "text/javascript; charset=utf-8", "X-TypeScript-Types", "/nabo.d.ts"))
	s.handle("GET /favicon.ico", fixed(icon, "image/svg+xml"))
	s.handle("GET /nabo.d.ts", fixed(client.Types(), "application/typescript; charset=utf-8"))
}

// fixed serves a text that never changes while the process runs. A browser
// asks each time whether it still holds, so that a page and the server that it
// speaks to are of one version. headers are names and values in turn.
func fixed(text, kind string, headers ...string) http.HandlerFunc {
	tag := fmt.Sprintf(`"%016x"`, xxhash.Sum64String(text))
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", kind)
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", tag)
		h.Set("X-Content-Type-Options", "nosniff")
		for i := 0; i < len(headers); i += 2 {
			h.Set(headers[i], headers[i+1])
		}
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
	}
}

// Package console serves the pages for those who run the engine.
package console

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// built is what `make console` makes of src.
//
//go:embed dist
var built embed.FS

// policy lets a page load files of this server alone, and talk to it alone.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
	"worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// typeOf gives a file's type, and whether it can be packed. What the system says of an extension differs from
// one machine to the next.
func typeOf(name string) (string, bool) {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8", true
	case ".js":
		return "text/javascript; charset=utf-8", true
	case ".css":
		return "text/css; charset=utf-8", true
	case ".svg":
		return "image/svg+xml", true
	case ".txt":
		return "text/plain; charset=utf-8", true
	case ".woff2":
		return "font/woff2", false
	}
	return "application/octet-stream", false
}

// file is one file, ready to be sent.
type file struct {
	kind    string
	tag     string // the entity tag
	forever bool   // its name changes with what is in it
	plain   []byte
	packed  []byte // with gzip; nil where that gains nothing
}

// Handler serves the console below /console/, with its files kept in memory,
// packed once. It answers GET and HEAD. It panics if the files cannot be read,
// which a binary that was built cannot bring about.
func Handler() http.Handler {
	files, err := load()
	if err != nil {
		panic(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := files[strings.TrimPrefix(r.URL.Path, "/console/")]
		if !ok {
			http.Error(w, "the console has no such page", http.StatusNotFound)
			return
		}
		f.serve(w, r)
	})
}

// load reads all files, by the path below /console/ that they are asked for.
func load() (map[string]*file, error) {
	files := map[string]*file{}
	err := fs.WalkDir(built, "dist", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := built.ReadFile(name)
		if err != nil {
			return err
		}
		short := strings.TrimPrefix(name, "dist/")
		files[short], err = newFile(short, body)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the console's files: %w", err)
	}
	index, ok := files["index.html"]
	if !ok {
		return nil, fmt.Errorf("read the console's files: index.html is missing")
	}
	for _, page := range [...]string{"", "map", "member", "products", "offers", "scenarios", "now"} {
		files[page] = index
	}
	return files, nil
}

func newFile(name string, body []byte) (*file, error) {
	kind, packs := typeOf(name)
	f := &file{kind: kind, plain: body, tag: fmt.Sprintf(`"%016x"`, xxhash.Sum64(body)), forever: strings.HasPrefix(name, "assets/")}
	if !packs || len(body) < 1024 {
		return f, nil
	}
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(body); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	f.packed = out.Bytes()
	return f, nil
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h, body := w.Header(), f.plain
	h.Set("Content-Type", f.kind)
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("ETag", f.tag)
	h.Set("Cache-Control", "no-cache") // kept, but asked for again
	if f.forever {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if f.packed != nil {
		h.Set("Vary", "Accept-Encoding")
	}
	if match := r.Header.Get("If-None-Match"); match != "" && strings.Contains(match, f.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if f.packed != nil && takesGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = f.packed
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}

// takesGzip reads Accept-Encoding; gzip;q=0 refuses it.
func takesGzip(accept string) bool {
	for coding := range strings.SplitSeq(accept, ",") {
		name, weight, _ := strings.Cut(coding, ";")
		if strings.TrimSpace(name) == "gzip" {
			return strings.Trim(strings.ReplaceAll(weight, " ", ""), "0.") != "q="
		}
	}
	return false
}

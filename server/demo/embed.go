// Package demo holds the pages at /demo: a shop, an app, a newsletter and a store
// screen, each an example of how to integrate.
//
// The pages speak to the public API and to /nabo.js, and to nothing else.
package demo

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed pages
var files embed.FS

// Surface is a page that a person may open.
type Surface struct{ Path, What string }

// Surfaces are all of them, the start page first.
func Surfaces() []Surface {
	return []Surface{
		{"/demo", "what there is to look at"},
		{"/demo/shop", "a shop"},
		{"/demo/app", "an app for the way through the store"},
		{"/demo/newsletter", "a member's newsletter"},
		{"/demo/screen", "a store's screen"},
	}
}

// Pages answers for everything under /demo. It never changes once made, so any
// goroutine may call its methods.
type Pages struct {
	byPath map[string]page
}

// page is one file and how it is sent.
type page struct {
	body   []byte
	kind   string // the Content-Type
	tag    string // the ETag: a hash of body
	cache  string
	policy string // the Content-Security-Policy; empty for what is no page
}

// New reads the embedded files. It fails when one of them is of a type that is
// not known here.
func New() (*Pages, error) {
	p := &Pages{byPath: map[string]page{}}
	err := fs.WalkDir(files, "pages", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		at, made, err := makePage(strings.TrimPrefix(name, "pages/"), body)
		p.byPath[at] = made
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the demo pages: %w", err)
	}
	return p, nil
}

// The policies. Nothing is loaded from elsewhere, and no page has scripts or
// styles in its markup, but for the mail that the newsletter's page shows in a
// frame: mails carry their styles in attributes.
const (
	policy     = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	mailPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

// makePage gives the path at which a file is served, and the file.
func makePage(name string, body []byte) (string, page, error) {
	hash := sha256.Sum256(body)
	made := page{body: body, tag: `"` + base64.RawURLEncoding.EncodeToString(hash[:12]) + `"`, cache: "no-cache"}
	switch ext := path.Ext(name); ext {
	case ".html":
		made.kind, made.policy = "text/html; charset=utf-8", policy
		if name == "newsletter.html" {
			made.policy = mailPolicy
		}
		if name = strings.TrimSuffix(name, ext); name == "start" {
			return "/demo", made, nil
		}
	case ".js":
		made.kind = "text/javascript; charset=utf-8"
	case ".css":
		made.kind = "text/css; charset=utf-8"
	case ".svg":
		// Pictures change least, and a page shows dozens.
		made.kind, made.cache, made.policy = "image/svg+xml", "public, max-age=86400", "default-src 'none'"
	default:
		return "", page{}, fmt.Errorf("%s: nothing here is served as %q", name, ext)
	}
	return "/demo/" + name, made, nil
}

// Serve answers a GET or HEAD of a path under /demo. It is false, and nothing
// was written, where there is no such page.
func (p *Pages) Serve(w http.ResponseWriter, r *http.Request) bool {
	one, ok := p.byPath[strings.TrimSuffix(r.URL.Path, "/")]
	if !ok {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", one.kind)
	h.Set("Cache-Control", one.cache)
	h.Set("ETag", one.tag)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	if one.policy != "" {
		h.Set("Content-Security-Policy", one.policy)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(one.body))
	return true
}

package demo

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, p *Pages, path, tag string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if tag != "" {
		r.Header.Set("If-None-Match", tag)
	}
	w := httptest.NewRecorder()
	if !p.Serve(w, r) {
		w.Code = http.StatusNotFound
	}
	return w
}

func pages(t *testing.T) *Pages {
	t.Helper()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPagesAnswer(t *testing.T) {
	p := pages(t)
	for _, surface := range Surfaces() {
		path := surface.Path
		w := get(t, p, path, "")
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || w.Header().Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "script-src 'self';") {
			t.Errorf("%s: policy %q", path, csp)
		}
		if again := get(t, p, path+"/", w.Header().Get("ETag")); again.Code != http.StatusNotModified {
			t.Errorf("%s/ with its tag: %d, want 304", path, again.Code)
		}
	}
	for path, kind := range map[string]string{
		"/demo/shop.js": "text/javascript; charset=utf-8", "/demo/base.css": "text/css; charset=utf-8", "/demo/glyphs/milk.svg": "image/svg+xml",
	} {
		if w := get(t, p, path, ""); w.Code != http.StatusOK || w.Header().Get("Content-Type") != kind || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
}

func TestOtherPathsAreLeft(t *testing.T) {
	p := pages(t)
	for _, path := range []string{"/demo/nothing", "/demo/shop.html", "/demo/glyphs", "/demo/glyphs/", "/demo/../demo/shop", "/demo//shop", "/other"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, path, nil)
		if p.Serve(w, r) || w.Body.Len() > 0 || len(w.Header()) > 0 {
			t.Errorf("%s was answered: %v", path, w.Header())
		}
	}
}

// Whatever a page names is here, or another surface's; and nothing is elsewhere.
func TestWhatPagesNameExists(t *testing.T) {
	p := pages(t)
	named := regexp.MustCompile("[\"'(`](/demo(?:/[a-z]+)?(?:/[a-z-]+)?(?:\\.[a-z]+)?)[\"'?`)]")
	imported := regexp.MustCompile(`from "\./([a-z]+\.js)"`)
	elsewhere := regexp.MustCompile(`https?://[^\s"'<]+`)
	for path, one := range p.byPath {
		body := string(one.body)
		for _, m := range named.FindAllStringSubmatch(body, -1) {
			if _, ok := p.byPath[m[1]]; !ok {
				t.Errorf("%s names %s, which is not here", path, m[1])
			}
		}
		for _, m := range imported.FindAllStringSubmatch(body, -1) {
			if _, ok := p.byPath["/demo/"+m[1]]; !ok {
				t.Errorf("%s imports %s, which is not here", path, m[1])
			}
		}
		for _, url := range elsewhere.FindAllString(body, -1) {
			if url != "http://www.w3.org/2000/svg" {
				t.Errorf("%s names %s", path, url)
			}
		}
		if one.kind == "text/html; charset=utf-8" && (strings.Contains(body, "<style") || strings.Contains(body, "style=") || regexp.MustCompile(`<script[^>]*>[^<]`).MatchString(body)) {
			t.Errorf("%s has styles or scripts in its markup, which its policy forbids", path)
		}
	}
}

// A drawing that the table of words names is there.
func TestDrawingsExist(t *testing.T) {
	p := pages(t)
	table := string(p.byPath["/demo/picture.js"].body)
	used := map[string]bool{}
	for _, m := range regexp.MustCompile(`=([a-z]+)(?:\s\s|\n)`).FindAllStringSubmatch(table, -1) {
		used[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`": "([a-z]+) [a-z]+"`).FindAllStringSubmatch(table, -1) {
		used[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`": "([a-z]+)"[,\n]`).FindAllStringSubmatch(table, -1) {
		used[m[1]] = true
	}
	if len(used) < 40 {
		t.Fatalf("only %d drawings were found in the table", len(used))
	}
	for name := range used {
		if _, ok := p.byPath["/demo/glyphs/"+name+".svg"]; !ok {
			t.Errorf("there is no drawing %s.svg", name)
		}
	}
}

package console

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func ask(t *testing.T, path string, header map[string]string) *http.Response {
	t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Every page is the same file, never kept without asking again.
func TestPages(t *testing.T) {
	for _, page := range []string{"", "map", "member", "products", "offers", "scenarios", "now"} {
		got := ask(t, "/console/"+page+"?id=m-1", nil)
		if got.StatusCode != 200 || got.Header.Get("Content-Type") != "text/html; charset=utf-8" || got.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%q: %d %v", page, got.StatusCode, got.Header)
		}
		if text := body(t, got.Body); !strings.Contains(text, `<div id="app">`) {
			t.Errorf("%q: %s", page, text)
		}
	}
	for _, path := range []string{"nowhere", "assets/", "dist/index.html", "map/x"} {
		if got := ask(t, "/console/"+path, nil); got.StatusCode != 404 {
			t.Errorf("%q: %d", path, got.StatusCode)
		}
	}
}

// What index.html names is there, with its type, and may be kept for ever.
func TestAssets(t *testing.T) {
	index := body(t, ask(t, "/console/", nil).Body)
	named := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(index, -1)
	if len(named) < 3 {
		t.Fatalf("the page names %v", named)
	}
	kinds := map[string]string{"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
	for _, n := range named {
		if !strings.HasPrefix(n[1], "/console/assets/") {
			t.Errorf("the page loads %s", n[1])
			continue
		}
		got := ask(t, n[1], nil)
		kind := kinds[n[1][strings.LastIndexByte(n[1], '.')+1:]]
		if got.StatusCode != 200 || got.Header.Get("Content-Type") != kind || !strings.Contains(got.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", n[1], got.StatusCode, got.Header)
		}
	}
	if strings.Contains(index, "<style") || regexp.MustCompile(`<script[^>]*>[^<]`).MatchString(index) {
		t.Error("the page has something inline, which its policy forbids")
	}
}

// No file has a type that nobody thought of, and no policy but the strict one.
func TestEveryFile(t *testing.T) {
	err := fs.WalkDir(built, "dist", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		got := ask(t, "/console/"+strings.TrimPrefix(name, "dist/"), nil)
		if kind := got.Header.Get("Content-Type"); got.StatusCode != 200 || kind == "application/octet-stream" {
			t.Errorf("%s: %d %s", name, got.StatusCode, kind)
		}
		policy := got.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") || strings.Contains(policy, "*") {
			t.Errorf("%s: %s", name, policy)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPacked(t *testing.T) {
	plain := ask(t, "/console/", nil)
	script := regexp.MustCompile(`src="([^"]+)"`).FindStringSubmatch(body(t, plain.Body))[1]
	whole := ask(t, script, nil)
	packed := ask(t, script, map[string]string{"Accept-Encoding": "br, gzip"})
	if packed.Header.Get("Content-Encoding") != "gzip" || whole.Header.Get("Content-Encoding") != "" || whole.Header.Get("Vary") != "Accept-Encoding" {
		t.Fatalf("%v\n%v", packed.Header, whole.Header)
	}
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if body(t, z) != body(t, whole.Body) {
		t.Error("what was packed is not what is sent plain")
	}
	for accept, takes := range map[string]bool{"": false, "gzip": true, "gzip;q=0": false, "gzip; q=0.0": false, "br;q=1, gzip;q=0.5": true, "x-gzip": false} {
		if got := ask(t, script, map[string]string{"Accept-Encoding": accept}).Header.Get("Content-Encoding") == "gzip"; got != takes {
			t.Errorf("%q: %v", accept, got)
		}
	}
	again := ask(t, script, map[string]string{"If-None-Match": whole.Header.Get("ETag")})
	if again.StatusCode != http.StatusNotModified || body(t, again.Body) != "" {
		t.Errorf("asked again: %d", again.StatusCode)
	}
}

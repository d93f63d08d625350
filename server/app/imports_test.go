package app

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// everything stands in the table for who may import any package of ours.
const everything = "*"

// mayImport says which of our packages each package may import. Imports point
// at the centre: graph and engine/event know nobody, only server/app and the
// command know everybody, and bench is the command's alone: it may ask an engine
// of its own, so that what is measured is what runs.
var mayImport = map[string][]string{
	"graph":             {},
	"graph/graphtest":   {"graph"},
	"engine/event":      {},
	"engine/expr":       {"engine/event"},
	"engine/rank":       {"engine/event", "engine/expr"},
	"engine/offer":      {"engine/event", "engine/expr", "graph"},
	"engine/refs":       {},
	"engine":            {"engine/event", "engine/expr", "engine/offer", "engine/rank", "engine/refs", "graph"},
	"engine/store":      {"engine/event", "engine/refs", "engine/store/runs"},
	"engine/store/runs": {},
	"stream":            {},
	"stream/gate":       {"engine/event"},
	"stream/files":      {"engine/event"},
	"server":            {"engine", "engine/event", "engine/expr", "engine/offer", "engine/rank", "graph", "server/client", "server/console", "server/lists", "server/live", "stream/gate"},
	"server/client":     {},
	"server/console":    {},
	"server/lists":      {},
	"server/live":       {},
	"server/push":       {"engine/event"},
	"server/demo":       {},
	"server/app":        {"engine", "engine/event", "engine/offer", "engine/store", "server", "server/lists", "server/push", "stream", "stream/gate"},
	"bench/gen":         {"engine/event"},
	"bench/plot":        {},
	"bench/load":        {"bench/gen", "bench/plot", "engine", "engine/event", "engine/expr", "engine/offer", "engine/rank", "graph", "server/app"},
	"bench/eval":        {"bench/eval/score", "bench/plot", "engine", "engine/event", "engine/expr", "engine/offer", "engine/rank", "graph"},
	"bench/eval/score":  {},
	".":                 {everything},
}

// testsMayImport is what test files may import beside that.
var testsMayImport = map[string][]string{
	"graph":       {"graph/graphtest"},
	"engine":      {"bench/gen", "graph/graphtest"},
	"stream/gate": {"engine", "stream"},
	"server":      {"bench/gen", "stream"},
	"server/app":  {everything},
	"stream":      {"engine/event", "stream/gate"},
	"bench/gen":   {"engine", "engine/expr", "graph"},
}

// libraries says which packages alone may import what begins with a path; the
// second list is for test files.
var libraries = []struct {
	prefix          string
	packages, tests []string
}{
	{"github.com/dgraph-io/", []string{"engine/store"}, nil},
	{"github.com/nats-io/", []string{"stream"}, []string{"stream/gate", "server/app"}},
	{"github.com/synadia-io/", []string{"stream"}, nil},
	// bench/load drives a server's websockets, as a client.
	{"github.com/gorilla/websocket", []string{"server", "bench/load"}, []string{"server/app"}},
	{"github.com/prometheus/", []string{"server"}, []string{"server/app"}},
	{"cel.dev/", []string{"engine/expr"}, nil},
	{"github.com/danielgtaylor/huma", []string{"server"}, nil},
	{"github.com/alecthomas/kong", []string{".", "server/app"}, []string{"stream/files", "bench/load"}},
}

// forbidden are the imports that would let time, chance or the outside into
// the centre.
var forbidden = map[string][]string{
	"engine/expr":  {"net", "net/http", "os", "math/rand", "math/rand/v2", "crypto/rand", "log", "log/slog"},
	"engine/rank":  {"net", "net/http", "os", "math/rand", "math/rand/v2", "crypto/rand", "log", "log/slog"},
	"engine/offer": {"net", "net/http", "os", "math/rand", "math/rand/v2", "crypto/rand", "log", "log/slog"},
	"graph":        {"net", "net/http", "os", "math/rand", "math/rand/v2", "crypto/rand", "log", "log/slog"},
	"engine":       {"net", "net/http", "os", "math/rand", "math/rand/v2", "crypto/rand", "log", "log/slog"},
	"engine/event": {"net/http", "os", "math/rand", "math/rand/v2", "crypto/rand", "log", "log/slog"},
}

func TestImports(t *testing.T) {
	seen := map[string]bool{}
	walkImports(t, func(pkg, file, path string) {
		seen[pkg] = true
		test := strings.HasSuffix(file, "_test.go")
		if ours, ok := strings.CutPrefix(path, "nabo/"); ok {
			checkOurs(t, pkg, file, ours, test)
			return
		}
		for _, lib := range libraries {
			if strings.HasPrefix(path, lib.prefix) && !slices.Contains(lib.packages, pkg) && !(test && slices.Contains(lib.tests, pkg)) {
				t.Errorf("%s imports %s, which only %v may", file, path, lib.packages)
			}
		}
		if !test && slices.Contains(forbidden[pkg], path) {
			t.Errorf("%s imports %s: %s has no I/O, no clock and no chance", file, path, pkg)
		}
	})
	for _, pkg := range []string{"graph", "engine", "stream", "server", "server/app", "."} {
		if !seen[pkg] {
			t.Errorf("no file of %s was found: the test looks in the wrong place", pkg)
		}
	}
}

func checkOurs(t *testing.T, pkg, file, path string, test bool) {
	t.Helper()
	allowed, known := mayImport[pkg]
	if !known {
		t.Errorf("%s: package %s is not in the table of who may import whom", file, pkg)
		return
	}
	if test {
		allowed = append(slices.Clone(allowed), testsMayImport[pkg]...)
		if path == pkg {
			return // an external test of the package
		}
	}
	if !slices.Contains(allowed, path) && !slices.Contains(allowed, everything) {
		t.Errorf("%s imports nabo/%s; %s may import %v", file, path, pkg, allowed)
	}
}

// walkImports calls fn for every import of every Go file of the project, with
// the package's folder, the file and the imported path.
func walkImports(t *testing.T, fn func(pkg, file, path string)) {
	t.Helper()
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "nabo-data" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		file, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(files, name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			fn(filepath.ToSlash(filepath.Dir(file)), file, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

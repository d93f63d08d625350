// Package browser tests nabo's pages and nabo.js in a real browser: it starts
// the program, and the test files beside it drive Chromium with Playwright.
package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fileLimit is how long all tests of one file may take together.
const fileLimit = 5 * time.Minute

// TestPages runs every *.test.mjs here against one demo shop. Each test in a
// file shows as a test of its own.
func TestPages(t *testing.T) {
	tools := findTools(t)
	watchSources(t)
	install(t, tools)
	folder := t.TempDir()
	binary := filepath.Join(folder, "nabo")
	command(t, time.Minute*10, "../..", "go", "build", "-buildvcs=false", "-o", binary, ".")
	shop := startShop(t, binary, filepath.Join(folder, "data"))
	files, err := filepath.Glob("*.test.mjs")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	env := append(os.Environ(), "NABO_URL="+shop, "NABO_BIN="+binary, "NABO_CHROMIUM="+tools.chromium)
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".test.mjs"), func(t *testing.T) {
			runFile(t, tools.node, file, filepath.Join(t.TempDir(), "results"), env)
		})
	}
}

// TestTypes holds nabo.d.ts to code that uses all of it, rightly and wrongly.
func TestTypes(t *testing.T) {
	tools := findTools(t)
	watchSources(t)
	install(t, tools)
	command(t, time.Minute, ".", tools.node, "node_modules/typescript/bin/tsc", "--noEmit", "--project", "types")
}

// result is what reporter.mjs writes of one test.
type result struct {
	Name   string
	Passed bool
	Left   bool // skipped, or to be done
	Millis int
	Error  string
}

func runFile(t *testing.T, node, file, results string, env []string) {
	args := []string{"--test-reporter=./reporter.mjs", "--test-reporter-destination=" + results}
	if pattern := os.Getenv("NABO_TEST"); pattern != "" {
		args = append(args, "--test-name-pattern="+pattern)
	}
	ctx, cancel := context.WithTimeout(t.Context(), fileLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, append(args, file)...)
	cmd.Env = env
	// Playwright takes the browser along when it is asked to end.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	said, ended := cmd.CombinedOutput()
	list, err := os.ReadFile(results)
	if err != nil {
		t.Fatalf("node gave no results: %v, %v\n%s", err, ended, said)
	}
	ran, failed := 0, false
	for d := json.NewDecoder(strings.NewReader(string(list))); d.More(); {
		var r result
		if err := d.Decode(&r); err != nil {
			t.Fatalf("results of %s: %v\n%s", file, err, list)
		}
		if r.Left && os.Getenv("NABO_TEST") != "" {
			continue
		}
		ran++
		failed = failed || !r.Passed
		t.Run(r.Name, func(t *testing.T) { r.tell(t) })
	}
	switch {
	case ran == 0:
		t.Errorf("no test ran:\n%s", said)
	case ended != nil && !failed:
		t.Errorf("node: %v\n%s", ended, said)
	case len(said) > 0:
		t.Logf("%s", said)
	}
}

func (r *result) tell(t *testing.T) {
	t.Logf("%s: %d ms", r.Name, r.Millis)
	if r.Left {
		t.Error("was left out: a test runs or goes")
	}
	if !r.Passed {
		t.Error(r.Error)
	}
}

// startShop starts the demo shop and returns where it answers, once its
// history is in. It is stopped when the test ends.
func startShop(t *testing.T, binary, data string) string {
	t.Helper()
	cmd := exec.Command(binary, "serve", "--demo", "--data", data, "--listen", "127.0.0.1:0", "--nats-listen", "off")
	heard := newListener()
	cmd.Stdout, cmd.Stderr = heard, heard
	if err := cmd.Start(); err != nil {
		t.Fatalf("start nabo: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { stopShop(t, cmd, ended, heard) })
	if err := heard.await("From now on its customers go on shopping", ended, 2*time.Minute); err != nil {
		t.Fatal(err)
	}
	url := heard.after("nabo answers at ")
	if err := awaitReady(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	return url
}

func stopShop(t *testing.T, cmd *exec.Cmd, ended chan error, heard *listener) {
	_ = cmd.Process.Signal(os.Interrupt) // it may have ended, which ended tells
	late := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	if err := <-ended; err != nil {
		t.Errorf("nabo did not stop well: %v\n%s", err, heard.all())
	}
}

// watchSources looks at every file that the program is built from. The go
// command keeps a test's result until a file changes that the test looked at,
// and here it is other processes that read them.
func watchSources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir("../..", func(name string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := filepath.Base(name)
		hidden := strings.HasPrefix(base, ".") && base != ".." || base == "node_modules" || strings.HasPrefix(base, "nabo-")
		if d.IsDir() && hidden {
			return filepath.SkipDir
		}
		if d.IsDir() || hidden {
			return nil
		}
		_, err = os.Stat(name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// command runs a program in a folder and fails the test with what it said when
// it fails.
func command(t *testing.T, limit time.Duration, dir, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), errors.Join(err, ctx.Err()), said)
	}
}

// tools are the programs that the tests need, by their paths.
type tools struct{ node, npm, chromium string }

// findTools finds them, or ends the test: with a failure where NABO_BROWSER=1
// says that the tests must run, and otherwise as left out.
func findTools(t *testing.T) tools {
	t.Helper()
	must := os.Getenv("NABO_BROWSER")
	os.Getenv("NABO_TOOLS") // the Makefile's: a kept result does not outlive a tool's coming or going
	if must == "0" {
		t.Skip("browser tests were left out, as NABO_BROWSER=0 says")
	}
	found := tools{look("node"), look("npm"), os.Getenv("NABO_CHROMIUM")}
	if found.chromium == "" {
		found.chromium = look("chromium", "chromium-browser", "google-chrome")
	}
	var missing []string
	for _, tool := range [...]struct{ name, path string }{{"chromium", found.chromium}, {"node", found.node}, {"npm", found.npm}} {
		if tool.path == "" {
			missing = append(missing, tool.name)
		}
	}
	if len(missing) == 0 {
		return found
	}
	message := fmt.Sprintf("browser tests were left out: %s not found. To get them: apt-get install chromium nodejs npm "+
		"(Node 18 or newer; NABO_CHROMIUM names a Chromium elsewhere), then make browser", strings.Join(missing, ", "))
	if must != "" {
		t.Fatal(message)
	}
	t.Skip(message)
	return tools{}
}

// look gives the path of the first program of these that there is.
func look(names ...string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// install brings the libraries that package-lock.json names into node_modules,
// unless they are there already.
func install(t *testing.T, tools tools) {
	t.Helper()
	const stamp = "node_modules/.installed"
	lock, err := os.ReadFile("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if had, err := os.ReadFile(stamp); err == nil && string(had) == string(lock) {
		return
	}
	command(t, 5*time.Minute, ".", tools.npm, "ci", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts")
	if err := os.WriteFile(stamp, lock, 0o644); err != nil {
		t.Fatal(err)
	}
}

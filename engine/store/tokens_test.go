package store

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"nabo/engine/event"

	"pgregory.net/rapid"
)

func openTokens(t testing.TB, dir string) *Tokens {
	t.Helper()
	tokens, err := OpenTokens(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tokens.Close() })
	return tokens
}

func TestTokensOutliveARestart(t *testing.T) {
	dir := t.TempDir()
	tokens := openTokens(t, dir)
	if _, ok := tokens.Token("m-1"); ok {
		t.Fatal("a token was made by a read")
	}
	got, err := tokens.Assign([]string{"m-1", "m-2", "m-1"})
	if err != nil {
		t.Fatal(err)
	}
	if got[0] == 0 || got[0] == got[1] || got[0] != got[2] {
		t.Fatalf("tokens: %v", got)
	}
	if err := tokens.Close(); err != nil {
		t.Fatal(err)
	}
	tokens = openTokens(t, dir)
	again, err := tokens.Assign([]string{"m-1", "m-2", "m-3"})
	if err != nil {
		t.Fatal(err)
	}
	if again[0] != got[0] || again[1] != got[1] || tokens.Count() != 3 {
		t.Fatalf("after the restart: %v, before: %v", again, got)
	}
	if id, ok := tokens.ID(got[1]); !ok || id != "m-2" {
		t.Fatalf("ID: %q %v", id, ok)
	}
}

func TestForgottenTokenIsGone(t *testing.T) {
	dir := t.TempDir()
	tokens := openTokens(t, dir)
	got, err := tokens.Assign([]string{"ada", "bob"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to forget
		if err := tokens.Forget("ada"); err != nil {
			t.Fatal(err)
		}
	}
	if err := tokens.Close(); err != nil {
		t.Fatal(err)
	}
	tokens = openTokens(t, dir)
	if _, ok := tokens.Token("ada"); ok {
		t.Error("the id came back")
	}
	if _, ok := tokens.ID(got[0]); ok {
		t.Error("the token came back")
	}
	if _, spent := tokens.spent[got[0]]; !spent {
		t.Error("the token could be drawn again")
	}
	if token, _ := tokens.Token("bob"); token != got[1] {
		t.Error("another member's token changed")
	}
}

func TestScrubRemovesTheBytes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tokens")
	tokens := openTokens(t, dir)
	ids := make([]string, 500)
	for i := range ids {
		ids[i] = fmt.Sprintf("member-with-a-long-name-%d", i)
	}
	before, err := tokens.Assign(ids)
	if err != nil {
		t.Fatal(err)
	}
	if err := tokens.Forget(ids[77] + "x"); err != nil {
		t.Fatal(err)
	}
	if err := tokens.Forget(ids[177]); err != nil {
		t.Fatal(err)
	}
	if !inFiles(t, dir, ids[177]) {
		t.Fatal("the id is not in the files before: the test proves nothing")
	}
	for range 2 {
		if err := tokens.Scrub(); err != nil {
			t.Fatal(err)
		}
	}
	if inFiles(t, filepath.Dir(dir), ids[177]) {
		t.Error("the id is still in the files")
	}
	if _, err := tokens.Assign([]string{"after"}); err != nil {
		t.Fatal(err)
	}
	if err := tokens.Close(); err != nil {
		t.Fatal(err)
	}
	tokens = openTokens(t, dir)
	for i, id := range ids {
		if token, ok := tokens.Token(id); ok != (i != 177) || ok && token != before[i] {
			t.Fatalf("%s: %d %v after the scrub, %d before", id, token, ok, before[i])
		}
	}
	if _, ok := tokens.Token("after"); !ok {
		t.Error("what was assigned after the scrub is gone")
	}
	if tokens.forgot {
		t.Error("a scrub is still due")
	}
}

func inFiles(t *testing.T, dir, id string) (found bool) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		found = found || bytes.Contains(b, []byte(id+"\x00")) || bytes.Contains(b, []byte(id))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestScrubCutShort leaves the folders as a crash at each step would.
func TestScrubCutShort(t *testing.T) {
	for _, step := range []string{"copying", "between", "after"} {
		t.Run(step, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "tokens")
			tokens := openTokens(t, dir)
			got, err := tokens.Assign([]string{"m"})
			if err != nil {
				t.Fatal(err)
			}
			if err := tokens.Close(); err != nil {
				t.Fatal(err)
			}
			cut := map[string]func() error{
				"copying": func() error { return os.MkdirAll(dir+newSuffix, 0o700) },
				"between": func() error { return os.Rename(dir, dir+oldSuffix) },
				"after":   func() error { return os.MkdirAll(dir+oldSuffix, 0o700) },
			}
			if err := cut[step](); err != nil {
				t.Fatal(err)
			}
			tokens = openTokens(t, dir)
			if token, _ := tokens.Token("m"); token != got[0] {
				t.Errorf("token %d, want %d", token, got[0])
			}
			left, err := filepath.Glob(dir + ".*")
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v %v", left, err)
			}
		})
	}
}

func TestAssignRefusesBadIDs(t *testing.T) {
	tokens := openTokens(t, t.TempDir())
	for _, id := range []string{"", strings.Repeat("x", 129)} {
		if _, err := tokens.Assign([]string{"good", id}); err == nil {
			t.Errorf("an id of %d bytes was taken", len(id))
		}
	}
	if tokens.Count() != 0 {
		t.Error("a failed Assign left a token")
	}
}

func TestManyAtOnce(t *testing.T) {
	tokens := openTokens(t, t.TempDir())
	ids := make([]string, 30_000) // more than one transaction holds
	for i := range ids {
		ids[i] = fmt.Sprint("m-", i)
	}
	var all [4][]event.Token
	var wg sync.WaitGroup
	for n := range all {
		wg.Go(func() {
			got, err := tokens.Assign(ids)
			if err != nil {
				t.Error(err)
			}
			all[n] = got
			_, _ = tokens.ID(got[0])
		})
	}
	wg.Wait()
	for n := range all {
		if !slices.Equal(all[n], all[0]) {
			t.Fatal("two callers got different tokens")
		}
	}
}

func TestDamagedTokensAreNotRebuilt(t *testing.T) {
	dir := t.TempDir()
	tokens := openTokens(t, dir)
	if _, err := tokens.Assign([]string{"m"}); err != nil {
		t.Fatal(err)
	}
	txn := tokens.db.NewTransaction(true)
	bad := encodeValue([]byte("ix"), []byte("12345678"))
	if err := txn.Set([]byte("im"), bad); err != nil {
		t.Fatal(err)
	}
	if err := txn.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := tokens.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := OpenTokens(Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "restore its folder from a copy") || strings.Contains(err.Error(), "--rebuild") {
		t.Fatalf("open: %v", err)
	}
}

// TestTokensAreAMap plays random calls and restarts against two plain maps.
func TestTokensAreAMap(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "tokens")
		if err != nil {
			r.Fatal(err)
		}
		o := Options{Dir: filepath.Join(dir, "t")}
		tokens, err := OpenTokens(o)
		if err != nil {
			r.Fatal(err)
		}
		defer func() { _ = tokens.Close() }()
		want, used := map[string]event.Token{}, map[event.Token]string{}
		id := rapid.SampledFrom([]string{"a", "b", "c", "i", "s"})
		for range rapid.IntRange(1, 8).Draw(r, "steps") {
			switch rapid.IntRange(0, 4).Draw(r, "step") {
			case 0:
				gone := id.Draw(r, "forget")
				if err := tokens.Forget(gone); err != nil {
					r.Fatal(err)
				}
				delete(want, gone)
			case 1:
				if err := tokens.Scrub(); err != nil {
					r.Fatal(err)
				}
			case 2:
				if err := tokens.Close(); err != nil {
					r.Fatal(err)
				}
				if tokens, err = OpenTokens(o); err != nil {
					r.Fatal(err)
				}
			default:
				ids := rapid.SliceOf(id).Draw(r, "ids")
				got, err := tokens.Assign(ids)
				if err != nil {
					r.Fatal(err)
				}
				for i, id := range ids {
					if was, ok := want[id]; ok && was != got[i] || !ok && used[got[i]] != "" || got[i] == 0 {
						r.Fatalf("%q got %d, had %d; it was %q's", id, got[i], was, used[got[i]])
					}
					want[id], used[got[i]] = got[i], id
				}
			}
			for _, id := range []string{"a", "b", "c", "i", "s"} {
				if got, ok := tokens.Token(id); got != want[id] || ok != (want[id] != 0) {
					r.Fatalf("%q is %d %v, want %d", id, got, ok, want[id])
				}
			}
			if tokens.Count() != len(want) {
				r.Fatalf("count %d, want %d", tokens.Count(), len(want))
			}
		}
	})
}

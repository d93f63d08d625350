package store

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// putEnv names a folder; a test binary that finds it set puts decisions there
// until it is killed, and says how many are written.
const putEnv = "NABO_TEST_DECISIONS_CHILD"

func killText(n uint64) []byte { return fmt.Appendf(nil, "%d%*d", n, 1+n*7919%5000, n) }

func putForever(dir string) int {
	w := newWatch()
	d, err := OpenDecisions(DecisionOptions{Options: Options{Dir: dir, Now: w.now}, gather: time.Millisecond})
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	for n := uint64(d.Stats().Count); ; n++ {
		d.Put(idAt(noon, n), noon.Add(time.Hour), killText(n))
		if n%50 == 0 {
			written(d)
			fmt.Println(n)
		}
	}
}

// What was written is there after a kill at any moment, and nothing else than
// what was put.
func TestDecisionsKilled(t *testing.T) {
	dir, w := t.TempDir(), newWatch()
	for round := range 6 {
		newest := putAndKill(t, dir)
		d := openDecisions(t, dir, w, nil)
		count := uint64(d.Stats().Count)
		if count <= newest {
			t.Fatalf("round %d: %d were written, %d are there", round, newest+1, count)
		}
		for n := range count {
			if got, ok, err := d.Get(idAt(noon, n), nil); err != nil || !ok || !bytes.Equal(got, killText(n)) {
				t.Fatalf("round %d: %d is %q, %v, %v", round, n, got, ok, err)
			}
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// putAndKill returns the last decision that the child said was written.
func putAndKill(t *testing.T, dir string) (newest uint64) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), putEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	until := rand.IntN(20) + 1
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		if newest, err = strconv.ParseUint(lines.Text(), 10, 64); err != nil {
			t.Errorf("child says: %s", lines.Text())
		}
		if n == until {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait()
	return newest
}

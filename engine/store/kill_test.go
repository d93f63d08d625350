package store

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// childEnv names a folder; a test binary that finds it set saves checkpoints
// there until it is killed. With stopEnv it stops for good in the middle of a
// save, when the run is written and the manifest is not, to be killed there.
const (
	childEnv = "NABO_TEST_STORE_CHILD"
	stopEnv  = "NABO_TEST_STORE_STOP"
)

// What the child says while it saves, and when it has stopped.
const (
	inTheMiddle = "saving"
	stopped     = "stopped"
)

const killKeys = 4000

// killValue is what key i holds at pos; empty: nothing. One key in seven of a
// checkpoint is removed, and two thirds are not written at all.
func killValue(i int, pos uint64) (value string, written bool) {
	h := (uint64(i)*2654435761 + pos*40503) % 21
	switch {
	case h < 14:
		return "", false
	case h < 15:
		return "", true
	}
	return fmt.Sprintf("%d at %d %s", i, pos, strings.Repeat("x", int(h)*100)), true
}

func saveForever(dir string) int {
	s, err := Open(small(dir))
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	for pos := s.Position() + 1; ; pos++ {
		if os.Getenv(stopEnv) != "" {
			if _, err := s.writeRun(killPairs(pos)); err != nil {
				fmt.Println("error:", err)
				return 1
			}
			fmt.Println(stopped)
			select {} // until the kill
		}
		if err := s.Save(pos, killPairs(pos)); err != nil {
			fmt.Println("error:", err)
			return 1
		}
		fmt.Println(pos)
		if err := s.Maintain(context.Background()); err != nil {
			fmt.Println("error:", err)
			return 1
		}
	}
}

// killPairs puts what the checkpoint at pos changes.
func killPairs(pos uint64) func(put func(key, value []byte) error) error {
	return func(put func(key, value []byte) error) error {
		for i := range killKeys {
			if i%(killKeys/16) == killKeys/32 {
				fmt.Println(inTheMiddle)
			}
			value, written := killValue(i, pos)
			if !written {
				continue
			}
			b := []byte(value)
			if value == "" {
				b = nil
			}
			if err := put(strconv.AppendInt(nil, int64(i), 10), b); err != nil {
				return err
			}
		}
		return nil
	}
}

// stateAt returns what the saves from 1 to pos make.
func stateAt(pos uint64) map[string]string {
	state := map[string]string{}
	for i := range killKeys {
		for p := pos; p > 0; p-- {
			if value, written := killValue(i, p); written {
				if value != "" {
					state[strconv.Itoa(i)] = value
				}
				break
			}
		}
	}
	return state
}

// TestKilledInTheMiddle kills a process that saves without end, at random
// moments, and looks each time at what the next one finds.
func TestKilledInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	acked := uint64(0)
	torn := 0
	const rounds = 10
	for round := range rounds {
		acked = runAndKill(t, dir, acked, round%2 == 1)
		before := runNames(t, dir)
		s := open(t, dir)
		if len(runNames(t, dir)) < len(before) {
			torn++
		}
		pos, got := load(t, s)
		if pos < acked {
			t.Fatalf("round %d: position %d was acknowledged, %d was loaded", round, acked, pos)
		}
		want := stateAt(pos)
		if len(got) != len(want) {
			t.Fatalf("round %d: %d pairs at %d, want %d", round, len(got), pos, len(want))
		}
		for k, v := range want {
			if got[k] != v {
				t.Fatalf("round %d: %q is %q at %d, want %q", round, k, got[k], pos, v)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if torn < rounds/2 {
		t.Errorf("%d of %d kills left half a checkpoint, half of them should", torn, rounds)
	}
}

func runNames(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"+runSuffix))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// runAndKill returns the last position that the child said was saved.
func runAndKill(t *testing.T, dir string, acked uint64, halfway bool) uint64 {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	if halfway {
		cmd.Env = append(cmd.Env, stopEnv+"=1")
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	until := rand.IntN(40) + 1
	for n := 0; lines.Scan(); {
		switch lines.Text() {
		case inTheMiddle:
			if n++; n == until && !halfway {
				_ = cmd.Process.Kill()
			}
			continue
		case stopped:
			_ = cmd.Process.Kill()
			continue
		}
		pos, err := strconv.ParseUint(lines.Text(), 10, 64)
		if err != nil {
			t.Fatalf("child says: %s", lines.Text())
		}
		acked = pos
	}
	_ = cmd.Wait()
	return acked
}

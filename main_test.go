package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes this binary stand in for the programs that scripts and the
// README call, so that what is tested is what was compiled for the test.
func TestMain(m *testing.M) {
	os.Setenv(racing, quickExit)
	testscript.Main(m, map[string]func(){
		"nabo": func() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) },
		"curl": func() { os.Exit(curl(os.Args[1:])) },
		"nats": func() { os.Exit(nats(os.Args[1:])) },
	})
}

// Under the race detector a program waits a second before it exits, for races
// that show late. What is called here for one request has none to wait for.
const (
	racing    = "GORACE"
	quickExit = "atexit_sleep_ms=0"
)

// TestCommandLine runs the scripts. Their command serve starts a nabo that
// the rest of the script talks to.
func TestCommandLine(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: ".ci/scripts",
		Setup: func(env *testscript.Env) error {
			env.Setenv(racing, quickExit)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve": func(ts *testscript.TestScript, _ bool, args []string) {
				env := append(os.Environ(), "NABO_LISTEN=127.0.0.1:0", "NABO_NATS_LISTEN=off")
				c, err := start(ts.MkAbs("."), env, "nabo answers at", "nabo", append([]string{"serve"}, args...)...)
				ts.Check(err)
				ts.Defer(func() { ts.Check(c.stop()) })
				ts.Setenv("NABO_SERVER", c.url())
			},
		},
	})
}

// patience is how long a process may take to say what is awaited, or to stop.
const patience = 2 * time.Minute

// child is a process that runs beside the test.
type child struct {
	cmd  *exec.Cmd
	done chan error // receives once, when it has ended

	mu   sync.Mutex
	said bytes.Buffer  // both its outputs
	more chan struct{} // closed at the next word
}

// start starts a program in a folder and returns once it has said something.
func start(dir string, env []string, until, name string, args ...string) (*child, error) {
	c := &child{cmd: exec.Command(name, args...), done: make(chan error, 1), more: make(chan struct{})}
	c.cmd.Dir, c.cmd.Env, c.cmd.Stdout, c.cmd.Stderr = dir, env, c, c
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { c.done <- c.cmd.Wait() }()
	if err := c.await(until); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

// Write takes what the process says.
func (c *child) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.more)
	c.more = make(chan struct{})
	return c.said.Write(p)
}

// heard returns all that was said, and what is closed when there is more.
func (c *child) heard() (string, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.said.String(), c.more
}

// await returns once the process has said something.
func (c *child) await(text string) error {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		said, more := c.heard()
		if strings.Contains(said, text) {
			return nil
		}
		select {
		case <-more:
		case err := <-c.done:
			c.done <- err
			if said, _ = c.heard(); strings.Contains(said, text) {
				return nil
			}
			return fmt.Errorf("%v ended (%v) without %q; it said:\n%s", c.cmd.Args, err, text, said)
		case <-late.C:
			return fmt.Errorf("%v did not say %q; it said:\n%s", c.cmd.Args, text, said)
		}
	}
}

// url is the address that the process answers at.
func (c *child) url() string { return c.after("nabo answers at ") }

// after is the word that the process said after a text.
func (c *child) after(text string) string {
	said, _ := c.heard()
	_, rest, _ := strings.Cut(said, text)
	word, _, _ := strings.Cut(rest, "\n")
	word, _, _ = strings.Cut(word, " ")
	return word
}

// stop interrupts the process and waits. It fails when the process does not
// end well.
func (c *child) stop() error {
	_ = c.cmd.Process.Signal(os.Interrupt) // it may have ended, which done tells
	late := time.AfterFunc(patience, func() { _ = c.cmd.Process.Kill() })
	defer late.Stop()
	err := <-c.done
	c.done <- err
	if err != nil {
		said, _ := c.heard()
		return fmt.Errorf("%v: %w; it said:\n%s", c.cmd.Args, err, said)
	}
	return nil
}

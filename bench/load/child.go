package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// child is a process of the same binary that the load started and must stop.
type child struct {
	addr    string // where it answers HTTP
	pprof   string // where it answers Go's profiles; empty: nowhere
	cmd     *exec.Cmd
	log     string // the file that takes its standard error
	dir     string // removed when it has stopped
	started time.Time
	done    chan error
}

const (
	// stopPatience is how long a child may take to stop before it is killed:
	// its last checkpoint is part of it.
	stopPatience = 5 * time.Minute
	// startPatience is how long it may take to be ready.
	startPatience = 15 * time.Minute
)

// newChild makes a child of the binary with arguments ready to start.
func newChild(exe, dir string, args ...string) *child {
	c := &child{dir: dir, log: filepath.Join(dir, args[0]+".log"), done: make(chan error, 1)}
	c.cmd = exec.Command(exe, args...)
	// What configures a server elsewhere must not configure this one.
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "NABO_") {
			c.cmd.Env = append(c.cmd.Env, v)
		}
	}
	return c
}

// start runs what newChild made ready.
func (c *child) start() error {
	log, err := os.Create(c.log)
	if err != nil {
		return err
	}
	defer log.Close() // the child has its own copy
	c.cmd.Stderr = log
	c.started = time.Now()
	if err := c.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", c.cmd.Path, err)
	}
	go func() { c.done <- c.cmd.Wait() }()
	return nil
}

// stop ends the child, by force if it takes too long, and removes its folder.
func (c *child) stop() error {
	defer os.RemoveAll(c.dir)
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop process %d: %w", c.cmd.Process.Pid, err)
	}
	late := time.NewTimer(stopPatience)
	defer late.Stop()
	select {
	case <-c.done:
		return nil
	case <-late.C:
		c.cmd.Process.Kill()
		<-c.done
		return fmt.Errorf("process %d did not stop within %v and was killed; its last words:\n%s", c.cmd.Process.Pid, stopPatience, c.lastWords())
	}
}

// lastWords is the end of what the child wrote to standard error.
func (c *child) lastWords() string {
	b, err := os.ReadFile(c.log)
	if err != nil {
		return err.Error()
	}
	b = bytes.TrimSpace(b)
	return string(b[max(0, len(b)-2000):])
}

// kill ends the child at once, as kill -9 does, and removes its folder.
func (c *child) kill() error {
	defer os.RemoveAll(c.dir)
	if err := c.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill process %d: %w", c.cmd.Process.Pid, err)
	}
	c.done <- <-c.done // a second call finds it dead, too
	return nil
}

// launch starts nabo serve on a data folder and a free port, without waiting
// until it answers. It says what it does, its checkpoints and collections
// included, to its log; more settings come last.
func (o *Common) launch(data string, settings ...string) (*child, error) {
	exe, err := o.exe()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(o.Dir, "nabo-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the server's log: %w", err)
	}
	var addrs [2]string
	for i := range addrs {
		if addrs[i], err = freeAddr(); err != nil {
			os.RemoveAll(dir)
			return nil, err
		}
	}
	c := newChild(exe, dir, append([]string{
		"serve", "--data", data, "--listen", addrs[0], "--nats-listen", "off", "--pprof", addrs[1], "--log-level", "debug",
	}, settings...)...)
	c.addr, c.pprof = addrs[0], addrs[1]
	c.cmd.Env = append(c.cmd.Env, "GODEBUG=gctrace=1")
	if err := c.start(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	o.say("started a server on %s, process %d", c.addr, c.cmd.Process.Pid)
	return c, nil
}

// startServer launches a server and returns when it is ready.
func (o *Common) startServer(ctx context.Context, data string, settings ...string) (*child, error) {
	c, err := o.launch(data, settings...)
	if err != nil {
		return nil, err
	}
	if err := c.ready(ctx); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	o.say("  ready after %.1f s", time.Since(c.started).Seconds())
	return c, nil
}

// exe is the binary to start.
func (o *Common) exe() (string, error) {
	if o.Exe != "" {
		return o.Exe, nil
	}
	exe, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the nabo binary: %w", err)
	}
	return exe, nil
}

// freeAddr is a loopback address that nobody listens on.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// ready returns when the server says that it is.
func (c *child) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-c.done:
			c.done <- err
			return fmt.Errorf("the server ended before it was ready: %v; its last words:\n%s", err, c.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("the server was not ready in time: %w; its last words:\n%s", ctx.Err(), c.lastWords())
		case <-tick.C:
		}
		if c.answers(ctx) {
			return nil
		}
	}
}

// answers is whether the server says that it is ready.
func (c *child) answers(ctx context.Context) bool {
	conn, err := dial(ctx, c.addr)
	if err != nil {
		return false
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetDeadline(deadline)
	}
	status, _, err := conn.do(get(c.addr, "/readyz"))
	return err == nil && status == 200
}

// startBare starts the bare handler over a table of answers and returns when it
// listens.
func startBare(o *Common, answers map[string][]byte) (*child, error) {
	exe, err := o.exe()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(o.Dir, "nabo-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the bare handler: %w", err)
	}
	c, err := launchBare(exe, dir, answers)
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return c, nil
}

func launchBare(exe, dir string, answers map[string][]byte) (*child, error) {
	table := filepath.Join(dir, "answers")
	if err := writeAnswers(table, answers); err != nil {
		return nil, err
	}
	c := newChild(exe, dir, "bench", "bare", table)
	return c, c.startListening()
}

// startListening starts a child that says where it listens, and nothing else.
func (c *child) startListening() error {
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return errors.Join(fmt.Errorf("%v did not start: %s", c.cmd.Args[1:], c.lastWords()), c.stop())
	}
	c.addr = strings.TrimSpace(line)
	return nil
}

// hostOf is the host:port of a server's URL.
func hostOf(server string) (string, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
		return "", fmt.Errorf("--server %q: want http://host:port", server)
	}
	if u.Port() == "" {
		return u.Host + ":80", nil
	}
	return u.Host, nil
}

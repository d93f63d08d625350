package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Echo is the hidden command that sends every websocket frame back: what
// gorilla/websocket costs when there is nothing behind it.
type Echo struct {
	Out io.Writer `kong:"-"` // takes the address, in one line
}

// Run serves on a free loopback port until ctx ends.
func (e *Echo) Run(ctx context.Context) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("bare echo: %w", err)
	}
	echoes := &echoes{conns: map[*websocket.Conn]struct{}{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+livePath, echoes.upgrade)
	mux.HandleFunc("GET /metrics", tellMemory)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	fmt.Fprintln(e.Out, l.Addr())
	select {
	case err = <-ended:
		err = fmt.Errorf("bare echo: %w", err)
	case <-ctx.Done():
		err = server.Close()
		<-ended
	}
	echoes.close()
	return err
}

// echoes are the open sockets of the bare echo. Its buffers are as small as a
// server's that holds many idle ones: the comparison is with a good one.
type echoes struct {
	pool    sync.Pool
	readers sync.WaitGroup

	mu    sync.Mutex
	ended bool
	conns map[*websocket.Conn]struct{}
}

func (e *echoes) upgrade(w http.ResponseWriter, r *http.Request) {
	u := websocket.Upgrader{
		Subprotocols: []string{subprotocol}, ReadBufferSize: 512, WriteBufferSize: 1024, WriteBufferPool: &e.pool,
	}
	conn, err := u.Upgrade(w, r, nil)
	if err != nil {
		return // it has answered
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		conn.Close()
		return
	}
	e.conns[conn] = struct{}{}
	// In a goroutine of its own, so that the handler's buffers go.
	e.readers.Go(func() { e.serve(conn) })
}

func (e *echoes) serve(conn *websocket.Conn) {
	defer func() {
		conn.Close()
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.conns, conn)
	}()
	conn.SetReadLimit(64 << 10)
	var in bytes.Buffer
	for {
		kind, r, err := conn.NextReader()
		if err != nil {
			return
		}
		in.Reset()
		if _, err := in.ReadFrom(r); err != nil {
			return
		}
		if err := conn.WriteMessage(kind, in.Bytes()); err != nil {
			return
		}
	}
}

func (e *echoes) close() {
	e.mu.Lock()
	e.ended = true
	for conn := range e.conns {
		conn.Close()
	}
	e.mu.Unlock()
	e.readers.Wait()
}

// tellMemory says what the process takes after a collection, by the names under
// which nabo says it.
func tellMemory(w http.ResponseWriter, _ *http.Request) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	now, _ := resident()
	fmt.Fprintln(w, heapMetric, m.HeapAlloc)
	fmt.Fprintln(w, stackMetric, m.StackInuse)
	fmt.Fprintln(w, residentMetric, int64(now*(1<<30)))
	fmt.Fprintln(w, routinesMetric, runtime.NumGoroutine())
}

// startEcho starts the bare echo and returns when it listens.
func startEcho(o *Common) (*child, error) {
	exe, err := o.exe()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(o.Dir, "nabo-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the bare echo: %w", err)
	}
	c := newChild(exe, dir, "bench", "echo")
	if err := c.startListening(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return c, nil
}

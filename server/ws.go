package server

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"nabo/server/live"
)

// wsProtocol is the subprotocol that is spoken.
const wsProtocol = "nabo.v1"

const (
	maxFrame    = 64 << 10         // bytes of a client's frame
	helloWithin = 10 * time.Second // of connecting
	heartbeat   = 25               // seconds between two pings
	silentFor   = 65 * time.Second // until a connection counts as gone
	writeWithin = 10 * time.Second // one frame
	endWithin   = 3 * time.Second  // the rest, once a connection is closing
)

// sockets are the open websockets.
type sockets struct {
	upgrader websocket.Upgrader
	all      sync.WaitGroup // a count of each socket's reader

	mu      sync.Mutex
	open    map[*socket]struct{}
	from    map[string]int                  // by address
	wheel   [heartbeat]map[*socket]struct{} // whose turn it is to be pinged, by second
	next    int
	closing bool
	closed  map[int]uint64 // by code

	sent, received atomic.Uint64 // frames
}

func newSockets() *sockets {
	k := &sockets{open: map[*socket]struct{}{}, from: map[string]int{}, closed: map[int]uint64{}}
	k.upgrader = websocket.Upgrader{
		HandshakeTimeout: 5 * time.Second, ReadBufferSize: 512, WriteBufferPool: &sync.Pool{}, WriteBufferSize: 4096,
		Subprotocols: []string{wsProtocol},
		CheckOrigin:  func(*http.Request) bool { return true }, // mayUpgrade has checked it
		Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
			writeProblem(w, problem(status, badUpgrade, reason.Error()))
		},
	}
	for i := range k.wheel {
		k.wheel[i] = map[*socket]struct{}{}
	}
	return k
}

// socket opens a websocket. It returns at once: the connection is read by a
// goroutine of its own, so that the request's room can be used again.
func (s *Server) socket(w http.ResponseWriter, r *http.Request) {
	c := w.(*call)
	if bad := s.mayUpgrade(r); bad != nil {
		writeProblem(c, bad)
		return
	}
	conn, err := s.sockets.upgrader.Upgrade(c.ResponseWriter, r, nil)
	if err != nil {
		c.status = http.StatusBadRequest // Upgrade has answered
		return
	}
	c.status = http.StatusSwitchingProtocols
	k := newSocket(s, conn, addressOf(r))
	code := s.sockets.admit(k, s.opt.MaxSockets, s.opt.MaxSocketsFrom)
	if code != 0 {
		k.refuse(code)
		return
	}
	go k.run()
}

// mayUpgrade gives the problem with a request for a websocket, nil if there is
// none.
func (s *Server) mayUpgrade(r *http.Request) *Problem {
	switch {
	case phase(s.phase.Load()) == draining:
		return unavailable(notReady, "stopping: connect elsewhere")
	case !websocket.IsWebSocketUpgrade(r):
		return problem(http.StatusBadRequest, badUpgrade, "this is a websocket: connect with one, with the subprotocol "+wsProtocol)
	case !slices.Contains(websocket.Subprotocols(r), wsProtocol):
		return problem(http.StatusBadRequest, badUpgrade, "the subprotocol "+wsProtocol+" must be offered")
	case !s.knownOrigin(r):
		return problem(http.StatusForbidden, foreignOrigin, "a web page of another origin may not connect; allow its origin in the server's configuration")
	}
	return s.unready()
}

// knownOrigin says whether a page of this server or of an allowed origin
// connects, or a program that is no browser.
func (s *Server) knownOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(s.opt.AllowedOrigins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && u.Host == r.Host
}

// addressOf is where a connection comes from, without the port.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// admit lets a connection in, or gives the code to refuse it with.
func (k *sockets) admit(c *socket, most, mostFrom int) live.Code {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.closing:
		k.closed[int(live.Stopping)]++
		return live.Stopping
	case len(k.open) >= most || k.from[c.from] >= mostFrom:
		k.closed[int(live.TooMany)]++
		return live.TooMany
	}
	k.open[c] = struct{}{}
	k.from[c.from]++
	k.next = (k.next + 1) % heartbeat
	c.turn = k.next
	k.wheel[c.turn][c] = struct{}{}
	k.all.Add(1)
	return 0
}

// gone forgets a connection. code is what it was closed with.
func (k *sockets) gone(c *socket, code int) {
	k.mu.Lock()
	delete(k.open, c)
	delete(k.wheel[c.turn], c)
	if k.from[c.from]--; k.from[c.from] == 0 {
		delete(k.from, c.from)
	}
	k.closed[code]++
	k.mu.Unlock()
	k.all.Done()
}

// beat pings each connection every heartbeat seconds, until ctx ends.
func (k *sockets) beat(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for turn := 0; ; turn = (turn + 1) % heartbeat {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		k.mu.Lock()
		due := make([]*socket, 0, len(k.wheel[turn]))
		for c := range k.wheel[turn] { // each is pinged by itself: the order means nothing
			due = append(due, c)
		}
		k.mu.Unlock()
		for _, c := range due {
			c.ping()
		}
	}
}

// stop closes all connections, lets none in, and returns when they are closed
// or ctx ends.
func (k *sockets) stop(ctx context.Context) error {
	k.mu.Lock()
	k.closing = true
	all := make([]*socket, 0, len(k.open))
	for c := range k.open {
		all = append(all, c)
	}
	k.mu.Unlock()
	for _, c := range all {
		c.Close(live.Stopping)
	}
	done := make(chan struct{})
	go func() { k.all.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	for _, c := range all {
		c.conn.Close()
	}
	<-done
	return ctx.Err()
}

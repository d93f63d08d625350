// Package stream keeps the log on NATS JetStream: it publishes, hands on in
// order from a position, takes in what others publish, and runs the embedded
// server. It is the only package that knows NATS.
//
// One message of the log is one group of events, opaque bytes here. A group
// is durable when Append returns. Every method may be called from any
// goroutine; appends are put one after another. Nothing is queued without a
// bound: Append holds its caller, Follow reads at the pace of its reader,
// Inbound leaves what it cannot admit yet in its stream, and a service that
// is busy says so to whoever asked.
package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nats.go/micro"
)

// ErrClosed is returned by what is called on a Stream after Close.
var ErrClosed = errors.New("the stream is closed")

// Stream is one connection to the log and, when embedded, the server behind
// it. Open makes it, Close ends it.
type Stream struct {
	opts   Options
	names  names
	log    *slog.Logger
	writer string         // marks this process's appends; random
	logID  string         // see LogID
	srv    *server.Server // nil: external
	nc     *nats.Conn
	js     jetstream.JetStream
	dir    *dirSync // nil: external

	life context.Context // ends when Close begins
	stop context.CancelFunc

	appendMu sync.Mutex
	lastSeq  uint64 // of the log, as this writer knows it
	appends  uint64 // numbers this process's groups

	busy chan struct{} // one slot for each request being answered

	svcMu  sync.Mutex
	svc    micro.Service // nil until the first Respond
	closed bool

	counts counts
}

type counts struct {
	appended, appendBytes, appendErrors, retries atomic.Uint64
	received, admitted, dead, redelivered        atomic.Uint64
	requests, refused                            atomic.Uint64
	disconnects                                  atomic.Uint64
}

// Stats counts what went through since Open.
type Stats struct {
	Appended     uint64 // groups written to the log
	AppendBytes  uint64 // their payloads
	AppendErrors uint64 // appends given up
	Retries      uint64 // publishes repeated within an append
	Received     uint64 // messages taken from the inbound stream, repeats included
	Admitted     uint64 // of these, admitted
	Dead         uint64 // messages sent to the dead-letter stream
	Redelivered  uint64 // messages that came more than once
	Requests     uint64 // requests answered by services
	Refused      uint64 // requests refused because too many were being answered
	Disconnects  uint64 // times the connection to the server was lost
}

// Open starts the embedded server, or connects to opts.URL, and makes sure
// that the streams exist. ctx bounds only the opening. A port that is taken,
// a folder that cannot be written, a server that cannot be reached: each is
// an error that says what to change.
func Open(ctx context.Context, opts Options) (*Stream, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	s := &Stream{
		opts:   opts,
		names:  namesOf(opts.Prefix),
		log:    opts.Log,
		writer: randomName(),
		busy:   make(chan struct{}, opts.Concurrent),
	}
	s.life, s.stop = context.WithCancel(context.Background())
	if err := s.open(ctx); err != nil {
		s.stop()
		return nil, errors.Join(err, s.shut())
	}
	return s, nil
}

func (s *Stream) open(ctx context.Context) error {
	if err := s.connect(); err != nil {
		return err
	}
	var err error
	if s.js, err = jetstream.New(s.nc); err != nil {
		return fmt.Errorf("open JetStream: %w", err)
	}
	if err := s.ensureStreams(ctx); err != nil {
		return err
	}
	if s.srv != nil && s.opts.SyncEvery == 0 {
		if s.dir, err = openDirSync(s.opts.Dir, s.names.log); err != nil {
			return err
		}
	}
	b, err := s.Bounds(ctx)
	if err != nil {
		return err
	}
	s.lastSeq = b.Last
	return nil
}

// connect sets srv (when embedded) and nc.
func (s *Stream) connect() error {
	if s.opts.URL != "" {
		nc, err := nats.Connect(s.opts.URL, s.clientOptions()...)
		if err != nil {
			return fmt.Errorf("connect to NATS at %s: %w", redact(s.opts.URL), err)
		}
		s.nc = nc
		return nil
	}
	srv, password, err := startServer(&s.opts, s.names)
	if err != nil {
		return err
	}
	s.srv = srv
	own := append(s.clientOptions(), nats.InProcessServer(srv), nats.UserInfo(ownUser, password))
	if s.nc, err = nats.Connect("", own...); err != nil {
		return fmt.Errorf("connect to the embedded NATS server: %w", err)
	}
	return nil
}

// LogID names this log: a random text that was given to the log's stream
// when it was made, and that stays. Positions of logs with different names
// have nothing to do with each other, so whoever keeps a position keeps this
// beside it.
func (s *Stream) LogID() string { return s.logID }

// URL is where other NATS clients can reach the log's server; empty when the
// embedded server does not listen.
func (s *Stream) URL() string {
	if s.srv == nil {
		return redact(s.opts.URL)
	}
	if s.opts.Listen == ListenOff {
		return ""
	}
	return s.srv.ClientURL()
}

// Embedded says whether the server runs in this process.
func (s *Stream) Embedded() bool { return s.srv != nil }

// Connected says whether the server can be reached at this moment.
func (s *Stream) Connected() bool { return s.nc.IsConnected() }

// MaxGroup is the largest group, in bytes, that Append takes: what the server
// accepts as one message, less room for headers.
func (s *Stream) MaxGroup() int { return int(s.nc.MaxPayload()) - headerRoom }

// Stats returns the counts so far.
func (s *Stream) Stats() Stats {
	c := &s.counts
	return Stats{
		Appended: c.appended.Load(), AppendBytes: c.appendBytes.Load(),
		AppendErrors: c.appendErrors.Load(), Retries: c.retries.Load(),
		Received: c.received.Load(), Admitted: c.admitted.Load(),
		Dead: c.dead.Load(), Redelivered: c.redelivered.Load(),
		Requests: c.requests.Load(), Refused: c.refused.Load(),
		Disconnects: c.disconnects.Load(),
	}
}

// Close stops the services and waits for the answers under way, closes the
// connection, and then shuts an embedded server down, which writes its state
// to disk. Follow and Inbound must have returned, which they do when their
// context ends; one that has not gets an error. A second Close does nothing.
func (s *Stream) Close() error {
	s.svcMu.Lock()
	done := s.closed
	s.closed = true
	svc := s.svc
	s.svcMu.Unlock()
	if done {
		return nil
	}
	var err error
	if svc != nil {
		err = svc.Stop() // takes no more
	}
	s.endAnswers()
	s.stop()
	// An append under way holds the lock until its context or its time ends.
	s.appendMu.Lock()
	defer s.appendMu.Unlock()
	return errors.Join(err, s.shut())
}

// shut ends what open began, the server last.
func (s *Stream) shut() error {
	var err error
	if s.nc != nil {
		if err = s.nc.FlushTimeout(flushTime); errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, nats.ErrTimeout) {
			err = nil // the server is gone: there is nobody to flush to
		}
		s.nc.Close()
	}
	if s.dir != nil {
		err = errors.Join(err, s.dir.close())
	}
	if s.srv != nil {
		s.srv.Shutdown()
		s.srv.WaitForShutdown()
	}
	return err
}

package stream

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const (
	// ownUser is this process's own connection; guest is everybody else's.
	ownUser = "nabo"
	guest   = "guest"

	// maxPayload is the largest message of the embedded server. NATS
	// discourages more than this.
	maxPayload = 8 << 20

	// unboundedStore lets the disk be the limit: the server's own default is
	// a share of what was free at the start, and reservations count against it.
	unboundedStore = 1 << 50

	startTime = 10 * time.Second
)

// startServer runs the embedded server and returns the password of ownUser.
func startServer(o *Options, n names) (*server.Server, string, error) {
	if err := os.MkdirAll(o.Dir, 0o750); err != nil {
		return nil, "", fmt.Errorf("make the folder of the embedded NATS server: %w", err)
	}
	// The server would read its files before it finds its port taken, perhaps
	// by a process that writes them, so the port is tried first.
	if err := tryListen(o.Listen); err != nil {
		return nil, "", err
	}
	so, password := serverOptions(o, n)
	srv, err := server.NewServer(so)
	if err != nil {
		return nil, "", fmt.Errorf("set up the embedded NATS server: %w", err)
	}
	words := &serverLog{log: o.Log.With("from", "nats-server"), fatal: make(chan string, 1)}
	srv.SetLoggerV2(words, false, false, false)
	srv.Start()
	if err := waitReady(srv, words, o.Listen); err != nil {
		srv.Shutdown()
		srv.WaitForShutdown()
		return nil, "", err
	}
	return srv, password, nil
}

func waitReady(srv *server.Server, words *serverLog, listen string) error {
	ready := srv.ReadyForConnections(startTime)
	select {
	case why := <-words.fatal:
		return fmt.Errorf("start the embedded NATS server (--nats-listen %s): %s", listen, why)
	default:
	}
	if !ready {
		return fmt.Errorf("start the embedded NATS server: not ready after %s", startTime)
	}
	return nil
}

func tryListen(listen string) error {
	if listen == ListenOff {
		return nil
	}
	l, err := net.Listen("tcp", listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("the address %s for NATS is taken, perhaps by another nabo or NATS server: choose another with --nats-listen, or use that server with --nats-url: %w", listen, err)
	}
	if err != nil {
		return fmt.Errorf("listen for NATS on %s (--nats-listen): %w", listen, err)
	}
	return l.Close()
}

func serverOptions(o *Options, n names) (*server.Options, string) {
	so := &server.Options{
		ServerName:             "nabo",
		JetStream:              true,
		StoreDir:               o.Dir,
		JetStreamMaxStore:      unboundedStore,
		JetStreamMaxMemory:     256 << 20, // consumers' state only
		MaxPayload:             maxPayload,
		NoSigs:                 true, // signals are the program's
		DisableJetStreamBanner: true,
		SyncAlways:             o.SyncEvery == 0,
		SyncInterval:           o.SyncEvery,
	}
	if o.Listen == ListenOff {
		so.DontListen = true
	} else {
		so.Host, so.Port, _ = splitListen(o.Listen) // validated
	}
	// The server compares a guest's password with itself, so it must be plain;
	// ours is random and lives as long as the process. See serverLog.Warnf.
	password := randomName()
	so.Users = []*server.User{
		{Username: ownUser, Password: password},
		{Username: guest, Password: guest, Permissions: guestPermissions(n)},
	}
	so.NoAuthUser = guest
	return so, password
}

// guestPermissions keeps other clients from writing to the log behind the
// gate's back, from taking events out of the inbound stream, from changing or
// emptying either, and from publishing in our name. All else is theirs: publish
// events, ask services, watch, read the log and the dead letters, take lists.
func guestPermissions(n names) *server.Permissions {
	deny := []string{n.subjectLog, n.subjectOut + ">"}
	for _, stream := range []string{n.log, n.inbound, n.lists, n.offers} {
		for _, call := range []string{"UPDATE", "DELETE", "PURGE", "MSG.DELETE", "RESTORE"} {
			deny = append(deny, "$JS.API.STREAM."+call+"."+stream)
		}
	}
	deny = append(deny,
		"$JS.API.CONSUMER.*."+n.inbound+".>", // delete, pause, leader, create
		"$JS.API.CONSUMER.*."+n.inbound,
		"$JS.API.CONSUMER.MSG.NEXT."+n.inbound+".>",
		"$JS.API.CONSUMER.DURABLE.CREATE."+n.inbound+".>",
		"$JS.ACK."+n.inbound+".>",
	)
	return &server.Permissions{Publish: &server.SubjectPermission{Deny: deny}}
}

// serverLog passes the server's words on. The server calls Fatalf where it
// cannot go on and leaves the end to us.
type serverLog struct {
	log   *slog.Logger
	fatal chan string // holds the first
}

func (l *serverLog) Noticef(format string, v ...any) { l.log.Debug(sentence(format, v)) }
func (l *serverLog) Errorf(format string, v ...any)  { l.log.Error(sentence(format, v)) }
func (l *serverLog) Debugf(format string, v ...any)  { l.log.Debug(sentence(format, v)) }
func (l *serverLog) Tracef(format string, v ...any)  { l.log.Debug(sentence(format, v)) }

func (l *serverLog) Warnf(format string, v ...any) {
	text := sentence(format, v)
	if strings.HasPrefix(text, "Plaintext passwords detected") {
		return // on purpose: see serverOptions
	}
	l.log.Warn(text)
}

func (l *serverLog) Fatalf(format string, v ...any) {
	text := sentence(format, v)
	l.log.Error(text)
	select {
	case l.fatal <- text:
	default:
	}
}

func sentence(format string, v []any) string {
	return strings.TrimSpace(fmt.Sprintf(format, v...))
}

// clientOptions are those of our own connection. It reconnects for ever: what
// waits on it has a context of its own.
func (s *Stream) clientOptions() []nats.Option {
	return []nats.Option{
		nats.Name("nabo " + s.opts.Prefix),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			s.log.Error("NATS connection", "error", err, "subject", subject)
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil { // nil: closed on purpose
				s.counts.disconnects.Add(1)
				s.log.Warn("NATS connection lost", "error", err)
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			s.log.Info("NATS connection is back", "server", nc.ConnectedUrlRedacted())
		}),
	}
}

package stream

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ListenOff as Options.Listen keeps the embedded server off the network.
const ListenOff = "off"

const (
	defaultListen     = "127.0.0.1:4222"
	defaultPrefix     = "nabo"
	defaultKeep       = 7 * 24 * time.Hour
	defaultConcurrent = 256
	defaultBatch      = 256
	defaultBacklog    = 1 << 30

	// headerRoom is what Append leaves of the server's largest message for
	// the message's headers.
	headerRoom = 512

	// flushTime bounds the last flush of a connection that is closed.
	flushTime = 2 * time.Second
)

// Options says which server to use and how. The zero value with Dir set is an
// embedded server on 127.0.0.1:4222 that syncs every append.
type Options struct {
	// URL names external NATS servers, comma-separated; empty: embedded.
	URL string
	// Dir is the embedded server's folder; it is made if it is missing. One
	// process at a time may use it.
	Dir string
	// Listen is the host:port at which the embedded server takes other
	// clients: 127.0.0.1:4222 if empty, any free port if the port is 0,
	// nowhere if it is ListenOff.
	Listen string
	// Prefix begins every subject and, in capitals, every stream's name:
	// nabo if empty. Letters, digits, '-' and '_', in parts joined by dots.
	Prefix string
	// SyncEvery is how often the embedded server syncs files to disk. Zero
	// syncs before each acknowledgement: what was acknowledged survives a
	// power cut. With any other value a power cut loses up to that much.
	// An external server follows its own configuration.
	SyncEvery time.Duration
	// Keep is how long the inbound and the dead-letter stream hold a
	// message; 7 days if zero.
	Keep time.Duration
	// Backlog is how many bytes the inbound stream holds before publishers
	// are refused; 1 GiB if zero. The dead-letter stream holds a quarter of
	// it, and then drops its oldest.
	Backlog int64
	// Batch is how many inbound messages are admitted at once; 256 if zero.
	Batch int
	// Concurrent is how many requests the services answer at once; 256 if
	// zero. One more is refused with the code 503.
	Concurrent int
	// Replicas is how many copies of each stream to make when the streams
	// are made on an external cluster; 1 if zero.
	Replicas int
	// Version is told to those who list the services; 0.0.0 if empty.
	Version string
	// Log takes what there is to say, the embedded server's words included;
	// nil: nothing is said.
	Log *slog.Logger
}

var prefixForm = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

func (o *Options) validate() error {
	o.setDefaults()
	if o.URL == "" && o.Dir == "" {
		return errors.New("stream: a folder for the embedded NATS server, or the URL of an external one, is needed")
	}
	if len(o.Prefix) > 64 || !prefixForm.MatchString(o.Prefix) {
		return fmt.Errorf("stream: the subject prefix %q must be letters, digits, '-' and '_' in parts joined by dots, at most 64 bytes", o.Prefix)
	}
	if o.Listen != ListenOff {
		if _, _, err := splitListen(o.Listen); err != nil {
			return err
		}
	}
	for _, n := range []struct {
		name string
		bad  bool
	}{
		{"SyncEvery", o.SyncEvery < 0},
		{"Keep", o.Keep < time.Minute},
		{"Backlog", o.Backlog < 1<<20},
		{"Batch", o.Batch < 1 || o.Batch > 4096},
		{"Concurrent", o.Concurrent < 1},
		{"Replicas", o.Replicas < 1 || o.Replicas > 5},
	} {
		if n.bad {
			return fmt.Errorf("stream: the option %s is out of its range", n.name)
		}
	}
	return nil
}

func (o *Options) setDefaults() {
	o.Listen = or(o.Listen, defaultListen)
	o.Prefix = or(o.Prefix, defaultPrefix)
	o.Keep = or(o.Keep, defaultKeep)
	o.Backlog = or(o.Backlog, defaultBacklog)
	o.Batch = or(o.Batch, defaultBatch)
	o.Concurrent = or(o.Concurrent, defaultConcurrent)
	o.Replicas = or(o.Replicas, 1)
	o.Version = or(o.Version, "0.0.0")
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

func or[T comparable](v, standard T) T {
	var zero T
	if v == zero {
		return standard
	}
	return v
}

// splitListen takes host:port apart; the port is -1, the server's word for
// any free one, where it was 0.
func splitListen(listen string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(listen)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	if err != nil || port < 0 || port > 65535 || host == "" {
		return "", 0, fmt.Errorf("stream: --nats-listen %q must be host:port or %q", listen, ListenOff)
	}
	if port == 0 {
		port = -1
	}
	return host, port, nil
}

// names are the subjects and streams that belong to one prefix.
type names struct {
	subjectLog, subjectEvents, subjectDead string
	subjectOut                             string
	log, inbound, dead, lists, offers      string
	service                                string
}

func namesOf(prefix string) names {
	stream := strings.ToUpper(strings.ReplaceAll(prefix, ".", "_"))
	return names{
		subjectLog:    prefix + ".log",
		subjectEvents: prefix + ".events.",
		subjectDead:   prefix + ".dlq.",
		subjectOut:    prefix + ".out.",
		log:           stream + "_LOG",
		inbound:       stream + "_IN",
		dead:          stream + "_DLQ",
		lists:         stream + "_LISTS",
		offers:        stream + "_OFFERS",
		service:       strings.ReplaceAll(prefix, ".", "-"),
	}
}

// randomName is 130 random bits in letters and digits.
func randomName() string { return strings.ToLower(rand.Text()) }

// redact takes user and password out of a list of URLs, so that it can be
// logged.
func redact(urls string) string {
	parts := strings.Split(urls, ",")
	for i, p := range parts {
		if u, err := url.Parse(strings.TrimSpace(p)); err == nil && u.User != nil {
			u.User = nil
			parts[i] = u.String()
		}
	}
	return strings.Join(parts, ",")
}

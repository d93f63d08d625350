package app

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"nabo/engine"
)

// Config is everything that a person may set for a process. The tags make it
// flags, variables of the environment and keys of the file at once; Validate
// must have passed before it is used.
type Config struct {
	Data   string `help:"Folder that holds the log, the checkpoints and the member tokens. It is made when absent; one nabo at a time may use it." default:"./nabo-data" placeholder:"DIR" group:"where"`
	Listen string `help:"Address for HTTP." default:"127.0.0.1:8080" placeholder:"HOST:PORT" group:"where"`

	NATSURL      string `name:"nats-url" help:"Use the NATS servers at this URL (several with commas) in place of the embedded one." placeholder:"URL" group:"where"`
	NATSListen   string `name:"nats-listen" help:"Address at which the embedded NATS server takes other clients; off: nowhere." default:"127.0.0.1:4222" placeholder:"HOST:PORT" group:"where"`
	NATSReplicas int    `name:"nats-replicas" help:"Copies of each stream, when the streams are made on a cluster." default:"1" placeholder:"N" group:"where"`
	Prefix       string `help:"Beginning of all NATS subjects, so that several shops can share one NATS." default:"nabo" placeholder:"NAME" group:"where"`

	Sync             time.Duration `help:"How often the embedded log goes to disk. 0s: before each acknowledgement, so that a power cut loses nothing; otherwise it may lose that much." default:"0s" group:"safety"`
	CheckpointEvery  time.Duration `help:"Write a checkpoint after this long, when something changed." default:"60s" group:"safety"`
	CheckpointEvents int           `help:"Write a checkpoint after this many events, if that comes first." default:"1000000" placeholder:"N" group:"safety"`
	LogDays          int           `help:"Keep the log for this many days, and always what the two newest checkpoints do not cover; 0: for ever. A rebuild can bring back what the log still holds." default:"400" placeholder:"DAYS" group:"safety"`
	InboundKeep      time.Duration `help:"How long NATS holds messages that wait to be taken in, and dead letters." default:"168h" group:"safety"`
	DedupeDays       int           `help:"How long the same source and id are known again." default:"400" placeholder:"DAYS" group:"safety"`
	Rebuild          bool          `help:"Set the checkpoints aside and build the state again from the log. Give it on the command line, once: in a file or the environment it would rebuild at every start." group:"safety"`

	MaxActivations    int  `help:"How many offers a member may have activated at a time. Give it the same value for as long as a log lives: it decides activations again when the log is replayed." default:"10" placeholder:"N" group:"offers"`
	NoPersonalisation bool `help:"Use nothing that is held on a member who has not consented to personalisation; by default it is used until they withdraw it." group:"offers"`
	AssumeMarketing   bool `help:"Put offers into messages to members who have said nothing about marketing; by default that needs their consent." group:"offers"`

	Tune map[string]float64 `help:"Dials of the engine to turn, such as half-life=90;lambda=10, as nabo backtest --tune chooses them. Some decide what is kept: another value of those needs --rebuild, and the message says so." placeholder:"NAME=VALUE" group:"tune"`

	MaxBody        int           `help:"Largest request, in bytes." default:"16777216" placeholder:"BYTES" group:"limits"`
	MaxEvents      int           `help:"Most events in one request." default:"10000" placeholder:"N" group:"limits"`
	WaitLimit      time.Duration `help:"Longest wait for minSeq and wait=applied." default:"2s" group:"limits"`
	DrainDelay     time.Duration `help:"On a stop, how long /readyz says no before the address is closed." default:"0s" group:"limits"`
	StopTimeout    time.Duration `help:"On a stop, how long running requests may take to finish." default:"15s" group:"limits"`
	MaxSockets     int           `help:"Most websockets at a time; 0: as many as by default." default:"20000" group:"limits"`
	MaxSocketsFrom int           `help:"Most websockets of one address; 0: as many as by default. Behind a proxy all come from its address." default:"2000" group:"limits"`
	AllowedOrigins []string      `help:"Web origins that may call from a browser, such as https://shop.example." placeholder:"ORIGIN" group:"limits"`

	SyncConfig

	Pprof string `help:"Address for Go's profiles, such as 127.0.0.1:6060; none when empty." placeholder:"HOST:PORT" group:"where"`

	LogLevel  string `help:"What to say on standard error: debug, info, warn or error." default:"info" placeholder:"LEVEL" group:"words"`
	LogFormat string `help:"How to say it: text or json." default:"text" placeholder:"FORMAT" group:"words"`
}

var prefixPattern = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// Validate says which setting is wrong and what was expected, or nil. Its
// messages name the settings as flags, wherever they came from.
func (c *Config) Validate() error {
	for _, check := range []struct {
		wrong bool
		name  string
		value any
		want  string
	}{
		{c.Data == "", "data", c.Data, "a folder"},
		{!isAddress(c.Listen), "listen", c.Listen, "an address such as 127.0.0.1:8080"},
		{c.NATSListen != "off" && !isAddress(c.NATSListen), "nats-listen", c.NATSListen, "an address such as 127.0.0.1:4222, or off"},
		{c.Pprof != "" && !isAddress(c.Pprof), "pprof", c.Pprof, "an address such as 127.0.0.1:6060"},
		{!areNATSURLs(c.NATSURL), "nats-url", c.NATSURL, "a URL such as nats://nats.example:4222"},
		{c.NATSReplicas < 1 || c.NATSReplicas > 5, "nats-replicas", c.NATSReplicas, "1 to 5"},
		{len(c.Prefix) > 64 || !prefixPattern.MatchString(c.Prefix), "prefix", c.Prefix, "letters, digits, - and _, in parts joined by dots, at most 64"},
		{c.Sync < 0 || c.Sync > time.Hour, "sync", c.Sync, "0s to 1h"},
		{c.CheckpointEvery < time.Second || c.CheckpointEvery > 24*time.Hour, "checkpoint-every", c.CheckpointEvery, "1s to 24h"},
		{c.CheckpointEvents < 1000, "checkpoint-events", c.CheckpointEvents, "1000 or more"},
		{c.LogDays < 0, "log-days", c.LogDays, "0 or more"},
		{c.InboundKeep < time.Minute, "inbound-keep", c.InboundKeep, "1m or more"},
		{c.DedupeDays < 1 || c.DedupeDays > 4000, "dedupe-days", c.DedupeDays, "1 to 4000"},
		{c.MaxActivations < 1 || c.MaxActivations > 1000, "max-activations", c.MaxActivations, "1 to 1000"},
		{c.MaxBody < 1024 || c.MaxBody > 1<<30, "max-body", c.MaxBody, "1024 to 1073741824"},
		{c.MaxEvents < 1 || c.MaxEvents > 1_000_000, "max-events", c.MaxEvents, "1 to 1000000"},
		{c.MaxSockets < 0 || c.MaxSockets > 10_000_000, "max-sockets", c.MaxSockets, "0 to 10000000"},
		{c.MaxSocketsFrom < 0 || c.MaxSocketsFrom > 10_000_000, "max-sockets-from", c.MaxSocketsFrom, "0 to 10000000"},
		{c.WaitLimit <= 0 || c.WaitLimit > time.Minute, "wait-limit", c.WaitLimit, "above 0s, up to 1m"},
		{c.DrainDelay < 0 || c.DrainDelay > 10*time.Minute, "drain-delay", c.DrainDelay, "0s to 10m"},
		{c.StopTimeout <= 0 || c.StopTimeout > 10*time.Minute, "stop-timeout", c.StopTimeout, "above 0s, up to 10m"},
		{!isOneOf(c.LogLevel, "debug", "info", "warn", "error"), "log-level", c.LogLevel, "debug, info, warn or error"},
		{!isOneOf(c.LogFormat, "text", "json"), "log-format", c.LogFormat, "text or json"},
	} {
		if check.wrong {
			return settingError(check.name, check.value, check.want)
		}
	}
	if err := c.turn(new(engine.Options)); err != nil {
		return err
	}
	if err := c.SyncConfig.validate(); err != nil {
		return err
	}
	for _, origin := range c.AllowedOrigins {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || origin != u.Scheme+"://"+u.Host {
			return settingError("allowed-origins", origin, "origins such as https://shop.example")
		}
	}
	return nil
}

// turn sets the dials that Tune names.
func (c *Config) turn(o *engine.Options) error {
	for _, name := range slices.Sorted(maps.Keys(c.Tune)) {
		if err := o.Turn(name, c.Tune[name]); err != nil {
			return fmt.Errorf("--tune: %w", err)
		}
	}
	return nil
}

func settingError(name string, value any, want string) error {
	if text, ok := value.(string); ok {
		value = fmt.Sprintf("%q", text)
	}
	return fmt.Errorf("--%s is %v: expected %s", name, value, want)
}

func isAddress(s string) bool {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	_, err = net.LookupPort("tcp", port)
	return err == nil && !strings.ContainsAny(host, " /")
}

func areNATSURLs(s string) bool {
	if s == "" {
		return true
	}
	for part := range strings.SplitSeq(s, ",") {
		u, err := url.Parse(strings.TrimSpace(part))
		if err != nil || u.Host == "" || !isOneOf(u.Scheme, "nats", "tls", "ws", "wss") {
			return false
		}
	}
	return true
}

func isOneOf(s string, all ...string) bool {
	for _, one := range all {
		if s == one {
			return true
		}
	}
	return false
}

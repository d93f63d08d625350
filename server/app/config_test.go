package app

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"nabo/engine"
)

// parse reads settings as the command does: flags, environment, file.
func parse(t *testing.T, file string, args ...string) (Config, error) {
	t.Helper()
	var cli struct {
		Serve struct{ Config } `cmd:""`
	}
	var f File
	if file != "" {
		path := filepath.Join(t.TempDir(), "nabo.yaml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := f.Load(path); err != nil {
			return Config{}, err
		}
	}
	var out bytes.Buffer
	k, err := kong.New(&cli, kong.DefaultEnvars("NABO"), kong.Resolvers(&f), kong.Writers(&out, &out), kong.Exit(func(int) { t.Error("kong wants to exit") }))
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.Parse(append([]string{"serve"}, args...))
	return cli.Serve.Config, err
}

func TestDefaultsAreGood(t *testing.T) {
	c, err := parse(t, "")
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:8080" || c.NATSListen != "127.0.0.1:4222" || c.Data != "./nabo-data" || c.Prefix != "nabo" || c.Sync != 0 {
		t.Errorf("defaults: %+v", c)
	}
}

func TestPrecedence(t *testing.T) {
	file := "listen: 127.0.0.1:1\nprefix: fromfile\ndata: filedata\nlog-days: 7\nallowed-origins: [https://a.example, https://b.example]\nrebuild: true\n"
	t.Setenv("NABO_LISTEN", "127.0.0.1:2")
	t.Setenv("NABO_PREFIX", "fromenv")
	c, err := parse(t, file, "--listen", "127.0.0.1:3")
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:3" || c.Prefix != "fromenv" || c.Data != "filedata" || c.LogDays != 7 || !c.Rebuild {
		t.Errorf("flag, environment and file gave %+v", c)
	}
	if !reflect.DeepEqual(c.AllowedOrigins, []string{"https://a.example", "https://b.example"}) {
		t.Errorf("origins: %q", c.AllowedOrigins)
	}
}

func TestWrongSettingsAreNamed(t *testing.T) {
	for _, c := range []struct {
		name, file string
		args       []string
		want       []string
	}{
		{name: "listen", args: []string{"--listen", "8080"}, want: []string{"--listen", `"8080"`, "127.0.0.1:8080"}},
		{name: "nats", args: []string{"--nats-url", "example.com"}, want: []string{"--nats-url", "nats://"}},
		{name: "nats off", args: []string{"--nats-listen", "off"}},
		{name: "nats listen", args: []string{"--nats-listen", "on"}, want: []string{"--nats-listen", `"on"`}},
		{name: "prefix", args: []string{"--prefix", "a b"}, want: []string{"--prefix", `"a b"`}},
		{name: "data", args: []string{"--data", ""}, want: []string{"--data", "a folder"}},
		{name: "sync", args: []string{"--sync", "-1s"}, want: []string{"--sync", "-1s"}},
		{name: "checkpoint", args: []string{"--checkpoint-every", "1ms"}, want: []string{"--checkpoint-every", "1s to 24h"}},
		{name: "events", args: []string{"--checkpoint-events", "3"}, want: []string{"--checkpoint-events", "1000 or more"}},
		{name: "not a number", args: []string{"--log-days", "many"}, want: []string{"--log-days", "many"}},
		{name: "activations", args: []string{"--max-activations", "0"}, want: []string{"--max-activations is 0", "1 to 1000"}},
		{name: "consents", args: []string{"--no-personalisation", "--assume-marketing"}},
		{name: "level", args: []string{"--log-level", "loud"}, want: []string{"--log-level", `"loud"`, "debug, info, warn or error"}},
		{name: "origin", args: []string{"--allowed-origins", "https://a.example/path"}, want: []string{"--allowed-origins", "https://a.example/path"}},
		{name: "unknown flag", args: []string{"--lisetn", "x"}, want: []string{"--lisetn"}},
		{name: "unknown key", file: "lisetn: x\n", want: []string{"nabo.yaml", `"lisetn"`, "listen"}},
		{name: "wrong value in the file", file: "log-days: -1\n", want: []string{"--log-days is -1"}},
		{name: "a mapping in the file", file: "listen: {a: b}\n", want: []string{"nabo.yaml", "listen"}},
		{name: "a list of lists", file: "allowed-origins: [[a]]\n", want: []string{"allowed-origins[0]"}},
		{name: "no YAML", file: "listen: [\n", want: []string{"--config", "nabo.yaml"}},
		{name: "no mapping", file: "- a\n", want: []string{"--config", "not a YAML mapping"}},
		{name: "nothing in it", file: "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(t, c.file, c.args...)
			if c.want == nil {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}

func TestTune(t *testing.T) {
	for _, way := range []struct{ file, flag string }{
		{"tune: {half-life: 90, lambda: 2.5}\n", ""},
		{"tune: {half-life: 7}\n", "--tune=half-life=90;lambda=2.5"},
	} {
		args := []string{}
		if way.flag != "" {
			args = append(args, way.flag)
		}
		c, err := parse(t, way.file, args...)
		if err != nil {
			t.Fatal(err)
		}
		var o engine.Options
		if err := errors.Join(c.Validate(), c.turn(&o)); err != nil {
			t.Fatal(err)
		}
		if o.Bought.HalfLife != 90*24*3600*1000 || o.Refine.Lambda != 2.5 {
			t.Errorf("%q and %q turned %+v, %+v", way.file, way.flag, o.Bought, o.Refine)
		}
	}
	for want, file := range map[string]string{
		"there is no dial \"halflife\"": "tune: {halflife: 90}\n",
		"must be 1 to 3650":             "tune: {half-life: 0}\n",
	} {
		if _, err := parse(t, file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q in it", file, err, want)
		}
	}
}

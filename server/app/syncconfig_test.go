package app

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"
)

func TestSyncSettings(t *testing.T) {
	hook := []string{"--webhook-url", "https://shop.example/token-1", "--webhook-secret-file", "s"}
	bloom := []string{"--bloomreach-url", "https://api.example", "--bloomreach-project", "p", "--bloomreach-key-file", "k"}
	for _, c := range []struct {
		name string
		args []string
		want []string // nil: it is right
	}{
		{name: "nothing"},
		{name: "NATS", args: []string{"--sync-nats", "--sync-every", "10m"}},
		{name: "all", args: append(append([]string{"--sync-nats", "--bloomreach-catalog", "offers"}, hook...), bloom...)},
		{name: "nowhere", args: []string{"--sync-every", "10m"}, want: []string{"--sync-every is 10m0s", "--sync-nats", "--webhook-url", "--bloomreach-url"}},
		{name: "too often", args: []string{"--sync-nats", "--sync-every", "1ms"}, want: []string{"--sync-every is 1ms", "1s to 744h"}},
		{name: "scenario", args: []string{"--sync-nats", "--sync-scenario", ""}, want: []string{"--sync-scenario"}},
		{name: "no secret", args: hook[:2], want: []string{"--webhook-secret-file", "--webhook-url"}},
		{name: "secret alone", args: hook[2:], want: []string{"--webhook-secret-file", "--webhook-url"}},
		{name: "plain http", args: append([]string{"--webhook-url", "http://shop.example/token-1"}, hook[2:]...), want: []string{"--webhook-url", "https://"}},
		{name: "no address", args: append([]string{"--webhook-url", "shop token-1"}, hook[2:]...), want: []string{"--webhook-url", "https://"}},
		{name: "no project", args: bloom[:2], want: []string{"--bloomreach-project", "--bloomreach-url"}},
		{name: "no key", args: bloom[:4], want: []string{"--bloomreach-key-file", "--bloomreach-url"}},
		{name: "project alone", args: bloom[2:4], want: []string{"--bloomreach-project", "--bloomreach-url"}},
		{name: "key alone", args: bloom[4:], want: []string{"--bloomreach-key-file", "--bloomreach-url"}},
		{name: "catalogue alone", args: []string{"--bloomreach-catalog", "x"}, want: []string{"--bloomreach-catalog", "--bloomreach-url"}},
		{name: "catalogue", args: append([]string{"--bloomreach-catalog", "a/b"}, bloom...), want: []string{"--bloomreach-catalog", `"a/b"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parse(t, "", c.args...)
			if c.want == nil {
				if err != nil || got.SyncScenario != "newsletter" {
					t.Fatalf("refused: %v %+v", err, got.SyncConfig)
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
			if strings.Contains(err.Error(), "token-1") {
				t.Errorf("%q repeats the address", err)
			}
		})
	}
}

func TestSyncSettingsInTheFile(t *testing.T) {
	t.Setenv("NABO_SYNC_NATS", "true")
	c, err := parse(t, "sync-every: 15m\nsync-scenario: app-home\nwebhook-url: http://127.0.0.1:9\nwebhook-secret-file: s\n")
	if err != nil || c.SyncEvery != 15*time.Minute || c.SyncScenario != "app-home" || !c.SyncNATS || c.WebhookURL == "" {
		t.Errorf("%+v %v", c.SyncConfig, err)
	}
}

func TestSecretFiles(t *testing.T) {
	got, err := readSecrets(secretFile(t, "s", "\n"+newSecret+"\r\n"+oldSecret))
	if err != nil || len(got) != 2 || string(got[0]) != newSecret || string(got[1]) != "whsec_"+base64.StdEncoding.EncodeToString([]byte(oldSecret)) {
		t.Errorf("%d secrets, %v", len(got), err)
	}
	for _, text := range []string{"", "\n \n", "short", strings.Repeat("x", 65)} {
		if _, err := readSecrets(secretFile(t, "s", text)); err == nil || !strings.Contains(err.Error(), "--webhook-secret-file") || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
	key, secret, err := readKey(secretFile(t, "k", "a:b:c\n"))
	if err != nil || string(key) != "a" || string(secret) != "b:c" {
		t.Error("the key and the secret are not divided at the first colon", err)
	}
	for _, text := range []string{"", "abc", ":b", "a:", "a:b\nc:d"} {
		if _, _, err := readKey(secretFile(t, "k", text)); err == nil || !strings.Contains(err.Error(), "--bloomreach-key-file") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestWrongSecretsStopTheStart wants the start to say which setting is wrong.
func TestWrongSecretsStopTheStart(t *testing.T) {
	h := newHook(t)
	opt := Options{Config: settings(t.TempDir())}
	opt.SyncConfig = h.config()
	opt.WebhookSecretFile = secretFile(t, "s", "whsec_MfKQ")
	wantStart(t, opt, "--webhook-secret-file", "24 to 64 bytes")
	opt.WebhookSecretFile += "-missing"
	wantStart(t, opt, "--webhook-secret-file", "no such file")
}

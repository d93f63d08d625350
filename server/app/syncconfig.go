package app

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode"

	"nabo/server/push"
)

// SyncConfig says where members' offers are sent, and when. It is part of
// Config.
type SyncConfig struct {
	SyncEvery    time.Duration `name:"sync-every" help:"Send what changed of members' offers and chains to the receivers below this often; 0s: only when POST /v1/sync asks. Sent are members who are personalised and may be written to in any chain or channel." default:"0s" group:"sync"`
	SyncScenario string        `name:"sync-scenario" help:"How the lists that are sent are made." default:"newsletter" placeholder:"NAME" group:"sync"`
	SyncNATS     bool          `name:"sync-nats" help:"Publish changes to <prefix>.out.offers." group:"sync"`

	WebhookURL        string `name:"webhook-url" help:"Post changes here, signed as standardwebhooks.com says: https, or http on this machine." placeholder:"URL" group:"sync"`
	WebhookSecretFile string `name:"webhook-secret-file" help:"File of the secrets that sign, one a line: whsec_ and base64, or 24 to 64 bytes as they are. The first is the new one; each makes a signature of its own." placeholder:"FILE" group:"sync"`

	BloomreachURL     string `name:"bloomreach-url" help:"Set customers' properties in Bloomreach Engagement at this address, such as https://api.exponea.com." placeholder:"URL" group:"sync"`
	BloomreachProject string `name:"bloomreach-project" help:"The project's token." placeholder:"TOKEN" group:"sync"`
	BloomreachKeyFile string `name:"bloomreach-key-file" help:"File with key:secret of a private API group." placeholder:"FILE" group:"sync"`
	BloomreachCatalog string `name:"bloomreach-catalog" help:"Id of a catalogue that is kept filled with the offers; none when empty." placeholder:"ID" group:"sync"`
}

// receivers says whether anything is to be sent anywhere.
func (c *SyncConfig) receivers() bool {
	return c.SyncNATS || c.WebhookURL != "" || c.BloomreachURL != ""
}

func (c *SyncConfig) validate() error {
	for _, check := range []struct {
		wrong bool
		name  string
		value any
		want  string
	}{
		{c.SyncEvery != 0 && (c.SyncEvery < time.Second || c.SyncEvery > 31*day), "sync-every", c.SyncEvery, "0s, or 1s to 744h"},
		{c.SyncEvery != 0 && !c.receivers(), "sync-every", c.SyncEvery, "a receiver too: --sync-nats, --webhook-url or --bloomreach-url"},
		{!isID(c.SyncScenario) && (c.receivers() || c.SyncScenario != ""), "sync-scenario", c.SyncScenario, "a scenario's id, 1 to 128 bytes"},
		{c.WebhookURL != "" && c.WebhookSecretFile == "", "webhook-secret-file", c.WebhookSecretFile, "a file of secrets, since --webhook-url is given"},
		{c.WebhookURL == "" && c.WebhookSecretFile != "", "webhook-secret-file", c.WebhookSecretFile, "--webhook-url too"},
		{c.BloomreachURL != "" && c.BloomreachProject == "", "bloomreach-project", c.BloomreachProject, "the project's token, since --bloomreach-url is given"},
		{c.BloomreachURL != "" && c.BloomreachKeyFile == "", "bloomreach-key-file", c.BloomreachKeyFile, "a file with key:secret, since --bloomreach-url is given"},
		{c.BloomreachURL == "" && c.BloomreachProject != "", "bloomreach-project", c.BloomreachProject, "--bloomreach-url too"},
		{c.BloomreachURL == "" && c.BloomreachKeyFile != "", "bloomreach-key-file", c.BloomreachKeyFile, "--bloomreach-url too"},
		{c.BloomreachURL == "" && c.BloomreachCatalog != "", "bloomreach-catalog", c.BloomreachCatalog, "--bloomreach-url too"},
		{strings.ContainsAny(c.BloomreachCatalog, "/ "), "bloomreach-catalog", c.BloomreachCatalog, "a catalogue's id"},
	} {
		if check.wrong {
			return settingError(check.name, check.value, check.want)
		}
	}
	// What an address holds may be a secret, so it is not repeated.
	for _, address := range []struct{ name, value string }{{"webhook-url", c.WebhookURL}, {"bloomreach-url", c.BloomreachURL}} {
		if address.value != "" && !isReceiver(address.value) {
			return fmt.Errorf("--%s: expected an address that begins with https://, or with http:// on this machine", address.name)
		}
	}
	return nil
}

func isReceiver(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

func isID(s string) bool {
	return s != "" && len(s) <= 128 && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// The lengths of a secret that is given as it is.
const (
	leastSecret = 24
	mostSecret  = 64
)

// readSecrets reads the secrets of a webhook. No error shows any of them.
func readSecrets(path string) ([]push.Secret, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--webhook-secret-file: %w", err)
	}
	var out []push.Secret
	number := 0
	for line := range bytes.Lines(text) {
		number++
		secret := strings.TrimSpace(string(line))
		switch {
		case secret == "":
			continue
		case strings.HasPrefix(secret, "whsec_"):
		case len(secret) < leastSecret || len(secret) > mostSecret:
			return nil, fmt.Errorf("--webhook-secret-file: line %d has %d bytes: expected whsec_ and base64, or %d to %d bytes", number, len(secret), leastSecret, mostSecret)
		default:
			secret = "whsec_" + base64.StdEncoding.EncodeToString([]byte(secret))
		}
		out = append(out, push.Secret(secret))
	}
	if len(out) == 0 {
		return nil, errors.New("--webhook-secret-file: there is no secret in it")
	}
	return out, nil
}

// readKey reads the key and the secret of a Bloomreach API group.
func readKey(path string) (key, secret push.Secret, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", "", fmt.Errorf("--bloomreach-key-file: %w", err)
	}
	k, s, found := strings.Cut(strings.TrimSpace(string(text)), ":")
	if !found || k == "" || s == "" || strings.ContainsAny(s, " \r\n") {
		return "", "", errors.New("--bloomreach-key-file: expected one line, key:secret")
	}
	return push.Secret(k), push.Secret(s), nil
}

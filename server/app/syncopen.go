package app

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"nabo/server"
	"nabo/server/push"
	"nabo/stream"
)

const (
	syncDir = "sync" // below the data folder: what was sent, and dead letters

	// A receiver that is away holds the view of the state, for which list runs
	// wait, until three batches were given up: some six minutes with these.
	syncAttempts = 6
	syncPatience = 2 * time.Minute
)

// openSyncs opens what sends offers to other systems, if there is any.
func (p *process) openSyncs() error {
	dir := filepath.Join(p.opt.Data, syncDir)
	if !p.opt.receivers() {
		return p.warnOfOldSyncs(dir, nil)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("open the folder of syncs: %w", err)
	}
	s := &syncs{
		opt: p.opt.SyncConfig, engine: p.engine, tokens: p.tokens, now: p.opt.Now, log: p.log,
		busy: func() bool { return p.server.Busy() },
		wake: make(chan struct{}, 1), began: p.opt.Now(), transport: http.DefaultTransport.(*http.Transport).Clone(),
	}
	p.syncs = s // from here on, close closes it
	openNATS := func(dir string) (*receiver, error) {
		return s.openNATS(dir, p.opt.NATSURL, p.opt.Prefix, offersOut{p.stream})
	}
	for _, open := range []func(dir string) (*receiver, error){openNATS, s.openWebhook, s.openBloomreach} {
		r, err := open(dir)
		if err != nil {
			return err
		}
		if r != nil {
			s.receivers = append(s.receivers, r)
		}
	}
	return p.warnOfOldSyncs(dir, s.receivers)
}

// outgoing returns what the server tells of, nil where offers are sent nowhere.
func (p *process) outgoing() server.Syncs {
	if p.syncs == nil {
		return nil
	}
	return p.syncs
}

// A receiver's files are named after it and its address, so that another
// address gets everything.
func receiverName(kind string, address ...string) string {
	return fmt.Sprintf("%s-%016x", kind, xxhash.Sum64String(strings.Join(address, "\x00")))
}

func (s *syncs) openReceiver(dir, kind, file string, sink push.Sink, dead *push.DeadLetters) (*receiver, error) {
	r := &receiver{kind: kind, file: file, dead: dead}
	r.again, _ = sink.(push.Resender)
	var err error
	r.syncer, err = push.New(push.Options{
		Path: filepath.Join(dir, file), Sinks: []push.Sink{sink}, Tolerance: syncTolerance, Log: s.log.With("receiver", kind),
	})
	return r, err
}

// syncTolerance is how far a score may move before a member is sent again.
// Scores fade by the hour, and what one offer brought moves it for everybody:
// at a thousandth a third of all members were sent within half a minute.
const syncTolerance = 0.02

func (s *syncs) openDead(dir, file string) (*push.DeadLetters, error) {
	dead, err := push.OpenDeadLetters(push.DeadOptions{Dir: dir, Name: file + "-dead"})
	if err == nil {
		s.dead = append(s.dead, dead)
	}
	return dead, err
}

func (s *syncs) retry() push.Retry {
	return push.Retry{Attempts: syncAttempts, Total: syncPatience, Jitter: rand.Float64}
}

func (s *syncs) openNATS(dir, url, prefix string, out push.Publisher) (*receiver, error) {
	if !s.opt.SyncNATS {
		return nil, nil
	}
	sink, err := push.NewNATS(out, prefix)
	if err != nil {
		return nil, err
	}
	return s.openReceiver(dir, "nats", receiverName("nats", url, prefix), sink, nil)
}

// offersOut publishes to the stream that stands behind the one subject.
type offersOut struct{ s *stream.Stream }

func (o offersOut) Publish(ctx context.Context, _ string, body []byte, id string) error {
	return o.s.PublishOffers(ctx, body, id)
}

func (s *syncs) openWebhook(dir string) (*receiver, error) {
	if s.opt.WebhookURL == "" {
		return nil, nil
	}
	secrets, err := readSecrets(s.opt.WebhookSecretFile)
	if err != nil {
		return nil, err
	}
	file := receiverName("webhook", s.opt.WebhookURL)
	dead, err := s.openDead(dir, file)
	if err != nil {
		return nil, err
	}
	hook, err := push.NewWebhook(push.WebhookOptions{
		URL: s.opt.WebhookURL, Secrets: secrets, Dead: dead, Retry: s.retry(), Now: s.now,
		Client: &http.Client{Transport: s.transport}, Log: s.log.With("receiver", "webhook"),
	})
	if err != nil {
		return nil, fmt.Errorf("--webhook-url, --webhook-secret-file: %w", err)
	}
	return s.openReceiver(dir, "webhook", file, hook, dead)
}

func (s *syncs) openBloomreach(dir string) (*receiver, error) {
	if s.opt.BloomreachURL == "" {
		return nil, nil
	}
	key, secret, err := readKey(s.opt.BloomreachKeyFile)
	if err != nil {
		return nil, err
	}
	file := receiverName("bloomreach", s.opt.BloomreachURL, s.opt.BloomreachProject)
	dead, err := s.openDead(dir, file)
	if err != nil {
		return nil, err
	}
	bloom, err := push.NewBloomreach(push.BloomreachOptions{
		URL: s.opt.BloomreachURL, Project: s.opt.BloomreachProject, Key: key, Secret: secret, Catalog: s.opt.BloomreachCatalog,
		Dead: dead, Retry: s.retry(), Now: s.now,
		Client: &http.Client{Transport: s.transport}, Log: s.log.With("receiver", "bloomreach"),
	})
	if err != nil {
		return nil, fmt.Errorf("--bloomreach-url, --bloomreach-key-file: %w", err)
	}
	r, err := s.openReceiver(dir, "bloomreach", file, bloom, dead)
	r.coarse = true
	if s.opt.BloomreachCatalog != "" {
		// Another catalogue is another file, and gets everything.
		r.items = &catalog{to: bloom, path: filepath.Join(dir, file+"-"+receiverName("items", s.opt.BloomreachCatalog)), log: s.log}
	}
	return r, err
}

// warnOfOldSyncs tells of files of receivers that there are no more: they hold
// ids of members, of those too who were erased since.
func (p *process) warnOfOldSyncs(dir string, receivers []*receiver) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("open the folder of syncs: %w", err)
	}
	for _, e := range entries {
		if !slices.ContainsFunc(receivers, func(r *receiver) bool { return strings.HasPrefix(e.Name(), r.file) }) {
			p.log.Warn("a receiver of offers is no longer in the settings: what is kept about it holds ids of members; remove it if the receiver does not come back",
				"file", filepath.Join(dir, e.Name()))
		}
	}
	return nil
}

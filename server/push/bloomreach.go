package push

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
)

// What is sent to Bloomreach Engagement follows these pages of its
// documentation, read in stored copies, not against a live project:
//
//   - batch commands, at most 50 a call, not carried out in their order:
//     https://documentation.bloomreach.com/engagement/reference/batch-commands-2
//   - errors: a whole call 4xx with {"success":false,"message"}, or 200 with
//     "results", each with "success" and "errors" (texts):
//     https://documentation.bloomreach.com/engagement/reference/tracking-api-error-messages
//   - a customer's properties; update_timestamp (Unix seconds: older values
//     don't replace newer ones); a value is less than 16 KB, a message 800 KB:
//     https://documentation.bloomreach.com/engagement/reference/update-customer-properties-2
//   - Basic authorization with key and secret:
//     https://documentation.bloomreach.com/engagement/reference/technical-information
//   - 6,000 calls a minute from one address, then 429:
//     https://documentation.bloomreach.com/engagement/reference/tracking-api-overview-2
//   - which errors to retry (429 and 5xx; never 200 with success false):
//     https://documentation.bloomreach.com/engagement/reference/tips-and-best-practices
//   - arrays as values: https://documentation.bloomreach.com/engagement/docs/data-types
//
// Not verified: whether 429 brings Retry-After (it is respected if so), whether
// a fraction of a second counts in update_timestamp (whole seconds are sent),
// and where a result has its command_id (results are matched by it where every
// one has it, and by their order, as in the pages' examples, where none has).
const (
	maxCommands     = 50
	maxProperty     = 16 << 10
	maxBatchBytes   = 800 << 10
	defaultInterval = 20 * time.Millisecond

	kindCommand = "command"
	kindItem    = "item"
	kindDelete  = "delete"
)

// BloomreachOptions says which project gets what.
type BloomreachOptions struct {
	URL         string // of the instance, such as https://api.exponea.com
	Project     string // the project's token
	Key, Secret Secret // of a private API group; customer properties: set; catalogs: create or update, delete
	// CustomerID names the hard id that our members' ids are: registered if
	// empty.
	CustomerID string
	// Prefix begins the properties' names: nabo_ if empty. They are
	// <prefix>offers and <prefix>chains, ids with the best first, and
	// <prefix>offer_scores and <prefix>chain_scores, at the same places.
	Prefix string
	// Catalog is the id of the catalogue that Items fills; empty: there is none.
	Catalog string
	// Interval is the least time between calls: 20 ms if zero, half of what is
	// allowed.
	Interval time.Duration
	Dead     *DeadLetters // takes what is given up or found wrong
	Client   *http.Client // nil: one of its own
	Retry    Retry
	Now      func() time.Time // the clock
	Log      *slog.Logger     // takes retries and losses; nil: nothing is said
}

// Bloomreach is a Sink that sets customers' properties in Bloomreach Engagement,
// and fills a catalogue with offers. Properties are replaced whole. A member who
// is gone gets empty lists; erasing the customer there is not done.
type Bloomreach struct {
	opt  BloomreachOptions
	base string // of the instance
	auth string
	post *poster
	next time.Time // when the next call may begin
	patience
}

// NewBloomreach returns a sink. No error shows the key or the secret.
func NewBloomreach(opt BloomreachOptions) (*Bloomreach, error) {
	switch {
	case opt.Dead == nil:
		return nil, errors.New("push: Bloomreach has no dead letters")
	case opt.Project == "" || opt.Key == "" || opt.Secret == "":
		return nil, errors.New("push: Bloomreach needs a project, a key and a secret")
	case opt.Interval < 0:
		return nil, errors.New("push: Interval is below zero")
	}
	if opt.CustomerID == "" {
		opt.CustomerID = "registered"
	}
	if opt.Prefix == "" {
		opt.Prefix = "nabo_"
	}
	if opt.Interval == 0 {
		opt.Interval = defaultInterval
	}
	pair := base64.StdEncoding.EncodeToString([]byte(string(opt.Key) + ":" + string(opt.Secret)))
	post, err := newPoster(opt.URL, opt.Client, opt.Retry, opt.Now, opt.Log, pair, string(opt.Secret), string(opt.Key))
	if err != nil {
		return nil, err
	}
	return &Bloomreach{opt: opt, base: strings.TrimSuffix(opt.URL, "/"), auth: "Basic " + pair, post: post}, nil
}

// command is one of a batch.
type command struct {
	Name string      `json:"name"`
	ID   string      `json:"command_id,omitempty"`
	Data commandData `json:"data"`
}

type commandData struct {
	CustomerIDs map[string]string `json:"customer_ids"`
	Properties  map[string]any    `json:"properties"`
	Updated     int64             `json:"update_timestamp"`
}

// Send sets the properties of a batch's members. It returns ErrAway when three
// calls in a row were given up, ErrDeadFull, or ctx's cause.
func (b *Bloomreach) Send(ctx context.Context, batch []Change) error {
	calls := b.caller(kindCommand)
	for i := range batch {
		body, reason := b.command(&batch[i])
		if reason != "" {
			if err := b.bury(kindCommand, body, reason, 0); err != nil {
				return err
			}
			continue
		}
		if err := calls.add(ctx, body); err != nil {
			return err
		}
	}
	return calls.flush(ctx)
}

// command makes a member's command; reason says why it can't be sent.
func (b *Bloomreach) command(c *Change) (body []byte, reason string) {
	offers, offerScores := columns(c.AllOffers)
	chains, chainScores := columns(c.AllChains)
	p := b.opt.Prefix
	properties := map[string]any{p + "offers": offers, p + "offer_scores": offerScores, p + "chains": chains, p + "chain_scores": chainScores}
	for name, value := range properties {
		if text, err := json.Marshal(value); err != nil || len(text) >= maxProperty {
			reason = fmt.Sprintf("the property %s has %d bytes, fewer than %d are taken", name, len(text), maxProperty)
		}
	}
	body, err := json.Marshal(command{
		Name: "customers",
		ID:   strconv.FormatUint(c.Seq, 10) + "-" + strconv.FormatUint(xxhash.Sum64String(c.Member), 16),
		Data: commandData{CustomerIDs: map[string]string{b.opt.CustomerID: c.Member}, Properties: properties, Updated: c.Time.Unix()},
	})
	if err != nil {
		return nil, err.Error()
	}
	return body, reason
}

// columns splits a list; an empty one is no null.
func columns(list []Ranked) (ids []string, scores []float64) {
	ids, scores = make([]string, len(list)), make([]float64, len(list))
	for i, r := range list {
		ids[i], scores[i] = r.ID, r.Score
	}
	return ids, scores
}

// Resend sends dead letters again: commands, items and deletions.
func (b *Bloomreach) Resend(ctx context.Context, letters []Letter) error {
	for _, l := range letters {
		if l.Kind != kindCommand && l.Kind != kindItem && l.Kind != kindDelete {
			return fmt.Errorf("a letter of kind %q is none of Bloomreach", l.Kind)
		}
	}
	for _, kind := range []string{kindCommand, kindItem, kindDelete} {
		calls := b.caller(kind)
		for _, l := range letters {
			if l.Kind != kind {
				continue
			}
			if err := calls.add(ctx, l.Body); err != nil {
				return err
			}
		}
		if err := calls.flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

// bury puts bodies that were not taken into the dead letters.
func (b *Bloomreach) bury(kind string, body []byte, reason string, attempts int) error {
	b.post.log.Error("goes to the dead letters", "kind", kind, "reason", reason)
	return b.opt.Dead.Add(Letter{At: b.post.now().UTC(), Reason: reason, Attempts: attempts, Kind: kind, Body: body})
}

// pace waits until the next call may begin.
func (b *Bloomreach) pace(ctx context.Context) error {
	now := b.post.now()
	if wait := b.next.Sub(now); wait > 0 {
		if err := sleep(ctx, wait); err != nil {
			return err
		}
		now = b.next
	}
	b.next = now.Add(b.opt.Interval)
	return nil
}

func (b *Bloomreach) header(time.Time) http.Header {
	return http.Header{"Authorization": {b.auth}, "Content-Type": {"application/json"}, "User-Agent": {"nabo"}}
}

// path returns the address of a project's route. A catalogue belongs to it.
func (b *Bloomreach) path(kind string) string {
	project := url.PathEscape(b.opt.Project)
	catalog := b.base + "/data/v2/projects/" + project + "/catalogs/" + url.PathEscape(b.opt.Catalog) + "/items/"
	switch kind {
	case kindItem:
		return catalog + "partial-update"
	case kindDelete:
		return catalog + "bulk-delete"
	}
	return b.base + "/track/v2/projects/" + project + "/batch"
}

package push

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	defaultHookBytes   = 256 << 10
	defaultHookChanges = 500
	secretPrefix       = "whsec_"
	minSecret          = 24 // bytes, as the scheme asks
	maxSecret          = 64
	kindChanges        = "changes" // of a Letter: an array of changes
)

// WebhookOptions says where changes are posted and how they are signed.
type WebhookOptions struct {
	// URL takes the requests: https, or http on this machine.
	URL string
	// Secrets sign, each with a signature of its own: the new one and, while
	// receivers learn it, the old one. "whsec_" and 24 to 64 random bytes in
	// base64.
	Secrets []Secret
	// Array sends a JSON array instead of NDJSON.
	Array bool
	// Bytes and Changes bound a request: 256 KiB and 500 if zero. One change
	// that is longer goes alone.
	Bytes, Changes int
	Dead           *DeadLetters // takes what is given up
	Client         *http.Client // nil: one of its own
	Retry          Retry
	Now            func() time.Time // the clock, for timestamps and Retry
	Log            *slog.Logger     // takes retries and losses; nil: nothing is said
}

// Webhook is a Sink that posts changes, signed by the scheme of
// https://www.standardwebhooks.com (specification 1.0.0): headers webhook-id,
// webhook-timestamp (Unix seconds, of the attempt) and webhook-signature, which
// is "v1," and the base64 of HMAC-SHA256 over id.timestamp.body, several divided
// by spaces. The id is made of the body, so that the same sent again has it too.
// The End is a request of its own: {"end":{…}}.
//
// An answer of 2xx is taken, 408, 425, 429, 5xx and no answer are tried again,
// any other is a refusal. What is refused or given up goes to the dead letters.
type Webhook struct {
	opt  WebhookOptions
	keys [][]byte
	post *poster
	buf  []byte
	patience
}

// NewWebhook returns a sink. No error shows the URL or a secret.
func NewWebhook(opt WebhookOptions) (*Webhook, error) {
	if opt.Dead == nil {
		return nil, errors.New("push: the webhook has no dead letters")
	}
	if opt.Bytes < 0 || opt.Changes < 0 {
		return nil, errors.New("push: Bytes or Changes is below zero")
	}
	if opt.Bytes == 0 {
		opt.Bytes = defaultHookBytes
	}
	if opt.Changes == 0 {
		opt.Changes = defaultHookChanges
	}
	w := &Webhook{opt: opt}
	var hide []string
	for i, s := range opt.Secrets {
		text := strings.TrimPrefix(string(s), secretPrefix)
		key, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(key) < minSecret || len(key) > maxSecret {
			return nil, fmt.Errorf("push: secret %d of the webhook is not %d to %d bytes in base64", i+1, minSecret, maxSecret)
		}
		w.keys = append(w.keys, key)
		hide = append(hide, text)
	}
	if len(w.keys) == 0 {
		return nil, errors.New("push: the webhook has no secret")
	}
	var err error
	w.post, err = newPoster(opt.URL, opt.Client, opt.Retry, opt.Now, opt.Log, hide...)
	return w, err
}

// Send posts a batch. It returns ErrAway when three requests in a row were given
// up, ErrDeadFull, or ctx's cause.
func (w *Webhook) Send(ctx context.Context, batch []Change) error {
	return cutLines(batch, w.opt.Bytes, w.opt.Changes, &w.buf, func(_, _ int, lines []byte) error {
		return w.sendLines(ctx, lines)
	})
}

// End posts that the sync is over. One that is given up is a dead letter too.
func (w *Webhook) End(ctx context.Context, e End) error {
	line, err := endLine(e)
	if err != nil {
		return err
	}
	return w.sendLines(ctx, line)
}

// Resend posts dead letters again.
func (w *Webhook) Resend(ctx context.Context, letters []Letter) error {
	for _, l := range letters {
		var changes []json.RawMessage
		if l.Kind != kindChanges || json.Unmarshal(l.Body, &changes) != nil {
			return fmt.Errorf("a letter of kind %q is none of a webhook", l.Kind)
		}
		var lines []byte
		for _, c := range changes {
			lines = append(append(lines, c...), '\n')
		}
		if err := w.sendLines(ctx, lines); err != nil {
			return err
		}
	}
	return nil
}

// sendLines posts NDJSON, or what becomes of it, until it is taken or a dead
// letter.
func (w *Webhook) sendLines(ctx context.Context, lines []byte) error {
	array := asArray(lines)
	body, form := lines, "application/x-ndjson"
	if w.opt.Array {
		body, form = array, "application/json"
	}
	sum := sha256.Sum256(body)
	id := "msg_" + hex.EncodeToString(sum[:16])
	err := w.post.post(ctx, &request{url: w.opt.URL, body: body, header: func(now time.Time) http.Header {
		stamp := strconv.FormatInt(now.Unix(), 10)
		h := http.Header{"Content-Type": {form}, "User-Agent": {"nabo"}}
		h.Set("webhook-id", id)
		h.Set("webhook-timestamp", stamp)
		h.Set("webhook-signature", w.sign(id, stamp, body))
		return h
	}})
	lost, ok := errors.AsType[*undeliverableError](err)
	if !ok {
		if err == nil {
			w.taken()
		}
		return err
	}
	w.post.log.Error("a batch goes to the dead letters", "id", id, "reason", lost.Error())
	letter := Letter{At: w.post.now().UTC(), Reason: lost.Error(), Attempts: lost.attempts, Kind: kindChanges, Body: array}
	if err := w.opt.Dead.Add(letter); err != nil {
		return err
	}
	return w.gaveUp()
}

// sign returns the signatures of a body, one a secret.
func (w *Webhook) sign(id, stamp string, body []byte) string {
	var out []byte
	for i, key := range w.keys {
		if i > 0 {
			out = append(out, ' ')
		}
		mac := hmac.New(sha256.New, key)
		_, _ = mac.Write([]byte(id + "." + stamp + ".")) // never fails
		_, _ = mac.Write(body)
		out = base64.StdEncoding.AppendEncode(append(out, "v1,"...), mac.Sum(nil))
	}
	return string(out)
}

// asArray makes a JSON array of NDJSON whose lines all end.
func asArray(lines []byte) []byte {
	out := append(make([]byte, 0, len(lines)+2), '[')
	for _, b := range lines {
		if b == '\n' { // none stands within a line
			b = ','
		}
		out = append(out, b)
	}
	return append(out[:len(out)-1], ']')
}

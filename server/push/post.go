package push

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	defaultAttempts = 8
	defaultFirst    = time.Second
	defaultMax      = time.Minute
	defaultTotal    = 10 * time.Minute
	defaultTimeout  = 20 * time.Second

	maxAnswer = 4 << 20 // bytes of an answer that are read
	maxReason = 200     // bytes of an answer that an error quotes
)

// Retry says how often and how long a request is tried.
type Retry struct {
	Attempts int           // at most; 8 if zero
	First    time.Duration // the first pause, doubled after each attempt; 1 s if zero
	Max      time.Duration // the longest pause that we choose; 1 min if zero
	// Total bounds the time from the first attempt to the beginning of the last:
	// 10 min if zero. A Retry-After that goes beyond it ends the attempts.
	Total   time.Duration
	Timeout time.Duration // of one attempt; 20 s if zero
	// Jitter returns a number from 0 to 1; a pause is cut by up to half with it.
	// nil: pauses are not cut.
	Jitter func() float64
}

func (r *Retry) setDefaults() error {
	if r.Attempts < 0 || r.First < 0 || r.Max < 0 || r.Total < 0 || r.Timeout < 0 {
		return errors.New("push: Retry has a number below zero")
	}
	set := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	if r.Attempts == 0 {
		r.Attempts = defaultAttempts
	}
	set(&r.First, defaultFirst)
	set(&r.Max, defaultMax)
	set(&r.Total, defaultTotal)
	set(&r.Timeout, defaultTimeout)
	return nil
}

// pause returns how long to wait after attempt n, counted from 1.
func (r *Retry) pause(n int) time.Duration {
	d := r.Max
	if n < 32 && r.First<<(n-1) > 0 {
		d = min(d, r.First<<(n-1))
	}
	if r.Jitter != nil {
		d -= time.Duration(float64(d) / 2 * min(max(r.Jitter(), 0), 1))
	}
	return d
}

// undeliverableError says that a request was given up for good: refused, or
// tried as often as allowed.
type undeliverableError struct {
	status   int // of the last answer; 0: there was none
	attempts int
	reason   string
}

func (e *undeliverableError) Error() string {
	return fmt.Sprintf("given up after %d attempts: %s", e.attempts, e.reason)
}

// request is what post sends. Header is asked before each attempt.
type request struct {
	url    string
	body   []byte
	header func(now time.Time) http.Header
	// accept looks at the body of an answer of 2xx. An error means that it was
	// not understood, and that the request may be sent again; one that is an
	// *undeliverableError ends the attempts.
	accept func(body []byte) error
}

// poster sends requests until they are taken, refused, or tried often enough.
type poster struct {
	client *http.Client
	retry  Retry
	now    func() time.Time
	log    *slog.Logger
	scrub  *strings.Replacer // takes secrets out of what receivers answer
}

// newPoster checks what every HTTP sink is given. A plain http address is right
// for this machine only.
func newPoster(address string, client *http.Client, retry Retry, now func() time.Time, log *slog.Logger, secrets ...string) (*poster, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, errors.New("push: the URL can't be read") // err would show it
	case u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("push: the URL is not an https address")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, errors.New("push: the URL is plain http, https was expected beyond this machine")
	case now == nil:
		return nil, errors.New("push: Now is nil, a clock was expected")
	}
	if err := retry.setDefaults(); err != nil {
		return nil, err
	}
	if client == nil {
		client = &http.Client{}
	}
	own := *client // a redirect would carry the body to where nobody meant it
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	var pairs []string
	for _, s := range secrets {
		if s != "" {
			pairs = append(pairs, s, hidden)
		}
	}
	return &poster{&own, retry, now, log, strings.NewReplacer(pairs...)}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// post sends a request. Its error is an *undeliverableError, or ctx's cause.
func (p *poster) post(ctx context.Context, r *request) error {
	begin := p.now()
	for n := 1; ; n++ {
		status, after, err := p.attempt(ctx, r)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		reason := p.scrub.Replace(err.Error())
		final, last := (*undeliverableError)(nil), &undeliverableError{status, n, reason}
		if errors.As(err, &final) {
			last.reason = p.scrub.Replace(final.reason)
			return last
		}
		if status >= 300 && !again(status) || n >= p.retry.Attempts {
			return last
		}
		wait := max(p.retry.pause(n), after)
		if p.now().Add(wait).Sub(begin) > p.retry.Total {
			return last
		}
		p.log.Warn("a receiver does not take what is sent: trying again", "attempt", n, "wait", wait, "reason", reason)
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// again says whether a request with that answer may be taken later.
func again(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}

// attempt makes one attempt; after is what the receiver asks to wait.
func (p *poster) attempt(ctx context.Context, r *request) (status int, after time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.retry.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(r.body))
	if err != nil {
		return 0, 0, &undeliverableError{reason: "the request can't be made"}
	}
	now := p.now()
	req.Header = r.header(now)
	resp, err := p.client.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // without the address, which may hold a token
		}
		return 0, 0, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	status, after = resp.StatusCode, retryAfter(resp.Header.Get("Retry-After"), now)
	switch {
	case status < 200 || status > 299:
		return status, after, fmt.Errorf("%d %s %s", status, http.StatusText(status), quote(body))
	case r.accept == nil:
		return status, 0, nil // taken, whatever became of the answer's body
	case err != nil:
		return status, 0, fmt.Errorf("the answer broke off: %w", err)
	}
	return status, 0, r.accept(body)
}

// quote returns the beginning of an answer, in one line.
func quote(body []byte) string {
	text := strings.ToValidUTF8(string(body[:min(len(body), maxReason)]), "")
	return strings.Join(strings.Fields(text), " ")
}

// retryAfter reads the header: seconds or a date.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		return time.Duration(max(0, seconds)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// sleep waits, or returns ctx's cause.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// patience counts batches that were given up one after another.
type patience struct{ lost int }

// maxLost is how many batches in a row go to the dead letters before a receiver
// counts as away. Then a sync fails, rather than put everything there.
const maxLost = 3

// ErrAway says that a receiver took none of several batches in a row.
var ErrAway = errors.New("push: the receiver takes nothing")

func (p *patience) taken() { p.lost = 0 }

func (p *patience) gaveUp() error {
	if p.lost++; p.lost < maxLost {
		return nil
	}
	p.lost = 0
	return ErrAway
}

package browser

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// listener keeps what a process says and lets one wait for a word.
type listener struct {
	mu   sync.Mutex
	said bytes.Buffer
	more chan struct{} // closed at the next word
}

func newListener() *listener { return &listener{more: make(chan struct{})} }

// Write takes what the process says.
func (l *listener) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.more)
	l.more = make(chan struct{})
	return l.said.Write(p)
}

func (l *listener) heard() (string, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said.String(), l.more
}

func (l *listener) all() string {
	said, _ := l.heard()
	return said
}

// after gives the word that follows a text.
func (l *listener) after(text string) string {
	_, rest, _ := strings.Cut(l.all(), text)
	word, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(word)
}

// await returns once the process has said something, with an error when it
// ended before or did not say it in time.
func (l *listener) await(text string, ended chan error, limit time.Duration) error {
	late := time.NewTimer(limit)
	defer late.Stop()
	for {
		said, more := l.heard()
		if strings.Contains(said, text) {
			return nil
		}
		select {
		case <-more:
		case err := <-ended:
			ended <- err
			return fmt.Errorf("nabo ended (%v) without %q; it said:\n%s", err, text, said)
		case <-late.C:
			return fmt.Errorf("nabo did not say %q within %v; it said:\n%s", text, limit, said)
		}
	}
}

// awaitReady returns once /readyz says yes.
func awaitReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(request)
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("%s/readyz did not say yes: %w", url, ctx.Err())
		}
	}
}

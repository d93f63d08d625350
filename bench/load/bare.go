package load

import (
	"context"
	"encoding/gob"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

// Bare is the hidden command that serves ready answers out of a table: what
// net/http costs when there is nothing behind it.
type Bare struct {
	Table string `arg:"" help:"File of answers, written by bench serve." type:"path"`

	Out io.Writer `kong:"-"` // takes the address, in one line
}

// Run serves on a free loopback port until ctx ends.
func (b *Bare) Run(ctx context.Context) error {
	answers, err := readAnswers(b.Table)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("bare handler: %w", err)
	}
	server := &http.Server{Handler: bareHandler(answers), ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	fmt.Fprintln(b.Out, l.Addr())
	select {
	case err = <-ended:
		return fmt.Errorf("bare handler: %w", err)
	case <-ctx.Done():
		err = server.Close()
		<-ended
		return err
	}
}

// bareHandler answers each request that is in the table: a GET by its URI, a
// POST by its URI and body.
func bareHandler(answers map[string][]byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.URL.RequestURI()
		if r.Method == http.MethodPost {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			key += string(body)
		}
		answer, ok := answers[key]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(answer)))
		w.Write(answer)
	})
}

func writeAnswers(file string, answers map[string][]byte) error {
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("write the answers for the bare handler: %w", err)
	}
	if err := gob.NewEncoder(f).Encode(answers); err != nil {
		f.Close()
		return fmt.Errorf("write the answers for the bare handler: %w", err)
	}
	return f.Close()
}

func readAnswers(file string) (answers map[string][]byte, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("bare handler: %w", err)
	}
	defer f.Close()
	if err := gob.NewDecoder(f).Decode(&answers); err != nil {
		return nil, fmt.Errorf("bare handler: read %s: %w", file, err)
	}
	return answers, nil
}

package app

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// childEnv names a data folder; a test binary that finds it set is a process
// that serves there until it is killed.
const childEnv = "NABO_TEST_APP_CHILD"

func serveChild(dir string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	opt := Options{Config: settings(dir), Ready: func(at Addresses) { fmt.Println(at.HTTP) }}
	if err := Run(ctx, opt); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// child is a real process that the test may kill.
type child struct {
	cmd *exec.Cmd
	url string
}

func startChild(t *testing.T, dir string) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0])}
	c.cmd.Env = append(os.Environ(), childEnv+"="+dir)
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = c.cmd.Wait()
		t.Fatalf("the process did not become ready: %v", err)
	}
	c.url = strings.TrimSpace(line)
	return c
}

const (
	killers      = 4  // clients at once
	killBatch    = 20 // receipts in a request
	killRounds   = 6
	killPerRound = 40 // requests after which a kill may come, at the latest
)

// TestKilledAgainAndAgain sends receipts from several clients, kills the
// process at random moments, starts it again, and sends again what was not
// acknowledged. In the end each receipt counts once, and a run over the same
// log that nothing disturbs has the same digest.
func TestKilledAgainAndAgain(t *testing.T) {
	dir := t.TempDir()
	clients := make([]killClient, killers)
	for i := range clients {
		clients[i] = killClient{name: i, http: &http.Client{Timeout: 20 * time.Second}}
	}
	for range killRounds {
		c := startChild(t, dir)
		acked := make(chan struct{}, killers*killPerRound)
		var wg sync.WaitGroup
		for i := range clients {
			wg.Go(func() { clients[i].sendUntilKilled(c.url, acked) })
		}
		for range 1 + rand.IntN(killPerRound) {
			<-acked
		}
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
		wg.Wait()
	}

	c := startChild(t, dir)
	sent := 0
	for i := range clients {
		if err := clients[i].send(c.url); err != nil { // what was under way at the last kill
			t.Fatal(err)
		}
		sent += clients[i].next * killBatch
		clients[i].http.CloseIdleConnections()
	}
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()

	opt := Options{Config: settings(dir)}
	r := launch(t, opt)
	disturbed := r.stats()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	opt.Rebuild = true
	r = launch(t, opt)
	undisturbed := r.stats()
	if disturbed.Digest != undisturbed.Digest {
		t.Errorf("digest %+v after %d kills, %+v without", disturbed.Digest, killRounds+1, undisturbed.Digest)
	}
	if int(undisturbed.Events.Applied) != sent {
		t.Errorf("%d receipts were applied, %d were acknowledged (%d duplicates in the log)", undisturbed.Events.Applied, sent, undisturbed.Events.Duplicates)
	}
	t.Logf("%d receipts, %d groups, %d duplicates in the log", sent, undisturbed.Position, undisturbed.Events.Duplicates)
}

// killClient sends numbered batches; next is the first that was not
// acknowledged.
type killClient struct {
	name, next int
	http       *http.Client
}

func (k *killClient) sendUntilKilled(url string, acked chan<- struct{}) {
	for k.send(url) == nil {
		select {
		case acked <- struct{}{}:
		default: // enough for any kill
		}
	}
	k.http.CloseIdleConnections()
}

// send posts the next batch, and counts it when it was acknowledged.
func (k *killClient) send(url string) error {
	var body strings.Builder
	for i := range killBatch {
		n := k.next*killBatch + i
		member := ""
		if n%3 > 0 {
			member = fmt.Sprint("m-", n%50)
		}
		body.WriteString(receipt(fmt.Sprintf("%d-%d", k.name, n), member, fmt.Sprint("p", n%7), fmt.Sprint("p", n%11), fmt.Sprint("q", n%13)) + "\n")
	}
	resp, err := k.http.Post(url+"/v1/events", "application/x-ndjson", strings.NewReader(body.String()))
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusAccepted {
		return fmt.Errorf("%s: %s", resp.Status, b)
	}
	k.next++
	return nil
}

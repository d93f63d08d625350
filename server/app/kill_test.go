package app

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
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

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// childEnv names a data folder; a test binary that finds it set is a process
// that serves there until it is killed.
const childEnv = "NABO_TEST_APP_CHILD"

func serveChild(dir string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	opt := Options{Config: settings(dir), Ready: func(at Addresses) { fmt.Println(at.HTTP, at.NATS) }}
	opt.NATSListen = "127.0.0.1:0"
	var err error
	if opt.SyncConfig, err = syncOfChild(); err == nil {
		err = Run(ctx, opt)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// child is a real process that the test may kill.
type child struct {
	cmd       *exec.Cmd
	url, nats string
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
	c.url, c.nats, _ = strings.Cut(strings.TrimSpace(line), " ")
	return c
}

const (
	killers      = 4  // clients over HTTP at once
	natsKillers  = 2  // and over NATS
	killBatch    = 20 // receipts in a request
	killRounds   = 6
	killPerRound = 40 // requests after which a kill may come, at the latest
)

// TestKilledAgainAndAgain sends receipts from several clients, over HTTP and
// over NATS, kills the process at random moments, starts it again, and sends again what was not
// acknowledged. In the end each receipt counts once, and a run over the same
// log that nothing disturbs has the same digest.
func TestKilledAgainAndAgain(t *testing.T) {
	dir := t.TempDir()
	clients := make([]killClient, killers)
	for i := range clients {
		clients[i] = killClient{name: i, http: &http.Client{Timeout: 20 * time.Second}}
	}
	publishers := make([]natsKiller, natsKillers)
	for i := range publishers {
		publishers[i].name = i
	}
	for range killRounds {
		c := startChild(t, dir)
		acked := make(chan struct{}, killers*killPerRound)
		var wg sync.WaitGroup
		for i := range publishers {
			wg.Go(func() { publishers[i].publishUntilKilled(c.nats) })
		}
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
	for i := range publishers {
		if err := publishers[i].publish(c.nats, 1); err != nil {
			t.Fatal(err)
		}
		sent += publishers[i].next
	}
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()

	opt := Options{Config: settings(dir)}
	r := launch(t, opt)
	r.awaitApplied(uint64(sent)) // what NATS had received may still be on its way in
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

// natsKiller publishes numbered receipts; next is the first that JetStream did
// not acknowledge.
type natsKiller struct{ name, next int }

func (k *natsKiller) publishUntilKilled(url string) { _ = k.publish(url, math.MaxInt) }

// publish sends up to limit receipts, each again until it is acknowledged, and
// returns the first error.
func (k *natsKiller) publish(url string, limit int) error {
	nc, err := nats.Connect(url, nats.NoReconnect(), nats.Timeout(20*time.Second))
	if err != nil {
		return err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	for range limit {
		body := receipt(fmt.Sprintf("nats-%d-%d", k.name, k.next), fmt.Sprint("m-", k.next%50), fmt.Sprint("p", k.next%7), fmt.Sprint("n", k.next%5))
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		_, err := js.Publish(ctx, "nabo.events.receipt", []byte(body))
		cancel()
		if err != nil {
			return err
		}
		k.next++
	}
	return nil
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

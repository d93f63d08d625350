package engine_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"nabo/engine"
	"nabo/engine/event"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata")

// TestScripts plays every script in testdata: days on which things happen,
// questions, and the answers that they should get. A script's first lines say
// what it shows. `go test ./engine -run Scripts -update` rewrites the answers;
// read the diff.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want) {
				t.Errorf("the answers differ; got:\n%s", got)
			}
		})
	}
}

// script is one shop while its script is played.
type script struct {
	t      *testing.T
	e      *engine.Engine
	pos    uint64
	now    event.Millis
	tokens map[string]event.Token
}

// opening is 2026-01-01, day 0 of every script.
var opening = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func play(t *testing.T, text string) string {
	e, err := engine.New(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &script{t: t, e: e, tokens: map[string]event.Token{}}
	var out bytes.Buffer
	answer := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if answer && line != "" {
			continue // the old answer
		}
		answer = false
		fmt.Fprintln(&out, line)
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.HasPrefix(line, "#"):
		case words[0] == "ask":
			answer = true
			fmt.Fprintln(&out, "----")
			s.ask(&out, words[1:])
		default:
			s.happen(words)
		}
	}
	return out.String()
}

// happen applies one line such as "3d anna buys bread,milk @s1 #r1".
func (s *script) happen(words []string) {
	day, err := strconv.ParseFloat(strings.TrimSuffix(words[0], "d"), 64)
	if err != nil || len(words) < 3 {
		s.t.Fatalf("%q: want a day, who, what", words)
	}
	at := event.Millis(opening.UnixMilli() + int64(day*24*3600*1000))
	s.now = max(s.now, at)
	s.pos++
	ev := &event.Event{Key: s.pos, Time: at, Received: s.now}
	opts := map[string]string{}
	for _, w := range words[3:] {
		switch {
		case w[0] == '@':
			ev.Store = w[1:]
		case w[0] == '%':
			ev.Chain = w[1:]
		case w[0] == '#':
			ev.Key = event.KeyOf("", w[1:])
		case strings.Contains(w, "="):
			k, v, _ := strings.Cut(w, "=")
			opts[k] = strings.ReplaceAll(v, "_", " ")
		}
	}
	ev.Session = event.HashID(opts["session"])
	if words[1] != "someone" && words[1] != "shop" {
		ev.Member = s.token(words[1])
	}
	var what string
	if len(words) > 3 {
		what = words[3]
	}
	s.body(ev, words[2], what, opts)
	times, _ := strconv.Atoi(opts["times"])
	for i := range max(times, 1) {
		ev.Key += uint64(i) << 32
		s.e.Apply(s.pos, ev.Received, ev)
	}
	s.e.Publish(s.pos)
}

func (s *script) body(ev *event.Event, verb, what string, opts map[string]string) {
	switch verb {
	case "buys", "returns":
		r := &event.Receipt{}
		for id := range strings.SplitSeq(what, ",") {
			r.Lines = append(r.Lines, event.Line{Product: id, Qty: 1, Price: math.NaN(), Return: verb == "returns",
				Offer: opts["by"], Discount: number(opts, "discount", 0)})
		}
		if of := opts["of"]; of != "" {
			r.Original = event.KeyOf("", of)
		}
		ev.Type, ev.Body = event.TypeReceipt, r
	case "views":
		ev.Type, ev.Body = event.TypeView, &event.View{Product: what}
	case "scans":
		ev.Type, ev.Body = event.TypeScan, &event.Scanned{Product: what, Action: event.ActionAdd}
	case "unscans":
		ev.Type, ev.Body = event.TypeScan, &event.Scanned{Product: what, Action: event.ActionRemove}
	case "logs-in":
		ev.Type, ev.Body = event.TypeMemberIdentified, &event.MemberIdentified{}
	case "is-erased":
		ev.Type, ev.Body = event.TypeMemberErased, &event.MemberErased{}
	case "becomes":
		ev.Type, ev.Body = event.TypeMemberMerged, &event.MemberMerged{Into: s.token(what)}
	case "lists":
		ev.Type, ev.Body = event.TypeProductUpserted, &event.Product{
			Product: what, Name: opts["name"], Category: opts["category"], Brand: opts["brand"], Price: math.NaN()}
	case "delists":
		ev.Type, ev.Body = event.TypeProductDeleted, &event.ProductDeleted{Product: what}
	case "runs-out-of":
		ev.Type, ev.Body = event.TypeStockChanged, &event.Stock{Product: what, Availability: event.OutOfStock}
	case "has-again":
		ev.Type, ev.Body = event.TypeStockChanged, &event.Stock{Product: what, Availability: event.InStock}
	case "hears-of":
		weight, _ := strconv.ParseFloat(opts["weight"], 64)
		ev.Type, ev.Body = event.TypeSignal, &event.Signal{Product: what, Weight: weight}
	default:
		if !s.offerBody(ev, verb, what, opts) {
			s.t.Fatalf("what is %q?", verb)
		}
	}
}

func (s *script) token(name string) event.Token {
	if s.tokens[name] == 0 {
		s.tokens[name] = event.Token(len(s.tokens) + 1)
	}
	return s.tokens[name]
}

// ask answers a line such as "together bread count=3 @s1", as of the latest
// thing that happened.
func (s *script) ask(out *bytes.Buffer, words []string) {
	s.e.Refresh(context.Background())
	if s.askOffers(out, words) {
		return
	}
	kinds := map[string]engine.Kind{"together": engine.Together, "basket": engine.Basket, "similar": engine.Similar, "trending": engine.Trending, "goods": engine.Goods}
	q := engine.Query{Kind: kinds[words[0]], Count: 3}
	if q.Kind == 0 {
		s.t.Fatalf("what is %q?", words[0])
	}
	for _, w := range words[1:] {
		k, v, named := strings.Cut(w, "=")
		switch {
		case w[0] == '@':
			q.Store = w[1:]
		case w[0] == '%':
			q.Chain = w[1:]
		case w == "explain":
			q.Explain = true
		case !named && q.Kind == engine.Goods:
			q.Member = s.token(w)
		case !named && q.Kind == engine.Basket:
			q.Products = strings.Split(w, ",")
		case !named:
			q.Product = w
		case k == "count":
			q.Count, _ = strconv.Atoi(v)
		case k == "session":
			q.Session = event.HashID(v)
		case k == "member":
			q.Member = s.token(v)
		case k == "logic":
			q.Logic = map[string]engine.Logic{"mixed": engine.Mixed, "buy-again": engine.BuyAgain, "discover": engine.Discover}[v]
		case k == "window":
			q.Window = map[string]engine.Window{"1h": engine.Hour, "1d": engine.Day, "7d": engine.Week}[v]
		case k == "minSupport":
			q.MinSupport, _ = strconv.ParseFloat(v, 64)
		default:
			s.t.Fatalf("what is %q?", w)
		}
	}
	var a engine.Answer
	s.e.Recommend(&q, s.now, &a)
	for i := range a.Recomms {
		s.write(out, &a.Recomms[i])
	}
}

func (s *script) write(out *bytes.Buffer, r *engine.Recomm) {
	fmt.Fprintf(out, "%s %.4f %s", r.Product.ID, r.Score, r.Source)
	if r.Support > 0 {
		fmt.Fprintf(out, " support=%.2f lift=%.2f", r.Support, r.Lift)
	}
	fmt.Fprintf(out, ": %s\n", r.Reasons[0].AppendText(nil))
	sum := 0.0
	for _, ev := range r.Evidence {
		fmt.Fprintf(out, "    %s %s %.4f\n", ev.Edge, ev.From, ev.Share)
		sum += ev.Share
	}
	if len(r.Evidence) > 0 && math.Abs(sum-r.Score) > 1e-9 {
		s.t.Errorf("%s: the shares sum to %v, the score is %v", r.Product.ID, sum, r.Score)
	}
}

package files

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alecthomas/kong"

	"nabo/engine/event"
)

var update = flag.Bool("update", false, "rewrite the expected events in testdata")

// TestFiles reads each file of testdata as people have them, and compares the
// events and the rejects with what is expected beside it.
func TestFiles(t *testing.T) {
	names, err := filepath.Glob("testdata/*.*")
	if err != nil || len(names) < 5 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".want") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			rejects := filepath.Join(t.TempDir(), "rejects.csv")
			var got bodies
			readAll(t, Import{Rejects: rejects, Timezone: "Europe/Copenhagen"}, text, &got)
			bad, err := os.ReadFile(rejects)
			if err != nil {
				t.Fatal(err)
			}
			said := strings.ReplaceAll(strings.Join(got.lines, "\n")+"\n\n"+string(bad), `{"specversion":"1.0",`, "{")
			if *update {
				if err := os.WriteFile(name+".want", []byte(said), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name + ".want")
			if err != nil {
				t.Fatal(err)
			}
			if said != string(want) {
				t.Errorf("got\n%s\nwant\n%s", said, want)
			}
		})
	}
}

// TestCommand reads the flags as the command line has them.
func TestCommand(t *testing.T) {
	var im Import
	parser, err := kong.New(&im, kong.Name("import"), kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"--map", "ts=Date,product=Stock Code", "--delimiter", ";", "a.csv", "-", "--in-flight=2"}); err != nil {
		t.Fatal(err)
	}
	if len(im.Files) != 2 || im.Files[1] != "-" || im.Map["product"] != "Stock Code" || im.Map["ts"] != "Date" || im.InFlight != 2 ||
		im.Server != "http://127.0.0.1:8080" || im.Kind != Auto || im.Batch != 1000 || im.Every != 2*time.Second || im.Source != "import" {
		t.Errorf("got %+v", im)
	}
	if _, err := parser.Parse([]string{"--kind", "poems", "a.csv"}); err == nil {
		t.Error("a kind that isn't there was taken")
	}
}

func TestOptionsRefused(t *testing.T) {
	for want, o := range map[string]Import{
		"nothing to import":                {},
		"--server \"ftp://x\"":             {Files: []string{"a"}, Server: "ftp://x"},
		"--timezone \"Mars\"":              {Files: []string{"a"}, Timezone: "Mars"},
		"--date-layout \"15:04\"":          {Files: []string{"a"}, DateLayout: "15:04"},
		"--delimiter \"ab\"":               {Files: []string{"a"}, Delimiter: "ab"},
		"--kind \"poems\"":                 {Files: []string{"a"}, Kind: "poems"},
		"--batch -1":                       {Files: []string{"a"}, Batch: -1},
		"--in-flight 100":                  {Files: []string{"a"}, InFlight: 100},
		"--currency \"kr\"":                {Files: []string{"a"}, Currency: "kr"},
		"--every -1s":                      {Files: []string{"a"}, Every: -time.Second},
		"--dry-run and --watch exclude":    {Watch: "a", DryRun: true},
		"no-such-file: no such file or di": {Files: []string{"no-such-file"}, DryRun: true},
	} {
		o.Out, o.Err = &bytes.Buffer{}, &bytes.Buffer{}
		if err := o.Run(context.Background()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestDryRun(t *testing.T) {
	text := salesText + "2099-03-01T10:00:00Z,7,3,m,a,2,1.5\nlate,7,4,m,a,1,1\n"
	said, err := runTo(t, context.Background(), Import{DryRun: true, Server: "http://127.0.0.1:1", Store: "17", Chain: "c", Currency: "DKK"}, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"3 receipts with 4 lines from 1 file; nothing was sent", "good 2   rejected 1", "2 lines or events were no good",
		"sales.csv line 5: /time must be at most 24 hours ahead", `the first: {"specversion":"1.0","id":"2026-03-01/7/1","source":"import"`, `"chain":"c"`, `"currency":"DKK"`} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is missing in %s", want, said)
		}
	}
}

// TestNothingTaken has a file in which every line is bad.
func TestNothingTaken(t *testing.T) {
	_, err := runImport(t, &fakeNabo{}, Import{DateLayout: "dmy"}, []byte("ts,receipt,product\nx,1,a\ny,1,b\n"))
	if err == nil || !strings.Contains(err.Error(), "nothing could be taken: ") || !strings.Contains(err.Error(), "line 2: ts is no date and time that is known") {
		t.Errorf("got %v", err)
	}
}

// TestOthersGoOn imports three files of which the second is no good.
func TestOthersGoOn(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.csv")
	if err := os.WriteFile(bad, []byte("a,b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := runImport(t, &fakeNabo{}, Import{Files: []string{"testdata/bakery.csv", bad}}, []byte(salesText))
	if err == nil || !strings.Contains(err.Error(), bad+": has no column") || !strings.Contains(said, "accepted 5   duplicates 0") {
		t.Errorf("got %v, said %s", err, said)
	}
}

func TestProgressLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		var n tally
		p := &progress{out: &out, tally: &n, now: time.Now}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			p.run(ctx)
		}()
		pass(lineEvery - time.Second)
		n.accepted.Store(50_000)
		pass(2 * time.Second)
		n.total.Store(1000)
		n.sent(500)
		n.sent(250)
		pass(lineEvery)
		why := "no answer"
		n.trouble.Store(&why)
		pass(lineEvery)
		cancel()
		<-done
		if want := "50,000 events, 10,000/s\n50,000 events, 5,000/s, 50% of the files, about 10s left\n" +
			"50,000 events, 3,333/s; trying again: no answer\n"; out.String() != want {
			t.Errorf("said %q, want %q", out.String(), want)
		}
	})
}

func TestProgressBar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		var n tally
		n.total.Store(1 << 20)
		p := &progress{out: &out, terminal: true, tally: &n, now: time.Now}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			p.run(ctx)
		}()
		n.accepted.Store(1000)
		n.sent(1 << 19)
		pass(time.Second)
		cancel()
		<-done
		if said := out.String(); !strings.Contains(said, "1,000 events") || !strings.Contains(said, "50%") {
			t.Errorf("said %q", said)
		}
	})
}

// FuzzSales asks of any CSV that what comes out of it are events that the
// server takes, but for their time, and that reading it again gives the same.
func FuzzSales(f *testing.F) {
	for _, s := range []string{salesText, "date;bon;vare;antal;pris\n31.12.2026;1;a;0,5;1.234,50\n", "ts,member,product,return,sales_value,currency\n2026-01-01,m,p,yes,3,DKK\n2026-01-01,m,p,,3,dkk\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		first, again := sales(t, text), sales(t, text)
		if !bytes.Equal(first, again) {
			t.Fatalf("got %s, then %s", first, again)
		}
	})
}

// sales returns the events of a text, nil where it is no receipts file.
func sales(t *testing.T, text []byte) (events []byte) {
	var out bytes.Buffer
	o := Import{Files: []string{"-"}, In: bytes.NewReader(text), Err: &out, Out: &out, Rejects: os.DevNull}
	o.setDefaults()
	j := newJob(&o, time.UTC)
	defer j.rejects.close()
	s, err := j.openSource("-")
	if err != nil {
		return nil
	}
	defer s.close()
	l, err := s.learn("", time.UTC)
	if err != nil || l.events || s.form != formCSV {
		return nil
	}
	r, err := s.rows()
	if err != nil {
		return nil
	}
	fj := &fileJob{job: j, source: s, rows: r}
	to := &nowhere{}
	j.packer.sink, j.packer.ctx = to, context.Background()
	if err := fj.run(context.Background(), l); err != nil {
		t.Fatal(err)
	}
	event.Scan(to.batch.body, func(_ int, ev *event.Event, err error) bool {
		if err != nil && len(to.batch.origins) > 0 {
			t.Fatalf("%v in %s", err, to.batch.body)
		}
		return true
	})
	return bytes.Clone(to.batch.body)
}

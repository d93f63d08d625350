package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// TestReadme runs every command of the README, from top to bottom, and looks
// at what it says. A command whose answer nobody has described here fails. The
// program is built as a reader would build it: under the race detector the shop
// would take minutes to feed, and the parts have race tests of their own.
func TestReadme(t *testing.T) {
	t.Parallel()
	p := &page{t: t, dir: t.TempDir()}
	if out, err := exec.Command("go", "build", "-o", p.dir, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, b := range blocks(readme(t)) {
		switch b.lang {
		case "sh":
			for _, command := range cut(t, b.text) {
				p.run(command)
			}
		case "yaml":
			name := strings.TrimPrefix(strings.SplitN(b.text, "\n", 2)[0], "# ")
			if err := os.WriteFile(filepath.Join(p.dir, name), []byte(b.text), 0o600); err != nil {
				t.Fatal(err)
			}
		case "json":
			p.compare(b.text)
		}
		if b.lang == "text" && b.shown {
			p.contains(b.text)
		}
	}
}

// answers says what the answer to each command holds, by what only that
// command has in it. Numbers are left out where they change from day to day.
var answers = map[string]string{
	"make run":                              "Everything in it is invented.",
	"make test":                             " ./server/browser",
	"/1001/bought-together":                 "El Norte taco seasoning, mild, 30 g",
	"products=1002&products=1004":           "Sauceby pickled beetroot, sliced, 570 g",
	"logic=buy-again":                       "you buy it about every",
	"/1003/similar":                         "ground coffee",
	"/trending?":                            "times as much as usual",
	"/m-1/affinity":                         `"evidence":[{`,
	"/1001/members":                         `"member":"m-`,
	"digest=true":                           `"hash":"`,
	`"id":"r-881"`:                          `"accepted":1`,
	"nats pub":                              "",
	"nats request":                          "El Norte taco seasoning, mild, 30 g",
	`"type":"view"`:                         `"applied":true`,
	`["1001","183000"]`:                     "El Norte taco salsa, mild, 230 g",
	`"type":"scan"`:                         `"applied":true`,
	"session=trip-7":                        "El Norte taco seasoning, mild, 30 g",
	"cat > sales.csv":                       "",
	"import sales.csv":                      "accepted 2",
	"mkdir -p exports":                      "",
	"import --watch":                        "accepted 1",
	"/products/9001":                        `"seq":`,
	`[\"o-coffee`:                           `"explanation":"`,
	"/v1/offers/o-crisps":                   `"applied":true`,
	"/activations/o-crisps":                 `"nextOffer":{`,
	`"booster":`:                            `"id":"o-coffee"`,
	"scenarios/newsletter":                  `"maxPerCategory":4`,
	"/m-2/consents":                         `"granted":false`,
	`"format":"ndjson"`:                     `"state":"`,
	"curl 'http://127.0.0.1:8080/v1/lists'": `"scenario":"newsletter"`,
	"backtest --help":                       "--queries",
	"serve --config nabo.yaml":              "nabo answers at",
}

// page is a reader who follows the README in a folder of their own.
type page struct {
	t    *testing.T
	dir  string
	demo *child // started by make run
	said string // the last command's output
}

// run runs one command as the reader would, on ports that are free, and checks
// its answer.
func (p *page) run(command string) {
	p.t.Helper()
	want, found := "", ""
	for part, answer := range answers {
		if strings.Contains(command, part) {
			if found != "" {
				p.t.Fatalf("both %q and %q describe the command %s", found, part, command)
			}
			found, want = part, answer
		}
	}
	if found == "" {
		p.t.Fatalf("no answer is described for the command %s", command)
	}
	began := time.Now()
	defer func() { p.t.Logf("%6.2f s  %s", time.Since(began).Seconds(), strings.SplitN(command, "\n", 2)[0]) }()
	switch {
	case command == "make run":
		p.demo = p.beside(made(p.t, "run"), "Ctrl-C stops.")
		p.t.Cleanup(func() { p.end(p.demo) })
	case command == "make test":
		p.said = made(p.t, "test")
	case strings.Contains(command, "import --watch"):
		c := p.beside(command, "exports")
		p.export()
		if err := c.await(want); err != nil {
			p.t.Fatal(err)
		}
		p.end(c)
	case strings.Contains(command, " serve "):
		p.end(p.beside(command, want))
	default:
		p.shell(command)
	}
	if !strings.Contains(p.said, want) {
		p.t.Errorf("%s\nanswered %s\nwithout %s", command, p.said, want)
	}
}

// shell runs a command to its end.
func (p *page) shell(command string) {
	p.t.Helper()
	command = strings.ReplaceAll(command, "http://127.0.0.1:8080", p.demo.url())
	cmd := exec.Command("sh", "-euc", command)
	cmd.Dir, cmd.Env = p.dir, p.env()
	out, err := cmd.CombinedOutput()
	p.said = string(out)
	if err != nil {
		p.t.Errorf("%s\n%v: %s", command, err, out)
	}
}

// beside starts a command that goes on, and returns once it has said
// something. The settings of the environment stand in for a reader's free
// ports.
func (p *page) beside(command, until string) *child {
	p.t.Helper()
	words := strings.Fields(command)
	c, err := start(p.dir, p.env(), until, filepath.Join(p.dir, words[0]), words[1:]...)
	if err != nil {
		p.t.Fatal(err)
	}
	p.said, _ = c.heard()
	return c
}

// end stops a command that goes on and keeps what it said.
func (p *page) end(c *child) {
	p.t.Helper()
	if err := c.stop(); err != nil {
		p.t.Error(err)
	}
	p.said, _ = c.heard()
}

func (p *page) env() []string {
	env := append(os.Environ(), "NABO_LISTEN=127.0.0.1:0", "NABO_NATS_LISTEN=127.0.0.1:0")
	if p.demo != nil {
		env = append(env, "NABO_SERVER="+p.demo.url(), "NATS_URL="+p.demo.after(" nats="))
	}
	return env
}

// export puts a file into the folder exports, whole, as a nightly job does.
func (p *page) export() {
	p.t.Helper()
	part := filepath.Join(p.dir, "part")
	rows := "Sold;Butik;Slip;Kunde;Varenummer;Antal;Pris\n14-10-2026 09:00;17;9100;m-42;1001;1;17,95\n"
	err := os.WriteFile(part, []byte(rows), 0o600)
	if err == nil {
		err = os.Rename(part, filepath.Join(p.dir, "exports", "night.csv"))
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// compare holds the last answer to what the README shows of it.
func (p *page) compare(text string) {
	p.t.Helper()
	var want, got any
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		p.t.Fatalf("%v in the README's %s", err, text)
	}
	if err := json.Unmarshal([]byte(p.said), &got); err != nil {
		p.t.Fatalf("%v in the answer %s", err, p.said)
	}
	if err := within(want, got); err != nil {
		p.t.Errorf("the README shows %s\nthe answer was %s\n%v", text, p.said, err)
	}
}

// contains holds the last answer to the lines that the README shows of it.
func (p *page) contains(text string) {
	p.t.Helper()
	for line := range strings.Lines(text) {
		if !strings.Contains(p.said, strings.TrimSpace(line)) {
			p.t.Errorf("the README shows %sthe answer was %s", line, p.said)
		}
	}
}

var digits = regexp.MustCompile(`[0-9]+`)

// within is whether all that is wanted is there. Counts, times and ids of
// answers differ from run to run, so numbers and digits are alike, and elements of
// a list may come in another order.
func within(want, got any) error {
	switch want := want.(type) {
	case map[string]any:
		have, _ := got.(map[string]any)
		for key, value := range want {
			if _, ok := have[key]; !ok {
				return fmt.Errorf("%q is not there", key)
			}
			if key == "recommId" {
				continue
			}
			if err := within(value, have[key]); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		}
		return nil
	case []any:
		have, _ := got.([]any)
	next:
		for _, w := range want {
			for _, h := range have {
				if within(w, h) == nil {
					continue next
				}
			}
			return fmt.Errorf("%v is not there", w)
		}
		return nil
	case string:
		have, ok := got.(string)
		if !ok || digits.ReplaceAllString(want, "0") != digits.ReplaceAllString(have, "0") {
			return fmt.Errorf("%q is not %v", want, got)
		}
		return nil
	case float64:
		if _, ok := got.(float64); !ok {
			return fmt.Errorf("%v is no number", got)
		}
		return nil
	}
	if want != got {
		return fmt.Errorf("%v is not %v", want, got)
	}
	return nil
}

// block is one fenced piece of the README.
type block struct {
	lang, text string
	shown      bool // it comes right after another: it shows what that says
}

var fenced = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```\n")

func blocks(text string) []block {
	var out []block
	end := -1
	for _, at := range fenced.FindAllStringSubmatchIndex(text, -1) {
		out = append(out, block{
			lang: text[at[2]:at[3]], text: text[at[4]:at[5]],
			shown: end >= 0 && strings.TrimSpace(text[end:at[0]]) == "",
		})
		end = at[1]
	}
	return out
}

// cut cuts a block into commands: a line, and those that belong to it by a
// backslash, an open quotation or a document that follows.
func cut(t *testing.T, text string) []string {
	t.Helper()
	var out []string
	open := ""
	for line := range strings.Lines(text) {
		if open == "" && (strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "") {
			continue
		}
		open += line
		if strings.HasSuffix(line, "\\\n") || strings.Count(open, "'")%2 == 1 ||
			strings.Contains(open, "<<'END'") && line != "END\n" {
			continue
		}
		out = append(out, strings.TrimSpace(open))
		open = ""
	}
	if open != "" {
		t.Fatalf("a command does not end: %s", open)
	}
	return out
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// made is the last line that make would run for a target.
func made(t *testing.T, target string) string {
	t.Helper()
	cmd := exec.Command("make", "--no-print-directory", "-n", target)
	cmd.Env = append(os.Environ(), "MAKEFLAGS=", "MAKELEVEL=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("make -n %s: %v: %s", target, err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

var (
	settingRow = regexp.MustCompile("(?m)^\\| `--([a-z-]+)` \\| (?:`([^`]*)`)? ?\\|")
	flagName   = regexp.MustCompile("--([a-z][a-z-]+)")
	folderLine = regexp.MustCompile(`(?m)^([a-z]+(?:/[a-z]*)*(?:\.go)?) {2,}`)
	linkTarget = regexp.MustCompile(`\]\(([^)]+)\)`)
)

// TestReadmeNames checks the settings, flags, files and folders that the
// README names.
func TestReadmeNames(t *testing.T) {
	text := readme(t)
	defaults, err := flagDefaults()
	if err != nil {
		t.Fatal(err)
	}
	rows := settingRow.FindAllStringSubmatch(text, -1)
	if len(rows) < 10 {
		t.Errorf("found %d rows of settings", len(rows))
	}
	for _, row := range rows {
		if got, known := defaults[row[1]]; !known || got != row[2] {
			t.Errorf("--%s: the README says the default is %q, it is %q", row[1], row[2], got)
		}
	}
	for _, flag := range flagName.FindAllStringSubmatch(text, -1) {
		if _, known := defaults[flag[1]]; !known {
			t.Errorf("there is no flag --%s", flag[1])
		}
	}
	paths := append(folderLine.FindAllStringSubmatch(text, -1), linkTarget.FindAllStringSubmatch(text, -1)...)
	if len(paths) < 15 {
		t.Errorf("found %d files and folders", len(paths))
	}
	for _, path := range paths {
		if _, err := os.Stat(filepath.FromSlash(path[1])); err != nil {
			t.Error(err)
		}
	}
}

// flagDefaults returns the default of every flag of every command.
func flagDefaults() (map[string]string, error) {
	parser, err := kong.New(&commands{})
	if err != nil {
		return nil, err
	}
	out := map[string]string{"help": ""}
	for _, command := range parser.Model.Leaves(false) {
		for _, flag := range command.Flags {
			if _, known := out[flag.Name]; !known {
				out[flag.Name] = flag.Default
			}
		}
	}
	return out, nil
}

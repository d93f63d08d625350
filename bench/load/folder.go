package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"nabo/bench/gen"
	"nabo/engine/event"
	"nabo/server/app"
)

// folder is a data folder that looks as after a year, and the base it was made
// of.
type folder struct {
	dir  string
	base *gen.Base
	note folderNote
}

// folderNote is what is written beside a folder's data: what it was made of.
type folderNote struct {
	Made    made      `json:"made"`
	Until   time.Time `json:"until"`
	Filling Filling   `json:"filling"`
}

// made is what a folder depends on.
type made struct {
	Members  int    `json:"members"`
	Products int    `json:"products"`
	Offers   int    `json:"offers"`
	History  int    `json:"history"`
	Lines    int    `json:"lines"`
	Partners int    `json:"partners"`
	Keys     int    `json:"receiptsAMember"`
	Seed     uint64 `json:"seed"`
}

const (
	noteName  = "bench.json"
	yearDays  = 365
	dayMillis = 24 * 60 * 60 * 1000
	// keysASave is how many keys a checkpoint of the filling takes at most:
	// they wait for it in memory.
	keysASave = 16 << 20
	idsAtOnce = 10_000
)

func (o *Size) made() made {
	return made{o.Members, o.Products, o.Offers, o.History, o.Lines, o.Partners, o.Keys, o.Seed}
}

// folder opens the folder that --data names, or makes it; without --data a
// temporary one. done removes what is not to stay.
func (o *Common) folder(ctx context.Context) (f *folder, done func() error, err error) {
	dir, done := o.Data, func() error { return nil }
	if dir == "" {
		if o.Dir != "" {
			if err := os.MkdirAll(o.Dir, 0o700); err != nil {
				return nil, nil, fmt.Errorf("--dir: %w", err)
			}
		}
		if dir, err = os.MkdirTemp(o.Dir, "nabo-bench-"); err != nil {
			return nil, nil, fmt.Errorf("make a data folder: %w", err)
		}
		done = func() error { return os.RemoveAll(dir) }
	}
	f, err = o.Size.openFolder(ctx, dir)
	if err != nil {
		return nil, nil, errors.Join(err, done())
	}
	return f, done, nil
}

// openFolder takes a folder as it is if it holds what is asked for, and fills
// it if it holds nothing.
func (o *Size) openFolder(ctx context.Context, dir string) (*folder, error) {
	f := &folder{dir: dir}
	text, err := os.ReadFile(filepath.Join(dir, noteName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if f.note, err = o.fillFolder(ctx, dir); err != nil {
			return nil, fmt.Errorf("fill %s: %w", dir, err)
		}
	case err != nil:
		return nil, err
	default:
		if err := json.Unmarshal(text, &f.note); err != nil {
			return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, noteName), err)
		}
		if f.note.Made != o.made() {
			return nil, fmt.Errorf("%s holds another base: it has %+v, asked for is %+v", dir, f.note.Made, o.made())
		}
		o.say("taking %s as it is: %d members, filled as of %s", dir, o.Members, f.note.Until.Format(time.DateTime))
	}
	f.base, err = o.base(f.note.Until)
	return f, err
}

// fillFolder makes a data folder from which a server starts as after a year,
// without living through it: an engine in this process is given what members
// have bought, and its checkpoints are written where a server looks for them.
func (o *Size) fillFolder(ctx context.Context, dir string) (note folderNote, err error) {
	note = folderNote{Made: o.made(), Until: time.Now().UTC().Truncate(time.Millisecond)}
	base, err := o.base(note.Until)
	if err != nil {
		return note, err
	}
	defer o.limit()()
	data, err := app.OpenFolder(ctx, dir, nil)
	if err != nil {
		return note, err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	if !data.Empty() {
		return note, errors.New("it holds data that bench fill has not made: want an empty folder")
	}
	w := &folderWriter{Folder: data, filled: &filled{Engine: data.Engine(), base: base, took: o.filling()}, size: o}
	if err := w.write(ctx); err != nil {
		return note, err
	}
	note.Filling = w.took
	text, err := json.MarshalIndent(note, "", "  ")
	if err != nil {
		return note, err
	}
	return note, os.WriteFile(filepath.Join(dir, noteName), append(text, '\n'), 0o600)
}

// folderWriter fills a folder.
type folderWriter struct {
	*filled
	*app.Folder
	size   *Size
	tokens []event.Token // of the members
	member int           // whose events come next
}

func (w *folderWriter) write(ctx context.Context) error {
	if err := w.assign(ctx); err != nil {
		return err
	}
	w.size.say("filling a folder with %d members of %d products each", w.size.Members, w.size.History)
	w.Thin(w.size.Partners)
	if err := w.apply(ctx, w.size.say, func(group []event.Event) (uint64, error) { return w.place(ctx, group) }); err != nil {
		return err
	}
	began := time.Now()
	if err := w.remember(ctx); err != nil {
		return err
	}
	if err := w.save(ctx); err != nil {
		return err
	}
	w.took.Save = time.Since(began).Seconds()
	w.weigh()
	w.size.say("  %d events in %.1f s, %d keys and checkpoints in %.1f s; %d bindings, %d edges, %.2f GiB resident",
		w.took.Events, w.took.Seconds, w.took.Keys, w.took.Save, w.took.Bindings, w.took.Edges, w.took.Resident)
	return nil
}

// assign gives each member a token, as the gate would.
func (w *folderWriter) assign(ctx context.Context) error {
	began, said := time.Now(), time.Now()
	ids := make([]string, 0, idsAtOnce)
	for i := range w.size.Members {
		ids = append(ids, w.base.MemberID(i))
		if len(ids) < idsAtOnce && i+1 < w.size.Members {
			continue
		}
		tokens, err := w.Assign(ids)
		if err != nil {
			return err
		}
		w.tokens, ids = append(w.tokens, tokens...), ids[:0]
		if time.Since(said) > 5*time.Second {
			said = time.Now()
			w.size.say("  %d tokens of members", i+1)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	w.size.say("  %d tokens of members in %.1f s", w.size.Members, time.Since(began).Seconds())
	return nil
}

// place puts the catalogue into the log, and gives members' events the tokens
// that stand for them here; these are in no message of their own.
func (w *folderWriter) place(ctx context.Context, group []event.Event) (pos uint64, err error) {
	if group[0].Member == 0 {
		w.pos, err = w.Append(ctx, group)
		return w.pos, err
	}
	for i := range group {
		if group[i].Type == event.TypeMemberUpserted {
			w.member++
		}
		group[i].Member = w.tokens[w.member-1]
		if group[i].Type == event.TypeReceipt {
			w.took.Keys++
		}
	}
	return w.pos, nil
}

// remember gives the engine the keys of a year's receipts, beside those of the
// ones that were applied, spread over its days.
func (w *folderWriter) remember(ctx context.Context) error {
	more := max(0, w.size.Keys*w.size.Members-w.took.Keys)
	keys := make([]uint64, 0, 1<<16)
	n, unsaved := 0, 0
	for day := yearDays - 1; day >= 0; day-- {
		for end := more * (yearDays - day) / yearDays; n < end; {
			for keys = keys[:0]; n < end && len(keys) < cap(keys); n++ {
				keys = append(keys, spread(w.size.Seed<<48+uint64(n))|1)
			}
			w.Remember(keys, w.base.Until()-event.Millis(day)*dayMillis)
			unsaved += len(keys)
		}
		if unsaved >= keysASave {
			if err := w.save(ctx); err != nil {
				return err
			}
			unsaved = 0
			w.size.say("  %d of %d keys", n, more)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	w.took.Keys += more
	return nil
}

// save writes a checkpoint, at a position of the log that it makes for it.
func (w *folderWriter) save(ctx context.Context) (err error) {
	if w.pos, err = w.Append(ctx, nil); err != nil {
		return err
	}
	w.ApplyGroup(w.pos, nil)
	return w.Save()
}

// spread mixes all bits of x into all others (the finalizer of SplitMix64).
func spread(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

package app

import (
	"context"
	"fmt"
	"testing"
	"time"

	"nabo/engine/event"
)

// A folder that was filled is one that a process starts from, and what was put
// into its log is applied then.
func TestFolderThatWasFilled(t *testing.T) {
	dir := t.TempDir()
	f, err := OpenFolder(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !f.Empty() {
		t.Error("a new folder is not empty")
	}
	tokens, err := f.Assign([]string{"m-1"})
	if err != nil {
		t.Fatal(err)
	}
	now := event.At(time.Now())
	group := []event.Event{{
		Type: event.TypeReceipt, Key: 7, Member: tokens[0], Time: now, Received: now,
		Body: &event.Receipt{Lines: []event.Line{{Product: "a", Qty: 1, Price: 1}, {Product: "b", Qty: 1, Price: 1}}},
	}}
	pos, err := f.Append(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	f.Engine().ApplyGroup(pos, group) // in the checkpoint, in no message
	f.Engine().Remember([]uint64{event.KeyOf("till", "old")}, now-100*24*60*60*1000)
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}

	grow(t, dir, 30)
	r := launch(t, Options{Config: settings(dir)})
	st := r.stats()
	if st.Position != st.Log.Last || st.Events.Applied != 31 || st.Log.Last <= pos {
		t.Errorf("stats %+v, want 1 event of the checkpoint and 30 of the log", st)
	}
	if got := r.post("/v1/events?wait=applied", receipt("old", "m-1", "a", "b")); r.stats().Events.Applied != 31 {
		t.Errorf("a receipt whose key was remembered counted: %s", got)
	}
}

// grow writes n receipts to a folder's log.
func grow(t *testing.T, dir string, n int) {
	t.Helper()
	f, err := OpenFolder(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if f.Empty() {
		t.Error("a filled folder is empty")
	}
	grown, err := f.Grow(t.Context(), func(ctx context.Context, submit Submit) error {
		for i := range n {
			ev := event.Event{
				Type: event.TypeReceipt, ID: fmt.Sprint("r-", i), Source: "test", MemberID: "m-1", Time: event.At(time.Now()),
				Body: &event.Receipt{Lines: []event.Line{{Product: "a", Qty: 1, Price: 1}, {Product: fmt.Sprint("p-", i), Qty: 1, Price: 1}}},
			}
			if err := submit(ctx, []event.Event{ev}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || grown.Groups == 0 || grown.Bytes == 0 {
		t.Fatalf("grown by %+v, error %v", grown, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestTwoFoldersInOne(t *testing.T) {
	dir := t.TempDir()
	f, err := OpenFolder(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFolder(t.Context(), dir, nil); err == nil {
		t.Error("a folder was opened twice")
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

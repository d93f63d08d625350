package lists

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// Readers that begin at different places and times all get the same bytes,
// while the list is being made and after.
func TestReadersWhileItRuns(t *testing.T) {
	const members = 8000
	s := newShop(members)
	s.allow(0)
	r := mustNew(t, options(t, s))
	run(t, r)
	id := start(t, r, Spec{})
	want := rows(members)
	var readers sync.WaitGroup
	begin := func(offset int) {
		readers.Go(func() {
			cursor := ""
			if offset > 0 {
				cursor = Cursor{1, int64(offset)}.String()
			}
			var got bytes.Buffer
			flushed := 0
			next, err := r.Rows(t.Context(), id, cursor, &got, func() {
				if flushed = got.Len(); got.Bytes()[flushed-1] != '\n' {
					t.Error("flushed within a line")
				}
			})
			if err != nil || !bytes.Equal(got.Bytes(), want[offset:]) || flushed != got.Len() {
				t.Errorf("from %d: %d bytes, flushed %d, %v", offset, got.Len(), flushed, err)
			}
			if next != (Cursor{1, int64(len(want))}).String() {
				t.Errorf("the last cursor is %s of %d", next, len(want))
			}
		})
	}
	for step := range 8 {
		begin(0)
		s.allow((step + 1) * members / 8)
		st := until(t, r, id, "more rows", func(st Status) bool { return st.Looked >= step*members/8 && st.Bytes > 0 })
		begin(bytes.LastIndexByte(want[:st.Bytes-1], '\n') + 1)
		begin(bytes.IndexByte(want[st.Bytes/2:], '\n') + int(st.Bytes/2) + 1)
	}
	s.allow(-1)
	readers.Wait()
}

// What a reader that breaks off at random points and resumes has in the end is
// byte for byte the file, whether it takes the cursor that Rows returned or
// makes it itself.
func TestResumeProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		members := rapid.IntRange(0, 1500).Draw(rt, "members")
		s := newShop(members)
		s.allow(rapid.IntRange(0, members).Draw(rt, "made at first"))
		opt := options(t, s)
		opt.Workers = rapid.IntRange(1, 5).Draw(rt, "workers")
		r, err := New(opt)
		if err != nil {
			rt.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		stopped := make(chan struct{})
		go func() { defer close(stopped); _ = r.Run(ctx) }()
		defer func() { cancel(); s.allow(-1); <-stopped }()
		id := start(t, r, Spec{})
		want := rows(members)
		var got []byte
		cursor := ""
		for tries := 0; ; tries++ {
			pipe := &brokenPipe{left: rapid.IntRange(0, 60_000).Draw(rt, "breaks after")}
			if tries == 3 {
				s.allow(-1)
			}
			readCtx, end := context.WithCancel(ctx)
			if tries < 3 { // it may wait for rows that do not come yet
				end()
			}
			next, err := r.Rows(readCtx, id, cursor, pipe, nil)
			end()
			whole := pipe.got.Bytes()[:bytes.LastIndexByte(pipe.got.Bytes(), '\n')+1]
			got = append(got, whole...)
			own := Cursor{1, int64(len(got))}.String()
			if next != own && !(next == "" && len(got) == 0) {
				rt.Fatalf("the cursor is %q after %d bytes", next, len(got))
			}
			if err == nil {
				break
			}
			if !errors.Is(err, errBroken) && !errors.Is(err, context.Canceled) {
				rt.Fatal(err)
			}
			if len(got) > 0 {
				cursor = own
			}
		}
		if !bytes.Equal(got, want) {
			rt.Fatalf("%d bytes of %d; they differ at %d", len(got), len(want), differ(got, want))
		}
	})
}

func TestCursors(t *testing.T) {
	s := newShop(1000)
	r := mustNew(t, options(t, s))
	run(t, r)
	id := start(t, r, Spec{})
	want := rows(1000)
	mustRead(t, r, id, want)
	line := bytes.IndexByte(want, '\n') + 1
	for cursor, detail := range map[string]string{
		"x": "such as", "1": "such as", ".": "such as", "1.": "such as", "0.0": "such as", "1.-1": "such as", "1.x": "such as",
		"1.99999999999999999999":            "such as",
		"2.0":                               "at epoch 1",
		fmt.Sprintf("1.%d", len(want)+1):    "bytes so far",
		fmt.Sprintf("1.%d", line+1):         fmt.Sprintf("ends at %d", line),
		"1.1":                               "ends at 0",
		fmt.Sprintf("1.%d", len(want)-1):    "within a line",
		fmt.Sprintf("1.%d", int64(1)<<62+1): "bytes so far",
	} {
		var bad *CursorError
		if got, err := read(t, r, id, cursor); !errors.As(err, &bad) || bad.Cursor != cursor || !strings.Contains(err.Error(), detail) || len(got) != 0 {
			t.Errorf("%s: %v", cursor, err)
		}
	}
	for _, offset := range []int{0, line, len(want)} {
		got, err := read(t, r, id, Cursor{1, int64(offset)}.String())
		if err != nil || !bytes.Equal(got, want[offset:]) {
			t.Errorf("from %d: %d bytes, %v", offset, len(got), err)
		}
	}
	if _, err := read(t, r, "01ARZ3NDEKTSV4RRFFQ69G5FAV", ""); !errors.Is(err, ErrUnknown) {
		t.Errorf("an unknown list: %v", err)
	}
}

func FuzzParseCursor(f *testing.F) {
	for _, text := range []string{"", "1.0", "18446744073709551615.9223372036854775807", "1.9223372036854775808", "+1.0", "1.0.0", "01.00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCursor(text)
		if err != nil {
			return
		}
		if again, err := ParseCursor(c.String()); err != nil || again != c || c.Epoch == 0 || c.Offset < 0 {
			t.Errorf("%q: %+v, then %+v, %v", text, c, again, err)
		}
	})
}

// A reader that waits ends with its context, and with Run.
func TestWaitingReaderEnds(t *testing.T) {
	s := newShop(1000)
	s.allow(500)
	r := mustNew(t, options(t, s))
	tell, stop := runUntil(t, r)
	id := start(t, r, Spec{})
	until(t, r, id, "rows", func(st Status) bool { return st.Rows > 0 })
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan error)
	go func() {
		_, err := r.Rows(ctx, id, "", io.Discard, cancel) // ends once it has caught up
		got <- err
	}()
	if err := <-got; !errors.Is(err, context.Canceled) {
		t.Errorf("a reader whose context ended: %v", err)
	}
	caughtUp := make(chan struct{}, 1000)
	go func() {
		_, err := r.Rows(context.Background(), id, "", io.Discard, func() { caughtUp <- struct{}{} })
		got <- err
	}()
	<-caughtUp
	tell()
	s.allow(-1)
	stop()
	if err := <-got; err != nil && !errors.Is(err, ErrStopped) {
		t.Errorf("a reader when it stops: %v", err)
	}
}

package files

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"

	"nabo/engine/event"
)

// openReceipts is how many receipts are held open for more lines, and closed
// how many of those that were sent are remembered, so that a line which comes
// too late is seen as such.
const (
	openReceipts   = 4096
	closedReceipts = 1 << 18
)

// nightGap is how far apart in time the lines of one receipt may lie when
// midnight is between them, in milliseconds.
const nightGap event.Millis = 30 * 60 * 1000

// openReceipt is a receipt that may still get lines.
type openReceipt struct {
	key     []byte // store, till and number
	sum     uint64 // of the key and the day
	day     int32  // by the file's clock
	line    int    // where its first line stands in the file
	till    string
	event   event.Event
	receipt event.Receipt

	older, newer *openReceipt // by when they last got a line
}

// grouper puts the lines of receipts together. The lines of a receipt needn't
// follow one another: up to limit receipts are open, and the one that has had
// no line for longest is sent when there are more.
type grouper struct {
	source string
	limit  int
	send   func(ev *event.Event, line int) error // ev is good until it returns

	open    map[uint64]*openReceipt // by sum
	free    []*openReceipt
	ring    openReceipt // older: the newest; newer: the oldest
	closed  recent
	key, id []byte

	split    int // receipts whose lines lie too far apart, or are too many
	disputed int // lines that name another member than their receipt
}

func newGrouper(source string, send func(ev *event.Event, line int) error) *grouper {
	g := &grouper{source: source, limit: openReceipts, send: send, open: map[uint64]*openReceipt{}}
	g.closed.limit = closedReceipts
	g.ring.older, g.ring.newer = &g.ring, &g.ring
	return g
}

// add takes one line, which stands at the given line of the file.
func (g *grouper) add(s *sale, line int) error {
	g.key = appendKey(g.key[:0], s)
	r := g.find(s)
	if r == nil {
		if len(g.open) >= g.limit {
			if err := g.close(g.ring.newer); err != nil {
				return err
			}
		}
		r = g.start(s, line)
	}
	if g.ring.older != r {
		r.unlink()
		g.link(r)
	}
	g.extend(r, s)
	if len(r.receipt.Lines) >= event.MaxLines {
		return g.close(r)
	}
	return nil
}

// appendKey appends what tells a receipt from the others of its day. Without a
// number it is the member and the time.
func appendKey(dst []byte, s *sale) []byte {
	dst = append(append(dst, s.store...), 0)
	if len(s.receipt) == 0 {
		dst = append(append(dst, 1), s.member...)
		return append(append(dst, 0), s.stamp...)
	}
	dst = append(append(dst, s.till...), 0)
	return append(dst, s.receipt...)
}

// find returns the open receipt that a line belongs to, nil if there is none.
func (g *grouper) find(s *sale) *openReceipt {
	if r := g.ring.older; r.day == s.when.day && bytes.Equal(r.key, g.key) {
		return r
	}
	if r := g.at(s.when.day); r != nil {
		return r
	}
	for _, day := range [2]int32{s.when.day - 1, s.when.day + 1} {
		if r := g.at(day); r != nil && near(r.event.Time, s.when.at) {
			return r
		}
	}
	return nil
}

func near(a, b event.Millis) bool { return a-b <= nightGap && b-a <= nightGap }

func (g *grouper) at(day int32) *openReceipt {
	if r := g.open[g.sum(day)]; r != nil && r.day == day && bytes.Equal(r.key, g.key) {
		return r
	}
	return nil
}

func (g *grouper) sum(day int32) uint64 {
	n := len(g.key)
	g.key = append(g.key, byte(day), byte(day>>8), byte(day>>16), byte(day>>24))
	sum := xxhash.Sum64(g.key)
	g.key = g.key[:n]
	return sum
}

// start opens a receipt for a line.
func (g *grouper) start(s *sale, line int) *openReceipt {
	var r *openReceipt
	if n := len(g.free); n > 0 {
		r, g.free = g.free[n-1], g.free[:n-1]
	} else {
		r = &openReceipt{}
		r.older, r.newer = r, r
	}
	r.key = append(r.key[:0], g.key...)
	r.sum, r.day, r.line, r.till = g.sum(s.when.day), s.when.day, line, s.till
	r.receipt = event.Receipt{Currency: s.money, Lines: r.receipt.Lines[:0]}
	r.event = event.Event{Type: event.TypeReceipt, Time: s.when.at, Store: s.store, Chain: s.chain,
		SessionID: s.session, MemberID: s.member, Source: g.source, Body: &r.receipt}
	r.event.ID = g.idOf(s)
	g.open[r.sum] = r
	return r
}

// extend adds a line to its receipt. The receipt's time is its earliest line's.
func (g *grouper) extend(r *openReceipt, s *sale) {
	r.receipt.Lines = append(r.receipt.Lines, s.line)
	r.event.Time = min(r.event.Time, s.when.at)
	switch {
	case s.member == "" || s.member == r.event.MemberID:
	case r.event.MemberID == "":
		r.event.MemberID = s.member
	default:
		g.disputed++
	}
}

func (r *openReceipt) unlink() {
	r.older.newer, r.newer.older = r.newer, r.older
}

// link puts a receipt in as the newest.
func (g *grouper) link(r *openReceipt) {
	r.older, r.newer = g.ring.older, &g.ring
	r.older.newer, r.newer.older = r, r
}

// close sends a receipt. When a part of it went before, it gets an id of its
// own, or it would be taken for the same.
func (g *grouper) close(r *openReceipt) error {
	r.unlink()
	r.older, r.newer = r, r
	if g.open[r.sum] == r {
		delete(g.open, r.sum)
	}
	if part := g.closed.count(r.sum); part > 1 {
		g.split++
		r.event.ID = string(appendPart([]byte(r.event.ID), part))
	}
	err := g.send(&r.event, r.line)
	g.free = append(g.free, r)
	return err
}

// flush sends all that is open, the oldest first. It is for the end of a file
// that was read whole: of one that broke off, the last receipts may lack lines,
// and would be taken for known when the whole file comes.
func (g *grouper) flush() error {
	for g.ring.newer != &g.ring {
		if err := g.close(g.ring.newer); err != nil {
			return err
		}
	}
	return nil
}

// idOf makes the id of a receipt from its day, store, till and number, so that
// the same receipt has the same id whatever the file is called.
func (g *grouper) idOf(s *sale) string {
	id := appendDay(g.id[:0], s.when.day)
	id = appendEscaped(append(id, '/'), s.store)
	if len(s.receipt) == 0 {
		id = appendEscaped(append(id, "/of/"...), s.member)
		id = append(append(id, '/'), s.stamp...)
	} else {
		if s.till != "" {
			id = appendEscaped(append(id, "/at/"...), s.till)
		}
		id = append(append(id, '/'), s.receipt...)
	}
	g.id = id
	if len(id) > event.MaxID-len("~65535") || bytes.IndexByte(id, '~') >= 0 || !printable(id) {
		sum := sha256.Sum256(id)
		return hex.EncodeToString(sum[:16])
	}
	return string(id)
}

// appendDay appends a day as 2006-01-02.
func appendDay(dst []byte, day int32) []byte {
	return time.Unix(int64(day)*msPerDay/1000, 0).UTC().AppendFormat(dst, time.DateOnly)
}

// appendEscaped appends s so that no slash in it is taken for one between two
// parts of an id.
func appendEscaped(dst []byte, s string) []byte {
	for i := range len(s) {
		switch s[i] {
		case '/':
			dst = append(dst, "%2F"...)
		case '%':
			dst = append(dst, "%25"...)
		default:
			dst = append(dst, s[i])
		}
	}
	return dst
}

func printable(s []byte) bool {
	for i := 0; i < len(s); {
		if s[i] >= 0x20 && s[i] < 0x7f {
			i++
			continue
		}
		r, n := utf8.DecodeRune(s[i:])
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return false
		}
		i += n
	}
	return true
}

package load

import (
	"bytes"
	"errors"
	"strconv"
)

// subprotocol is what the live surfaces speak.
const subprotocol = "nabo.v1"

// frame is what a load wants to know of a frame that a server sent. Its slices
// are parts of the frame.
type frame struct {
	kind    frameKind
	ref, id []byte // without quotes
	seq     uint64 // 0: it has none
	data    []byte // as it was sent
}

// frameKind is the type of a frame.
type frameKind uint8

// The frames that a server sends, those last that only the bare echo sends: it
// returns what it gets.
const (
	otherFrame frameKind = iota
	welcomeFrame
	snapshotFrame
	deltaFrame
	nudgeFrame
	ackFrame
	responseFrame
	errorFrame
	resyncFrame
	pongFrame
	eventFrame
	frameKinds
)

func (k frameKind) String() string {
	return [...]string{"other", "welcome", "snapshot", "delta", "nudge", "ack", "response", "error", "resync", "pong", "event"}[k]
}

func kindOf(name []byte) frameKind {
	for k := range frameKinds {
		if string(name) == k.String() {
			return k
		}
	}
	return otherFrame
}

// readFrame reads the outermost members of a frame and steps over the rest: a
// snapshot is a hundred times as long as what is asked of it.
func readFrame(b []byte) (f frame, err error) {
	err = eachMember(b, func(key, value []byte) {
		switch string(key) {
		case "type":
			f.kind = kindOf(unquoted(value))
		case "ref":
			f.ref = unquoted(value)
		case "id":
			f.id = unquoted(value)
		case "seq":
			f.seq, _ = strconv.ParseUint(string(value), 10, 64) // not a number: as if there were none
		case "data":
			f.data = value
		}
	})
	return f, err
}

// cause is what brought a delta.
func (f *frame) cause() (cause []byte) {
	_ = eachMember(f.data, func(key, value []byte) { // readFrame has been over it
		if string(key) == "cause" {
			cause = unquoted(value)
		}
	})
	return cause
}

// unquoted is a JSON string without its quotes; what was escaped stays so.
func unquoted(value []byte) []byte {
	if len(value) >= 2 && value[0] == '"' {
		return value[1 : len(value)-1]
	}
	return value
}

var errNoObject = errors.New("not a JSON object")

// eachMember calls fn with the key and the value of each member of a JSON
// object. It finds where values end and checks no more than that.
func eachMember(b []byte, fn func(key, value []byte)) error {
	b = bytes.TrimSpace(b)
	if len(b) < 2 || b[0] != '{' || b[len(b)-1] != '}' {
		return errNoObject
	}
	b = b[1 : len(b)-1]
	for {
		b = bytes.TrimLeft(b, " \t\r\n,")
		if len(b) == 0 {
			return nil
		}
		n := stringEnd(b)
		if b[0] != '"' || n < 0 {
			return errNoObject
		}
		key := b[1 : n-1]
		b = bytes.TrimLeft(b[n:], " \t\r\n")
		if len(b) == 0 || b[0] != ':' {
			return errNoObject
		}
		b = bytes.TrimLeft(b[1:], " \t\r\n")
		if n = valueEnd(b); n <= 0 {
			return errNoObject
		}
		fn(key, bytes.TrimSpace(b[:n]))
		b = b[n:]
	}
}

// stringEnd is where the string ends that b begins with, its quote included;
// -1: nowhere.
func stringEnd(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// valueEnd is where the value ends that b begins with; -1: nowhere.
func valueEnd(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			n := stringEnd(b[i:])
			if n < 0 {
				return -1
			}
			i += n - 1
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	if depth != 0 {
		return -1
	}
	return len(b)
}

// appendFrame appends a frame whose data is JSON already; none: it has none.
func appendFrame(dst []byte, kind, id string, data []byte) []byte {
	dst = append(dst, `{"type":"`...)
	dst = append(dst, kind...)
	dst = append(dst, `","id":"`...)
	dst = append(dst, id...)
	dst = append(dst, '"')
	if len(data) > 0 {
		dst = append(append(dst, `,"data":`...), data...)
	}
	return append(dst, '}')
}

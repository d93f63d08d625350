package load

import (
	"encoding/binary"
	"strings"
)

// badTexts are frames that are no good: each is answered with an error, and the
// connection stays. "%" stands for what no two connections have in common.
func badTexts() []string {
	return []string{
		``, `x`, `[]`, `null`, `"hello"`, `{"type":"hello"`, `{}`, `{"type":""}`, `{"type":"nonsense","id":"1"}`, `{"type":7,"id":"1"}`,
		`{"type":"ping"}`, `{"type":"ping","id":1}`, `{"type":"ping","id":""}`, `{"type":"ping","id":"` + strings.Repeat("i", 65) + `"}`,
		`{"type":"ping","id":"b","more":true}`,
		`{"type":"hello","id":"again","data":{}}`,
		`{"type":"subscribe","id":"b1"}`,
		`{"type":"subscribe","id":"b2","data":{"topic":"weather"}}`,
		`{"type":"subscribe","id":"b3","data":{"topic":"basket"}}`,
		`{"type":"subscribe","id":"b4","data":{"topic":"offers"}}`,
		`{"type":"subscribe","id":"b5","data":{"topic":"trending","count":-1}}`,
		`{"type":"subscribe","id":"b6","data":{"topic":"trending","count":1e99}}`,
		`{"type":"subscribe","id":"b7","data":{"topic":"trending","window":"a year"}}`,
		`{"type":"subscribe","id":"b8","data":{"topic":"trending","colour":"red"}}`,
		`{"type":"subscribe","id":"b9","data":[` + strings.Repeat("[", 20_000) + `]}`,
		`{"type":"unsubscribe","id":"c1","data":{"ref":"nothing"}}`,
		`{"type":"event","id":"c2"}`,
		`{"type":"event","id":"c3","data":[` + strings.TrimSuffix(strings.Repeat(`{},`, 101), ",") + `]}`,
		`{"type":"request","id":"c4","data":{"op":"everything","params":{}}}`,
		`{"type":"request","id":"c5","data":{"op":"together","params":{"product":7}}}`,
		`{"type":"request","id":"c6"}`,
	}
}

// rawFrame makes one masked websocket frame of a client. first is its first
// byte: FIN, three reserved bits, four of opcode.
func rawFrame(first byte, payload []byte) []byte {
	out := []byte{first}
	switch n := len(payload); {
	case n < 126:
		out = append(out, 0x80|byte(n))
	case n < 1<<16:
		out = binary.BigEndian.AppendUint16(append(out, 0x80|126), uint16(n))
	default:
		out = binary.BigEndian.AppendUint64(append(out, 0x80|127), uint64(n))
	}
	mask := [4]byte{1, 2, 3, 4}
	out = append(out, mask[:]...)
	for i, b := range payload {
		out = append(out, b^mask[i%4])
	}
	return out
}

// Opcodes of a websocket frame that is the last of its message (RFC 6455, 5.2).
const (
	finText   = 0x81
	finBinary = 0x82
	finClose  = 0x88
	finPing   = 0x89
)

// badBytes are what no client may send: after each, the server closes.
func badBytes() map[string][]byte {
	long := []byte(strings.Repeat("x", 200<<10))
	return map[string][]byte{
		"binary":              rawFrame(finBinary, []byte("{}")),
		"too large":           rawFrame(finText, long),
		"larger than told":    append(binary.BigEndian.AppendUint64([]byte{finText, 0x80 | 127}, 1<<62), 1, 2, 3, 4),
		"not masked":          {finText, 2, '{', '}'},
		"reserved bits":       rawFrame(finText|0x70, []byte("{}")),
		"reserved opcode":     rawFrame(0x8b, nil),
		"ping in pieces":      rawFrame(0x09, nil),
		"long ping":           rawFrame(finPing, long[:126]),
		"goes on with nought": rawFrame(0x80, []byte("{}")),
		"half a close":        rawFrame(finClose, []byte{3}),
		"close of no meaning": rawFrame(finClose, []byte{0, 1}),
		"no websocket at all": []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
	}
}

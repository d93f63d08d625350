package files

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// maxColumns is how many keys the objects of a file may have between them.
const maxColumns = 1000

var errManyColumns = errors.New("has more than 1000 different keys: one flat object a line was expected, with the same keys in each")

// jsonReader reads rows from NDJSON: one flat object a line. Its columns are
// the objects' keys; a key that first comes late adds a column.
type jsonReader struct {
	lines  *lineReader
	names  []string
	at     map[string]int
	cells  [][]byte
	quoted []bool // the cell was a string
	line   int
	raw    []byte
	plain  []byte // the strings of the row that had escapes in them
}

// newJSON returns a reader whose first columns are the given keys.
func newJSON(src io.Reader, keys []string) *jsonReader {
	r := &jsonReader{lines: newLineReader(src), at: map[string]int{}}
	for i, k := range keys {
		r.column([]byte(k), i)
	}
	return r
}

// header returns the keys seen so far, in the order in which they came.
func (r *jsonReader) header() []string { return r.names }

// place returns the number and the text of the last row's line.
func (r *jsonReader) place() (int, []byte) { return r.line, r.raw }

// text says whether a cell of the last row was a string.
func (r *jsonReader) text(i int) bool { return r.quoted[i] }

// nextLine returns the next line that isn't empty. Its errors are next's.
func (r *jsonReader) nextLine() ([]byte, error) {
	for {
		r.line, r.raw = r.lines.next, nil
		stop, after, err := r.lines.ahead(0)
		if err == errLongLine {
			if err := r.lines.skip(); err != nil {
				return nil, err
			}
			return nil, &rowError{reason: errLongLine.Error()}
		}
		if err != nil {
			return nil, err
		}
		line := bytes.TrimSpace(r.lines.bytes(0, stop))
		if r.line == 1 {
			line = bytes.TrimPrefix(line, byteOrderMark())
		}
		r.lines.take(after, 1)
		if len(line) > 0 {
			r.raw = line
			return line, nil
		}
	}
}

// next returns the next object's cells, good until the next call. A *rowError
// means that this line is of no use and that the next may be; any other error
// ends the file.
func (r *jsonReader) next() ([][]byte, error) {
	line, err := r.nextLine()
	if err != nil {
		return nil, err
	}
	if line[0] != '{' || !json.Valid(line) {
		return nil, &rowError{reason: "is no JSON object"}
	}
	clear(r.cells)
	clear(r.quoted)
	r.plain = r.plain[:0]
	if cap(r.plain) < len(line) {
		r.plain = make([]byte, 0, 2*len(line)) // so that cells in it don't move
	}
	r.object(line)
	if len(r.names) > maxColumns {
		return nil, errManyColumns
	}
	return r.cells, nil
}

// object takes the members of an object that is known to be valid JSON.
func (r *jsonReader) object(s []byte) {
	s = s[1:]
	for guess := 0; ; guess++ {
		s = bytes.TrimLeft(s, " \t\r\n,")
		if s[0] == '}' {
			return
		}
		n := stringEnd(s)
		key := r.unescape(s[1 : n-1])
		s = bytes.TrimLeft(s[n:], " \t\r\n:")
		n = valueEnd(s)
		i := r.column(key, guess)
		value := s[:n]
		s = s[n:]
		r.quoted[i] = value[0] == '"'
		switch {
		case r.quoted[i]:
			value = r.unescape(value[1 : n-1])
		case value[0] == 'n':
			value = nil
		}
		r.cells[i] = value
	}
}

// column returns the column of a key; the guess is where it mostly is.
func (r *jsonReader) column(key []byte, guess int) int {
	if guess < len(r.names) && r.names[guess] == string(key) {
		return guess
	}
	if i, ok := r.at[string(key)]; ok {
		return i
	}
	i := len(r.names)
	r.at[string(key)] = i
	r.names = append(r.names, string(key))
	r.cells = append(r.cells, nil)
	r.quoted = append(r.quoted, false)
	return i
}

// stringEnd returns the length of the string that s begins with.
func stringEnd(s []byte) int {
	for i := 1; ; i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

// valueEnd returns the length of the value that s begins with.
func valueEnd(s []byte) int {
	depth := 0
	for i := 0; ; i++ {
		switch s[i] {
		case '"':
			i += stringEnd(s[i:]) - 1
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
	}
}

// unescape returns a string's bytes without its escapes.
func (r *jsonReader) unescape(s []byte) []byte {
	if bytes.IndexByte(s, '\\') < 0 {
		return s
	}
	var text string
	quoted := append(append([]byte{'"'}, s...), '"')
	if err := json.Unmarshal(quoted, &text); err != nil {
		return s // can't be: the line was found to be valid
	}
	start := len(r.plain)
	r.plain = append(r.plain, text...)
	return r.plain[start:len(r.plain):len(r.plain)]
}

// isEnvelope says whether a line is a whole event and not a flat row.
func isEnvelope(line []byte) bool {
	var e struct {
		Type string          `json:"type"`
		Data json.RawMessage `json:"data"`
	}
	return json.Unmarshal(line, &e) == nil && e.Type != "" && len(e.Data) > 0 && e.Data[0] == '{'
}

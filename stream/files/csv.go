package files

import (
	"bytes"
	"fmt"
	"io"
)

// maxQuotedLines is over how many lines one row may go.
const maxQuotedLines = 1000

// csvReader reads rows of separated values as RFC 4180 has them, and goes on
// where a file isn't quite so: a quote in the middle of a field is a quote, and
// one that is opened but never closed costs its own line and not the file.
//
// encoding/csv was tried. It takes the rest of the file into a field whose
// quote is never closed, can't say what a rejected line looked like, and costs
// 2.8 times as much a row (BenchmarkCSV). FuzzCSV holds the two together.
type csvReader struct {
	lines   *lineReader
	comma   byte
	names   []string // the header
	cells   [][]byte // the row; good until the next call of next
	line    int      // the row's first line
	text    []byte   // the row as it stands in the file
	unquote []byte   // the fields of the row whose quotes had to be taken off
}

// newCSV returns a reader whose header is already read.
func newCSV(src io.Reader, comma byte) (*csvReader, error) {
	r := &csvReader{lines: newLineReader(src), comma: comma}
	r.skipMark()
	if err := r.read(0); err != nil {
		if err == io.EOF {
			return nil, fmt.Errorf("is empty: a first line with the columns' names was expected")
		}
		return nil, fmt.Errorf("read the header: %w", err)
	}
	for _, c := range r.cells {
		r.names = append(r.names, string(bytes.TrimSpace(c)))
	}
	return r, nil
}

// skipMark passes over a byte order mark, which some programs write first.
func (r *csvReader) skipMark() {
	stop, _, err := r.lines.ahead(0)
	if err == nil && bytes.HasPrefix(r.lines.bytes(0, stop), byteOrderMark()) {
		r.lines.take(3, 0)
	}
}

func byteOrderMark() []byte { return []byte{0xef, 0xbb, 0xbf} }

// header returns the columns' names.
func (r *csvReader) header() []string { return r.names }

// place returns the number of the last row's first line, counted from 1, and
// its text, which is good until the next call of next.
func (r *csvReader) place() (int, []byte) { return r.line, r.text }

// next returns the next row's cells, one for each column, good until the next
// call. Empty lines are passed over. A *rowError means that this row is of no
// use and that the next may be; any other error ends the file.
func (r *csvReader) next() ([][]byte, error) {
	if err := r.read(len(r.names)); err != nil {
		return nil, err
	}
	if n := len(r.cells); n > len(r.names) && allEmpty(r.cells[len(r.names):]) {
		r.cells = r.cells[:len(r.names)] // a delimiter too many at the line's end
	}
	if len(r.cells) != len(r.names) {
		return nil, &rowError{reason: fmt.Sprintf("has %d fields where the header has %d", len(r.cells), len(r.names))}
	}
	return r.cells, nil
}

func allEmpty(cells [][]byte) bool {
	for _, c := range cells {
		if len(bytes.TrimSpace(c)) > 0 {
			return false
		}
	}
	return true
}

// read reads one row. The width is how many fields a row that goes over several
// lines must have to be believed; zero believes any.
func (r *csvReader) read(width int) error {
	for {
		r.line = r.lines.next
		r.text = nil
		stop, after, err := r.lines.ahead(0)
		if err == errLongLine {
			return r.tooLong()
		}
		if err != nil {
			return err
		}
		line := r.lines.bytes(0, stop)
		if len(trimLineEnd(line)) == 0 {
			r.lines.take(after, 1)
			continue
		}
		if bytes.IndexByte(line, '"') >= 0 {
			return r.readQuoted(stop, after, width)
		}
		r.text = trimLineEnd(line)
		r.lines.take(after, 1)
		r.split(r.text)
		return nil
	}
}

func (r *csvReader) tooLong() error {
	if err := r.lines.skip(); err != nil {
		return err
	}
	return &rowError{reason: errLongLine.Error()}
}

// split cuts a line without quotes into cells.
func (r *csvReader) split(line []byte) {
	cells := r.cells[:0]
	start := 0
	for i := 0; i < len(line); i++ {
		if line[i] == r.comma {
			cells = append(cells, line[start:i])
			start = i + 1
		}
	}
	r.cells = append(cells, line[start:])
}

// readQuoted reads a row whose first line, up to stop, has a quote in it. The
// row takes more lines while a quoted field is open. If they don't make a row
// of the right width without a fault, the first line stands alone.
func (r *csvReader) readQuoted(stop, after, width int) error {
	first, firstAfter, start := stop, after, 0
	for lines := 1; lines <= maxQuotedLines; lines++ {
		if bytes.IndexByte(r.lines.bytes(start, stop), '"') >= 0 {
			text := trimLineEnd(r.lines.bytes(0, stop))
			closed, clean := r.fields(text)
			if closed && lines > 1 && (!clean || width > 0 && len(r.cells) != width) {
				break
			}
			if closed {
				r.text = text
				r.lines.take(after, lines)
				return nil
			}
		}
		start = after
		var err error
		if stop, after, err = r.lines.ahead(start); err != nil {
			break // the file's end, or too long: a fault of the source comes again
		}
	}
	r.text = trimLineEnd(r.lines.bytes(0, first))
	r.lines.take(firstAfter, 1)
	return &rowError{reason: "a quote is opened and never closed"}
}

// fields cuts a row with quotes into cells. It says whether the last field was
// closed, and whether every quote stood where RFC 4180 has it.
func (r *csvReader) fields(row []byte) (closed, clean bool) {
	r.cells, r.unquote, clean = r.cells[:0], r.unquote[:0], true
	if cap(r.unquote) < len(row) {
		r.unquote = make([]byte, 0, 2*len(row)) // so that cells in it don't move
	}
	for {
		if len(row) == 0 || row[0] != '"' {
			i := bytes.IndexByte(row, r.comma)
			if i < 0 {
				r.cells = append(r.cells, row)
				return true, clean && bytes.IndexByte(row, '"') < 0
			}
			clean = clean && bytes.IndexByte(row[:i], '"') < 0
			r.cells = append(r.cells, row[:i])
			row = row[i+1:]
			continue
		}
		n, ok, strict := r.quoted(row[1:])
		clean = clean && strict
		if !ok {
			return false, clean
		}
		if row = row[1+n:]; len(row) == 0 {
			return true, clean
		}
		row = row[1:] // the delimiter
	}
}

// quoted adds the cell of a field that starts after its opening quote. It
// returns how long the field is with its closing quote, whether it is closed,
// and whether every quote in it is doubled.
func (r *csvReader) quoted(s []byte) (n int, closed, strict bool) {
	start := len(r.unquote)
	strict = true
	for {
		i := bytes.IndexByte(s[n:], '"')
		if i < 0 {
			return n, false, strict
		}
		r.unquote = append(r.unquote, s[n:n+i]...)
		n += i + 1
		switch {
		case n == len(s) || s[n] == r.comma:
			r.cells = append(r.cells, r.unquote[start:len(r.unquote):len(r.unquote)])
			return n, true, strict
		case s[n] == '"':
			n++
		default:
			strict = false
		}
		r.unquote = append(r.unquote, '"')
	}
}

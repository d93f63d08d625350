package files

import (
	"bytes"
	"errors"
	"io"
)

// maxLine is the longest line that is read, in bytes; a longer one is rejected.
const maxLine = 1 << 20

// readSize is how much is asked of the file at once, in bytes.
const readSize = 128 << 10

// errLongLine says that a line was longer than maxLine and was passed over.
var errLongLine = errors.New("the line is longer than 1 MiB")

// lineReader cuts a stream into lines. It counts them, and lets its caller look
// at the lines that follow before taking them, as quoted CSV fields need.
type lineReader struct {
	src   io.Reader
	buf   []byte
	pos   int   // where the next line starts
	end   int   // what has been read
	next  int   // the number of the next line, counted from 1
	fault error // what src said last; io.EOF at its end
}

func newLineReader(src io.Reader) *lineReader {
	return &lineReader{src: src, buf: make([]byte, readSize), next: 1}
}

// ahead returns where the line that starts off bytes after the next line's
// start ends: stop is the offset of its line feed, after is where the one that
// follows starts. It may move the buffer, but offsets stay good. The error is
// io.EOF where nothing is left, errLongLine where more than maxLine bytes would
// have to be held, or what the source said.
func (r *lineReader) ahead(off int) (stop, after int, err error) {
	from := off
	for {
		if i := bytes.IndexByte(r.buf[r.pos+from:r.end], '\n'); i >= 0 {
			return from + i, from + i + 1, nil
		}
		from = r.end - r.pos
		if r.fault != nil {
			if r.fault == io.EOF && from > off {
				return from, from, nil
			}
			return 0, 0, r.fault
		}
		if from > maxLine {
			return 0, 0, errLongLine
		}
		r.fill()
	}
}

// fill reads once more, after moving what is held to the buffer's start, in a
// longer buffer where there is no room.
func (r *lineReader) fill() {
	if r.pos > 0 {
		r.end = copy(r.buf, r.buf[r.pos:r.end])
		r.pos = 0
	}
	if r.end == len(r.buf) {
		r.buf = append(r.buf, make([]byte, len(r.buf))...)
	}
	n, err := r.src.Read(r.buf[r.end:])
	r.end += n
	r.fault = err
}

// bytes returns the bytes between two offsets from the next line's start. They
// are good until ahead, take or skip is called.
func (r *lineReader) bytes(from, to int) []byte { return r.buf[r.pos+from : r.pos+to] }

// take moves past the given bytes and lines.
func (r *lineReader) take(n, lines int) {
	r.pos += n
	r.next += lines
}

// skip moves past a line that is too long to be held. It returns what the
// source said, nil at the stream's end.
func (r *lineReader) skip() error {
	for {
		if i := bytes.IndexByte(r.buf[r.pos:r.end], '\n'); i >= 0 {
			r.take(i+1, 1)
			return nil
		}
		r.pos = r.end
		if r.fault != nil {
			r.next++
			if r.fault == io.EOF {
				return nil
			}
			return r.fault
		}
		r.fill()
	}
}

// trimLineEnd takes a carriage return off a line's end.
func trimLineEnd(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

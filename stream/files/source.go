package files

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// sampleSize is how much of a file is looked at before it is read, in bytes.
const sampleSize = 1 << 20

// rows is what a file of any format gives.
type rows interface {
	// header returns the columns' names.
	header() []string
	// next returns the next row's cells, good until the next call. A
	// *rowError means that only this row is of no use; any other error,
	// io.EOF too, ends the file.
	next() ([][]byte, error)
	// place returns the number of the last row in the file and its text,
	// which is good until the next call of next.
	place() (line int, text []byte)
}

// form is how a file is written.
type form uint8

const (
	formCSV form = iota
	formJSON
	formParquet
)

// source is a file that is open for reading.
type source struct {
	name      string
	form      form
	delimiter byte // of CSV
	ask       *ask

	body   *bufio.Reader // what the file holds, unpacked
	plain  bool          // it was not packed
	sample []byte        // its beginning
	names  []string      // NDJSON: the keys in the sample
	whole  bool          // the sample is all of it
	spool  *os.File      // Parquet: the file, or a copy that can be read at any place
	path   string        // empty for what can be read only once
	read   *atomic.Int64 // bytes taken of the file as it is packed
	closes []func() error
}

// counted counts what is read through it.
type counted struct {
	io.Reader
	n *atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// openFile opens a file by its path. The bytes that are taken of it are added
// to read.
func openFile(path string, a *ask, read *atomic.Int64) (*source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		f.Close()
		return nil, fmt.Errorf("%s is a folder: name its files, or take all that appear in it with --watch %s", path, path)
	}
	s := &source{name: path, ask: a, read: read, closes: []func() error{f.Close}}
	if !info.Mode().IsRegular() {
		return s.start(f, nil) // a pipe: what is read is gone
	}
	s.path = path
	return s.start(f, f)
}

// openStream opens what can be read only once.
func openStream(name string, from io.Reader, a *ask, read *atomic.Int64) (*source, error) {
	s := &source{name: name, ask: a, read: read}
	return s.start(from, nil)
}

// start unpacks a stream and finds its format. The file is the stream itself
// where it can be read at any place.
func (s *source) start(from io.Reader, file *os.File) (*source, error) {
	err := s.unpack(from)
	if err == nil {
		err = s.look()
	}
	if err == nil && s.form == formParquet {
		err = s.keep(file)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s %w", s.name, err), s.close())
	}
	return s, nil
}

// unpack finds out by its first bytes how a stream is packed.
func (s *source) unpack(from io.Reader) error {
	packed := bufio.NewReaderSize(&counted{from, s.read}, readSize)
	magic, _ := packed.Peek(4)
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(packed)
		if err != nil {
			return fmt.Errorf("starts like gzip, but: %w", err)
		}
		s.body = bufio.NewReaderSize(z, sampleSize)
		s.closes = append(s.closes, z.Close)
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
		if err != nil {
			return fmt.Errorf("starts like zstd, but: %w", err)
		}
		s.body = bufio.NewReaderSize(z, sampleSize)
		s.closes = append(s.closes, func() error { z.Close(); return nil })
	default:
		s.plain = true
		s.body = bufio.NewReaderSize(packed, sampleSize)
	}
	return nil
}

// look takes the sample and finds the format in it.
func (s *source) look() error {
	sample, err := s.body.Peek(sampleSize)
	if err != nil && err != io.EOF && len(sample) == 0 {
		return fmt.Errorf("can't be read: %w", err)
	}
	s.whole = err == io.EOF
	s.sample = bytes.Clone(sample)
	if i := bytes.LastIndexByte(s.sample, '\n'); !s.whole && i >= 0 {
		s.sample = s.sample[:i+1] // no half line
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(s.sample, byteOrderMark()), " \t\r\n")
	switch {
	case len(text) == 0:
		return errors.New("is empty")
	case bytes.HasPrefix(text, []byte("PAR1")):
		s.form = formParquet
	case bytes.HasPrefix(text, []byte("PK\x03\x04")):
		return errors.New("is a zip archive or an Excel workbook: save it as CSV")
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}), bytes.HasPrefix(text, []byte{0xfe, 0xff}):
		return errors.New("is UTF-16 text: save it as UTF-8")
	case text[0] == '[':
		return errors.New("is a JSON array: write one object a line (NDJSON), without brackets and commas around them")
	case text[0] == '{':
		s.form = formJSON
	default:
		s.delimiter = s.findDelimiter(text)
	}
	return nil
}

// findDelimiter returns what the columns' names have between them: what gives
// the most names that are known, or else the most names.
func (s *source) findDelimiter(text []byte) byte {
	head := text
	if i := bytes.IndexByte(head, '\n'); i >= 0 {
		head = head[:i+1]
	}
	best, bestScore := byte(','), -1
	for _, d := range []byte{',', ';', '\t', '|'} {
		r, err := newCSV(bytes.NewReader(head), d)
		if err != nil {
			continue
		}
		score := len(r.names)
		for _, kind := range []Kind{Receipts, Products, Members} {
			if c, err := match(kind, r.names, s.ask.mapsOf(kind)); err == nil {
				score = max(score, 1000*len(c.at)+len(r.names))
			}
		}
		if score > bestScore {
			best, bestScore = d, score
		}
	}
	return best
}

// keep makes a Parquet file readable at any place: as it is, or as a copy.
func (s *source) keep(file *os.File) error {
	if file != nil && s.plain {
		s.spool = file
		return nil
	}
	spool, err := os.CreateTemp("", "nabo-import-*.parquet")
	if err != nil {
		return fmt.Errorf("can't be unpacked: %w", err)
	}
	s.closes = append(s.closes, func() error {
		return errors.Join(spool.Close(), os.Remove(spool.Name()))
	})
	s.spool = spool
	if _, err := io.Copy(spool, s.body); err != nil {
		return fmt.Errorf("can't be unpacked: %w", err)
	}
	return nil
}

// rows returns the file's rows. It is called once.
func (s *source) rows() (rows, error) { return s.reader(s.body) }

// reader returns a reader of rows from what the file holds.
func (s *source) reader(body io.Reader) (rows, error) {
	switch s.form {
	case formJSON:
		return newJSON(body, s.names), nil
	case formParquet:
		info, err := s.spool.Stat()
		if err != nil {
			return nil, err
		}
		r, err := newParquet(s.spool, info.Size())
		if err != nil {
			return nil, err
		}
		return r, nil
	}
	r, err := newCSV(body, s.delimiter)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// peek calls look for each row of the file's beginning, or of all of it,
// until look returns false. It leaves what rows reads where it is.
func (s *source) peek(all bool, look func(cells [][]byte) bool) error {
	var body io.Reader = bytes.NewReader(s.sample)
	if all {
		var none atomic.Int64
		again, err := openFile(s.path, s.ask, &none)
		if err != nil {
			return err
		}
		defer again.close()
		body = again.body
	}
	r, err := s.reader(body)
	if err != nil {
		return err
	}
	if p, ok := r.(*parquetReader); ok {
		defer p.close()
	}
	each(r, look)
	return nil
}

// each calls look for each good row until look returns false or the rows end.
// What ends them is of no matter: the reading proper will say so.
func each(r rows, look func(cells [][]byte) bool) {
	for {
		cells, err := r.next()
		var bad *rowError
		if errors.As(err, &bad) {
			continue
		}
		if err != nil || !look(cells) {
			return
		}
	}
}

// again says whether the file can be read more often than once.
func (s *source) again() bool { return s.path != "" && s.form != formParquet && !s.whole }

func (s *source) close() error {
	var errs []error
	for i := len(s.closes) - 1; i >= 0; i-- {
		errs = append(errs, s.closes[i]())
	}
	s.closes = nil
	return errors.Join(errs...)
}

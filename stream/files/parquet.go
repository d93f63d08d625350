package files

import (
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// parquetRows is how many rows are taken from a Parquet file at once.
const parquetRows = 256

// julianDay is 1970-01-01 as the old INT96 timestamps count days.
const julianDay = 2440588

// parquetReader reads rows from a Parquet file. Each value becomes the text
// that a CSV would have in its place, so that all files take one road.
type parquetReader struct {
	file    *parquet.File
	groups  []parquet.RowGroup // those that are not begun
	group   parquet.Rows       // the one being read, nil before the first
	names   []string
	columns []parquetColumn // by the file's own numbering of columns
	rows    []parquet.Row
	n, i    int // of the rows: how many there are, the next one
	fault   error

	cells [][]byte
	held  []byte   // where the cells are
	spans [][2]int // from where to where in held each cell is
	raw   []byte
	row   int
}

// parquetColumn is how the values of one column are written. Lists become JSON
// arrays of texts; a column whose cell is below zero holds lists of more than
// values, and is passed over.
type parquetColumn struct {
	cell   int
	list   bool
	quoted bool
	write  func(dst []byte, v parquet.Value) []byte
}

func newParquet(src io.ReaderAt, size int64) (r *parquetReader, err error) {
	defer func() { // the library panics on some files that are damaged
		if p := recover(); p != nil {
			r, err = nil, fmt.Errorf("is no Parquet file that can be read: %v", p)
		}
	}()
	file, err := parquet.OpenFile(src, size, parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return nil, fmt.Errorf("is no Parquet file that can be read: %w", err)
	}
	r = &parquetReader{file: file, groups: file.RowGroups(), rows: make([]parquet.Row, parquetRows)}
	for _, path := range file.Schema().Columns() {
		leaf, _ := file.Schema().Lookup(path...)
		c := parquetColumn{cell: -1}
		if name, ok := cellName(path, leaf.MaxRepetitionLevel); ok {
			c = columnOf(leaf.Node.Type())
			c.cell, c.list = len(r.names), leaf.MaxRepetitionLevel > 0
			r.names = append(r.names, name)
		}
		r.columns = append(r.columns, c)
	}
	r.cells = make([][]byte, len(r.names))
	r.spans = make([][2]int, len(r.names))
	return r, nil
}

// cellName returns the name of a column's cell, false for one that is passed
// over. Of a list it is the list's: what comes after that is the format's.
func cellName(path []string, repeated int) (string, bool) {
	n := len(path)
	switch {
	case repeated == 0 || repeated == 1 && n == 1:
		return strings.Join(path, "."), true
	case repeated > 1:
		return "", false
	case n > 2 && path[n-2] == "list":
		return strings.Join(path[:n-2], "."), true
	case n > 1 && path[n-1] == "array":
		return strings.Join(path[:n-1], "."), true
	}
	return "", false
}

func (r *parquetReader) header() []string { return r.names }

// list says whether a cell holds lists.
func (r *parquetReader) list(i int) bool {
	return slices.ContainsFunc(r.columns, func(c parquetColumn) bool { return c.cell == i && c.list })
}

// lists returns the columns that hold lists.
func (r *parquetReader) lists() []string {
	var names []string
	for i, name := range r.names {
		if r.list(i) {
			names = append(names, name)
		}
	}
	return names
}

// place returns the row's number, counted from 1, and its cells with commas
// between.
func (r *parquetReader) place() (int, []byte) {
	r.raw = r.raw[:0]
	for i, c := range r.cells {
		if i > 0 {
			r.raw = append(r.raw, ',')
		}
		r.raw = append(r.raw, c...)
	}
	return r.row, r.raw
}

func (r *parquetReader) text(i int) bool {
	for _, c := range r.columns {
		if c.cell == i {
			return c.quoted
		}
	}
	return false
}

// done returns which part of the file is read, 0 to 1.
func (r *parquetReader) done() float64 {
	return float64(r.row) / float64(max(1, r.file.NumRows()))
}

// next returns the next row's cells, good until the next call.
func (r *parquetReader) next() ([][]byte, error) {
	if r.i == r.n {
		if err := r.load(); err != nil {
			return nil, err
		}
	}
	row := r.rows[r.i]
	r.i++
	r.row++
	r.held = r.held[:0]
	clear(r.spans)
	for _, v := range row {
		c := &r.columns[v.Column()]
		if c.cell < 0 || v.IsNull() {
			continue
		}
		start := len(r.held)
		if c.list {
			start = r.element(c, v)
		} else {
			r.held = c.write(r.held, v)
		}
		r.spans[c.cell] = [2]int{start, len(r.held)}
	}
	for i, s := range r.spans { // now that held doesn't move any more
		r.cells[i] = r.held[s[0]:s[1]]
	}
	return r.cells, nil
}

// element adds a value to the list that its cell holds, and returns where that
// starts. The values of one list come one after another.
func (r *parquetReader) element(c *parquetColumn, v parquet.Value) (start int) {
	start = len(r.held)
	if span := r.spans[c.cell]; span[1] > 0 {
		start = span[0]
		r.held[len(r.held)-1] = ','
	} else {
		r.held = append(r.held, '[')
	}
	quoted, err := json.Marshal(string(c.write(nil, v)))
	if err != nil {
		panic(err) // a text always can be written
	}
	r.held = append(append(r.held, quoted...), ']')
	return start
}

func (r *parquetReader) load() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("is damaged after row %d: %v", r.row, p)
		}
	}()
	if r.fault != nil {
		return r.fault
	}
	for i := range r.rows {
		r.rows[i] = r.rows[i][:0]
	}
	for r.i, r.n = 0, 0; r.n == 0; {
		if r.group == nil && !r.nextGroup() {
			r.fault = io.EOF
			return r.fault
		}
		r.n, err = r.group.ReadRows(r.rows)
		if err == nil && r.n == 0 {
			err = io.ErrNoProgress
		}
		if err == io.EOF {
			err = r.group.Close()
			r.group = nil
		}
		if err != nil {
			r.fault = fmt.Errorf("is damaged after row %d: %w", r.row, err)
			return r.fault
		}
	}
	return nil
}

// nextGroup begins the next row group, false where there is none.
func (r *parquetReader) nextGroup() bool {
	if len(r.groups) == 0 {
		return false
	}
	r.group, r.groups = r.groups[0].Rows(), r.groups[1:]
	return true
}

func (r *parquetReader) close() error {
	if r.group == nil {
		return nil
	}
	return r.group.Close()
}

// columnOf returns how the values of a type are written.
func columnOf(t parquet.Type) parquetColumn {
	c := parquetColumn{write: appendPlain}
	if l := t.LogicalType(); l != nil {
		switch v := l.Value.(type) {
		case *format.TimestampType:
			c.write = timestamps(v)
			return c
		case *format.DateType:
			c.write = appendDate
			return c
		case *format.DecimalType:
			c.write = decimals(int(v.Scale))
			return c
		}
	}
	switch t.Kind() {
	case parquet.ByteArray, parquet.FixedLenByteArray:
		c.quoted = true
	case parquet.Int96:
		c.write = appendInt96
	}
	return c
}

func appendPlain(dst []byte, v parquet.Value) []byte {
	switch v.Kind() {
	case parquet.Boolean:
		return strconv.AppendBool(dst, v.Boolean())
	case parquet.Int32:
		return strconv.AppendInt(dst, int64(v.Int32()), 10)
	case parquet.Int64:
		return strconv.AppendInt(dst, v.Int64(), 10)
	case parquet.Float:
		return strconv.AppendFloat(dst, float64(v.Float()), 'g', -1, 32)
	case parquet.Double:
		return strconv.AppendFloat(dst, v.Double(), 'g', -1, 64)
	}
	return append(dst, v.ByteArray()...)
}

func appendDate(dst []byte, v parquet.Value) []byte {
	return appendDay(dst, v.Int32())
}

// timestamps returns how timestamps of a type are written: with a Z where they
// are meant so, else as a wall clock's.
func timestamps(t *format.TimestampType) func([]byte, parquet.Value) []byte {
	layout := "2006-01-02T15:04:05.000"
	if t.IsAdjustedToUTC {
		layout += "Z"
	}
	unit := time.Microsecond
	switch t.Unit.Value.(type) {
	case *format.MilliSeconds:
		unit = time.Millisecond
	case *format.NanoSeconds:
		unit = time.Nanosecond
	}
	second := int64(time.Second / unit)
	return func(dst []byte, v parquet.Value) []byte {
		n := v.Int64()
		whole := floorDiv(n, second)
		at := time.Unix(whole, (n-whole*second)*int64(unit)).UTC()
		return at.AppendFormat(dst, layout)
	}
}

// appendInt96 writes the timestamps of older programs: nanoseconds of the day,
// then the day.
func appendInt96(dst []byte, v parquet.Value) []byte {
	b := v.Int96()
	nanos := int64(b[1])<<32 | int64(b[0])
	at := time.Unix((int64(b[2])-julianDay)*msPerDay/1000, nanos).UTC()
	return at.AppendFormat(dst, "2006-01-02T15:04:05.000Z")
}

// decimals returns how numbers with a fixed count of decimals are written.
func decimals(scale int) func([]byte, parquet.Value) []byte {
	return func(dst []byte, v parquet.Value) []byte {
		n := new(big.Int)
		switch v.Kind() {
		case parquet.Int32, parquet.Int64:
			n.SetInt64(v.Int64())
		default:
			setSigned(n, v.ByteArray())
		}
		if v.Kind() == parquet.Int32 {
			n.SetInt64(int64(v.Int32()))
		}
		return appendScaled(dst, n, scale)
	}
}

// setSigned sets n to big-endian bytes in two's complement.
func setSigned(n *big.Int, b []byte) {
	n.SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
}

func appendScaled(dst []byte, n *big.Int, scale int) []byte {
	if n.Sign() < 0 {
		dst = append(dst, '-')
		n.Neg(n)
	}
	digits := n.String()
	if len(digits) <= scale {
		digits = strings.Repeat("0", scale-len(digits)+1) + digits
	}
	dst = append(dst, digits[:len(digits)-scale]...)
	if scale > 0 {
		dst = append(append(dst, '.'), digits[len(digits)-scale:]...)
	}
	return dst
}

package files

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"nabo/engine/event"
)

// texter is what a reader is whose format tells texts from numbers.
type texter interface {
	text(i int) bool // the cell of the last row was a text
}

// catalogue makes an upsert of each row of a products or a members file.
//
// An upsert has no id: it replaces what is known, so that the same file again
// changes nothing, while a price that went up and down again still counts.
type catalogue struct {
	source  string
	columns *columns
	mark    mark
	texts   *texts
	rows    rows

	kept       []int // the columns that are attributes, by name
	seen       int   // how many columns kept was made from
	attributes []event.Attribute
	product    event.Product
	member     event.Member
}

func newCatalogue(source string, l *learned, t *texts, r rows) *catalogue {
	return &catalogue{source: source, columns: l.columns, mark: l.mark, texts: t, rows: r}
}

// keep finds which columns are attributes: all that have no other meaning. Of
// several with one name the first counts.
func (c *catalogue) keep() {
	names := c.rows.header()
	if c.seen == len(names) {
		return
	}
	c.seen, c.kept = len(names), c.kept[:0]
	for i, n := range names {
		if n != "" && !c.columns.mapped(i) && slices.Index(names, n) == i {
			c.kept = append(c.kept, i)
		}
	}
	slices.SortFunc(c.kept, func(a, b int) int { return strings.Compare(names[a], names[b]) })
}

// read returns a row as an event, good until the next call. The error is a
// *rowError.
func (c *catalogue) read(cells [][]byte) (*event.Event, error) {
	c.keep()
	c.attributes = c.attributes[:0]
	names := c.rows.header()
	for _, i := range c.kept {
		if v, ok := c.value(i, cells[i]); ok {
			c.attributes = append(c.attributes, event.Attribute{Name: names[i], Value: v})
		}
	}
	if c.columns.kind == Members {
		return c.readMember(cells)
	}
	return c.readProduct(cells)
}

func (c *catalogue) readProduct(cells [][]byte) (*event.Event, error) {
	p := &c.product
	*p = event.Product{
		Product:  c.text(cells, fieldProduct),
		Name:     c.text(cells, fieldName),
		Category: c.text(cells, fieldCategory),
		Brand:    c.text(cells, fieldBrand),
		Image:    c.text(cells, fieldImage),
		Currency: c.text(cells, fieldCurrency),
		Price:    math.NaN(), Attributes: c.attributes,
	}
	if p.Product == "" {
		return nil, &rowError{c.columns.names[c.columns.index(fieldProduct)], "is empty"}
	}
	if i := c.columns.index(fieldPrice); i >= 0 {
		if cell := filled(cells[i]); len(cell) > 0 {
			v, ok := readNumber(cell, c.mark)
			if !ok {
				return nil, &rowError{c.columns.names[i], "is no number"}
			}
			p.Price = v
		}
	}
	return &event.Event{Type: event.TypeProductUpserted, Source: c.source, Body: p}, nil
}

func (c *catalogue) readMember(cells [][]byte) (*event.Event, error) {
	m := &c.member
	*m = event.Member{HomeStore: c.text(cells, fieldHome), Timezone: c.text(cells, fieldTimezone), Attributes: c.attributes}
	ev := &event.Event{Type: event.TypeMemberUpserted, Source: c.source, MemberID: c.text(cells, fieldMember), Body: m}
	if ev.MemberID == "" {
		return nil, &rowError{c.columns.names[c.columns.index(fieldMember)], "is empty"}
	}
	if i := c.columns.index(fieldChains); i >= 0 {
		m.Chains = c.list(filled(cells[i]))
	}
	return ev, nil
}

// text returns the cell of a field as a string, empty where there is none.
func (c *catalogue) text(cells [][]byte, f field) string {
	i := c.columns.index(f)
	if i < 0 {
		return ""
	}
	return c.texts.text(filled(cells[i]))
}

// list returns the ids of a cell that has several: a JSON array, or with a bar,
// a semicolon, a comma or a space between them.
func (c *catalogue) list(cell []byte) []string {
	if len(cell) == 0 {
		return nil
	}
	var ids []string
	if cell[0] == '[' && json.Unmarshal(cell, &ids) == nil {
		return ids
	}
	for _, part := range bytes.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune("|;, ", r) }) {
		if id := c.texts.text(part); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// value returns a cell as an attribute's value, false where it is empty. Where
// the format doesn't tell, what looks like a number is one, save for codes that
// begin with a zero or a plus or are longer than a float64 holds.
func (c *catalogue) value(i int, cell []byte) (event.Value, bool) {
	cell = filled(cell)
	if len(cell) == 0 {
		return event.Value{}, false
	}
	t, tells := c.rows.(texter)
	if tells && t.text(i) {
		return event.Value{Kind: event.KindText, Text: c.texts.text(cell)}, true
	}
	switch string(cell) {
	case "true", "TRUE", "True":
		return event.Value{Kind: event.KindBool, Num: 1}, true
	case "false", "FALSE", "False":
		return event.Value{Kind: event.KindBool}, true
	}
	if v, ok := c.numeric(cell, tells); ok {
		return event.Value{Kind: event.KindNumber, Num: v}, true
	}
	return event.Value{Kind: event.KindText, Text: c.texts.text(cell)}, true
}

func (c *catalogue) numeric(cell []byte, tells bool) (float64, bool) {
	digit := cell[len(cell)-1]-'0' <= 9
	if tells && digit {
		v, err := strconv.ParseFloat(string(cell), 64)
		return v, err == nil
	}
	code := cell[0] == '0' && len(cell) > 1 && cell[1]-'0' <= 9
	if code || len(cell) > maxDigits+1 || !digit || cell[0] != '-' && cell[0]-'0' > 9 || bytes.ContainsAny(cell, " '") {
		return 0, false
	}
	return readNumber(cell, c.mark)
}

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

// lister is what a reader is whose format has lists.
type lister interface {
	list(i int) bool // the cells of the column are lists
}

// catalogue makes an event of each row of a file of products, offers, members'
// own offers, members or consents.
//
// An upsert has no id: it replaces what is known, so that the same file again
// changes nothing, while a price that went up and down again still counts.
type catalogue struct {
	source  string
	columns *columns
	clock   *clock
	mark    mark
	texts   *texts
	rows    rows

	kept       []int // the columns that are attributes, by name
	seen       int   // how many columns kept was made from
	attributes []event.Attribute
	product    event.Product
	offer      event.Offer
	personal   event.OfferPersonal
	member     event.Member
	consent    event.Consent
}

func newCatalogue(source string, l *learned, t *texts, r rows) *catalogue {
	return &catalogue{source: source, columns: l.columns, clock: l.clock, mark: l.mark, texts: t, rows: r}
}

// keep finds which columns are attributes: all that have no other meaning. Of
// several with one name the first counts.
func (c *catalogue) keep() {
	names := c.rows.header()
	if c.seen == len(names) {
		return
	}
	c.seen, c.kept = len(names), c.kept[:0]
	lists, _ := c.rows.(lister)
	for i, n := range names {
		if lists != nil && lists.list(i) {
			continue // an attribute has one value
		}
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
	switch c.columns.kind {
	case Offers:
		return c.readOffer(cells)
	case Personal:
		return c.readPersonal(cells)
	case Members:
		return c.readMember(cells)
	case Consents:
		return c.readConsent(cells)
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
		return nil, c.fault(fieldProduct, "is empty")
	}
	if err := c.number(cells, fieldPrice, &p.Price); err != nil {
		return nil, err
	}
	return &event.Event{Type: event.TypeProductUpserted, Source: c.source, Body: p}, nil
}

func (c *catalogue) readMember(cells [][]byte) (*event.Event, error) {
	m := &c.member
	*m = event.Member{HomeStore: c.text(cells, fieldHome), Timezone: c.text(cells, fieldTimezone), Attributes: c.attributes}
	ev := &event.Event{Type: event.TypeMemberUpserted, Source: c.source, MemberID: c.text(cells, fieldMember), Body: m}
	if ev.MemberID == "" {
		return nil, c.fault(fieldMember, "is empty")
	}
	m.Chains = c.ids(cells, fieldChains)
	return ev, nil
}

// text returns the cell of a field as a string, empty where there is none.
func (c *catalogue) text(cells [][]byte, f field) string {
	return c.texts.text(c.cell(cells, f))
}

// list returns the ids of a cell that has several: a JSON array, or with a bar
// between them, or else a semicolon, a comma or a space.
func (c *catalogue) list(cell []byte) []string {
	if ids, ok := jsonList(cell); ok {
		return ids
	}
	marks := "|"
	if bytes.IndexByte(cell, '|') < 0 {
		marks = ";, "
	}
	return c.split(cell, marks)
}

// split returns the parts of a cell between any of the marks, each once.
func (c *catalogue) split(cell []byte, marks string) []string {
	if len(cell) == 0 {
		return nil
	}
	var parts []string
	for part := range strings.FieldsFuncSeq(c.texts.text(cell), func(r rune) bool { return strings.ContainsRune(marks, r) }) {
		if part = strings.TrimSpace(part); part != "" && !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return parts
}

// jsonList returns the texts and the numbers of a JSON array, false if the cell
// holds something else.
func jsonList(cell []byte) ([]string, bool) {
	var parts []json.RawMessage
	if len(cell) == 0 || cell[0] != '[' || json.Unmarshal(cell, &parts) != nil {
		return nil, false
	}
	var texts []string
	for _, part := range parts {
		text := string(part)
		if part[0] == '"' && json.Unmarshal(part, &text) != nil {
			return nil, false
		}
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return texts, true
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

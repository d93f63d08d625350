package files

import (
	"bytes"
	"fmt"
	"math"
	"strings"

	"nabo/engine/event"
)

// sale is one row of a receipts file: one line of a receipt.
type sale struct {
	when                   moment
	receipt                []byte // good until the next row is read
	store, chain, till     string
	member, session, money string
	line                   event.Line
	stamp                  []byte // the time's cell, for receipts without a number
}

// saleReader makes sales of rows. What it is not told by a row it takes from
// store, chain and money.
type saleReader struct {
	columns *columns
	clock   *clock
	mark    mark
	texts   *texts

	store, chain, money string // for rows that name none

	ts, date, time                                int
	storeAt, chainAt, till, receipt, member       int
	session, product, qty, price, total, discount int
	offer, currency, back                         int

	joined []byte // a date's and a time's cell in one
}

func newSaleReader(c *columns, k *clock, m mark, t *texts) *saleReader {
	r := &saleReader{columns: c, clock: k, mark: m, texts: t,
		ts: c.index(fieldTS), date: c.index(fieldDate), time: c.index(fieldTime),
		storeAt: c.index(fieldStore), chainAt: c.index(fieldChain), till: c.index(fieldTill),
		receipt: c.index(fieldReceipt), member: c.index(fieldMember), session: c.index(fieldSession),
		product: c.index(fieldProduct), qty: c.index(fieldQty), price: c.index(fieldPrice), total: c.index(fieldTotal),
		discount: c.index(fieldDiscount), offer: c.index(fieldOffer), currency: c.index(fieldCurrency), back: c.index(fieldReturn),
	}
	return r
}

// stampOf returns the cell, or both cells joined, that say when; nil where the
// row doesn't.
func (r *saleReader) stampOf(cells [][]byte) []byte {
	switch {
	case r.ts >= 0:
		return filled(cells[r.ts])
	case r.date >= 0 && r.time >= 0:
		r.joined = appendStamp(r.joined[:0], cells[r.date], cells[r.time])
		return r.joined
	case r.date >= 0:
		return filled(cells[r.date])
	}
	return filled(cells[r.time])
}

// stampIndex returns the column that says when.
func (r *saleReader) stampIndex() int {
	for _, i := range []int{r.ts, r.date, r.time} {
		if i >= 0 {
			return i
		}
	}
	return -1
}

func (r *saleReader) stampColumn() string { return r.columns.names[r.stampIndex()] }

// read fills s from a row's cells. The error, a *rowError, says which column is
// wrong.
func (r *saleReader) read(cells [][]byte, s *sale) error {
	s.stamp = r.stampOf(cells)
	if len(s.stamp) == 0 {
		return &rowError{r.stampColumn(), "is empty"}
	}
	var err error
	if s.when, err = r.clock.read(s.stamp); err != nil {
		return &rowError{r.stampColumn(), err.Error()}
	}
	if s.when.at <= 0 {
		return &rowError{r.stampColumn(), "is not after 1970-01-01T00:00:00Z"}
	}
	s.receipt = nil
	if r.receipt >= 0 {
		s.receipt = filled(cells[r.receipt])
	}
	if err := r.readIDs(cells, s); err != nil {
		return err
	}
	if len(s.receipt) == 0 && s.member == "" {
		return &rowError{r.receiptColumn(), "is empty, and no member tells which receipt the line belongs to"}
	}
	return r.readLine(cells, s)
}

func (r *saleReader) receiptColumn() string {
	if r.receipt >= 0 {
		return r.columns.names[r.receipt]
	}
	return r.columns.names[r.member]
}

func (r *saleReader) readIDs(cells [][]byte, s *sale) error {
	s.store, s.chain, s.money = r.store, r.chain, r.money
	for _, f := range [...]struct {
		at   int
		into *string
	}{{r.storeAt, &s.store}, {r.chainAt, &s.chain}, {r.till, &s.till}, {r.member, &s.member}, {r.session, &s.session}, {r.currency, &s.money}} {
		if f.at < 0 {
			continue
		}
		cell := filled(cells[f.at])
		if len(cell) == 0 && f.at != r.member && f.at != r.session && f.at != r.till {
			continue // the default stands
		}
		id, err := r.texts.id(cell)
		if err != nil {
			return &rowError{r.columns.names[f.at], err.Error()}
		}
		*f.into = id
	}
	if s.money == r.money || isCurrency(s.money) {
		return nil
	}
	if s.money = strings.ToUpper(s.money); !isCurrency(s.money) {
		return &rowError{r.columns.names[r.currency], "is no currency's code of three letters, such as DKK"}
	}
	return nil
}

func isCurrency(s string) bool {
	return len(s) == 3 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

func (r *saleReader) readLine(cells [][]byte, s *sale) (err error) {
	l := &s.line
	*l = event.Line{Qty: 1, Price: math.NaN()}
	product := bytes.TrimSpace(cells[r.product])
	if len(product) == 0 || string(product) == "NULL" || string(product) == `\N` {
		return &rowError{r.columns.names[r.product], "is empty"}
	}
	if l.Product, err = r.texts.id(product); err != nil {
		return &rowError{r.columns.names[r.product], err.Error()}
	}
	if err := r.number(cells, r.qty, &l.Qty); err != nil {
		return err
	}
	if l.Qty == 0 {
		return &rowError{r.columns.names[r.qty], "is 0"}
	}
	if err := r.number(cells, r.price, &l.Price); err != nil {
		return err
	}
	if err := r.number(cells, r.discount, &l.Discount); err != nil {
		return err
	}
	if err := r.readTotal(cells, l); err != nil {
		return err
	}
	if r.offer >= 0 {
		if l.Offer, err = r.texts.id(filled(cells[r.offer])); err != nil {
			return &rowError{r.columns.names[r.offer], err.Error()}
		}
	}
	return r.readReturn(cells, l)
}

// readTotal takes the price of one from what the whole line cost, where the
// file has no price of one.
func (r *saleReader) readTotal(cells [][]byte, l *event.Line) error {
	if r.total < 0 || l.Price == l.Price {
		return nil
	}
	total := math.NaN()
	if err := r.number(cells, r.total, &total); err != nil {
		return err
	}
	if l.Price = math.Abs(total / l.Qty); l.Price > event.MaxNumber {
		return &rowError{r.columns.names[r.total], fmt.Sprintf("gives a price beyond %g", event.MaxNumber)}
	}
	return nil
}

// readReturn turns a negative quantity, or a yes in the returns' column, into a
// return of a positive quantity.
func (r *saleReader) readReturn(cells [][]byte, l *event.Line) error {
	if r.back >= 0 {
		yes, ok := truth(filled(cells[r.back]))
		if !ok {
			return &rowError{r.columns.names[r.back], "is neither yes nor no"}
		}
		l.Return = yes
	}
	if l.Qty < 0 {
		l.Qty, l.Return = -l.Qty, true
	}
	return nil
}

// number reads a number into v, which stands where the cell is empty.
func (r *saleReader) number(cells [][]byte, at int, v *float64) error {
	if at < 0 {
		return nil
	}
	cell := filled(cells[at])
	if len(cell) == 0 {
		return nil
	}
	f, ok := readNumber(cell, r.mark)
	if !ok {
		return &rowError{r.columns.names[at], "is no number"}
	}
	if !(math.Abs(f) <= event.MaxNumber) {
		return &rowError{r.columns.names[at], fmt.Sprintf("is beyond %g", event.MaxNumber)}
	}
	*v = f
	return nil
}

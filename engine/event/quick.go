package event

import (
	"math"
	"strings"
	"unicode/utf8"
)

// quickRoad reads the events that come by the thousand (receipt, view, cart,
// scan, impression) in one pass, without taking the JSON apart first. It takes only what
// it is sure of: for an escape, a null, a field twice or unknown, an unusual
// number or time, or any broken rule it gives up, and the slow road reads the
// event again and finds the words. What it takes it must read exactly as the
// slow road does; FuzzScan holds the two together.
type quickRoad struct {
	s   string
	at  int
	bad bool // it gave up

	lines []Line // a slab that the receipts of one body share
}

// quickFields is a set of fields of an envelope or of its data.
type quickFields uint16

const (
	seenVersion quickFields = 1 << iota
	seenID
	seenSource
	seenType
	seenTime
	seenData
	seenContentType
	seenSubject
	seenSchema
)

const (
	seenStore quickFields = 1 << iota
	seenChain
	seenSession
	seenMember
	seenCurrency
	seenOriginal
	seenLines
	seenProducts
	seenProduct
	seenRecommID
	seenCart
	seenAction
	seenIDs
	seenChannel
)

// quickFieldsOf says which fields of data a type may have; none for the types
// that are left to the slow road.
func quickFieldsOf(t Type) quickFields {
	const all = seenStore | seenChain | seenSession | seenMember
	switch t {
	case TypeReceipt:
		return all | seenCurrency | seenOriginal | seenLines | seenProducts
	case TypeView:
		return all | seenProduct | seenRecommID
	case TypeCart:
		return all | seenCart | seenAction | seenLines | seenProducts
	case TypeScan:
		return all | seenProduct | seenAction
	case TypeImpression:
		return all | seenRecommID | seenIDs | seenChannel
	}
	return 0
}

// quickData is what data held that has no place in the Event itself. The type
// may come after the data, so all types' fields are read alike.
type quickData struct {
	seen                               quickFields
	currency, original                 string
	product, recommID, cart, actionFor string
	channel                            string
	lines                              []Line
	ids                                []string
}

// read reads the event at at into ev and returns its end, or false if it gave
// up.
func (q *quickRoad) read(body string, at int, ev *Event) (end int, ok bool) {
	q.s, q.at, q.bad = body, at, false
	*ev = Event{}
	var d quickData
	seen := q.envelope(ev, &d)
	if q.bad || seen&seenType == 0 || seen&seenData == 0 || d.seen&^quickFieldsOf(ev.Type) != 0 {
		return 0, false
	}
	if !d.build(ev) || ev.check() != nil {
		return 0, false
	}
	return q.at, true
}

func (q *quickRoad) envelope(ev *Event, d *quickData) (seen quickFields) {
	for name, more := q.open(); more; name, more = q.next() {
		switch name {
		case "specversion":
			q.once(&seen, seenVersion)
			v := q.text()
			q.require(v == "" || v == "1.0")
		case "id":
			q.once(&seen, seenID)
			ev.ID = q.text()
		case "source":
			q.once(&seen, seenSource)
			ev.Source = q.text()
		case "type":
			q.once(&seen, seenType)
			t, ok := ParseType(q.text())
			q.require(ok)
			ev.Type = t
		case "time":
			q.once(&seen, seenTime)
			ev.Time = q.time()
		case "data":
			q.once(&seen, seenData)
			q.data(ev, d)
		case "datacontenttype":
			q.once(&seen, seenContentType)
			q.ignore()
		case "subject":
			q.once(&seen, seenSubject)
			q.ignore()
		case "dataschema":
			q.once(&seen, seenSchema)
			q.ignore()
		default:
			q.bad = true
		}
	}
	return seen
}

func (q *quickRoad) data(ev *Event, d *quickData) {
	for name, more := q.open(); more; name, more = q.next() {
		switch name {
		case "store":
			q.field(d, seenStore, &ev.Store)
		case "chain":
			q.field(d, seenChain, &ev.Chain)
		case "session":
			q.field(d, seenSession, &ev.SessionID)
		case "member":
			q.field(d, seenMember, &ev.MemberID)
		case "currency":
			q.field(d, seenCurrency, &d.currency)
		case "original":
			q.field(d, seenOriginal, &d.original)
		case "product":
			q.field(d, seenProduct, &d.product)
		case "recommId":
			q.field(d, seenRecommID, &d.recommID)
		case "cart":
			q.field(d, seenCart, &d.cart)
		case "action":
			q.field(d, seenAction, &d.actionFor)
		case "channel":
			q.field(d, seenChannel, &d.channel)
		case "ids":
			q.once(&d.seen, seenIDs)
			d.ids = q.ids()
		case "lines":
			q.once(&d.seen, seenLines)
			q.list(d, "{", (*quickRoad).line)
		case "products":
			q.once(&d.seen, seenProducts)
			q.list(d, ",", (*quickRoad).productLine)
		default:
			q.bad = true
		}
	}
}

func (q *quickRoad) field(d *quickData, bit quickFields, to *string) {
	q.once(&d.seen, bit)
	*to = q.text()
}

// build puts the body together; false if the action is none.
func (d *quickData) build(ev *Event) bool {
	action := Action(0)
	if d.actionFor != "" {
		var ok bool
		if action, ok = ParseAction(d.actionFor); !ok {
			return false
		}
	}
	switch ev.Type {
	case TypeReceipt:
		ev.Body = &Receipt{Currency: d.currency, OriginalID: d.original, Lines: d.lines}
	case TypeView:
		ev.Body = &View{Product: d.product, RecommID: d.recommID}
	case TypeCart:
		ev.Body = &Cart{CartID: d.cart, Action: action, Lines: d.lines}
	case TypeScan:
		ev.Body = &Scanned{Product: d.product, Action: action}
	case TypeImpression:
		ev.Body = &Impression{RecommID: d.recommID, IDs: d.ids, Channel: d.channel}
	default:
		return false
	}
	return true
}

const (
	quickSlab  = 512  // lines that are allocated at once in a long body
	quickAhead = 4096 // bytes that are looked at to guess how many lines follow
)

// list reads an array of lines into the slab. The mark is a byte that each
// element brings: how often it occurs is a good guess of how many there are.
func (q *quickRoad) list(d *quickData, mark string, element func(*quickRoad, *Line)) {
	if q.null() {
		return
	}
	q.require(d.lines == nil) // lines and products are a fault
	if !q.take('[') {
		return
	}
	q.makeRoom(mark)
	first := len(q.lines)
	for more := q.first(']'); more; more = q.another(']') {
		if len(q.lines)-first == MaxLines {
			q.bad = true
			break
		}
		q.lines = append(q.lines, Line{Qty: 1, Price: math.NaN()})
		element(q, &q.lines[len(q.lines)-1])
	}
	if q.bad {
		q.lines = q.lines[:first]
	} else if len(q.lines) > first {
		d.lines = q.lines[first:len(q.lines):len(q.lines)]
	}
}

// makeRoom makes sure that the slab has room for the array that starts here. It
// looks ahead no further than quickAhead: a body full of arrays that are never
// closed must not be read once for each of them.
func (q *quickRoad) makeRoom(mark string) {
	ahead := q.s[q.at:min(len(q.s), q.at+quickAhead)]
	if end := strings.IndexByte(ahead, ']'); end >= 0 {
		ahead = ahead[:end]
	}
	guess := strings.Count(ahead, mark) + 1
	if cap(q.lines)-len(q.lines) >= guess {
		return
	}
	if len(q.s)-q.at > quickAhead {
		guess = max(guess, quickSlab)
	}
	q.lines = make([]Line, 0, guess)
}

// ids reads an array of ids, of at most as many as an impression has.
func (q *quickRoad) ids() []string {
	if q.null() || !q.take('[') {
		return nil
	}
	var ids []string
	for more := q.first(']'); more; more = q.another(']') {
		if ids == nil {
			ahead := q.s[q.at:min(len(q.s), q.at+quickAhead)]
			end := strings.IndexByte(ahead, ']')
			ids = make([]string, 0, min(strings.Count(ahead[:max(end, 0)], ",")+1, MaxShown))
		}
		if len(ids) == MaxShown {
			q.bad = true
			return nil
		}
		ids = append(ids, q.text())
	}
	return ids
}

func (q *quickRoad) productLine(l *Line) { l.Product = q.text() }

const (
	seenQty quickFields = 1 << iota
	seenPrice
	seenDiscount
	seenOffer
	seenReturn
	seenLineProduct
)

func (q *quickRoad) line(l *Line) {
	seen := quickFields(0)
	for name, more := q.open(); more; name, more = q.next() {
		switch name {
		case "product":
			q.once(&seen, seenLineProduct)
			l.Product = q.text()
		case "qty":
			q.once(&seen, seenQty)
			l.Qty = q.number(1)
		case "price":
			q.once(&seen, seenPrice)
			l.Price = q.number(math.NaN())
		case "discount":
			q.once(&seen, seenDiscount)
			l.Discount = q.number(0)
		case "offer":
			q.once(&seen, seenOffer)
			l.Offer = q.text()
		case "return":
			q.once(&seen, seenReturn)
			l.Return = q.flag()
		default:
			q.bad = true
		}
	}
	if l.Qty < 0 {
		l.Qty, l.Return = -l.Qty, true
	}
}

// once gives up if a field of the set was seen before.
func (q *quickRoad) once(seen *quickFields, bit quickFields) {
	if *seen&bit != 0 {
		q.bad = true
	}
	*seen |= bit
}

func (q *quickRoad) require(ok bool) {
	if !ok {
		q.bad = true
	}
}

// ignore reads a string that nobody wants; it must still be UTF-8.
func (q *quickRoad) ignore() { q.require(utf8.ValidString(q.text())) }

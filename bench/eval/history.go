package eval

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"nabo/engine/event"
)

// history is all that a folder tells of a shop.
type history struct {
	products    []product
	receipts    []receipt
	campaigns   []campaign
	redemptions []redemption
	sent        map[string][]int // member → campaigns, by their places above

	words map[string]string // each text once: a product's id is on many lines
}

// word returns a text that may be kept, the same for the same.
func (h *history) word(text string) string {
	if w, ok := h.words[text]; ok {
		return w
	}
	w := strings.Clone(text)
	h.words[w] = w
	return w
}

type product struct{ id, name, category, brand string }

// receipt is what one till printed, or what is known of it.
type receipt struct {
	id, store, member string
	at                event.Millis
	whole             bool // all of its lines are known
	lines             []event.Line
}

// name is the receipt's id as the file has it.
func (r *receipt) name() string { return r.id[strings.IndexByte(r.id, '/')+1:] }

// campaign sends offers out. An offer may be in several, each time with other
// products.
type campaign struct {
	id       string
	first    event.Millis // midnight of its first day
	last     event.Millis // the last moment of its last day
	offers   []string     // in the order of the file
	products map[string][]string
}

type redemption struct {
	member, offer string
	at            event.Millis
}

const day = 24 * 60 * 60 * 1000 // milliseconds

// readHistory reads a folder, or one file of receipts. The tables of products
// and of what is about offers may be missing.
func readHistory(path string) (*history, error) {
	h := &history{sent: map[string][]int{}, words: map[string]string{}}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return h, h.readReceipts("", path)
	}
	return h, h.readFolder(path)
}

func (h *history) readFolder(folder string) error {
	if err := h.readProducts(folder); err != nil {
		return err
	}
	if err := h.readReceipts(folder, "receipts"); err != nil {
		return err
	}
	if err := mayMiss(h.readReceipts(folder, "partial_lines")); err != nil {
		return err
	}
	if err := h.readCampaigns(folder); err != nil {
		return err
	}
	return mayMiss(readTable(folder, "redemptions", []string{"ts", "member", "offer"}, func(c []string) error {
		at, err := moment(c[0])
		h.redemptions = append(h.redemptions, redemption{member: h.word(c[1]), offer: h.word(c[2]), at: at})
		return err
	}))
}

func (h *history) readProducts(folder string) error {
	columns := []string{"product", "name?", "category?", "department?", "brand?"}
	return mayMiss(readTable(folder, "products", columns, func(c []string) error {
		category := c[2]
		if category == "" {
			category = c[3]
		}
		h.products = append(h.products, product{id: c[0], name: c[1], category: category, brand: c[4]})
		return nil
	}))
}

// readReceipts reads lines, those of one receipt being together or not. Of the
// receipts in partial_lines only a part is there.
func (h *history) readReceipts(folder, table string) error {
	places := map[string]int{}
	source := table
	if folder == "" {
		source = "receipts"
	}
	columns := []string{"ts", "store?", "receipt", "member?", "product", "qty?", "price?"}
	return readTable(folder, table, columns, func(c []string) error {
		line, err := readLine(h.word(c[4]), c[5], c[6])
		if err != nil {
			return err
		}
		p, ok := places[c[2]]
		if !ok {
			at, err := moment(c[0])
			if err != nil {
				return err
			}
			p = len(h.receipts)
			r := receipt{id: source + "/" + c[2], store: h.word(c[1]), member: h.word(c[3]), at: at, whole: source == "receipts"}
			places[r.name()] = p
			h.receipts = append(h.receipts, r)
		}
		h.receipts[p].lines = append(h.receipts[p].lines, line)
		return nil
	})
}

// readLine reads one product of a receipt. No quantity, or none of it, is one:
// goods that are sold by weight often have it so.
func readLine(product, qty, price string) (event.Line, error) {
	l := event.Line{Product: product, Qty: 1, Price: math.NaN()}
	var err error
	if qty != "" {
		if l.Qty, err = strconv.ParseFloat(qty, 64); err != nil {
			return l, fmt.Errorf("qty is %q; a number was expected", qty)
		}
	}
	switch {
	case l.Qty < 0:
		l.Return, l.Qty = true, -l.Qty
	case l.Qty == 0:
		l.Qty = 1
	}
	if price != "" {
		if l.Price, err = strconv.ParseFloat(price, 64); err != nil {
			return l, fmt.Errorf("price is %q; a number was expected", price)
		}
	}
	return l, nil
}

func (h *history) readCampaigns(folder string) error {
	places := map[string]int{}
	err := readTable(folder, "campaigns", []string{"campaign", "start", "end"}, func(c []string) error {
		first, err := moment(c[1])
		if err != nil {
			return err
		}
		last, err := moment(c[2])
		places[c[0]] = len(h.campaigns)
		h.campaigns = append(h.campaigns, campaign{id: c[0], first: first, last: last + day - 1, products: map[string][]string{}})
		return err
	})
	if err != nil {
		return mayMiss(err)
	}
	err = readTable(folder, "offers", []string{"campaign", "offer", "product"}, func(c []string) error {
		p, ok := places[c[0]]
		if !ok {
			return fmt.Errorf("there is no campaign %q", c[0])
		}
		k := &h.campaigns[p]
		if _, ok := k.products[c[1]]; !ok {
			k.offers = append(k.offers, c[1])
		}
		k.products[c[1]] = append(k.products[c[1]], c[2])
		return nil
	})
	if err != nil {
		return err
	}
	return mayMiss(readTable(folder, "campaign_members", []string{"campaign", "member"}, func(c []string) error {
		p, ok := places[c[0]]
		if !ok {
			return fmt.Errorf("there is no campaign %q", c[0])
		}
		h.sent[c[1]] = append(h.sent[c[1]], p)
		return nil
	}))
}

// moment reads a time, or a day as its midnight in UTC.
func moment(text string) (event.Millis, error) {
	layout := time.RFC3339
	if !strings.Contains(text, "T") {
		layout = time.DateOnly
	}
	t, err := time.Parse(layout, text)
	if err != nil {
		return 0, fmt.Errorf("%q is no time; one such as 2017-03-08T12:30:00Z or a day such as 2017-03-08 was expected", text)
	}
	return event.At(t), nil
}

// dayOf is the day of a moment, as questions name it.
func dayOf(at event.Millis) string { return at.Time().Format(time.DateOnly) }

// holding returns the offers that were sent to a member and hold at a moment,
// each once, by id.
func (h *history) holding(member string, at event.Millis) []string {
	var out []string
	for _, p := range h.sent[member] {
		if k := &h.campaigns[p]; k.first <= at && at <= k.last {
			out = append(out, k.offers...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

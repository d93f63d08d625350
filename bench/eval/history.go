package eval

import (
	"fmt"
	"math"
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
}

type product struct{ id, name, category, brand string }

// receipt is what one till printed, or what is known of it.
type receipt struct {
	id, store, member string
	at                event.Millis
	lines             []event.Line
}

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

// readHistory reads a folder. The tables of products and of what is about
// offers may be missing.
func readHistory(folder string) (*history, error) {
	h := &history{sent: map[string][]int{}}
	if err := h.readProducts(folder); err != nil {
		return nil, err
	}
	if err := h.readReceipts(folder, "receipts"); err != nil {
		return nil, err
	}
	if err := mayMiss(h.readReceipts(folder, "partial_lines")); err != nil {
		return nil, err
	}
	if err := h.readCampaigns(folder); err != nil {
		return nil, err
	}
	return h, mayMiss(readTable(folder, "redemptions", []string{"ts", "member", "offer"}, func(c []string) error {
		at, err := moment(c[0])
		h.redemptions = append(h.redemptions, redemption{member: c[1], offer: c[2], at: at})
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

// readReceipts reads lines, those of one receipt being together or not. Only a
// part of a receipt's lines may be there.
func (h *history) readReceipts(folder, table string) error {
	places := map[string]int{}
	columns := []string{"ts", "store?", "receipt", "member?", "product", "qty?", "price?"}
	return readTable(folder, table, columns, func(c []string) error {
		line, err := readLine(c[4], c[5], c[6])
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
			places[c[2]] = p
			h.receipts = append(h.receipts, receipt{id: table + "/" + c[2], store: c[1], member: c[3], at: at})
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

package load

import (
	"context"
	"encoding/json"
	"fmt"

	"nabo/bench/gen"
	"nabo/engine/event"
)

// question is one lookup.
type question struct {
	kind kind
	uri  string
	body []byte // of a POST; nil: a GET
}

// key is what the bare handler knows a question by.
func (q *question) key() string { return q.uri + string(q.body) }

// request makes the bytes of a question to a host.
func (q *question) request(host string) []byte {
	if q.body == nil {
		return get(host, q.uri)
	}
	return appendPost(nil, host, q.uri, "application/json", q.body)
}

// Mix is which lookups are made, in parts of their sum.
type Mix struct {
	Together int `name:"mix-together" help:"Share of lookups of what is bought together with a product." default:"40"`
	Basket   int `name:"mix-basket" help:"Share of lookups that complete a basket." default:"20"`
	Goods    int `name:"mix-goods" help:"Share of lookups of a member's products." default:"20"`
	Own      int `name:"mix-offers" help:"Share of lookups of a member's 35 offers." default:"20"`
	Count    int `help:"Products in an answer." default:"10"`
}

func (m Mix) validate() error {
	if min(m.Together, m.Basket, m.Goods, m.Own) < 0 || m.sum() == 0 {
		return fmt.Errorf("--mix-together %d, --mix-basket %d, --mix-goods %d, --mix-offers %d: want shares of 0 or more, not all 0", m.Together, m.Basket, m.Goods, m.Own)
	}
	if m.Count < 1 || m.Count > 200 {
		return fmt.Errorf("--count %d: want 1 to 200", m.Count)
	}
	return nil
}

func (m Mix) sum() int { return m.Together + m.Basket + m.Goods + m.Own }

// kind is what a question asks for.
type kind uint8

// The kinds of questions, and how many there are.
const (
	together kind = iota
	basket
	goods
	offers
	kinds
)

func (k kind) String() string { return [...]string{"together", "basket", "goods", "offers"}[k] }

// questions makes n lookups such as members' next receipts would cause: they
// ask about what is on these, so that the popular products are asked about
// most, and any member may ask.
func questions(base *gen.Base, mix Mix, n int) []question {
	const apart, atOnce = 1 << 32, 100 // no receipts that will flow
	var out []question
	var batch gen.Batch
	for k := apart; len(out) < n; k += atOnce {
		base.More(&batch, k, atOnce)
		for i := range batch.Events {
			ev := &batch.Events[i]
			ev.MemberID = base.MemberID(batch.Buyers[i])
			if q, ok := mix.question(ev, ev.Body.(*event.Receipt), len(out)); ok && len(out) < n {
				out = append(out, q)
			}
		}
	}
	return out
}

// question makes the i-th lookup out of a receipt; false: it has too few lines.
func (m Mix) question(ev *event.Event, r *event.Receipt, i int) (q question, ok bool) {
	// Steps of the golden ratio spread the kinds evenly at any share.
	at := int(uint32(i)*2654435769>>16) * m.sum() >> 16
	switch {
	case at < m.Together:
		line := r.Lines[i%len(r.Lines)]
		return question{kind: together, uri: fmt.Sprintf("/v1/products/%s/bought-together?count=%d", line.Product, m.Count)}, true
	case at < m.Together+m.Basket:
		return m.basket(ev, r)
	case at >= m.sum()-m.Own:
		return question{kind: offers, uri: fmt.Sprintf("/v1/members/%s/offers?count=%d", ev.MemberID, offersAsked)}, true
	}
	return question{kind: goods, uri: fmt.Sprintf("/v1/members/%s/products?count=%d", ev.MemberID, m.Count)}, true
}

// basket asks what completes a receipt without its last line.
func (m Mix) basket(ev *event.Event, r *event.Receipt) (q question, ok bool) {
	if len(r.Lines) < 2 {
		return q, false
	}
	body := struct {
		Products []string `json:"products"`
		Member   string   `json:"member,omitempty"`
		Store    string   `json:"store,omitempty"`
		Count    int      `json:"count"`
	}{Member: ev.MemberID, Store: ev.Store, Count: m.Count}
	for _, l := range r.Lines[:min(len(r.Lines)-1, 20)] {
		body.Products = append(body.Products, l.Product)
	}
	b, err := json.Marshal(body)
	return question{kind: basket, uri: "/v1/basket/recommendations", body: b}, err == nil
}

// ask asks each question once and returns the answers by the questions' keys.
func ask(ctx context.Context, addr string, qs []question) (map[string][]byte, error) {
	c, err := dial(ctx, addr)
	if err != nil {
		return nil, fmt.Errorf("connect to the server: %w", err)
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	answers := make(map[string][]byte, len(qs))
	for i := range qs {
		status, body, err := c.do(qs[i].request(addr))
		if err != nil {
			return nil, fmt.Errorf("ask %s: %w", qs[i].uri, err)
		}
		if status != 200 {
			return nil, fmt.Errorf("ask %s: the server answered %d: %.500s", qs[i].uri, status, body)
		}
		answers[qs[i].key()] = append([]byte(nil), body...)
	}
	return answers, nil
}

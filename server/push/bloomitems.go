package push

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"

	"nabo/engine/event"
)

// Catalogues follow these pages, read in stored copies as well:
//
//   - POST …/items/partial-update with an array of {item_id, properties, upsert};
//     the answer is an array of {success, queued, errors}, of the same length
//     and order; a field has to be defined in the catalogue first:
//     https://documentation.bloomreach.com/engagement/reference/bulk-partial-update-catalog-item
//   - POST …/items/bulk-delete with an array of {item_id}, answered likewise:
//     https://documentation.bloomreach.com/engagement/reference/bulk-delete-catalog-items
//   - an item's id may not hold a slash; times are Unix seconds in a catalogue:
//     https://documentation.bloomreach.com/engagement/docs/catalogs and
//     https://documentation.bloomreach.com/engagement/docs/data-types
//
// Not verified: the method of these two routes (POST is what public clients
// use), and how many items a call may hold (public clients use 5,000).
const maxItems = 500

// Item is an entry of a catalogue. Properties that are left out keep their
// values.
type Item struct {
	ID         string
	Properties map[string]any
}

type itemBody struct {
	ID         string         `json:"item_id"`
	Properties map[string]any `json:"properties,omitempty"`
	Upsert     bool           `json:"upsert,omitempty"`
}

var errNoCatalog = errors.New("push: Bloomreach has no catalogue: name one in Catalog")

// Items writes items into the catalogue, new ones too. Its errors are Send's;
// it may not run beside Send.
func (b *Bloomreach) Items(ctx context.Context, items []Item) error {
	if b.opt.Catalog == "" {
		return errNoCatalog
	}
	bodies := make([]itemBody, len(items))
	for i, item := range items {
		bodies[i] = itemBody{item.ID, item.Properties, true}
	}
	return b.items(ctx, kindItem, bodies)
}

// DeleteItems takes items out of the catalogue. Its errors are Send's; it may
// not run beside Send.
func (b *Bloomreach) DeleteItems(ctx context.Context, ids []string) error {
	if b.opt.Catalog == "" {
		return errNoCatalog
	}
	bodies := make([]itemBody, len(ids))
	for i, id := range ids {
		bodies[i] = itemBody{ID: id}
	}
	return b.items(ctx, kindDelete, bodies)
}

func (b *Bloomreach) items(ctx context.Context, kind string, items []itemBody) error {
	calls := b.caller(kind)
	for _, item := range items {
		body, err := json.Marshal(item)
		if err != nil {
			return err
		}
		if item.ID == "" || strings.Contains(item.ID, "/") {
			if err := b.bury(kind, body, "an item's id may not be empty or hold a slash", 0); err != nil {
				return err
			}
			continue
		}
		if err := calls.add(ctx, body); err != nil {
			return err
		}
	}
	return calls.flush(ctx)
}

// OfferItem returns an offer as an item with the properties title, image,
// active, products, categories, chains, stores, price, member_price, currency,
// valid_from and valid_through (Unix seconds), and funded_by. What is not known
// is null, so that it replaces what was known before.
func OfferItem(o *event.Offer, active bool) Item {
	return Item{ID: o.Offer, Properties: map[string]any{
		"title": text(o.Name), "image": text(o.Image), "active": active,
		"products": texts(o.Products), "categories": texts(o.Categories),
		"chains": texts(o.Chains), "stores": texts(o.Stores),
		"price": number(o.Price), "member_price": number(o.MemberPrice), "currency": text(o.Currency),
		"valid_from": moment(o.ValidFrom), "valid_through": moment(o.ValidThrough), "funded_by": text(o.FundedBy),
	}}
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func texts(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func number(f float64) any {
	if math.IsNaN(f) {
		return nil
	}
	return f
}

func moment(m event.Millis) any {
	if m == 0 {
		return nil
	}
	return m.Time().Unix()
}

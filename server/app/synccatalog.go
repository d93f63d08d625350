package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"

	"github.com/cespare/xxhash/v2"
	"github.com/google/renameio/v2"

	"nabo/engine"
	"nabo/engine/event"
	"nabo/engine/offer"
	"nabo/server/push"
)

// catalog keeps the catalogue of a receiver filled with the offers. Its file
// holds a hash of what was sent of each, as JSON; without it, or if it cannot
// be read, everything is sent. One goroutine may use it.
type catalog struct {
	to   *push.Bloomreach
	path string
	log  *slog.Logger

	sent map[string]string // by offer; nil: not read yet
}

// update sends the offers that changed, and takes out those that the engine
// keeps no more. On an error, what was not taken is sent by the next update.
func (c *catalog) update(ctx context.Context, e *engine.Engine, now event.Millis) error {
	if err := c.read(); err != nil {
		return err
	}
	next := map[string]string{}
	var changed []push.Item
	for _, o := range e.OfferList() {
		item := push.OfferItem(named(e, o), holds(o, now))
		hash, err := hashOf(item.Properties)
		if err != nil {
			return err
		}
		next[item.ID] = hash
		if c.sent[item.ID] != hash {
			changed = append(changed, item)
		}
	}
	gone := slices.Sorted(maps.Keys(c.sent))
	gone = slices.DeleteFunc(gone, func(id string) bool { _, ok := next[id]; return ok })
	if len(changed)+len(gone) == 0 {
		return nil
	}
	if err := c.to.Items(ctx, changed); err != nil {
		return fmt.Errorf("send the offers to the catalogue: %w", err)
	}
	if err := c.to.DeleteItems(ctx, gone); err != nil {
		return fmt.Errorf("take offers out of the catalogue: %w", err)
	}
	c.sent = next
	c.log.Info("offers sent to the catalogue", "changed", len(changed), "gone", len(gone))
	return c.write()
}

// named returns an offer with the name and image that members see.
func named(e *engine.Engine, o *offer.Entry) *event.Offer {
	spec := *o.Spec
	spec.Name, spec.Image = e.Naming(o)
	return &spec
}

// holds says whether an offer may be had now by those it is for.
func holds(o *offer.Entry, now event.Millis) bool {
	return !o.Withdrawn && !o.Spent && o.Spec.ValidFrom <= now && (o.Spec.ValidThrough == 0 || now <= o.Spec.ValidThrough)
}

func hashOf(properties map[string]any) (string, error) {
	text, err := json.Marshal(properties) // in the order of the names
	if err != nil {
		return "", fmt.Errorf("write an offer for the catalogue: %w", err)
	}
	return strconv.FormatUint(xxhash.Sum64(text), 16), nil
}

func (c *catalog) read() error {
	if c.sent != nil {
		return nil
	}
	text, err := os.ReadFile(c.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read what the catalogue was sent: %w", err)
	}
	c.sent = map[string]string{}
	if err == nil && json.Unmarshal(text, &c.sent) != nil {
		c.log.Warn("it is not known what the catalogue was sent: all offers are sent", "file", c.path)
		c.sent = map[string]string{}
	}
	return nil
}

func (c *catalog) write() error {
	text, err := json.Marshal(c.sent)
	if err == nil {
		err = renameio.WriteFile(c.path, text, 0o600)
	}
	if err != nil {
		return fmt.Errorf("note what the catalogue was sent: %w", err)
	}
	return nil
}

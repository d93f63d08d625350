package files

import (
	"math"
	"strings"

	"nabo/engine/event"
)

// readOffer makes an upsert of a row of an offers file.
func (c *catalogue) readOffer(cells [][]byte) (*event.Event, error) {
	o := &c.offer
	*o = event.Offer{
		Offer: c.text(cells, fieldOffer), Name: c.text(cells, fieldName), Image: c.text(cells, fieldImage),
		Products: c.ids(cells, fieldProducts), Categories: c.names(cells, fieldCategories),
		Chains: c.ids(cells, fieldChains), Stores: c.ids(cells, fieldStores),
		Audience: c.text(cells, fieldAudience), Currency: c.text(cells, fieldCurrency), FundedBy: c.text(cells, fieldFunder),
		Price: math.NaN(), MemberPrice: math.NaN(), Attributes: c.attributes,
	}
	if o.Offer == "" {
		return nil, c.fault(fieldOffer, "is empty")
	}
	if err := c.readTerm(cells, &o.ValidFrom, &o.ValidThrough); err != nil {
		return nil, err
	}
	for _, n := range [...]struct {
		field field
		into  *float64
	}{
		{fieldPrice, &o.Price}, {fieldMemberPrice, &o.MemberPrice}, {fieldBudgetDiscount, &o.Budget.Discount},
		{fieldPriority, &o.Priority}, {fieldMargin, &o.Margin},
	} {
		if err := c.number(cells, n.field, n.into); err != nil {
			return nil, err
		}
	}
	for _, n := range [...]struct {
		field field
		into  *int64
	}{
		{fieldBudgetActivations, &o.Budget.Activations}, {fieldBudgetRedemptions, &o.Budget.Redemptions},
		{fieldMemberActivations, &o.PerMember.Activations}, {fieldMemberRedemptions, &o.PerMember.Redemptions},
	} {
		if err := c.whole(cells, n.field, n.into); err != nil {
			return nil, err
		}
	}
	return &event.Event{Type: event.TypeOfferUpserted, Source: c.source, Body: o}, nil
}

// readPersonal makes a member's own price or term of a row.
func (c *catalogue) readPersonal(cells [][]byte) (*event.Event, error) {
	p := &c.personal
	*p = event.OfferPersonal{Offer: c.text(cells, fieldOffer), Price: math.NaN()}
	ev := &event.Event{Type: event.TypeOfferPersonal, Source: c.source, MemberID: c.text(cells, fieldMember), Body: p}
	for _, f := range []field{fieldOffer, fieldMember} {
		if len(c.cell(cells, f)) == 0 {
			return nil, c.fault(f, "is empty")
		}
	}
	if err := c.readTerm(cells, &p.ValidFrom, &p.ValidThrough); err != nil {
		return nil, err
	}
	return ev, c.number(cells, fieldPrice, &p.Price)
}

// readTerm reads from when and through when an offer holds. A last day without
// a time of day is that day to its end.
func (c *catalogue) readTerm(cells [][]byte, from, through *event.Millis) error {
	if err := c.moment(cells, fieldValidFrom, from); err != nil {
		return err
	}
	if err := c.moment(cells, fieldValidThrough, through); err != nil {
		return err
	}
	if cell := c.cell(cells, fieldValidThrough); len(cell) > 0 && c.clock.dateOnly(cell) {
		*through = event.At(through.Time().In(c.clock.zone).AddDate(0, 0, 1)) - 1
	}
	return nil
}

// readConsent makes a change of a consent of a row. It has no id: of the
// changes to one consent the latest counts, however often it comes.
func (c *catalogue) readConsent(cells [][]byte) (*event.Event, error) {
	b := &c.consent
	*b = event.Consent{Channel: strings.ToLower(c.text(cells, fieldChannel))}
	ev := &event.Event{Type: event.TypeConsentChanged, Source: c.source, MemberID: c.text(cells, fieldMember), Chain: c.text(cells, fieldChain), Body: b}
	if ev.MemberID == "" {
		return nil, c.fault(fieldMember, "is empty")
	}
	if err := c.moment(cells, fieldTS, &ev.Time); err != nil {
		return nil, err
	}
	purpose, ok := event.ParsePurpose(strings.ToLower(c.text(cells, fieldPurpose)))
	if !ok {
		return nil, c.fault(fieldPurpose, "is neither personalisation nor marketing")
	}
	b.Purpose = purpose
	switch strings.ToLower(c.text(cells, fieldGranted)) {
	case "1", "true", "t", "yes", "y", "ja", "granted", "given", "optin":
		b.Granted = true
	case "0", "false", "f", "no", "n", "nei", "nej", "withdrawn", "revoked", "optout":
	default:
		return nil, c.fault(fieldGranted, "is neither yes nor no")
	}
	return ev, nil
}

// fault is an error about the column of a field.
func (c *catalogue) fault(f field, reason string) error {
	return &rowError{c.columns.names[c.columns.index(f)], reason}
}

// cell returns the cell of a field, nothing where there is none.
func (c *catalogue) cell(cells [][]byte, f field) []byte {
	i := c.columns.index(f)
	if i < 0 {
		return nil
	}
	return filled(cells[i])
}

func (c *catalogue) ids(cells [][]byte, f field) []string { return c.list(c.cell(cells, f)) }

// names returns the names in a cell, which may have commas and spaces in them:
// a JSON array, or with a bar or a semicolon between them.
func (c *catalogue) names(cells [][]byte, f field) []string {
	cell := c.cell(cells, f)
	if names, ok := jsonList(cell); ok {
		return names
	}
	return c.split(cell, "|;")
}

// moment reads a time into at, which stands where the cell is empty.
func (c *catalogue) moment(cells [][]byte, f field, at *event.Millis) error {
	cell := c.cell(cells, f)
	if len(cell) == 0 {
		return nil
	}
	m, err := c.clock.read(cell)
	if err != nil {
		return c.fault(f, err.Error())
	}
	if m.at <= 0 {
		return c.fault(f, "is not after 1970-01-01T00:00:00Z")
	}
	*at = m.at
	return nil
}

// number reads a number into v, which stands where the cell is empty.
func (c *catalogue) number(cells [][]byte, f field, v *float64) error {
	cell := c.cell(cells, f)
	if len(cell) == 0 {
		return nil
	}
	n, ok := readNumber(cell, c.mark)
	if !ok {
		return c.fault(f, "is no number")
	}
	*v = n
	return nil
}

func (c *catalogue) whole(cells [][]byte, f field, v *int64) error {
	n := float64(*v)
	if err := c.number(cells, f, &n); err != nil {
		return err
	}
	if n != math.Trunc(n) || math.Abs(n) > event.MaxNumber {
		return c.fault(f, "is no whole number")
	}
	*v = int64(n)
	return nil
}

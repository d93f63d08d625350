package files

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Kind says what the rows of a file are.
type Kind string

// The kinds of files.
const (
	Auto      Kind = "auto"     // by the columns' names
	Receipts  Kind = "receipts" // one row for each line of a receipt
	Products  Kind = "products" // one row for each product of the catalogue
	Offers    Kind = "offers"   // one row for each offer
	Members   Kind = "members"  // one row for each member
	Personal  Kind = "personal" // one row for each member's own price or term of an offer
	Consents  Kind = "consents" // one row for each change of a member's consent
	envelopes Kind = "events"   // NDJSON of whole events
)

// field is what a column means.
type field string

const (
	fieldTS       field = "ts"
	fieldDate     field = "date"
	fieldTime     field = "time"
	fieldStore    field = "store"
	fieldChain    field = "chain"
	fieldTill     field = "till"
	fieldReceipt  field = "receipt"
	fieldMember   field = "member"
	fieldSession  field = "session"
	fieldProduct  field = "product"
	fieldQty      field = "qty"
	fieldPrice    field = "price"
	fieldTotal    field = "total"
	fieldDiscount field = "discount"
	fieldOffer    field = "offer"
	fieldCurrency field = "currency"
	fieldReturn   field = "return"
	fieldName     field = "name"
	fieldCategory field = "category"
	fieldBrand    field = "brand"
	fieldImage    field = "image"
	fieldHome     field = "homeStore"
	fieldChains   field = "chains"
	fieldTimezone field = "timezone"

	fieldProducts          field = "products"
	fieldCategories        field = "categories"
	fieldStores            field = "stores"
	fieldValidFrom         field = "validFrom"
	fieldValidThrough      field = "validThrough"
	fieldAudience          field = "audience"
	fieldMemberPrice       field = "memberPrice"
	fieldBudgetActivations field = "budgetActivations"
	fieldBudgetRedemptions field = "budgetRedemptions"
	fieldBudgetDiscount    field = "budgetDiscount"
	fieldMemberActivations field = "perMemberActivations"
	fieldMemberRedemptions field = "perMemberRedemptions"
	fieldPriority          field = "priority"
	fieldMargin            field = "margin"
	fieldFunder            field = "fundedBy"
	fieldChannel           field = "channel"
	fieldPurpose           field = "purpose"
	fieldGranted           field = "granted"
)

// columns says which column of a file holds which field.
type columns struct {
	kind  Kind
	names []string
	at    map[field]int
}

// index returns the column of a field, -1 where the file has none.
func (c *columns) index(f field) int {
	if i, ok := c.at[f]; ok {
		return i
	}
	return -1
}

func (c *columns) has(f field) bool { return c.index(f) >= 0 }

// ask is what the user said about a file's columns.
type ask struct {
	kind Kind
	maps map[string]string // field to column
}

// fit finds what a file is and what its columns mean. The error says what is
// missing, which columns there are and how to name them.
func (a *ask) fit(names []string) (*columns, error) {
	if a.kind != "" && a.kind != Auto {
		c, err := match(a.kind, names, a.maps)
		if err != nil {
			return nil, err
		}
		if lack := c.lack(); lack != "" {
			return nil, noFit(lack+" for "+string(a.kind), names)
		}
		return c, nil
	}
	sales, err := match(Receipts, names, a.mapsOf(Receipts))
	if err != nil {
		return nil, err
	}
	lack := sales.lack()
	if lack == "" {
		return sales, nil
	}
	for _, kind := range []Kind{Offers, Personal, Consents, Products, Members} {
		c, err := match(kind, names, a.mapsOf(kind))
		if err != nil {
			return nil, err
		}
		if c.lack() == "" && !c.doubtful() && !c.strange(sales) {
			return c, a.check(c)
		}
	}
	return nil, noFit(lack+" for receipts, and they are no products, offers, members or consents either", names)
}

// mapsOf leaves out of the --map what the kind doesn't know, while the kind
// itself is still being found out.
func (a *ask) mapsOf(kind Kind) map[string]string {
	kept := map[string]string{}
	for f, column := range a.maps {
		if knows(kind, field(f)) {
			kept[f] = column
		}
	}
	return kept
}

// check says whether every field of the --map belongs to the kind that was
// found.
func (a *ask) check(c *columns) error {
	_, err := match(c.kind, c.names, a.maps)
	return err
}

func noFit(lack string, names []string) error {
	return fmt.Errorf("%s; its columns are %s. Say which is which, for example --map ts=Date,receipt=Invoice,product=Item",
		lack, strings.Join(names, ", "))
}

func knows(kind Kind, f field) bool {
	return slices.ContainsFunc(synonyms(kind), func(s synonym) bool { return s.field == f })
}

// match gives the columns of a kind of file their meaning: first as the user
// said, then by name. A column has one meaning, a field one column.
func match(kind Kind, names []string, asked map[string]string) (*columns, error) {
	c := &columns{kind: kind, names: names, at: map[field]int{}}
	taken := make([]bool, len(names))
	for _, f := range slices.Sorted(maps.Keys(asked)) {
		column := asked[f]
		if !knows(kind, field(f)) {
			return nil, fmt.Errorf("--map %s=%s: %s have no %q; they have %s", f, column, kind, f, fieldNames(kind))
		}
		i := findColumn(names, column)
		if i < 0 {
			return nil, fmt.Errorf("--map %s=%s: there is no column %q; there are %s", f, column, column, strings.Join(names, ", "))
		}
		c.at[field(f)], taken[i] = i, true
	}
	plain := make([]string, len(names))
	for i, n := range names {
		plain[i] = plainName(n)
	}
	for _, s := range synonyms(kind) {
		if c.has(s.field) {
			continue
		}
		for name := range strings.FieldsSeq(s.names) {
			if i := slices.Index(plain, name); i >= 0 && !taken[i] {
				c.at[s.field], taken[i] = i, true
				break
			}
		}
	}
	return c, nil
}

// findColumn finds a column by its name, or else by its name but for case.
func findColumn(names []string, column string) int {
	if i := slices.Index(names, column); i >= 0 {
		return i
	}
	return slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, column) })
}

func fieldNames(kind Kind) string {
	var all []string
	for _, s := range synonyms(kind) {
		all = append(all, string(s.field))
	}
	return strings.Join(all, ", ")
}

// lack says what a file of this kind misses, empty when it has what it needs.
func (c *columns) lack() string {
	switch {
	case (c.kind == Receipts || c.kind == Products) && !c.has(fieldProduct):
		return "has no column with the product"
	case (c.kind == Members || c.kind == Personal || c.kind == Consents) && !c.has(fieldMember):
		return "has no column with the member"
	case (c.kind == Offers || c.kind == Personal) && !c.has(fieldOffer):
		return "has no column with the offer"
	case c.kind == Personal && !c.has(fieldPrice) && !c.has(fieldValidFrom) && !c.has(fieldValidThrough):
		return "has no column with a price or a term"
	case c.kind == Consents && !c.has(fieldPurpose):
		return "has no column with the consent's purpose"
	case c.kind == Consents && !c.has(fieldGranted):
		return "has no column that says whether the consent is granted"
	case c.kind == Products && !c.has(fieldName) && !c.has(fieldCategory) && !c.has(fieldBrand) && !c.has(fieldPrice) && !c.has(fieldImage):
		return "has no column with a name, a category, a brand, a price or an image"
	case c.kind == Receipts && !c.has(fieldTS) && !c.has(fieldDate) && !c.has(fieldTime):
		return "has no column with the time"
	case c.kind == Receipts && !c.has(fieldReceipt) && !c.has(fieldMember):
		return "has no column with the receipt's number, nor one with the member"
	}
	return ""
}

// doubtful says whether a file that could be offers has nothing but the offer's
// column that speaks of them: products may have that one too.
func (c *columns) doubtful() bool {
	if c.kind != Offers || c.has(fieldValidFrom) || c.has(fieldValidThrough) || c.has(fieldMemberPrice) {
		return false
	}
	i := c.index(fieldProducts)
	return i < 0 || plainName(c.names[i]) != "products"
}

// strange says whether a file that could be something else has columns that
// speak of sales, so that it is better to ask.
func (c *columns) strange(sales *columns) bool {
	for _, f := range []field{fieldReceipt, fieldQty, fieldTS, fieldTill} {
		if sales.has(f) && !c.mapped(sales.index(f)) {
			return true
		}
	}
	return c.kind == Offers && sales.has(fieldMember) || c.kind == Members && sales.has(fieldProduct) && !c.mapped(sales.index(fieldProduct)) ||
		c.kind == Products && sales.has(fieldMember) && !c.mapped(sales.index(fieldMember))
}

// mapped says whether a column has a meaning.
func (c *columns) mapped(i int) bool {
	for _, j := range c.at {
		if i == j {
			return true
		}
	}
	return false
}

// String returns the columns that have a meaning as field=column, then those
// that have none.
func (c *columns) String() string {
	var used, rest []string
	for _, s := range synonyms(c.kind) {
		if i := c.index(s.field); i >= 0 {
			used = append(used, string(s.field)+"="+c.names[i])
		}
	}
	for i, n := range c.names {
		if !c.mapped(i) {
			rest = append(rest, n)
		}
	}
	text := strings.Join(used, " ")
	switch {
	case len(rest) > 0 && (c.kind == Receipts || c.kind == Personal || c.kind == Consents):
		text += "; not used: " + strings.Join(rest, ", ")
	case len(rest) > 0:
		text += "; attributes: " + strings.Join(rest, ", ")
	}
	return text
}

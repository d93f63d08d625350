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
	Members   Kind = "members"  // one row for each member
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
)

// synonym lists the names that a column of a field goes by, the likeliest
// first, written as plainName leaves them.
type synonym struct {
	field field
	names string
}

// synonyms returns the fields of a kind of file.
func synonyms(kind Kind) []synonym {
	product := synonym{fieldProduct, "product productid productno productnumber productcode stockcode sku item itemid itemno itemnumber itemcode " +
		"article articleid articleno articlenumber articlecode ean ean13 gtin upc plu barcode materialnumber " +
		"vare varenr varenummer artikel artikelnr artikelnummer tuote produit"}
	member := synonym{fieldMember, "member memberid memberno membernumber customer customerid customerno customernumber custid " +
		"household householdid householdkey loyaltyid loyaltycard cardid cardno cardnumber user userid client clientid " +
		"kunde kundenr kundenummer medlem medlemsnr medlemsnummer kundnr kundnummer asiakas"}
	price := synonym{fieldPrice, "price unitprice itemprice retailprice salesprice sellingprice listprice pris preis stykpris styckpris prix"}
	currency := synonym{fieldCurrency, "currency currencycode valuta"}
	switch kind {
	case Receipts:
		product.names += " itemdescription itemname productname description"
		return []synonym{product, member, price, currency,
			{fieldTS, "ts timestamp datetime eventtime transactiontime transactiontimestamp transactiondatetime invoicetimestamp soldat purchasedat createdat"},
			{fieldDate, "date invoicedate transactiondate transdate purchasedate orderdate receiptdate saledate salesdate shopdate businessdate day dato datum"},
			{fieldTime, "time timeofday transtime invoicetime purchasetime ordertime receipttime saletime clock tid klokkeslett klokkeslaet zeit uhrzeit"},
			{fieldStore, "store storeid storeno storenumber storecode shop shopid outlet outletid branch branchid branchno site siteid location locationid " +
				"butik butikk butiknr butikknr filiale filial kauppa magasin"},
			{fieldChain, "chain chainid banner bannerid kjede kaede kedja"},
			{fieldTill, "till tillid tillno register registerid registerno pos posid terminal terminalid lane laneno checkout kasse kassenr kassa"},
			{fieldReceipt, "receipt receiptid receiptno receiptnumber invoice invoiceid invoiceno invoicenumber transaction transactionid transactionno " +
				"transactionnumber transid order orderid orderno ordernumber basket basketid ticket ticketid ticketno ticketnumber bill billid billno " +
				"bon bonid bonnr kvittering kvitteringnr kvitto kvittonr kuitti"},
			{fieldSession, "session sessionid"},
			{fieldQty, "qty quantity units count pieces antal antall anzahl menge stk kpl quantite"},
			{fieldTotal, "total linetotal linevalue lineamount salesvalue netamount"},
			{fieldDiscount, "discount linediscount rabat rabatt alennus"},
			{fieldOffer, "offer offerid promotion promotionid promo promoid coupon couponid tilbud"},
			{fieldReturn, "return isreturn returned refund isrefund"},
		}
	case Products:
		return []synonym{product, price, currency,
			{fieldName, "name productname itemname title description productdescription itemdescription varenavn produktnavn artikelnavn benaevnelse"},
			{fieldCategory, "category categoryname productcategory commodity commoditydesc subcategory group productgroup kategori varegruppe kategorie"},
			{fieldBrand, "brand brandname manufacturer maerke merke varumarke marke"},
			{fieldImage, "image imageurl imagelink picture photo billede bilde bild"},
		}
	case Members:
		return []synonym{member,
			{fieldHome, "homestore homestoreid homeshop store storeid favouritestore favoritestore primarystore hjemmebutik"},
			{fieldChains, "chains chain"},
			{fieldTimezone, "timezone tz tidszone"},
		}
	}
	return nil
}

// plainName returns a column's name in small letters and digits alone, so that
// "Customer ID", "customer_id" and "CustomerID" are one.
func plainName(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == 'æ' || r == 'ä':
			b.WriteString("ae")
		case r == 'ø' || r == 'ö':
			b.WriteString("o")
		case r == 'å':
			b.WriteString("a")
		case r == 'é' || r == 'è':
			b.WriteString("e")
		}
	}
	return b.String()
}

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
	for _, kind := range []Kind{Products, Members} {
		c, err := match(kind, names, a.mapsOf(kind))
		if err != nil {
			return nil, err
		}
		if c.lack() == "" && !c.strange(sales) {
			return c, a.check(c)
		}
	}
	return nil, noFit(lack+" for receipts, and they are no products or members either", names)
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
	case c.kind != Members && !c.has(fieldProduct):
		return "has no column with the product"
	case c.kind == Members && !c.has(fieldMember):
		return "has no column with the member"
	case c.kind == Products && !c.has(fieldName) && !c.has(fieldCategory) && !c.has(fieldBrand) && !c.has(fieldPrice) && !c.has(fieldImage):
		return "has no column with a name, a category, a brand, a price or an image"
	case c.kind == Receipts && !c.has(fieldTS) && !c.has(fieldDate) && !c.has(fieldTime):
		return "has no column with the time"
	case c.kind == Receipts && !c.has(fieldReceipt) && !c.has(fieldMember):
		return "has no column with the receipt's number, nor one with the member"
	}
	return ""
}

// strange says whether a file that could be products or members has columns
// that speak of sales, so that it is better to ask.
func (c *columns) strange(sales *columns) bool {
	for _, f := range []field{fieldReceipt, fieldQty, fieldTS, fieldTill} {
		if sales.has(f) {
			return true
		}
	}
	return c.kind == Members && sales.has(fieldProduct) && !c.mapped(sales.index(fieldProduct)) ||
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
	case len(rest) > 0 && c.kind == Receipts:
		text += "; not used: " + strings.Join(rest, ", ")
	case len(rest) > 0:
		text += "; attributes: " + strings.Join(rest, ", ")
	}
	return text
}

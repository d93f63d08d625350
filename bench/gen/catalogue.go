package gen

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"nabo/engine/event"
)

// chain is one of the retailer's chains: small shops do not have everything.
type chain struct {
	id    string
	share float64 // of the goods, the popular ones first
}

// chainCount is how many chains there are; store i belongs to chain i modulo it.
const chainCount = 3

// chains are the same in every shop.
func chains() [chainCount]chain {
	return [chainCount]chain{{"torvehal", 1}, {"kvarter", 0.6}, {"fjordmart", 0.8}}
}

// good is a base good: milk, in all its variants, brands and sizes.
type good struct {
	name, category  string
	group           string   // of brands
	brands          []string // at least one; "" is no brand
	price           float64  // DKK, of the first variant, brand and size
	weight          float64  // how often it is bought, relative to others
	days            float64  // how often a household that keeps it buys it; 0: nobody does
	baby, pet, meat bool
	craze           bool // may become one
	variants, sizes []string

	first, count int   // its products in the catalogue: first to first+count-1, the common ones first
	pick         ranks // of those products
}

// catalogue is what a shop sells.
type catalogue struct {
	goods      []good
	products   []event.Product
	goodOf     []int32   // by product
	kinds      []kind    // by product
	kindOf     []int32   // by good: its place in categories
	categories [][]int32 // goods by category, in order of first mention
	popular    lots      // over goods
	kept       lots      // over goods, those with a rhythm only
	within     []lots    // by category, over its goods
	crazes     []int32   // the goods that may become one
}

// Products returns the catalogue, one entry a product, the products of a base
// good together. The caller must not change it.
func (s *Shop) Products() []event.Product { return s.products }

// parseGoods reads the tables of goods and brands.
func parseGoods(table, brandTable string) ([]good, error) {
	brands := map[string][]string{}
	for row := range rows(brandTable) {
		group, names, ok := strings.Cut(row, ":")
		if !ok {
			return nil, fmt.Errorf("brands %q: want group: names", row)
		}
		brands[group] = strings.Split(strings.TrimSpace(names), "/")
	}
	var goods []good
	for row := range rows(table) {
		g, err := parseGood(row, brands)
		if err != nil {
			return nil, fmt.Errorf("good %q: %w", row, err)
		}
		goods = append(goods, g)
	}
	return goods, nil
}

func parseGood(row string, brands map[string][]string) (g good, err error) {
	f := strings.Split(row, ";")
	if len(f) != 9 {
		return g, fmt.Errorf("%d fields, want 9", len(f))
	}
	for i := range f {
		f[i] = strings.TrimSpace(f[i])
	}
	numbers := [3]float64{}
	for i := range numbers {
		if numbers[i], err = strconv.ParseFloat(f[3+i], 64); err != nil {
			return g, err
		}
	}
	if brands[f[2]] == nil {
		return g, fmt.Errorf("brands %q are not in the table", f[2])
	}
	return good{
		name: f[0], category: f[1], group: f[2], brands: brands[f[2]],
		price: numbers[0], weight: numbers[1], days: numbers[2],
		baby: strings.Contains(f[6], "b"), pet: strings.Contains(f[6], "p"),
		meat: strings.Contains(f[6], "m"), craze: strings.Contains(f[6], "t"),
		variants: strings.Split(f[7], "/"), sizes: strings.Split(f[8], "/"),
	}, nil
}

// rows yields the lines of a table that hold something.
func rows(table string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for line := range strings.Lines(table) {
			if line = strings.TrimSpace(line); line != "" && !yield(line) {
				return
			}
		}
	}
}

// stock makes a catalogue of n products out of the goods.
func stock(goods []good, n int, supermarket bool) catalogue {
	c := catalogue{goods: goods, products: make([]event.Product, 0, n), goodOf: make([]int32, 0, n)}
	counts := portions(goods, n)
	byCategory := map[string]int{}
	for i := range goods {
		g := &goods[i]
		g.first, g.count = len(c.products), counts[i]
		g.widen()
		for rank, f := range g.forms(g.count) {
			c.products = append(c.products, g.product(i, rank, f))
			c.kinds = append(c.kinds, kind{int16(f.brand), g.variants[f.variant] == "organic"})
			c.goodOf = append(c.goodOf, int32(i))
		}
		g.pick = newRanks(g.count, supermarket)
		k, ok := byCategory[g.category]
		if !ok {
			k = len(c.categories)
			byCategory[g.category] = k
			c.categories = append(c.categories, nil)
		}
		c.categories[k] = append(c.categories[k], int32(i))
		c.kindOf = append(c.kindOf, int32(k))
		if g.craze {
			c.crazes = append(c.crazes, int32(i))
		}
	}
	c.weigh()
	return c
}

// weigh makes the lots over goods.
func (c *catalogue) weigh() {
	all := make([]float64, len(c.goods))
	kept := make([]float64, len(c.goods))
	for i := range c.goods {
		all[i] = c.goods[i].weight
		if c.goods[i].days > 0 {
			kept[i] = c.goods[i].weight
		}
	}
	c.popular, c.kept = newLots(all), newLots(kept)
	for _, members := range c.categories {
		w := make([]float64, len(members))
		for i, g := range members {
			w[i] = c.goods[g].weight
		}
		c.within = append(c.within, newLots(w))
	}
}

// portions shares n products out over the goods by how many forms each has, at
// least two each. The sum is n.
func portions(goods []good, n int) []int {
	const least = 2
	total := 0
	for i := range goods {
		total += goods[i].natural()
	}
	counts := make([]int, len(goods))
	left, seen := n-least*len(goods), 0
	given := 0
	for i := range goods {
		seen += goods[i].natural()
		upTo := int(float64(left) * float64(seen) / float64(total))
		counts[i] = least + upTo - given
		given = upTo
	}
	counts[0] += left - given
	return counts
}

// natural is how many forms of a good there are without multipacks.
func (g *good) natural() int { return len(g.variants) * len(g.brands) * len(g.sizes) }

// kind is what people choose a product by, small enough to be at hand.
type kind struct {
	brand   int16 // into its good's brands
	organic bool
}

// form is one way a good is sold.
type form struct{ variant, brand, size, pack int }

// forms returns the n commonest forms of a good, the commonest first: those
// early in each list, and multipacks only when all else is used up.
func (g *good) forms(n int) []form {
	packs := (n + g.natural() - 1) / g.natural()
	all := make([]form, 0, packs*g.natural())
	for p := range packs {
		for z := range g.sizes {
			for v := range g.variants {
				for b := range g.brands {
					all = append(all, form{v, b, z, p + 1})
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b form) int { return cmp.Compare(a.rarity(), b.rarity()) })
	return all[:n]
}

func (f form) rarity() int { return 10*f.variant + 12*f.brand + 14*f.size + 100*(f.pack-1) }

// product makes the catalogue entry of the good numbered i in the form that is
// its rank-th commonest.
func (g *good) product(i, rank int, f form) event.Product {
	variant, brand := g.variants[f.variant], g.brands[f.brand]
	size := g.sizes[f.size]
	attributes := []event.Attribute{{Name: "generated", Value: event.Value{Kind: event.KindBool, Num: 1}}}
	if variant == "organic" {
		attributes = append(attributes, event.Attribute{Name: "organic", Value: event.Value{Kind: event.KindBool, Num: 1}})
	}
	attributes = append(attributes, event.Attribute{Name: "size", Value: event.Value{Kind: event.KindText, Text: size}})
	return event.Product{
		Product: productID(g.name, i, rank), Name: g.label(variant, brand, size, f.pack), Category: g.category,
		Brand: brand, Currency: "DKK", Price: g.priceOf(f), Attributes: attributes,
	}
}

// label is the name on the shelf, such as "Møllebro rye bread, seeded, 500 g".
func (g *good) label(variant, brand, size string, pack int) string {
	name := g.name
	if brand != "" {
		name = brand + " " + name
	}
	if variant != "-" {
		name += ", " + variant
	}
	if pack > 1 {
		size += ", " + strconv.Itoa(pack) + "-pack"
	}
	return capital(name) + ", " + size
}

// capital is a name with a capital in front. Brands begin with one; the names
// of goods are ASCII at the front.
func capital(name string) string {
	if 'a' <= name[0] && name[0] <= 'z' {
		return string(name[0]-'a'+'A') + name[1:]
	}
	return name
}

// productID numbers the products of good i: six digits, or nine from the
// thousandth on; the showcase products have their own four.
func productID(name string, i, rank int) string {
	if rank == 0 {
		switch name {
		case "taco shells":
			return TacoShells
		case "rye bread":
			return RyeBread
		case "ground coffee":
			return GroundCoffee
		case "liver pâté":
			return LiverPate
		case "bananas":
			return Bananas
		}
	}
	if rank > 999 {
		return fmt.Sprintf("%d%06d", 100+i, rank)
	}
	return fmt.Sprintf("%d%03d", 100+i, rank)
}

// priceOf is the price of a form in DKK, ending as prices do.
func (g *good) priceOf(f form) float64 {
	brand := [...]float64{1, 1.12, 0.88, 1.24}[f.brand%4]
	p := g.price * brand * math.Pow(timesAsMuch(g.sizes[f.size], g.sizes[0]), 0.88) * math.Pow(float64(f.pack), 0.94)
	if g.variants[f.variant] == "organic" {
		p *= 1.25
	}
	if p < 8 {
		return math.Max(1, math.Round(p*2)/2)
	}
	return math.Round((math.Round(p+0.05)-0.05)*100) / 100
}

// timesAsMuch is how many times one size holds what the other does. Pieces and
// weights do not compare: a bag is taken to hold a little more than a piece.
func timesAsMuch(size, than string) float64 {
	if strings.HasSuffix(size, "pcs") != strings.HasSuffix(than, "pcs") {
		return 1.3
	}
	return amount(size) / amount(than)
}

// amount is how much a size holds, in pieces, grams or millilitres; "6 × 330
// ml" holds six times 330.
func amount(size string) float64 {
	total := 1.0
	for part := range strings.SplitSeq(size, "×") {
		number, unit, _ := strings.Cut(strings.TrimSpace(part), " ")
		n, err := strconv.ParseFloat(number, 64)
		if err != nil || n <= 0 {
			return total
		}
		if unit == "kg" || unit == "l" {
			n *= 1000
		}
		total *= n
	}
	return total
}

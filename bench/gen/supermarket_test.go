package gen

import (
	"cmp"
	"math"
	"slices"
	"testing"
	"time"

	"nabo/engine/event"
)

// measured are the marginals of receipts. A NaN says that nothing tells.
type measured struct {
	name      string
	mean      float64 // different products on a receipt
	median    float64
	one       float64 // share of the receipts with one product
	over20    float64 // with more than 20
	top1      float64 // share of the lines that the top 1 % of the sold products make
	top10     float64
	top50     float64
	repeats10 float64 // share of the lines of members' 10th receipts that they had bought before
	repeats20 float64
	anonymous float64    // share of the receipts
	weekdays  [7]float64 // share of the receipts, Sunday first
	night     float64    // share of the receipts before 7 and from 22 o'clock
}

// realShops were measured once on public data sets, returns left out: an online
// gift shop (UCI Online Retail II), an anonymous Belgian supermarket (Brijs), a
// Taiwanese grocer (Ta-Feng), an American grocer (dunnhumby's Complete Journey,
// a part of its receipts), and a bakery in Edinburgh. All or none of the
// receipts of four of them name their member, which says nothing of how many
// shoppers have a card; the clocks of three are made up or rounded.
func realShops() map[string]measured {
	nan := math.NaN()
	unknown := [7]float64{nan, nan, nan, nan, nan, nan, nan}
	return map[string]measured{
		"gifts": {
			"UCI Online Retail", 24.19, 15, 0.085, 0.369, 0.107, 0.481, 0.925, 0.534, 0.635, 0.081,
			[7]float64{0.123, 0.158, 0.184, 0.180, 0.205, 0.148, 0.001}, 0,
		},
		"brijs":   {"Belgian supermarket", 10.16, 8, 0.036, 0.106, 0.324, 0.665, 0.962, nan, nan, nan, unknown, nan},
		"tafeng":  {"Ta-Feng", 6.08, 4, 0.163, 0.032, 0.174, 0.530, 0.888, 0.210, 0.255, nan, unknown, nan},
		"journey": {"Complete Journey", 3.88, 2, 0.404, 0.030, 0.259, 0.575, 0.891, 0.223, 0.278, nan, [7]float64{0.151, 0.138, 0.132, 0.137, 0.139, 0.143, 0.160}, nan},
		"bakery": {
			"bakery in Edinburgh", 2.00, 2, 0.417, 0, 0.240, 0.694, 0.985, nan, nan, nan,
			[7]float64{0.133, 0.119, 0.125, 0.117, 0.132, 0.156, 0.218}, 0.001,
		},
	}
}

// The supermarket must look like a grocer: as large as Brijs's baskets, for its
// Lines is set to their mean; as steep as the grocers' popularity; and its
// members at least as true to what they had before as Ta-Feng's, and not much
// truer than those of the Complete Journey, of whose receipts a part is missing.
func TestMarginalsAreAGrocers(t *testing.T) {
	s := newShop(t, Options{Supermarket: true, Lines: 10, Members: 400, Products: 15_000, Days: 120, Stores: 30})
	got := measure(s)
	shops := realShops()
	brijs, tafeng, journey, bakery, gifts := shops["brijs"], shops["tafeng"], shops["journey"], shops["bakery"], shops["gifts"]

	within(t, "lines a receipt", got.mean, 0.95*brijs.mean, 1.05*brijs.mean)
	within(t, "median", got.median, brijs.median-1, brijs.median+1)
	within(t, "receipts of one line", got.one, brijs.one, tafeng.one)
	within(t, "receipts of more than 20", got.over20, 0.75*brijs.over20, 1.25*brijs.over20)

	within(t, "lines of the top 1 %", got.top1, tafeng.top1, brijs.top1)
	within(t, "lines of the top 10 %", got.top10, tafeng.top10, brijs.top10)
	within(t, "lines of the top half", got.top50, tafeng.top50, brijs.top50)

	within(t, "repeats on 10th receipts", got.repeats10, tafeng.repeats10, (journey.repeats10+gifts.repeats10)/2)
	within(t, "repeats on 20th receipts", got.repeats20, tafeng.repeats20, (journey.repeats20+gifts.repeats20)/2)

	// No file tells how many of a grocer's receipts name a member: a third.
	within(t, "anonymous receipts", got.anonymous, 0.29, 0.38)
	for day, share := range got.weekdays {
		lo, hi := min(journey.weekdays[day], bakery.weekdays[day]), max(journey.weekdays[day], bakery.weekdays[day])
		within(t, "receipts on a "+time.Weekday(day).String(), share, lo-0.04, hi+0.04)
	}
	within(t, "receipts at night", got.night, 0, bakery.night+0.004)
}

// The shape must not depend on the size of the catalogue, nor on how much is
// bought.
func TestMarginalsAtAnySize(t *testing.T) {
	for _, opt := range []Options{
		{Members: 200, Products: 2_000, Days: 60, Lines: 12},
		{Members: 200, Products: 50_000, Days: 60, Lines: 12},
		{Members: 150, Products: 50_000, Days: 60, Lines: 24},
	} {
		opt.Supermarket = true
		got := measure(newShop(t, opt))
		within(t, "lines a receipt", got.mean, 0.9*float64(opt.Lines), 1.05*float64(opt.Lines))
		within(t, "lines of the top 10 %", got.top10, 0.37, 0.7)
		within(t, "repeats on 10th receipts", got.repeats10, 0.15, 0.45)
	}
}

// measure measures a shop's history, returns left out.
func measure(s *Shop) (m measured) {
	var sizes []int
	sales, had, nth := map[string]int{}, map[string]bool{}, map[string]int{}
	lines := 0
	var again, of [31]int
	for _, ev := range receipts(s) {
		r := ev.Body.(*event.Receipt)
		sizes = append(sizes, len(r.Lines))
		lines += len(r.Lines)
		local := (ev.Time + offsetMillis).Time()
		m.weekdays[local.Weekday()]++
		if h := local.Hour(); h < 7 || h > 21 {
			m.night++
		}
		if ev.MemberID == "" {
			m.anonymous++
		}
		nth[ev.MemberID]++
		k := min(nth[ev.MemberID], 30)
		for _, l := range r.Lines {
			sales[l.Product]++
			if ev.MemberID == "" {
				continue
			}
			of[k]++
			if key := ev.MemberID + " " + l.Product; had[key] {
				again[k]++
			} else {
				had[key] = true
			}
		}
	}
	slices.Sort(sizes)
	n := float64(len(sizes))
	m.mean, m.median = float64(lines)/n, float64(sizes[len(sizes)/2])
	for _, size := range sizes {
		if size == 1 {
			m.one += 1 / n
		}
		if size > 20 {
			m.over20 += 1 / n
		}
	}
	m.anonymous /= n
	m.night /= n
	for day := range m.weekdays {
		m.weekdays[day] /= n
	}
	m.repeats10, m.repeats20 = float64(again[10])/float64(of[10]), float64(again[20])/float64(of[20])
	m.top1, m.top10, m.top50 = top(sales, lines, 0.01), top(sales, lines, 0.1), top(sales, lines, 0.5)
	return m
}

// top is the share of the lines that a share of the products make, those that
// sell best.
func top(sales map[string]int, lines int, share float64) float64 {
	var counts []int
	for _, n := range sales {
		counts = append(counts, n)
	}
	slices.SortFunc(counts, func(a, b int) int { return cmp.Compare(b, a) })
	sum := 0
	for _, n := range counts[:int(share*float64(len(counts)))] {
		sum += n
	}
	return float64(sum) / float64(lines)
}

func TestSeasons(t *testing.T) {
	s := newShop(t, Options{Supermarket: true, Lines: 8, Members: 150, Days: 365, Until: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
	good := goodsByProduct(s)
	var months [12]map[string]float64
	for i := range months {
		months[i] = map[string]float64{}
	}
	for _, ev := range receipts(s) {
		at := (ev.Time + offsetMillis).Time()
		if at.Month() == time.December && at.Day() == 25 && ev.Store != "web" {
			t.Errorf("%s in a store on %v", ev.ID, at)
		}
		for _, l := range ev.Body.(*event.Receipt).Lines {
			months[at.Month()-1][s.goods[good[l.Product]].name]++
		}
	}
	for name, when := range map[string][2]time.Month{
		"grill sausages": {time.June, time.January}, "charcoal": {time.July, time.December}, "ice lollies": {time.July, time.January},
		"clementines": {time.December, time.July}, "marzipan": {time.December, time.July}, "strawberries": {time.June, time.December},
	} {
		high, low := months[when[0]-1][name], months[when[1]-1][name]
		if high < 3*low || high < 5 {
			t.Errorf("%s: %.0f in %v, %.0f in %v", name, high, when[0], low, when[1])
		}
	}
}

// goodsByProduct is each product's good.
func goodsByProduct(s *Shop) map[string]int32 {
	out := map[string]int32{}
	for i, p := range s.Products() {
		out[p.Product] = s.goodOf[i]
	}
	return out
}

func TestTrendsLast(t *testing.T) {
	s := newShop(t, Options{Supermarket: true, Members: 10})
	for product := range int32(200) {
		sum, lo, hi := 0.0, 2.0, 0.0
		const days = 20_000
		for day := range int64(days) {
			d := s.drift(product, day)
			sum, lo, hi = sum+d, min(lo, d), max(hi, d)
			if next := s.drift(product, day+1); math.Abs(next-d) > 0.01 {
				t.Fatalf("product %d: from %v to %v in a day", product, d, next)
			}
		}
		if mean := sum / days; mean < 0.97 || mean > 1.03 || lo > driftLeast+0.02 || hi < driftMost-0.02 {
			t.Errorf("product %d: %.2f on average, from %.2f to %.2f", product, mean, lo, hi)
		}
	}
}

// Everybody has an hour and a weekday of their own.
func TestPeopleKeepTheirHours(t *testing.T) {
	s := newShop(t, Options{Supermarket: true, Lines: 2, Members: 200, Days: 150})
	days, hours, visits := map[string]*[7]float64{}, map[string]*[24]float64{}, map[string]float64{}
	for _, ev := range receipts(s) {
		if ev.MemberID == "" || ev.Store == "web" {
			continue
		}
		if days[ev.MemberID] == nil {
			days[ev.MemberID], hours[ev.MemberID] = new([7]float64), new([24]float64)
		}
		local := (ev.Time + offsetMillis).Time()
		days[ev.MemberID][local.Weekday()]++
		hours[ev.MemberID][local.Hour()]++
		visits[ev.MemberID]++
	}
	own, most, n := 0.0, 0.0, 0.0
	for i := range s.opt.Members {
		id := s.MemberID(i)
		if visits[id] < 20 {
			continue
		}
		own += days[id][mix(s.keyOf(i), forHour)%7] / visits[id]
		most += slices.Max(hours[id][:]) / visits[id]
		n++
	}
	within(t, "visits on the own weekday", own/n, 0.2, 0.3)
	within(t, "visits in the hour of most", most/n, 0.3, 0.6)
}

func TestCartsAreFilledAndPaid(t *testing.T) {
	s := newShop(t, Options{Supermarket: true, Members: 1_500, Days: 30})
	carts, known := map[string]map[string]bool{}, map[string]string{}
	paid := 0
	for ev := range s.History() {
		switch body := ev.Body.(type) {
		case *event.MemberIdentified:
			known[ev.SessionID] = ev.MemberID
		case *event.Cart:
			if carts[ev.SessionID] == nil {
				carts[ev.SessionID] = map[string]bool{}
			}
			carts[ev.SessionID][body.Lines[0].Product] = body.Action == event.ActionAdd
			if who := known[ev.SessionID]; who != "" && who != ev.MemberID {
				t.Errorf("%s is %q's, who logged in as %q", ev.ID, ev.MemberID, who)
			}
		case *event.Receipt:
			if ev.Store != "web" {
				continue
			}
			paid++
			for _, l := range body.Lines {
				if !carts[ev.SessionID][l.Product] {
					t.Errorf("%s: %s was not in the cart", ev.ID, l.Product)
				}
			}
		}
	}
	within(t, "carts that are paid", float64(paid)/float64(len(carts)), 0.4, 0.7)
	if len(known) < 50 || len(carts) < 300 {
		t.Errorf("%d log-ins, %d carts", len(known), len(carts))
	}
}

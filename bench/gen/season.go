package gen

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// seasonTable says what sells more at some time of the year than at another:
//
//	good, category or mission; months from January to December
//
// Months are factors on the weight; those of a good are the product of its own
// and its category's. What isn't listed sells alike all year round.
const seasonTable = `
charcoal; 0.1/0.1/0.3/1/2.2/2.8/2.6/2/0.9/0.2/0.1/0.1
lighter fluid; 0.1/0.1/0.3/1/2.2/2.8/2.6/2/0.9/0.2/0.1/0.1
grill sausages; 0.4/0.4/0.6/1.1/1.8/2.1/2/1.6/0.9/0.5/0.4/0.3
pork neck steaks; 0.4/0.4/0.6/1.1/1.8/2/1.9/1.6/0.9/0.5/0.5/0.5
barbecue sauce; 0.5/0.5/0.6/1/1.7/2/1.9/1.5/0.9/0.6/0.5/0.5
coleslaw; 0.4/0.4/0.6/1/1.8/2/2/1.6/0.9/0.5/0.4/0.4
corn on the cob; 0.3/0.3/0.4/0.6/1.2/1.7/2.1/2.2/1.5/0.6/0.3/0.3
ice lollies; 0.2/0.2/0.4/0.9/1.7/2.4/2.7/2.1/0.8/0.3/0.2/0.2
ice cream; 0.6/0.6/0.7/1/1.4/1.7/1.8/1.4/0.9/0.6/0.6/0.8
koldskål; 0.1/0.1/0.2/0.8/2/2.7/3/2.2/0.6/0.1/0.1/0.1
strawberries; 0.2/0.3/0.5/0.9/1.7/3.2/2.6/1.1/0.5/0.3/0.2/0.3
raspberries; 0.5/0.5/0.6/0.7/0.9/1.4/2.2/2/1.1/0.7/0.6/0.6
courgette; 0.6/0.6/0.7/0.8/1/1.3/1.5/1.6/1.4/1/0.7/0.6
clementines; 2/1.5/0.8/0.3/0.1/0.1/0.1/0.1/0.2/0.9/2.4/3
leeks; 1.4/1.3/1.1/0.9/0.7/0.6/0.6/0.7/0.9/1.2/1.3/1.3
white cabbage; 1.2/1.1/0.9/0.8/0.8/0.7/0.7/0.7/0.9/1.1/1.3/1.8
apples; 0.9/0.9/0.9/0.9/0.8/0.8/0.7/0.9/1.5/1.6/1.2/0.9
pork roast with crackling; 0.6/0.6/0.7/0.7/0.5/0.5/0.4/0.5/0.7/1/1.6/4
marzipan; 0.4/0.5/0.7/0.6/0.3/0.3/0.2/0.3/0.5/1/2.8/4.4
candles; 1.3/1.1/0.8/0.6/0.4/0.3/0.3/0.5/0.9/1.5/2/2.3
drinking chocolate; 1.6/1.5/1.2/0.7/0.4/0.3/0.3/0.4/0.8/1.4/1.7/1.7
sparkling wine; 0.6/0.6/0.7/0.8/1/1.1/0.9/0.8/0.7/0.7/0.9/3.2
pick-and-mix; 0.8/1.3/1/1/0.8/0.9/0.9/0.8/0.9/1.3/1/1.3
cider; 0.6/0.6/0.7/1/1.4/1.6/1.6/1.3/0.9/0.7/0.7/0.9
Baking; 0.8/0.9/0.9/0.9/0.7/0.7/0.6/0.7/0.9/1.1/1.8/2
Soft drinks; 0.8/0.8/0.9/1/1.2/1.3/1.3/1.2/0.9/0.8/0.8/1.1
Beer and wine; 0.8/0.8/0.9/1/1.1/1.2/1.2/1.1/0.9/0.9/0.9/1.2
barbecue; 0.1/0.1/0.3/1/2.2/2.8/2.6/2/0.9/0.2/0.1/0.1
baking; 0.8/0.9/0.9/0.9/0.7/0.7/0.6/0.7/0.9/1.1/1.8/2
cinnamon bun baking; 1.2/1.1/1/0.8/0.6/0.5/0.4/0.6/1/1.4/1.6/1.8
curry evening; 1.3/1.2/1.1/0.9/0.8/0.7/0.7/0.8/1/1.2/1.2/0.9
`

// busyMonths is how busy the months are, from January to December.
var busyMonths = [12]float64{0.95, 0.97, 1, 1.01, 1.01, 1, 0.93, 0.98, 1, 1, 1.02, 1.1}

// cycleDays is after how many days the calendar comes round, but for the
// weekday: four years. It holds until 2100.
const cycleDays = 1461

// year is what a supermarket's days differ in beside the weekday.
type year struct {
	days   [cycleDays]yearDay // 1 January 1970 first, and again every four years
	months [12]month
}

// yearDay is one day of four years.
type yearDay struct {
	busy  float64 // how busy, next to the mean; 0: closed
	month int8    // the month, 0 for January, whose middle is the last one past
	into  float64 // how far it is to the middle of the month after, from 0 to 1
}

// month is what is bought in a month.
type month struct {
	popular lots    // over goods
	within  []lots  // by category, over its goods
	errands [7]lots // by weekday, Sunday first
}

// newYear reads the table of seasons.
func (s *Shop) newYear(table string) (*year, error) {
	factors, err := s.parseSeasons(table)
	if err != nil {
		return nil, err
	}
	y := &year{}
	for d := range y.days {
		y.days[d] = newYearDay(d)
	}
	for m := range y.months {
		factor := func(names ...string) float64 {
			f := 1.0
			for _, name := range names {
				if of, ok := factors[name]; ok {
					f *= of[m]
				}
			}
			return f
		}
		out := &y.months[m]
		weights := make([]float64, len(s.goods))
		for i := range s.goods {
			weights[i] = s.goods[i].weight * factor(s.goods[i].name, s.goods[i].category)
		}
		out.popular = newLots(weights)
		for _, goods := range s.categories {
			w := make([]float64, len(goods))
			for i, g := range goods {
				w[i] = weights[g]
			}
			out.within = append(out.within, newLots(w))
		}
		out.errands = errands(s.missions, func(mi *mission) float64 { return factor(mi.name) })
	}
	return y, nil
}

// parseSeasons reads factors by name, and scales them to a mean of one.
func (s *Shop) parseSeasons(table string) (map[string][12]float64, error) {
	known := map[string]bool{}
	for i := range s.goods {
		known[s.goods[i].name], known[s.goods[i].category] = true, true
	}
	for i := range s.missions {
		known[s.missions[i].name] = true
	}
	out := map[string][12]float64{}
	for row := range rows(table) {
		name, list, _ := strings.Cut(row, ";")
		months := strings.Split(strings.TrimSpace(list), "/")
		if !known[name] || len(months) != 12 {
			return nil, fmt.Errorf("season %q: want something that is sold, and twelve months", row)
		}
		var f [12]float64
		sum := 0.0
		for m := range f {
			var err error
			if f[m], err = strconv.ParseFloat(months[m], 64); err != nil {
				return nil, fmt.Errorf("season %q: %w", row, err)
			}
			sum += f[m]
		}
		for m := range f {
			f[m] *= 12 / sum
		}
		out[name] = f
	}
	return out, nil
}

// newYearDay makes the day that is so many after 1 January 1970.
func newYearDay(day int) yearDay {
	t := time.Unix(int64(day)*24*60*60, 0).UTC()
	at := (float64(t.YearDay())-0.5)/365.25*12 - 0.5 // in months after the middle of January
	m := int(math.Floor(at))
	d := yearDay{month: int8((m + 12) % 12), into: at - float64(m)}
	d.busy = busyMonths[d.month]*(1-d.into) + busyMonths[(d.month+1)%12]*d.into
	switch m, n := t.Month(), t.Day(); {
	case m == time.December && n == 25, m == time.January && n == 1:
		d.busy = 0
	case m == time.December && n >= 19 && n <= 23:
		d.busy *= 1.35
	case m == time.December && n >= 26 && n <= 28:
		d.busy *= 0.75
	}
	return d
}

// of is a day's entry.
func (y *year) of(day int64) *yearDay {
	return &y.days[(day%cycleDays+cycleDays)%cycleDays]
}

// busy is how busy a day is next to the mean of its weekday; 0: closed.
func (y *year) busy(day int64) float64 { return y.of(day).busy }

// month draws one of the two months between whose middles a day is, so that
// seasons come and go by the day.
func (y *year) month(day int64, c *chance) *month {
	d := y.of(day)
	if c.happens(d.into) {
		return &y.months[(d.month+1)%12]
	}
	return &y.months[d.month]
}

// A drift is a trend that lasts: over months a product sells better and better,
// and then less again. Each has its own period.
const (
	driftLeast  = 0.4 // of what it sells on average, at its lowest
	driftMost   = 1.6 // at its highest
	driftMin    = 300 // days from one height to the next, at least
	driftSpread = 600 // and so many more at most
)

// drift is how well a product sells on a day next to its own average, apart
// from seasons: from driftLeast to driftMost, one on average over the years.
func (s *Shop) drift(product int32, day int64) float64 {
	h := mix(s.key^0x6472696674, uint64(product))
	period := driftMin + driftSpread*float64(h&0xffff)/0x10000
	at := float64(day)/period + float64(h>>16&0xffff)/0x10000
	at -= math.Floor(at)
	return driftLeast + (driftMost-driftLeast)*math.Abs(2*at-1)
}

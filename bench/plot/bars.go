package plot

import (
	"fmt"
	"math"
)

// bars draws the groups with a bar of each series, and the legend.
func (d *drawing) bars() {
	d.legend()
	groups, series := float64(len(d.c.Groups)), float64(len(d.c.Series))
	room := (width - d.right() - left) / groups
	bar := room * 0.8 / series
	zero := d.y.at(math.Max(d.y.min, 0))
	bottom := d.top + chartHeight - below
	for g, group := range d.c.Groups {
		from := left + room*(float64(g)+0.1)
		for i := range d.c.Series {
			p := d.c.Series[i].Points[g]
			if !d.c.shows(p) {
				continue
			}
			x, y := from+bar*float64(i), d.y.at(p.Y)
			fmt.Fprintf(d, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" style="fill:var(--s%d)"><title>%s, %s: %s</title></rect>`+"\n",
				x+bar*0.05, math.Min(y, zero), bar*0.9, math.Abs(zero-y), i,
				escape(group), escape(d.c.Series[i].Name), escape(d.c.Y.format(p.Y)))
			d.errorBar("ink", x+bar/2, p)
		}
		d.groupName(from+room*0.4, bottom+20, room, group)
	}
}

// slantedRunes is how much of a slanted name fits below the axis.
const slantedRunes = 17

// groupName writes the name of a group, slanted if it is too long for its room;
// of what does not fit then, either, the rest is in its title.
func (d *drawing) groupName(x, y, room float64, name string) {
	runes := []rune(name)
	if 7*float64(len(runes)) <= room {
		d.text(x, y, "quiet", "middle", name)
		return
	}
	shown := name
	if len(runes) > slantedRunes {
		shown = string(runes[:slantedRunes-1]) + "…"
	}
	fmt.Fprintf(d, `<text class="quiet" text-anchor="end" transform="translate(%.1f %.1f) rotate(-30)">%s<title>%s</title></text>`+"\n",
		x+6, y-6, escape(shown), escape(name))
}

// legend names the series, from the right end of the heading's second line on.
func (d *drawing) legend() {
	x := width - d.right()
	for i := len(d.c.Series) - 1; i >= 0; i-- {
		name := d.c.Series[i].Name
		d.text(x, d.top+46, "", "end", name)
		x -= 7.4*float64(len([]rune(name))) + 6
		fmt.Fprintf(d, `<rect x="%.1f" y="%.1f" width="11" height="11" style="fill:var(--s%d)"/>`+"\n", x-11, d.top+36, i)
		x -= 11 + 14
	}
}

package gen

import (
	"fmt"
	"strconv"
	"strings"
)

// Mission is an errand that puts goods together on purpose: the truth about
// what goes together in this shop.
type Mission struct {
	Name string
	// Goods are the mission's goods, each as the ids of the products that may
	// stand for it, the commonest first. Products of different goods go
	// together; products of one good replace each other.
	Goods [][]string
	// Core is how many of Goods, from the first on, nearly everybody on the
	// errand buys; about half buy each of the others.
	Core int
}

// mission is a Mission with what the walk needs.
type mission struct {
	name    string
	weight  float64
	weekday [7]float64
	goods   []want
	core    int
	baby    bool // only for homes with a baby
}

// want is a good on a mission's list: any of some of its forms will do.
type want struct {
	good  int32 // into catalogue.goods
	first int32 // the rank of the first of the forms
	forms int32
}

// missionForms is how many of a good's commonest products a mission takes.
const missionForms = 4

// Missions returns the errands on which the shop's customers go.
func (s *Shop) Missions() []Mission {
	out := make([]Mission, len(s.missions))
	for i, m := range s.missions {
		out[i] = Mission{Name: m.name, Core: m.core}
		for _, w := range m.goods {
			ids := make([]string, w.forms)
			for k := range ids {
				ids[k] = s.products[s.goods[w.good].first+int(w.first)+k].Product
			}
			out[i].Goods = append(out[i].Goods, ids)
		}
	}
	return out
}

// parseMissions reads the table of missions; goods are those they may name.
func parseMissions(table string, goods []good) ([]mission, error) {
	byName := make(map[string]int32, len(goods))
	for i := range goods {
		byName[goods[i].name] = int32(i)
	}
	var out []mission
	for row := range rows(table) {
		m, err := parseMission(row, byName)
		if err != nil {
			return nil, fmt.Errorf("mission %q: %w", row, err)
		}
		for i := range m.goods {
			w := &m.goods[i]
			w.forms = int32(min(missionForms, goods[w.good].count))
			m.baby = m.baby || i < m.core && goods[w.good].baby
		}
		out = append(out, m)
	}
	return out, nil
}

func parseMission(row string, byName map[string]int32) (m mission, err error) {
	f := strings.Split(row, ";")
	if len(f) != 4 {
		return m, fmt.Errorf("%d fields, want 4", len(f))
	}
	m.name = f[0]
	if m.weight, err = strconv.ParseFloat(strings.TrimSpace(f[1]), 64); err != nil {
		return m, err
	}
	factors := strings.Split(strings.TrimSpace(f[2]), "/")
	if len(factors) != len(m.weekday) {
		return m, fmt.Errorf("%d weekdays, want 7", len(factors))
	}
	for i, w := range factors {
		if m.weekday[i], err = strconv.ParseFloat(w, 64); err != nil {
			return m, err
		}
	}
	for name := range strings.SplitSeq(strings.TrimSpace(f[3]), "/") {
		plain := strings.Trim(name, "()")
		g, ok := byName[plain]
		if !ok {
			return m, fmt.Errorf("good %q is not in the table", plain)
		}
		m.goods = append(m.goods, want{good: g})
		if plain == name {
			m.core = len(m.goods)
		}
	}
	return m, nil
}

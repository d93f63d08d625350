package score

// Coverage says how much of what could be recommended was, in any list.
type Coverage struct {
	At       int     `json:"at"`       // how much of each list is looked at
	Items    float64 `json:"items"`    // share of the items
	Weighted float64 `json:"weighted"` // the same, each item counted by how much of it is sold
}

// Cover works coverage out at each cutoff. weights holds everything that could
// be recommended with how much of it is sold; what else is in a list does not
// count.
func Cover(lists [][]string, weights map[string]float64) (out []Coverage) {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	for _, k := range Cutoffs {
		c, seen := Coverage{At: k}, map[string]bool{}
		for _, list := range lists {
			for _, id := range list[:min(k, len(list))] {
				if w, ok := weights[id]; ok && !seen[id] {
					seen[id] = true
					c.Weighted += w
				}
			}
		}
		if len(weights) > 0 {
			c.Items = float64(len(seen)) / float64(len(weights))
		}
		if total > 0 {
			c.Weighted /= total
		}
		out = append(out, c)
	}
	return out
}

package server

// Graph is a part of the graph, to be drawn: products as nodes, what binds them
// as edges.
type Graph struct {
	AsOf            AsOf         `json:"asOf"`
	HalfLife        Fixed        `json:"halfLife" doc:"Days after which half of a binding between products is left: after N days without a further receipt, weight·2^(−N/halfLife) is"`
	LeaningHalfLife Fixed        `json:"leaningHalfLife,omitempty" doc:"Of a member: the same for leanings"`
	WhatIf          *WhatIf      `json:"whatIf,omitempty" doc:"Only with halfLife"`
	Of              int          `json:"of" doc:"How many there are to choose from: the product's neighbours, the member's goods, or the products that were bought"`
	Member          string       `json:"member,omitempty"`
	Known           *bool        `json:"known,omitempty" doc:"Of a member: whether anything is held on them"`
	Nodes           []GraphNode  `json:"nodes" nullable:"false" doc:"What was asked about first, then what is nearest, the strongest first"`
	Edges           []GraphEdge  `json:"edges" nullable:"false" doc:"One for each pair: all of the product that was asked about, and of every other node those few that bind it most closely to another one here"`
	Leanings        []GraphLean  `json:"leanings,omitempty" doc:"Of a member: their binding to each node, in the same order"`
	Clusters        []GraphGroup `json:"clusters,omitempty" doc:"Of the whole: products that are bound to each other more than to others, the heaviest first"`
}

// WhatIf says what faded is: a weight is kept as one sum, so what it would be
// under another half-life is not known, but bounded.
type WhatIf struct {
	HalfLife Fixed  `json:"halfLife" doc:"Days, as asked"`
	Bound    string `json:"bound" enum:"most,least,exact" doc:"most: the binding would weigh at most as much as faded says (a shorter half-life). least: at least (a longer one)"`
}

// GraphNode is a product in a Graph.
type GraphNode struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Category string `json:"category,omitempty"`
	Brand    string `json:"brand,omitempty"`
	Support  Fixed  `json:"support" doc:"Receipts with it, faded"`
	Hop      int    `json:"hop" minimum:"0" maximum:"2" doc:"How far it is from what was asked about"`
	Cluster  *int   `json:"cluster,omitempty" nullable:"false" doc:"Of the whole: the cluster it is in; left out where it is in none"`
}

// GraphEdge is what binds two nodes. Plain: what receipts added. Refined: what
// one says for the other in a basket that the others in it do not.
type GraphEdge struct {
	From        string `json:"from"`
	To          string `json:"to"`
	Weight      Fixed  `json:"weight,omitempty" doc:"Plain: what receipts with both added, by their gain and damping, faded. It, support, lift and lastSeen are left out where there is no plain binding"`
	Support     Fixed  `json:"support,omitempty" doc:"Plain: receipts with both, faded"`
	Lift        Fixed  `json:"lift,omitempty" doc:"Plain: how many times likelier than by chance"`
	LastSeen    string `json:"lastSeen,omitempty" format:"date" doc:"Plain: the day of the last receipt with both"`
	Refined     Fixed  `json:"refined,omitempty" doc:"What from says for to; below zero: against it. Left out: nothing"`
	RefinedBack Fixed  `json:"refinedBack,omitempty" doc:"What to says for from"`
	Faded       Fixed  `json:"faded,omitempty" doc:"Only with halfLife: the bound on weight that whatIf tells of"`
}

// GraphLean is a member's binding to a product.
type GraphLean struct {
	Product string `json:"product"`
	Weight  Fixed  `json:"weight" doc:"Faded"`
	Share   Fixed  `json:"share" doc:"Of all that the member's bindings weigh, 0 to 1"`
	Count   int    `json:"count" doc:"Purchases; at most 255"`
	Last    string `json:"last" format:"date" doc:"Day of the last purchase, or of the first event where there was none"`
	Every   Fixed  `json:"every,omitempty" doc:"Days between purchases, smoothed; left out where not known"`
}

// GraphGroup is a cluster.
type GraphGroup struct {
	Cluster  int      `json:"cluster"`
	Nodes    int      `json:"nodes" doc:"How many there are in it"`
	Weight   Fixed    `json:"weight" doc:"The sum of the edges inside it that are here"`
	Category string   `json:"category,omitempty" doc:"The commonest in it"`
	Top      []string `json:"top" nullable:"false" doc:"Its three most bought products"`
}

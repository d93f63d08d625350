package server

// consoleSamples are those of what shows how things stand.
func consoleSamples() map[string][]sample {
	const graph = "/v1/graph"
	return map[string][]sample{
		"get-graph": {
			{graph, "", "", 200}, {graph, "points=10&halfLife=30", "", 200}, {graph, "product=a&count=5&depth=2&halfLife=400", "", 200},
			{graph, "member=m1&halfLife=180", "", 200}, {graph, "member=unheard-of", "", 200}, {graph, "product=unheard-of", "", 404},
			{graph, "product=a&member=m1", "", 400}, {graph, "depth=3", "", 400}, {graph, "points=9", "", 400}, {graph, "halfLife=0", "", 400}, {graph, "minSeq=999999", "", 503},
		},
	}
}

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
		"list-products": {
			{"", "", "", 200}, {"", "q=a&category=bakery&count=5", "", 200}, {"", "q=+", "", 400}, {"", "nonsense=1", "", 400}, {"", "minSeq=999999", "", 503},
		},
		"get-product-sales": {{"/v1/products/a/sales", "", "", 200}, {"/v1/products/unheard-of/sales", "", "", 404}, {"/v1/products/a/sales", "x=1", "", 400}},
		"get-offer-history": {{"/v1/offers/o1/history", "", "", 200}, {"/v1/offers/unheard-of/history", "", "", 404}, {"/v1/offers/o1/history", "x=1", "", 400}},
		"get-offer-members": {{"/v1/offers/o1/members", "", "", 200}, {"/v1/offers/o1/members", "count=1", "", 200}, {"/v1/offers/unheard-of/members", "", "", 404}, {"/v1/offers/o1/members", "count=0", "", 400}},
		"get-dead-letters":  {{"", "", "", 200}, {"", "count=3", "", 200}, {"", "count=0", "", 400}},
		"post-scenario-preview": {
			{"", "", `{"scenario":"home","config":{"count":3,"diversity":0.5},"members":["m1","unheard-of"],"count":2,"store":"s1","chain":"c","basket":["a"]}`, 200},
			{"", "", `{"scenario":"new","config":{"logic":"discover"},"members":["m1"]}`, 200},
			{"", "", `{"scenario":"home","config":{"weights":{"own":-1}},"members":["m1"]}`, 400}, {"", "", `{"scenario":"home","members":["m1"]}`, 400},
			{"", "", `{"scenario":"home","config":{},"members":[]}`, 400}, {"", "", `{"scenario":"home","config":{},"members":["m1"],"member":1}`, 400},
		},
		"get-scenario-versions": {
			{"/v1/scenarios/newsletter/versions", "", "", 200}, {"/v1/scenarios/unheard-of/versions", "", "", 404}, {"/v1/scenarios/newsletter/versions", "x=1", "", 400},
		},
	}
}

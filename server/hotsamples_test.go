package server

// decisionSamples are those of offers that are asked for, and of decisions:
// one about goods and one about offers.
func decisionSamples(goods, offers string) map[string][]sample {
	const list, next = "/v1/members/m1/offers", "/v1/members/m1/next-offer"
	out := map[string][]sample{
		"get-offers": {
			{list, "", "", 200}, {"/v1/members/unheard-of/offers", "", "", 200}, {list, "channel=email", "", 200},
			{list, "count=3&explain=true&exclude=o2&scenario=home&store=s1&chain=c&basket=a&basket=b&session=s&filter=offer.price+%3C+500.0&booster=1.5&diversity=0.5&rotationRate=0", "", 200},
			{list, "count=0", "", 400}, {list, "filter=offer.prize+%3E+1.0", "", 400}, {list, "booster=true", "", 400}, {list, "diversity=2", "", 400},
			{list, "channel=fax", "", 400}, {list, "nonsense=1", "", 400}, {list, "minSeq=999999", "", 503},
		},
		"post-offers": {
			{list, "", "", 200}, {list, "", `{"count":3,"explain":true,"basket":["a"],"filter":"offer.price < 500.0","diversity":0.5}`, 200},
			{list, "", `{"diversity":"0.5"}`, 400}, {list, "", `{"nonsense":1}`, 400}, {list, "", `{`, 400},
		},
		"get-next-offer":  {{next, "", "", 200}, {next, "after=o1&scenario=home&explain=true", "", 200}, {next, "count=2", "", 400}, {next, "minSeq=999999", "", 503}},
		"post-next-offer": {{next, "", "", 200}, {next, "", `{"after":"o1"}`, 200}, {next, "", `{"after":1}`, 400}},
		"get-next-page":   {{"/v1/recomms/01J00000000000000000000000/next", "", "", 404}, {"/v1/recomms/x/next", "", "", 400}},
	}
	for _, id := range []string{goods, offers} {
		out["get-decision"] = append(out["get-decision"], sample{"/v1/recomms/" + id, "", "", 200}, sample{"/v1/recomms/" + id, "explain=true", "", 200})
		out["get-next-page"] = append(out["get-next-page"], sample{"/v1/recomms/" + id + "/next", "", "", 200}, sample{"/v1/recomms/" + id + "/next", "count=1", "", 200},
			sample{"/v1/recomms/" + id + "/next", "count=0", "", 400}, sample{"/v1/recomms/" + id + "/next", "minSeq=999999", "", 503})
	}
	out["get-decision"] = append(out["get-decision"], sample{"/v1/recomms/01J00000000000000000000000", "", "", 404}, sample{"/v1/recomms/x", "", "", 400})
	return out
}

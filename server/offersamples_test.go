package server

import (
	"context"
	"io"
	"sync"
	"testing"

	"nabo/server/lists"
)

// offerSamples are those of what is about offers and is not hot. The list is
// one that is done.
func offerSamples(list string) map[string][]sample {
	const offer, activation = "/v1/offers/o1", "/v1/members/m1/activations/o1"
	return map[string][]sample{
		"list-offers": {{"", "", "", 200}, {"", "active=true&count=1&after=a&q=o", "", 200}, {"", "active=1", "", 400}},
		"put-offer": {
			{offer, "", `{"name":"Coffee","products":["a"],"categories":["x"],"validFrom":"2026-11-01T00:00:00Z","validThrough":"2026-12-01T00:00:00Z",` +
				`"chains":["c"],"stores":["s1"],"audience":"member.homeStore == 's1' || true","price":30,"memberPrice":20.5,"currency":"DKK",` +
				`"budget":{"activations":10,"redemptions":5,"discount":100},"perMember":{"activations":2,"redemptions":-1},"priority":1,"margin":0.5,"fundedBy":"f",` +
				`"attributes":{"week":47,"bio":true,"note":"x"}}`, 200},
			{offer, "wait=applied", `{"products":["a"]}`, 200},
			{offer, "", `{"products":"a"}`, 400}, {offer, "", `{"audience":"nonsense("}`, 400}, {offer, "wait=soon", `{}`, 400},
		},
		"get-offer":    {{offer, "", "", 200}, {"/v1/offers/unheard-of", "", "", 404}, {offer, "x=1", "", 400}},
		"delete-offer": {{"/v1/offers/o2", "", "", 200}, {"/v1/offers/unheard-of", "wait=applied", "", 200}, {"/v1/offers/o2", "x=1", "", 400}},
		"put-activation": {
			{activation, "scenario=app-home&channel=email&recommId=r&store=s1&chain=c", "", 200}, {activation, "", "", 200},
			{"/v1/members/m1/activations/unheard-of", "", "", 404}, {"/v1/members/m1/activations/ended", "", "", 409}, {activation, "channel=fax", "", 400},
		},
		"delete-activation": {{activation, "", "", 200}, {"/v1/members/unheard-of/activations/o1", "", "", 200}, {"/v1/members/m1/activations/unheard-of", "", "", 404}, {activation, "x=1", "", 400}},
		"get-activations":   {{"/v1/members/m1/activations", "", "", 200}, {"/v1/members/unheard-of/activations", "chain=c", "", 200}, {"/v1/members/m1/activations", "x=1", "", 400}},
		"get-consents":      {{"/v1/members/m1/consents", "", "", 200}, {"/v1/members/unheard-of/consents", "", "", 200}, {"/v1/members/m1/consents", "x=1", "", 400}},
		"put-consents": {
			{"/v1/members/m1/consents", "", `[{"purpose":"marketing","chain":"c","channel":"email","granted":true,"time":"2026-11-20T10:00:00Z"},{"purpose":"personalisation","granted":true}]`, 200},
			{"/v1/members/m1/consents", "", `[{"purpose":"marketing"}]`, 400}, {"/v1/members/m1/consents", "", `[]`, 400},
		},
		"get-scenarios": {{"", "", "", 200}, {"", "x=1", "", 400}},
		"get-scenario":  {{"/v1/scenarios/newsletter", "", "", 200}, {"/v1/scenarios/unheard-of", "", "", 404}, {"/v1/scenarios/newsletter", "x=1", "", 400}},
		"put-scenario": {
			{"/v1/scenarios/home", "", `{"enabled":true,"logic":"offers","count":3,"weights":{"own":1},"filter":"offer.price < 5.0 || true","booster":"1.5","diversity":0,` +
				`"rotationRate":0.5,"rotationDays":7,"explore":{"share":0.1,"days":7,"impressions":10},"maxPerCategory":2,"maxPerFunder":2,"priority":1,"margin":1,"holdDays":14}`, 200},
			{"/v1/scenarios/home", "validateOnly=true", `{}`, 200}, {"/v1/scenarios/home", "", `{"count":"x"}`, 400}, {"/v1/scenarios/home", "x=1", `{}`, 400},
		},
		"post-list": {
			{"", "", `{"scenario":"home","audience":{"chain":"c","filter":"member.homeStore == 's1'","ids":["m1"]},"count":2,"format":"csv"}`, 202},
			{"", "", `{"scenario":"home"}`, 202}, {"", "", `{"scenario":"home","audience":{"filter":"offer.price > 1.0"}}`, 400}, {"", "", `{}`, 400},
		},
		"get-lists":     {{"", "", "", 200}, {"", "x=1", "", 400}},
		"get-list":      {{"/v1/lists/" + list, "", "", 200}, {"/v1/lists/unheard-of", "", "", 404}},
		"get-list-rows": {{"/v1/lists/" + list + "/rows", "", "", 200}, {"/v1/lists/" + list + "/rows", "cursor=1.0", "", 200}, {"/v1/lists/" + list + "/rows", "cursor=2", "", 400}, {"/v1/lists/unheard-of/rows", "", "", 404}},
		"delete-list":   {{"/v1/lists/" + list, "", "", 200}, {"/v1/lists/unheard-of", "", "", 404}},
	}
}

// withLists makes lists in a folder of their own while the test runs.
func withLists(t testing.TB, o *Options) {
	withListsOf(t, o, func(s lists.Source) lists.Source { return s })
}

// withListsOf makes lists of what source makes of the server's own.
func withListsOf(t testing.TB, o *Options, source func(lists.Source) lists.Source) {
	runs, err := lists.New(lists.Options{
		Dir: t.TempDir(), Now: o.Now, Log: o.Log, Header: ListHeader, Source: source(&ListSource{o.Engine, o.Tokens, o.Now}),
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Lists = runs
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = runs.Run(ctx) }) // it ends with the context's error
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
}

// doneList starts a list and returns its id once it is done.
func (r *rig) doneList(t testing.TB, spec lists.Spec) string {
	t.Helper()
	id, err := r.opt.Lists.Start(spec)
	if err == nil {
		_, err = r.opt.Lists.Rows(t.Context(), id, "", io.Discard, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return id
}

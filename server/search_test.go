package server

import (
	"fmt"
	"net/url"
	"slices"
	"testing"
)

func TestSearchForProducts(t *testing.T) {
	r := newRig(t, nil)
	for id, body := range map[string]string{
		"1001": `{"name":"Engdal milk, semi-skimmed, 1 l","category":"Milk","brand":"Engdal","price":1.95,"currency":"EUR"}`,
		"1002": `{"name":"Møllebro rye bread","category":"Bread"}`,
		"2001": `{"name":"Milkshake","category":"Soft drinks"}`,
		"skim": `{"name":"Pan","category":"Household"}`,
	} {
		want[Change](t, r.send(t, "PUT", "/v1/products/"+id+"?wait=applied", body), 202)
	}
	r.receipts(t, 2, "", "2001", "x-9")
	r.receipts(t, 1, "", "1001")
	for q, expected := range map[string][]string{
		"q=milk":                 {"2001", "1001"}, // the most bought first
		"q=MILK+engd":            {"1001"},
		"q=ilk":                  nil, // the middle of a word
		"q=semi-skim":            {"1001"},
		"q=skim":                 {"skim", "1001"}, // its id first
		"q=100":                  {"1001", "1002"}, // in the id
		"q=m%C3%B8llebro":        {"1002"},
		"q=x-9":                  {"x-9"}, // known from receipts
		"category=Milk":          {"1001"},
		"q=milk&category=Nobody": nil,
		"":                       {"2001", "x-9", "1001", "1002", "skim"},
	} {
		got := want[ProductPage](t, r.send(t, "GET", "/v1/products?"+q, ""), 200)
		var ids []string
		for _, p := range got.Products {
			ids = append(ids, p.ID)
		}
		if q == "" || q == "q=100" { // what was never bought is in the order of its coming
			slices.Sort(ids)
			slices.Sort(expected)
		}
		if !slices.Equal(ids, expected) || got.Of != len(expected) || got.Products == nil {
			t.Errorf("%q found %v of %d, expected %v", q, ids, got.Of, expected)
		}
	}
	if one := want[ProductPage](t, r.send(t, "GET", "/v1/products?q=1001", ""), 200).Products[0]; one.Name != "Engdal milk, semi-skimmed, 1 l" || *one.Price != 1.95 || !one.Known || one.Support <= 0 {
		t.Errorf("got %+v", one)
	}
	want[Change](t, r.send(t, "PUT", "/v1/products/1001?wait=applied", `{"name":"Water"}`), 202)
	want[Change](t, r.send(t, "DELETE", "/v1/products/2001?wait=applied", ""), 202)
	if got := want[ProductPage](t, r.send(t, "GET", "/v1/products?q=milk", ""), 200); got.Of != 0 {
		t.Errorf("what was renamed or deleted is found by its old name: %+v", got)
	}
	wantProblem(t, r.send(t, "GET", "/v1/products?q=", ""), 400, badParameter, "expected words")
}

func TestSearchForOffers(t *testing.T) {
	r := newRig(t, nil)
	want[Change](t, r.send(t, "PUT", "/v1/products/p1?wait=applied", `{"name":"Dark chocolate","category":"Sweets"}`), 202)
	want[Change](t, r.send(t, "PUT", "/v1/products/p2?wait=applied", `{"name":"Beans"}`), 202)
	for id, body := range map[string]string{
		"o-1": `{"name":"Weekend","products":["p1"],"fundedBy":"Kakao Ltd"}`,
		"o-2": `{"name":"Weekend","products":["p2"]}`,
		"o-3": `{"categories":["Sweets"]}`,
	} {
		want[Change](t, r.send(t, "PUT", "/v1/offers/"+id, body), 200)
	}
	for q, expected := range map[string]string{
		"weekend": "[o-1 o-2]", "choc": "[o-1 o-3]", "weekend choc": "[o-1]", "kakao": "[o-1]", "o-3": "[o-3]", "nothing": "[]",
	} {
		got := want[OfferPage](t, r.send(t, "GET", "/v1/offers?q="+url.QueryEscape(q), ""), 200)
		ids := []string{}
		for _, o := range got.Offers {
			ids = append(ids, o.ID)
		}
		if fmt.Sprint(ids) != expected {
			t.Errorf("%q found %v, expected %v", q, ids, expected)
		}
	}
}

package server

import (
	"context"
	"net/http"

	"nabo/engine/offer"
)

// ProductPage is what a search for products found.
type ProductPage struct {
	AsOf     AsOf           `json:"asOf"`
	Of       int            `json:"of" doc:"How many there are"`
	Products []ProductFound `json:"products" nullable:"false" doc:"The one whose id was searched for first, then what is bought most"`
}

// ProductFound is a product that was found.
type ProductFound struct {
	ID    string `json:"id"`
	Known bool   `json:"known" doc:"Whether the catalogue has it; false: it is only known from receipts"`
	Values
	Support Fixed `json:"support" doc:"Receipts with it, faded"`
}

type productPageOutput struct{ Body ProductPage }

func (s *Server) registerSearch() {
	serve(s, cold{
		method: http.MethodGet, path: "/v1/products", id: "list-products", tag: "Products", params: pQuery | pCategory | pCount | pMinSeq, problems: []int{400, 503},
		summary: "Search for products",
		doc: "Each word of `q` must begin a word of the name, the brand or the category, or be in the id; capital letters do not matter. " +
			"Without `q` all that are in the catalogue or were bought.",
	}, s.findProducts)
}

func (s *Server) findProducts(_ context.Context, x exchange, _ *struct{}) (*productPageOutput, error) {
	p, e := &x.c.params, s.opt.Engine
	out := ProductPage{AsOf: AsOf{e.Position(), e.Clock(s.now()).Time()}, Products: []ProductFound{}}
	found, of := e.FindProducts(p.search, p.category, p.count, s.now())
	out.Of = of
	for _, f := range found {
		out.Products = append(out.Products, ProductFound{f.Product.ID, f.Product.Known, valuesOf(f.Product), Fixed(f.Support)})
	}
	return &productPageOutput{out}, nil
}

// offersFound gives what says whether an offer is one that was searched for.
func (s *Server) offersFound(p *params) func(*offer.Entry) bool {
	if !p.has(pQuery) {
		return func(*offer.Entry) bool { return true }
	}
	return s.opt.Engine.FindOffers(p.search)
}

package server

import (
	"context"
	"net/http"
	"time"

	"nabo/graph"
)

// ProductSales is what a product sold over time, everywhere.
type ProductSales struct {
	AsOf    AsOf         `json:"asOf"`
	Product string       `json:"product"`
	Windows SalesWindows `json:"windows"`
	Hours   []HourSales  `json:"hours" nullable:"false" doc:"The 48 hours up to that of asOf, the oldest first"`
	Days    []DaySales   `json:"days" nullable:"false" doc:"The 35 days up to that of asOf, in UTC, the oldest first"`
}

// SalesWindows are sales in windows that fade, as trending reads them.
type SalesWindows struct {
	Hour  Fixed `json:"hour"`
	Day   Fixed `json:"day"`
	Week  Fixed `json:"week"`
	Month Fixed `json:"month" doc:"28 days: what is usual"`
}

// HourSales is one hour.
type HourSales struct {
	Start time.Time `json:"start"`
	Sales uint32    `json:"sales" doc:"Receipts with the product; what came back is not taken off"`
}

// DaySales is one day.
type DaySales struct {
	Day   string `json:"day" format:"date"`
	Sales uint32 `json:"sales" doc:"Receipts with the product; what came back is not taken off"`
}

type salesOutput struct{ Body ProductSales }

func (s *Server) registerSales() {
	serve(s, cold{
		method: http.MethodGet, path: "/v1/products/{id}/sales", id: "get-product-sales", tag: "Products", params: pMinSeq, problems: []int{400, 404, 503},
		summary: "What a product sold over time",
		doc: "Everywhere: on how many receipts it stood, hour by hour and day by day, by the receipts' own times; one that came when its hour or day was no longer kept is not counted. " +
			"`windows` are the counters that trending goes by.",
	}, s.getSales)
}

func (s *Server) getSales(_ context.Context, _ exchange, in *productInput) (*salesOutput, error) {
	sold, ok := s.opt.Engine.SoldOf(in.ID, s.now())
	if !ok {
		return nil, noProduct()
	}
	w := sold.Windows.In
	out := ProductSales{
		AsOf: AsOf{sold.Seq, sold.At.Time()}, Product: in.ID,
		Windows: SalesWindows{Fixed(w[graph.SpanHour]), Fixed(w[graph.SpanDay]), Fixed(w[graph.SpanWeek]), Fixed(w[graph.SpanMonth])},
		Hours:   make([]HourSales, len(sold.Hours)), Days: make([]DaySales, len(sold.Days)),
	}
	for i, n := range sold.Hours {
		out.Hours[i] = HourSales{sold.HoursAt.Time().Add(time.Duration(i) * time.Hour), n}
	}
	for i, n := range sold.Days {
		out.Days[i] = DaySales{sold.DaysAt.Time().AddDate(0, 0, i).Format(time.DateOnly), n}
	}
	return &salesOutput{out}, nil
}

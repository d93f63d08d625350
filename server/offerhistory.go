package server

import (
	"context"
	"net/http"
	"slices"
	"time"

	"nabo/engine/offer"
)

// OfferHistory is what became of an offer, day by day.
type OfferHistory struct {
	AsOf    AsOf           `json:"asOf"`
	Offer   string         `json:"offer"`
	Since   time.Time      `json:"since" doc:"When it was first written"`
	Days    []OfferDay     `json:"days" nullable:"false" doc:"From the first day on which anything happened to the last, in UTC, the oldest first; at most the newest 60"`
	ShownIn []OfferShownIn `json:"shownIn" nullable:"false" doc:"Where it was shown on these days, the most first"`
}

// OfferDay is one day of an offer, by the times of what happened.
type OfferDay struct {
	Day           string `json:"day" format:"date"`
	Shown         int64  `json:"shown" doc:"By impressions"`
	Activations   int64  `json:"activations" doc:"Those that were taken back later included"`
	Deactivations int64  `json:"deactivations" doc:"Taken back on this day"`
	Redemptions   int64  `json:"redemptions"`
	Discount      Fixed  `json:"discount" doc:"What it cost, in its currency"`
	Over          int64  `json:"over" doc:"Activations and redemptions reported from elsewhere that went beyond a limit or the budget"`
}

// OfferShownIn is how often an offer was shown in one channel.
type OfferShownIn struct {
	Channel string `json:"channel" doc:"As impressions name it; empty where they named none"`
	Other   bool   `json:"other,omitempty" doc:"All others: of each day the first 16 channels are told apart"`
	Shown   int64  `json:"shown"`
}

// OfferLeanings is who leans towards an offer.
type OfferLeanings struct {
	AsOf    AsOf           `json:"asOf"`
	Of      int            `json:"of" doc:"How many members were found"`
	Members []OfferLeaning `json:"members" nullable:"false" doc:"The strongest first. A member whose erasure is under way is left out"`
}

// OfferLeaning is one member who leans towards an offer.
type OfferLeaning struct {
	Member    string `json:"member"`
	Weight    Fixed  `json:"weight" doc:"The sum of the member's bindings to what the offer covers, faded"`
	Last      string `json:"last" format:"date" doc:"The day of the last event with any of it"`
	Product   string `json:"product" doc:"What of it the member is bound to most"`
	Activated bool   `json:"activated" doc:"Whether the member has activated the offer and not redeemed it yet"`
	Redeemed  int    `json:"redeemed" minimum:"0" doc:"How often the member has redeemed it"`
}

type (
	offerHistoryOutput  struct{ Body OfferHistory }
	offerLeaningsOutput struct{ Body OfferLeanings }
)

func (s *Server) registerOfferHistory() {
	const tag = "Offers"
	serve(s, cold{
		method: http.MethodGet, path: "/v1/offers/{id}/history", id: "get-offer-history", tag: tag, params: pMinSeq, problems: []int{400, 404, 503},
		summary: "What became of an offer over time", doc: "Day by day, and in which channels it was shown.",
	}, s.getOfferHistory)
	serve(s, cold{
		method: http.MethodGet, path: "/v1/offers/{id}/members", id: "get-offer-members", tag: tag, params: pCount | pMinSeq, problems: []int{400, 404, 503},
		summary: "Who leans towards an offer",
		doc: "Members by the strength of their own bindings to what the offer covers, whether they may have it or not. They are looked for among those who came last to its products: " +
			"4,096 in all, of the 64 of its products that are bought most.",
	}, s.getOfferLeanings)
}

func (s *Server) getOfferHistory(_ context.Context, _ exchange, in *offerInput) (*offerHistoryOutput, error) {
	e := s.opt.Engine
	entry, ok := e.OfferNamed(in.ID)
	if !ok {
		return nil, noOffer()
	}
	days := e.OfferDays(entry.Slot)
	return &offerHistoryOutput{OfferHistory{
		AsOf: AsOf{e.Position(), e.Clock(s.now()).Time()}, Offer: in.ID, Since: entry.Since.Time(),
		Days: offerDaysOf(days), ShownIn: shownInOf(days),
	}}, nil
}

// offerDaysOf gives the days on which nothing happened, too.
func offerDaysOf(days []offer.DayCounts) []OfferDay {
	out := []OfferDay{}
	for i := range days {
		d := &days[i]
		for between := days[max(i-1, 0)].Day + 1; between < d.Day; between++ {
			out = append(out, OfferDay{Day: string(appendDay(nil, int32(between)))})
		}
		out = append(out, OfferDay{
			Day: string(appendDay(nil, int32(d.Day))), Shown: d.Shown, Activations: d.Activations, Deactivations: d.Deactivations,
			Redemptions: d.Redemptions, Discount: Fixed(d.Discount), Over: d.Over,
		})
	}
	return out
}

// shownInOf adds the channels of all days up.
func shownInOf(days []offer.DayCounts) []OfferShownIn {
	out, rest := []OfferShownIn{}, int64(0)
	for _, d := range days {
		rest += d.Shown
		for _, c := range d.By {
			rest -= c.Shown
			at := slices.IndexFunc(out, func(o OfferShownIn) bool { return o.Channel == c.Channel })
			if at < 0 {
				at = len(out)
				out = append(out, OfferShownIn{Channel: c.Channel})
			}
			out[at].Shown += c.Shown
		}
	}
	slices.SortStableFunc(out, func(a, b OfferShownIn) int { return int(b.Shown - a.Shown) })
	if rest > 0 {
		out = append(out, OfferShownIn{Other: true, Shown: rest})
	}
	return out
}

func (s *Server) getOfferLeanings(_ context.Context, x exchange, in *offerInput) (*offerLeaningsOutput, error) {
	e := s.opt.Engine
	entry, ok := e.OfferNamed(in.ID)
	if !ok {
		return nil, noOffer()
	}
	out := OfferLeanings{AsOf: AsOf{e.Position(), e.Clock(s.now()).Time()}, Members: []OfferLeaning{}}
	found := e.LeaningTowards(entry, s.now())
	out.Of = len(found)
	for i := range found {
		l := &found[i]
		id, ok := s.opt.Tokens.ID(l.Member)
		if !ok {
			continue
		}
		one := OfferLeaning{Member: id, Weight: Fixed(l.Weight), Last: string(appendDay(nil, l.Last)), Product: l.Product.ID}
		record := e.Dealings(l.Member)
		if use := record.Use(entry.Slot); use != nil {
			one.Activated, one.Redeemed = use.Open, int(use.Redemptions)
		}
		if out.Members = append(out.Members, one); len(out.Members) == x.c.params.count {
			break
		}
	}
	return &offerLeaningsOutput{out}, nil
}

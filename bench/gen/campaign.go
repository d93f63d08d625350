package gen

import (
	"iter"
	"math"
	"strconv"

	"nabo/engine/event"
)

// The offers that examples name. They stand in every shop, without an end.
const (
	CoffeeOffer = "o-coffee" // ground coffee
	TacoOffer   = "o-tacos"  // all for a taco night
)

// newsletter is how the lists of the newsletter are made.
const newsletter = `{"count":35,"diversity":0.2,"rotationRate":0.3,"maxPerCategory":6,"maxPerFunder":6,"explore":{"share":0.05,"days":7,"impressions":200}}`

// Campaigns yields what must be known of offers at the beginning of the
// history: how the newsletter is made, who has agreed to it, and the offers
// that have been announced and not ended.
func (s *Shop) Campaigns() iter.Seq[*event.Event] {
	return func(yield func(*event.Event) bool) {
		put := func(id, member string, body event.Body, typ event.Type) bool {
			return yield(&event.Event{Type: typ, Time: s.Since(), ID: id, Source: s.source, MemberID: member, Body: body})
		}
		if !put("scenario-newsletter", "", &event.Scenario{Scenario: "newsletter", Config: newsletter}, event.TypeScenarioChanged) {
			return
		}
		for i := range s.opt.Members {
			id := s.MemberID(i)
			if letter(s.keyOf(i)) && !put("letter-"+id, id,
				&event.Consent{Channel: "email", Purpose: event.Marketing, Granted: true}, event.TypeConsentChanged) {
				return
			}
		}
		for _, o := range s.standing() {
			if !put("offer-"+o.Offer, "", &o, event.TypeOfferUpserted) {
				return
			}
		}
		latest := weekOf(dayOf(s.Since())) + 1
		for w := latest - 2; w <= latest; w++ {
			for _, d := range s.deals(w) {
				if announcing(w) >= s.Since() || d.offer.ValidThrough < s.Since() || d.withdrawn != 0 && d.withdrawn < s.Since() {
					continue
				}
				if o := d.offer; !put("offer-"+o.Offer, "", &o, event.TypeOfferUpserted) {
					return
				}
			}
		}
	}
}

// standing are the offers that never end.
func (s *Shop) standing() []event.Offer {
	coffee := event.Offer{
		Offer: CoffeeOffer, Name: "Ground coffee for members", Products: s.formsOf("ground coffee", missionForms),
		Price: math.NaN(), MemberPrice: math.NaN(), Currency: "DKK", Priority: 0.25, Attributes: generated(),
	}
	if i, ok := s.productNamed(GroundCoffee); ok {
		coffee.Price, coffee.MemberPrice = s.products[i].Price, lower(s.products[i].Price, 0.2)
	}
	tacos := event.Offer{
		Offer: TacoOffer, Name: "All for a taco night", Price: math.NaN(), MemberPrice: math.NaN(), Currency: "DKK",
		Image: "https://images.example/offers/o-tacos.jpg", Attributes: generated(),
	}
	for _, name := range []string{"taco shells", "taco seasoning", "taco salsa"} {
		tacos.Products = append(tacos.Products, s.formsOf(name, missionForms)...)
	}
	return []event.Offer{coffee, tacos}
}

// formsOf returns the ids of a good's n commonest forms.
func (s *Shop) formsOf(good string, n int) (ids []string) {
	for i := range s.goods {
		if g := &s.goods[i]; g.name == good {
			for k := range min(n, g.count) {
				ids = append(ids, s.products[g.first+k].Product)
			}
		}
	}
	return ids
}

func (s *Shop) productNamed(id string) (int, bool) {
	for i := range s.products {
		if s.products[i].Product == id {
			return i, true
		}
	}
	return 0, false
}

// weekly returns a week's deals, which are kept while the walk is near them.
func (w *walk) weekly(number int64) *week {
	slot := &w.weeks[((number%3)+3)%3]
	if slot.deals == nil || slot.number != number {
		*slot = w.newWeek(number)
	}
	return slot
}

// announce puts what the shop itself does on a day: it announces the next
// week's offers, and it withdraws one now and then.
func (w *walk) announce() {
	this := weekOf(w.day)
	if next := w.weekly(this + 1); dayOf(announcing(this+1)) == w.day {
		for i := range next.deals {
			o := next.deals[i].offer
			w.put(&event.Event{
				Type: event.TypeOfferUpserted, Time: announcing(this + 1), ID: "offer-" + o.Offer, Source: w.source, Body: &o,
			})
		}
	}
	deals := w.weekly(this).deals
	for i := range deals {
		if d := &deals[i]; d.withdrawn != 0 && dayOf(d.withdrawn) == w.day {
			w.put(&event.Event{
				Type: event.TypeOfferWithdrawn, Time: d.withdrawn, ID: "withdraw-" + d.offer.Offer, Source: w.source,
				Body: &event.OfferWithdrawn{Offer: d.offer.Offer},
			})
		}
	}
}

// member makes an event of w.p's.
func (w *walk) member(at event.Millis, id string, typ event.Type, body event.Body) *event.Event {
	return &event.Event{Type: typ, Time: at, ID: id, Source: w.source, MemberID: w.MemberID(w.p.number), Body: body}
}

// open makes what w.p does who looks at offers: an impression of those that are
// shown, and the activations among them.
func (w *walk) open(at event.Millis) {
	this := w.weekly(weekOf(w.day))
	w.plan(&w.pl, &w.p, this, &w.c)
	o, channel := byLetter, "email"
	if w.pl.opened[byApp] == at {
		o, channel = byApp, "inapp"
	}
	shown := &event.Impression{Channel: channel}
	key := shownKey(&w.p, o)
	for _, wk := range []*week{this, w.weekly(this.number - 1)} {
		for i := range wk.deals {
			if wk.shows(&w.p, i, key, at) {
				shown.IDs = append(shown.IDs, wk.deals[i].offer.Offer)
			}
		}
	}
	if len(shown.IDs) > 0 {
		w.put(w.member(at, w.name("i", w.day, int64(w.p.number)), event.TypeImpression, shown))
	}
	for _, t := range w.pl.taken {
		if t.at < at || t.at >= at+longest {
			continue // on the week's other occasion
		}
		offer := this.deals[t.deal].offer.Offer
		w.put(w.member(t.at, w.name("a", w.day, int64(w.p.number), int64(t.deal)), event.TypeOfferActivated,
			&event.OfferActivated{Offer: offer, Channel: channel}))
		if t.back != 0 {
			w.put(w.member(t.back, w.name("d", w.day, int64(w.p.number), int64(t.deal)), event.TypeOfferDeactivated,
				&event.OfferDeactivated{Offer: offer, Channel: channel}))
		}
	}
}

// price gives w.p a better price for one of the next week's offers.
func (w *walk) price(at event.Millis) {
	next := w.weekly(weekOf(w.day) + 1)
	d := &next.deals[mix(w.p.key, uint64(next.number))%uint64(len(next.deals))]
	if d.kind >= 0 || !d.isFor(&w.p) {
		return
	}
	w.put(w.member(at, w.name("p", w.day, int64(w.p.number)), event.TypeOfferPersonal,
		&event.OfferPersonal{Offer: d.offer.Offer, Price: lower(d.offer.MemberPrice, 0.1)}))
}

// consent makes w.p give or withdraw a consent.
func (w *walk) consent(at event.Millis) {
	body := &event.Consent{Purpose: event.Marketing, Channel: "email", Granted: true}
	switch h := mix(mix(w.p.key, forConsent), uint64(w.day)); h % 4 {
	case 0:
		body = &event.Consent{Purpose: event.Personalisation}
	case 1:
		body = &event.Consent{Purpose: event.Personalisation, Granted: true}
	case 2:
		body.Granted = false
	}
	w.put(w.member(at, w.name("c", w.day, int64(w.p.number)), event.TypeConsentChanged, body))
}

// redeem applies to a receipt of w.b the offers that w.p has activated. A till
// that saw the card names them on the lines; without the card they are
// redeemed with the app, which reports it by itself.
func (w *walk) redeem(ev *event.Event, entered event.Millis) {
	if w.p.number >= w.opt.Members || !w.p.app() {
		return
	}
	r := ev.Body.(*event.Receipt)
	this := weekOf(w.day)
	for _, number := range []int64{this - 1, this} {
		if !opens(w.p.key, number) {
			continue
		}
		wk := w.weekly(number)
		planned := false
		for i := range r.Lines {
			if r.Lines[i].Offer != "" {
				continue
			}
			k := w.taken(wk, w.b.products[i], entered, &planned)
			if k < 0 {
				continue
			}
			d := &wk.deals[w.pl.taken[k].deal]
			w.pl.taken[k].back = 1 // not twice on one receipt
			saved := math.Round(w.saving(d, w.b.products[i])*r.Lines[i].Qty*100) / 100
			r.Lines[i].Discount = saved
			if w.b.card {
				r.Lines[i].Offer = d.offer.Offer
				continue
			}
			w.put(w.member(ev.Time, ev.ID+"-"+strconv.Itoa(i), event.TypeOfferRedeemed,
				&event.OfferRedeemed{Offer: d.offer.Offer, Channel: "inapp", ReceiptID: ev.ID, Discount: saved}))
		}
	}
}

// saving is what a deal takes off one of a product.
func (w *walk) saving(d *deal, product int32) float64 {
	price := w.products[product].Price
	return price - lower(price, d.off)
}

// taken finds, in the week's plan, an open activation that a product redeems in
// w.b's store; -1: none. The plan is made when it is first needed.
func (w *walk) taken(wk *week, product int32, entered event.Millis, planned *bool) int {
	good := w.goodOf[product]
	for _, on := range [2]int{int(good), len(w.goods) + int(w.kindOf[good])} {
		for _, i := range wk.on[on] {
			d := &wk.deals[i]
			if !w.covers(d, product) || !d.runs(entered) || !d.holdsIn(w.b.store) || !w.takes(&w.p, d) {
				continue
			}
			if !*planned {
				w.plan(&w.pl, &w.p, wk, &w.c2)
				*planned = true
			}
			if k := w.pl.find(int(i)); k >= 0 {
				if t := w.pl.taken[k]; t.at < entered && t.back == 0 && !w.redeemed(d, t.at) {
					return k
				}
			}
		}
	}
	return -1
}

// redeemed is whether w.p redeemed a deal on an earlier day, having activated it
// at a moment.
func (w *walk) redeemed(d *deal, since event.Millis) bool {
	for day := dayOf(since); day < w.day; day++ {
		if !w.visits(w.p.key, day) {
			continue
		}
		if at := startOf(day) + w.entry(w.p.key, day, &w.c2); at <= since || !d.runs(at) {
			continue
		}
		crazes := w.crazesOn(day)
		w.fill(&w.b2, &w.p, day, &crazes, &w.c2)
		if !d.holdsIn(w.b2.store) {
			continue
		}
		for _, product := range w.b2.products {
			if w.covers(d, product) {
				return true
			}
		}
	}
	return false
}

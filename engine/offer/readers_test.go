package offer

import (
	"fmt"
	"sync"
	"testing"

	"nabo/engine/event"
	"nabo/graph"
)

// TestReadersBesideTheWriter lets many ask while activations are decided: no
// answer that begins after a Seal holds what was spent or withdrawn before it.
func TestReadersBesideTheWriter(t *testing.T) {
	var offers []*event.Offer
	for i := range 70 {
		o := plain(fmt.Sprint("o", i))
		o.Budget.Activations = 2
		offers = append(offers, o)
	}
	b := bookOf(Options{MaxOpen: 100}, offers...)
	stop := make(chan struct{})
	var done sync.WaitGroup
	for m := range graph.Member(4) {
		done.Go(func() {
			var r Record
			var ws Workspace
			for {
				select {
				case <-stop:
					return
				default:
				}
				v := b.View()
				b.Record(m, &r)
				a := &Asker{Now: start, Record: &r}
				got := v.Eligible(a, &ws)
				for p := got.Next(0); p >= 0; p = got.Next(p + 1) {
					if e := v.Offers[p]; e.Activations >= 2 || e.Withdrawn {
						t.Errorf("%+v is eligible", e)
						return
					}
				}
				v.Overlapping(int32(m))
			}
		})
	}
	for i := range 70 {
		id := fmt.Sprint("o", i)
		if i%5 == 0 {
			b.Withdraw(id)
		} else {
			b.Activate(id, 9, start, &Asker{})
			b.Activate(id, 8, start, &Asker{})
		}
		b.Seal(start, shelf)
		p, _ := b.View().Place(id)
		if b.View().Eligible(&Asker{Now: start}, &Workspace{}).Has(p) {
			t.Errorf("%s is eligible after the Seal", id)
		}
	}
	close(stop)
	done.Wait()
}

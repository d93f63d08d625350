package expr

import (
	"fmt"
	"sync"
	"testing"
)

func TestCacheKeepsWhatWasAskedForLast(t *testing.T) {
	c := NewCache(2)
	get := func(src string) *Program {
		t.Helper()
		p, err := c.Get(src, Booster)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	one, two := get("1.0"), get("2.0")
	if get("1.0") != one || get("2.0") != two {
		t.Error("a program that is held was compiled again")
	}
	get("1.0")
	get("3.0")
	if get("1.0") != one {
		t.Error("the program that was asked for last was dropped")
	}
	if get("2.0") == two {
		t.Error("the program that was not asked for the longest was kept")
	}
	if c.Len() != 2 {
		t.Errorf("the cache holds %d programs, want 2", c.Len())
	}
}

func TestCacheTellsKindsApartAndKeepsNoErrors(t *testing.T) {
	var c Cache
	for range 3 {
		if _, err := c.Get("offer.", Filter); err == nil {
			t.Error("an expression that does not compile was returned")
		}
		if _, err := c.Get("offer.attributes.x", Filter); err != nil {
			t.Error(err)
		}
		if _, err := c.Get("offer.attributes.x", Booster); err != nil {
			t.Error(err)
		}
	}
	if c.Len() != 2 {
		t.Errorf("the cache holds %d programs, want 2", c.Len())
	}
}

func TestCacheIsForAnyGoroutine(t *testing.T) {
	c := NewCache(3)
	in := sample()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for k := range 40 {
				want := float64((i + k) % 5)
				p, err := c.Get(fmt.Sprintf("%d.0 + offer.price - 6.0", (i+k)%5), Booster)
				if err != nil || p.Factor(in) != want {
					t.Errorf("got %v and %v, want %v", p.Factor(in), err, want)
				}
			}
		})
	}
	all.Wait()
	if c.Len() != 3 {
		t.Errorf("the cache holds %d programs, want 3", c.Len())
	}
}

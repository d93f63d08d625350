package gen

// MemberID is the i-th member's id in the outer form, counted from 0.
func (b *Base) MemberID(i int) string { return b.shop.MemberID(i) }

// Buyer is the number of the member who leaves the k-th receipt of More.
func (b *Base) Buyer(k int) int {
	return int(mix(b.shop.key+1, uint64(k)) % uint64(b.opt.Members))
}

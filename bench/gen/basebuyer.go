package gen

// MemberID is the i-th member's id in the outer form, counted from 0.
func (b *Base) MemberID(i int) string { return b.shop.MemberID(i) }

package offer

// paged is an array over numbers that are given out upward and whose elder
// ones go: pages that hold nothing cost a word.
type paged[T any] struct{ pages []*[pageSize]T }

const (
	pageBits = 10
	pageSize = 1 << pageBits
)

// get returns the zero value where nothing was set.
func (p *paged[T]) get(i uint32) (v T) {
	if at := int(i >> pageBits); at < len(p.pages) {
		if page := p.pages[at]; page != nil {
			return page[i&(pageSize-1)]
		}
	}
	return v
}

func (p *paged[T]) set(i uint32, v T) {
	at := int(i >> pageBits)
	for at >= len(p.pages) {
		p.pages = append(p.pages, nil)
	}
	if p.pages[at] == nil {
		p.pages[at] = new([pageSize]T)
	}
	p.pages[at][i&(pageSize-1)] = v
}

package engine

// String returns the source's name on the wire.
func (s Source) String() string {
	return [...]string{"filler", "repeat", "together", "trend", "kind"}[s]
}

// Package graph holds a fading, weighted graph in memory: what is bought
// together, what is looked at together, and who leans towards what.
//
// It knows dense numbers and moments, no names, no clock and no I/O. One
// goroutine writes, in the order of the log; any number read at the same time.
// A reader takes one node's lock for the time that it takes to copy the node,
// and a writer one node's lock for one receipt's share of it, so nobody waits
// for more than some microseconds. What a write does depends on the writes
// before it alone, never on a read or a checkpoint, so that the same log makes
// the same graph, bit for bit.
//
// Weights fade by forward decay (Cormode, Shkapenyuk, Srivastava and Xu,
// "Forward decay", ICDE 2009): an event at time t adds g·2^((t−L)/h), with the
// landmark L kept per node, so an idle edge costs nothing and a late event
// lands where it belongs.
package graph

// Node is a product. Nodes are given out from 0 upward, without gaps.
type Node uint32

// MaxNodes bounds how many products a graph can hold: a node's number shares
// four bytes with a byte of damping in the logs.
const MaxNodes = 1 << 24

// Day is a day in UTC, counted from 1970-01-01.
type Day uint16

// DayOf returns the day of a moment in milliseconds since the Unix epoch.
// What lies before 1970 or after June 2149 becomes the nearest day there is.
func DayOf(ms int64) Day {
	d := ms / msPerDay
	return Day(min(max(d, 0), 1<<16-1))
}

const msPerDay = 24 * 60 * 60 * 1000

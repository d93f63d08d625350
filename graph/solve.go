package graph

import "math"

// symmetrise makes both halves of the matrix equal: a node that let an edge go
// while its other end kept it would else leave G lopsided.
func symmetrise(g []float64, k int) {
	for i := range k {
		for j := range i {
			m := max(g[i*k+j], g[j*k+i])
			g[i*k+j], g[j*k+i] = m, m
		}
	}
}

// solve replaces b by the solution of g·x = b, by Cholesky's method; g is
// overwritten. It says false when g is not positive definite.
func solve(g, b []float64, k int) bool {
	for j := range k {
		row := g[j*k : j*k+j+1]
		d := row[j]
		for _, v := range row[:j] {
			d -= v * v
		}
		if d <= 0 {
			return false
		}
		d = math.Sqrt(d)
		row[j] = d
		for i := j + 1; i < k; i++ {
			other := g[i*k : i*k+j+1]
			s := other[j]
			for t, v := range row[:j] {
				s -= v * other[t]
			}
			other[j] = s / d
		}
	}
	for i := range k {
		s := b[i]
		for t := range i {
			s -= g[i*k+t] * b[t]
		}
		b[i] = s / g[i*k+i]
	}
	for i := k - 1; i >= 0; i-- {
		s := b[i]
		for t := i + 1; t < k; t++ {
			s -= g[t*k+i] * b[t]
		}
		b[i] = s / g[i*k+i]
	}
	return true
}

//go:build !linux

package store

// letGo does nothing: how it is done is known for Linux only.
func letGo(string) error { return nil }

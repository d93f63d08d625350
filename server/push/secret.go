package push

import "log/slog"

// hidden stands for a secret wherever one is printed.
const hidden = "***"

// Secret is a text that no log, error or JSON shows.
type Secret string

// String returns three stars.
func (Secret) String() string { return hidden }

// GoString returns three stars.
func (Secret) GoString() string { return hidden }

// LogValue returns three stars.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText returns three stars.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

package store

import "fmt"

// DamageError says that the store does not hold what was written to it.
type DamageError struct {
	Key    []byte // the caller's key; nil: the store as a whole
	Reason string
	Err    error  // Badger's own word, may be nil
	Advice string // what to do; empty: start with --rebuild
}

const rebuildAdvice = "start with --rebuild, which sets the store aside and replays the log"

func (e *DamageError) Error() string {
	what := "the store is damaged: " + e.Reason
	if e.Key != nil {
		what = fmt.Sprintf("the store is damaged: the pair %q %s", e.Key, e.Reason)
	}
	if e.Err != nil {
		what += fmt.Sprintf(" (%v)", e.Err)
	}
	if e.Advice != "" {
		return what + "; " + e.Advice
	}
	return what + "; " + rebuildAdvice
}

// Unwrap returns Badger's error, if there is one.
func (e *DamageError) Unwrap() error { return e.Err }

// FormatError says that a newer program wrote the store.
type FormatError struct {
	Found  byte   // the format version that was found
	Advice string // what to do; empty: start that program, or with --rebuild
}

func (e *FormatError) Error() string {
	advice := e.Advice
	if advice == "" {
		advice = "start that nabo, or " + rebuildAdvice
	}
	return fmt.Sprintf("the store has format %d, written by a newer nabo (this one knows up to %d): %s",
		e.Found, formatVersion, advice)
}

// LockedError says that another process has the folder open.
type LockedError struct {
	Dir string
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("another nabo uses this folder (%s): stop it first, or give --data another folder", e.Dir)
}

// guard runs step and turns a panic, which is how Badger meets some damage,
// into a *DamageError.
func guard(doing string, step func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &DamageError{Reason: fmt.Sprintf("it could not be read on %s", doing), Err: fmt.Errorf("%v", r)}
		}
	}()
	return step()
}

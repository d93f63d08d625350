package store

import "fmt"

// DamageError says that the store does not hold what was written to it.
type DamageError struct {
	Key    []byte // the caller's key; nil: the store as a whole
	Reason string
	Err    error  // Badger's or the system's word, may be nil
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

// Unwrap returns what is underneath, if there is anything.
func (e *DamageError) Unwrap() error { return e.Err }

// FormatError says that another version of the program wrote the store.
type FormatError struct {
	Found, Known byte   // the format that was found, the one that is known
	Advice       string // what to do; empty: start that program, or with --rebuild
}

func (e *FormatError) Error() string {
	age, advice := "a newer", e.Advice
	if e.Found < e.Known {
		age = "an earlier"
	}
	if advice == "" {
		advice = "start that nabo, or " + rebuildAdvice
	}
	return fmt.Sprintf("the store has format %d, written by %s nabo (this one knows %d): %s", e.Found, age, e.Known, advice)
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

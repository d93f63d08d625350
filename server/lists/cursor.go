package lists

import (
	"fmt"
	"strconv"
	"strings"
)

// Cursor is a place between two lines of a list. Its text is the epoch, a
// dot, and the bytes before it. A reader that was cut off can make the next
// one itself: the offset at which it began, and the bytes that it received up
// to and with the last line feed.
type Cursor struct {
	Epoch  uint64
	Offset int64
}

// String gives the text that ParseCursor reads.
func (c Cursor) String() string {
	return strconv.FormatUint(c.Epoch, 10) + "." + strconv.FormatInt(c.Offset, 10)
}

// ParseCursor reads a cursor's text; errors are *CursorError.
func ParseCursor(text string) (Cursor, error) {
	epoch, offset, dot := strings.Cut(text, ".")
	e, err := strconv.ParseUint(epoch, 10, 64)
	if err == nil {
		var o uint64
		if o, err = strconv.ParseUint(offset, 10, 63); err == nil && dot && e > 0 {
			return Cursor{e, int64(o)}, nil
		}
	}
	return Cursor{}, &CursorError{text, "must be an epoch and an offset such as 1.4096"}
}

// CursorError is a cursor that is not a place between two lines of the list.
type CursorError struct {
	Cursor string
	Detail string
}

func (e *CursorError) Error() string { return fmt.Sprintf("the cursor %q: %s", e.Cursor, e.Detail) }

// EpochError is a cursor of rows that are no more: the list was begun anew
// after a restart, perhaps from another position of the log. The reader must
// drop what it has and read from the beginning.
type EpochError struct {
	ID          string
	Asked, Have uint64
}

func (e *EpochError) Error() string {
	return fmt.Sprintf("the list %s was begun anew: the cursor is of epoch %d, the rows are of epoch %d; read it from the beginning", e.ID, e.Asked, e.Have)
}

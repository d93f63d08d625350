package files

import (
	"bytes"
	"errors"
	"unicode"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"

	"nabo/engine/event"
)

// rowError says why a row is of no use.
type rowError struct {
	column string // empty: the row as a whole
	reason string // the rest of a sentence about the column or the row
}

func (e *rowError) Error() string {
	if e.column == "" {
		return "row " + e.reason
	}
	return e.column + " " + e.reason
}

// filled returns a cell without the spaces around it, and nothing where the
// file says in one of the usual ways that nothing is known.
func filled(cell []byte) []byte {
	if len(cell) == 0 {
		return nil
	}
	if cell[0] <= ' ' || cell[len(cell)-1] <= ' ' || cell[0] >= utf8.RuneSelf {
		cell = bytes.TrimSpace(cell)
	}
	if len(cell) <= 4 {
		switch string(cell) {
		case "", "NULL", "null", "Null", `\N`, "NaN", "nan", "NA", "N/A", "n/a", "#N/A", "None", "-":
			return nil
		}
	}
	return cell
}

// truth reads a cell that says yes or no.
func truth(cell []byte) (yes, ok bool) {
	switch string(bytes.ToLower(cell)) {
	case "1", "true", "t", "yes", "y", "ja", "x", "return", "refund", "returned":
		return true, true
	case "", "0", "false", "f", "no", "n", "nei", "nej", "sale":
		return false, true
	}
	return false, false
}

// texts makes strings of cells. The ids of a file come again and again, so it
// keeps those seen last, a fixed number of them: a string costs nothing when it
// is still there.
type texts struct {
	slots   []string
	recoded int // how many strings were no UTF-8
}

// textSlots is how many strings are kept; a power of two.
const textSlots = 1 << 14

func newTexts() *texts { return &texts{slots: make([]string, textSlots)} }

// id returns a cell as an id. Its error says what is wrong with it as one.
func (t *texts) id(cell []byte) (string, error) {
	if len(cell) == 0 {
		return "", nil
	}
	slot := &t.slots[xxhash.Sum64(cell)&(textSlots-1)]
	if *slot == string(cell) {
		return *slot, nil
	}
	s := t.text(cell)
	if len(s) > event.MaxID {
		return "", errLongID
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return "", errOddID
		}
	}
	if len(s) == len(cell) {
		*slot = s
	}
	return s, nil
}

var (
	errLongID = errors.New("is longer than 128 bytes")
	errOddID  = errors.New("has characters that can't be printed")
)

// text returns a cell as a string. What isn't UTF-8 is taken for Windows-1252,
// which the older programs of western tills write.
func (t *texts) text(cell []byte) string {
	if utf8.Valid(cell) {
		return string(cell)
	}
	t.recoded++
	var b []byte
	for _, c := range cell {
		b = utf8.AppendRune(b, windowsRune(c))
	}
	return string(b)
}

// windowsRune returns the character of a byte in Windows-1252.
func windowsRune(c byte) rune {
	if c < 0x80 || c >= 0xa0 {
		return rune(c)
	}
	return [32]rune{
		'€', utf8.RuneError, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', utf8.RuneError, 'Ž', utf8.RuneError,
		utf8.RuneError, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', utf8.RuneError, 'ž', 'Ÿ',
	}[c-0x80]
}

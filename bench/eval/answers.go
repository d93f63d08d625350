package eval

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// answers are lists of items by question.
type answers map[string]items

// items is a list of ids as JSON has it: of texts or numbers, or of baskets of
// these, with [-1] for the begin and the end, as papers on baskets write it.
type items []string

// UnmarshalJSON reads either form.
func (s *items) UnmarshalJSON(body []byte) error {
	numbers := json.NewDecoder(bytes.NewReader(body))
	numbers.UseNumber()
	var list []any
	if err := numbers.Decode(&list); err != nil {
		return err
	}
	*s = make(items, 0, len(list))
	for _, one := range list {
		basket, ok := one.([]any)
		if !ok {
			basket = []any{one}
		} else if len(basket) == 1 && fmt.Sprint(basket[0]) == "-1" {
			continue
		}
		for _, item := range basket {
			switch item.(type) {
			case string, json.Number:
				*s = append(*s, fmt.Sprint(item))
			default:
				return fmt.Errorf("%v is no id; a text or a number was expected", item)
			}
		}
	}
	return nil
}

// set returns each item once.
func (s items) set() map[string]bool {
	out := make(map[string]bool, len(s))
	for _, item := range s {
		out[item] = true
	}
	return out
}

// readAnswers reads lists by question from a file.
func readAnswers(path string) (out answers, err error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := json.NewDecoder(f).Decode(&out); err != nil {
		return nil, fmt.Errorf("%s: %w; an object of lists was expected", path, err)
	}
	return out, nil
}

// openFile opens a file for reading, and unpacks it if its name ends in .gz.
func openFile(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil || !strings.HasSuffix(path, ".gz") {
		return f, err
	}
	unpacked, err := gzip.NewReader(bufio.NewReaderSize(f, 1<<16))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: unpack: %w", path, err), f.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{unpacked, f}, nil
}

// writeJSON writes a value to a file.
func writeJSON(path string, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(body, '\n'), 0o644)
}

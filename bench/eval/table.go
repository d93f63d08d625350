package eval

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// readTable hands the rows of folder's file of that name, .csv or .csv.gz, or
// without a folder those of the file at that path, to row, the cells in the order of columns. A column whose name ends in ? may be
// missing, and its cells are then empty. The cells are row's until it returns;
// their strings may be kept. Where neither file is there, the error is
// fs.ErrNotExist.
func readTable(folder, name string, columns []string, row func(cells []string) error) (err error) {
	src, path, err := openTable(folder, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	var in io.Reader = bufio.NewReaderSize(src, 1<<16)
	if strings.HasSuffix(path, ".gz") {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return fmt.Errorf("%s: unpack: %w", path, err)
		}
		in = unpacked
	}
	rows := csv.NewReader(in)
	rows.ReuseRecord = true
	head, err := rows.Read()
	if err != nil {
		return fmt.Errorf("%s: read the first line, the columns' names: %w", path, err)
	}
	places, err := placesOf(columns, head)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return eachRow(rows, path, places, row)
}

func eachRow(rows *csv.Reader, path string, places []int, row func(cells []string) error) error {
	cells := make([]string, len(places))
	for {
		record, err := rows.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for i, p := range places {
			cells[i] = ""
			if p >= 0 {
				cells[i] = record[p]
			}
		}
		if err := row(cells); err != nil {
			line, _ := rows.FieldPos(0)
			return fmt.Errorf("%s: line %d: %w", path, line, err)
		}
	}
}

func openTable(folder, name string) (*os.File, string, error) {
	if folder == "" {
		f, err := os.Open(name)
		return f, name, err
	}
	plain := filepath.Join(folder, name+".csv")
	for _, path := range []string{plain, plain + ".gz"} {
		f, err := os.Open(path)
		if err == nil {
			return f, path, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, "", err
		}
	}
	return nil, "", fmt.Errorf("%s and %s.gz: %w", plain, plain, fs.ErrNotExist)
}

// placesOf returns where each column stands; -1: it is missing and may be.
func placesOf(columns, head []string) ([]int, error) {
	places := make([]int, len(columns))
	for i, c := range columns {
		name, optional := strings.CutSuffix(c, "?")
		places[i] = slices.Index(head, name)
		if places[i] < 0 && !optional {
			return nil, fmt.Errorf("there is no column %q; the columns are %s", name, strings.Join(head, ", "))
		}
	}
	return places, nil
}

// mayMiss turns the error of a table that is not there into none.
func mayMiss(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

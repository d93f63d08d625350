package eval

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// writeCut writes a task's cut into a folder of its name: train.csv, what is
// known; queries.jsonl, truth.json and history.json, the questions and what is
// known of them; predictions.json, the engine's lists. About offers nothing is
// hidden, and there is no train.csv.
func (h *history) writeCut(folder string, ex *exam, task Task, p *played) error {
	folder = filepath.Join(folder, task.String())
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	at := func(name string) string { return filepath.Join(folder, name) }
	if task != Offers {
		if err := writeFile(at("train.csv"), func(w *bufio.Writer) error { return h.writeKnown(w, &ex.part) }); err != nil {
			return err
		}
	}
	asked := func(w *bufio.Writer) error {
		lines := json.NewEncoder(w)
		for i := range ex.asked {
			if ex.asked[i].task != task {
				continue
			}
			if err := lines.Encode(&ex.asked[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if err := writeFile(at("queries.jsonl"), asked); err != nil {
		return err
	}
	if err := writeJSON(at("truth.json"), ex.right[task]); err != nil {
		return err
	}
	if task == NextBasket {
		if err := writeJSON(at("history.json"), ex.past); err != nil {
			return err
		}
	}
	return writeJSON(at("predictions.json"), ex.predictions(task, p))
}

// writeFile makes a file of what write writes.
func writeFile(path string, write func(*bufio.Writer) error) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<16)
	if err := write(w); err != nil {
		return err
	}
	return w.Flush()
}

// writeKnown writes the receipts of a part as one table.
func (h *history) writeKnown(w *bufio.Writer, known *part) error {
	rows := csv.NewWriter(w)
	if err := rows.Write([]string{"ts", "store", "receipt", "member", "product", "qty", "price"}); err != nil {
		return err
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	for place, s := range known.order {
		if s.kind != stepReceipt || !known.knows(place) {
			continue
		}
		r := &h.receipts[s.n]
		at := r.at.Time().UTC().Format(time.RFC3339)
		for i := range r.lines {
			l := &r.lines[i]
			qty, price := number(l.Qty), ""
			if l.Return {
				qty = "-" + qty
			}
			if !math.IsNaN(l.Price) {
				price = number(l.Price)
			}
			if err := rows.Write([]string{at, r.store, r.name(), r.member, l.Product, qty, price}); err != nil {
				return err
			}
		}
	}
	rows.Flush()
	return rows.Error()
}

package load

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
)

// print writes a report to Out: as JSON if so asked, else with table.
func (o *Size) print(report any, table func(io.Writer)) error {
	return printReport(o.Out, o.JSON, report, table)
}

func printReport(out io.Writer, asJSON bool, report any, table func(io.Writer)) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(report)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	table(w)
	return w.Flush()
}

// heading is the head of a table of latencies.
const heading = "\trate/s\tp50 ms\tp90\tp99\tp99.9\tmax\tfailed\t"

// row writes a row of a table of latencies.
func (p LoopPart) row(w io.Writer, name string) {
	l := p.Latency
	fmt.Fprintf(w, "%s\t%.0f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%d\t\n", name, p.Rate, l.P50, l.P90, l.P99, l.P999, l.Max, p.Failed)
}

// table writes the report for people.
func (r *ServeReport) table(w io.Writer) {
	a := r.Asked
	fmt.Fprintf(w, "%d members, %d products, %d offers; %d lookups and %d receipts a second, rounds of %s, %s\n\n",
		a.Members, a.Products, a.Offers, a.Rate, a.Receipts, a.Duration, r.Machine)
	fmt.Fprintln(w, heading)
	for i, round := range r.Rounds {
		round.row(w, fmt.Sprintf("%d %s", i/2+1, round.Target))
	}
	r.Receipts.row(w, "receipts")
	fmt.Fprintln(w, "\nby kind\tlookups\tp50 ms\tp90\tp99\tp99.9\tmax\t")
	for _, k := range r.Kinds {
		l := k.Latency
		fmt.Fprintf(w, "%s\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t\n", k.Kind, l.Count, l.P50, l.P90, l.P99, l.P999, l.Max)
	}
	r.phasesTable(w)
	r.peaksTable(w)
	r.Memory.table(w)
}

// peaksTable writes what the rounds and the peaks come to for people.
func (r *ServeReport) peaksTable(w io.Writer) {
	fmt.Fprintf(w, "\np99, median of the rounds: %.3f ms, bare handler %.3f ms\n", r.P99, r.P99Bare)
	fmt.Fprintf(w, "p99, median of the ratios: %.2f times the bare handler's (aim: at most 1.5)\n", r.P99Ratio)
	if len(r.Peaks) == 0 {
		return
	}
	fmt.Fprintln(w)
	for i, p := range r.Peaks {
		fmt.Fprintf(w, "peak %d %s\t%.0f/s\t\n", i/2+1, p.Target, p.Rate)
	}
	fmt.Fprintf(w, "\npeak, median: %.0f/s, bare handler %.0f/s, ratio %.2f (aim: at least 0.5)\n", r.Peak, r.PeakBare, r.PeakPart)
}

// table writes the report for people.
func (r *FreshnessReport) table(w io.Writer) {
	fmt.Fprintf(w, "from a receipt's acknowledgement to the first lookup that shows it, %s\n\n", r.Machine)
	fmt.Fprintln(w, "\tprobes\tp50 ms\tp90\tp99\tp99.9\tmax\t")
	for _, row := range []struct {
		name string
		Latency
	}{{"acknowledged to shown", r.Fresh}, {"sent to shown", r.Whole}} {
		fmt.Fprintf(w, "%s\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t\n", row.name, row.Count, row.P50, row.P90, row.P99, row.P999, row.Max)
	}
	fmt.Fprintf(w, "\nshown by the first lookup: %.1f %%\np99 %.3f ms (aim: under 20)\n\n", 100*r.AtOnce, r.Fresh.P99)
	fmt.Fprintln(w, heading)
	r.Receipts.row(w, "receipts meanwhile")
}

// String says what the machine is.
func (m Machine) String() string {
	return fmt.Sprintf("%d CPUs, %s/%s, %s", m.CPUs, m.OS, m.Arch, m.Go)
}

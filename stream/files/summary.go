package files

import (
	"fmt"
	"time"
)

// summary says what was imported. Its error is that nothing could be.
func (j *job) summary() error {
	t := j.tally
	spent := j.Now().Sub(j.start)
	fmt.Fprintf(j.Out, "%s from %s in %.1f s: %s\n", j.what(), plural(t.files.Load(), "file", "files"), spent.Seconds(), j.speed(spent))
	fmt.Fprintf(j.Out, "accepted %s   duplicates %s   rejected %s\n",
		grouped(t.accepted.Load()), grouped(t.duplicates.Load()), grouped(t.rejected.Load()))
	return j.warnings()
}

// dryEnd says what would be imported.
func (j *job) dryEnd(d *drySink) {
	t := j.tally
	fmt.Fprintf(j.Out, "%s from %s; nothing was sent\n", j.what(), plural(t.files.Load(), "file", "files"))
	fmt.Fprintf(j.Out, "good %s   rejected %s\n", grouped(t.accepted.Load()), grouped(t.rejected.Load()))
	if d.first != nil {
		fmt.Fprintf(j.Out, "the first: %.500s\n", d.first)
	}
	if err := j.warnings(); err != nil {
		fmt.Fprintln(j.Out, err)
	}
}

// what says how much was read.
func (j *job) what() string {
	t := j.tally
	receipts := fmt.Sprintf("%s with %s", plural(t.receipts.Load(), "receipt", "receipts"), plural(t.lines.Load(), "line", "lines"))
	switch {
	case t.others.Load() == 0:
		return receipts
	case t.receipts.Load() == 0:
		return plural(t.others.Load(), "other event", "other events")
	}
	return receipts + " and " + plural(t.others.Load(), "other event", "other events")
}

func (j *job) speed(spent time.Duration) string {
	if n := j.tally.receipts.Load(); n > 0 {
		return grouped(perSecond(n, spent)) + " receipts/s"
	}
	return grouped(perSecond(j.tally.events(), spent)) + " events/s"
}

// warnings says what a person should look at.
func (j *job) warnings() error {
	t := j.tally
	if err := j.rejects.flush(); err != nil {
		return err
	}
	n, first := j.rejects.count()
	if n > 0 {
		fmt.Fprintf(j.Out, "%s no good, written with reasons to %s:\n", plural(int64(n), "line or event was", "lines or events were"), j.Rejects)
	}
	for _, text := range first {
		fmt.Fprintf(j.Out, "  %s\n", text)
	}
	if r := t.resent.Load(); r > 0 {
		fmt.Fprintf(j.Out, "%s sent again after an error, so that some duplicates may be this import's own\n", plural(r, "request was", "requests were"))
	}
	if s := t.splits.Load(); s > 0 {
		fmt.Fprintf(j.Out, "%s in parts, as the lines lie more than %s receipts apart: sort the file by time and receipt\n",
			plural(s, "receipt came", "receipts came"), grouped(openReceipts))
	}
	if d := t.disputed.Load(); d > 0 {
		fmt.Fprintf(j.Out, "%s another member than the receipt's first: do several tills use the same numbers? Then name their column with --map till=COLUMN\n",
			plural(d, "line names", "lines name"))
	}
	if r := j.texts.recoded; r > 0 {
		fmt.Fprintf(j.Out, "%s no UTF-8 and taken for Windows-1252\n", plural(int64(r), "text was", "texts were"))
	}
	if n > 0 && t.events() == 0 {
		return fmt.Errorf("nothing could be taken: %s", first[0])
	}
	return nil
}

// plural writes a number with its noun.
func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}

package load

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"nabo/engine"
)

// serverStats is what loads want to know of a server's /v1/stats.
type serverStats struct {
	Position uint64
	Lag      uint64
	Events   struct{ Applied, Duplicates uint64 }
	Members  int
	Bought   struct {
		Edges        int
		Bytes        uint64
		BytesPerEdge float64
	}
	Viewed, Refined, Bindings, Keys countedSize
	Log                             struct{ First, Last, Bytes uint64 }
	Checkpoint                      *checkpointStats
	Memory                          struct{ Parts []MemoryPart }
	Live                            struct{ Connections, Sessions float64 }
}

type checkpointStats struct {
	Position   uint64
	AgeSeconds float64
}

// at is the checkpoint's position; 0: there is none.
func (c *checkpointStats) at() uint64 {
	if c == nil {
		return 0
	}
	return c.Position
}

type countedSize struct {
	Count    int
	Edges    int
	Bytes    uint64
	BytesPer float64
}

// getStats asks a server for its stats.
func getStats(ctx context.Context, addr string) (st serverStats, err error) {
	status, body, err := once(ctx, addr, get(addr, "/v1/stats"))
	if err == nil && status != 200 {
		err = fmt.Errorf("the server answered %d: %.500s", status, body)
	}
	if err == nil {
		err = json.Unmarshal(body, &st)
	}
	if err != nil {
		err = fmt.Errorf("ask for /v1/stats: %w", err)
	}
	return st, err
}

// metrics asks a server for its /metrics and returns those of the names that
// are there and have no labels.
func metrics(ctx context.Context, addr string, names ...string) (map[string]float64, error) {
	status, body, err := once(ctx, addr, get(addr, "/metrics"))
	if err == nil && status != 200 {
		err = fmt.Errorf("the server answered %d: %.500s", status, body)
	}
	if err != nil {
		return nil, fmt.Errorf("ask for /metrics: %w", err)
	}
	out := map[string]float64{}
	for line := range bytes.Lines(body) {
		name, value, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		for _, want := range names {
			if name == want {
				if out[name], err = strconv.ParseFloat(value, 64); err != nil {
					return nil, fmt.Errorf("/metrics: %s: %w", name, err)
				}
			}
		}
	}
	return out, nil
}

// MemoryPart is what one part of a server's state takes.
type MemoryPart struct {
	Part     string  `json:"part"`
	Bytes    uint64  `json:"bytes"`
	Count    int64   `json:"count,omitempty"`
	BytesPer float64 `json:"bytesPer,omitempty"`
}

// Memory is what a server takes, and for what.
type Memory struct {
	Parts    []MemoryPart `json:"parts"`
	Heap     float64      `json:"heapGiB"`        // in use, garbage included
	Live     float64      `json:"liveGiB"`        // after the newest collection; 0: not known
	Resident float64      `json:"residentGiB"`    // of the process
	Log      float64      `json:"logGiB"`         // on disk
	Disk     float64      `json:"otherDiskGiB"`   // checkpoints, tokens, decisions, lists; 0: not known
	BytesPer float64      `json:"bytesPerEdge"`   // between products
	Bindings float64      `json:"bytesPerMember"` // of bindings to products
}

const (
	heapMetric     = "go_memstats_heap_alloc_bytes"
	residentMetric = "process_resident_memory_bytes"
	routinesMetric = "go_goroutines"
	workedMetric   = "process_cpu_seconds_total"
)

// memory asks a server what it takes.
func (d *driven) memory(ctx context.Context) (m Memory, err error) {
	st, err := getStats(ctx, d.addr)
	if err != nil {
		return m, err
	}
	said, err := metrics(ctx, d.addr, heapMetric, residentMetric)
	if err != nil {
		return m, err
	}
	m = Memory{
		Parts: st.Memory.Parts, Heap: gib(said[heapMetric]), Resident: gib(said[residentMetric]), Log: gib(float64(st.Log.Bytes)),
		BytesPer: st.Bought.BytesPerEdge, Bindings: float64(st.Bindings.Bytes) / float64(max(1, st.Members)),
	}
	if d.child == nil {
		return m, nil
	}
	log, err := d.child.readLog()
	if err != nil {
		return m, err
	}
	m.Live = log.live / 1024
	disk, err := diskUse(d.data)
	m.Disk = gib(float64(disk.rest))
	return m, err
}

// partsOf are the same of an engine in this process.
func partsOf(st *engine.Stats) []MemoryPart {
	var out []MemoryPart
	for _, p := range st.Parts {
		out = append(out, MemoryPart{p.Name, p.Bytes, int64(p.Count), float64(p.Bytes) / float64(max(p.Count, 1))})
	}
	return out
}

// partsTable writes what the parts take for people.
func partsTable(w io.Writer, parts []MemoryPart) {
	fmt.Fprintln(w, "\nmemory\tMiB\tcount\tbytes each\t")
	for _, p := range parts {
		fmt.Fprintf(w, "%s\t%.1f\t%d\t%.1f\t\n", p.Part, float64(p.Bytes)/(1<<20), p.Count, p.BytesPer)
	}
}

// table writes what a server takes for people.
func (m *Memory) table(w io.Writer) {
	partsTable(w, m.Parts)
	fmt.Fprintf(w, "live heap\t%.1f\t\t\t\nheap with garbage\t%.1f\t\t\t\nresident\t%.1f\t\t\t\n", m.Live*1024, m.Heap*1024, m.Resident*1024)
	fmt.Fprintf(w, "log on disk\t%.1f\t\t\t\nrest on disk\t%.1f\t\t\t\n", m.Log*1024, m.Disk*1024)
}

// disk is what a data folder takes.
type disk struct{ log, rest int64 }

// diskUse adds up what the files of a data folder take on disk. Files that go
// away meanwhile are not counted.
func diskUse(dir string) (d disk, err error) {
	logs := filepath.Join(dir, "log") + string(filepath.Separator)
	err = filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return ignoreGone(err)
		}
		info, err := e.Info()
		if err != nil {
			return ignoreGone(err)
		}
		size := onDisk(info)
		if strings.HasPrefix(name, logs) {
			d.log += size
		} else {
			d.rest += size
		}
		return nil
	})
	if err != nil {
		err = fmt.Errorf("add up what %s takes: %w", dir, err)
	}
	return d, err
}

func ignoreGone(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

package store

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// letGo takes the tables of a folder out of the process's resident memory.
// Badger maps its tables; a load touches every page of them, and all would stay
// counted, gigabytes that are not looked at again. What is still wanted comes
// back from the system's cache. The mappings are of files, read only: nothing
// is lost.
func letGo(dir string) error {
	dir, err := filepath.Abs(dir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return fmt.Errorf("let go of tables: %w", err)
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return fmt.Errorf("let go of tables: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(maps))
	for lines.Scan() {
		fields := bytes.Fields(lines.Bytes())
		if len(fields) < 6 || filepath.Dir(string(fields[5])) != dir || filepath.Ext(string(fields[5])) != ".sst" {
			continue
		}
		from, to, _ := bytes.Cut(fields[0], []byte("-"))
		begin, err1 := strconv.ParseUint(string(from), 16, 64)
		end, err2 := strconv.ParseUint(string(to), 16, 64)
		if err1 != nil || err2 != nil {
			continue // no mapping as the system describes them
		}
		if _, _, e := syscall.Syscall(syscall.SYS_MADVISE, uintptr(begin), uintptr(end-begin), syscall.MADV_DONTNEED); e != 0 {
			return fmt.Errorf("let go of %s: %w", fields[5], e)
		}
	}
	return nil
}

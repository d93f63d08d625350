package load

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// wantFiles makes sure that this process, and those that it starts, may have n
// files open at once; root raises what the system allows.
func wantFiles(n uint64) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("ask how many files may be open: %w", err)
	}
	if limit.Cur >= n {
		return nil
	}
	raised := unix.Rlimit{Cur: n, Max: max(limit.Max, n)}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &raised); err != nil {
		return fmt.Errorf("%d files must be open at once, and the system allows %d (ulimit -n): %w", n, limit.Max, err)
	}
	return nil
}

package lists

import "golang.org/x/sys/unix"

// writeOutEvery so many bytes the system is asked to begin writing. Left to
// itself it gathers gigabytes, and then everybody's fsync waits for them, the
// log's too.
const writeOutEvery = 8 << 20

// startWriteOut does not wait, and does not matter if it fails.
func (f osFile) startWriteOut(from, size int64) {
	_ = unix.SyncFileRange(int(f.Fd()), from, size, unix.SYNC_FILE_RANGE_WRITE)
}

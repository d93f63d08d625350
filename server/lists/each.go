package lists

import (
	"context"
	"runtime"
)

// EachChunk makes all rows of snap as a list run does, on several goroutines
// which give way while busy says that lookups run, and calls take with them in
// the order of the members, some at a time and some calls with none. It is for
// rows that go elsewhere than into a list: any bytes will do. The bytes are
// good until take returns. It returns when all rows were taken, take fails or
// ctx ends; all goroutines have ended then. It does not release snap.
func EachChunk(ctx context.Context, snap Snapshot, busy func() bool, take func(rows []byte) error) error {
	way := &giveWay{ask: busy, rest: defaultRest}
	return newRowMaker(snap, runtime.GOMAXPROCS(0), way).run(ctx, func(c *chunk) error { return take(c.buf) })
}

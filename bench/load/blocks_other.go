//go:build !unix

package load

import "io/fs"

// onDisk is how large a file says it is.
func onDisk(info fs.FileInfo) int64 { return info.Size() }

package stream

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestDirSync(t *testing.T) {
	root := t.TempDir()
	if _, err := openDirSync(root, "X_LOG"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	msgs := filepath.Join(root, "jetstream", "$G", "streams", "X_LOG", "msgs")
	if err := os.MkdirAll(msgs, 0o750); err != nil {
		t.Fatal(err)
	}
	soon := time.Now().Add(time.Hour)
	if err := os.Chtimes(msgs, soon, soon); err != nil {
		t.Fatal(err)
	}
	d, err := openDirSync(root, "X_LOG")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.close() }()
	if !d.synced.IsZero() {
		t.Error("a folder that changed within a tick counts as synced")
	}
	old := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Chtimes(msgs, old, old); err != nil {
		t.Fatal(err)
	}
	if err := d.sync(); err != nil || !d.synced.Equal(old) {
		t.Errorf("synced %v, %v", d.synced, err)
	}
	if err := os.WriteFile(filepath.Join(msgs, "2.blk"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.sync(); err != nil || d.synced.Equal(old) {
		t.Errorf("a new file was not seen: %v, %v", d.synced, err)
	}
	var none *dirSync
	if err := errors.Join(none.sync(), none.close()); err != nil {
		t.Error(err)
	}
}

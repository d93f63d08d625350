package load

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"nabo/engine"
)

// keeper keeps the checkpoint of a filled engine in a folder, so that the same
// base need not be made twice: a file for each kind of pair, as they came, and
// one that says what was asked for. It is for benchmarks; a server keeps its
// checkpoints otherwise.
type keeper struct {
	dir   string
	files map[byte]*keptFile
	head  []byte
}

type keptFile struct {
	*os.File
	out *bufio.Writer
}

// keptWhat is the file that says what is kept; it is written last.
const keptWhat = "base.json"

// what is what a kept base depends on.
func (o *Inside) what() []byte {
	b, err := json.Marshal(struct {
		Members, Products, Offers, History, Lines, Partners int
		Seed                                                uint64
	}{o.Members, o.Products, o.Offers, o.History, o.Lines, o.Partners, o.Seed})
	if err != nil {
		panic(err) // numbers always have a form
	}
	return b
}

// kept says whether a folder holds the base that is asked for. It fails if it
// holds another.
func (o *Inside) kept() (bool, error) {
	have, err := os.ReadFile(filepath.Join(o.Keep, keptWhat))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("--keep: %w", err)
	case !bytes.Equal(have, o.what()):
		return false, fmt.Errorf("--keep %s: it holds another base, %s", o.Keep, have)
	}
	return true, nil
}

// newKeeper begins to keep a base in a folder.
func newKeeper(dir string) (*keeper, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("--keep: %w", err)
	}
	return &keeper{dir: dir, files: map[byte]*keptFile{}}, nil
}

// put writes one pair.
func (k *keeper) put(key, value []byte) error {
	if value == nil {
		return nil // it was never kept
	}
	f := k.files[key[0]]
	if f == nil {
		file, err := os.Create(filepath.Join(k.dir, strconv.Itoa(int(key[0]))))
		if err != nil {
			return fmt.Errorf("--keep: %w", err)
		}
		f = &keptFile{file, bufio.NewWriterSize(file, 1<<20)}
		k.files[key[0]] = f
	}
	k.head = append(binary.AppendUvarint(k.head[:0], uint64(len(key))), key...)
	k.head = binary.AppendUvarint(k.head, uint64(len(value)))
	if _, err := f.out.Write(k.head); err != nil {
		return fmt.Errorf("--keep: %w", err)
	}
	if _, err := f.out.Write(value); err != nil {
		return fmt.Errorf("--keep: %w", err)
	}
	return nil
}

// close ends what put began, and says what is kept unless it failed.
func (k *keeper) close(err error, what []byte) error {
	for _, f := range k.files {
		err = errors.Join(err, f.out.Flush(), f.Close())
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(k.dir, keptWhat), what, 0o600)
	}
	return err
}

// load gives an engine all that is kept, in the order of the keys.
func load(dir string, eng *engine.Engine) error {
	for kind := range 256 {
		f, err := os.Open(filepath.Join(dir, strconv.Itoa(kind)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = errors.Join(loadKind(f, eng), f.Close())
		}
		if err != nil {
			return fmt.Errorf("--keep: load %s (remove the folder if another version made it): %w", filepath.Join(dir, strconv.Itoa(kind)), err)
		}
	}
	return eng.Loaded(1)
}

// keptPair is where a pair stands in its file.
type keptPair struct {
	key  string
	at   int64
	size int
}

func loadKind(f *os.File, eng *engine.Engine) error {
	pairs, err := index(f)
	if err != nil {
		return err
	}
	slices.SortFunc(pairs, func(a, b keptPair) int { return cmp.Compare(a.key, b.key) })
	var value []byte
	for _, p := range pairs {
		value = slices.Grow(value[:0], p.size)[:p.size]
		if _, err := f.ReadAt(value, p.at); err != nil {
			return err
		}
		if err := eng.Load([]byte(p.key), value); err != nil {
			return err
		}
	}
	return nil
}

// index finds the pairs of a file.
func index(f *os.File) (pairs []keptPair, err error) {
	in := bufio.NewReaderSize(f, 1<<20)
	at := int64(0)
	for {
		n, err := binary.ReadUvarint(in)
		if err == io.EOF {
			return pairs, nil
		}
		if err != nil || n > 64 {
			return nil, fmt.Errorf("a key of %d bytes at %d: %w", n, at, err)
		}
		key := make([]byte, n)
		if _, err := io.ReadFull(in, key); err != nil {
			return nil, err
		}
		size, err := binary.ReadUvarint(in)
		if err != nil {
			return nil, err
		}
		if _, err := in.Discard(int(size)); err != nil {
			return nil, err
		}
		at += int64(len(binary.AppendUvarint(binary.AppendUvarint(nil, n), size))) + int64(n)
		pairs = append(pairs, keptPair{string(key), at, int(size)})
		at += int64(size)
	}
}

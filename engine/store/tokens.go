package store

import (
	crand "crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"nabo/engine/event"

	"github.com/dgraph-io/badger/v4"
)

// What the tokens' keys begin with; DESIGN.md has the layout.
const (
	idPrefix    = 'i' // then the member's id → its token
	spentPrefix = 's' // then a token: was forgotten, must not be drawn again
	scrubKey    = "f" // something was forgotten since the last Scrub
)

// maxIDBytes is the longest id that Assign takes, in bytes.
const maxIDBytes = 128

// Tokens keeps which random token stands for which member's id. It is the only
// place where ids of people are kept. All of it is in memory for reads. Any
// goroutine may call any method.
type Tokens struct {
	dir  string
	opts Options

	writing sync.Mutex // held for a whole Assign, Forget, Scrub or Close; taken before mu
	db      *badger.DB // guarded by writing
	closed  bool       // guarded by writing
	forgot  bool       // guarded by writing; ids are still in the files

	mu    sync.RWMutex
	book  tokenBook
	spent map[event.Token]struct{}
}

// OpenTokens opens the map of tokens in o.Dir, or makes a new one, and reads
// it. Its errors are as those of Open.
func OpenTokens(o Options) (*Tokens, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if err := finishSwap(o.Dir); err != nil {
		return nil, err
	}
	db, err := openBadger(o, false)
	if err != nil {
		return nil, tokensError(err)
	}
	t := &Tokens{
		dir: o.Dir, opts: o, db: db,
		spent: make(map[event.Token]struct{}),
	}
	if err := guard("open", t.load); err != nil {
		return nil, errors.Join(tokensError(err), db.Close())
	}
	return t, nil
}

// tokensError says of a damage that it is the tokens that are damaged: there
// is no rebuilding these from the log, so the advice is another.
func tokensError(err error) error {
	if damage := (*DamageError)(nil); errors.As(err, &damage) {
		damage.Advice = "the map of member ids cannot be rebuilt from the log: restore its folder from a copy"
	}
	if format := (*FormatError)(nil); errors.As(err, &format) {
		format.Advice = "start that nabo"
	}
	return fmt.Errorf("member tokens: %w", err)
}

func (t *Tokens) load() error {
	txn := t.db.NewTransaction(false)
	defer txn.Discard()
	it := txn.NewIterator(badger.IteratorOptions{})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		item := it.Item()
		err := item.Value(func(stored []byte) error {
			value, err := decodeValue(item.Key(), stored)
			if err != nil {
				return err
			}
			return t.loadPair(item.Key(), value)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *Tokens) loadPair(key, value []byte) error {
	switch {
	case key[0] == idPrefix && len(value) == 8:
		return t.loadID(key, event.Token(binary.LittleEndian.Uint64(value)))
	case key[0] == spentPrefix && len(key) == 9:
		t.spent[event.Token(binary.BigEndian.Uint64(key[1:]))] = struct{}{}
	case string(key) == scrubKey:
		t.forgot = true
	default:
		return &DamageError{Key: append([]byte(nil), key...), Reason: "is not one of the kinds that are kept"}
	}
	return nil
}

// loadID notes a pair that was stored: an id of the length that Assign takes,
// and a token that is nobody else's.
func (t *Tokens) loadID(key []byte, token event.Token) error {
	id := string(key[1:])
	_, used := t.book.id(token)
	_, known := t.book.token(id)
	if len(id) == 0 || len(id) > maxIDBytes || token == 0 || used || known {
		return &DamageError{Key: append([]byte(nil), key...), Reason: "does not hold a token of its own"}
	}
	t.book.add(id, token)
	return nil
}

// Token returns the token that stands for id. It never makes one.
func (t *Tokens) Token(id string) (event.Token, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.book.token(id)
}

// ID returns the member's id that token stands for.
func (t *Tokens) ID(token event.Token) (string, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.book.id(token)
}

// Count returns how many members have a token.
func (t *Tokens) Count() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.book.n
}

// Bytes returns what the pairs take in memory. It is cheap.
func (t *Tokens) Bytes() uint64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.book.bytes() + uint64(len(t.spent))*spentBytes
}

// spentBytes is what a token in a map takes, about.
const spentBytes = 16

// Assign returns the token of each id, in order, and draws one for each id that
// has none. They are on disk when it returns, in one write for the whole call:
// give it many ids at once. An id is 1 to 128 bytes long. On an error no token
// of the call may be used.
func (t *Tokens) Assign(ids []string) ([]event.Token, error) {
	out := make([]event.Token, len(ids))
	if t.find(ids, out) {
		return out, nil
	}
	t.writing.Lock()
	defer t.writing.Unlock()
	fresh := make(map[string]event.Token)
	for i, id := range ids {
		if len(id) == 0 || len(id) > maxIDBytes {
			return nil, fmt.Errorf("assign a token: the member's id has %d bytes, 1 to %d were expected", len(id), maxIDBytes)
		}
		if token, ok := t.Token(id); ok {
			out[i] = token
			continue
		}
		if _, ok := fresh[id]; !ok {
			if t.book.full(id, len(fresh)) { // writing is held: nobody changes it
				return nil, errors.New("assign a token: there are as many ids as can be kept")
			}
			fresh[id] = t.draw()
		}
		out[i] = fresh[id]
	}
	if err := t.store(fresh); err != nil {
		return nil, fmt.Errorf("assign %d tokens: %w", len(fresh), err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, token := range fresh {
		t.book.add(id, token)
	}
	return out, nil
}

// find fills out with what is known and says whether that was everything.
func (t *Tokens) find(ids []string, out []event.Token) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for i, id := range ids {
		token, ok := t.book.token(id)
		if !ok {
			return false
		}
		out[i] = token
	}
	return true
}

// draw returns a token that never stood for anybody. writing is held.
func (t *Tokens) draw() event.Token {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for {
		var b [8]byte
		_, _ = crand.Read(b[:]) // it ends the program rather than fail
		token := event.Token(binary.LittleEndian.Uint64(b[:]))
		used := t.book.findToken(token) != 0
		_, spent := t.spent[token]
		if token != 0 && !used && !spent {
			return token
		}
	}
}

// store writes fresh pairs, durable on return. Very many take more than one
// transaction; a crash between two leaves tokens that nothing refers to yet.
func (t *Tokens) store(fresh map[string]event.Token) error {
	if t.closed {
		return errClosed
	}
	txn := t.db.NewTransaction(true)
	defer func() { txn.Discard() }()
	for id, token := range fresh {
		key := append([]byte{idPrefix}, id...)
		value := encodeValue(key, binary.LittleEndian.AppendUint64(nil, uint64(token)))
		err := txn.Set(key, value)
		if errors.Is(err, badger.ErrTxnTooBig) {
			if err = txn.Commit(); err != nil {
				return err
			}
			txn = t.db.NewTransaction(true)
			err = txn.Set(key, value)
		}
		if err != nil {
			return err
		}
	}
	return txn.Commit()
}

var errClosed = errors.New("the tokens are closed")

// Forget erases which token stands for id, durable on return: no later read
// and no restart finds it. The id's bytes stay in the files until Scrub. The
// token is never drawn again. An id that is not known is no error.
func (t *Tokens) Forget(id string) error {
	t.writing.Lock()
	defer t.writing.Unlock()
	token, ok := t.Token(id)
	if !ok {
		return nil
	}
	if err := t.erase(id, token); err != nil {
		return fmt.Errorf("forget a member: %w", err)
	}
	t.forgot = true
	t.mu.Lock()
	defer t.mu.Unlock()
	t.book.remove(id)
	t.spent[token] = struct{}{}
	return nil
}

func (t *Tokens) erase(id string, token event.Token) error {
	if t.closed {
		return errClosed
	}
	return t.db.Update(func(txn *badger.Txn) error {
		if err := txn.Delete(append([]byte{idPrefix}, id...)); err != nil {
			return err
		}
		spent := spentKey(token)
		if err := txn.Set(spent, encodeValue(spent, nil)); err != nil {
			return err
		}
		return txn.Set([]byte(scrubKey), encodeValue([]byte(scrubKey), nil))
	})
}

func spentKey(token event.Token) []byte {
	return binary.BigEndian.AppendUint64([]byte{spentPrefix}, uint64(token))
}

// DiskBytes returns what the tokens take on disk.
func (t *Tokens) DiskBytes() int64 { return diskBytes(t.dir) }

// Close waits for a write to end and closes the files. A second call does
// nothing. Reads go on from memory.
func (t *Tokens) Close() error {
	t.writing.Lock()
	defer t.writing.Unlock()
	if t.closed {
		return nil
	}
	t.closed = true
	if err := t.db.Close(); err != nil {
		return fmt.Errorf("close member tokens: %w", err)
	}
	return nil
}

// finishSwap ends a Scrub that a crash has cut short: see there.
func finishSwap(dir string) error {
	dir = filepath.Clean(dir)
	_, errOld := os.Stat(dir + oldSuffix)
	_, errNow := os.Stat(dir)
	if errOld == nil && errors.Is(errNow, os.ErrNotExist) {
		if err := os.Rename(dir+oldSuffix, dir); err != nil {
			return fmt.Errorf("member tokens: %w", err)
		}
	}
	if err := errors.Join(os.RemoveAll(dir+oldSuffix), os.RemoveAll(dir+newSuffix)); err != nil {
		return fmt.Errorf("member tokens: %w", err)
	}
	return nil
}

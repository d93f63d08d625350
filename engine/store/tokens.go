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
	byID  map[string]event.Token
	ids   map[event.Token]string
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
		byID:  make(map[string]event.Token),
		ids:   make(map[event.Token]string),
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
		t.learn(string(key[1:]), event.Token(binary.LittleEndian.Uint64(value)))
	case key[0] == spentPrefix && len(key) == 9:
		t.spent[event.Token(binary.BigEndian.Uint64(key[1:]))] = struct{}{}
	case string(key) == scrubKey:
		t.forgot = true
	default:
		return &DamageError{Key: append([]byte(nil), key...), Reason: "is not one of the kinds that are kept"}
	}
	return nil
}

// learn notes a pair in memory; mu is held, or nobody else knows t yet.
func (t *Tokens) learn(id string, token event.Token) {
	t.byID[id] = token
	t.ids[token] = id
}

// Token returns the token that stands for id. It never makes one.
func (t *Tokens) Token(id string) (event.Token, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	token, ok := t.byID[id]
	return token, ok
}

// ID returns the member's id that token stands for.
func (t *Tokens) ID(token event.Token) (string, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	id, ok := t.ids[token]
	return id, ok
}

// Count returns how many members have a token.
func (t *Tokens) Count() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.byID)
}

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
		t.learn(id, token)
	}
	return out, nil
}

// find fills out with what is known and says whether that was everything.
func (t *Tokens) find(ids []string, out []event.Token) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for i, id := range ids {
		token, ok := t.byID[id]
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
		_, used := t.ids[token]
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
	delete(t.byID, id)
	delete(t.ids, token)
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

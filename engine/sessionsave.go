package engine

// sessionSave is what a checkpoint needs of sessions: which changed since the
// one before, and, while it runs, which of them are still to be saved as they
// were when it began. Each is encoded when the checkpointer comes to it, or
// before its first change: a busy shop's all at once would hold up the writer
// for tens of milliseconds. sessions.mu guards it.
type sessionSave struct {
	dirty    map[uint64]struct{}
	changed  []uint64            // dirty, in no order
	pending  map[uint64]struct{} // of the running checkpoint, not saved yet
	inflight []uint64            // all of the running checkpoint
	saved    []savedPair         // those that changed before the checkpointer came
}

// sessionsAtOnce is how many are encoded under one hold of the lock: some ten
// microseconds.
const sessionsAtOnce = 64

// markLocked is called before a session changes, comes or goes.
func (s *sessions) markLocked(k uint64) {
	if _, was := s.save.pending[k]; was {
		s.saveLocked(k)
	}
	s.noteLocked(k)
}

func (s *sessions) noteLocked(k uint64) {
	if _, ok := s.save.dirty[k]; !ok {
		s.save.dirty[k] = struct{}{}
		s.save.changed = append(s.save.changed, k)
	}
}

// saveLocked encodes a session that is still to be saved.
func (s *sessions) saveLocked(k uint64) {
	delete(s.save.pending, k)
	var value []byte
	if ses := s.byKey[k]; ses != nil {
		value = encodeSession(ses)
	}
	s.save.saved = append(s.save.saved, savedPair{key(cellSession, k), value})
}

// beginSave starts a checkpoint at this moment; the writer's.
func (s *sessions) beginSave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.save = sessionSave{dirty: map[uint64]struct{}{}, pending: s.save.dirty, inflight: s.save.changed}
}

// writeSave gives all that had changed when the checkpoint began.
func (s *sessions) writeSave(put func(key, value []byte) error) error {
	s.mu.RLock()
	left := s.save.inflight
	s.mu.RUnlock()
	for {
		n := min(len(left), sessionsAtOnce)
		for _, p := range s.takeSaved(left[:n]) {
			if err := put(p.key, p.value); err != nil {
				return err
			}
		}
		if left = left[n:]; len(left) == 0 {
			return nil
		}
	}
}

// takeSaved returns what was saved, and those of some that are still to be.
func (s *sessions) takeSaved(keys []uint64) []savedPair {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keys {
		if _, was := s.save.pending[k]; was {
			s.saveLocked(k)
		}
	}
	saved := s.save.saved
	s.save.saved = nil
	return saved
}

// endSave says whether the checkpoint was kept. If not, its sessions count as
// changed.
func (s *sessions) endSave(kept bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !kept {
		for _, k := range s.save.inflight {
			s.noteLocked(k)
		}
	}
	s.save.pending, s.save.inflight, s.save.saved = nil, nil, nil
}

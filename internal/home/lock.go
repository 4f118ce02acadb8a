package home

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// ErrLocked says that another process serves the folder.
var ErrLocked = errors.New("another adapt process serves this data folder")

// A Lock is held by the one process that serves a data folder. The system
// releases it when the process ends, however it ends.
type Lock struct {
	home *Home
	file *os.File
}

// Lock takes the folder's lock, or returns ErrLocked.
func (h *Home) Lock() (*Lock, error) {
	f, err := lockFile(h.Path("lock"))
	if err != nil {
		return nil, err
	}
	return &Lock{home: h, file: f}, nil
}

// lockFile locks the file at path, which closing it unlocks, or returns
// ErrLocked. It excludes other openings of the file, in this process too.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrLocked
		}
		return nil, fmt.Errorf("data folder: locking: %w", err)
	}
	return f, nil
}

// waitEvery is how often a lock that another holds is tried again.
const waitEvery = 100 * time.Millisecond

// Exclusively runs do while nobody else, in any process, runs it for the same
// key: two attempts at a step must not write into the same Work folder.
func (h *Home) Exclusively(ctx context.Context, key string, do func() error) error {
	tick := time.NewTicker(waitEvery)
	defer tick.Stop()
	for {
		f, err := lockFile(h.Path("work", key+".lock"))
		if err == nil {
			defer f.Close()
			return do()
		}
		if !errors.Is(err, ErrLocked) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Unlock gives the folder up and forgets how this process was reached.
func (l *Lock) Unlock() error {
	err := os.Remove(l.home.Path("server.json"))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, l.file.Close())
}

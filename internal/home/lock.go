package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
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
	f, err := os.OpenFile(h.Path("lock"), os.O_RDWR|os.O_CREATE, 0o600)
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
	return &Lock{home: h, file: f}, nil
}

// Unlock gives the folder up and forgets how this process was reached.
func (l *Lock) Unlock() error {
	err := os.Remove(l.home.Path("server.json"))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, l.file.Close())
}

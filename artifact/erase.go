package artifact

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Hashes returns the hashes of all that the store holds, sorted.
func (s *Store) Hashes() ([]string, error) {
	var hashes []string
	err := filepath.WalkDir(s.dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if b, err := hex.DecodeString(d.Name()); err == nil && len(b) == 32 && d.Type().IsRegular() {
			hashes = append(hashes, d.Name())
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("artifact: listing the store: %w", err)
	}
	slices.Sort(hashes)
	return hashes, nil
}

// Remove deletes an artifact's bytes: artifacts are immutable, but what
// somebody has a right to have deleted is deleted. Removing one that is not
// there is no error.
func (s *Store) Remove(r Ref) error {
	if err := r.Validate(); err != nil {
		return err
	}
	if err := os.Remove(s.Path(r)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("artifact: removing %s: %w", r, err)
	}
	return nil
}

// JSONTail is r as it stands in JSON, from its hash on: what differs between two
// artifacts of one kind.
func (r Ref) JSONTail() string { return fmt.Sprintf(`"sha256":%q,"size":%d`, r.SHA256, r.Size) }

// Package secret finds the secrets of a data folder: in the environment, in a
// file that the team names, or in a file that is made on first use.
//
// A secret never leaves the process: not into artifacts, histories, logs or
// errors.
package secret

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"adapt/internal/atomicfile"
)

// EnvDeid holds the secret of de-identification, where it is set.
const EnvDeid = "ADAPT_DEID_SECRET"

// File is the name of the secret's file in a data folder.
const File = "secret.key"

// MinLength is how many bytes a secret must have.
const MinLength = 16

// Deid returns the secret from which surrogates and the shifts of dates are
// derived: the value of [EnvDeid], or what the file holds, or what the data
// folder home holds, where 32 random bytes are written on first use. Blanks
// around a secret are no part of it.
func Deid(file, home string) ([]byte, error) {
	if v, ok := os.LookupEnv(EnvDeid); ok {
		return check([]byte(v), EnvDeid)
	}
	if file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("ingest.deid.secret_file can not be read: %w", bare(err))
		}
		return check(b, "the file of ingest.deid.secret_file")
	}
	return own(filepath.Join(home, File))
}

// own reads the secret at path and makes it when it is missing. Of several
// processes that make it at once, one wins and the others read its secret.
func own(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeFile(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("making the data folder's %s: %w", File, bare(err))
		}
		b, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the data folder's %s: %w", File, bare(err))
	}
	return check(b, "the data folder's "+File)
}

// makeFile writes a new secret, or is fs.ErrExist.
func makeFile(path string) error {
	random := make([]byte, 32)
	rand.Read(random) // never fails
	return atomicfile.Create(path, []byte(hex.EncodeToString(random)+"\n"))
}

func check(b []byte, where string) ([]byte, error) {
	b = bytes.TrimSpace(b)
	if len(b) < MinLength {
		return nil, fmt.Errorf("the secret in %s has %d bytes; it needs at least %d, such as the output of `openssl rand -hex 32`", where, len(b), MinLength)
	}
	return b, nil
}

// bare drops a path, which may name people, from an error.
func bare(err error) error {
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		return pe.Err
	case errors.As(err, &le):
		return le.Err
	}
	return err
}

package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"adapt/erase"
	"adapt/ingest"
	"adapt/ingest/deid"
	"adapt/internal/home"
	"adapt/internal/secret"
	"adapt/vault"
)

// Eraser deletes documents from the data folder.
func (a *App) Eraser() (*erase.Eraser, error) {
	v, err := vault.OpenIn(a.Home.Dir())
	if err != nil {
		return nil, err
	}
	return &erase.Eraser{Home: a.Home, Registry: a.Registry, Vault: v}, nil
}

// FileSum returns what the registry knows a file by: the SHA-256 of its bytes.
func FileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// RotateKey puts the raw files under another key and returns how many had the
// old one.
//
// Where the keys are in a file, a new one is made, and when all is under it the
// old ones are taken out of the file. Where the environment gives them, its
// first key is the new one and the others must open what is there. Nobody else
// may serve the data folder, for he would go on with the old key.
func (a *App) RotateKey(ctx context.Context, each func(done, total int)) (int, error) {
	lock, err := a.Home.Lock()
	if errors.Is(err, home.ErrLocked) {
		return 0, fmt.Errorf("%w; stop it first: it would go on with the old key", err)
	}
	if err != nil {
		return 0, err
	}
	defer lock.Unlock()
	source := vault.SourceIn(a.Home.Dir())
	keys, err := source.Load()
	if err != nil {
		return 0, err
	}
	if source.File != "" {
		keys = append(vault.Keys{vault.NewKey()}, keys...)
		if err := source.Save(keys); err != nil {
			return 0, err
		}
	} else if len(keys) < 2 {
		return 0, fmt.Errorf("%w: $%s holds one key; put the new key before it, apart by a comma, and come again", ErrUsage, vault.EnvKey)
	}
	v, err := vault.Open(a.Home.Path("raw"), keys)
	if err != nil {
		return 0, err
	}
	n, err := v.Rewrap(ctx, each)
	if err != nil {
		return n, fmt.Errorf("%w; the old key is kept: do it again", err)
	}
	if source.File != "" {
		err = source.Save(keys[:1])
	}
	return n, err
}

// Subject returns what the registry knows a patient by, whose number the
// documents give as number. secretFile is ingest.deid.secret_file of the
// configuration that they were read with; empty: the data folder's secret.
func (a *App) Subject(number, secretFile string) (string, error) {
	s, err := secret.Deid(secretFile, a.Home.Dir())
	if err != nil {
		return "", err
	}
	subject := ingest.SubjectHash(number, deid.New(deid.Rules{}, deid.Options{Secret: s}).SubjectKey())
	if subject == "" {
		return "", fmt.Errorf("%w: the patient's number is empty", ErrUsage)
	}
	return subject, nil
}

// Package vault keeps files as they were found, encrypted.
//
// Everything else that adapt keeps is de-identified; the raw files are not. A
// vault holds them so that a reviewer with the right to it can see what a
// label points to, and so that they can be deleted for good when a patient or
// a client asks.
//
// Each file is encrypted with AES-256-GCM under a key of its own, which is
// kept beside it, encrypted with AES-256-GCM under the vault's key. To change
// the vault's key only the small keys are encrypted anew ([Vault.Rewrap]). A
// file's name in the folder is the SHA-256 of its content, which is also
// authenticated: a file that was swapped for another does not open.
package vault

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"adapt/internal/atomicfile"
)

var (
	// ErrNotFound: the vault does not hold the file.
	ErrNotFound = errors.New("the vault does not hold this file: it was deleted, or read with ingest.keep_raw off")
	// ErrKey: the file is encrypted under a key that was not given.
	ErrKey = errors.New("encrypted under another key; give that key too, after the present one")
	// ErrDamaged: the file's bytes were changed.
	ErrDamaged = errors.New("damaged: it does not decrypt")
)

// The form of a file: magic, then the ID of the vault's key, then the file's
// own key under it, then the content (the name's length, the name, the data)
// under the file's own key. Both parts begin with their nonce and end with their tag.
const (
	magic      = "ADVAULT1"
	nonceSize  = 12
	tagSize    = 16
	wrappedLen = nonceSize + KeySize + tagSize
	headerLen  = len(magic) + keyIDSize + wrappedLen
)

// A Vault is a folder of encrypted files. It is safe for use by several
// goroutines and processes.
type Vault struct {
	dir  string
	keys Keys
}

// Open opens the vault in dir, making the folder when it is missing.
func Open(dir string, keys Keys) (*Vault, error) {
	if len(keys) == 0 {
		return nil, errors.New("vault: no key was given")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	return &Vault{dir: dir, keys: keys}, nil
}

// A File is a file as it was found.
type File struct {
	Name string // its path in the folder that was read; encrypted too
	Data []byte
}

// OpenIn opens the vault of the data folder home, in home/raw, with the keys of
// the environment or of home/raw.key.
func OpenIn(home string) (*Vault, error) {
	keys, err := SourceIn(home).Load()
	if err != nil {
		return nil, err
	}
	return Open(filepath.Join(home, "raw"), keys)
}

// Put encrypts and keeps a file and returns its ID, the SHA-256 of its data in
// lower-case hexadecimal. A file that is there already stays as it is, also
// with another name.
func (v *Vault) Put(f File) (string, error) {
	raw := f.Data
	sum := sha256.Sum256(raw)
	id := hex.EncodeToString(sum[:])
	if v.Has(id) {
		return id, nil
	}
	var own Key
	rand.Read(own[:]) // never fails
	var file []byte
	file = append(file, v.wrap(id, own)...)
	content := append(binary.AppendUvarint(nil, uint64(len(f.Name))), f.Name...)
	file = seal(file, own, append(content, raw...), bodyData(id))
	if err := os.MkdirAll(filepath.Dir(v.path(id)), 0o700); err != nil {
		return "", fmt.Errorf("vault: %w", err)
	}
	if err := v.write(id, file, false); err != nil {
		return "", err
	}
	return id, nil
}

// Get decrypts a file. The error matches ErrNotFound, ErrKey or ErrDamaged.
func (v *Vault) Get(id string) (File, error) {
	file, err := v.read(id)
	if err != nil {
		return File{}, err
	}
	own, err := v.unwrap(id, file)
	if err != nil {
		return File{}, fmt.Errorf("vault: %.12s: %w", id, err)
	}
	content, err := open(own, file[headerLen:], bodyData(id))
	if err != nil {
		return File{}, fmt.Errorf("vault: %.12s: %w", id, err)
	}
	n, at := binary.Uvarint(content)
	if at <= 0 || n > uint64(len(content)-at) {
		return File{}, fmt.Errorf("vault: %.12s: %w", id, ErrDamaged)
	}
	content = content[at:]
	return File{Name: string(content[:n]), Data: content[n:]}, nil
}

// Has reports whether the vault holds a file.
func (v *Vault) Has(id string) bool {
	fi, err := os.Stat(v.path(id))
	// A file that a power failure left empty counts as missing.
	return validID(id) && err == nil && fi.Size() > int64(headerLen)
}

// Delete removes a file. Its own key goes with it, so that what may remain of
// it on the disk can not be read with the vault's key alone. Deleting a file
// that is not there is no error.
func (v *Vault) Delete(id string) error {
	if !validID(id) {
		return fmt.Errorf("vault: %w", ErrNotFound)
	}
	if err := os.Remove(v.path(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("vault: deleting %.12s: %w", id, withoutPath(err))
	}
	return nil
}

// List returns the IDs of all files, sorted.
func (v *Vault) List() ([]string, error) {
	var ids []string
	err := filepath.WalkDir(v.dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && validID(d.Name()) {
			ids = append(ids, d.Name())
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("vault: %w", withoutPath(err))
	}
	slices.Sort(ids)
	return ids, nil
}

// Rewrap encrypts the key of every file under the first of the vault's keys
// and returns how many files had another. The files' contents stay as they
// are. When it is interrupted, some files have the new key and the others the
// old one; doing it again does the rest. each, if not nil, is called after
// every file.
func (v *Vault) Rewrap(ctx context.Context, each func(done, total int)) (changed int, err error) {
	ids, err := v.List()
	if err != nil {
		return 0, err
	}
	for i, id := range ids {
		if err := ctx.Err(); err != nil {
			return changed, err
		}
		did, err := v.rewrap(id)
		if err != nil {
			return changed, err
		}
		if did {
			changed++
		}
		if each != nil {
			each(i+1, len(ids))
		}
	}
	return changed, nil
}

func (v *Vault) rewrap(id string) (bool, error) {
	file, err := v.read(id)
	if errors.Is(err, ErrNotFound) {
		return false, nil // deleted meanwhile
	}
	if err != nil {
		return false, err
	}
	if keyID(v.keys[0]) == [keyIDSize]byte(file[len(magic):]) {
		return false, nil
	}
	own, err := v.unwrap(id, file)
	if err != nil {
		return false, fmt.Errorf("vault: %.12s: %w", id, err)
	}
	return true, v.write(id, append(v.wrap(id, own), file[headerLen:]...), true)
}

// wrap returns the head of a file with its own key under the vault's first.
func (v *Vault) wrap(id string, own Key) []byte {
	kid := keyID(v.keys[0])
	head := append([]byte(magic), kid[:]...)
	return seal(head, v.keys[0], own[:], wrapData(kid, id))
}

// unwrap returns a file's own key.
func (v *Vault) unwrap(id string, file []byte) (Key, error) {
	kid := [keyIDSize]byte(file[len(magic):])
	for _, k := range v.keys {
		if keyID(k) != kid {
			continue
		}
		own, err := open(k, file[len(magic)+keyIDSize:headerLen], wrapData(kid, id))
		if err != nil {
			return Key{}, err
		}
		return Key(own), nil
	}
	return Key{}, ErrKey
}

// wrapData and bodyData bind the two parts to their place.
func wrapData(kid [keyIDSize]byte, id string) []byte {
	return slices.Concat([]byte(magic+" key "), kid[:], []byte(id))
}

func bodyData(id string) []byte { return []byte(magic + " content " + id) }

// seal appends nonce and ciphertext of plain to dst.
func seal(dst []byte, k Key, plain, data []byte) []byte {
	var nonce [nonceSize]byte
	rand.Read(nonce[:]) // never fails
	dst = append(dst, nonce[:]...)
	return gcm(k).Seal(dst, nonce[:], plain, data)
}

func open(k Key, sealed, data []byte) ([]byte, error) {
	if len(sealed) < nonceSize+tagSize {
		return nil, ErrDamaged
	}
	plain, err := gcm(k).Open(nil, sealed[:nonceSize], sealed[nonceSize:], data)
	if err != nil {
		return nil, ErrDamaged
	}
	return plain, nil
}

func gcm(k Key) cipher.AEAD {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		panic(err) // a Key has the right size
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has the right block size
	}
	return aead
}

func (v *Vault) path(id string) string {
	return filepath.Join(v.dir, id[:min(2, len(id))], id)
}

// read returns an encrypted file that has at least its head.
func (v *Vault) read(id string) ([]byte, error) {
	if !validID(id) {
		return nil, fmt.Errorf("vault: %w", ErrNotFound)
	}
	file, err := os.ReadFile(v.path(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("vault: %.12s: %w", id, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("vault: %.12s: %w", id, withoutPath(err))
	}
	if len(file) < headerLen || !bytes.HasPrefix(file, []byte(magic)) {
		return nil, fmt.Errorf("vault: %.12s: %w", id, ErrDamaged)
	}
	return file, nil
}

// write replaces an encrypted file in one step.
func (v *Vault) write(id string, file []byte, durable bool) error {
	if err := atomicfile.WriteFile(v.path(id), file, durable); err != nil {
		return fmt.Errorf("vault: keeping %.12s: %w", id, withoutPath(err))
	}
	return nil
}

// validID tells IDs from paths.
func validID(id string) bool {
	b, err := hex.DecodeString(id)
	return err == nil && len(b) == sha256.Size
}

// withoutPath drops a path, which may name people.
func withoutPath(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

package vault

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"adapt/internal/atomicfile"
)

// KeySize is the length of a key in bytes: AES-256.
const KeySize = 32

// keyIDSize is how much of a key's hash tells it from others.
const keyIDSize = 8

// The environment that gives keys: the keys themselves, or a file with them.
const (
	EnvKey     = "ADAPT_KEY"
	EnvKeyFile = "ADAPT_KEY_FILE"
)

// A Key encrypts. It is never printed.
type Key [KeySize]byte

// String keeps keys out of logs and error texts.
func (Key) String() string { return "[key]" }

// GoString is String.
func (k Key) GoString() string { return k.String() }

// NewKey returns a random key.
func NewKey() Key {
	var k Key
	rand.Read(k[:]) // never fails
	return k
}

// text is how a key is written in a file or in the environment.
func (k Key) text() string { return base64.StdEncoding.EncodeToString(k[:]) }

// keyID tells keys apart without telling anything of them.
func keyID(k Key) [keyIDSize]byte {
	sum := sha256.Sum256(append([]byte("adapt vault key "), k[:]...))
	return [keyIDSize]byte(sum[:])
}

// Keys are those that a vault opens files with; the first is the one that it
// encrypts with.
type Keys []Key

// ParseKeys reads keys of 32 bytes in base64 or hexadecimal, apart by commas
// or white space. Lines that begin with "#" are comments.
func ParseKeys(text string) (Keys, error) {
	var keys Keys
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, word := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) }) {
			k, err := parseKey(word)
			if err != nil {
				return nil, fmt.Errorf("key %d: %w", len(keys)+1, err)
			}
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no key; make one with: head -c 32 /dev/urandom | base64")
	}
	return keys, nil
}

func parseKey(word string) (Key, error) {
	decoders := []func(string) ([]byte, error){
		hex.DecodeString, base64.StdEncoding.DecodeString, base64.RawStdEncoding.DecodeString,
		base64.URLEncoding.DecodeString, base64.RawURLEncoding.DecodeString,
	}
	for _, decode := range decoders {
		if b, err := decode(word); err == nil && len(b) == KeySize {
			return Key(b), nil
		}
	}
	return Key{}, errors.New("not 32 bytes in base64 or hexadecimal; make one with: head -c 32 /dev/urandom | base64")
}

// A Source is where keys come from.
type Source struct {
	// File holds the keys; empty when they come from the environment itself.
	File string
	// Own says that File is the data folder's, which adapt makes.
	Own bool
}

// FindSource returns where the keys are: in $ADAPT_KEY, in the file that
// $ADAPT_KEY_FILE names, or else in own, the data folder's.
func FindSource(own string) Source {
	if os.Getenv(EnvKey) != "" {
		return Source{}
	}
	if path := os.Getenv(EnvKeyFile); path != "" {
		return Source{File: path}
	}
	return Source{File: own, Own: true}
}

// SourceIn is FindSource for the data folder home.
func SourceIn(home string) Source { return FindSource(filepath.Join(home, "raw.key")) }

// Load reads the keys; the data folder's file is made when it is missing.
func (s Source) Load() (Keys, error) {
	if s.File == "" {
		keys, err := ParseKeys(os.Getenv(EnvKey))
		if err != nil {
			return nil, fmt.Errorf("vault: $%s: %w", EnvKey, err)
		}
		return keys, nil
	}
	keys, err := readKeys(s.File)
	if s.Own && errors.Is(err, fs.ErrNotExist) {
		if err := atomicfile.Create(s.File, []byte(keyFileText(Keys{NewKey()}))); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("vault: making a key: %w", err)
		}
		keys, err = readKeys(s.File)
	}
	if err != nil {
		return nil, fmt.Errorf("vault: the key file: %w", err)
	}
	return keys, nil
}

func readKeys(path string) (Keys, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if fi.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("other users can read it; run: chmod 600 %s", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return ParseKeys(string(b))
}

// Save replaces the keys in the source's file.
func (s Source) Save(keys Keys) error {
	if s.File == "" {
		return fmt.Errorf("vault: the keys come from $%s; change them there", EnvKey)
	}
	if err := atomicfile.WriteFile(s.File, []byte(keyFileText(keys)), true); err != nil {
		return fmt.Errorf("vault: writing the key file: %w", withoutPath(err))
	}
	return nil
}

func keyFileText(keys Keys) string {
	var b strings.Builder
	b.WriteString("# Keys of the raw documents, the present one first. Without them the documents can\n" +
		"# not be read. Keep a copy elsewhere, and not beside a copy of the data folder.\n")
	for _, k := range keys {
		b.WriteString(k.text() + "\n")
	}
	return b.String()
}

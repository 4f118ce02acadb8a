package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"adapt/internal/atomicfile"
)

// tokenFile holds the token, in the data folder.
const tokenFile = "web-token"

// tokenBytes is how much randomness a token has.
const tokenBytes = 32

// Token returns the token of the data folder home, making it at first. Only
// the owner can read its file; one that others can read is refused.
func Token(home string) (string, error) {
	path := filepath.Join(home, tokenFile)
	token, err := readToken(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return token, err
	}
	if err := makeToken(home, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("web: making the token: %w", err)
	}
	return readToken(path)
}

func readToken(path string) (string, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("web: reading the token: %w", err)
	}
	if fi.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("web: other users can read %s; delete it, and start again to get a new token", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("web: reading the token: %w", err)
	}
	token := strings.TrimSpace(string(b))
	if len(token) < 2*tokenBytes {
		return "", fmt.Errorf("web: %s is too short for a token; delete it, and start again to get a new one", path)
	}
	return token, nil
}

// makeToken writes a new token to path, whole or not at all: of two processes
// that start together, one gets fs.ErrExist and the other's token.
func makeToken(home, path string) error {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	var b [tokenBytes]byte
	rand.Read(b[:]) // never fails
	return atomicfile.Create(path, []byte(hex.EncodeToString(b[:])+"\n"))
}

// keys are the secrets that follow from the token. The cookie and the forms
// carry these, so that neither tells the token itself.
type keys struct {
	token   string
	cookie  string // the cookie's name
	session string // its value
	form    string // what a form must send
}

func newKeys(token string) keys {
	derive := func(purpose string) string {
		mac := hmac.New(sha256.New, []byte(token))
		mac.Write([]byte(purpose))
		return hex.EncodeToString(mac.Sum(nil))
	}
	return keys{
		token: token,
		// Browsers send cookies to every port of a host: its own name keeps the
		// cookie of one data folder apart from another's.
		cookie:  "adapt-" + derive("cookie name")[:8],
		session: derive("session"),
		form:    derive("form"),
	}
}

// same compares secrets in a time that does not tell where they differ.
func same(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

// signedIn reports whether the request carries the session's cookie.
func (k keys) signedIn(r *http.Request) bool {
	c, err := r.Cookie(k.cookie)
	return err == nil && same(c.Value, k.session)
}

// signIn gives the session's cookie to a browser that has shown the token.
func (k keys) signIn(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{
		Name:     k.cookie,
		Value:    k.session,
		Path:     "/",
		HttpOnly: true,
		SameSite: http.SameSiteStrictMode,
	})
}

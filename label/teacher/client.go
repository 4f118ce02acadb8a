package teacher

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

var (
	// ErrRefused: the endpoint does not take the question, and would not take it
	// again. The text says what to look at.
	ErrRefused = errors.New("the teacher refused")
	// ErrTrouble: the endpoint failed again and again.
	ErrTrouble = errors.New("the teacher does not answer")
)

const (
	maxBody  = 1 << 20 // bytes of an answer
	attempts = 5
	// patience bounds how long an endpoint may ask to be left alone.
	patience = time.Minute
	// most is how many redirects within the host are followed.
	most = 3
)

// A Client asks one model. It is safe for concurrent use.
type Client struct {
	url   string // of the chat completions
	model string
	key   string
	http  *http.Client
	// pause is the first wait before another attempt; it doubles.
	pause time.Duration
}

// NewClient returns a client for the API that begins at base, which must be an
// address that the configuration has checked. The key may be empty.
func NewClient(base, model, key string, timeout time.Duration) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%w: its address is no web address; look at label.teacher.url", ErrRefused)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = timeout
	return &Client{
		url: u.JoinPath("chat", "completions").String(), model: model, key: key, pause: time.Second,
		http: &http.Client{Timeout: timeout, Transport: transport, CheckRedirect: stay},
	}, nil
}

// stay follows redirects on the same host and scheme only: text and key go
// nowhere else.
func stay(req *http.Request, via []*http.Request) error {
	if first := via[0].URL; req.URL.Host != first.Host || req.URL.Scheme != first.Scheme {
		return fmt.Errorf("%w: it redirects to another host; name that one in label.teacher.url if it may be asked", ErrRefused)
	}
	if len(via) > most {
		return fmt.Errorf("%w: it redirects again and again; look at label.teacher.url", ErrRefused)
	}
	return nil
}

// question is the body of a request.
type question struct {
	Model       string            `json:"model"`
	Messages    []Message         `json:"messages"`
	Temperature float64           `json:"temperature"`
	Format      map[string]string `json:"response_format"`
}

// completion is the part of an answer that is read.
type completion struct {
	Choices []struct {
		Message struct {
			Content string `json:"content"`
		} `json:"message"`
	} `json:"choices"`
}

// Ask returns what the model writes. It tries again, with growing pauses, when
// the endpoint is busy, fails or does not answer in time. No error holds the
// key, the question or the answer.
func (c *Client) Ask(ctx context.Context, messages []Message) (string, error) {
	body, err := json.Marshal(question{Model: c.model, Messages: messages, Format: map[string]string{"type": "json_object"}})
	if err != nil {
		return "", err
	}
	var last error
	for n := range attempts {
		text, wait, err := c.once(ctx, body)
		if err == nil {
			return text, nil
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if errors.Is(err, ErrRefused) {
			return "", err
		}
		last = err
		if n+1 == attempts {
			break
		}
		if wait == 0 {
			wait = time.Duration(float64(c.pause<<n) * (0.75 + rand.Float64()/2)) // so that many do not come back together
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(min(wait, patience)):
		}
	}
	return "", fmt.Errorf("%w after %d attempts: %w", ErrTrouble, attempts, last)
}

// once asks one time. wait is how long the endpoint asks to be left alone.
func (c *Client) once(ctx context.Context, body []byte) (text string, wait time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return "", 0, fmt.Errorf("%w: its address is no web address; look at label.teacher.url", ErrRefused)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return "", 0, plain(err)
	}
	defer res.Body.Close()
	switch s := res.StatusCode; {
	case s == http.StatusTooManyRequests || s == http.StatusRequestTimeout || s >= 500:
		return "", after(res.Header.Get("Retry-After")), fmt.Errorf("status %d", s)
	case s == http.StatusUnauthorized || s == http.StatusForbidden:
		return "", 0, fmt.Errorf("%w with status %d: look at the key that label.teacher.key_env names, and at what it allows", ErrRefused, s)
	case s == http.StatusNotFound:
		return "", 0, fmt.Errorf("%w with status %d: look at label.teacher.url and label.teacher.model", ErrRefused, s)
	case s != http.StatusOK:
		return "", 0, fmt.Errorf("%w with status %d: does it speak the API of OpenAI's chat completions, with answers in JSON, and know the model?", ErrRefused, s)
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return "", 0, plain(err)
	}
	// What is no answer of the API, or too much of one, is for the checks: the
	// next document may fare better.
	var got completion
	if len(b) > maxBody || json.Unmarshal(b, &got) != nil || len(got.Choices) == 0 {
		return "", 0, nil
	}
	return got.Choices[0].Message.Content, 0, nil
}

// plain is an error of the network without the address, which the
// configuration has, and without what was sent.
func plain(err error) error {
	if errors.Is(err, ErrRefused) {
		var u *url.Error
		if errors.As(err, &u) {
			return u.Err
		}
		return err
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return errors.New("no answer in time; label.teacher.timeout says how long to wait")
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return errors.New("its host is not known; look at label.teacher.url")
	}
	return errors.New("the connection failed")
}

// after reads Retry-After: seconds or a date; 0 when it says nothing.
func after(text string) time.Duration {
	if n, err := strconv.Atoi(strings.TrimSpace(text)); err == nil && n >= 0 {
		return time.Duration(min(n, int(patience/time.Second))) * time.Second
	}
	if t, err := http.ParseTime(text); err == nil {
		return max(time.Until(t), 0)
	}
	return 0
}

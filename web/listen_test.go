package web

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"adapt/progress"
	"adapt/registry"
)

func TestListenRefusesOtherMachines(t *testing.T) {
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "10.0.0.1:0", "example.org:0", "127.0.0.1.nip.io:0"} {
		ln, err := Listen(addr, false)
		if err == nil {
			ln.Close()
			t.Errorf("%s: no error", addr)
		} else if !strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("%s: the error does not say what to do: %v", addr, err)
		}
	}
	if _, err := Listen("7700", false); err == nil || !strings.Contains(err.Error(), "host:port") {
		t.Errorf("no host: error is %v", err)
	}
	for addr, remote := range map[string]bool{"127.0.0.1:0": false, "localhost:0": false, "0.0.0.0:0": true} {
		ln, err := Listen(addr, remote)
		if err != nil {
			t.Errorf("%s: %v", addr, err)
			continue
		}
		if _, err := Listen(ln.Addr().String(), remote); err == nil || !strings.Contains(err.Error(), "another port") {
			t.Errorf("%s twice: error is %v", addr, err)
		}
		ln.Close()
	}
}

func TestURL(t *testing.T) {
	tests := []struct{ ip, want string }{
		{"127.0.0.1", "http://127.0.0.1:7700/?token=t0"},
		{"::1", "http://[::1]:7700/?token=t0"},
		{"0.0.0.0", "http://127.0.0.1:7700/?token=t0"},
		{"10.0.0.1", "http://10.0.0.1:7700/?token=t0"},
	}
	for _, tt := range tests {
		if got := URL(&net.TCPAddr{IP: net.ParseIP(tt.ip), Port: 7700}, "t0"); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.ip, got, tt.want)
		}
	}
}

// TestServeEndsWithItsContext has a page that follows a run open meanwhile.
func TestServeEndsWithItsContext(t *testing.T) {
	reg, err := registry.Open(t.TempDir())
	noErr(t, err)
	defer reg.Close()
	flows := &workflows{runs: map[string]progress.Run{"r": {RunID: "r", Domain: "legal", Status: "running"}}}
	ln, err := Listen("127.0.0.1:0", false)
	noErr(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		served <- Serve(ctx, ln, New(Options{Registry: reg, Runs: flows, Token: testToken, Poll: time.Millisecond}), nil)
	}()
	req, err := http.NewRequest("GET", "http://"+ln.Addr().String()+"/runs/r/events", nil)
	noErr(t, err)
	k := newKeys(testToken)
	req.AddCookie(&http.Cookie{Name: k.cookie, Value: k.session})
	res, err := http.DefaultClient.Do(req)
	noErr(t, err)
	defer res.Body.Close()
	cancel()
	if err := <-served; err != nil {
		t.Errorf("serve ended with %v", err)
	}
	io.Copy(io.Discard, res.Body) // returns: the stream has ended too
}

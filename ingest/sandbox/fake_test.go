package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"adapt/ingest"
)

// secret is the text of a document that must not be seen anywhere else.
const secret = "Jane Doe has a nodule"

// The worker of a test is the test's program, with a reader that does what a
// file's name says. It is set before init looks whether this is a worker.
var _ = func() struct{} {
	parse = fakeParse
	return struct{}{}
}()

var filesRead int

func fakeParse(ctx context.Context, name string, data []byte, lim ingest.Limits) ([]ingest.Document, []ingest.BadPart, error) {
	filesRead++
	misbehave, ok := misbehaviour[name]
	if !ok {
		return ingest.ParseText(ctx, name, data, lim)
	}
	docs, bad, err := ingest.ParseText(ctx, name, data, lim)
	if err == nil {
		docs[0].Blocks = nil // of another text than misbehave may write
		err = misbehave(docs)
	}
	if err != nil {
		return nil, nil, err
	}
	return docs, bad, nil
}

// misbehaviour is what hostile files may make of a reader.
var misbehaviour = map[string]func([]ingest.Document) error{
	"good": func([]ingest.Document) error { return nil },
	"crash": func([]ingest.Document) error {
		go func() { panic(secret) }()
		time.Sleep(time.Minute)
		return nil
	},
	"throw": func([]ingest.Document) error { // a fault that can not be recovered
		m := map[int]int{}
		for range 4 {
			go func() {
				for i := 0; ; i++ {
					m[i%10] = i
				}
			}()
		}
		time.Sleep(time.Minute)
		return nil
	},
	"stack": func([]ingest.Document) error {
		var deeper func(n int) int
		deeper = func(n int) int { return deeper(n+1) + 1 }
		deeper(0)
		return nil
	},
	"exit": func([]ingest.Document) error {
		os.Exit(0)
		return nil
	},
	"hang": func([]ingest.Document) error {
		for n := 0; ; n++ {
		}
	},
	"memory": func([]ingest.Document) error { // little by little
		for all := [][]byte{}; ; {
			b := make([]byte, 1<<16)
			for i := range b {
				b[i] = byte(len(all))
			}
			all = append(all, b)
		}
	},
	"gulp": func([]ingest.Document) error { // more than there is, at once
		b := make([]byte, 1<<40)
		b[len(b)-1] = 1
		return nil
	},
	"output": func(docs []ingest.Document) error {
		docs[0].Text = strings.Repeat(secret, 1<<20)
		return nil
	},
	"flood": func([]ingest.Document) error { // past the protocol
		os.Stdout.Write([]byte{0xff, 0xff, 0xff, 0xff})
		for {
			os.Stdout.Write(make([]byte, 1<<16))
		}
	},
	"babble": func([]ingest.Document) error {
		os.Stdout.Write([]byte("\x00\x00\x00\x05hello"))
		return nil
	},
	"mute": func([]ingest.Document) error {
		os.Stdout.Close()
		return nil
	},
	"fault": func([]ingest.Document) error { return errors.New(secret) },
	"forged": func(docs []ingest.Document) error {
		docs[0].ID = strings.Repeat("0", 32)
		return nil
	},
	"range": func(docs []ingest.Document) error {
		docs[0].Sections = []ingest.Section{{Name: "x", Start: 0, End: 1 << 20}}
		return nil
	},
	"reason": func([]ingest.Document) error {
		return &ingest.Quarantine{Reason: secret, Detail: secret}
	},
	"second": func(docs []ingest.Document) error {
		if filesRead > 1 {
			os.Exit(1)
		}
		docs[0].Text = fmt.Sprint(filesRead)
		return nil
	},
	"pid": func(docs []ingest.Document) error {
		docs[0].Text = fmt.Sprint(os.Getpid())
		return nil
	},
	"probe": func(docs []ingest.Document) error {
		docs[0].Text = probe(docs[0].Text)
		return nil
	},
}

// probe says what a worker can do that it should not.
func probe(path string) string {
	var can strings.Builder
	try := func(what string, err error) {
		if err == nil {
			fmt.Fprintln(&can, what)
		}
	}
	fmt.Fprintln(&can, "env", strings.Join(os.Environ(), " "))
	_, err := os.ReadFile(path)
	try("read a file", err)
	_, err = os.Stat(path)
	try("see a file", err)
	try("write a file", os.WriteFile(path+"2", nil, 0o600))
	_, err = net.Dial("tcp", "127.0.0.1:80")
	var errno syscall.Errno
	if !errors.As(err, &errno) || errno != syscall.EPERM {
		err = nil
	}
	try("reach the network", err)
	try("start a program", exec.Command("/bin/true").Run())
	try("signal others", syscall.Kill(os.Getppid(), 0))
	var lim syscall.Rlimit
	try("change its limits", syscall.Getrlimit(syscall.RLIMIT_AS, &lim))
	debug.FreeOSMemory() // what it may do
	return can.String()
}

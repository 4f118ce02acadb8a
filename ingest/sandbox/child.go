package sandbox

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"adapt/ingest"
)

// workerName is what a worker process is called, which tells it apart from the
// program that it is otherwise.
const workerName = "adapt-reader"

// The program is its own worker: started under workerName it reads files and
// does nothing else. This is decided here, before the packages that read none
// are initialized, because those of a Temporal server take longer than a file;
// and every program that uses this package, a test too, has its workers by that.
func init() {
	if len(os.Args) == 2 && os.Args[0] == workerName {
		os.Exit(work(os.Args[1]))
	}
}

// Exit codes of a worker. The runtime's own is 2.
const (
	exitDone   = 0
	exitMemory = 3
	exitFault  = 4
)

// parse is replaced by tests, to have files that break a reader.
var parse = ingest.ParseText

// maxStack bounds the stack of a goroutine in bytes: a reader that follows
// nested things without end stops here, long before the memory does.
const maxStack = 64 << 20

// work is the life of a worker.
func work(arg string) int {
	var b bounds
	if json.Unmarshal([]byte(arg), &b) != nil {
		return exitFault
	}
	debug.SetMaxStack(maxStack)
	if b.Second {
		if ingest.LoadSecondReader(b.Cache) != nil {
			return exitFault
		}
		debug.FreeOSMemory()
		// What the reader has taken is not the file's.
		b.Memory += int64(inUse())
	}
	debug.SetMemoryLimit(b.Memory * 3 / 4)
	confined, err := confine(b.Memory)
	if err != nil {
		return exitFault
	}
	go watchMemory(uint64(b.Memory))
	out := bufio.NewWriterSize(os.Stdout, 1<<16)
	if writeFrame(out, hello{confined}) != nil || out.Flush() != nil {
		return exitFault
	}
	return serve(b, requests(os.Stdin), out)
}

// watchMemory ends the process when the runtime has more memory from the system
// than max bytes. Where the kernel has a limit of its own it speaks for what is
// not the runtime's.
func watchMemory(max uint64) {
	for range time.Tick(20 * time.Millisecond) {
		if inUse() > max {
			os.Exit(exitMemory)
		}
	}
}

// inUse returns the bytes that the runtime has from the system.
func inUse() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64() - sample[1].Value.Uint64()
}

// A file is a request with its bytes.
type file struct {
	request
	data []byte
}

// requests reads what is asked for. It reads on while a file is parsed, so that
// the process ends at once when the program that started it has ended.
func requests(r io.Reader) <-chan file {
	files := make(chan file)
	go func() {
		in := bufio.NewReaderSize(r, 1<<16)
		for {
			var f file
			if _, err := readFrame(in, maxControl, &f.request); err != nil {
				os.Exit(exitDone)
			}
			f.data = make([]byte, f.Size)
			if _, err := io.ReadFull(in, f.data); err != nil {
				os.Exit(exitDone)
			}
			files <- f
		}
	}()
	return files
}

// serve answers requests until it is time for a fresh process.
func serve(b bounds, files <-chan file, out *bufio.Writer) int {
	for n := 1; ; n++ {
		f := <-files
		f.Limits.FirstReaderOnly = !b.Second
		e := answer(f, b.Output, out)
		f.data = nil
		e.Last = e.Last || n >= b.Files || grown(b.Memory/4)
		if writeFrame(out, reply{End: &e}) != nil || out.Flush() != nil {
			return exitFault
		}
		if e.Last {
			return exitDone
		}
	}
}

// grown reports whether more than max bytes are in use after a file.
func grown(max int64) bool {
	var m runtime.MemStats
	if runtime.ReadMemStats(&m); m.Sys-m.HeapReleased < uint64(max) {
		return false
	}
	debug.FreeOSMemory()
	runtime.ReadMemStats(&m)
	return m.Sys-m.HeapReleased >= uint64(max)
}

// answer parses a file and writes what it gives, at most max bytes of it.
func answer(f file, max int64, out io.Writer) end {
	f.Limits.SubjectKey = f.SubjectKey
	var docs []ingest.Document
	var bad []ingest.BadPart
	var picture []byte
	var err error
	if f.Draw > 0 {
		picture, err = drawPage(f)
	} else {
		docs, bad, err = parse(context.Background(), f.Name, f.data, f.Limits)
	}
	if err != nil {
		return failed(err)
	}
	send := func(r reply) error {
		b, err := encodeFrame(r)
		if err != nil {
			return err
		}
		if max -= int64(len(b)); max < 0 {
			return errFrameTooLarge
		}
		_, err = out.Write(b)
		return err
	}
	if picture != nil {
		err = send(reply{Picture: picture})
	}
	for i := range docs {
		if err = send(reply{Document: &docs[i], Known: docs[i].Known}); err != nil {
			break
		}
		docs[i] = ingest.Document{}
	}
	for i := range bad {
		if err == nil {
			err = send(reply{Bad: &bad[i]})
		}
	}
	switch {
	case errors.Is(err, errFrameTooLarge):
		return end{Quarantine: tooMuch(), Last: true}
	case err != nil:
		return end{Fault: true, Last: true}
	}
	return end{}
}

// failed is the end of a request that gave an error.
func failed(err error) end {
	var q *ingest.Quarantine
	if !errors.As(err, &q) {
		return end{Fault: true, Last: true}
	}
	// Something may go on in a reader that was left behind.
	e := end{Quarantine: q, Second: err == ingest.ErrSecondReader}
	e.Last = q.Reason == ingest.ReasonTimeout || q.Reason == ingest.ReasonCrashed
	var scans *ingest.Scans
	if errors.As(err, &scans) {
		e.Scans = scans.Pages
	}
	return e
}

// drawPage draws a page within the limits of a file.
func drawPage(f file) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), f.Limits.Timeout)
	defer cancel()
	picture, err := ingest.DrawPage(ctx, f.data, f.Draw)
	if ctx.Err() != nil {
		return nil, ingest.TooLong(f.Limits.Timeout)
	}
	return picture, err
}

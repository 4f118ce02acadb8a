package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"adapt/ingest"
	"adapt/samples"
)

// damageSeed decides which files are damaged and how.
const damageSeed = 20

// A thousand damaged files end as documents or as quarantined ones: none is
// lost, none hangs, none takes more memory than it may, and this process lives.
func TestDamagedFiles(t *testing.T) {
	n := 1000
	if testing.Short() {
		n = 100
	}
	whole := wholeFiles(t)
	rng := rand.New(rand.NewPCG(damageSeed, damageSeed))
	lim := ingest.Limits{Timeout: 5 * time.Second, MaxMemory: 256 << 20, MaxExpanded: 64 << 20}
	p := newPool(t, Options{})
	peak := watchWorkers(t)

	var mu sync.Mutex
	ends := map[string]map[string]int{} // by format: how many files came to what
	began := time.Now()
	var all sync.WaitGroup
	slots := make(chan struct{}, 2*runtime.GOMAXPROCS(0))
	for i := range n {
		f := damage(rng, whole, i)
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			docs, _, err := p.Parse(t.Context(), f.name, f.data, lim)
			var q *ingest.Quarantine
			end := "documents"
			switch {
			case errors.As(err, &q):
				end = string(q.Reason)
			case err != nil:
				t.Errorf("file %d (%s): %v", i, f.how, err)
			case len(docs) == 0:
				t.Errorf("file %d (%s) is lost", i, f.how)
			}
			mu.Lock()
			defer mu.Unlock()
			ext := filepath.Ext(f.name)
			if ends[ext] == nil {
				ends[ext] = map[string]int{}
			}
			ends[ext][end]++
		})
	}
	all.Wait()
	t.Logf("%d files in %v", n, time.Since(began).Round(time.Millisecond))
	total := 0
	for _, ext := range slices.Sorted(maps.Keys(ends)) {
		var counts []string
		for _, end := range slices.Sorted(maps.Keys(ends[ext])) {
			counts = append(counts, fmt.Sprintf("%d %s", ends[ext][end], end))
			total += ends[ext][end]
		}
		t.Logf("%-6s %s", ext, strings.Join(counts, ", "))
	}
	if total != n {
		t.Errorf("%d of %d files came to an end", total, n)
	}
	// Half of the limit again is what collecting garbage may lag behind.
	if most := peak(); most > lim.MaxMemory*3/2 {
		t.Errorf("a worker took %d MB, and %d are allowed", most>>20, lim.MaxMemory>>20)
	} else {
		t.Logf("workers took up to %d MB", most>>20)
	}
	// The pool still reads what is whole.
	if _, err := readText(t, p, "good", ingest.Limits{}); err != nil {
		t.Errorf("after the damaged files: %v", err)
	}
}

// A specimen is a file, whole or damaged.
type specimen struct {
	name, how string
	data      []byte
}

const (
	perFormat    = 12 // whole files of a format and folder
	maxSpecimen  = 256 << 10
	realFiles    = "../../../shared/data"
	formatsFiles = "../testdata"
)

// wholeFiles returns files by format: the project's samples, its small files of
// every format, and real ones where they are at hand.
func wholeFiles(t *testing.T) [][]specimen {
	dir := t.TempDir()
	if err := samples.Extract(dir); err != nil {
		t.Fatal(err)
	}
	byFormat := map[string][]specimen{}
	rng := rand.New(rand.NewPCG(damageSeed, 0))
	for _, root := range []string{dir, formatsFiles, filepath.Join(realFiles, "legal"), filepath.Join(realFiles, "medical")} {
		found := map[string][]string{}
		filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return nil // what is not there is not damaged
			}
			if info, err := d.Info(); err == nil && info.Size() > 0 && info.Size() <= maxSpecimen {
				// Annotations and files about a folder are no documents.
				if ext := strings.ToLower(filepath.Ext(path)); ext != "" && ext != ".jsonl" && ext != ".md" {
					found[ext] = append(found[ext], path)
				}
			}
			return nil
		})
		for _, ext := range slices.Sorted(maps.Keys(found)) {
			paths := found[ext]
			rng.Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
			for _, path := range paths[:min(perFormat, len(paths))] {
				data, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				byFormat[ext] = append(byFormat[ext], specimen{name: filepath.Base(path), data: data})
			}
		}
	}
	for ext, content := range smallFiles {
		byFormat[ext] = append(byFormat[ext], specimen{name: "small" + ext, data: []byte(content)})
	}
	if _, err := os.Stat(realFiles); err != nil {
		t.Log("no real files are at hand: the project's own are damaged")
	}
	var whole [][]specimen
	for _, ext := range slices.Sorted(maps.Keys(byFormat)) {
		whole = append(whole, byFormat[ext])
	}
	return whole
}

// smallFiles see to it that formats are there that the samples have none of.
var smallFiles = map[string]string{
	".html": "<html><body><h1>Lease</h1><p>The rent is <b>due</b> monthly.</p><table><tr><td>a</td><td>1</td></tr></table></body></html>",
	".rtf":  `{\rtf1\ansi{\fonttbl\f0 Helvetica;}\f0\pard This {\b Agreement} is made\par on the first of May.\par}`,
	".eml":  "From: a@example.com\r\nTo: b@example.com\r\nSubject: Lease\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nThe lease.\r\n--x\r\nContent-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment; filename=a.txt\r\nContent-Transfer-Encoding: base64\r\n\r\nVGhlIHJlbnQu\r\n--x--\r\n",
	".csv":  "id,findings,impression\n1,The lungs are clear.,Normal.\n2,\"A nodule, 5 mm.\",Follow up.\n",
}

// watchWorkers returns a function that says how many bytes of memory of its own
// a child of this process had at most, as far as that can be seen.
func watchWorkers(t *testing.T) func() int64 {
	if runtime.GOOS != "linux" {
		return func() int64 { return 0 }
	}
	stop, done := make(chan struct{}), make(chan int64)
	go func() {
		peak := int64(0)
		for {
			children, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", os.Getpid()))
			for _, list := range children {
				b, _ := os.ReadFile(list)
				for pid := range strings.FieldsSeq(string(b)) {
					peak = max(peak, ownMemory(pid))
				}
			}
			select {
			case <-stop:
				done <- peak
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() int64 {
		close(stop)
		return <-done
	}
}

// ownMemory returns the bytes of anonymous memory that a process has.
func ownMemory(pid string) int64 {
	b, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "RssAnon:")
	var kb int64
	fmt.Sscan(rest, &kb)
	return kb << 10
}

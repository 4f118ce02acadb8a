package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// watchTree follows the memory of a process and of all that it started, and
// returns a function that says how much it was at most. Memory is the
// proportional set size: a page that several share is counted once.
func watchTree(pid int) (peak func() int64) {
	stop, done := make(chan struct{}), make(chan int64)
	go func() {
		most := int64(0)
		for {
			most = max(most, treeMemory(fmt.Sprint(pid)))
			select {
			case <-stop:
				done <- most
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	return func() int64 {
		close(stop)
		return <-done
	}
}

// treeMemory returns the bytes that a process and its descendants have. One
// that ends meanwhile counts nothing.
func treeMemory(pid string) int64 {
	sum := int64(0)
	if b, err := os.ReadFile("/proc/" + pid + "/smaps_rollup"); err == nil {
		if n, err := statusBytes(b, "Pss"); err == nil {
			sum = n
		}
	}
	lists, _ := filepath.Glob("/proc/" + pid + "/task/*/children")
	for _, name := range lists {
		b, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		for child := range strings.FieldsSeq(string(bytes.TrimSpace(b))) {
			sum += treeMemory(child)
		}
	}
	return sum
}

package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
)

// resetPeak lets the peak of the process's memory begin at what it has now.
func resetPeak() error {
	debug.FreeOSMemory()
	return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// peakMemory returns the most bytes of memory that the process has had at a time.
func peakMemory() (int64, error) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	return statusBytes(b, "VmHWM")
}

// statusBytes reads a line such as "VmHWM:   1234 kB".
func statusBytes(status []byte, key string) (int64, error) {
	lines := bufio.NewScanner(bytes.NewReader(status))
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), key+":"); ok {
			var kb int64
			if _, err := fmt.Sscanf(value, "%d kB", &kb); err != nil {
				return 0, fmt.Errorf("/proc/self/status: %q: %w", lines.Text(), err)
			}
			return kb << 10, nil
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no %s", key)
}

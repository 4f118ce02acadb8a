package bench

import (
	"os"
	"runtime/debug"
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

//go:build unix

package bench

import (
	"syscall"
	"time"
)

// processorTime is how long the process has computed, on all cores together:
// unlike the clock it stands still while other programs have the core.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return time.Duration(time.Now().UnixNano())
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

//go:build !unix

package bench

import "time"

// processorTime is the clock where the system does not tell more.
func processorTime() time.Duration { return time.Duration(time.Now().UnixNano()) }

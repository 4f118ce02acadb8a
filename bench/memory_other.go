//go:build !linux

package bench

import "errors"

func resetPeak() error { return nil }

func peakMemory() (int64, error) {
	return 0, errors.New("the peak of memory can be measured on Linux only")
}

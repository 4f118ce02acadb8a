//go:build !linux

package bench

import "errors"

var errNoPeak = errors.New("the peak of memory can be measured on Linux only")

func resetPeak() error { return errNoPeak }

func peakMemory() (int64, error) { return 0, errNoPeak }

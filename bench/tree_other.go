//go:build !linux

package bench

// watchTree can not follow a process here.
func watchTree(int) (peak func() int64) { return func() int64 { return 0 } }

//go:build !linux

package sandbox

// confine can do nothing here: the limits are those that the worker keeps by
// itself and those that the program sets it.
func confine(int64) (bool, error) { return false, nil }

//go:build !amd64 || purego

package kernel

func machineLevels() []*ops { return []*ops{portable} }

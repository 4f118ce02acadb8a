//go:build !unix

package sandbox

import (
	"os"
	"os/exec"
)

func self() (string, error) { return os.Executable() }

func apart(*exec.Cmd) {}

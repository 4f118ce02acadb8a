//go:build unix

package sandbox

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// self is the program that runs, also when its file has been replaced since.
func self() (string, error) {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe", nil
	}
	return os.Executable()
}

// apart keeps a terminal's Ctrl-C from a worker: it ends with the program.
func apart(cmd *exec.Cmd) {
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

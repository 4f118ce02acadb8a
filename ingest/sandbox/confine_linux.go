package sandbox

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/sys/unix"
)

// niceness is the priority of workers: what a person waits for goes first.
const niceness = 10

// confine takes from this process, for good, whatever reading a file does not
// need: memory beyond max bytes, writing files, core dumps, and by a filter
// over system calls all but computing and the files that are open. It reports
// whether the kernel has such a filter.
func confine(max int64) (bool, error) {
	// The data of the program and the runtime's tables are there before a file.
	have, err := dataSize()
	if err != nil {
		return false, err
	}
	for resource, limit := range map[int]uint64{
		// RLIMIT_DATA counts private writable memory, which RLIMIT_AS would not
		// tell from the address space that Go reserves and never uses.
		unix.RLIMIT_DATA:  have + uint64(max),
		unix.RLIMIT_FSIZE: 0,
		unix.RLIMIT_CORE:  0,
	} {
		if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
			return false, err
		}
	}
	if err := stepBack(); err != nil {
		return false, err
	}
	return filter()
}

// stepBack lowers the priority of every thread; those to come have that of the
// thread that starts them.
func stepBack() error {
	for range 2 { // the second time for threads that were being started
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, t := range threads {
			if id, err := strconv.Atoi(t.Name()); err == nil {
				// Refused where it is lower already, which is as well.
				unix.Setpriority(unix.PRIO_PROCESS, id, niceness)
			}
		}
	}
	return nil
}

// dataSize returns the bytes of private writable memory that this process has.
func dataSize() (uint64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(status) {
		if rest, ok := bytes.CutPrefix(line, []byte("VmData:")); ok {
			kb, err := strconv.ParseUint(string(bytes.Fields(rest)[0]), 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no VmData")
}

// computing are the system calls of a Go program that reads and writes open
// files, takes memory and runs goroutines. Opening files, sockets, and starting
// programs are not among them.
var computing = []string{
	"read", "write", "readv", "writev", "pread64", "close", "fstat", "lseek", "fcntl",
	"epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "eventfd2", "pipe2", "ppoll",
	"mmap", "munmap", "mprotect", "madvise", "mremap", "mincore", "brk",
	"futex", "exit", "exit_group", "set_robust_list", "rseq", "membarrier",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall",
	"timer_create", "timer_settime", "timer_delete", "setitimer",
	"nanosleep", "clock_nanosleep", "clock_gettime", "gettimeofday",
	"getpid", "gettid", "sched_yield", "sched_getaffinity", "getrandom",
}

// filter has the kernel refuse every other system call, with EPERM. Signals go
// to this process alone, and what is cloned is a thread, no process.
func filter() (bool, error) {
	a, err := arch.GetInfo("")
	if err != nil || !seccomp.Supported() {
		return false, nil // this machine has none: the other limits hold
	}
	var names []string
	for _, name := range computing {
		if _, ok := a.SyscallNames[name]; ok { // arm64 lacks the older ones
			names = append(names, name)
		}
	}
	self := seccomp.Condition{Argument: 0, Operation: seccomp.Equal, Value: uint64(os.Getpid())}
	thread := seccomp.Condition{Argument: 0, Operation: seccomp.BitsSet, Value: unix.CLONE_THREAD}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err = seccomp.LoadFilter(seccomp.Filter{
		NoNewPrivs: true,
		Flag:       seccomp.FilterFlagTSync,
		Policy: seccomp.Policy{
			DefaultAction: seccomp.ActionErrno,
			Syscalls: []seccomp.SyscallGroup{
				{
					Action: seccomp.ActionAllow,
					Names:  names,
					NamesWithCondtions: []seccomp.NameWithConditions{
						{Name: "clone", Conditions: seccomp.ArgumentConditions{thread}},
						{Name: "tgkill", Conditions: seccomp.ArgumentConditions{self}},
						{Name: "kill", Conditions: seccomp.ArgumentConditions{self}},
					},
				},
				// What clone3 is to make can not be seen by a filter; a C library
				// that is told that there is none takes clone.
				{Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS), Names: []string{"clone3"}},
			},
		},
	})
	return err == nil, err
}

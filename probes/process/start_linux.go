package process

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"opensrs-doctor/probes/thishost"
)

// The program's name, in its arguments, in the two lives of the inner process: while it becomes the other one, and after.
const (
	becoming = "opensrs-doctor: becoming"
	inside   = "opensrs-doctor: inside"
)

// The inner process's descriptors: the pipe to this one, and the copy of this program.
const pipeFD, programFD, firstFD = 3, 4, 5

// become is what the inner process does before it is the program again. The numbers are those of its descriptors.
type become struct {
	Spaces, Groups  []int
	Root            int // 0: none
	User            bool
	UID, GID        int
	Supplementary   []int
	Bounding, Power uint64
	NoNewPrivs      bool
	Env             []string
}

// Inner is this program, started as another process.
type Inner struct {
	Pipe    *os.File
	process *exec.Cmd
}

// Start starts this program as the target. Its first words on the pipe are "ok\n", or why it could not become that
// process; both have been read when this returns.
func (t *Target) Start() (*Inner, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "pipe"), os.NewFile(uintptr(pair[1]), "pipe")
	defer theirs.Close()
	program, err := sealedCopy()
	if err != nil {
		ours.Close()
		return nil, fmt.Errorf("this program could not be copied for the inner process: %w", err)
	}
	defer program.Close()
	order := become{User: os.Geteuid() == 0, UID: t.UID, GID: t.GID, Supplementary: t.Groups, Env: t.Env,
		Bounding: t.limits.bounding, Power: t.limits.effective, NoNewPrivs: t.limits.noNewPrivs}
	files := []*os.File{theirs, program}
	add := func(file *os.File) int {
		files = append(files, file)
		return pipeFD + len(files) - 1
	}
	for _, space := range t.joins.spaces {
		order.Spaces = append(order.Spaces, add(space))
	}
	for _, group := range t.joins.groups {
		order.Groups = append(order.Groups, add(group))
	}
	if t.joins.root != nil {
		order.Root = add(t.joins.root)
	}
	inner := &Inner{Pipe: ours, process: &exec.Cmd{Path: "/proc/self/exe", Args: []string{becoming}, Env: []string{"TZ="},
		ExtraFiles: files, SysProcAttr: &syscall.SysProcAttr{Setpgid: true}}}
	if err := inner.process.Start(); err != nil {
		ours.Close()
		return nil, err
	}
	if err := json.NewEncoder(ours).Encode(order); err == nil {
		err = inner.became()
		if err == nil {
			return inner, nil
		}
		inner.End(0)
		return nil, err
	}
	inner.End(0)
	return nil, fmt.Errorf("the inner process did not start")
}

// became waits for the inner process's first line, a character at a time: what follows is somebody else's.
func (i *Inner) became() error {
	line := make([]byte, 0, 64)
	_ = unix.SetsockoptTimeval(int(i.Pipe.Fd()), unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5})
	for one := make([]byte, 1); len(line) < 500; line = append(line, one[0]) {
		n, err := i.Pipe.Read(one)
		if n == 0 || err != nil {
			return fmt.Errorf("the inner process ended before it began")
		}
		if one[0] == '\n' {
			break
		}
	}
	_ = unix.SetsockoptTimeval(int(i.Pipe.Fd()), unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{})
	if string(line) != "ok" {
		return fmt.Errorf("%s", clean(string(line)))
	}
	return nil
}

// End ends the inner process: it may take so long to end by itself.
func (i *Inner) End(grace time.Duration) {
	_ = unix.Shutdown(int(i.Pipe.Fd()), unix.SHUT_RDWR) // it ends with its pipe
	done := make(chan struct{})
	go func() { _ = i.process.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(grace):
		_ = unix.Kill(-i.process.Process.Pid, unix.SIGKILL)
		<-done
	}
	i.Pipe.Close()
}

// sealedCopy is a copy of this program in memory, which its process cannot change, and cannot read where it is not root: then
// the kernel lets nobody of the same user look into that process from its first instruction on.
func sealedCopy() (*os.File, error) {
	own, err := os.Open("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	defer own.Close()
	fd, err := unix.MemfdCreate("opensrs-doctor", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_EXEC)
	if err == unix.EINVAL { // kernels before 6.3 do not know the last one
		fd, err = unix.MemfdCreate("opensrs-doctor", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return nil, err
	}
	program := os.NewFile(uintptr(fd), "program")
	if _, err = io.Copy(program, own); err == nil {
		if err = program.Chmod(0o111); err == nil {
			_, err = unix.FcntlInt(program.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|unix.F_SEAL_GROW|unix.F_SEAL_SHRINK|unix.F_SEAL_SEAL)
		}
	}
	if err != nil {
		program.Close()
		return nil, err
	}
	return program, nil
}

// Eyes look at the target's host with this process's own powers: a thread of its own is in the target's network namespace,
// and stays there until stop is called.
func (t *Target) Eyes() (eyes thishost.Eyes, stop func()) {
	here := thishost.Here{As: &thishost.Identity{UID: uint32(t.UID), Cgroup: t.Cgroup}}
	if !t.NetDiffers || os.Geteuid() != 0 {
		return here, func() {}
	}
	var space *os.File
	for _, each := range t.joins.spaces {
		if strings.HasSuffix(each.Name(), "/net") {
			space = each
		}
	}
	work := make(chan func())
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this function
		if unix.Setns(int(space.Fd()), unix.CLONE_NEWNET) != nil {
			for range work { // a look that is not made says nothing
			}
			return
		}
		for do := range work {
			do()
		}
	}()
	return &elsewhere{here, work}, func() { close(work) }
}

package process

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
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

// The inner process's descriptors: the pipe to this one, and the copy of this program. Those of the target come by the pipe.
const pipeFD, programFD = 3, 4

// become is what the inner process does before it is the program again. Before it come the descriptors of the target's
// namespaces, its control groups and its root directory, in this order.
type become struct {
	Spaces, Groups  int // how many
	Root            bool
	User            bool
	UID, GID        int
	Supplementary   []int
	Bounding, Power uint64
	NoNewPrivs      bool
	Env             []string
}

// Inner is this program, started as another process.
type Inner struct {
	Pipe *os.File
	pid  int // 0: it was not started
}

// preparation is an inner process that was not told yet what to become, and the program that it then becomes. Starting the
// one and copying the other take some milliseconds each, and neither needs the target.
type preparation struct {
	inner           *Inner
	program         *os.File
	started, copied error
	both            sync.WaitGroup
}

// Prepare begins what Start does and does not wait for it. Close ends what Start did not take.
func (t *Target) Prepare() {
	p := &preparation{}
	t.prepared = p
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		p.started = err
		return
	}
	theirs := os.NewFile(uintptr(pair[1]), "pipe")
	p.inner = &Inner{Pipe: os.NewFile(uintptr(pair[0]), "pipe")}
	if p.program, p.copied = newProgram(); p.copied != nil {
		theirs.Close()
		return
	}
	p.both.Go(func() { p.copied = fill(p.program) })
	p.both.Go(func() {
		defer theirs.Close()
		p.inner.pid, p.started = spawn(theirs, p.program)
	})
}

// spawn starts this program, which reads nothing and writes nowhere but to the pipe. Package os would first try out, with
// a process of its own, what the kernel knows of processes.
func spawn(pipe, program *os.File) (pid int, err error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	return syscall.ForkExec("/proc/self/exe", []string{becoming}, &syscall.ProcAttr{Env: []string{"TZ=", "GOMAXPROCS=1"},
		Files: []uintptr{null.Fd(), null.Fd(), null.Fd(), pipe.Fd(), program.Fd()}, Sys: &syscall.SysProcAttr{Setpgid: true}})
}

// end ends what was prepared.
func (p *preparation) end() {
	p.both.Wait()
	if p.program != nil {
		p.program.Close()
	}
	if p.inner != nil {
		p.inner.End(0)
	}
}

// Start starts this program as the target. Its first words on the pipe are "ok\n", or why it could not become that
// process; both have been read when this returns.
func (t *Target) Start() (*Inner, error) {
	if t.prepared == nil {
		t.Prepare()
	}
	p := t.prepared
	t.prepared = nil
	p.both.Wait()
	if err := p.becomes(t); err != nil {
		p.end()
		return nil, err
	}
	p.program.Close()
	return p.inner, nil
}

// becomes tells the prepared process what to become, and waits until it is.
func (p *preparation) becomes(t *Target) error {
	switch {
	case p.started != nil:
		return p.started
	case p.copied != nil:
		return fmt.Errorf("this program could not be copied for the inner process: %w", p.copied)
	}
	order := become{User: os.Geteuid() == 0, UID: t.UID, GID: t.GID, Supplementary: t.Groups, Env: t.Env,
		Bounding: t.limits.bounding, Power: t.limits.effective, NoNewPrivs: t.limits.noNewPrivs,
		Spaces: len(t.joins.spaces), Groups: len(t.joins.groups), Root: t.joins.root != nil}
	var rights []int
	for _, file := range append(append(slices.Clone(t.joins.spaces), t.joins.groups...), t.joins.root) {
		if file != nil {
			rights = append(rights, int(file.Fd()))
		}
	}
	// They come with a first byte of their own: what follows may be longer than one read gives.
	if err := unix.Sendmsg(int(p.inner.Pipe.Fd()), []byte{0}, unix.UnixRights(rights...), nil, 0); err != nil {
		return fmt.Errorf("the inner process did not start")
	}
	if json.NewEncoder(p.inner.Pipe).Encode(order) != nil {
		return fmt.Errorf("the inner process did not start")
	}
	return p.inner.became()
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
	defer i.Pipe.Close()
	_ = unix.Shutdown(int(i.Pipe.Fd()), unix.SHUT_RDWR) // it ends with its pipe
	if i.pid == 0 {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, err := unix.Wait4(i.pid, nil, 0, nil); err == unix.EINTR; _, err = unix.Wait4(i.pid, nil, 0, nil) {
		}
	}()
	select {
	case <-done:
	case <-time.After(grace):
		_ = unix.Kill(-i.pid, unix.SIGKILL)
		<-done
	}
}

// newProgram is an empty file in memory that can be executed.
func newProgram() (*os.File, error) {
	fd, err := unix.MemfdCreate("opensrs-doctor", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_EXEC)
	if err == unix.EINVAL { // kernels before 6.3 do not know the last one
		fd, err = unix.MemfdCreate("opensrs-doctor", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "program"), nil
}

// fill makes a file in memory a copy of this program, which its process cannot change, and cannot read where it is not root:
// then the kernel lets nobody of the same user look into that process from its first instruction on.
func fill(program *os.File) error {
	own, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer own.Close()
	for n := 1; n > 0; {
		switch n, err = unix.Sendfile(int(program.Fd()), int(own.Fd()), nil, 1<<30); err {
		case nil:
		case unix.EINTR, unix.EAGAIN:
			n = 1
		default:
			return err
		}
	}
	if err := program.Chmod(0o111); err != nil {
		return err
	}
	_, err = unix.FcntlInt(program.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|unix.F_SEAL_GROW|unix.F_SEAL_SHRINK|unix.F_SEAL_SEAL)
	return err
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

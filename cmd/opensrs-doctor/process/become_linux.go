package process

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Entered is for the beginning of main: whether Start started this program, and if so the pipe to who did. The first time it
// becomes the target, and does not come back: the program begins again.
func Entered() (pipe *os.File, is bool) {
	switch os.Args[0] {
	case becoming:
		pipe := os.NewFile(pipeFD, "pipe")
		err := enter(pipe)
		fmt.Fprintf(pipe, "%s\n", clean(err.Error())) // it has not come back only where it worked
		os.Exit(1)
	case inside:
		_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) // nobody of the same user looks into this process
		_ = unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
		_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
		unix.CloseOnExec(pipeFD)
		pipe := os.NewFile(pipeFD, "pipe")
		fmt.Fprint(pipe, "ok\n")
		return pipe, true
	}
	return nil, false
}

// enter becomes the target, on one thread: the others of this program end when it begins again.
func enter(pipe *os.File) error {
	runtime.LockOSThread()
	unix.CloseOnExec(programFD)
	var order become
	given, err := receive()
	if err == nil {
		err = readLine(pipe, &order)
	}
	if err != nil || len(given) < order.Spaces+order.Groups {
		return fmt.Errorf("the order cannot be read")
	}
	spaces, groups, root := given[:order.Spaces], given[order.Spaces:order.Spaces+order.Groups], given[order.Spaces+order.Groups:]
	for _, group := range groups {
		if _, err := unix.Write(group, []byte("0")); err != nil {
			return fmt.Errorf("its control group cannot be joined: %w", err)
		}
	}
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return fmt.Errorf("its root directory cannot be taken: %w", err)
	}
	for _, space := range spaces {
		if err := unix.Setns(space, 0); err != nil {
			return fmt.Errorf("its namespaces cannot be joined: %w", err)
		}
	}
	if order.Root {
		if len(root) != 1 {
			return fmt.Errorf("the order cannot be read")
		}
		if err := unix.Fchdir(root[0]); err != nil {
			return fmt.Errorf("its root directory cannot be taken: %w", err)
		}
		if err := unix.Chroot("."); err != nil {
			return fmt.Errorf("its root directory cannot be taken: %w", err)
		}
	}
	if err := unix.Chdir("/"); err != nil {
		return fmt.Errorf("its root directory cannot be entered: %w", err)
	}
	if err := order.powers(); err != nil {
		return err
	}
	return execute(programFD, inside, order.Env)
}

// receive takes the descriptors that come before the order. They end with this program.
func receive() (given []int, err error) {
	one, rights := make([]byte, 1), make([]byte, unix.CmsgSpace(4*64))
	n, with, flags, _, err := unix.Recvmsg(pipeFD, one, rights, unix.MSG_CMSG_CLOEXEC)
	if err != nil || n != 1 || flags&unix.MSG_CTRUNC != 0 {
		return nil, fmt.Errorf("the pipe ended")
	}
	messages, err := unix.ParseSocketControlMessage(rights[:with])
	if err != nil || len(messages) != 1 {
		return nil, err
	}
	return unix.ParseUnixRights(&messages[0])
}

// powers takes the target's user, groups and capabilities, and no others.
func (o become) powers() error {
	if o.NoNewPrivs {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("no_new_privs cannot be taken: %w", err)
		}
	}
	if !o.User {
		return nil
	}
	keep := o.Power
	if o.UID == 0 { // what root has after exec is its bounding set
		o.Bounding &= o.Power
	}
	for power := 0; power < 64; power++ {
		if has, _ := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(power), 0, 0, 0); has == 1 && o.Bounding&(1<<power) == 0 {
			if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(power), 0, 0, 0); err != nil {
				return fmt.Errorf("its capabilities cannot be taken: %w", err)
			}
		}
	}
	_ = unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
	_ = unix.Prctl(unix.PR_SET_KEEPCAPS, 1, 0, 0, 0)
	groups := make([]uint32, len(o.Supplementary)+1)
	for i, group := range o.Supplementary {
		groups[i] = uint32(group)
	}
	// The calls of package syscall change all threads, and those stay in the old namespaces.
	if _, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(o.Supplementary)), uintptr(unsafe.Pointer(&groups[0])), 0); errno != 0 {
		return fmt.Errorf("its groups cannot be taken: %w", errno)
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESGID, uintptr(o.GID), uintptr(o.GID), uintptr(o.GID)); errno != 0 {
		return fmt.Errorf("its group cannot be taken: %w", errno)
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(o.UID), uintptr(o.UID), uintptr(o.UID)); errno != 0 {
		return fmt.Errorf("its user cannot be taken: %w", errno)
	}
	var old [2]unix.CapUserData
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	if err := unix.Capget(&header, &old[0]); err != nil {
		return fmt.Errorf("its capabilities cannot be taken: %w", err)
	}
	var powers [2]unix.CapUserData
	for i := range powers {
		has := uint32(keep>>(32*i)) & old[i].Permitted
		powers[i] = unix.CapUserData{Effective: has, Permitted: has, Inheritable: has}
	}
	if err := unix.Capset(&header, &powers[0]); err != nil {
		return fmt.Errorf("its capabilities cannot be taken: %w", err)
	}
	for power := 0; o.UID != 0 && power < 64; power++ {
		if powers[power/32].Permitted&(1<<(power%32)) != 0 {
			_ = unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, uintptr(power), 0, 0)
		}
	}
	return nil
}

// execute begins a program by its descriptor: no file and no /proc is needed.
func execute(fd int, name string, env []string) error {
	none, err := unix.BytePtrFromString("")
	if err != nil {
		return err
	}
	argv, err := pointers([]string{name})
	if err != nil {
		return err
	}
	envp, err := pointers(append([]string{"TZ="}, env...))
	if err != nil {
		return err
	}
	_, _, errno := unix.RawSyscall6(unix.SYS_EXECVEAT, uintptr(fd), uintptr(unsafe.Pointer(none)),
		uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&envp[0])), unix.AT_EMPTY_PATH, 0)
	return fmt.Errorf("the check cannot begin in it: %w", errno)
}

// pointers are C strings with a nil behind the last.
func pointers(texts []string) ([]*byte, error) {
	all := make([]*byte, len(texts)+1)
	for i, text := range texts {
		pointer, err := unix.BytePtrFromString(text)
		if err != nil {
			return nil, err
		}
		all[i] = pointer
	}
	return all, nil
}

// readLine reads one JSON document that ends in a line feed, and nothing behind it.
func readLine(from *os.File, into any) error {
	var line []byte
	for one := make([]byte, 1); len(line) < 1<<20; line = append(line, one[0]) {
		if n, err := from.Read(one); n == 0 || err != nil {
			return fmt.Errorf("the pipe ended")
		}
		if one[0] == '\n' {
			break
		}
	}
	return json.Unmarshal(line, into)
}

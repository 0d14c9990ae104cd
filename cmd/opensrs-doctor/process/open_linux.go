package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// joins is what of a process is held open, to be entered later.
type joins struct {
	spaces []*os.File // namespaces, in the order in which they are entered: uts, net, mnt
	root   *os.File   // its root directory, where that is another one
	groups []*os.File // cgroup.procs of its control groups
}

// never are the powers that no process takes over from another.
var never = []Missing{
	{"seccomp filter", "a filter cannot be taken over from another process"},
	{"Landlock rules", "they cannot be taken over from another process"},
}

// open holds what a process sees, and checks that it is still the same process afterwards.
func open(text string, pid int) (t *Target, err error) {
	if pid == os.Getpid() {
		return nil, failed("leave --as out to check as this shell", "process %d is this check itself", pid)
	}
	s, err := readStatus(pid)
	if err != nil {
		return nil, asError(pid, err)
	}
	if err := s.ended(pid); err != nil {
		return nil, err
	}
	t = &Target{Asked: text, PID: pid, Name: clean(s.name), UID: s.uid, GID: s.gid, Groups: s.groups,
		Unit: clean(unitOf(s.cgroup)), Cgroup: s.cgroup, limits: s.limits, proc: procOf(pid)}
	if pool, is := strings.CutPrefix(strings.Join(s.title, " "), "php-fpm: pool "); is {
		t.Pool = clean(strings.TrimSpace(pool))
	}
	defer func() {
		if err != nil {
			t.Close()
			t, err = nil, asError(pid, err)
		}
	}()
	if t.Env, err = environment(pid); err != nil {
		return t, err
	}
	t.Taken = []string{"environment"}
	if os.Geteuid() == 0 {
		if err := t.hold(); err != nil {
			return t, err
		}
	} else if s.uid != os.Geteuid() {
		return t, failed("run it as root", "process %d belongs to uid %d: only root can speak for another user", pid, s.uid)
	} else {
		t.leave()
	}
	t.NotTaken = append(t.NotTaken, never...)
	if label, _ := readSmall(t.proc+"/attr/current", 4<<10); strings.Count(label, ":") >= 3 {
		t.NotTaken = append(t.NotTaken, Missing{"SELinux domain", "this check runs in its own"})
	}
	if now, err := readStatus(pid); err != nil || now.started != s.started || now.ended(pid) != nil {
		return t, failed("name one that stays", "process %d ended meanwhile", pid)
	}
	return t, nil
}

// hold opens the namespaces, the root directory and the control groups, as root.
func (t *Target) hold() error {
	for _, space := range []string{"uts", "net", "mnt"} {
		theirs, ours := namespace(t.PID, space), namespace(os.Getpid(), space)
		if theirs == "" {
			return os.ErrPermission
		}
		if theirs == ours {
			continue
		}
		file, err := os.Open(t.proc + "/ns/" + space)
		if err != nil {
			return err
		}
		t.joins.spaces = append(t.joins.spaces, file)
		t.NetDiffers = t.NetDiffers || space == "net"
		t.RootOther = t.RootOther || space == "mnt"
	}
	t.Taken = append(t.Taken, "network namespace", "mount namespace")
	if len(t.joins.spaces) > 0 && !capable(unix.CAP_SYS_ADMIN) {
		return failed("run it on the host of this container, as root", "joining the namespaces of process %d needs CAP_SYS_ADMIN, which this shell lacks", t.PID)
	}
	if err := t.holdRoot(); err != nil {
		return err
	}
	t.Taken = append(t.Taken, "root directory")
	if err := t.holdGroups(); err != nil {
		return err
	}
	t.Taken = append(t.Taken, "user and groups", "capabilities", "no_new_privs")
	return nil
}

// holdRoot opens the process's root directory, where it is not this process's own.
func (t *Target) holdRoot() error {
	root, err := unix.Open(t.proc+"/root", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: "root", Err: err}
	}
	var theirs, ours unix.Stat_t
	same := unix.Fstat(root, &theirs) == nil && unix.Stat("/", &ours) == nil && theirs.Dev == ours.Dev && theirs.Ino == ours.Ino
	if same && !t.RootOther {
		return unix.Close(root)
	}
	t.RootOther, t.joins.root = true, os.NewFile(uintptr(root), "root")
	return nil
}

// holdGroups opens cgroup.procs of the process's control groups that say something about the network: the one of the
// second version's hierarchy, and net_cls and net_prio of the first.
func (t *Target) holdGroups() error {
	own, _ := readSmall("/proc/self/cgroup", 64<<10)
	mounts := groupMounts()
	reason := ""
	for line := range strings.Lines(t.Cgroup) {
		parts := strings.SplitN(strings.TrimRight(line, "\n"), ":", 3)
		if len(parts) != 3 || strings.Contains(own, line) {
			continue
		}
		controller := parts[1]
		paused := failed("thaw it first: docker unpause, podman unpause, runc resume, systemctl thaw", "process %d is frozen: its control group %s is paused", t.PID, clean(parts[2]))
		if at, mounted := mounts[controller]; controller == "freezer" && mounted && frozen(filepath.Join(at, parts[2])) {
			return paused
		}
		if controller != "" && !strings.Contains(controller, "net_cls") && !strings.Contains(controller, "net_prio") {
			continue
		}
		mount, mounted := mounts[controller]
		directory := filepath.Join(mount, parts[2])
		switch {
		case !mounted:
			reason = "its hierarchy is not mounted here"
			continue
		case frozen(directory):
			return paused
		}
		file, err := os.OpenFile(directory+"/cgroup.procs", os.O_WRONLY|unix.O_NOFOLLOW, 0)
		if err != nil {
			reason = "its group cannot be joined: " + plain(err)
			continue
		}
		t.joins.groups = append(t.joins.groups, file)
	}
	if reason != "" {
		t.NotTaken = append(t.NotTaken, Missing{"control group", reason})
	} else {
		t.Taken = append(t.Taken, "control group")
	}
	return nil
}

// frozen reports whether a control group is paused; a process that joined it would be too.
func frozen(directory string) bool {
	events, _ := readSmall(directory+"/cgroup.events", 4<<10)
	state, _ := readSmall(directory+"/freezer.state", 4<<10) // of the first version's hierarchy
	return strings.Contains(events, "frozen 1") || strings.HasPrefix(state, "FR")
}

// groupMounts are where the hierarchies of control groups are mounted, by their controllers; "" is the second version's.
func groupMounts() map[string]string {
	mounts := map[string]string{}
	table, _ := readSmall("/proc/self/mountinfo", 4<<20)
	for line := range strings.Lines(table) {
		before, after, _ := strings.Cut(line, " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if len(fields) < 5 || len(kind) < 3 || fields[3] != "/" && !strings.HasPrefix(fields[3], "/..") {
			continue
		}
		switch kind[0] {
		case "cgroup2":
			mounts[""] = fields[4]
		case "cgroup":
			for _, name := range []string{"net_cls,net_prio", "net_prio,net_cls", "net_cls", "net_prio", "freezer"} {
				if strings.HasSuffix(kind[2], name) {
					mounts[name] = fields[4]
				}
			}
		}
	}
	return mounts
}

// leave notes what only root can take over.
func (t *Target) leave() {
	for _, space := range []struct{ name, what string }{{"net", "network namespace"}, {"mnt", "mount namespace"}} {
		if namespace(t.PID, space.name) != namespace(os.Getpid(), space.name) {
			t.NotTaken = append(t.NotTaken, Missing{space.what, "only root can join it"})
		}
	}
	if rootOf(t.PID) != rootOf(os.Getpid()) {
		t.NotTaken = append(t.NotTaken, Missing{"root directory", "only root can change to it"})
	}
	own, _ := readSmall("/proc/self/cgroup", 64<<10)
	if own != t.Cgroup {
		t.NotTaken = append(t.NotTaken, Missing{"control group", "only root can join it"})
	}
}

// namespace tells a process's namespaces of a kind apart; "" where that cannot be read.
func namespace(pid int, kind string) string {
	link, _ := os.Readlink(fmt.Sprintf("%s/ns/%s", procOf(pid), kind))
	return link
}

func capable(power int) bool {
	own, err := readStatus(os.Getpid())
	return err == nil && own.limits.effective&(1<<power) != 0
}

func plain(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return err.Error()
}

// Close gives back what is held open, and ends what Prepare began.
func (t *Target) Close() {
	if t.prepared != nil {
		t.prepared.end()
		t.prepared = nil
	}
	for _, file := range append(append(t.joins.spaces, t.joins.root), t.joins.groups...) {
		if file != nil {
			file.Close()
		}
	}
}

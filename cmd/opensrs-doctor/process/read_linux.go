package process

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"

	"opensrs-doctor/probes/thishost"
)

// status is what /proc says of a process.
type status struct {
	name       string
	state      byte   // R, S, D, Z, …
	started    string // since boot, in ticks: tells a process from a later one with the same number
	flags      uint64 // the kernel's PF_ flags
	uid, gid   int    // effective
	groups     []int
	limits     limits
	title      []string // its command line
	cgroup     string   // its file
	executable string   // "" where it cannot be read
}

const kernelThread = 0x00200000 // PF_KTHREAD

// readSmall reads a file of /proc of at most limit bytes.
func readSmall(name string, limit int64) (string, error) {
	file, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, limit))
	return string(text), err
}

// readStatus reads what is known of a process by its number.
func readStatus(pid int) (*status, error) {
	proc := procOf(pid)
	stat, err := readSmall(proc+"/stat", 4<<10)
	if err != nil {
		return nil, err
	}
	// The name is in brackets, and may hold any.
	open, closed := strings.IndexByte(stat, '('), strings.LastIndexByte(stat, ')')
	fields := strings.Fields(stat[max(closed+1, 0):])
	if open < 0 || closed < open || len(fields) < 20 {
		return nil, errors.New("its state cannot be read")
	}
	s := &status{name: stat[open+1 : closed], state: fields[0][0], started: fields[19]}
	s.flags, _ = strconv.ParseUint(fields[6], 10, 64)
	text, err := readSmall(proc+"/status", 64<<10)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(text) {
		name, rest, _ := strings.Cut(line, ":")
		words := strings.Fields(rest)
		number := func(i, base int) (n uint64) {
			if i < len(words) {
				n, _ = strconv.ParseUint(words[i], base, 64)
			}
			return n
		}
		switch name {
		case "Uid":
			s.uid = int(number(1, 10))
		case "Gid":
			s.gid = int(number(1, 10))
		case "Groups":
			for i := range words {
				s.groups = append(s.groups, int(number(i, 10)))
			}
		case "CapBnd":
			s.limits.bounding = number(0, 16)
		case "CapEff":
			s.limits.effective = number(0, 16)
		case "NoNewPrivs":
			s.limits.noNewPrivs = number(0, 10) == 1
		}
	}
	title, _ := readSmall(proc+"/cmdline", 64<<10)
	s.title = strings.Split(strings.TrimRight(title, "\x00"), "\x00")
	s.cgroup, _ = readSmall(proc+"/cgroup", 64<<10)
	s.executable, _ = os.Readlink(proc + "/exe")
	return s, nil
}

func procOf(pid int) string { return "/proc/" + strconv.Itoa(pid) }

// ended says why a process of that state cannot be spoken for; nil where it can.
func (s *status) ended(pid int) error {
	switch {
	case s.state == 'Z' || s.state == 'X':
		return failed("name its parent, or wait until it runs again", "process %d has ended, and only its number is left (a zombie)", pid)
	case s.flags&kernelThread != 0:
		return failed("name the process that makes the calls", "process %d is a kernel thread, %s", pid, clean(s.name))
	}
	return nil
}

// called reports whether a program goes by that name: its own, that of its file, or the first word of its title, which for
// php-fpm is followed by a colon.
func (s *status) called(name string) bool {
	if s.flags&kernelThread != 0 {
		return false
	}
	first, _, _ := strings.Cut(s.title[0], " ")
	return s.name == name || s.executable != "" && path.Base(strings.TrimSuffix(s.executable, " (deleted)")) == name ||
		strings.TrimSuffix(path.Base(first), ":") == name
}

// about is one line about a process, for choosing.
func (s *status) about() string {
	words := clean(strings.Join(s.title, " "))
	if strings.TrimSpace(words) == "" {
		words = clean(s.name)
	}
	if len(words) > 50 {
		words = words[:50] + "…"
	}
	about := words + ", uid " + strconv.Itoa(s.uid)
	if unit := unitOf(s.cgroup); unit != "" {
		about += ", " + clean(unit)
	}
	return about
}

// groupsOf are the paths in a file "cgroup": of the second version's hierarchy, and of the others.
func groupsOf(file string) (unified string, all []string) {
	for line := range strings.Lines(file) {
		parts := strings.SplitN(strings.TrimRight(line, "\n"), ":", 3)
		if len(parts) != 3 {
			continue
		}
		if all = append(all, parts[2]); parts[0] == "0" {
			unified = parts[2]
		}
	}
	return unified, all
}

// OwnGroup is this process's control group, as Target.Group is the target's.
func OwnGroup() string {
	text, _ := readSmall("/proc/self/cgroup", 64<<10)
	return (&Target{Cgroup: text}).Group()
}

// Group is the path of the target's control group: of the second version's hierarchy, or systemd's own.
func (t *Target) Group() string {
	unified, all := groupsOf(t.Cgroup)
	if unified == "" && len(all) > 0 {
		unified = all[len(all)-1]
	}
	return clean(unified)
}

func unitOf(cgroup string) string {
	unified, all := groupsOf(cgroup)
	for _, group := range append([]string{unified}, all...) {
		if unit := thishost.UnitOf(group); unit != "" {
			return unit
		}
	}
	return ""
}

// environment are those variables of a process that are taken over. It may have none: php-fpm's workers clear it.
func environment(pid int) (taken []string, err error) {
	text, err := readSmall(procOf(pid)+"/environ", 1<<20)
	if err != nil {
		return nil, err
	}
	return Taken(strings.Split(text, "\x00")), nil
}

// processes are the numbers of all processes but this one's.
func processes() (pids []int) {
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}

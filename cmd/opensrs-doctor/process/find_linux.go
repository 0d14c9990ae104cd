package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/user"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Find gives the process that a text names: PID, unit:NAME, user:NAME, process:NAME, container:ID or container:NAME. What it
// sees is held open until Close, so that it may end meanwhile. Errors are of type *Error.
func Find(text string) (*Target, error) {
	kind, name, named := strings.Cut(text, ":")
	if !named {
		pid, err := strconv.Atoi(text)
		if err != nil || pid <= 0 {
			return nil, failed("give a process number, unit:NAME, user:NAME, process:NAME or container:ID", "%q is no process", clean(text))
		}
		return open(text, pid)
	}
	if name == "" {
		return nil, failed("as in "+kind+":NAME", "%s: has no name after it", clean(kind))
	}
	switch kind {
	case "unit":
		return findUnit(text, name)
	case "user":
		return findUser(text, name)
	case "process":
		return one(text, matching(func(s *status) bool { return s.called(name) }), func() error {
			return failed("opensrs-doctor --as user:NAME speaks for a user without a process", "no process is called %s", clean(name))
		})
	case "container":
		return findContainer(text, name)
	}
	return nil, failed("give a process number, unit:NAME, user:NAME, process:NAME or container:ID", "%s: names no kind of process", clean(kind))
}

// found is a process that fits.
type found struct {
	pid int
	*status
}

func matching(fits func(*status) bool) (all []found) {
	for _, pid := range processes() {
		if s, err := readStatus(pid); err == nil && s.state != 'Z' && s.state != 'X' && fits(s) {
			all = append(all, found{pid, s})
		}
	}
	return all
}

// one gives the process that all those that fit are like; where they differ in what matters, the error has the choice.
func one(text string, all []found, none func() error) (*Target, error) {
	if len(all) == 0 {
		return nil, none()
	}
	kinds := map[string]found{}
	var names []string
	for _, each := range all {
		name := fmt.Sprint(each.uid, each.gid, each.groups, each.cgroup, each.limits, namespace(each.pid, "net"), namespace(each.pid, "mnt"), rootOf(each.pid))
		if _, known := kinds[name]; !known {
			kinds[name] = each
			names = append(names, name)
		}
	}
	if len(names) == 1 {
		return open(text, all[0].pid)
	}
	problem := failed("", "%s matches %d processes that differ in user, namespace or control group", clean(text), len(names))
	for _, name := range names {
		problem.Choices = append(problem.Choices, Choice{kinds[name].pid, kinds[name].about()})
	}
	return nil, problem
}

// rootOf tells root directories apart; "" where it cannot be read.
func rootOf(pid int) string {
	link, _ := os.Readlink(procOf(pid) + "/root")
	return link
}

// findUnit gives the process of a systemd unit: one whose control group has it in its path.
func findUnit(text, name string) (*Target, error) {
	if path.Ext(name) == "" {
		name += ".service"
	}
	return one(text, matching(func(s *status) bool {
		_, all := groupsOf(s.cgroup)
		return slices.ContainsFunc(all, func(group string) bool { return slices.Contains(strings.Split(group, "/"), name) })
	}), func() error {
		hint := "start it, or speak for its user: opensrs-doctor --as user:NAME"
		if owner := unitUser(name); owner != "" {
			hint = "start it, or speak for its user: opensrs-doctor --as user:" + owner
		}
		return failed(hint, "unit %s has no process: it is not active, or there is none of that name", clean(name))
	})
}

// unitUser is who a unit's file runs it as; "" where that is not found.
func unitUser(unit string) (owner string) {
	for _, directory := range []string{"/usr/lib/systemd/system", "/lib/systemd/system", "/run/systemd/system", "/etc/systemd/system"} {
		files, _ := filepath.Glob(filepath.Join(directory, filepath.Base(unit)+".d", "*.conf"))
		for _, file := range append([]string{filepath.Join(directory, filepath.Base(unit))}, files...) {
			text, _ := readSmall(file, 64<<10)
			for line := range strings.Lines(text) {
				if value, is := strings.CutPrefix(strings.TrimSpace(line), "User="); is && value == clean(value) {
					owner = value
				}
			}
		}
	}
	return owner
}

// findUser gives a user without a process: this one's namespaces and files, as that user.
func findUser(text, name string) (*Target, error) {
	account, err := user.Lookup(name)
	if err != nil {
		if account, err = user.LookupId(name); err != nil {
			return nil, failed("the users are in /etc/passwd; user:33 works too", "there is no user %s", clean(name))
		}
	}
	t := &Target{Asked: text, Name: account.Username}
	t.UID, _ = strconv.Atoi(account.Uid)
	t.GID, _ = strconv.Atoi(account.Gid)
	groups, _ := account.GroupIds()
	for _, group := range groups {
		if id, err := strconv.Atoi(group); err == nil {
			t.Groups = append(t.Groups, id)
		}
	}
	own, err := readStatus(os.Getpid())
	if err != nil {
		return nil, failed("", "this process's own powers cannot be read: /proc is not mounted")
	}
	if t.UID != os.Geteuid() && os.Geteuid() != 0 {
		return nil, failed("run it as root", "only root can speak for another user, %s", clean(name))
	}
	t.Cgroup, t.limits = own.cgroup, own.limits
	if t.UID != 0 {
		t.limits.effective = 0
	}
	t.Taken = []string{"user and groups", "capabilities"}
	t.NotTaken = append([]Missing{{"environment", "a user without a process has none: name a process where proxies or certificates are set for it"}}, never...)
	return t, nil
}

// findContainer gives a container's process by its control group, whose name holds the container's ID.
func findContainer(text, name string) (*Target, error) {
	id := name
	if !isID(name) {
		id = containerNamed(name)
	}
	inside := matching(func(s *status) bool {
		_, all := groupsOf(s.cgroup)
		return id != "" && slices.ContainsFunc(all, func(group string) bool { return holdsID(group, id) })
	})
	if len(inside) == 0 {
		if pid := runcState(name); pid > 0 {
			return open(text, pid)
		}
	}
	// A container's first process is the one with the lowest number; the others are its children, or were let in.
	return one(text, inside, func() error {
		if id == "" {
			return failed("give its ID: docker ps, podman ps or crictl ps print it; opensrs-doctor --as container:ID",
				"no container is called %s in the state files of Docker or Podman", clean(name))
		}
		return failed("docker ps, podman ps or crictl ps list those that run", "no process is in a control group of container %s", clean(name))
	})
}

func isID(text string) bool {
	return len(text) >= 12 && strings.Trim(text, "0123456789abcdef") == ""
}

// holdsID reports whether a part of a control group's path is the ID, or ends in it as engines name their groups:
// docker-ID.scope, libpod-ID.scope, cri-containerd-ID.scope, crio-ID.scope.
func holdsID(group, id string) bool {
	for _, part := range strings.Split(group, "/") {
		part = strings.TrimSuffix(part, ".scope")
		if at := strings.LastIndexAny(part, "-:"); at >= 0 && strings.HasPrefix(part[at+1:], id) && isID(id) {
			return true
		}
		if part == id || isID(id) && strings.HasPrefix(part, id) {
			return true
		}
	}
	return false
}

// mostState is how many bytes of an engine's state file are read.
const mostState = 4 << 20

// containerNamed is the ID of the container of that name, from the state files of Docker and Podman; else the name itself,
// which may be a part of a control group's path, as with runc.
func containerNamed(name string) string {
	configs, _ := filepath.Glob("/var/lib/docker/containers/*/config.v2.json")
	for _, file := range configs {
		var container struct{ ID, Name string }
		if text, err := readSmall(file, mostState); err == nil && json.Unmarshal([]byte(text), &container) == nil &&
			strings.TrimPrefix(container.Name, "/") == name {
			return container.ID
		}
	}
	for _, file := range []string{"/var/lib/containers/storage/overlay-containers/containers.json", "/var/lib/containers/storage/vfs-containers/containers.json"} {
		var containers []struct {
			ID    string   `json:"id"`
			Names []string `json:"names"`
		}
		if text, err := readSmall(file, mostState); err == nil && json.Unmarshal([]byte(text), &containers) == nil {
			for _, container := range containers {
				if slices.Contains(container.Names, name) {
					return container.ID
				}
			}
		}
	}
	if runcState(name) > 0 {
		return name
	}
	return ""
}

// runcState is the first process of a container of runc's, from its state file; 0 where there is none.
func runcState(name string) int {
	if name != filepath.Base(name) {
		return 0
	}
	var state struct {
		PID int `json:"init_process_pid"`
	}
	text, err := readSmall("/run/runc/"+name+"/state.json", mostState)
	if err != nil || json.Unmarshal([]byte(text), &state) != nil {
		return 0
	}
	return state.PID
}

// Running are the names of the programs that run here, and of the systemd units that have processes.
func Running() (programs, units []string) {
	names, groups := map[string]bool{}, map[string]bool{}
	for _, each := range matching(func(s *status) bool { return s.flags&kernelThread == 0 }) {
		names[clean(each.name)] = true
		if unit := unitOf(each.cgroup); strings.HasSuffix(unit, ".service") {
			groups[clean(unit)] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), slices.Sorted(maps.Keys(groups))
}

// asError makes an error of this package's of any.
func asError(pid int, err error) error {
	var ours *Error
	switch {
	case errors.As(err, &ours):
		return err
	case gone(err):
		return failed("list the processes with ps -e; in a container their numbers are the container's own", "there is no process %d", pid)
	case errors.Is(err, os.ErrPermission) && os.Geteuid() == 0:
		return failed("run it as root of the machine itself, or speak for its user: opensrs-doctor --as user:NAME", "this shell's root may not look into process %d, as a container's root may not into the host's", pid)
	case errors.Is(err, os.ErrPermission):
		return failed("run it as root", "process %d belongs to another user: only root can speak for it", pid)
	}
	return failed("", "process %d cannot be spoken for: %s", pid, clean(err.Error()))
}

package thishost

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"opensrs-doctor/probes/evidence"
)

// Look reads what is known without sending anything. source is --source-ip, or not set.
func (h Here) Look(to netip.AddrPort, source netip.Addr) *evidence.ThisHost {
	uid, group := uint32(os.Geteuid()), small("/proc/self/cgroup")
	if h.As != nil {
		uid, group = h.As.UID, h.As.Cgroup
	}
	seen := &evidence.ThisHost{
		Conntrack: conntrack(),
		Ports:     localPorts(to),
		Steps:     steps(),
		Cgroup:    controlGroup(group),
		SELinux:   strings.TrimSpace(small("/sys/fs/selinux/enforce")) == "1",
		Container: contained(),
	}
	if to.Addr().Is4() {
		seen.Translation = translation(to)
		seen.Route = decide(policy{to: to.Addr(), source: source, port: to.Port(), uid: uid})
	}
	return seen
}

// small reads a file of the kernel of at most 64 KiB; "" where there is none.
func small(name string) string {
	file, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer file.Close()
	text := make([]byte, 64<<10)
	n, _ := file.Read(text)
	return string(text[:n])
}

func number(name string) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(small(name)))
	return n, err == nil
}

func conntrack() *evidence.Conntrack {
	count, known := number("/proc/sys/net/netfilter/nf_conntrack_count")
	most, knownToo := number("/proc/sys/net/netfilter/nf_conntrack_max")
	if !known || !knownToo {
		return nil
	}
	return &evidence.Conntrack{Count: count, Max: most}
}

func steps() *evidence.Steps {
	if most, known := number("/proc/sys/net/ipv4/ip_default_ttl"); known && most < evidence.OrdinaryTTL {
		return &evidence.Steps{Most: most}
	}
	return nil
}

// mostLines of /proc/net/tcp are looked at: a busy host has a hundred thousand.
const mostLines = 300_000

// portRange is the range that the kernel takes source ports from; 0 and 0 where it is not known.
func portRange() (first, last int) {
	if n, _ := fmt.Sscan(small("/proc/sys/net/ipv4/ip_local_port_range"), &first, &last); n != 2 {
		return 0, 0
	}
	return first, last
}

// localPorts counts the sockets whose peer is the endpoint, in whatever state.
func localPorts(to netip.AddrPort) *evidence.LocalPorts {
	ports := &evidence.LocalPorts{}
	if ports.First, ports.Last = portRange(); ports.Last == 0 || !to.Addr().Is4() {
		return nil
	}
	file, err := os.Open("/proc/thread-self/net/tcp")
	if err != nil {
		return nil
	}
	defer file.Close()
	address := to.Addr().As4()
	peer := []byte(fmt.Sprintf(" %08X:%04X ", binary.NativeEndian.Uint32(address[:]), to.Port()))
	lines := bufio.NewScanner(file)
	for n := 0; n < mostLines && lines.Scan(); n++ {
		if bytes.Contains(lines.Bytes(), peer) {
			ports.Used++
		}
	}
	return ports
}

// contained reports whether this is another network namespace than the machine's first: only in that one the kernel shows
// the settings of its receive queues. Marks of container engines would miss many, and init's namespace is shown to root
// only; within a container that has process numbers of its own it is the container's.
func contained() bool {
	_, err := os.Stat("/proc/sys/net/core/netdev_max_backlog")
	return err != nil
}

// controlGroup is a process's group of the second version's hierarchy, as its file in /proc names it, and what is attached
// to it and above it.
func controlGroup(lines string) *evidence.Cgroup {
	for line := range strings.Lines(lines) {
		if group, is := strings.CutPrefix(strings.TrimSpace(line), "0::"); is {
			found := &evidence.Cgroup{Path: group, Unit: UnitOf(group)}
			attached(found)
			return found
		}
	}
	return nil
}

// UnitOf is the innermost unit in a path as systemd makes it, "/system.slice/php8.2-fpm.service".
func UnitOf(group string) string {
	for group != "/" && group != "." && group != "" {
		name := path.Base(group)
		for _, suffix := range []string{".service", ".scope", ".slice"} {
			if strings.HasSuffix(name, suffix) {
				return name
			}
		}
		group = path.Dir(group)
	}
	return ""
}

// attached asks for the programs of the group and of those above it. That needs CAP_NET_ADMIN.
func attached(group *evidence.Cgroup) {
	root := "/sys/fs/cgroup"
	if _, err := os.Stat(root + "/cgroup.controllers"); err != nil {
		root += "/unified"
	}
	for at := group.Path; ; at = path.Dir(at) {
		directory, err := unix.Open(root+at, unix.O_DIRECTORY|unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			group.Why = "the hierarchy of control groups is not mounted here"
			return
		}
		for _, hook := range []struct {
			name string
			kind uint32
		}{{"connect4", unix.BPF_CGROUP_INET4_CONNECT}, {"egress", unix.BPF_CGROUP_INET_EGRESS}, {"ingress", unix.BPF_CGROUP_INET_INGRESS},
			{"post-bind4", unix.BPF_CGROUP_INET4_POST_BIND}, {"socket", unix.BPF_CGROUP_INET_SOCK_CREATE}} {
			n, err := programs(directory, hook.kind)
			if err != nil && group.Why == "" {
				group.Why = err.Error()
			}
			if n > 0 && (group.At == "" || group.At == at) {
				group.At, group.Programs = at, append(group.Programs, hook.name)
			}
		}
		unix.Close(directory)
		if at == "/" || group.Why != "" {
			return
		}
	}
}

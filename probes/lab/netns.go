//go:build linux

package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// home is the namespace that the test process started in; every thread goes back to it.
var home = openHome()

func openHome() int {
	fd, err := unix.Open("/proc/self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	return fd
}

// insideEnv is set inside the user namespace that a test of an ordinary user runs in.
const insideEnv = "OPENSRS_LAB_INSIDE"

// Node is one machine of the lab: a network namespace without a name, held by a file descriptor.
type Node struct {
	Name string
	fd   int
	tb   testing.TB
}

// NewNode makes an empty namespace with its loopback up. It closes with the test.
func NewNode(tb testing.TB, name string) *Node {
	tb.Helper()
	node, err := newNode(name)
	if err != nil {
		tb.Fatalf("namespace %s: %v", name, err)
	}
	node.tb = tb
	tb.Cleanup(node.close)
	return node
}

func newNode(name string) (*Node, error) {
	node := &Node{Name: name, fd: -1}
	err := onThread(home, func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("unshare: %w", err)
		}
		fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		node.fd = fd
		return err
	})
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"ipv4/ip_forward":             "1",
		"ipv4/conf/all/rp_filter":     "0",
		"ipv4/conf/default/rp_filter": "0",
	} {
		if err := node.Sysctl(name, value); err != nil {
			return nil, err
		}
	}
	_ = node.Sysctl("ipv6/conf/default/disable_ipv6", "1") // a kernel without IPv6 is as good
	return node, nil
}

// close gives the namespace back. The kernel takes namespaces down in the background, far behind the worlds that end, and
// has one table of neighbours for all of them, of 1,024: what this one knows of its neighbours goes at once, or worlds after
// it could not send a packet to a new one.
func (n *Node) close() {
	_ = n.tool("", "ip", "neigh", "flush", "nud", "all")
	_ = unix.Close(n.fd)
}

// onThread runs f on a thread in the given namespace. A thread that cannot be brought home is not
// unlocked, so the runtime ends it.
func onThread(ns int, f func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := unix.Setns(ns, unix.CLONE_NEWNET); err != nil {
			result <- fmt.Errorf("setns: %w", err)
			return
		}
		err := f()
		if unix.Setns(home, unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
		result <- err
	}()
	return <-result
}

// Do runs f on a thread inside the namespace. Sockets and processes that f itself makes belong there,
// for good; those of goroutines that f starts do not.
func (n *Node) Do(f func() error) error { return onThread(n.fd, f) }

// Sysctl sets a value below /proc/sys/net.
func (n *Node) Sysctl(name, value string) error {
	return n.Do(func() error {
		return os.WriteFile(filepath.Join("/proc/sys/net", name), []byte(value), 0o644)
	})
}

// tool runs a command of the system inside the namespace with script as its standard input.
func (n *Node) tool(script, name string, args ...string) error {
	return n.Do(func() error {
		cmd := exec.Command(name, args...)
		cmd.Stdin = strings.NewReader(script)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s on %s: %w: %s\n%s", name, n.Name, err, out, script)
		}
		return nil
	})
}

// IP runs lines of ip(8), without the word "ip".
func (n *Node) IP(lines ...string) {
	n.tb.Helper()
	if err := n.tool(strings.Join(lines, "\n")+"\n", "ip", "-batch", "-"); err != nil {
		n.tb.Fatal(err)
	}
}

// settle waits until every link that has a carrier is in operation. The kernel brings a new link there in the
// background, at most once a second, and loses what is sent before: a healthy world would look lossy.
func (n *Node) settle() {
	n.tb.Helper()
	for until := time.Now().Add(5 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		var links []struct {
			Flags []string `json:"flags"`
			State string   `json:"operstate"`
		}
		err := n.Do(func() error {
			out, err := exec.Command("ip", "-json", "link").Output()
			if err != nil {
				return err
			}
			return json.Unmarshal(out, &links)
		})
		if err != nil {
			n.tb.Fatal(err)
		}
		waiting := false
		for _, link := range links {
			waiting = waiting || slices.Contains(link.Flags, "LOWER_UP") && link.State == "DOWN"
		}
		if !waiting {
			return
		}
	}
}

// NFT loads a script of nft(8).
func (n *Node) NFT(script string) {
	n.tb.Helper()
	if err := n.tool(script, "nft", "-f", "-"); err != nil {
		n.tb.Fatal(err)
	}
}

// Filter adds rules to a hook: input, output, forward, or prerouting, which sees packets on arrival,
// before their TTL is looked at.
func (n *Node) Filter(hook string, rules ...string) {
	n.tb.Helper()
	priority := "filter"
	if hook == "prerouting" {
		priority = "raw"
	}
	n.NFT(fmt.Sprintf("table ip fault {\n chain %s {\n type filter hook %s priority %s;\n %s\n }\n}\n",
		hook, hook, priority, strings.Join(rules, "\n ")))
}

// family is the network of an address: tcp4 or tcp6, so that no listener takes both.
func family(network, address string) string {
	if strings.HasPrefix(address, "[") {
		return network + "6"
	}
	return network + "4"
}

// Listen opens a TCP listener inside the namespace. It closes with the test.
func (n *Node) Listen(address string) net.Listener {
	n.tb.Helper()
	var listener net.Listener
	err := n.Do(func() (err error) {
		listener, err = net.Listen(family("tcp", address), address)
		return err
	})
	if err != nil {
		n.tb.Fatalf("%s: %v", n.Name, err)
	}
	n.tb.Cleanup(func() { listener.Close() })
	return listener
}

// ListenPacket opens a UDP socket inside the namespace. It closes with the test.
func (n *Node) ListenPacket(address string) net.PacketConn {
	n.tb.Helper()
	var conn net.PacketConn
	err := n.Do(func() (err error) {
		conn, err = net.ListenPacket(family("udp", address), address)
		return err
	})
	if err != nil {
		n.tb.Fatalf("%s: %v", n.Name, err)
	}
	n.tb.Cleanup(func() { conn.Close() })
	return conn
}

// Dial connects from local, an address of the node ("": the kernel chooses), to an address, no name.
func (n *Node) Dial(ctx context.Context, local, address string) (net.Conn, error) {
	var dialer net.Dialer
	if local != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(local)}
	}
	var conn net.Conn
	err := n.Do(func() (err error) {
		conn, err = dialer.DialContext(ctx, "tcp4", address)
		return err
	})
	return conn, err
}

// link joins two nodes by a cable: device a on n, device b on other.
func (n *Node) link(a string, other *Node, b string) {
	n.tb.Helper()
	n.IP(fmt.Sprintf("link add %s type veth peer name %s netns /proc/%d/fd/%d", a, b, os.Getpid(), other.fd))
	n.plainPackets(a)
	other.plainPackets(b)
}

// plainPackets turns segmentation offload off, so that a filter by length sees packets as they would be
// on a real cable, and not 64 kB at once.
func (n *Node) plainPackets(device string) {
	const tso, gso, gro = 0x1f, 0x24, 0x2c // ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO of linux/ethtool.h
	err := n.Do(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		for _, command := range []uint32{tso, gso, gro} {
			value := struct{ command, data uint32 }{command, 0}
			request := struct {
				name [unix.IFNAMSIZ]byte
				data unsafe.Pointer
				_    [16]byte
			}{data: unsafe.Pointer(&value)}
			copy(request.name[:unix.IFNAMSIZ-1], device)
			_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL,
				uintptr(unsafe.Pointer(&request)))
			if errno != 0 {
				return fmt.Errorf("ethtool %#x: %w", command, errno)
			}
		}
		return nil
	})
	if err != nil {
		n.tb.Fatalf("%s %s: %v", n.Name, device, err)
	}
}

// Command prepares a program to start on the node with files in place of the machine's own: bind maps a
// path that exists to the file that is there instead. start returns once the program runs.
func (n *Node) Command(bind map[string]string, cmd *exec.Cmd) (start func() error) {
	return func() error {
		result := make(chan error, 1)
		go func() {
			runtime.LockOSThread() // never unlocked: the mount namespace is this thread's until it ends
			result <- func() error {
				if err := unix.Setns(n.fd, unix.CLONE_NEWNET); err != nil {
					return fmt.Errorf("setns: %w", err)
				}
				if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
					return fmt.Errorf("unshare mounts: %w", err)
				}
				if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
					return fmt.Errorf("private mounts: %w", err)
				}
				for path, file := range bind {
					if err := unix.Mount(file, path, "", unix.MS_BIND, ""); err != nil {
						return fmt.Errorf("mount over %s: %w", path, err)
					}
				}
				return cmd.Start()
			}()
		}()
		return <-result
	}
}

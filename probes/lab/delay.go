//go:build linux

package lab

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// lengthen replaces the cable between gateway and ISP by a long one, where the world asks for that: two
// TUN devices with the names, addresses and routes of the old ends, and packets that are carried from one
// to the other here, because not every kernel has a queueing discipline that delays. It is not a router: the
// TTL stays as it is.
func (w *World) lengthen() {
	w.tb.Helper()
	if w.Delay == 0 && w.Loss == 0 {
		return
	}
	gateway, isp := w.Gateway.ipLines("wan0"), w.ISP.ipLines("cust0")
	w.Gateway.IP("link del wan0") // takes the other end along
	near, far := w.Gateway.tun("wan0"), w.ISP.tun("cust0")
	w.Gateway.IP(gateway...)
	w.ISP.IP(isp...)
	w.carry(near, far)
}

// carry joins two TUN devices until the test ends. Each way has a random source of its own, so that which
// of its packets are lost does not depend on what went the other way.
func (w *World) carry(near, far *os.File) {
	var running sync.WaitGroup
	for i, ends := range [][2]*os.File{{near, far}, {far, near}} {
		l := &lane{from: ends[0], to: ends[1], delay: w.Delay / 2, loss: w.Loss, lost: &w.Lost,
			chance: rand.New(rand.NewPCG(w.Seed, uint64(i))), onWay: make(chan packet, 4096)}
		running.Go(l.take)
		running.Go(l.deliver)
	}
	w.tb.Cleanup(func() {
		near.Close()
		far.Close()
		running.Wait()
	})
}

// lane carries packets in one direction and keeps their order.
type lane struct {
	from, to *os.File
	delay    time.Duration // of each packet
	loss     float64       // the share that is dropped, 0 to 1
	lost     *atomic.Int32 // counts them
	chance   *rand.Rand
	onWay    chan packet
}

type packet struct {
	due   time.Time
	bytes []byte
}

func (l *lane) take() {
	defer close(l.onWay)
	buffer := make([]byte, 64<<10)
	for {
		n, err := l.from.Read(buffer)
		if err != nil {
			return
		}
		if l.chance.Float64() < l.loss {
			l.lost.Add(1)
			continue
		}
		l.onWay <- packet{time.Now().Add(l.delay), bytes.Clone(buffer[:n])}
	}
}

func (l *lane) deliver() {
	for p := range l.onWay {
		sleepUntil(p.due)
		_, _ = l.to.Write(p.bytes) // a packet that the other side does not take is lost, as on any cable
	}
}

// late is by how much the kernel may wake a sleeper too late. The timers of the Go runtime may be late by
// a whole millisecond.
const late = 300 * time.Microsecond

// sleepUntil is exact to some microseconds where a processor is free: it sleeps, and wakes early enough to
// look at the clock until it is time.
func sleepUntil(due time.Time) {
	for {
		left := time.Until(due)
		switch {
		case left <= 0:
			return
		case left > late:
			nap := unix.NsecToTimespec(int64(left - late))
			_ = unix.Nanosleep(&nap, nil) // a signal cuts it short: the loop sleeps on
		}
	}
}

// tun makes a TUN device on the node. A machine that does not let it skips the test, or fails it where a
// lab is required.
func (n *Node) tun(device string) *os.File {
	n.tb.Helper()
	var file *os.File
	err := n.Do(func() error {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		if err != nil {
			return fmt.Errorf("/dev/net/tun: %w", err)
		}
		request, err := unix.NewIfreq(device)
		if err == nil {
			request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
			err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
		}
		if err != nil {
			_ = unix.Close(fd)
			return fmt.Errorf("TUN device: %w", err)
		}
		file = os.NewFile(uintptr(fd), device)
		return nil
	})
	switch {
	case err == nil:
	case os.Getenv("OPENSRS_DOCTOR_LAB") == "require":
		n.tb.Fatalf("no slow link on this machine: %v", err)
	default:
		n.tb.Skipf("no slow link on this machine: %v", err)
	}
	return file
}

// ipLines are the lines of ip(8) that give a new device of that name what this one has: it is up, with its
// addresses and its routes.
func (n *Node) ipLines(device string) []string {
	n.tb.Helper()
	lines := []string{"link set " + device + " up"}
	err := n.Do(func() error {
		link, err := net.InterfaceByName(device)
		if err != nil {
			return err
		}
		addresses, err := link.Addrs()
		if err != nil {
			return err
		}
		for _, address := range addresses {
			if prefix, ok := address.(*net.IPNet); ok && prefix.IP.To4() != nil {
				lines = append(lines, fmt.Sprintf("addr add %s dev %s", prefix, device))
			}
		}
		routes, err := exec.Command("ip", "-4", "route", "show", "dev", device).Output()
		for route := range strings.Lines(string(routes)) {
			lines = append(lines, fmt.Sprintf("route replace %s dev %s", strings.TrimSpace(route), device))
		}
		return err
	})
	if err != nil {
		n.tb.Fatalf("%s %s: %v", n.Name, device, err)
	}
	return lines
}

//go:build linux

package lab

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// deniedGroup is a control group whose program at a hook says no to everything, as systemd's and container platforms' do.
func deniedGroup(tb testing.TB, kind, hook uint32, instructions ...uint64) string {
	tb.Helper()
	if os.Getenv(insideEnv) != "" {
		tb.Skip("needs root: a user namespace attaches no program to control groups")
	}
	root := "/sys/fs/cgroup"
	if _, err := os.Stat(root + "/cgroup.controllers"); err != nil {
		root += "/unified"
	}
	group, err := os.MkdirTemp(root, "opensrs-doctor-lab-")
	if err != nil {
		tb.Fatalf("a control group: %v", err)
	}
	tb.Cleanup(func() {
		for range 200 {
			if os.Remove(group) == nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
	program := denyingProgram(tb, kind, hook, append(instructions, 0xb7, 0x95)) // r0 = 0, which means no; exit
	defer unix.Close(program)
	directory, err := unix.Open(group, unix.O_DIRECTORY|unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		tb.Fatal(err)
	}
	defer unix.Close(directory)
	attach := struct{ target, program, kind, flags uint32 }{uint32(directory), uint32(program), hook, 0}
	if _, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_ATTACH, uintptr(unsafe.Pointer(&attach)), unsafe.Sizeof(attach)); errno != 0 {
		tb.Fatalf("attach: %v", errno)
	}
	return group
}

// denyingProgram loads these instructions.
func denyingProgram(tb testing.TB, kind, hook uint32, instructions []uint64) int {
	tb.Helper()
	license := []byte("GPL\x00")
	load := struct {
		kind, count           uint32
		instructions, license uint64
		logLevel, logSize     uint32
		log                   uint64
		kernel, flags         uint32
		name                  [16]byte
		interfaceIndex, as    uint32
	}{kind: kind, count: uint32(len(instructions)),
		instructions: uint64(uintptr(unsafe.Pointer(&instructions[0]))), license: uint64(uintptr(unsafe.Pointer(&license[0]))), as: hook}
	fd, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_LOAD, uintptr(unsafe.Pointer(&load)), unsafe.Sizeof(load))
	if errno != 0 {
		tb.Fatalf("load: %v", errno)
	}
	return int(fd)
}

// inGroup makes a world's target a process of such a group.
func inGroup(kind, hook uint32) func(*World) {
	return func(w *World) {
		group := deniedGroup(w.tb, kind, hook)
		w.Target = &Target{User: nobody, Started: func(pid int) {
			if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0); err != nil {
				w.tb.Fatal(err)
			}
		}}
	}
}

// byGroup looks for the program.
func byGroup(program string) func(*testing.T, *World, Result) {
	return func(t *testing.T, w *World, result Result) {
		fromHere("pass", "", "control group")(t, w, result)
		culprit("cgroup-program", program, "", "")(t, w, result)
	}
}

// cgroupWorlds are checks made as a process of a control group with a program.
var cgroupWorlds = []Fault{
	{Cause: "host.unit-denied", Name: "as-a-process-of-a-group-whose-program-refuses", Confidence: "certain", Check: byGroup("connect4"),
		Break: inGroup(unix.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, unix.BPF_CGROUP_INET4_CONNECT)},
	{Cause: "host.unit-denied", Name: "as-a-process-of-a-group-whose-program-drops", Confidence: "certain", Check: byGroup("egress"),
		Break: inGroup(unix.BPF_PROG_TYPE_CGROUP_SKB, unix.BPF_CGROUP_INET_EGRESS)},
	{Cause: "host.unit-denied", Name: "as-a-process-of-a-group-whose-program-drops-answers", Confidence: "certain", Check: byGroup("ingress"),
		Break: inGroup(unix.BPF_PROG_TYPE_CGROUP_SKB, unix.BPF_CGROUP_INET_INGRESS)},
}

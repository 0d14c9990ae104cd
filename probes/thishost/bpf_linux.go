package thishost

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// programs is how many BPF programs are attached to a control group at a hook (bpf(2), BPF_PROG_QUERY).
func programs(group int, hook uint32) (int, error) {
	query := struct {
		target, attach, flags, attachFlags uint32
		ids                                uint64
		count, _                           uint32
		_                                  [4]uint64 // later kernels' members
	}{target: uint32(group), attach: hook}
	_, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_QUERY, uintptr(unsafe.Pointer(&query)), unsafe.Sizeof(query))
	if errno != 0 {
		return 0, errno
	}
	return int(query.count), nil
}

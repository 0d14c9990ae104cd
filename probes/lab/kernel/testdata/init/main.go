//go:build linux

// Command init is the first process of a virtual machine that has this machine's files: it loads the modules that its
// initial file system holds, puts a layer of memory over the shared root, runs the command of /told.json in it, and
// powers off. What the command prints, and its status, are files of the folder shared as "out".
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// order is what /told.json says.
type order struct {
	Dir     string   // the working directory
	Command []string // the program and its arguments
	Environ []string // all that it gets
	Modules string   // the kernel's own folder below /lib/modules
}

func main() {
	if err := boot(); err != nil {
		fmt.Println(err)
	}
	unix.Sync()
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

func boot() error {
	raw, err := os.ReadFile("/told.json")
	if err != nil {
		return err
	}
	var r order
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	if err := loadModules(); err != nil {
		return err
	}
	if err := enterShared(r.Modules); err != nil {
		return err
	}
	return r.do()
}

// loadModules loads the initial file system's modules, in the order of their names.
func loadModules() error {
	files, err := filepath.Glob("/modules/*.ko")
	if err != nil {
		return err
	}
	slices.Sort(files)
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		err = unix.FinitModule(int(file.Fd()), "", 0)
		file.Close()
		if err != nil && !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// mount is one line of a table of mounts.
type mount struct{ source, target, kind, data string }

func (m mount) do(flags uintptr) error {
	if err := os.MkdirAll(m.target, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(m.source, m.target, m.kind, flags, m.data); err != nil {
		return fmt.Errorf("mount %s on %s: %w", m.source, m.target, err)
	}
	return nil
}

// enterShared makes the other machine's root this one's, below a layer of memory.
func enterShared(modules string) error {
	const p9 = "trans=virtio,version=9p2000.L,msize=524288,cache=loose"
	if err := (mount{"root", "/lower", "9p", p9}).do(unix.MS_RDONLY); err != nil {
		return err
	}
	for _, m := range []mount{
		{"tmpfs", "/layer", "tmpfs", "size=80%"},
		{"modules", "/layer/modules", "9p", p9},
		{"out", "/layer/out", "9p", "trans=virtio,version=9p2000.L,msize=524288"},
	} {
		if err := m.do(0); err != nil {
			return err
		}
	}
	for _, dir := range []string{"/layer/upper", "/layer/work", "/new"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	for _, m := range []mount{
		{"overlay", "/new", "overlay", "lowerdir=/lower,upperdir=/layer/upper,workdir=/layer/work"},
		{"proc", "/new/proc", "proc", ""},
		{"sysfs", "/new/sys", "sysfs", ""},
		{"devtmpfs", "/new/dev", "devtmpfs", ""},
		{"devpts", "/new/dev/pts", "devpts", ""},
		{"tmpfs", "/new/dev/shm", "tmpfs", ""},
		{"tmpfs", "/new/run", "tmpfs", "mode=0755"},
		{"cgroup2", "/new/sys/fs/cgroup", "cgroup2", ""},
	} {
		if err := m.do(0); err != nil {
			return err
		}
	}
	for from, to := range map[string]string{"/layer/modules": "/new/lib/modules/" + modules, "/layer/out": "/new/out"} {
		if err := os.MkdirAll(to, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(from, to, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("%s: %w", to, err)
		}
	}
	if err := os.Chdir("/new"); err != nil {
		return err
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return err
	}
	// The kernel's own threads share this process's root, so that it finds modprobe there, too.
	return unix.Chroot(".")
}

func (r order) do() error {
	output, err := os.Create("/out/printed")
	if err != nil {
		return err
	}
	defer output.Close()
	if err := exec.Command("/sbin/ip", "link", "set", "lo", "up").Run(); err != nil {
		return fmt.Errorf("ip link set lo up: %w", err)
	}
	cmd := exec.Command(r.Command[0], r.Command[1:]...)
	cmd.Dir, cmd.Env = r.Dir, r.Environ
	cmd.Stdout, cmd.Stderr = output, output
	status := "ok"
	if err := cmd.Run(); err != nil {
		status = err.Error()
	}
	return os.WriteFile("/out/status", []byte(status), 0o600)
}

//go:build linux

package kernel

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// machine is a virtual machine with the files of this one and another kernel.
type machine struct {
	kernel  string // the file
	version string // as uname -r prints it there
	base    string // the folder in which lib/modules is
	dir     string // for its files
	out     string // the folder that it may write to; it calls it /out
}

// modulesNeeded are for seeing the files of this machine.
var modulesNeeded = []string{"virtio_pci", "9pnet_virtio", "9p", "overlay"}

// newMachine takes the kernel whose package is unpacked in base. An error says what is missing.
func newMachine(base, dir string) (*machine, error) {
	kernels, err := filepath.Glob(filepath.Join(base, "boot", "vmlinuz-*"))
	if err != nil {
		return nil, err
	}
	if len(kernels) != 1 {
		return nil, fmt.Errorf("%s holds %d files boot/vmlinuz-*: unpack one package linux-image-* there", base, len(kernels))
	}
	version := strings.TrimPrefix(filepath.Base(kernels[0]), "vmlinuz-")
	if _, err := output("depmod", "-b", base, version); err != nil {
		return nil, err
	}
	m := &machine{kernel: kernels[0], version: version, base: base, dir: dir, out: filepath.Join(dir, "out")}
	return m, os.Mkdir(m.out, 0o755)
}

// order is what the first process of the machine is told: see testdata/init.
type order struct {
	Dir              string
	Command, Environ []string
	Modules          string
}

// run runs a command in the machine, and gives what it printed; where it or the machine fails, an error with it.
func (m *machine) run(ctx context.Context, o order) (printed string, err error) {
	o.Modules = m.version
	image, err := m.initial(o)
	if err != nil {
		return "", err
	}
	// Everything is computed: a machine within a machine is not to be had everywhere.
	args := []string{"-accel", "tcg,thread=multi", "-smp", "2", "-m", "4096", "-nodefaults", "-no-user-config", "-nic", "none",
		"-display", "none", "-serial", "stdio", "-no-reboot", "-kernel", m.kernel, "-initrd", image,
		"-append", "console=ttyS0 quiet panic=-1"}
	for tag, share := range map[string]string{
		"root":    "/,readonly=on",
		"modules": filepath.Join(m.base, "lib/modules", m.version) + ",readonly=on",
		"out":     m.out,
	} {
		args = append(args, "-fsdev", "local,id="+tag+",security_model=none,multidevs=remap,path="+share,
			"-device", "virtio-9p-pci,fsdev="+tag+",mount_tag="+tag)
	}
	console, err := exec.CommandContext(ctx, "qemu-system-x86_64", args...).CombinedOutput()
	written, _ := os.ReadFile(filepath.Join(m.out, "printed"))
	if err != nil {
		return string(written), fmt.Errorf("qemu-system-x86_64: %w: %s", err, console)
	}
	status, err := os.ReadFile(filepath.Join(m.out, "status"))
	if err != nil {
		return string(written), fmt.Errorf("the machine ended before its command did: %s", console)
	}
	if string(status) != "ok" {
		return string(written), fmt.Errorf("%s: %s", o.Command[0], status)
	}
	return string(written), nil
}

// initial writes the initial file system: the first process, what it is told, and the modules in the order of their names.
func (m *machine) initial(o order) (file string, err error) {
	first := filepath.Join(m.dir, "init")
	if _, err := output("go", "build", "-o", first, "./testdata/init"); err != nil {
		return "", err
	}
	told, err := json.Marshal(o)
	if err != nil {
		return "", err
	}
	var archive bytes.Buffer
	if err := addFile(&archive, "init", first); err != nil {
		return "", err
	}
	member(&archive, "told.json", 0o100644, told)
	member(&archive, "modules", 0o040755, nil)
	modules, err := m.modules()
	if err != nil {
		return "", err
	}
	for i, module := range modules {
		if err := addFile(&archive, fmt.Sprintf("modules/%02d.ko", i), module); err != nil {
			return "", err
		}
	}
	member(&archive, "TRAILER!!!", 0, nil)
	file = filepath.Join(m.dir, "initial.cpio")
	return file, os.WriteFile(file, archive.Bytes(), 0o600)
}

// modules are the files of those that are needed, each behind those that it needs itself.
func (m *machine) modules() (files []string, err error) {
	seen := map[string]bool{}
	for _, name := range modulesNeeded {
		lines, err := output("modprobe", "-d", m.base, "-S", m.version, "--show-depends", name)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(lines) {
			if file, is := strings.CutPrefix(strings.TrimSpace(line), "insmod "); is && !seen[file] {
				seen[file] = true
				files = append(files, file)
			}
		}
	}
	return files, nil
}

func addFile(archive *bytes.Buffer, name, file string) error {
	content, err := os.ReadFile(file)
	if err == nil {
		member(archive, name, 0o100755, content)
	}
	return err
}

// member adds a member to an archive of the form "newc", see cpio(5): fourteen numbers of eight hexadecimal digits, the
// name, the content, each filled up to a multiple of four.
func member(archive *bytes.Buffer, name string, mode int, content []byte) {
	archive.WriteString("070701")
	for _, number := range [13]int{1: mode, 4: 1, 6: len(content), 11: len(name) + 1} { // 4: how many links
		fmt.Fprintf(archive, "%08X", number)
	}
	for _, text := range [][]byte{append([]byte(name), 0), content} {
		archive.Write(text)
		archive.Write(make([]byte, -archive.Len()&3))
	}
}

// output is what a command prints; its programs are static, as what runs in the machine has to be.
func output(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	printed, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, args[0], err, printed)
	}
	return string(printed), nil
}

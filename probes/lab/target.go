//go:build linux

package lab

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Target is a process of the client's machine that the check is made as (--as).
type Target struct {
	User    uint32
	Env     map[string]string // besides SSL_CERT_FILE, which is the world's system store
	Hosts   string            // more lines for its own hosts file
	Conf    string            // its own resolv.conf, where not ""
	Store   []byte            // PEM: its own root certificates; nil: the world's
	Bare    bool              // its root directory holds its program and three files of /etc: no shell, no /proc
	Node    *Node             // its network; nil: the client's
	Started func(pid int)     // is called once it runs
	Plant   func(root string) // puts more into the root directory of a bare one

	pid int
}

// start starts the process and waits until it is another program than the test.
func (t *Target) start(w *World, program string) (flag string) {
	w.tb.Helper()
	if os.Getenv(insideEnv) != "" {
		w.tb.Skip("needs root: a user namespace of one user holds no other")
	}
	hosts, conf, store := w.HostsFile+t.Hosts, t.Conf, w.SystemStore
	if conf == "" {
		for _, resolver := range w.Resolvers {
			conf += "nameserver " + resolver.Address + "\n"
		}
	}
	if t.Store != nil {
		store = t.Store
	}
	root, err := os.MkdirTemp(filepath.Dir(program), "target")
	if err != nil {
		w.tb.Fatal(err)
	}
	w.tb.Cleanup(func() { _ = os.RemoveAll(root) })
	put := func(name string, content []byte) string {
		path := filepath.Join(root, name)
		if err := os.WriteFile(path, content, 0o644); err != nil {
			w.tb.Fatal(err)
		}
		return path
	}
	etc := filepath.Join(root, "etc")
	if err := os.MkdirAll(etc, 0o755); err != nil {
		w.tb.Fatal(err)
	}
	for _, dir := range []string{root, filepath.Dir(program)} { // the target's user reads its files
		if err := os.Chmod(dir, 0o755); err != nil {
			w.tb.Fatal(err)
		}
	}
	bind := map[string]string{"/etc/hosts": put("etc/hosts", []byte("127.0.0.1 localhost\n"+hosts)), "/etc/resolv.conf": put("etc/resolv.conf", []byte(conf))}
	pem := put("etc/roots.pem", store)
	env := map[string]string{"SSL_CERT_FILE": pem}
	cmd := exec.Command("/bin/sleep", "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: t.User, Gid: t.User}}
	if t.Bare {
		if err := os.Link(program, filepath.Join(root, "program")); err != nil { // no copy: a file that was just written may be busy
			w.tb.Fatal(err)
		}
		cmd = exec.Command("/program", "rules", "check", "--rule", "allow 203.0.113.0/25", "--ips", "-") // waits for its input
		stdin, err := cmd.StdinPipe()
		if err != nil {
			w.tb.Fatal(err)
		}
		w.tb.Cleanup(func() { stdin.Close() })
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: t.User, Gid: t.User}, Chroot: root}
		env["SSL_CERT_FILE"] = "/etc/roots.pem"
		if t.Plant != nil {
			t.Plant(root)
		}
	}
	maps.Copy(env, t.Env)
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Dir = "/"
	node := t.Node
	if node == nil {
		node = w.Client
	}
	if err := node.Command(bind, cmd)(); err != nil {
		w.tb.Fatalf("target: %v", err)
	}
	w.tb.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	t.pid = cmd.Process.Pid
	own, _ := os.Readlink("/proc/self/exe")
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		if now, err := os.Readlink("/proc/" + strconv.Itoa(t.pid) + "/exe"); err == nil && now != own {
			break
		}
	}
	if t.Started != nil {
		t.Started(t.pid)
	}
	return strconv.Itoa(t.pid)
}

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A container as podman makes it, with one program, no shell and no network: it is found by its name and by its ID, its
// environment has the proxy, and the name is in the hosts file that podman has made for it.
func TestAsAContainerOfPodman(t *testing.T) {
	rootOnly(t)
	podman, err := exec.LookPath("podman")
	if err != nil {
		t.Skip("needs podman: .ci/run installs it")
	}
	if out, err := exec.Command(podman, "info").CombinedOutput(); err != nil {
		t.Skipf("podman does not work on this machine: %s", out)
	}
	program, err := theBinary()
	if err != nil {
		t.Fatal(err)
	}
	root, name := t.TempDir(), "opensrs-doctor-test-"+strconv.Itoa(os.Getpid())
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	image := "localhost/" + name
	must := func(command ...string) string {
		t.Helper()
		out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
		}
		return strings.TrimSpace(string(out))
	}
	archive := filepath.Join(t.TempDir(), "image.tar")
	must("cp", program, filepath.Join(root, "program"))
	must("tar", "-C", root, "-cf", archive, ".")
	t.Cleanup(func() {
		_ = exec.Command(podman, "rm", "--force", "--time", "0", name).Run()
		_ = exec.Command(podman, "rmi", "--force", image).Run()
	})
	must(podman, "import", archive, image)
	// It reads addresses until its input ends, and podman keeps that open. The limits are podman's own elsewhere, and need
	// a power that a test may lack.
	id := must(podman, "run", "--detach", "--interactive", "--name", name, "--network", "none", "--ulimit", "nofile=1000:1000", "--ulimit", "nproc=1000:1000",
		"--user", "33:33", "--env", "HTTPS_PROXY=http://127.0.0.2:1", "--add-host", "api.test:192.0.2.9",
		image, "/program", "rules", "check", "--rule", "allow 203.0.113.0/25", "--ips", "-")
	id = id[strings.LastIndexByte(id, '\n')+1:]
	check := func(as string, more ...string) []byte {
		args := append([]string{"--as", as, "--endpoint", "https://api.test:55443/", "--no-third-parties", "--timeout", "3s", "-f", "json"}, more...)
		out, _ := exec.Command(program, args...).CombinedOutput()
		return out
	}
	out := check("container:" + name)
	for _, want := range []string{`"cause": "proxy.unreachable"`, `"uid": 33`, `"what": "network namespace"`, `"what": "files"`, `"there": "http://127.0.0.2:1`} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("no %s in %s", want, out)
		}
	}
	out = check("container:"+id, "--proxy", "none")
	for _, want := range []string{`"cause": "host.offline"`, `"192.0.2.9"`, `"there": "hosts file"`} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("no %s in %s", want, out)
		}
	}
}

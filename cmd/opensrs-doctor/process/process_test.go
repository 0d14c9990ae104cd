//go:build linux

package process

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain lets this test binary be the inner process too: it says what it is, and answers until its pipe ends.
func TestMain(m *testing.M) {
	if stream, is := Entered(); is {
		pipe := NewPipe(stream, map[string]func(json.RawMessage) (any, error){
			"who": func(json.RawMessage) (any, error) {
				own, err := readStatus(os.Getpid())
				if err != nil { // no /proc in there
					own = &status{}
				}
				_, shell := os.Stat("/bin/sh")
				return map[string]any{"uid": os.Geteuid(), "gid": os.Getegid(), "env": os.Environ(), "pid": os.Getpid(),
					"effective": own.limits.effective, "bounding": own.limits.bounding, "nnp": own.limits.noNewPrivs, "shell": shell == nil}, nil
			},
		})
		<-pipe.Ended()
		return
	}
	if os.Getenv("SLEEP_AS") == "zombie" {
		child := exec.Command("/bin/true")
		if err := child.Start(); err == nil {
			fmt.Println(child.Process.Pid)
			time.Sleep(time.Minute) // and never waits for it
		}
		return
	}
	os.Exit(m.Run())
}

func rooted(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}

// sleeper is a process of that user with that environment.
func sleeper(t *testing.T, uid uint32, env ...string) int {
	t.Helper()
	command := exec.Command("/bin/sleep", "60")
	command.Env = env
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}, Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Process.Kill(); command.Wait() })
	settled(t, command.Process.Pid)
	return command.Process.Pid
}

// settled waits until a process is another program than this test.
func settled(t *testing.T, pid int) {
	t.Helper()
	for range 2000 {
		if s, err := readStatus(pid); err == nil && s.called("sleep") {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("the process did not begin")
}

// entered starts the inner process as a target and asks who it is.
func entered(t *testing.T, target *Target) (who map[string]any, inner *Inner) {
	t.Helper()
	inner, err := target.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { inner.End(time.Second) })
	if err := NewPipe(inner.Pipe, nil).Ask("who", nil, &who); err != nil {
		t.Fatal(err)
	}
	return who, inner
}

// TestNeighbourIsRefused: a process of the target's own user can look neither into the memory of the inner process, nor at
// its environment or descriptors.
func TestNeighbourIsRefused(t *testing.T) {
	rooted(t)
	target, err := Find(strconv.Itoa(sleeper(t, 65534)))
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	who, _ := entered(t, target)
	pid := int(who["pid"].(float64))
	for _, what := range []string{"mem", "environ", "fd/3", "maps", "exe"} {
		look := exec.Command("/bin/cat", fmt.Sprintf("/proc/%d/%s", pid, what))
		look.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := look.CombinedOutput()
		if err == nil || !bytes.Contains(out, []byte("Permission denied")) {
			t.Errorf("%s: %v %q", what, err, out)
		}
	}
	look := exec.Command("/bin/sh", "-c", fmt.Sprintf("kill -0 %d", pid)) // and yet it is a process of the same user
	look.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if err := look.Run(); err != nil {
		t.Errorf("the neighbour is no neighbour: %v", err)
	}
}

// TestNoMorePowers: the inner process has the target's user and no capability beyond the target's.
func TestNoMorePowers(t *testing.T) {
	rooted(t)
	target, err := Find(strconv.Itoa(sleeper(t, 65534, "HTTPS_PROXY=http://192.0.2.1:3128", "SECRET=hidden", "LD_PRELOAD=/tmp/evil.so")))
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	who, _ := entered(t, target)
	if who["uid"] != 65534.0 || who["gid"] != 65534.0 || who["effective"] != 0.0 {
		t.Errorf("entered as %v", who)
	}
	if env := fmt.Sprint(who["env"]); env != "[TZ= HTTPS_PROXY=http://192.0.2.1:3128]" {
		t.Errorf("its environment is %s", env)
	}
}

// TestContainersRoot: a root that has lost most of its capabilities gets no more in the inner process, and no_new_privs stays.
func TestContainersRoot(t *testing.T) {
	rooted(t)
	if _, err := exec.LookPath("setpriv"); err != nil {
		t.Skip("needs setpriv of util-linux")
	}
	command := exec.Command("setpriv", "--no-new-privs", "--bounding-set=-all,+net_bind_service,+chown", "--inh-caps=-all,+net_bind_service,+chown", "sleep", "60")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Process.Kill(); command.Wait() })
	settled(t, command.Process.Pid)
	target, err := Find(strconv.Itoa(command.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	who, _ := entered(t, target)
	const few = 1<<unix.CAP_NET_BIND_SERVICE | 1<<unix.CAP_CHOWN
	if who["effective"] != float64(few) || who["bounding"] != float64(few) || who["nnp"] != true {
		t.Errorf("entered with %v", who)
	}
}

// TestWhoCannotBeSpokenFor: each is a clear error that names what to do.
func TestWhoCannotBeSpokenFor(t *testing.T) {
	zombie := exec.Command("/proc/self/exe")
	zombie.Env = []string{"SLEEP_AS=zombie"}
	out, err := zombie.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := zombie.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { zombie.Process.Kill(); zombie.Wait() })
	var dead int
	if _, err := fmt.Fscan(out, &dead); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if s, err := readStatus(dead); err == nil && s.state == 'Z' {
			break
		}
		time.Sleep(time.Millisecond)
	}
	for text, says := range map[string]string{
		strconv.Itoa(dead): "zombie", "0": "no process", "-1": "no process", "99999999": "no process 99999999", "abc": "no process",
		"unit:": "no name", "pod:x": "no kind", "unit:nothing-of-that-name": "not active", "user:nobody-of-that-name": "no user",
		"process:nothing-of-that-name": "no process is called", "container:nothing-of-that-name": "no container",
		"container:0123456789abcdef0123": "no process is in a control group", strconv.Itoa(os.Getpid()): "this check itself",
	} {
		_, err := Find(text)
		var problem *Error
		if !errors.As(err, &problem) || !strings.Contains(problem.Text, says) || problem.Hint == "" {
			t.Errorf("%s: %v", text, err)
		}
	}
	if thread, err := readStatus(2); err == nil && thread.flags&kernelThread != 0 {
		if _, err := Find("2"); err == nil || !strings.Contains(err.Error(), "kernel") {
			t.Errorf("a thread of the kernel: %v", err)
		}
	}
}

// TestSeveral: processes that differ in user are listed with a command each; those that are alike are one.
func TestSeveral(t *testing.T) {
	rooted(t)
	name := "sleep-" + strconv.Itoa(os.Getpid())
	program := filepath.Join(t.TempDir(), name)
	if err := os.Chmod(filepath.Dir(program), 0o755); err != nil {
		t.Fatal(err)
	}
	_ = os.Chmod(filepath.Dir(filepath.Dir(program)), 0o755)
	start := func(uid uint32) {
		command := &exec.Cmd{Path: "/bin/sleep", Args: []string{name, "60"}, SysProcAttr: &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { command.Process.Kill(); command.Wait() })
		settled(t, command.Process.Pid)
	}
	start(65534)
	start(65534)
	target, err := Find("process:" + name)
	if err != nil {
		t.Fatal(err)
	}
	target.Close()
	start(1)
	_, err = Find("process:" + name)
	var problem *Error
	if !errors.As(err, &problem) || len(problem.Choices) != 2 || !strings.Contains(problem.Choices[0].About+problem.Choices[1].About, "uid 1") {
		t.Errorf("of two users: %+v", problem)
	}
}

// TestFrozen: a paused control group is told before anything joins it.
func TestFrozen(t *testing.T) {
	rooted(t)
	mount, is := groupMounts()[""]
	if !is {
		t.Skip("needs the second version of control groups")
	}
	group := filepath.Join(mount, "opensrs-doctor-test-"+strconv.Itoa(os.Getpid()))
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Skip("needs to make a control group: " + err.Error())
	}
	t.Cleanup(func() {
		for range 100 {
			if os.Remove(group) == nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
	pid := sleeper(t, 65534)
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(group, name), []byte(text), 0); err != nil {
			t.Fatal(err)
		}
	}
	put("cgroup.procs", strconv.Itoa(pid))
	target, err := Find(strconv.Itoa(pid))
	if err != nil {
		t.Fatal(err)
	}
	_, inner := entered(t, target)
	joined, _ := os.ReadFile(filepath.Join(group, "cgroup.procs"))
	if !strings.Contains(string(joined), strconv.Itoa(inner.pid)) {
		t.Errorf("the group holds %q", joined)
	}
	inner.End(time.Second)
	target.Close()
	put("cgroup.freeze", "1")
	for range 1000 {
		if frozen(group) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if _, err := Find(strconv.Itoa(pid)); err == nil || !strings.Contains(err.Error(), "frozen") {
		t.Errorf("a frozen one: %v", err)
	}
	put("cgroup.freeze", "0")
}

// TestContainersByName: groups as the engines name them.
func TestContainersByName(t *testing.T) {
	const id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for _, group := range []string{"/docker/" + id, "/system.slice/docker-" + id + ".scope", "/machine.slice/libpod-" + id + ".scope/container",
		"/kubepods.slice/kubepods-pod1.slice/cri-containerd-" + id + ".scope", "/kubepods/besteffort/pod1/" + id, "/system.slice/crio-" + id + ".scope"} {
		if !holdsID(group, id) || !holdsID(group, id[:12]) {
			t.Errorf("%s does not hold it", group)
		}
		if holdsID(group, "fedcba987654") {
			t.Errorf("%s holds another one", group)
		}
	}
}

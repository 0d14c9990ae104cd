package main

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/sandbox"
)

func rootOnly(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: only root speaks for another user")
	}
}

// innerOf is the process that a check is made in for another one; 0 where there is none yet.
func innerOf(parent int) int {
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", parent, parent))
	entries, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
	for _, entry := range entries {
		more, _ := os.ReadFile(entry)
		children = append(append(children, ' '), more...)
	}
	for _, child := range strings.Fields(string(children)) {
		if title, _ := os.ReadFile("/proc/" + child + "/cmdline"); bytes.HasPrefix(title, []byte("opensrs-doctor: inside")) {
			pid, _ := strconv.Atoi(child)
			return pid
		}
	}
	return 0
}

// memoryHolds looks for words in all of a process's memory that it can write to.
func memoryHolds(t *testing.T, pid int, words ...string) map[string]bool {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	found := map[string]bool{}
	for line := range strings.Lines(string(maps)) {
		var from, to int64
		var powers string
		if n, _ := fmt.Sscanf(line, "%x-%x %s", &from, &to, &powers); n != 3 || !strings.HasPrefix(powers, "rw") || to-from > 1<<30 {
			continue
		}
		text := make([]byte, to-from)
		n, _ := memory.ReadAt(text, from)
		for _, word := range words {
			if bytes.Contains(text[:n], []byte(word)) {
				found[word] = true
			}
		}
	}
	return found
}

// The process that runs as another user, in whose memory its neighbours would look first, holds the signature of the one
// call and never the key.
func TestTheKeyIsNotInside(t *testing.T) {
	rootOnly(t)
	program, err := theBinary()
	if err != nil {
		t.Fatal(err)
	}
	called, leave := make(chan struct{}, 1), make(chan struct{})
	authority := sandbox.NewAuthority("Example Root")
	server := secured(t, authority, func(http.ResponseWriter, *http.Request) {
		called <- struct{}{}
		<-leave
	})
	defer server.Close()
	defer close(leave)
	run := exec.Command(program, asArgs(t, authority, server, "-f", "json")...)
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { run.Process.Kill(); run.Wait() }()
	select {
	case <-called:
	case <-time.After(20 * time.Second):
		t.Fatal("no call came")
	}
	inner := innerOf(run.Process.Pid)
	if inner == 0 {
		t.Fatal("there is no inner process")
	}
	holds := memoryHolds(t, inner, plantedKey, plantedKey[:16], plantedSignature)
	if !holds[plantedSignature] {
		t.Error("its memory was not looked through: the signature is not in it")
	}
	if holds[plantedKey] || holds[plantedKey[:16]] {
		t.Error("the API key is in its memory")
	}
	if outer := memoryHolds(t, run.Process.Pid, plantedKey); !outer[plantedKey] {
		t.Error("the key is not in the outer process, where it should be")
	}
}

// A service that sends the key and the signature back does so in vain here too: the inner process asks the outer one where
// the key is in a text.
func TestEchoesOfTheKeyInside(t *testing.T) {
	rootOnly(t)
	program, err := theBinary()
	if err != nil {
		t.Fatal(err)
	}
	authority := sandbox.NewAuthority("Example Root")
	server := secured(t, authority, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<title>%s %s %s</title>", plantedKey[3:40], strings.ToUpper(plantedKey[20:44]), r.Header.Get("X-Signature"))
	})
	defer server.Close()
	for _, format := range []string{"json", "human", "html", "markdown", "junit"} {
		out, _ := exec.Command(program, asArgs(t, authority, server, "-v", "-f", format)...).CombinedOutput()
		if !bytes.Contains(out, []byte("redacted")) {
			t.Errorf("%s: nothing was taken out: %s", format, out)
		}
		revealsNothing(t, string(out))
	}
}

func secured(t *testing.T, authority *sandbox.Authority, handle http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handle)
	server.Config.ErrorLog = nil
	server.TLS = &tls.Config{Certificates: []tls.Certificate{authority.Issue(sandbox.Template{Names: []string{"127.0.0.1"}})}}
	server.StartTLS()
	return server
}

func asArgs(t *testing.T, authority *sandbox.Authority, server *httptest.Server, more ...string) []string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "key"), plantedKey)
	write(t, filepath.Join(dir, "ca.pem"), string(authority.PEM()))
	return append([]string{"--as", "user:nobody", "--endpoint", server.URL, "--ca-file", filepath.Join(dir, "ca.pem"), "--no-third-parties",
		"--username", plantedUser, "--api-key-file", filepath.Join(dir, "key")}, more...)
}

// Ctrl-C while the inner process waits: what is known is written, and nobody is left behind.
func TestInterruptedInside(t *testing.T) {
	rootOnly(t)
	program, err := theBinary()
	if err != nil {
		t.Fatal(err)
	}
	called, leave := make(chan struct{}, 1), make(chan struct{})
	authority := sandbox.NewAuthority("Example Root")
	server := secured(t, authority, func(http.ResponseWriter, *http.Request) {
		called <- struct{}{}
		<-leave
	})
	defer server.Close()
	defer close(leave)
	run := exec.Command(program, asArgs(t, authority, server, "-f", "json")...)
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	<-called
	inner := innerOf(run.Process.Pid)
	if err := run.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(out)
	_ = run.Wait()
	if run.ProcessState.ExitCode() != console.ExitInternal || !bytes.Contains(text, []byte(`"verdict": "incomplete"`)) {
		t.Errorf("exit %d\n%s", run.ProcessState.ExitCode(), text)
	}
	if _, err := os.Stat("/proc/" + strconv.Itoa(inner)); inner == 0 || err == nil {
		t.Errorf("the inner process %d is left behind", inner)
	}
}

// php-fpm's own worker, whose proxy is set in the pool's file and in no environment that /proc shows: the proxy is dead, and
// only there.
func TestAsAWorkerOfPHPFPM(t *testing.T) {
	program, worker := poolWorker(t, "env[HTTPS_PROXY]=http://127.0.0.2:1")
	// No proxy is used for loopback, so the endpoint has an address of documentation; nothing is sent there by a dead proxy.
	out, _ := exec.Command(program, "--as", worker, "--endpoint", "https://192.0.2.1:55443/", "--no-third-parties", "--timeout", "3s", "-f", "json").CombinedOutput()
	for _, want := range []string{`"cause": "proxy.unreachable"`, `"url": "http://127.0.0.2:1"`, `"what": "proxy"`} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("no %s in %s", want, out)
		}
	}
}

// The login of a pool's proxy goes to that proxy, and into no output, not even where the proxy sends it back.
func TestAsAWorkerBehindAProxyWithALogin(t *testing.T) {
	var logins sync.Map
	const password = "pa55-w0rd/of+it"
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		login, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.Header.Get("Proxy-Authorization"), "Basic "))
		logins.Store(string(login), true)
		http.Error(w, "not you, "+string(login)+" "+r.Header.Get("Proxy-Authorization"), http.StatusForbidden)
	}))
	defer proxy.Close()
	at := strings.TrimPrefix(proxy.URL, "http://")
	program, worker := poolWorker(t, `env[HTTPS_PROXY]="http://shop:`+url.PathEscape(password)+`@`+at+`"`)
	for _, format := range []string{"json", "human", "html", "markdown"} {
		out, _ := exec.Command(program, "--as", worker, "--endpoint", "https://192.0.2.1:55443/", "--no-third-parties", "--timeout", "4s", "-v", "-f", format).CombinedOutput()
		if !bytes.Contains(out, []byte(at)) {
			t.Errorf("%s: the proxy is not named: %s", format, out)
		}
		for _, secret := range []string{password, url.PathEscape(password), password[:6], base64.StdEncoding.EncodeToString([]byte("shop:" + password))} {
			if bytes.Contains(out, []byte(secret)) {
				t.Errorf("%s: the password is shown: %s", format, out)
			}
		}
	}
	if _, sent := logins.Load("shop:" + password); !sent {
		t.Error("the proxy did not get the login")
	}
	out, _ := exec.Command(program, "clients", "--as", worker, "--endpoint", "https://192.0.2.1:55443/", "--only", "curl", "-f", "json").CombinedOutput()
	if !bytes.Contains(out, []byte(at)) || bytes.Contains(out, []byte(password[:6])) {
		t.Errorf("clients: %s", out)
	}
}

// poolWorker starts php-fpm with one pool that has one worker, and gives the worker's number.
func poolWorker(t *testing.T, lines ...string) (program, worker string) {
	t.Helper()
	rootOnly(t)
	programs, _ := filepath.Glob("/usr/sbin/php-fpm[0-9]*")
	if len(programs) == 0 {
		t.Skip("needs php-fpm: .ci/run installs it")
	}
	program, err := theBinary()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/run", "opensrs-doctor-test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	pool := t.Name() + strconv.Itoa(os.Getpid())
	conf := filepath.Join(dir, "fpm.conf")
	write(t, conf, "[global]\nerror_log="+dir+"/log\ndaemonize=no\n["+pool+"]\nuser=www-data\ngroup=www-data\nlisten="+dir+
		"/sock\nlisten.mode=0666\npm=static\npm.max_children=1\n"+strings.Join(lines, "\n")+"\n")
	if err := os.Chmod(conf, 0o644); err != nil {
		t.Fatal(err)
	}
	fpm := exec.Command(programs[0], "-F", "-y", conf)
	if err := fpm.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fpm.Process.Signal(os.Interrupt); fpm.Wait() })
	for range 1000 {
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", fpm.Process.Pid, fpm.Process.Pid))
		if fields := strings.Fields(string(children)); len(fields) == 1 {
			if title, _ := os.ReadFile("/proc/" + fields[0] + "/cmdline"); bytes.Contains(title, []byte("pool "+pool)) {
				return program, fields[0]
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("php-fpm has no worker")
	return
}

// A container as runc makes it: namespaces, a root directory with one program, an environment, a user and control groups of
// its own. It is found by its name, and told when it is paused.
func TestAsAContainerOfRunc(t *testing.T) {
	rootOnly(t)
	runc, err := exec.LookPath("runc")
	if err != nil {
		t.Skip("needs runc: .ci/run installs it")
	}
	program, err := theBinary()
	if err != nil {
		t.Fatal(err)
	}
	bundle, name := t.TempDir(), "opensrs-doctor-test-"+strconv.Itoa(os.Getpid())
	if err := os.MkdirAll(filepath.Join(bundle, "rootfs", "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("cp", program, filepath.Join(bundle, "rootfs", "program")).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	spec := exec.Command(runc, "spec")
	spec.Dir = bundle
	if out, err := spec.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	config, err := os.ReadFile(filepath.Join(bundle, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(config), `"terminal": true`, `"terminal": false`, 1)
	text = strings.Replace(text, `"sh"`, `"/program", "rules", "check", "--rule", "allow 203.0.113.0/25", "--ips", "-"`, 1)
	text = strings.Replace(text, `"TERM=xterm"`, `"HTTPS_PROXY=http://127.0.0.2:1"`, 1)
	text = strings.Replace(text, `"uid": 0`, `"uid": 33`, 1)
	text = strings.Replace(text, `"gid": 0`, `"gid": 33`, 1)
	write(t, filepath.Join(bundle, "config.json"), text)
	input, open, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	run := exec.Command(runc, "run", "--detach", name)
	run.Dir, run.Stdin = bundle, input
	if err := run.Run(); err != nil {
		t.Fatalf("runc: %v", err)
	}
	t.Cleanup(func() {
		_ = exec.Command(runc, "resume", name).Run()
		_ = exec.Command(runc, "delete", "--force", name).Run()
	})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) { // runc comes back before its own program is replaced
		state, err := exec.Command(runc, "state", name).Output()
		var of struct{ PID int }
		if err == nil && json.Unmarshal(state, &of) == nil {
			if comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", of.PID)); err == nil && strings.TrimSpace(string(comm)) == "program" {
				break
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the container's program does not start: %s", state)
		}
	}
	check := func() []byte {
		out, _ := exec.Command(program, "--as", "container:"+name, "--endpoint", "https://192.0.2.1:55443/", "--no-third-parties", "--timeout", "3s", "-f", "json").CombinedOutput()
		return out
	}
	out := check()
	for _, want := range []string{`"cause": "proxy.unreachable"`, `"uid": 33`, `"what": "network namespace"`, `"what": "files"`, `"what": "control group"`, `"there": "http://127.0.0.2:1`} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("no %s in %s", want, out)
		}
	}
	if err := exec.Command(runc, "pause", name).Run(); err != nil {
		t.Logf("runc pauses nothing here: %v", err)
		return
	}
	if out := check(); !bytes.Contains(out, []byte("is frozen")) {
		t.Errorf("paused: %s", out)
	}
}

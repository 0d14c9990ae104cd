//go:build unix

package main

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/observed"
	"opensrs-doctor/probes/sandbox"
	"opensrs-doctor/report"
	"opensrs-doctor/report/render"
)

// quiet is a peer that takes what it is sent and says nothing. What the channel gives is that the first bytes came.
func quiet(t *testing.T) (address string, heard chan struct{}) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	heard = make(chan struct{}, 1)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			go func() {
				if _, err := conn.Read(make([]byte, 1)); err == nil {
					select {
					case heard <- struct{}{}:
					default:
					}
				}
			}()
		}
	}()
	return listener.Addr().String(), heard
}

// quietServer is the same of a name server.
func quietServer(t *testing.T) (address string, heard chan struct{}) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	heard = make(chan struct{}, 1)
	go func() {
		if _, _, err := conn.ReadFrom(make([]byte, 512)); err == nil {
			heard <- struct{}{}
		}
	}()
	return conn.LocalAddr().String(), heard
}

// full is a port whose queue of connections is full: the kernel drops what else wants one.
func full(t *testing.T) (address string) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address = net.JoinHostPort("127.0.0.1", strconv.Itoa(name.(*syscall.SockaddrInet4).Port))
	for taken := 0; ; taken++ {
		conn, err := net.DialTimeout("tcp", address, 200*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { conn.Close() })
		if taken > 200 {
			t.Fatal("the queue does not fill")
		}
	}
}

// waits are the places where a check waits for others: its flags, and what says that it has got there. The rules ask
// nobody.
var waits = []struct {
	place string // a probe, or what it is after
	known string // what the report says of before, in JSON
	begin func(t *testing.T) (args []string, there <-chan struct{})
}{
	{"egress", `"duration_ms"`, func(t *testing.T) ([]string, <-chan struct{}) {
		source, heard := quiet(t)
		return []string{"--endpoint", "192.0.2.1:55443", "--egress-source", "http://" + source, "--control", "none",
			"--status-url", "none", "--rule", "allow 203.0.113.0/25", "--proxy", "none"}, heard
	}},
	{"dns", "--no-third-parties", func(t *testing.T) ([]string, <-chan struct{}) {
		server, heard := quietServer(t)
		return []string{"--endpoint", "api.example:55443", "--no-third-parties", "--resolver", server, "--proxy", "none"}, heard
	}},
	{"port", "127.0.0.1 is given as an address", func(t *testing.T) ([]string, <-chan struct{}) {
		control, heard := quiet(t) // is compared with once the port has been silent for a while
		return []string{"--endpoint", full(t), "--egress-source", "none", "--control", control, "--status-url", "none", "--proxy", "none"}, heard
	}},
	{"port", "of_proxy", func(t *testing.T) ([]string, <-chan struct{}) {
		proxy, heard := quiet(t)
		return []string{"--endpoint", "192.0.2.1:55443", "--no-third-parties", "--proxy", "http://" + proxy}, heard
	}},
	{"tls", "answers at 127.0.0.1", func(t *testing.T) ([]string, <-chan struct{}) {
		peer, heard := quiet(t)
		return []string{"--endpoint", peer, "--no-third-parties", "--proxy", "none"}, heard
	}},
	{"call", "certificate valid until", func(t *testing.T) ([]string, <-chan struct{}) {
		heard := make(chan struct{}, 1)
		service, err := sandbox.Start(sandbox.Config{Fault: "call.timeout", Username: plantedUser, Key: []byte(plantedKey),
			Log: func(observed.Observation) { heard <- struct{}{} }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { service.Close() })
		roots := filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(roots, service.CAPEM, 0o600); err != nil {
			t.Fatal(err)
		}
		return []string{"--endpoint", service.URL, "--ca-file", roots, "--no-third-parties", "--proxy", "none"}, heard
	}},
	{"after port", "connection refused", func(t *testing.T) ([]string, <-chan struct{}) {
		control, heard := quiet(t)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listener.Close() // it is refused now
		return []string{"--endpoint", listener.Addr().String(), "--egress-source", "none", "--control", control,
			"--status-url", "none", "--proxy", "none"}, heard
	}},
}

// TestInterrupt sends SIGINT while a check waits, at every place where one waits, and in every format: what is known by
// then is written, as an incomplete run, and the exit status is 3.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	for _, wait := range waits {
		for _, format := range formats() {
			t.Run(wait.place+" "+format.name, func(t *testing.T) {
				t.Parallel()
				args, there := wait.begin(t)
				saved := filepath.Join(t.TempDir(), "saved.json")
				args = append(args, "-f", format.name)
				if format.name != "json" {
					args = append(args, "-f", "json="+saved)
				}
				got := invocation{environment: credentialsIn(), started: func(p *os.Process) {
					select {
					case <-there:
					case <-time.After(20 * time.Second):
						t.Error("the check does not get there")
					}
					if err := p.Signal(os.Interrupt); err != nil {
						t.Error(err)
					}
					for range 5 { // timeout(1) sends its own twice, to the program and to its group
						time.Sleep(time.Millisecond)
						p.Signal(os.Interrupt)
					}
				}}.run(t, args...)
				if format.name == "json" {
					if err := os.WriteFile(saved, []byte(got.stdout), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				toldIncomplete(t, format, wait.place, wait.known, saved, got)
			})
		}
	}
}

// toldIncomplete looks at one format of an interrupted run, and at the report that it was made of.
func toldIncomplete(t *testing.T, format format, place, known, saved string, got outcome) {
	t.Helper()
	document, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	r, err := report.Read(strings.NewReader(string(document)))
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != report.VerdictIncomplete || !r.Interrupted || !strings.Contains(string(document), known) {
		t.Errorf("the report is\n%s", document)
	}
	for _, row := range r.Probes {
		if row.Name == place && (row.Status != "skip" || row.WaitedFor != "interrupt") || row.DurationMS < 0 {
			t.Errorf("its row is %+v", row)
		}
	}
	for _, d := range r.Diagnoses {
		if d.Severity == report.Fail && !strings.HasPrefix(place, "after ") {
			t.Errorf("blamed is %s", d.Cause)
		}
	}
	var again strings.Builder
	if err := format.write(&again, r, console.View{}.Plain()); err != nil || again.String() != got.stdout {
		t.Errorf("%v, saved and rendered it is\n%s\nand was\n%s", err, again.String(), got.stdout)
	}
	if got.status != console.ExitInternal || !strings.Contains(got.stderr, "interrupted") {
		t.Errorf("exit status %d, standard error %q", got.status, got.stderr)
	}
	revealsNothing(t, got.stdout+got.stderr)
}

// TestInterruptPipe: where the report is to go into a pipe that no process reads, the first signal ends the waiting.
func TestInterruptPipe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe, first := filepath.Join(dir, "pipe"), filepath.Join(dir, "first")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	got := invocation{started: func(p *os.Process) {
		for begun := time.Now(); ; time.Sleep(time.Millisecond) {
			if _, err := os.Stat(first); err == nil { // the pipe is next
				break
			}
			if time.Since(begun) > 20*time.Second {
				t.Error("the first file is not written")
				break
			}
		}
		if err := p.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
	}}.run(t, "--sandbox", "--timeout", "10m", "-f", "json="+first, "-f", "markdown="+pipe, "-f", "tap")
	if got.status != console.ExitInternal || !strings.Contains(got.stderr, pipe+": interrupted") ||
		!strings.Contains(got.stderr, "The result was: pass") || !strings.Contains(got.stdout, "1..") {
		t.Errorf("exit status %d, standard output %q, standard error %q", got.status, got.stdout, got.stderr)
	}
}

// TestInterruptKeyCommand: the command that prints the key has a process group of its own, which the terminal's Ctrl-C
// does not reach, so this program ends it.
func TestInterruptKeyCommand(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"human", "nagios"} {
		pipe := filepath.Join(t.TempDir(), "pipe")
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
		got := invocation{started: func(p *os.Process) {
			file, err := os.Open(pipe) // once the command has opened it
			if err != nil {
				t.Error(err)
				return
			}
			defer file.Close()
			if _, err := file.Read(make([]byte, 1)); err != nil {
				t.Error(err)
			}
			if err := p.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
			_ = file.SetReadDeadline(time.Now().Add(20 * time.Second))
			if _, err := io.Copy(io.Discard, file); err != nil { // it ends when nobody holds the pipe any more
				t.Errorf("%s: the command is still there: %v", format, err)
			}
		}}.run(t, "--sandbox", "--username", "bob", "-f", format, "--api-key-command", `sh -c "exec >`+pipe+`; echo begun; sleep 60"`)
		if got.status != console.ExitInternal || !strings.Contains(got.stdout+got.stderr, "interrupted while the key command ran") {
			t.Errorf("%s: exit status %d, %s%s", format, got.status, got.stdout, got.stderr)
		}
	}
}

// TestInterruptAfterARound: the signal comes when a round is complete, before the next one or with none to come.
// The exit status is 3 then, so the report says so too, and a plugin's line is UNKNOWN.
func TestInterruptAfterARound(t *testing.T) {
	for _, cause := range []string{"rules.propagating", "port.refused"} { // one that can pass by itself, one that cannot
		ctx, interrupt := context.WithCancel(t.Context())
		result := repeat(ctx, &config.Request{Wait: time.Hour}, &console.Streams{}, func() *report.Report {
			interrupt()
			return &report.Report{Verdict: report.VerdictFail,
				Diagnoses: []report.Diagnosis{{Cause: cause, Severity: report.Fail}}}
		})
		if result.Verdict != report.VerdictIncomplete || !result.Interrupted || render.StateOf(result) != render.NagiosUnknown ||
			len(result.Diagnoses) != 1 {
			t.Errorf("%s: interrupted %v, %s, %s", cause, result.Interrupted, result.Verdict, render.StateOf(result))
		}
	}
}

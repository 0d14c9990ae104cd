//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/mistakes"
	"opensrs-doctor/probes/observed"
	"opensrs-doctor/probes/sandbox"
	"opensrs-doctor/report/signature"
)

// sandboxWith runs the sandbox with a shell's command line, and fails the test where anything is left of it.
func sandboxWith(t *testing.T, flags []string, script string, args ...string) outcome {
	t.Helper()
	home := t.TempDir()
	line := append(append([]string{"sandbox"}, flags...), "--", "sh", "-c", script, "sh")
	got := invocation{environment: []string{"TMPDIR=" + home, "PATH=" + os.Getenv("PATH")}}.run(t, append(line, args...)...)
	if left, _ := filepath.Glob(filepath.Join(home, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	return got
}

// TestSandboxCommand: the command finds the sandbox by its environment, has the standard streams to itself, and its
// exit status is the sandbox's, except that a mistake in the log is never 0.
func TestSandboxCommand(t *testing.T) {
	t.Parallel()
	curl := program(t, "curl")
	binary, err := theBinary()
	if err != nil {
		t.Fatal(err)
	}
	body, err := filepath.Abs(filepath.Join("testdata", "clients", "get-balance.xml"))
	if err != nil {
		t.Fatal(err)
	}
	// signed sends a right request, with what it is given as curl's further arguments.
	signed := `"$1" sign --body "$3" --api-key-file "$OPENSRS_API_KEY_FILE" --username "$OPENSRS_USERNAME" |
		grep -v Content-Length | sed 's/^/header = "/; s/$/"/' >"$TMPDIR/../curlrc.$$"
		CURL_CA_BUNDLE="" "$2" -sS -K "$TMPDIR/../curlrc.$$" --data-binary "@$3" -o /dev/null "$OPENSRS_URL" `
	const unsigned = `curl -sS --cacert "$OPENSRS_CA_FILE" -H Content-Type:text/xml -H "X-Username: $OPENSRS_USERNAME" \
		-H X-Signature:x --data-binary "@$3" -o /dev/null "$OPENSRS_URL"`
	for name, test := range map[string]struct {
		flags  []string
		script string
		status int
		stdout string
		says   string
	}{
		"environment": {script: `test "$OPENSRS_URL" = "https://$OPENSRS_HOST:$OPENSRS_PORT/" && test -r "$OPENSRS_API_KEY_FILE" &&
			grep -q CERTIFICATE "$OPENSRS_CA_FILE" && test "$SSL_CERT_FILE" = "$OPENSRS_CA_FILE" && echo "$OPENSRS_USERNAME"`,
			stdout: "sandbox-reseller\n", says: "note: nothing has reached the sandbox"},
		"its own status":     {script: "exit 41", status: 41},
		"ended by a signal":  {script: "kill -KILL $$", status: 137},
		"a right request":    {script: signed + "&& echo done", stdout: "done\n", says: "request 1 from 203.0.113.10: GET_BALANCE, 200"},
		"a mistake":          {script: unsigned, status: 1, says: "but the sandbox's log holds a mistake"},
		"a mistake, and 3":   {script: unsigned + "; exit 3", status: 3, says: "401 Authentication failed"},
		"unverified":         {flags: []string{"--fault", "tls.expired"}, script: signed + "-k", status: 1, says: "✗ certificate-unchecked: "},
		"refused":            {flags: []string{"--fault", "tls.expired"}, script: signed + "|| true", says: "rightly so: the certificate has expired"},
		"its address":        {script: `curl -sSk "${OPENSRS_URL}ip"`, stdout: sandbox.CallerAddress + "\n", says: "GET /ip, HTTP 200 OK"},
		"an address refused": {flags: []string{"--rule", "deny 203.0.113.10"}, script: signed, says: "✗ address: rule 1"},
		"plain HTTP":         {script: `curl -sS -o /dev/null "http://$OPENSRS_HOST:$OPENSRS_PORT/"`, status: 1, says: "a mistake"},
	} {
		t.Run(name, func(t *testing.T) {
			got := sandboxWith(t, test.flags, test.script, binary, curl, body)
			if got.status != test.status || got.stdout != test.stdout || !strings.Contains(got.stderr, test.says) {
				t.Errorf("exit status %d, want %d\n%s\n%s", got.status, test.status, got.stdout, got.stderr)
			}
		})
	}
}

// TestSandboxCommandInput: standard input is the command's.
func TestSandboxCommandInput(t *testing.T) {
	t.Parallel()
	binary, err := theBinary()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(binary, "sandbox", "--", "cat")
	command.Env = []string{"TMPDIR=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
	command.Stdin = strings.NewReader("from outside\n")
	if out, err := command.Output(); err != nil || string(out) != "from outside\n" {
		t.Errorf("%v: %q", err, out)
	}
}

// TestSandboxNoCommand: what cannot be run has the exit status that shells give it, and what is not a command is a usage
// error; nothing listens then.
func TestSandboxNoCommand(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	text := filepath.Join(directory, "text")
	if err := os.WriteFile(text, []byte("#!/nowhere/at/all\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(directory, "script")
	if err := os.WriteFile(script, []byte("#!/nowhere/at/all\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"--", "no-such-command"}, 127, "there is no such command in PATH"},
		{[]string{"--", filepath.Join(directory, "nothing")}, 127, "no such file or directory"},
		{[]string{"--", script}, 127, "no such file or directory"}, // its interpreter
		{[]string{"--", text}, 126, "it is not executable"},
		{[]string{"--", directory}, 126, "cannot run"},
		{[]string{"--"}, console.ExitUsage, "there is no command after --"},
		{[]string{"true"}, console.ExitUsage, "a command to run with the sandbox goes after --"},
		{[]string{"word", "--", "true"}, console.ExitUsage, `got "word"`},
		{[]string{"-f", "json", "--", "true"}, console.ExitUsage, "the standard output is the command's own"},
		{[]string{"--log-format", "xml", "--", "true"}, console.ExitUsage, "not one of text, json"},
		{[]string{"--fault", "nothing", "--", "true"}, console.ExitUsage, "cannot show"},
	} {
		got := invocation{}.run(t, append([]string{"sandbox"}, test.args...)...)
		if got.status != test.status || got.stdout != "" || !strings.Contains(got.stderr, test.says) {
			t.Errorf("%v: exit status %d, %s%s", test.args, got.status, got.stdout, got.stderr)
		}
	}
}

// TestSandboxCommandSignals: signals reach the command and all that it has started, in a session without a terminal;
// what it leaves running ends with it.
func TestSandboxCommandSignals(t *testing.T) {
	t.Parallel()
	binary, err := theBinary()
	if err != nil {
		t.Fatal(err)
	}
	const background = "sleep 600 & echo $!; while :; do wait; done"
	for name, test := range map[string]struct {
		script string
		signal syscall.Signal
		status int
	}{
		"TERM":    {background, syscall.SIGTERM, 128 + 15},
		"HUP":     {background, syscall.SIGHUP, 128 + 1},
		"INT":     {"trap 'exit 7' INT; " + background, syscall.SIGINT, 7},
		"QUIT":    {"trap 'exit 8' QUIT; " + background, syscall.SIGQUIT, 8},
		"USR1":    {"trap 'exit 9' USR1; " + background, syscall.SIGUSR1, 9},
		"handled": {"trap 'exit 5' TERM; " + background, syscall.SIGTERM, 5},
		"left":    {"sleep 600 & echo $!", 0, 0},
		"left, deaf to TERM": {`mkfifo "$TMPDIR/../$$"; sh -c 'trap "" TERM; echo $$ >"$0"; exec sleep 600' "$TMPDIR/../$$" &
			cat "$TMPDIR/../$$"`, 0, 0},
	} {
		if signal.Ignored(test.signal) { // nohup's children ignore SIGHUP, and so does what they start
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			command := exec.Command(binary, "sandbox", "--", "sh", "-c", test.script)
			command.Env = []string{"TMPDIR=" + home, "PATH=" + os.Getenv("PATH")}
			command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
			var stderr bytes.Buffer
			command.Stderr = &stderr
			out, err := command.StdoutPipe()
			if err == nil {
				err = command.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			started, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if test.signal != 0 {
				command.Process.Signal(test.signal)
			}
			command.Wait()
			if got := command.ProcessState.ExitCode(); got != test.status {
				t.Errorf("exit status %d, want %d\n%s", got, test.status, stderr.String())
			}
			if left, _ := filepath.Glob(filepath.Join(home, "*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
			hasEnded(t, strings.TrimSpace(started))
		})
	}
}

// hasEnded waits until a process, which is a zombie at most, is there no more.
func hasEnded(t *testing.T, pid string) {
	t.Helper()
	for end := time.Now().Add(longestWait); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		status, err := os.ReadFile("/proc/" + pid + "/stat")
		if errors.Is(err, os.ErrNotExist) || strings.Contains(string(status), ") Z ") {
			return
		}
	}
	t.Errorf("process %s still runs", pid)
}

// TestSandboxLogJSON: the log as JSON is one object a line and nothing else, without a secret.
func TestSandboxLogJSON(t *testing.T) {
	t.Parallel()
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte(plantedKey), 0o600); err != nil {
		t.Fatal(err)
	}
	l := startSandbox(t, "--log-format", "json", "--username", plantedUser, "--api-key-file", keyFile)
	shell(t, l.CheckCommand+" -f json").names(t, "")
	for _, request := range []string{
		"GET /ip HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST / HTTP/1.0\r\nX-Signature: " + plantedSignature + "\r\nX-Username: " + plantedKey + "\r\nContent-Length: 1\r\n\r\nx",
	} {
		conn := dialSandbox(t, l)
		if _, err := conn.Write([]byte(request)); err != nil {
			t.Fatal(err)
		}
		bufio.NewReader(conn).ReadString('\n')
	}
	status, printed := l.stop(t, syscall.SIGTERM)
	revealsNothing(t, printed)
	if status != console.ExitOK || !strings.Contains(l.stderr.String(), "API key file") {
		t.Errorf("exit status %d, standard error\n%s", status, l.stderr.String())
	}
	var records []signature.RequestRecord
	for line := range strings.Lines(l.said()) {
		var record signature.RequestRecord
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&record); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		records = append(records, record)
	}
	if len(records) != 3 || !records[0].OK || records[0].Command != "GET_BALANCE" || !records[1].OK ||
		records[1].Command != observed.WhoAmI || records[2].OK || *records[2].Request != 3 || len(records[2].Mistakes) == 0 {
		t.Errorf("%s", l.said())
	}
}

// slowReader is a standard output that takes nothing until it is opened.
type slowReader struct {
	opened chan struct{}
	mu     sync.Mutex
	text   strings.Builder
}

func (r *slowReader) Write(b []byte) (int, error) {
	<-r.opened
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

// TestSandboxLogLost: an entry that nobody could be shown is none that a later one refers to, and counts all the same.
func TestSandboxLogLost(t *testing.T) {
	inside, err := sandbox.Start(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	out := &slowReader{opened: make(chan struct{})}
	l := newRequestLog(console.View{}, logForms{command: true}, &console.Streams{Stderr: out})
	number := 0
	observe := func(verdict mistakes.Verdict) {
		number++
		l.observe(observed.Observation{Number: number, Caller: callerHere.Get(), Status: 200, Code: 401, Text: "no", Bytes: 1, Signature: &verdict})
	}
	wrong := mistakes.Verdict{Mistakes: []string{mistakes.SingleMD5}, Forms: []string{""}}
	for range maxWaiting {
		observe(mistakes.Verdict{Match: true})
	}
	observe(wrong) // nobody takes them yet, and there is no place for one more
	if err := l.announce(&sandboxReady{}, inside, ""); err != nil {
		t.Fatal(err)
	}
	close(out.opened)
	for len(l.entries) > 0 {
		runtime.Gosched()
	}
	observe(wrong)
	observe(wrong)
	l.close()
	out.mu.Lock()
	defer out.mu.Unlock()
	printed := out.text.String()
	if strings.Contains(printed, "see request 257.") || !strings.Contains(printed, "see request 258.") ||
		!strings.Contains(printed, "1 more entries, which could not be written in time") {
		t.Errorf("request 257 was not shown:\n%s", printed[max(0, len(printed)-3000):])
	}
	if l.wrong.Load() != 3 {
		t.Errorf("%d entries count as wrong", l.wrong.Load())
	}
}

// TestSandboxLogCrowded: what callers on other machines bring into the log, in whatever number, leaves room for entries
// about callers on this one, and is counted.
func TestSandboxLogCrowded(t *testing.T) {
	l := newRequestLog(console.View{}, logForms{command: true}, &console.Streams{Stderr: io.Discard})
	for range 10 * maxWaiting {
		l.observe(observed.Observation{Caller: netip.MustParseAddr("192.0.2.7"), Status: 200})
	}
	before := len(l.entries)
	l.observe(observed.Observation{Caller: callerHere.Get(), Status: 200})
	if len(l.entries) != before+1 || before == 0 || int(l.lost.Load())+before != 10*maxWaiting {
		t.Errorf("%d entries wait, %d are lost", len(l.entries), l.lost.Load())
	}
}

//go:build unix

package main

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/sandbox"
)

// TestSandboxReady: what stands in the ready file holds, and nothing is left when it ends.
func TestSandboxReady(t *testing.T) {
	t.Parallel()
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		l := startSandbox(t, "-f", "json")
		document, err := os.ReadFile(l.readyFile)
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]any
		if err := json.Unmarshal(document, &members); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"url", "ca_file", "username", "api_key_file", "egress_sources", "status_url", "check_command"} {
			if members[name] == nil {
				t.Errorf("%s is missing", name)
			}
		}
		for path, want := range map[string]os.FileMode{
			l.readyFile: 0o600, l.CAFile: 0o600, l.APIKeyFile: 0o600, filepath.Dir(l.CAFile): 0o700,
		} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %v, %v", path, info.Mode(), err)
			}
		}
		// The command means the same whatever the environment of who runs it.
		config := writeConfig(t, t.TempDir(), "no-third-parties: true\nenv: test\nsource-ip: 192.0.2.1\n")
		got := shell(t, l.CheckCommand+" -f json", "OPENSRS_CONFIG="+config, "OPENSRS_USERNAME=other", "OPENSRS_API_KEY=other",
			"HTTPS_PROXY=http://127.0.0.1:9", "SSL_CERT_FILE=/nowhere")
		report := got.report(t)
		if got.status != console.ExitOK || len(report.Diagnoses) > 0 {
			t.Errorf("the check: %d, %+v\n%s", got.status, report.Diagnoses, got.stderr)
		}
		for _, probe := range report.Probes {
			if probe.Status != "pass" {
				t.Errorf("%s: %s", probe.Name, probe.Status)
			}
		}
		key, _ := os.ReadFile(l.APIKeyFile)
		status, _ := l.stop(t, signal)
		if status != console.ExitOK || l.said() != string(document) {
			t.Errorf("exit status %d, standard output\n%s", status, l.said())
		}
		if log := l.stderr.String(); !strings.Contains(log, "GET_BALANCE, 200") || strings.Contains(log, strings.TrimSpace(string(key))) {
			t.Errorf("the log: %s", log)
		}
		l.leavesNothing(t)
	}
}

// TestSandboxFaults: the printed check meets every fault that a server can show.
func TestSandboxFaults(t *testing.T) {
	t.Parallel()
	atOnce(t, sandbox.ServerFaults(), func(t *testing.T, fault string) {
		l := startSandbox(t, "--fault", fault)
		got := shell(t, l.CheckCommand+" -f json")
		got.names(t, fault)
		if status, _ := l.stop(t, syscall.SIGTERM); status != console.ExitOK {
			t.Errorf("exit status %d", status)
		}
		l.leavesNothing(t)
	})
}

// TestSandboxName: with a name of one's own the ready file has it and the line for the hosts file, and the printed
// check still meets what it should.
func TestSandboxName(t *testing.T) {
	t.Parallel()
	const name = "rr-n1-tor.opensrs.net"
	faults := []string{"healthy", "tls.name-mismatch", "tls.sni-blocked", "dns.nxdomain", "dns.resolver-unreachable",
		"proxy.denied", "rules.denied", "port.refused", "call.auth-failed"}
	atOnce(t, faults, func(t *testing.T, fault string) {
		args := []string{"--name", strings.ToUpper(name)}
		if fault != "healthy" {
			args = append(args, "--fault", fault)
		}
		l := startSandbox(t, args...)
		if !strings.HasPrefix(l.URL, "https://"+name+":") {
			t.Errorf("URL %s", l.URL)
		}
		shell(t, l.CheckCommand+" -f json").names(t, strings.TrimPrefix(fault, "healthy"))
		if fault == "healthy" {
			_, port, _ := net.SplitHostPort(strings.Trim(strings.TrimPrefix(l.URL, "https:"), "/"))
			got := shell(t, "curl -sS --cacert "+l.CAFile+" --resolve "+name+":"+port+":127.0.0.1 "+l.URL+"ip")
			if got.stdout != sandbox.CallerAddress+"\n" {
				t.Errorf("curl: %s%s", got.stdout, got.stderr)
			}
		}
		_, printed := l.stop(t, syscall.SIGTERM)
		want := "127.0.0.1 " + name
		if strings.HasPrefix(fault, "dns.") { // with the line the fault would not be met
			want = ""
		}
		if l.HostsLine != want || strings.Contains(printed, "\n127.0.0.1 "+name+"\n") != (want != "") {
			t.Errorf("the line for the hosts file: %q\n%s", l.HostsLine, printed)
		}
		l.leavesNothing(t)
	})
}

// TestSandboxGivenKey: the user's own key file is used where it is and stays; from elsewhere the key gets a file.
func TestSandboxGivenKey(t *testing.T) {
	t.Parallel()
	directory := filepath.Join(t.TempDir(), "it's a key")
	if err := os.Mkdir(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(directory, "key file")
	if err := os.WriteFile(path, []byte(plantedKey+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		environment, args []string
		own               bool
	}{
		{nil, []string{"--username", "o'neil", "--api-key-file", path}, true},
		{[]string{"OPENSRS_USERNAME=o'neil", "OPENSRS_API_KEY=" + plantedKey}, nil, false},
	} {
		l := startSandboxAs(t, nil, test.environment, append(test.args, "--rule", "deny 203.0.113.10", "--rule", "allow 203.0.113.0/25")...)
		if l.Username != "o'neil" || (l.APIKeyFile == path) != test.own {
			t.Errorf("user %s, key file %s", l.Username, l.APIKeyFile)
		}
		shell(t, l.CheckCommand+" -f json").names(t, "rules.denied")
		if entry := l.request(t); !strings.Contains(entry, "✗ address: rule 1, deny 203.0.113.10/32, refuses 203.0.113.10") ||
			!strings.Contains(entry, "400 Access denied: invalid IP address") {
			t.Error(entry)
		}
		_, printed := l.stop(t, syscall.SIGTERM)
		revealsNothing(t, printed)
		l.leavesNothing(t)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != plantedKey+"\r\n" {
		t.Error("the user's key file has changed")
	}
}

// TestSandboxUsage: what cannot be is told before anything listens, with exit status 2 and nothing left.
func TestSandboxUsage(t *testing.T) {
	t.Parallel()
	directory, taken := t.TempDir(), listenFor(t, func(net.Conn) {})
	file := func(name, content string) string {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, test := range []struct{ line, says string }{
		{"--listen " + taken, "something listens there already"},
		{"--listen 192.0.2.1:0", "the address is none of this host's"},
		{"--listen [::1]:0", "IPv4"},
		{"--listen [::]:0", "IPv4"},
		{"--listen [::ffff:127.0.0.1]:0", "IPv4"},
		{"--listen [fe80::1%lo]:0", "IPv4"},
		{"--listen *:8443", "is not an IP address"},
		{"--listen 0:8443", "is not an IP address"},
		{"--listen 0.0.0.0", "is not IP:PORT"},
		{"--listen 8443", "is not IP:PORT"},
		{"--listen :8443", "is not an IP address"},
		{"--listen example.com:1", "is not an IP address"},
		{"--listen 127.0.0.1:99999", "is not a port"},
		{"--ready-file " + directory + "/nowhere/ready", "no such file or directory"},
		{"--ready-file " + directory, "it is a directory"},
		{"--api-key-file " + directory + "/none", "no such file or directory"},
		{"--api-key-file " + file("empty", "\n"), "it is empty"},
		{"--api-key-file " + file("quoted", `"`+plantedKey+`"`), "quotation marks"},
		{"--api-key-file " + file("two", plantedKey[:56]+" "+plantedKey[56:]), "white space inside it"},
		{"--fault port.filtered", "faults: call.auth-failed "},
		{"--fault tls.expird", "did you mean tls.expired?"},
		{"--fault=", "faults: call.auth-failed "},
		{"--fault tls.intercepted", "check --sandbox=tls.intercepted shows it"},
		{"--fault config.api-key-malformed", "a server alone cannot show"},
		{"--fault rules.denied --rule deny@203.0.113.10", "brings its own rules"},
		{"--rule allow", "--rule: "},
		{"--rules-file " + file("rules", "allow 203.0.113.0/25\nnonsense\n"), "rules:2: "},
		{"--rules-file " + file("more", "") + " --rule deny@203.0.113.10", "one place"},
		{"-f yaml", "not one of human, json"},
		{"--endpoint https://127.0.0.1", "unknown flag --endpoint"},
		{"--api-key " + plantedKey, "no flag that takes the key itself"},
		{"healthy", "takes no arguments before --"},
		{"--name 127.0.0.1", "an address is for --listen"},
		{"--name https://rr-n1-tor.opensrs.net", "--name: the host is"},
		{"--name *.opensrs.net", "--name: the host is"},
		{"--name example.com.", "ends in a dot"},
		{"--name=", "--name: it is empty"},
		{"--log-format yaml", "not one of text, json"},
	} {
		home := t.TempDir()
		args := []string{"sandbox"}
		for _, word := range strings.Fields(test.line) {
			args = append(args, strings.ReplaceAll(word, "@", " "))
		}
		got := invocation{environment: []string{"TMPDIR=" + home}}.run(t, args...)
		if got.status != console.ExitUsage || got.stdout != "" || !strings.Contains(got.stderr, test.says) {
			t.Errorf("%s: exit status %d, %s%s", test.line, got.status, got.stdout, got.stderr)
		}
		revealsNothing(t, got.stderr)
		if left, _ := filepath.Glob(filepath.Join(home, "*")); len(left) > 0 {
			t.Errorf("%s: left behind: %v", test.line, left)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(directory, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestSandboxListen: also where the API listens on an address that is not loopback, a caller on this machine counts as
// the usual one. It is in a network of its own; what others can reach of it is tried in the lab.
func TestSandboxListen(t *testing.T) {
	t.Parallel()
	unshare := []string{"unshare", "--net", "sh", "-c",
		`ip link set lo up && ip address add 198.51.100.77/32 dev lo && exec "$0" "$@"`}
	if os.Getuid() != 0 {
		unshare = append([]string{"unshare", "--user", "--map-root-user"}, unshare[1:]...)
	}
	program(t, "unshare")
	program(t, "ip")
	if words, err := exec.Command(unshare[0], append(unshare[1:], "true")...).CombinedOutput(); err != nil {
		t.Skipf("no network namespaces here: %v %s", err, words)
	}
	for _, listen := range []string{"198.51.100.77:8443", "0.0.0.0:8443"} {
		l := startSandboxAs(t, unshare, nil, "--listen", listen)
		enter := fmt.Sprintf("nsenter --net=/proc/%d/ns/net ", l.process.Process.Pid)
		if os.Getuid() != 0 {
			enter = fmt.Sprintf("nsenter --user=/proc/%d/ns/user --net=/proc/%[1]d/ns/net ", l.process.Process.Pid)
		}
		got := shell(t, enter+l.CheckCommand+" -f json")
		got.names(t, "")
		if !strings.Contains(got.stdout, "203.0.113.10 is this host's public address") {
			t.Errorf("%s: %s", listen, got.stdout)
		}
		if entry := l.request(t); !strings.Contains(entry, "request 1 from 203.0.113.10") {
			t.Error(entry)
		}
		// Its certificate names the address also where it listens on all of them.
		words := shell(t, enter+"openssl s_client -connect 198.51.100.77:8443 -CAfile "+l.CAFile+
			" -verify_ip 198.51.100.77 -verify_return_error </dev/null")
		if !strings.Contains(words.stdout, "Verify return code: 0 (ok)") {
			t.Errorf("%s: %s%s", listen, words.stdout, words.stderr)
		}
	}
}

// dialSandbox opens a TLS connection that trusts everybody.
func dialSandbox(t *testing.T, l *liveSandbox) *tls.Conn {
	t.Helper()
	conn, err := tls.Dial("tcp", strings.Trim(strings.TrimPrefix(l.URL, "https:"), "/"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// TestSandboxHostile: clients that are slow, silent, broken or many cost nobody else anything, bring nothing into the
// log that a terminal would obey, and do not hold up the end.
func TestSandboxHostile(t *testing.T) {
	t.Parallel()
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte(plantedKey), 0o600); err != nil {
		t.Fatal(err)
	}
	l := startSandbox(t, "--username", plantedUser, "--api-key-file", keyFile)
	address := strings.Trim(strings.TrimPrefix(l.URL, "https:"), "/")
	for range 400 { // more than are kept open; none says a word
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	big := strings.Repeat("A", 1<<20)
	body := opensrs.GetBalanceBody()
	head := "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nX-Username: " + plantedUser + "\r\n"
	for _, sent := range []string{
		"POST / HTTP/1.1\r\nX-Slow: ",                              // and then nothing
		"\x1b[2J\x1b]0;owned\x07\r\n\r\n",                          // no HTTP
		"POST /\x1b[31m HTTP/1.1\r\n\x1b[5m: \u202e\x9b\r\n\r\n",   // no header
		head + "X-Signature\x1b: " + plantedSignature + "\r\n\r\n", // nearly one
		head + "Content-Length: 99999999999999999999\r\n\r\n",      // no number
		head + "Content-Length: 104857600\r\n\r\n" + big,           // 100 MB
		head + "Content-Length: -1\r\n\r\n",                        //
		"GET /" + big + " HTTP/1.1\r\n\r\n",                        // an endless line
		head + strings.Repeat("X: y\r\n", 1<<16) + "\r\n",          // endless headers
		head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffff\r\n" + big,
		head + "X-Signature: \x1b[31m" + plantedKey + "\r\nContent-Length: 4\r\n\r\n\x00\x1b[m",
		head + "X-Signature: 0x" + plantedSignature + "\r\nContent-Length: " + fmt.Sprint(len(body)) + "\r\n\r\n" + string(body),
		head + "X-Signature: x\r\nContent-Length: 524288\r\n\r\n" + big[:1<<19], // wrong, and too big for a search
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	} {
		conn := dialSandbox(t, l)
		go io.Copy(io.Discard, conn)
		go io.WriteString(conn, sent)
	}
	shell(t, l.CheckCommand+" -f json").names(t, "")
	for !strings.Contains(l.said(), "signature-unexplained") { // the last that takes long
		l.entry(t)
	}
	if peak := memoryOf(l.process.Process.Pid); peak > mostMemory {
		t.Errorf("%d MiB were resident", peak>>20)
	}
	begun := time.Now()
	status, printed := l.stop(t, syscall.SIGTERM)
	if status != console.ExitOK || time.Since(begun) > longestRun {
		t.Errorf("exit status %d after %s", status, time.Since(begun))
	}
	l.leavesNothing(t)
	revealsNothing(t, printed)
	for _, c := range printed {
		if c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c)) {
			t.Fatalf("the log holds %U", c)
		}
	}
	for _, id := range []string{"not-http", "body-too-big", "head-too-big", "chunked-body", "content-length-wrong", "signature-format", "header-name"} {
		if !strings.Contains(printed, "✗ "+id+":") {
			t.Errorf("%s is not named", id)
		}
	}
}

// TestSandboxUnread: a log that nobody reads stops neither the answers nor the end; one that nobody can read any more
// ends the sandbox.
func TestSandboxUnread(t *testing.T) {
	t.Parallel()
	l, _ := startUnread(t)
	// Each entry has some hundred bytes: a pipe and the queue are full long before the end.
	request := "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"
	for range 12 {
		conn := dialSandbox(t, l)
		conn.SetDeadline(time.Now().Add(longestWait))
		answers := bufio.NewReader(conn)
		for range 100 {
			io.WriteString(conn, request)
			answer, err := http.ReadResponse(answers, nil)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, answer.Body)
		}
		conn.Close()
	}
	if status, _ := l.stop(t, syscall.SIGTERM); status != console.ExitOK {
		t.Errorf("the end of the unread one: exit status %d", status)
	}
	l.leavesNothing(t)

	l, unread := startUnread(t)
	unread.Close()
	conn := dialSandbox(t, l)
	io.WriteString(conn, request)
	l.await(t)
	if status := l.process.ProcessState.ExitCode(); status != console.ExitInternal {
		t.Errorf("with nobody to write to: exit status %d", status)
	}
	l.leavesNothing(t)
}

// startUnread runs the sandbox with a pipe as standard output that nobody reads.
func startUnread(t *testing.T) (*liveSandbox, *os.File) {
	t.Helper()
	path, err := theBinary()
	if err != nil {
		t.Fatal(err)
	}
	unread, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	l := &liveSandbox{home: t.TempDir(), readyFile: filepath.Join(t.TempDir(), "ready"), ended: make(chan struct{})}
	l.process = exec.Command(path, "sandbox", "--ready-file", l.readyFile)
	l.process.Env, l.process.Stdout = []string{"TMPDIR=" + l.home}, out
	if err := l.process.Start(); err != nil {
		t.Fatal(err)
	}
	out.Close()
	go func() { l.process.Wait(); close(l.ended) }()
	t.Cleanup(func() { l.process.Process.Signal(syscall.SIGTERM); l.await(t); unread.Close() })
	l.awaitReady(t)
	return l, unread
}

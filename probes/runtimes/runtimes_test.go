//go:build linux

package runtimes

import (
	"bufio"
	"context"
	"crypto/tls"
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

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

func TestNobodyKnowsThePrivateAuthority(t *testing.T) {
	p := newPeer(t, nil)
	expect(t, look(t, p, Options{Env: host()}), map[string]string{
		"php (streams)": "fail verify", "php (curl)": "fail verify", "python3": "fail verify", "ruby": "fail verify",
		"perl": "fail verify", "node": "fail verify", "java": "fail verify", "curl": "fail verify", "getent": "pass"})
}

func TestAuthorityInSSLCertFileOnly(t *testing.T) {
	p := newPeer(t, nil)
	found := look(t, p, Options{Env: host("SSL_CERT_FILE=" + p.ca)})
	expect(t, found, map[string]string{
		"php (streams)": "pass", "python3": "pass", "ruby": "pass", "perl": "pass", "curl": "pass",
		"php (curl)": "fail verify", "node": "fail verify", "java": "fail verify", "python3 (requests)": "fail verify",
		"perl (LWP)": "fail verify"})
	for name, c := range found {
		if c.Status == evidence.Pass && c.Stage == evidence.StageVerify &&
			(c.TLSVersion.String() != "TLS 1.3" || c.Address.String() != "127.0.0.1" || c.LocalAddress.String() != "127.0.0.1") {
			t.Errorf("%s: %q to %v from %v", name, c.TLSVersion, c.Address, c.LocalAddress)
		}
	}
}

func TestEveryRuntimeWithItsOwnSwitch(t *testing.T) {
	p := newPeer(t, nil)
	ini := iniDir(t, "curl.cainfo="+p.ca+"\nopenssl.cafile="+p.ca)
	expect(t, look(t, p, Options{Env: host("PERL_LWP_SSL_CA_FILE="+p.ca, "NODE_EXTRA_CA_CERTS="+p.ca, "CURL_CA_BUNDLE="+p.ca, "PHP_INI_SCAN_DIR=:"+ini)}), map[string]string{
		"php (streams)": "pass", "php (curl)": "pass", "node": "pass", "curl": "pass", "python3 (requests)": "pass", "python3": "fail verify",
		"perl (LWP)": "pass", "perl": "fail verify"})
}

// iniDir is a directory with one ini file, for PHP_INI_SCAN_DIR.
func iniDir(t *testing.T, lines string) string {
	t.Helper()
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "99-test.ini"), []byte(lines+"\n"), 0o644))
	return dir
}

func TestStoreThatIsMissing(t *testing.T) {
	p := newPeer(t, nil)
	found := look(t, p, Options{Only: []string{"php", "curl"}, Env: host("PHP_INI_SCAN_DIR=:"+iniDir(t, "curl.cainfo=/none/roots.pem\nopenssl.cafile=/none/roots.pem"), "CURL_CA_BUNDLE=/none/roots.pem")})
	expect(t, found, map[string]string{"php (streams)": "fail verify", "php (curl)": "fail verify", "curl": "fail verify"})
	if c := found["php (curl)"]; c.Errno != 77 || c.Settings.Of("curl.cainfo") != "/none/roots.pem" || !strings.HasSuffix(c.Settings.Of("ini"), "/cli/php.ini") {
		t.Errorf("%d %v", c.Errno, c.Settings)
	}
}

func TestPeerOfTLS10(t *testing.T) {
	p := newPeer(t, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 })
	found := look(t, p, Options{Env: host("SSL_CERT_FILE="+p.ca, "PHP_INI_SCAN_DIR=:"+iniDir(t, "curl.cainfo="+p.ca))})
	for name, c := range found {
		t.Logf("%s: %s", name, c.Error)
	}
	expect(t, found, map[string]string{
		"php (streams)": "fail tls", "php (curl)": "fail tls", "python3": "fail tls", "ruby": "fail tls", "perl": "fail tls",
		"node": "fail tls", "java": "fail tls", "curl": "fail tls"})
}

func TestPHPWithoutExtensions(t *testing.T) {
	p := newPeer(t, nil)
	found := look(t, p, Options{Only: []string{"php"}, Env: host("SSL_CERT_FILE="+p.ca, "PHP_INI_SCAN_DIR="+iniDir(t, ""))})
	expect(t, found, map[string]string{"php (streams)": "pass", "php (curl)": "fail connect"})
	if missing := found["php (curl)"].Missing.String(); missing != "curl" {
		t.Errorf("missing: %q", missing)
	}
	found = look(t, p, Options{Only: []string{"php"}, Env: host("PHP_INI_SCAN_DIR=:" + iniDir(t, "disable_functions=curl_exec,fsockopen"))})
	for name, want := range map[string]string{"php (streams)": "fsockopen", "php (curl)": "curl_exec"} {
		if missing := found[name].Missing.String(); missing != want {
			t.Errorf("%s misses %q, want %s", name, missing, want)
		}
	}
}

// Perl comes with the system, and without the module: that is no fault unless somebody asks about Perl.
func TestPerlWithoutItsModule(t *testing.T) {
	p := newPeer(t, nil)
	lib := t.TempDir()
	if err := os.MkdirAll(filepath.Join(lib, "IO", "Socket"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(lib, "IO", "Socket", "SSL.pm"), []byte("die 'not installed'\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for status, only := range map[evidence.Status][]string{evidence.Skip: nil, evidence.Fail: {"perl"}} {
		c := look(t, p, Options{Only: only, Env: host("PERL5LIB=" + lib)})["perl"]
		if c.Status != status || c.Missing.String() != "IO::Socket::SSL" {
			t.Errorf("only %q: %s, misses %q", only, c.Status, c.Missing)
		}
	}
}

func TestEndsBeforeTLS(t *testing.T) {
	all := []string{"php (streams)", "php (curl)", "python3", "ruby", "perl", "node", "java", "curl"}
	for stage, o := range map[string]Options{
		"connect": {Port: closedPort(t)},
		"resolve": {Port: 443, Host: strings.Repeat("a", 64) + ".invalid"}, // too long a label: nobody is asked
	} {
		o.Env = host()
		want := map[string]string{}
		for _, name := range all {
			want[name] = "fail " + stage
		}
		expect(t, look(t, nil, o), want)
	}
}

// Functions that the test script needs may be switched off too: it does without, or says which.
func TestPHPWithoutFunctions(t *testing.T) {
	p := newPeer(t, nil)
	ask := func(disabled string) map[string]evidence.Client {
		return look(t, p, Options{Only: []string{"php"}, Env: host("PHP_INI_SCAN_DIR=:" + iniDir(t, "curl.cainfo="+p.ca+"\ndisable_functions="+disabled))})
	}
	found := ask("json_encode,posix_geteuid,openssl_get_cert_locations")
	expect(t, found, map[string]string{"php (streams)": "fail verify", "php (curl)": "pass"})
	if c := found["php (curl)"]; !strings.HasSuffix(c.Settings.Of("disable_functions"), "openssl_get_cert_locations") || len(c.TrustStore) == 0 {
		t.Errorf("%+v", c)
	}
	if c := ask("ini_get")["php (?)"]; c.Status != evidence.Skip || !strings.HasSuffix(c.Error.String(), "Call to undefined function ini_get()") {
		t.Errorf("%+v", c)
	}
}

// closedPort is a port of loopback that nobody listens on, held so that nobody else takes it.
func closedPort(t *testing.T) uint16 {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	must(t, err)
	t.Cleanup(func() { syscall.Close(fd) })
	must(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	name, err := syscall.Getsockname(fd)
	must(t, err)
	return uint16(name.(*syscall.SockaddrInet4).Port)
}

// A proxy in the lower-case variable only: who goes through it, and who does not. Its password is in no output.
func TestProxyInLowerCaseOnly(t *testing.T) {
	p := newPeer(t, nil)
	proxy, logins := newProxy(t)
	variable := "https_proxy=http://anna:s3cr-Passw0rd@" + proxy
	found := look(t, p, Options{Env: host("SSL_CERT_FILE="+p.ca, "CURL_CA_BUNDLE="+p.ca, variable, "PHP_INI_SCAN_DIR=:"+iniDir(t, "curl.cainfo="+p.ca))})
	for name, through := range map[string]bool{"php (curl)": true, "python3": true, "curl": true, "php (streams)": false, "perl": false, "ruby": false} {
		c, there := found[name]
		if !there {
			continue
		}
		if c.Status != evidence.Pass || c.Proxy.Empty() == through {
			t.Errorf("%s: %s, proxy %q, want through it: %t; %s", name, c.Status, c.Proxy, through, c.Error)
		}
	}
	if len(logins) == 0 {
		t.Error("nobody came to the proxy with a login")
	}
	if all := fmt.Sprint(found); strings.Contains(all, "s3cr-Passw0rd") || strings.Contains(all, "anna") {
		t.Error("the proxy's login is in the facts")
	}
}

// newProxy is a proxy for CONNECT that wants a login.
func newProxy(t *testing.T) (address string, logins chan string) {
	t.Helper()
	logins = make(chan string, 100)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				in := bufio.NewReader(conn)
				request, err := http.ReadRequest(in)
				if err != nil {
					return
				}
				if request.Header.Get("Proxy-Authorization") == "" {
					fmt.Fprint(conn, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n")
					return
				}
				logins <- request.Header.Get("Proxy-Authorization")
				to, err := net.Dial("tcp", request.Host)
				if err != nil {
					return
				}
				defer to.Close()
				fmt.Fprint(conn, "HTTP/1.1 200 Connection established\r\n\r\n")
				go io.Copy(to, in)
				io.Copy(conn, to)
			}()
		}
	}()
	return listener.Addr().String(), logins
}

// wrapper puts a script of the shell in a program's place.
func wrapper(t *testing.T, name, script string) (dir string) {
	t.Helper()
	dir = rootsDir(t)
	must(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	return dir
}

func TestWrapperThatHangs(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	dir := wrapper(t, "php", "sleep 300 & echo $! >"+pids+"; wait")
	begun := time.Now()
	found := look(t, nil, Options{Port: 9, Only: []string{"php"}, Env: []string{"PATH=" + dir + ":/usr/bin:/bin"}, Wait: time.Second})
	c := found["php (?)"]
	if c.Status != evidence.Skip || !strings.Contains(c.Error.String(), "no answer in time") || c.Path != filepath.Join(dir, "php") {
		t.Errorf("%+v", c)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	text, err := os.ReadFile(pids)
	must(t, err)
	var child int
	fmt.Sscan(string(text), &child)
	for range 200 { // until init has taken it away
		if state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child)); err != nil || strings.Contains(string(state), ") Z ") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("its child %d still runs", child)
}

func TestWrapperThatPrintsJunk(t *testing.T) {
	for script, want := range map[string]string{
		`while :; do echo '{"look":0,"stage":"verify"} junk'; done`: "more than 64 KiB",
		`echo '{"stage":"verify","library":"x"}'`:                   "something else than an answer",
		`echo dead >&2; exit 7`:                                     "exit status 7 and no answer: dead",
	} {
		dir := wrapper(t, "python3", script)
		c := look(t, nil, Options{Port: 9, Only: []string{"python3"}, Env: []string{"PATH=" + dir + ":/usr/bin:/bin"}})["python3"]
		if c.Status == evidence.Skip {
			if !strings.Contains(c.Error.String(), want) {
				t.Errorf("%s: %s, want %s", script, c.Error, want)
			}
		} else {
			t.Errorf("%s: %s", script, c.Status)
		}
	}
}

// What a program prints is cleaned and bounded, and the key is not in its environment.
func TestWrapperThatIsHostile(t *testing.T) {
	dir := wrapper(t, "ruby", `printf '{"look":1,"stage":"nonsense","version":"\\u001b[31m1","error":"%s","settings":{"a":"%s"},"address":"x"}\n' "$(head -c 9000 /dev/zero | tr '\0' a)" "$OPENSRS_API_KEY$OPENSRS_USERNAME$(pwd)"`)
	c := look(t, nil, Options{Port: 9, Only: []string{"ruby"}, Env: []string{"PATH=" + dir + ":/usr/bin:/bin", "OPENSRS_API_KEY=0123456789abcdef", "OPENSRS_USERNAME=anna"}})["ruby"]
	if c.Status != evidence.Fail || len(c.Error.String()) > 500 || strings.Contains(c.Version.String(), "\x1b") || c.Settings.Of("a") != "/" {
		t.Errorf("%+v", c)
	}
}

func TestRootRunsOnlyWhatIsRoots(t *testing.T) {
	if !asRoot() {
		t.Skip("not root")
	}
	for name, spoil := range map[string]func(dir string) error{
		"owner":     func(dir string) error { return os.Chown(filepath.Join(dir, "perl"), 1000, 0) },
		"mode":      func(dir string) error { return os.Chmod(filepath.Join(dir, "perl"), 0o777) },
		"directory": func(dir string) error { return os.Chmod(dir, 0o777) },
		"link": func(dir string) error {
			to := filepath.Join(os.TempDir(), filepath.Base(dir))
			t.Cleanup(func() { os.Remove(to) })
			if err := os.Rename(filepath.Join(dir, "perl"), to); err != nil {
				return err
			}
			return os.Symlink(to, filepath.Join(dir, "perl"))
		},
	} {
		ran := filepath.Join(t.TempDir(), "ran")
		dir := wrapper(t, "perl", "touch "+ran)
		must(t, spoil(dir))
		c := look(t, nil, Options{Port: 9, Only: []string{"perl"}, Env: []string{"PATH=" + dir}})["perl"]
		if _, err := os.Stat(ran); err == nil || c.Status != evidence.Skip || !strings.Contains(c.Error.String(), "not run as root") {
			t.Errorf("%s: %v %s", name, c.Status, c.Error)
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range Look(ctx, Options{Host: "127.0.0.1", Port: 9, Env: host()}) {
		if c.Status != evidence.Skip {
			t.Errorf("%s: %s", c.Name, c.Status)
		}
	}
}

// A Java without a compiler: what keytool lists of its store is what counts.
func TestJavaWithoutACompiler(t *testing.T) {
	keytool := "/usr/bin/keytool"
	if _, err := os.Stat(keytool); err != nil {
		t.Skip("no keytool on this machine")
	}
	p := newPeer(t, nil)
	home := rootsDir(t)
	must(t, os.MkdirAll(filepath.Join(home, "bin"), 0o755))
	must(t, os.MkdirAll(filepath.Join(home, "lib", "security"), 0o755))
	store := filepath.Join(home, "lib", "security", "cacerts")
	bin := filepath.Join(home, "bin")
	must(t, os.WriteFile(filepath.Join(bin, "java"), []byte("#!/bin/sh\necho 'java.lang.module.FindException: Module jdk.compiler not found' >&2\nexit 1\n"), 0o755))
	o := Options{Only: []string{"java"}, Env: []string{"PATH=" + bin + ":/usr/bin:/bin"}}
	if c := ours(Look(context.Background(), Options{Host: "127.0.0.1", Port: p.port, Only: o.Only, Env: o.Env}), bin); c.Status != evidence.Skip || !strings.Contains(c.Error.String(), "without a compiler") {
		t.Errorf("%+v", c)
	}
	must(t, os.Symlink(keytool, filepath.Join(bin, "keytool")))
	for _, want := range []string{"fail", "pass"} {
		file := map[string]string{"fail": "/etc/ssl/certs/ca-certificates.crt", "pass": p.ca}[want]
		words, err := exec.Command(keytool, "-importcert", "-noprompt", "-alias", want, "-file", file, "-keystore", store, "-storepass", "changeit").CombinedOutput()
		if err != nil {
			t.Fatalf("%v %s", err, words)
		}
		c := ours(Look(context.Background(), Options{Host: "127.0.0.1", Port: p.port, Only: o.Only, Env: o.Env, JavaWait: 40 * time.Second}), bin)
		if string(c.Status) != want || c.Stage != evidence.StageVerify {
			t.Errorf("want %s: %+v", want, c)
		}
	}
}

// ours is the client whose program is in a directory.
func ours(found []evidence.Client, dir string) evidence.Client {
	for _, c := range found {
		if filepath.Dir(c.Path) == dir {
			return c
		}
	}
	return evidence.Client{}
}

// Node's error has no words where every address of a name failed: that is no success.
func TestAnswerThatDoesNotComeToTheEnd(t *testing.T) {
	r := &run{scrub: &foreign.Scrubber{}}
	for _, stage := range []string{"", "resolve", "connect", "tls"} {
		if c := r.client(&looker{name: "node"}, answer{Stage: stage}); c.Status != evidence.Fail || c.Error.Empty() {
			t.Errorf("%q: %s %q", stage, c.Status, c.Error)
		}
	}
	if c := r.client(&looker{name: "getent"}, answer{Stage: "resolve", Address: "192.0.2.1"}); c.Status != evidence.Pass {
		t.Errorf("getent: %s", c.Status)
	}
}

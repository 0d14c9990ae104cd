//go:build unix

package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// These tests meet servers that others wrote: nginx and openssl as the API, squid and tinyproxy as HTTP proxies,
// dante as a SOCKS proxy. All listen on loopback only. A test whose program is not installed is skipped.

// program finds a server's program, also where only root's path has it.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, candidate := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	t.Skipf("%s is not installed", name)
	return ""
}

// nextPort counts through the ports below those that systems give out by themselves (from 32768 or 49152 on): the other
// tests' listeners and connections, of which there are thousands, never get one of these between the look and the use.
var nextPort atomic.Uint32

// freePort is a port of loopback on which nothing listens.
func freePort(t *testing.T) string {
	t.Helper()
	const first, ports = 20000, 12000
	for range 200 {
		offset := (uint32(os.Getpid())*97 + nextPort.Add(1)) % ports
		port := strconv.Itoa(first + int(offset))
		if listener, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			listener.Close()
			return port
		}
	}
	t.Fatal("no port of loopback is free")
	return ""
}

// foreignServer runs a server until the test ends, and returns when it takes connections on that port.
func foreignServer(t *testing.T, port, path string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, path, args...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 2 * time.Second
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { command.Wait(); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended; log.Close() })
	deadline := time.After(10 * time.Second)
	for {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-ended:
			words, _ := os.ReadFile(log.Name())
			t.Fatalf("%s ended: %s", path, words)
		case <-deadline:
			words, _ := os.ReadFile(log.Name())
			t.Fatalf("%s does not listen: %s", path, words)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// openDirectory is one that a server finds also after it has dropped root's rights.
func openDirectory(t *testing.T) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "opensrs-doctor-foreign")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(directory) })
	if err := os.Chmod(directory, 0o777); err != nil {
		t.Fatal(err)
	}
	return directory
}

func writeConfig(t *testing.T, directory, text string) (path string) {
	t.Helper()
	path = filepath.Join(directory, "server.conf")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// foreignCA is an authority that openssl made.
type foreignCA struct {
	openssl, directory, root string
	serial                   int
}

func newForeignCA(t *testing.T) *foreignCA {
	t.Helper()
	ca := &foreignCA{openssl: program(t, "openssl"), directory: t.TempDir()}
	ca.root = ca.path("ca.pem")
	for _, file := range []string{"index", "index.attr"} {
		if err := os.WriteFile(ca.path(file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ca.run(t, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/O=Example Ltd/CN=Foreign Root",
		"-keyout", ca.path("ca.key"), "-out", ca.path("request"))
	ca.sign(t, ca.root, -365, 365, "basicConstraints=critical,CA:true", "-selfsign", "-keyfile", ca.path("ca.key"))
	return ca
}

func (ca *foreignCA) path(name string) string { return filepath.Join(ca.directory, name) }

func (ca *foreignCA) run(t *testing.T, args ...string) {
	t.Helper()
	if words, err := exec.Command(ca.openssl, args...).CombinedOutput(); err != nil {
		t.Fatalf("openssl %s: %v\n%s", args[0], err, words)
	}
}

// issue makes a certificate for names such as IP:127.0.0.1, valid from one day to another as seen from now.
func (ca *foreignCA) issue(t *testing.T, names string, fromDay, toDay int) (certificate, key string) {
	t.Helper()
	ca.serial++
	id := strconv.Itoa(ca.serial)
	certificate, key = ca.path("leaf"+id+".pem"), ca.path("leaf"+id+".key")
	ca.run(t, "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=foreign peer", "-keyout", key, "-out", ca.path("request"))
	ca.sign(t, certificate, fromDay, toDay, "subjectAltName="+names+"\nextendedKeyUsage=serverAuth",
		"-cert", ca.root, "-keyfile", ca.path("ca.key"))
	return certificate, key
}

// sign makes a certificate of the request, with these extensions.
func (ca *foreignCA) sign(t *testing.T, out string, fromDay, toDay int, extensions string, with ...string) {
	t.Helper()
	config := ca.path("config")
	if err := os.WriteFile(config, fmt.Appendf(nil, "[ca]\ndefault_ca=it\n[it]\nnew_certs_dir=%s\ndatabase=%s\ndefault_md=sha256\n"+
		"policy=any\nrand_serial=yes\nunique_subject=no\n[any]\norganizationName=optional\ncommonName=supplied\n[with]\n%s\n",
		ca.directory, ca.path("index"), extensions), 0o600); err != nil {
		t.Fatal(err)
	}
	const form = "060102150405Z"
	ca.run(t, append([]string{"ca", "-batch", "-notext", "-config", config, "-extensions", "with", "-in", ca.path("request"), "-out", out,
		"-startdate", inDays(fromDay).UTC().Format(form), "-enddate", inDays(toDay).UTC().Format(form)}, with...)...)
}

// selfSign makes a certificate that is its own issuer.
func (ca *foreignCA) selfSign(t *testing.T) (certificate, key string) {
	t.Helper()
	certificate, key = ca.path("self.pem"), ca.path("self.key")
	ca.run(t, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=appliance.local", "-addext",
		"subjectAltName=IP:127.0.0.1", "-days", "30", "-keyout", key, "-out", certificate)
	return certificate, key
}

// nginx serves the reply of the service over TLS, and gives the port.
func nginx(t *testing.T, certificate, key, protocols string) (port string) {
	t.Helper()
	path, directory := program(t, "nginx"), openDirectory(t)
	port = freePort(t)
	var temporary strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&temporary, "%s_temp_path %s/%s;\n", kind, directory, kind)
	}
	config := writeConfig(t, directory, fmt.Sprintf(`daemon off; master_process off; pid %s/pid; error_log stderr;
events {}
http { access_log off; %s
server { listen 127.0.0.1:%s ssl; ssl_certificate %s; ssl_certificate_key %s; ssl_protocols %s;
location / { default_type text/xml; if ($http_x_signature = "") { return 400 "unsigned"; } return 200 '%s'; } } }
`, directory, temporary.String(), port, certificate, key, protocols, accepted()))
	foreignServer(t, port, path, "-p", directory, "-c", config)
	return port
}

// against runs a check of 127.0.0.1 at a port, with the foreign authority as the public one and this host's own.
func (ca *foreignCA) against(t *testing.T, port string, more ...string) outcome {
	t.Helper()
	return invocation{environment: credentialsIn()}.run(t, append([]string{"--endpoint", "https://127.0.0.1:" + port,
		"--no-third-parties", "--egress-ip", "203.0.113.10", "--public-roots", ca.root, "--system-roots", ca.root,
		"--resolver", "127.0.0.1:9", "-f", "json"}, more...)...)
}

// TestForeignNginx: a check against nginx, with certificates that openssl made.
func TestForeignNginx(t *testing.T) {
	t.Parallel()
	program(t, "nginx")
	ca := newForeignCA(t)
	for _, protocols := range []string{"TLSv1.2", "TLSv1.3"} {
		t.Run(protocols, func(t *testing.T) {
			certificate, key := ca.issue(t, "IP:127.0.0.1", -1, 90)
			judge(t, ca.against(t, nginx(t, certificate, key, protocols)), "")
		})
	}
}

// TestForeignCertificates: openssl's own server with certificates that openssl made; what it prints shows whether
// it was told anything.
func TestForeignCertificates(t *testing.T) {
	t.Parallel()
	ca := newForeignCA(t)
	stranger := newForeignCA(t)
	issued := map[string][2]string{} // openssl's database takes one at a time
	pair := func(certificate, key string) [2]string { return [2]string{certificate, key} }
	issued["good"] = pair(ca.issue(t, "IP:127.0.0.1", -1, 90))
	issued["tls.expired"] = pair(ca.issue(t, "IP:127.0.0.1", -90, -1))
	issued["tls.not-yet-valid"] = pair(ca.issue(t, "IP:127.0.0.1", 1, 90))
	issued["tls.name-mismatch"] = pair(ca.issue(t, "DNS:www.example.net", -1, 90))
	issued["tls.self-signed"] = pair(ca.selfSign(t))
	issued["tls.unknown-ca"] = pair(stranger.issue(t, "IP:127.0.0.1", -1, 90))
	atOnce(t, sortedNames(issued), func(t *testing.T, cause string) {
		port, said := speakingOpenSSL(t, ca.openssl, issued[cause][0], issued[cause][1], okReply(accepted()))
		judge(t, ca.against(t, port), strings.TrimPrefix(cause, "good"))
		if told := strings.Contains(said(), plantedSignature); told != (cause == "good") {
			t.Errorf("the signature was sent: %v", told)
		}
	})
}

// speakingOpenSSL runs openssl s_server, which prints what it is told and says what it reads: the answer, once it was
// told a whole request.
func speakingOpenSSL(t *testing.T, openssl, certificate, key, answer string) (port string, said func() string) {
	t.Helper()
	port = freePort(t)
	ctx, cancel := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, openssl, "s_server", "-accept", "127.0.0.1:"+port, "-cert", certificate, "-key", key)
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var told strings.Builder
	ready, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			fmt.Fprintln(&told, lines.Text())
			switch {
			case strings.HasPrefix(lines.Text(), "ACCEPT"):
				close(ready)
			case strings.Contains(lines.Text(), "</OPS_envelope>"):
				fmt.Fprint(in, answer)
			}
		}
	}()
	stop := func() { cancel(); <-ended; command.Wait() }
	t.Cleanup(stop)
	select {
	case <-ready:
	case <-ended:
		t.Fatalf("openssl s_server ended: %s", told.String())
	}
	return port, func() string { stop(); return told.String() }
}

// TestForeignProxies: HTTP proxies that deny the port, allow it, and want a login; nginx behind them.
func TestForeignProxies(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"squid", "tinyproxy", "danted"} {
		t.Run(name, func(t *testing.T) {
			program(t, name)
			program(t, "nginx")
			ca := newForeignCA(t)
			certificate, key := ca.issue(t, "IP:127.0.0.1", -1, 90)
			api := nginx(t, certificate, key, "TLSv1.2 TLSv1.3")
			for _, rule := range []struct{ allowed, cause string }{{api, ""}, {"443", "proxy.denied"}} {
				proxy := foreignProxies[name](t, rule.allowed)
				got := ca.against(t, api, "--proxy", proxy)
				judge(t, got, rule.cause)
				revealsNothing(t, got.stdout+got.stderr)
			}
		})
	}
}

// foreignProxies start a proxy that connects to one port and to no other, and give its URL.
var foreignProxies = map[string]func(t *testing.T, allowed string) (url string){
	"squid": func(t *testing.T, allowed string) string {
		path, directory, port := program(t, "squid"), openDirectory(t), freePort(t)
		config := writeConfig(t, directory, fmt.Sprintf("http_port 127.0.0.1:%s\nacl ports port %s\nacl CONNECT method CONNECT\n"+
			"http_access deny CONNECT !ports\nhttp_access allow localhost\nhttp_access deny all\npid_filename %s/pid\n"+
			"cache_log %s/log\naccess_log none\ncache_store_log none\ncache deny all\ncoredump_dir %s\nshutdown_lifetime 0 seconds\n"+
			"visible_hostname localhost\ndns_nameservers 127.0.0.1\nudp_incoming_address 127.0.0.1\npinger_enable off\nmax_filedescriptors 256\n", port, allowed, directory, directory, directory))
		foreignServer(t, port, path, "-N", "-n", "doctor"+port, "-f", config)
		return "http://127.0.0.1:" + port
	},
	"tinyproxy": func(t *testing.T, allowed string) string {
		path, directory, port := program(t, "tinyproxy"), openDirectory(t), freePort(t)
		config := writeConfig(t, directory, fmt.Sprintf("Port %s\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nAllow 127.0.0.1\nConnectPort %s\n",
			port, allowed))
		foreignServer(t, port, path, "-d", "-c", config)
		return "http://127.0.0.1:" + port
	},
	"danted": func(t *testing.T, allowed string) string {
		path, directory, port := program(t, "danted"), openDirectory(t), freePort(t)
		config := writeConfig(t, directory, fmt.Sprintf("logoutput: stderr\ninternal: 127.0.0.1 port = %s\nexternal: 127.0.0.1\n"+
			"clientmethod: none\nsocksmethod: none\nclient pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }\n"+
			"socks pass { from: 127.0.0.0/8 to: 0.0.0.0/0 port = %s command: connect }\nsocks block { from: 0.0.0.0/0 to: 0.0.0.0/0 }\n",
			port, allowed))
		foreignServer(t, port, path, "-f", config, "-p", filepath.Join(directory, "pid"))
		return "socks5://127.0.0.1:" + port
	},
}

//go:build linux

package lab

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// openPort53 is the advice that helps where packets vanish, and nowhere else.
var openPort53 = []string{"Allow UDP and TCP port 53"}

// What a client's resolv.conf can be instead of a list of resolvers, and resolvers whose port is closed.
var resolverWorlds = []Fault{
	{Name: "empty-resolv-conf-and-a-resolver-on-loopback", Check: checks(oneConnection, asksItself("empty"), libcToo), Break: func(w *World) {
		serveOn(w, w.Client, &Resolver{Address: "127.0.0.1"})
		w.Etc = etc("")
	}},
	{Name: "good-line-after-bad-ones", Check: oneConnection, Break: func(w *World) {
		w.ResolvConf = "nameserver dns.example\n nameserver 192.0.2.54\nnameserver 192.0.2.53\n"
	}},
	noResolver("empty", "is empty", "Write a resolver into /etc/resolv.conf", func(w *World) { w.Etc = etc("") }),
	noResolver("missing", "does not exist", "Write a resolver into /etc/resolv.conf", func(w *World) { w.Etc = func(string) {} }),
	noResolver("link-to-nowhere", "is a link to nowhere", "Start the service that writes /run/nobody/resolv.conf", func(w *World) {
		w.Etc = func(dir string) { must(w, os.Symlink("/run/nobody/resolv.conf", filepath.Join(dir, "resolv.conf"))) }
	}),
	noResolver("directory", "is not a file", "Write a resolver into /etc/resolv.conf", func(w *World) {
		w.Etc = func(dir string) { must(w, os.Mkdir(filepath.Join(dir, "resolv.conf"), 0o755)) }
	}),
	noResolver("pipe-that-nobody-writes", "is not a file", "Write a resolver into /etc/resolv.conf", func(w *World) {
		w.Etc = func(dir string) { must(w, syscall.Mkfifo(filepath.Join(dir, "resolv.conf"), 0o644)) }
	}),
	noResolver("only-comments", "has no nameserver line", "Write a resolver into /etc/resolv.conf", func(w *World) {
		w.ResolvConf = "# nameserver 192.0.2.53\nsearch example\n"
	}),
	noResolver("name-in-place-of-an-address", "line 2 of /etc/resolv.conf has no address", "Correct line 2 of /etc/resolv.conf", func(w *World) {
		w.ResolvConf = "search example\nnameserver dns.example\n"
	}),
	noResolver("indented", "line 1 of /etc/resolv.conf is indented", "Correct line 1 of /etc/resolv.conf", func(w *World) {
		w.ResolvConf = "  nameserver 192.0.2.53\n"
	}),
	noResolver("unreadable", "cannot be read", "Let every user read /etc/resolv.conf: sudo chmod 644 /etc/resolv.conf", func(w *World) {
		if os.Getenv(insideEnv) != "" {
			w.tb.Skip("this user namespace has one user")
		}
		w.User = 65534
		w.Etc = func(dir string) {
			must(w, os.WriteFile(filepath.Join(dir, "resolv.conf"), []byte("nameserver 192.0.2.53\n"), 0))
			must(w, os.Chmod(filepath.Join(dir, "hosts"), 0o644))
		}
	}),
	{Cause: "dns.servfail", Name: "empty-resolv-conf-and-a-stub-without-upstream", Check: asksItself("empty"),
		Says: []string{"/etc/resolv.conf is empty", "this host itself, was asked instead, as libc does"}, Break: func(w *World) {
			serveOn(w, w.Client, &Resolver{Address: "127.0.0.1", Rcode: dns.RcodeServerFailure})
			w.Etc = etc("")
		}},
	{Cause: "dns.resolver-unreachable", Name: "gateway-rejects-port-53", Confidence: "certain", Never: openPort53,
		Says: []string{"or a firewall refuses in its name", "Ask whoever runs 192.0.2.53"}, Break: func(w *World) {
			w.Gateway.Filter("forward", "udp dport 53 reject", "tcp dport 53 reject with tcp reset")
		}},
	{Cause: "dns.resolver-unreachable", Name: "one-closed-and-one-silent", Says: []string{"Allow UDP and TCP port 53 from this host to 192.0.2.54",
		"Ask whoever runs 192.0.2.53"}, Break: func(w *World) {
		w.Resolvers = append(w.Resolvers, &Resolver{Address: "192.0.2.54", Dead: true})
		w.Resolvers[0].Closed = true
	}},
	{Cause: "dns.slow-resolver", Name: "answers-after-the-time-is-up", Confidence: "likely", Says: []string{"The answer of 192.0.2.53 took "}, Break: func(w *World) {
		w.Resolvers[0].Delay = 5800 * time.Millisecond
	}},
	{Cause: "dns.slow-resolver", Name: "libc-is-told-to-wait", Verdict: "warn", Check: calls(1), Break: func(w *World) {
		w.Resolvers[0].Delay = 6 * time.Second
		w.ResolvConf = "nameserver 192.0.2.53\noptions timeout:15 attempts:1\n"
	}},
	{Cause: "dns.resolver-unreachable", Name: "takes-connections-and-says-nothing", Confidence: "likely", Says: []string{"slow rather than dead"}, Break: func(w *World) {
		w.Resolvers[0].Closed = true
		w.Far.Filter("input", "udp dport 53 drop")
		go accept(w.Far.Listen("192.0.2.53:53"), RawSilence)
	}},
	{Cause: "dns.resolver-unreachable", Name: "UDP-dropped-and-TCP-reset", Says: []string{"No resolver answers: 192.0.2.53",
		"Allow UDP and TCP port 53"}, Never: []string{"refuses port 53"}, Break: func(w *World) {
		w.Gateway.Filter("forward", "udp dport 53 drop", "tcp dport 53 reject with tcp reset")
	}},
}

// noResolver is a world in which nothing names a resolver, so that 127.0.0.1 is asked, where nobody listens.
func noResolver(name, title, step string, spoil func(*World)) Fault {
	return Fault{Cause: "dns.resolver-unreachable", Name: "resolv-conf-" + name, Confidence: "certain", Never: openPort53,
		Says:  []string{"No resolver is ", title, step, "127.0.0.1, this host itself, was asked instead, as libc does", "refuses questions at port 53"},
		Break: spoil, Check: asksItself("")}
}

// asksItself: the report's host names 127.0.0.1 and why; kind "": any reason.
func asksItself(kind string) func(*testing.T, *World, Result) {
	return func(t *testing.T, _ *World, result Result) {
		var report struct {
			Host struct {
				Resolvers []string `json:"resolvers"`
				Problem   *struct {
					Kind string `json:"kind"`
				} `json:"resolvers_problem"`
			} `json:"host"`
		}
		if err := json.Unmarshal(result.Stdout, &report); err != nil {
			t.Fatal(err)
		}
		host := report.Host
		if strings.Join(host.Resolvers, " ") != "127.0.0.1:53" || host.Problem == nil || kind != "" && host.Problem.Kind != kind {
			t.Errorf("the host's resolvers are %v, and the problem %+v", host.Resolvers, host.Problem)
		}
	}
}

// libcToo: libc's own resolver finds the service in the same world, so it asks 127.0.0.1 as the report says.
func libcToo(t *testing.T, w *World, _ Result) {
	getent, err := exec.LookPath("getent")
	if err != nil {
		t.Skip(err)
	}
	if result := w.Exec(getent, "ahostsv4", Host); !strings.Contains(string(result.Stdout), HostIP) {
		t.Errorf("getent: exit %d, %s%s", result.Exit, result.Stdout, result.Stderr)
	}
}

func checks(all ...func(*testing.T, *World, Result)) func(*testing.T, *World, Result) {
	return func(t *testing.T, w *World, result Result) {
		for _, check := range all {
			check(t, w, result)
		}
	}
}

// etc is a directory with a resolv.conf of that content.
func etc(content string) func(string) {
	return func(dir string) { _ = os.WriteFile(filepath.Join(dir, "resolv.conf"), []byte(content), 0o644) }
}

func must(w *World, err error) {
	w.tb.Helper()
	if err != nil {
		w.tb.Fatal(err)
	}
}

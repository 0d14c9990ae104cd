//go:build !windows

package probes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

func TestReadResolvConf(t *testing.T) {
	var none *foreign.Scrubber
	dir := t.TempDir()
	for name, test := range map[string]struct {
		content string // "": the file is made by make
		make    func(path string) error
		servers string
		problem evidence.ResolversProblem
	}{
		"three are used":        {content: "nameserver 192.0.2.1\nnameserver\t2001:db8::1\nnameserver fe80::1%eth0 x\nnameserver 192.0.2.4\n", servers: "[192.0.2.1 2001:db8::1 fe80::1%eth0]"},
		"bad lines beside good": {content: "nameserver dns.example\n nameserver 192.0.2.1\r\nnameserver 192.0.2.2\r\n", servers: "[192.0.2.2]"},
		"white space":           {content: " \n\t\n", problem: evidence.ResolversProblem{Kind: evidence.ResolversEmpty}},
		"comments":              {content: "# nameserver 192.0.2.1\n;nameserver 192.0.2.1\nsearch example\nnameservers 192.0.2.1\n", problem: evidence.ResolversProblem{Kind: evidence.ResolversNone}},
		"a name":                {content: "# by hand\nnameserver dns.example\n", problem: evidence.ResolversProblem{Kind: evidence.ResolversNoAddress, Line: 2, Named: none.Quote("dns.example", 100)}},
		"nothing behind it":     {content: "nameserver", problem: evidence.ResolversProblem{Kind: evidence.ResolversNoAddress, Line: 1}},
		"a comment behind it":   {content: "nameserver 192.0.2.1#one\n", problem: evidence.ResolversProblem{Kind: evidence.ResolversNoAddress, Line: 1, Named: none.Quote("192.0.2.1#one", 100)}},
		"indented":              {content: "\n  nameserver 192.0.2.1\n", problem: evidence.ResolversProblem{Kind: evidence.ResolversIndented, Line: 2, Named: none.Quote("192.0.2.1", 100)}},
		"escapes": {content: "nameserver \x1b[31m" + strings.Repeat("x", 200),
			problem: evidence.ResolversProblem{Kind: evidence.ResolversNoAddress, Line: 1, Named: none.Quote("\x1b[31m"+strings.Repeat("x", 200), 100)}},
		"empty":   {make: func(path string) error { return os.WriteFile(path, nil, 0o600) }, problem: evidence.ResolversProblem{Kind: evidence.ResolversEmpty}},
		"missing": {make: func(string) error { return nil }, problem: evidence.ResolversProblem{Kind: evidence.ResolversMissing}},
		"dangling": {make: func(path string) error { return os.Symlink("../run/stub.conf", path) },
			problem: evidence.ResolversProblem{Kind: evidence.ResolversMissing, Link: none.Quote("../run/stub.conf", 100)}},
		"directory": {make: func(path string) error { return os.Mkdir(path, 0o700) }, problem: evidence.ResolversProblem{Kind: evidence.ResolversUnreadable, Detail: foreign.Ours("not a file")}},
		"pipe":      {make: func(path string) error { return syscall.Mkfifo(path, 0o600) }, problem: evidence.ResolversProblem{Kind: evidence.ResolversUnreadable, Detail: foreign.Ours("not a file")}},
		"circle":    {make: func(path string) error { return os.Symlink(path, path) }, problem: evidence.ResolversProblem{Kind: evidence.ResolversUnreadable, Detail: none.Quote("too many levels of symbolic links", 100)}},
	} {
		path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
		if test.make == nil {
			test.make = func(path string) error { return os.WriteFile(path, []byte(test.content), 0o600) }
		}
		if err := test.make(path); err != nil {
			t.Fatal(err)
		}
		servers, problem := readResolvConf(path, nil)
		if test.servers != "" {
			if fmt.Sprint(servers) != test.servers || problem != nil {
				t.Errorf("%s: %v, %+v, want %s", name, servers, problem, test.servers)
			}
			continue
		}
		if problem == nil || *problem != test.problem || servers != nil {
			t.Errorf("%s: %v, %+v, want %+v", name, servers, problem, test.problem)
		}
	}
}

// FuzzResolvConf: a resolv.conf.
func FuzzResolvConf(f *testing.F) {
	for _, seed := range []string{"nameserver 192.0.2.1\n", " nameserver ::1\nnameserver x\x1b[31m\n", "nameserver\n", "\xff\x00", "nameserver fe80::1%eth0\r\n"} {
		f.Add([]byte(seed))
	}
	path := filepath.Join(f.TempDir(), "resolv.conf")
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) > 64<<10 {
			return
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		servers, problem := readResolvConf(path, nil)
		if len(servers) > mostResolvers || (len(servers) > 0) != (problem == nil) {
			t.Errorf("%d servers and %+v", len(servers), problem)
		}
		smallFacts(t, problem, 2<<10)
	})
}

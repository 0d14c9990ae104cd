//go:build linux

package systems

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/sandbox"
)

// report is what the tests read of the command's JSON.
type report struct {
	Verdict string `json:"verdict"`
	Host    struct {
		OS string `json:"os"`
	} `json:"host"`
	Diagnoses []struct {
		Cause       string   `json:"cause"`
		Severity    string   `json:"severity"`
		Confidence  string   `json:"confidence"`
		Explanation string   `json:"explanation"`
		Evidence    []string `json:"evidence"`
		Fixes       []string `json:"fixes"`
	} `json:"diagnoses"`
	Probes []struct {
		Name  string `json:"name"`
		Facts facts  `json:"facts"`
	} `json:"probes"`
}

// first is the cause that matters: the first above info, or "".
func (r report) first() (cause, confidence, words string) {
	for _, d := range r.Diagnoses {
		if d.Severity != "info" {
			return d.Cause, d.Confidence, strings.Join(slices.Concat([]string{d.Explanation}, d.Evidence, d.Fixes), "\n")
		}
	}
	return "", "", ""
}

// facts are what the tests read of a probe's facts.
type facts struct {
	Attempts []evidence.Attempt `json:"attempts"`
	Variants []evidence.Variant `json:"variants"`
	Code     string             `json:"response_code"`
}

// probe gives the facts of a probe.
func (r report) probe(name string) (found facts) {
	for _, row := range r.Probes {
		if row.Name == name {
			found = row.Facts
		}
	}
	return found
}

// start starts a sandbox with that fault ("": none), and gives the arguments of the check that meets it.
func start(t *testing.T, s *system, fault string) []string {
	inside, err := sandbox.Start(sandbox.Config{Fault: fault})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { inside.Close() })
	c := inside.Client()
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return s.path(path)
	}
	roots := func(certificates []*x509.Certificate) (encoded []byte) {
		for _, certificate := range certificates {
			encoded = append(encoded, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})...)
		}
		return encoded
	}
	arguments := []string{"check", "--format", "json", "--config", map[bool]string{true: "NUL", false: os.DevNull}[s == wine],
		"--endpoint", c.URL, "--status-url", inside.StatusURL, "--proxy", "none",
		"--public-roots", file("public.pem", roots(c.PublicRoots)), "--system-roots", file("system.pem", roots(c.SystemRoots))}
	if inside.Proxy != "" {
		arguments = append(arguments, "--proxy", inside.Proxy)
	}
	if c.Username != "" {
		arguments = append(arguments, "--username", c.Username)
	}
	if len(c.Key) > 0 {
		arguments = append(arguments, "--api-key-file", file("key", c.Key))
	}
	for flag, values := range map[string][]string{"--rule": c.Rules, "--egress-source": inside.EgressSources,
		"--control": inside.Controls, "--resolver": inside.Resolvers} {
		for _, value := range values {
			arguments = append(arguments, flag, value)
		}
	}
	return arguments
}

// check runs the command, whose exit status has to fit its verdict.
func (s *system) check(t *testing.T, arguments ...string) report {
	t.Helper()
	ended := s.run(t, s.program, arguments...)
	var r report
	if err := json.Unmarshal(ended.stdout, &r); err != nil {
		t.Fatalf("no report: %v\n%s%s", err, ended.stdout, ended.stderr)
	}
	if want := map[string]int{"pass": 0, "warn": 0, "fail": 1}[r.Verdict]; ended.exit != want || r.Host.OS != s.os {
		t.Errorf("verdict %s on %s, exit status %d", r.Verdict, r.Host.OS, ended.exit)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s\n%s%s", strings.Join(arguments, " "), ended.stdout, ended.stderr)
		}
	})
	return r
}

func TestFaults(t *testing.T) {
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.need(t)
			for _, fault := range sandbox.Faults() {
				t.Run(fault, func(t *testing.T) {
					t.Parallel()
					r := s.check(t, start(t, s, fault)...)
					if cause, _, _ := r.first(); cause != fault && !shown(r, fault) {
						t.Errorf("found %s", cause)
					}
				})
			}
		})
	}
}

// shown: the cause is one of those found; infos and warnings may stand behind another.
func shown(r report, cause string) bool {
	for _, d := range r.Diagnoses {
		if d.Cause == cause {
			return d.Severity != "fail"
		}
	}
	return false
}

// What each system's own sockets, and the experiments that it can make, lead to.
func TestWorlds(t *testing.T) {
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.need(t)
			t.Run("healthy", func(t *testing.T) {
				t.Parallel()
				r := s.check(t, start(t, s, "")...)
				if r.Verdict != "pass" || r.probe("call").Code != "200" {
					t.Errorf("verdict %s, the API said %s", r.Verdict, r.probe("call").Code)
				}
			})
			if s != wine { // its UDP is not Go's
				t.Run("the-sandbox-inside", func(t *testing.T) {
					t.Parallel()
					if r := s.check(t, "check", "--sandbox", "-f", "json"); r.Verdict != "pass" || r.probe("call").Code != "200" {
						t.Errorf("verdict %s, the API said %s", r.Verdict, r.probe("call").Code)
					}
				})
			}
			t.Run("closed-port-and-nobody-else-asked", func(t *testing.T) {
				t.Parallel()
				r := s.check(t, "check", "-f", "json", "--proxy", "none", "--no-third-parties", "--endpoint", "https://"+closedPort(t))
				kind := failureOf(r.probe("port").Attempts)
				if cause, _, _ := r.first(); cause != "port.refused" || kind != evidence.KindRefused {
					t.Errorf("found %s, the connection was %s", cause, kind)
				}
			})
			t.Run("source-address-of-somebody-else", func(t *testing.T) {
				t.Parallel()
				ended := s.run(t, s.program, "check", "--no-third-parties", "--source-ip", "203.0.113.99")
				if ended.exit != 2 || !strings.Contains(string(ended.stderr), "not an address of this host") {
					t.Errorf("exit status %d: %s", ended.exit, ended.stderr)
				}
			})
			t.Run("silence-after-the-connection", func(t *testing.T) {
				t.Parallel()
				r := s.check(t, start(t, s, "tls.timeout")...)
				cause, confidence, words := r.first()
				small := slices.IndexFunc(r.probe("tls").Variants, func(v evidence.Variant) bool { return v.Name == evidence.VariantSmall })
				if cause != "tls.timeout" || small < 0 {
					t.Fatalf("found %s", cause)
				}
				made := r.probe("tls").Variants[small].NotMade
				if confidence != "likely" {
					t.Errorf("%s, and a device on the path looks the same", confidence)
				}
				if s == wine && (made != evidence.NotAvailable || !strings.Contains(words, "netsh interface")) {
					t.Errorf("small segments: %q\n%s", made, words)
				}
				if s == qemu && made != "" {
					t.Errorf("small segments: %q", made)
				}
			})
		})
	}
}

func failureOf(attempts []evidence.Attempt) evidence.Kind {
	if len(attempts) == 0 || attempts[0].Failure == nil {
		return ""
	}
	return attempts[0].Failure.Kind
}

// closedPort is an address at which nobody listens: a socket holds it, and does not listen.
func closedPort(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// The tests of the rooms that ask the system, on the system itself.
func TestProbes(t *testing.T) {
	skips := map[*system]string{
		// Wine's UDP sockets refuse an option that Go sets, and it cannot remove a file as Windows does.
		wine: "^(TestRouteToLoopback|TestHosts|FuzzHosts)$",
	}
	for _, s := range all {
		for room, passes := range tested {
			t.Run(s.name+"/"+room, func(t *testing.T) {
				t.Parallel()
				s.need(t)
				arguments := []string{"-test.v", "-test.timeout=100s"}
				if skips[s] != "" {
					arguments = append(arguments, "-test.skip="+skips[s])
				}
				ended := s.run(t, s.tests[room], arguments...)
				if ended.exit != 0 || !strings.Contains(string(ended.stdout), "--- PASS: "+passes) {
					t.Errorf("exit status %d\n%s%s", ended.exit, ended.stdout, ended.stderr)
				}
				for line := range strings.Lines(string(ended.stdout)) {
					if strings.Contains(line, "--- SKIP") {
						t.Logf("on %s: %s", s.os, line)
					}
				}
			})
		}
	}
}

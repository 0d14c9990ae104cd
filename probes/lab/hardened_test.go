//go:build linux

package lab

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// call is a system call in a trace: its name, and what it was given. strace writes a call that another thread's
// interrupts in two halves; the second begins with "<...".
var call = regexp.MustCompile(`(?m)^\s*\d+ +([a-z0-9_]+)\((.*)$`)

// withinUnit are worlds in which the check asks all that it can ask as an ordinary user.
var withinUnit = map[string]func(w *World){
	"healthy":        func(*World) {},
	"local-firewall": func(w *World) { w.Client.Filter("output", "tcp dport 55443 drop") },
	"reply-dropped":  func(w *World) { w.Client.Filter("input", "tcp sport 55443 drop") },
	"gateway-drop":   func(w *World) { w.Gateway.Filter("forward", "tcp dport 55443 drop") },
	"no-dns":         func(w *World) { w.Gateway.Filter("forward", "th dport 53 drop") },
	"blackhole":      func(w *World) { w.Client.IP("route add blackhole " + HostIP + "/32") },
	"closed":         func(w *World) { w.API.Closed = true },
	"big-packets":    func(w *World) { w.Gateway.Filter("forward", "ip daddr 10.1.0.0/24 ip length > 1000 drop") },
	"denied":         func(w *World) { w.API.Key = strings.Repeat("ab", 56) },
}

// TestWithinHardenedUnit: whatever goes wrong, the check uses no system call, no address family and no namespace that the
// service of fleet deploy systemd takes away; so the service breaks no diagnosis. Its filter is what systemd itself
// expands it to.
func TestWithinHardenedUnit(t *testing.T) {
	need(t)
	for _, name := range []string{"strace", "systemd-analyze"} {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("OPENSRS_DOCTOR_LAB") == "require" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	unit, err := exec.Command(binary, "fleet", "deploy", "systemd", "--file", "opensrs-doctor.service").Output()
	if err != nil {
		t.Fatal(err, buildError)
	}
	for _, line := range []string{"SystemCallFilter=@system-service", "RestrictNamespaces=yes", "MemoryDenyWriteExecute=yes", "CapabilityBoundingSet=",
		"DynamicUser=yes"} {
		if !strings.Contains(string(unit), "\n"+line+"\n") {
			t.Fatalf("the unit has no %s", line)
		}
	}
	families := strings.Fields(regexp.MustCompile(`(?m)^RestrictAddressFamilies=(.*)$`).FindStringSubmatch(string(unit))[1])
	allowed := expanded(t, "@system-service")
	strace, err := exec.LookPath("strace") // where it is: a copy may be busy while another test starts a program
	if err == nil {
		err = os.Chmod(filepath.Dir(binary), 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, breaks := range withinUnit {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := NewWorld(t)
			w.User = 65534
			breaks(w)
			w.Start()
			trace := filepath.Join(w.dir, "trace")
			if err := os.WriteFile(trace, nil, 0o666); err != nil {
				t.Fatal(err)
			}
			ended := w.Exec(strace, append([]string{"-f", "-qq", "-s", "0", "-o", trace, binary}, append(w.Args(), "--config", "/dev/null")...)...)
			text, err := os.ReadFile(trace)
			calls := call.FindAllStringSubmatch(string(text), -1)
			if err != nil || len(calls) < 100 || ended.Exit > 1 {
				t.Fatalf("%v, exit %d, %d calls\n%s", err, ended.Exit, len(calls), ended.Stderr)
			}
			for _, one := range calls {
				name, args := one[1], one[2]
				family, _, _ := strings.Cut(args, ",")
				switch {
				case name == "bpf" && strings.Contains(string(unit), "\nSystemCallErrorNumber=EPERM\n"): // EPERM to an ordinary user anyway
				case !slices.Contains(allowed, name):
					t.Errorf("%s(%.80s) is outside of @system-service", name, args)
				case name == "socket" && !slices.Contains(families, family):
					t.Errorf("socket(%.80s)", args)
				case (name == "mmap" || name == "mprotect") && strings.Contains(args, "PROT_WRITE|PROT_EXEC"), strings.Contains(args, "CLONE_NEW"):
					t.Errorf("%s(%.80s)", name, args)
				}
			}
		})
	}
}

// expanded are the system calls of a set of systemd's, which may hold sets.
func expanded(t *testing.T, set string) []string {
	t.Helper()
	out, err := exec.Command("systemd-analyze", "syscall-filter", "--no-pager", set).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var calls []string
	for _, line := range strings.Split(string(out), "\n") {
		switch name := strings.TrimSpace(line); {
		case !strings.HasPrefix(line, " "), name == "", strings.HasPrefix(name, "#"):
		case strings.HasPrefix(name, "@"):
			calls = append(calls, expanded(t, name)...)
		default:
			calls = append(calls, name)
		}
	}
	return calls
}

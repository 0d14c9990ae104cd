//go:build linux

package lab

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// managed is a world whose rules a program of this system writes, under directories of the test's own.
type managed struct {
	*World
	t *testing.T
}

// managedBy is the program's rules, and what is printed against them: it is done as it is printed, and the run passes;
// it is undone as it is printed, and the run fails as before.
func managedBy(t *testing.T, program string, own []string, flags []string, write func(managed), cause, kind, name, manager, file string) {
	t.Helper()
	needRoot(t, program)
	w := managed{healthy(t), t}
	w.Mounts, w.Flags = map[string]string{}, flags
	for _, dir := range own {
		w.own(dir)
	}
	w.Start()
	write(w)
	w.judge(cause, kind, name, manager, file)
}

// needRoot skips what a user namespace does not allow, or what is not installed.
func needRoot(tb testing.TB, program string) {
	tb.Helper()
	if os.Getenv(insideEnv) != "" {
		tb.Skipf("needs root: %s refuses in a user namespace, or its files are nobody's there", program)
	}
	if _, err := exec.LookPath(program); err != nil {
		tb.Skipf("needs %s: .ci/run installs it", program)
	}
}

// own puts a copy of one of the machine's directories over it.
func (w managed) own(dir string) {
	w.t.Helper()
	copied := filepath.Join(w.t.TempDir(), "copy")
	if out, err := exec.Command("cp", "-a", dir, copied).CombinedOutput(); err != nil {
		w.t.Fatalf("%s: %v %s", dir, err, out)
	}
	w.Mounts[dir] = copied
}

// empty puts an empty directory over one of the machine's.
func (w managed) empty(dir string) {
	w.Mounts[dir] = w.t.TempDir()
	if err := os.Chmod(w.Mounts[dir], 0o755); err != nil {
		w.t.Fatal(err)
	}
}

// begin starts a program on the client's machine, which ends with the test.
func (w managed) begin(words ...string) *exec.Cmd {
	w.t.Helper()
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir, cmd.Env = "/", []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"}
	if err := w.Client.Command(w.Mounts, cmd)(); err != nil {
		w.t.Fatalf("%v: %v", words, err)
	}
	w.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

// command runs one to its end.
func (w managed) command(line string) error {
	w.t.Helper()
	words := strings.Fields(line)
	cmd := exec.Command(words[0], words[1:]...)
	var out strings.Builder
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = "/", []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"}, &out, &out
	err := w.Client.Command(w.Mounts, cmd)()
	if err == nil {
		err = cmd.Wait()
	}
	w.t.Logf("%s: %v\n%s", line, err, out.String())
	return err
}

func (w managed) commands(lines ...string) {
	w.t.Helper()
	for _, line := range lines {
		if err := w.command(line); err != nil {
			w.t.Fatalf("%s: %v", line, err)
		}
	}
}

var (
	printedCommand = regexp.MustCompile(`sudo ((?:[^,.]|[,.]\S)+)`)
	printedLine    = regexp.MustCompile(`[Aa]dd the line (.+?) to (/[^\s,]+),`)
)

// follow does what a step says.
func (w managed) follow(step string) {
	w.t.Helper()
	if line := printedLine.FindStringSubmatch(step); line != nil {
		path := line[2]
		for mounted, copied := range w.Mounts {
			if rest, is := strings.CutPrefix(path, mounted+"/"); is {
				path = filepath.Join(copied, rest)
			}
		}
		old, _ := os.ReadFile(path)
		if err := os.WriteFile(path, append([]byte(line[1]+"\n"), old...), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	for _, command := range printedCommand.FindAllStringSubmatch(step, -1) {
		w.commands(command[1])
	}
}

// judge runs the command, does what its first step says, and runs it again.
func (w managed) judge(cause, kind, name, manager, file string) {
	w.t.Helper()
	failing := func() Diagnosis {
		result := w.Diagnose(binary)
		if len(result.Report.Diagnoses) == 0 || result.Report.Diagnoses[0].Cause != cause {
			w.t.Fatalf("%v, want %s\n%s", result.Report.Causes(), cause, result.Stdout)
		}
		return result.Report.Diagnoses[0]
	}
	d := failing()
	if c := d.Culprit; c.Kind != kind || !strings.Contains(c.Name, name) || c.Manager != manager || !strings.Contains(c.File, file) {
		w.t.Fatalf("the culprit is %+v\n%s\n%q", c, d.Words(), d.NotEvaluated)
	}
	w.t.Log(d.Fixes[0])
	do, undo, known := strings.Cut(d.Fixes[0], "To undo it, ")
	if !known {
		w.t.Fatalf("the first step is %q", d.Fixes[0])
	}
	w.follow(do)
	if result := w.Diagnose(binary); result.Report.Verdict != "pass" {
		w.t.Fatalf("after %q: %s", do, result.Stdout)
	}
	if !strings.Contains(do, "Add the line") {
		w.follow("To undo it, " + undo)
		failing()
	}
}

func TestUFW(t *testing.T) {
	program, own := "ufw", []string{"/etc/ufw", "/etc/default"}
	begin := func(w managed) {
		w.empty("/run")
		w.commands("ufw allow out 53", "ufw allow out 80/tcp", "ufw allow out 443/tcp")
	}
	t.Run("denies-by-default", func(t *testing.T) {
		managedBy(t, program, own, nil, func(w managed) {
			begin(w)
			w.commands("ufw default deny outgoing", "ufw --force enable")
		}, "host.local-firewall", "nft-policy", "ip filter OUTPUT", "ufw", "DEFAULT_OUTPUT_POLICY")
	})
	t.Run("rejects-by-default", func(t *testing.T) {
		managedBy(t, program, own, nil, func(w managed) {
			begin(w)
			w.commands("ufw default reject outgoing", "ufw --force enable")
		}, "host.local-firewall", "iptables-rule", "filter ufw-reject-output 1", "ufw", "DEFAULT_OUTPUT_POLICY")
	})
	t.Run("denies-the-port", func(t *testing.T) {
		managedBy(t, program, own, nil, func(w managed) {
			begin(w)
			w.commands("ufw deny out 55443/tcp", "ufw --force enable")
		}, "host.local-firewall", "iptables-rule", "filter ufw-user-output", "ufw", "user.rules")
	})
	t.Run("rejects-the-address", func(t *testing.T) {
		managedBy(t, program, own, nil, func(w managed) {
			begin(w)
			w.commands("ufw reject out to "+HostIP, "ufw --force enable")
		}, "host.local-firewall", "iptables-rule", "filter ufw-user-output", "ufw", "user.rules")
	})
}

func TestFirewalld(t *testing.T) {
	program, own := "firewalld", []string{"/etc/firewalld"}
	begin := func(w managed) {
		w.empty("/run")
		w.empty("/var/log")
		if err := os.MkdirAll(filepath.Join(w.Mounts["/run"], "dbus"), 0o755); err != nil {
			w.t.Fatal(err)
		}
		w.begin("dbus-daemon", "--system", "--nofork", "--nopidfile")
		w.begin("firewalld", "--nofork", "--nopid")
		for until := time.Now().Add(30 * time.Second); w.command("firewall-cmd --state") != nil; time.Sleep(100 * time.Millisecond) {
			if time.Now().After(until) {
				w.t.Fatal("firewalld does not start")
			}
		}
	}
	policy := func(target string) func(managed) {
		return func(w managed) {
			begin(w)
			of := "firewall-cmd --permanent --policy webonly "
			w.commands("firewall-cmd --permanent --new-policy webonly", of+"--add-ingress-zone HOST", of+"--add-egress-zone ANY", of+"--set-target "+target,
				of+"--add-port 53/udp", of+"--add-port 80/tcp", of+"--add-port 443/tcp", "firewall-cmd --reload")
		}
	}
	direct := func(words string) func(managed) {
		return func(w managed) {
			begin(w)
			w.commands("firewall-cmd --permanent --direct --add-rule ipv4 filter OUTPUT 0 "+words, "firewall-cmd --reload")
		}
	}
	t.Run("policy-drops", func(t *testing.T) {
		managedBy(t, program, own, []string{"--trace-firewall"}, policy("DROP"), "host.local-firewall", "nft-rule", "inet firewalld filter_OUT_policy_webonly", "firewalld",
			"/etc/firewalld/policies/webonly.xml")
	})
	t.Run("policy-rejects", func(t *testing.T) {
		managedBy(t, program, own, []string{"--trace-firewall"}, policy("REJECT"), "host.local-firewall", "nft-rule", "inet firewalld filter_OUT_policy_webonly", "firewalld",
			"/etc/firewalld/policies/webonly.xml")
	})
	t.Run("direct-rule-drops", func(t *testing.T) {
		managedBy(t, program, own, nil, direct("-p tcp --dport 55443 -j DROP"), "host.local-firewall", "iptables-rule", "filter OUTPUT", "firewalld", "/etc/firewalld/direct.xml")
	})
	t.Run("direct-rule-rejects-the-address", func(t *testing.T) {
		managedBy(t, program, own, nil, direct("-d "+HostIP+" -j REJECT"), "host.local-firewall", "iptables-rule", "filter OUTPUT", "firewalld", "/etc/firewalld/direct.xml")
	})
}

func TestShorewall(t *testing.T) {
	write := func(policy, rules string) func(managed) {
		return func(w managed) {
			w.empty("/run")
			w.empty("/var/lib/shorewall")
			w.empty("/var/log")
			if err := os.MkdirAll(filepath.Join(w.Mounts["/run"], "lock"), 0o755); err != nil {
				w.t.Fatal(err)
			}
			for name, text := range map[string]string{
				"zones": "fw firewall\nnet ipv4\n", "interfaces": "?FORMAT 2\nnet eth0\n",
				"policy": "$FW net " + policy + "\nnet all DROP\nall all REJECT\n",
				"rules":  rules + "ACCEPT $FW net tcp 80,443\nACCEPT $FW net udp 53\n",
			} {
				if err := os.WriteFile(filepath.Join(w.Mounts["/etc/shorewall"], name), []byte(text), 0o600); err != nil {
					w.t.Fatal(err)
				}
			}
			w.commands("shorewall start")
		}
	}
	program, own := "shorewall", []string{"/etc/shorewall"}
	t.Run("policy-rejects", func(t *testing.T) {
		managedBy(t, program, own, nil, write("REJECT", ""), "host.local-firewall", "iptables-rule", "filter reject", "shorewall", "/etc/shorewall/rules")
	})
	t.Run("policy-drops", func(t *testing.T) {
		managedBy(t, program, own, nil, write("DROP", ""), "host.local-firewall", "iptables-rule", "filter fw-net", "shorewall", "/etc/shorewall/rules")
	})
	t.Run("rule-drops", func(t *testing.T) {
		managedBy(t, program, own, nil, write("ACCEPT", "DROP $FW net tcp 55443\n"), "host.local-firewall", "iptables-rule", "filter fw-net", "shorewall", "/etc/shorewall/rules")
	})
}

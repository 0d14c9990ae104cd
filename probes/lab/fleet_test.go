//go:build linux

package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// server is one host of the fleet: its own namespace, resolv.conf, hosts file, home and sshd.
type server struct {
	name, address string
	node          *Node
	hostsFile     string // more lines for /etc/hosts
	cause         string // that its report begins with; "": none, it passes
	dark          bool   // no sshd: Ansible does not reach it
}

// fleetOf lays out eleven servers behind the world's gateway. Five are well, and three faults are among the others.
func fleetOf(t *testing.T, w *World) []*server {
	t.Helper()
	var servers []*server
	for i := 1; i <= 11; i++ {
		s := &server{name: fmt.Sprintf("web%d", i), address: fmt.Sprintf("10.2.%d.2", i)}
		s.node = NewNode(t, s.name)
		device := fmt.Sprintf("srv%d", i)
		s.node.link("eth0", w.Gateway, device)
		s.node.IP("link set lo up", "link set eth0 up", "addr add "+s.address+"/24 dev eth0", fmt.Sprintf("route add default via 10.2.%d.1", i))
		w.Gateway.IP("link set "+device+" up", fmt.Sprintf("addr add 10.2.%d.1/24 dev %s", i, device))
		public := PublicIP
		switch i {
		case 6, 7:
			s.cause = "host.local-firewall"
			s.node.Filter("output", "tcp dport 55443 counter drop")
		case 8:
			s.cause, s.hostsFile = "dns.hosts-override", NobodyIP+" "+Host+"\n"
		case 9, 10:
			s.cause, public = "rules.not-allowed", PublicIP2
		case 11:
			s.dark = true
		}
		w.SNATof(s.address, public, i)
		servers = append(servers, s)
	}
	return servers
}

// SNATof lets a server leave by a public address of the gateway.
func (w *World) SNATof(address, public string, n int) {
	w.Gateway.NFT(fmt.Sprintf("table ip fleet%d {\n chain out {\n type nat hook postrouting priority srcnat - 5;\n"+
		" oifname \"wan0\" ip saddr %s snat to %s\n }\n}\n", n, address, public))
}

// sshd starts a server's own sshd, whose sessions have the server's files. It ends with the test.
func (s *server) sshd(t *testing.T, w *World, dir string) {
	t.Helper()
	put := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, s.name+"-"+name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	made := func(name string) string {
		t.Helper()
		path := filepath.Join(dir, s.name+"-"+name)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	run := made("run")
	if err := os.Mkdir(filepath.Join(run, "sshd"), 0o755); err != nil {
		t.Fatal(err)
	}
	config := put("sshd_config", strings.Join([]string{"ListenAddress " + s.address, "HostKey " + dir + "/host", "PidFile none", "UsePAM no",
		"AuthorizedKeysFile " + dir + "/user.pub", "StrictModes no", "PermitRootLogin prohibit-password", "PasswordAuthentication no",
		"Subsystem sftp internal-sftp", "UseDNS no", "MaxStartups 100", "SetEnv SSL_CERT_FILE=" + dir + "/system.pem"}, "\n")+"\n")
	hosts := "127.0.0.1 localhost\n" + s.hostsFile
	var log bytes.Buffer
	cmd := exec.Command("unshare", "--uts", "sh", "-c", `hostname "$1" && exec /usr/sbin/sshd -D -e -f "$2"`, "sh", s.name, config)
	cmd.Stderr, cmd.Env = &log, []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	start := s.node.Command(map[string]string{"/etc/resolv.conf": put("resolv.conf", "nameserver "+w.Resolvers[0].Address+"\n"),
		"/etc/hosts": put("hosts", hosts), "/root": made("home"), "/run": run}, cmd)
	if err := start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s: %.2000s", s.name, log.String())
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		if conn, err := w.Client.Dial(ctx, "", s.address+":22"); err == nil {
			conn.Close()
			return
		} else if ctx.Err() != nil {
			t.Fatalf("%s: no sshd: %v\n%s", s.name, err, log.String())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// flags are those of fleet deploy that lead every host to the world's service.
func fleetFlags(w *World, binary, authority string) []string {
	args := []string{"fleet", "deploy", "ansible", "--binary", binary, "--endpoint", w.EndpointIs, "--ca-file", authority,
		"--username", w.Username, "--rule", "allow " + PublicIP, "--status-url", w.Status.URL() + "api/v2/summary.json", "--hosts", "web"}
	for _, source := range w.Sources {
		args = append(args, "--egress-source", source.URL())
	}
	for _, control := range w.Controls {
		args = append(args, "--control", control.Address)
	}
	return args
}

// TestFleetByAnsible deploys the playbook to eleven namespaces over ssh, with the key from a vault.
func TestFleetByAnsible(t *testing.T) {
	need(t)
	if os.Getenv(insideEnv) != "" {
		t.Skip("sshd needs root itself, not root of a user namespace")
	}
	for _, name := range []string{"/usr/sbin/sshd", "ssh", "ansible-playbook", "ansible-vault", "ssh-keygen"} {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("OPENSRS_DOCTOR_LAB") == "require" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	if buildError != nil {
		t.Fatal(buildError)
	}
	w := NewWorld(t)
	servers := fleetOf(t, w)
	w.Rules = []string{"allow " + PublicIP}
	w.API.Allowed = func(from netip.Addr) bool { return from == netip.MustParseAddr(PublicIP) }
	w.Start()
	dir, err := os.MkdirTemp("", "fleet") // short: a path of a socket has 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file := func(name, text string, mode os.FileMode) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	authority := file("ca.pem", string(w.PublicRoots), 0o644)
	file("system.pem", string(w.SystemStore), 0o644)
	for _, name := range []string{"host", "user"} {
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, name)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	inventory := "[web]\n"
	for _, s := range servers {
		inventory += s.name + " ansible_host=" + s.address + "\n"
		if !s.dark {
			s.sshd(t, w, dir)
		}
	}
	file("hosts.ini", inventory+"[web:vars]\nansible_user=root\nansible_python_interpreter=/usr/bin/python3\nansible_ssh_private_key_file="+dir+"/user\n", 0o600)
	file("vault", "of the lab\n", 0o600)
	c := controller{t: t, w: w, dir: dir}
	vault := c.run(w.Key, "ansible-vault", "encrypt_string", "--vault-password-file", "vault", "--stdin-name", "opensrs_api_key")
	file("opensrs-key.yml", vault.out, 0o600)
	if deployed := c.run("", binary, append(fleetFlags(w, binary, authority), "--output", dir)...); deployed.status != 0 {
		t.Fatal(deployed.out)
	}
	began := time.Now()
	played := c.run("", "ansible-playbook", "-i", "hosts.ini", "opensrs-doctor.yml", "-e", "@opensrs-key.yml", "--vault-password-file", "vault", "-f", "11", "-v")
	t.Logf("the playbook took %v and ended with %d", time.Since(began).Round(time.Second), played.status)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(played.out)
		}
	})
	if played.status == 0 {
		t.Error("some hosts fail, and the playbook ends with 0")
	}
	c.noKey(played.out)
	c.reports(servers, played.out)
	c.merged(servers, played.out)
}

// controller is the world's client, from which Ansible runs.
type controller struct {
	t   *testing.T
	w   *World
	dir string
}

type ended struct {
	out    string
	status int
}

func (c *controller) run(stdin, name string, args ...string) ended {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Minute)
	defer cancel()
	path, err := exec.LookPath(name)
	if err != nil {
		c.t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = c.dir, strings.NewReader(stdin), &out, &out, time.Second
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + c.dir, "LC_ALL=C.UTF-8", "ANSIBLE_HOST_KEY_CHECKING=False", "ANSIBLE_NOCOLOR=1",
		"ANSIBLE_PIPELINING=1", "ANSIBLE_SSH_ARGS=-o ControlMaster=auto -o ControlPersist=5s -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=5"}
	files, home := c.w.Files(), filepath.Join(c.dir, "controller")
	if err := os.MkdirAll(home, 0o700); err != nil {
		c.t.Fatal(err)
	}
	files["/root"] = home // which Ansible knows from /etc/passwd
	if err := c.w.Client.Command(files, cmd)(); err != nil {
		c.t.Fatalf("%s: %v", name, err)
	}
	_ = cmd.Wait()
	return ended{out.String(), cmd.ProcessState.ExitCode()}
}

// noKey looks for the key, whole or in part, in what Ansible printed and in what is left on the hosts.
func (c *controller) noKey(printed string) {
	c.t.Helper()
	for at := 0; at+8 <= len(c.w.Key); at += 4 {
		if strings.Contains(printed, c.w.Key[at:at+8]) {
			c.t.Fatal("Ansible's output has a part of the key")
		}
	}
	out, _ := exec.Command("grep", "-rlF", c.w.Key, c.dir).Output()
	if left := strings.TrimSpace(string(out)); left != "" {
		c.t.Errorf("the key is in %s", left)
	}
	homes, _ := filepath.Glob(filepath.Join(c.dir, "*-home", ".cache", "opensrs-doctor", "*"))
	if len(homes) != 10 {
		c.t.Errorf("left on the hosts: %q", homes)
	}
}

// reports reads what was fetched: one report a host that was reached, each with the cause that is true there.
func (c *controller) reports(servers []*server, printed string) {
	c.t.Helper()
	for _, s := range servers {
		found, _ := filepath.Glob(filepath.Join(c.dir, "opensrs-reports", "*", s.name+".json"))
		if s.dark {
			if len(found) != 0 || !regexp.MustCompile(`(?s)Hosts without a report.*"msg": "`+s.name+`"`).MatchString(printed) {
				c.t.Errorf("%s was not reached: %q", s.name, found)
			}
			continue
		}
		if len(found) != 1 {
			c.t.Errorf("%s: %d reports", s.name, len(found))
			continue
		}
		text, err := os.ReadFile(found[0])
		var report Report
		if err == nil {
			err = json.Unmarshal(text, &report)
		}
		if err != nil {
			c.t.Fatal(err)
		}
		switch causes := report.Causes(); {
		case s.cause == "" && report.Verdict != "pass", s.cause != "" && (len(causes) == 0 || causes[0] != s.cause):
			c.t.Errorf("%s: %s, %q, want %q", s.name, report.Verdict, causes, s.cause)
		}
	}
}

// merged looks at the one answer: every cause with its number of hosts.
func (c *controller) merged(servers []*server, printed string) {
	c.t.Helper()
	if !strings.Contains(c.run("", binary, "fleet", "--help").out, "merge") {
		c.t.Log("this program has no fleet merge: the answer was not looked at")
		return
	}
	counts := map[string]int{}
	for _, s := range servers {
		if s.cause != "" {
			counts[s.cause]++
		}
	}
	_, answer, _ := strings.Cut(printed, "[The answer]")
	found, _ := filepath.Glob(filepath.Join(c.dir, "opensrs-reports", "*"))
	if len(found) != 1 {
		c.t.Fatal(found)
	}
	var fleet struct {
		Causes []struct {
			Cause string
			Hosts int
		}
	}
	if out := c.run("", binary, "fleet", "merge", "-f", "json", found[0]).out; json.Unmarshal([]byte(out), &fleet) != nil {
		c.t.Fatal(out)
	}
	c.t.Logf("fleet merge:\n%s", c.run("", binary, "fleet", "merge", found[0]).out)
	for cause, n := range counts {
		at := slices.IndexFunc(fleet.Causes, func(one struct {
			Cause string
			Hosts int
		}) bool {
			return one.Cause == cause
		})
		if at < 0 || fleet.Causes[at].Hosts != n || !strings.Contains(answer, cause) {
			c.t.Errorf("%s on %d hosts, and the answer has %+v\n%s", cause, n, fleet.Causes, answer)
		}
	}
}

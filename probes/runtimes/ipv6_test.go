//go:build linux

package runtimes

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"opensrs-doctor/probes/evidence"
)

// insideIPv6 is set for this test's own second run, in a network whose IPv6 leads nowhere.
const insideIPv6 = "OPENSRS_DOCTOR_TEST_IPV6"

// A name has an IPv6 address that libc puts first, and nobody answers there. Who takes the first one fails, and says at
// which address, or names none; nobody passes for having said nothing.
func TestIPv6FirstAndDead(t *testing.T) {
	if os.Getenv(insideIPv6) != "" {
		json.NewEncoder(os.Stderr).Encode(look(t, nil, Options{Host: "svc.test", Port: 9, Env: host(), Wait: 8 * time.Second,
			Only: []string{"php", "python3", "node", "curl", "getent"}}))
		return
	}
	if !asRoot() {
		t.Skip("needs root: a network and a hosts file of its own")
	}
	hosts := t.TempDir() + "/hosts"
	must(t, os.WriteFile(hosts, []byte("127.0.0.1 localhost\n10.7.7.2 svc.test\n2001:db9::1 svc.test\n"), 0o644))
	const shell = `set -e
ip link set lo up
ip link add a0 type veth peer name a1
ip link set a0 up
ip link set a1 up
ip addr add 10.7.7.2/24 dev a0
ip -6 addr add 2001:db8::2/64 dev a0 nodad
ip -6 route add default via 2001:db8::99
ip -6 neigh add 2001:db8::99 lladdr 02:00:00:00:00:99 dev a0
mount --bind "$1" /etc/hosts
shift
exec "$@"`
	command := exec.Command("unshare", "-nm", "sh", "-c", shell, "sh", hosts, os.Args[0], "-test.run=^TestIPv6FirstAndDead$")
	command.Env = append(os.Environ(), insideIPv6+"=1")
	var words strings.Builder
	command.Stderr = &words
	if out, err := command.Output(); err != nil {
		t.Skipf("no namespaces here: %v %s %s", err, out, words.String())
	}
	found := map[string]struct {
		Status  evidence.Status
		Stage   evidence.Stage
		Address string
		Error   string
	}{}
	_, document, _ := strings.Cut(words.String(), "{")
	if err := json.NewDecoder(strings.NewReader("{" + document)).Decode(&found); err != nil {
		t.Fatalf("%v: %s", err, words.String())
	}
	if len(found) < 2 {
		t.Errorf("only %d runtimes: %s", len(found), words.String())
	}
	const dead = "2001:db9::1"
	for name, c := range found {
		switch {
		case name == "getent":
			if c.Status != evidence.Pass || c.Address != dead {
				t.Errorf("getent: %+v", c)
			}
		case c.Status != evidence.Fail || c.Stage != evidence.StageConnect || c.Error == "":
			t.Errorf("%s: %+v", name, c) // nobody listens at the IPv4 address either
		case strings.HasPrefix(name, "python3") && c.Address != dead:
			t.Errorf("%s does not name the address: %+v", name, c)
		}
	}
}

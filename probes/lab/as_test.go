//go:build linux

package lab

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

const nobody = 65534

// asSeen is what a report says of the process that it was made as.
type asSeen struct {
	As *struct {
		PID         int      `json:"pid"`
		UID         int      `json:"uid"`
		TakenOver   []string `json:"taken_over"`
		Differences []struct{ What, Here, There string }
		Here        *struct{ Verdict, Cause string }
	} `json:"as"`
}

// fromHere looks for how the same check ended from the shell, and for differences between the two.
func fromHere(verdict, cause string, differ ...string) func(*testing.T, *World, Result) {
	return func(t *testing.T, w *World, result Result) {
		var seen asSeen
		if err := json.Unmarshal(result.Stdout, &seen); err != nil || seen.As == nil {
			t.Fatalf("no word of the process: %v", err)
		}
		if seen.As.UID != int(w.Target.User) || seen.As.PID != w.Target.pid {
			t.Errorf("made as %+v", seen.As)
		}
		switch here := seen.As.Here; {
		case verdict == "" && here != nil:
			t.Errorf("a run from the shell: %+v", here)
		case verdict != "" && (here == nil || here.Verdict != verdict || here.Cause != cause):
			t.Errorf("from the shell %+v, want %s %s", here, verdict, cause)
		}
		for _, what := range differ {
			if !slices.ContainsFunc(seen.As.Differences, func(d struct{ What, Here, There string }) bool { return d.What == what }) {
				t.Errorf("no difference in %s: %+v", what, seen.As.Differences)
			}
		}
	}
}

// container is a network behind the client's machine, which passes its packets on as container engines do.
func container(w *World) *Node {
	inside := NewNode(w.tb, "container")
	inside.link("eth0", w.Client, "veth0")
	w.Client.IP("addr add 172.30.0.1/24 dev veth0", "link set veth0 up")
	inside.IP("addr add 172.30.0.2/24 dev eth0", "link set eth0 up", "route add default via 172.30.0.1")
	w.Client.NFT("table ip engine { chain out { type nat hook postrouting priority 100; ip saddr 172.30.0.0/24 masquerade\n }\n}")
	return inside
}

// asWorlds are checks made as another process, whose world differs from the shell's.
var asWorlds = []Fault{
	{Name: "as-another-user", Check: fromHere("", ""), Break: func(w *World) { w.Target = &Target{User: nobody} }},
	{Name: "as-a-process-without-a-shell-or-proc", Check: fromHere("", ""), Break: func(w *World) { w.Target = &Target{User: nobody, Bare: true} }},
	{Name: "as-a-bare-root", Check: fromHere("", ""), Break: func(w *World) { w.Target = &Target{Bare: true} }},
	{Cause: "host.local-firewall", Name: "as-the-user-of-an-owner-rule", Confidence: "certain", Says: []string{"ip fault output handle"},
		Check: fromHere("pass", "", "user"), Break: func(w *World) {
			w.Client.Filter("output", "meta skuid 65534 tcp dport 55443 counter drop")
			w.Target = &Target{User: nobody}
		}},
	{Cause: "host.local-firewall", Name: "as-the-user-of-an-owner-rule-that-does-not-count", Confidence: "certain", Says: []string{"ip fault output handle"},
		Check: fromHere("pass", "", "user"), Break: traced(func(w *World) {
			w.Client.Filter("output", "meta skuid 65534 tcp dport 55443 drop")
			w.Target = &Target{User: nobody}
		})},
	{Cause: "host.local-firewall", Name: "as-a-container-with-a-rule-that-does-not-count", Confidence: "certain", Says: []string{"ip fault output handle"},
		Check: fromHere("pass", "", "network namespace"), Break: traced(func(w *World) {
			inside := container(w)
			inside.Filter("output", "tcp dport 55443 drop")
			w.Target = &Target{User: nobody, Bare: true, Node: inside}
		})},
	{Cause: "host.local-firewall", Name: "as-the-user-of-an-owner-rule-in-a-bare-root", Confidence: "certain", Says: []string{"ip fault output handle"},
		Check: fromHere("pass", "", "user", "files"), Break: func(w *World) {
			w.Client.Filter("output", "meta skuid 65534 tcp dport 55443 counter drop")
			w.Target = &Target{User: nobody, Bare: true}
		}},
	{Cause: "host.route-denied", Name: "as-the-user-of-an-ip-rule", Confidence: "certain", Says: []string{"uidrange 65534-65534"},
		Check: fromHere("pass", "", "user"), Break: func(w *World) {
			w.Client.IP("rule add uidrange 65534-65534 ipproto tcp dport 55443 blackhole")
			w.Target = &Target{User: nobody}
		}},
	{Cause: "proxy.unreachable", Name: "as-a-process-with-a-proxy-of-its-own", Check: fromHere("pass", "", "proxy"), Break: func(w *World) {
		w.Target = &Target{User: nobody, Env: map[string]string{"HTTPS_PROXY": "http://192.0.2.77:3128"}}
		w.Edge.IP("route add unreachable 192.0.2.77")
	}},
	{Name: "as-a-process-without-the-shells-proxy", Check: fromHere("", ""), Break: func(w *World) {
		w.Env["HTTPS_PROXY"] = "http://192.0.2.77:3128"
		w.Target = &Target{User: nobody}
	}},
	{Cause: "dns.hosts-override", Name: "as-a-container-with-a-hosts-file-of-its-own", Check: fromHere("pass", "", "files"), Break: func(w *World) {
		w.Target = &Target{User: nobody, Bare: true, Hosts: "192.0.2.99 " + Host + "\n"}
		w.Edge.IP("route add unreachable 192.0.2.99")
	}},
	{Cause: "tls.local-roots-outdated", Name: "as-a-process-with-a-store-of-its-own", Check: fromHere("pass", "", "SSL_CERT_FILE"), Break: func(w *World) {
		w.Target = &Target{User: nobody, Store: root("Example Root of 2009").PEM()}
	}, Verdict: "fail"},
	{Cause: "dns.resolver-unreachable", Name: "as-a-container-with-a-dead-resolver", Check: fromHere("pass", "", "resolvers"), Break: func(w *World) {
		w.Target = &Target{User: nobody, Bare: true, Conf: "nameserver 192.0.2.99\n"}
	}},
	{Cause: "host.offline", Name: "as-a-process-in-a-network-without-a-route", Check: fromHere("pass", "", "network namespace"), Break: func(w *World) {
		w.Target = &Target{User: nobody, Node: NewNode(w.tb, "inside")}
	}},
	{Name: "as-a-container-behind-this-machine", Check: fromHere("", ""), Break: func(w *World) {
		w.Target = &Target{User: nobody, Bare: true, Node: container(w)}
	}},
	{Cause: "host.local-firewall", Name: "as-a-container-whose-machine-drops", Confidence: "certain", Says: []string{"the machine that it runs on", "ip user forward handle"},
		Check: fromHere("pass", "", "network namespace"), Break: func(w *World) {
			w.Target = &Target{User: nobody, Bare: true, Node: container(w)}
			w.Client.NFT("table ip user { chain forward { type filter hook forward priority 0; policy accept; tcp dport 55443 counter drop\n }\n}")
		}},
	{Cause: "port.filtered", Name: "as-a-container-and-the-gateway-drops", Check: fromHere("fail", "port.filtered"), Break: func(w *World) {
		w.Target = &Target{User: nobody, Bare: true, Node: container(w)}
		w.Client.NFT("table ip user { chain forward { type filter hook forward priority 0; policy accept; tcp dport 55443 counter accept\n }\n}")
		w.Gateway.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "dns.resolver-unreachable", Or: []string{"dns.nxdomain", "dns.resolvers-missing", "host.offline"}, Name: "as-a-container-whose-files-are-pipes", Check: fromHere("pass", ""), Break: func(w *World) {
		w.Target = &Target{User: nobody, Bare: true, Plant: func(root string) {
			for _, name := range []string{"etc/hosts", "etc/resolv.conf", "etc/roots.pem"} {
				_ = os.Remove(filepath.Join(root, name))
				if err := syscall.Mkfifo(filepath.Join(root, name), 0o666); err != nil {
					w.tb.Fatal(err)
				}
			}
		}}
	}},
	{Cause: "dns.resolver-unreachable", Or: []string{"dns.nxdomain", "host.offline"}, Name: "as-a-container-whose-files-lead-out-of-it", Check: func(t *testing.T, w *World, result Result) {
		fromHere("pass", "")(t, w, result)
		if strings.Contains(string(result.Stdout), "secret-of-the-host") {
			t.Error("a file of the host outside the root was read")
		}
	}, Break: func(w *World) {
		secret := w.file("secret", []byte("nameserver secret-of-the-host\n"))
		w.Target = &Target{User: nobody, Bare: true, Plant: func(root string) {
			_ = os.Remove(filepath.Join(root, "etc/resolv.conf"))
			if err := os.Symlink(strings.Repeat("../", 12)+strings.TrimPrefix(secret, "/"), filepath.Join(root, "etc/resolv.conf")); err != nil {
				w.tb.Fatal(err)
			}
		}}
	}},
}

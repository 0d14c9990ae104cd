//go:build linux

package lab

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// tells looks for a cause that is information only, and these words of it.
func tells(cause string, words ...string) func(*testing.T, *World, Result) {
	return func(t *testing.T, _ *World, result Result) {
		i := slices.IndexFunc(result.Report.Diagnoses, func(d Diagnosis) bool { return d.Cause == cause && d.Severity == "info" })
		if i < 0 {
			t.Fatalf("%q, want %s beside", result.Report.Causes(), cause)
		}
		for _, word := range words {
			if !strings.Contains(result.Report.Diagnoses[i].Words(), word) {
				t.Errorf("%s does not say %q", cause, word)
			}
		}
	}
}

// tellsNothing is for a report that has no diagnosis at all.
func tellsNothing(t *testing.T, _ *World, result Result) {
	if causes := result.Report.Causes(); len(causes) > 0 {
		t.Errorf("found %q", causes)
	}
}

// enforced makes the kernel refuse connections of the command with EACCES, as a security module does, on a host that says
// that SELinux enforces.
func enforced(w *World, enforces string) {
	w.tb.Helper()
	// bpf_set_retval(-EACCES), then the answer no: kernels from 5.18.
	setRetval := []uint64{0xb7 | 1<<8 | uint64(^uint32(unix.EACCES)+1)<<32, 0x85 | 187<<32}
	w.Group = deniedGroup(w.tb, unix.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, unix.BPF_CGROUP_INET4_CONNECT, setRetval...)
	files := w.tb.TempDir()
	if err := os.MkdirAll(filepath.Join(files, "selinux"), 0o755); err != nil {
		w.tb.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(files, "selinux", "enforce"), []byte(enforces), 0o644); err != nil {
		w.tb.Fatal(err)
	}
	w.Mounts = map[string]string{"/sys/fs": files}
	w.EndpointIs = "https://" + HostIP + ":55443/"
}

// besideWorlds show what is told beside a healthy run, and what no lab's kernel has of itself.
var besideWorlds = []Fault{
	{Name: "the-service-has-ipv6-too", Verdict: "pass", Break: dualStack, Check: tells("egress.ipv6-possible", hostIPv6)},
	{Name: "the-service-has-ipv6-and-this-host-has-none", Verdict: "pass", Check: tellsNothing, Break: func(w *World) {
		w.Zone[Host] = []string{HostIP, hostIPv6}
	}},
	{Name: "a-proxy-of-the-environment-and-the-direct-path-works", Verdict: "pass", Check: tells("proxy.direct-way", "HTTPS_PROXY", HostIP+":55443 answers"),
		Break: func(w *World) { w.UseProxy("http", "") }},
	{Name: "a-proxy-of-the-environment-and-no-direct-path", Verdict: "pass", Check: tells("proxy.direct-way", "HTTPS_PROXY"), Break: func(w *World) {
		w.UseProxy("http", "")
		w.ISP.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "host.selinux-denied", Name: "the-kernel-refuses-and-selinux-enforces", Confidence: "likely", Break: func(w *World) { enforced(w, "1") }},
	{Cause: "host.local-firewall", Name: "the-kernel-refuses-and-selinux-only-warns", Break: func(w *World) { enforced(w, "0") }},
	{Cause: "call.timeout", Name: "this-host-drops-after-some-bytes", Confidence: "likely", Says: []string{"did not confirm"}, Never: []string{"80 seconds"},
		Break: saysNo("output", "accept", "tcp dport 55443 ct original bytes > 2500 drop")},
	{Cause: "call.timeout", Name: "gateway-drops-after-four-packets", Confidence: "likely", Then: []string{}, Says: []string{"did not confirm"}, Break: func(w *World) {
		w.Gateway.Filter("forward", "tcp dport 55443 ct original packets > 4 drop")
	}},
	{Cause: "tls.hello-too-big", Name: "or-gateway-drops-after-three-packets", Confidence: "likely", Says: []string{"after a few"}, Break: func(w *World) {
		w.Gateway.Filter("forward", "tcp dport 55443 ct original packets > 3 drop")
	}},
	{Cause: "proxy.denied", Name: "everything", Says: []string{"192.0.2.21:443", "is not a proxy"}, Never: []string{"443 only", "squid"}, Break: func(w *World) {
		w.UseProxy("http", "")
		w.Proxy.Ports = []string{"80"}
	}},
	{Cause: "call.timeout", Name: "the-service-is-slow", Confidence: "likely", Says: []string{"80 seconds", "looks the same"}, Never: []string{"did not confirm"},
		Break: func(w *World) { w.API.Reply = Silence }},
}

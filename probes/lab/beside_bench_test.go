//go:build linux

package lab

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// packetKinds are the packets of the client's machine by what they are for. The first kind that a packet is of counts it.
var packetKinds = []struct{ name, sent, received string }{
	{"dns", "udp dport 53", "udp sport 53"},
	{"service-connect", "tcp dport 55443 tcp flags & (syn|fin|rst) != 0", "tcp sport 55443 tcp flags & (syn|fin|rst) != 0"},
	{"service", "tcp dport 55443", "tcp sport 55443"},
	{"sources-connect", "tcp dport 443 tcp flags & (syn|fin|rst) != 0", "tcp sport 443 tcp flags & (syn|fin|rst) != 0"},
	{"sources", "tcp dport 443", "tcp sport 443"},
	{"icmp", "meta l4proto icmp", "meta l4proto icmp"},
	{"other", "meta l4proto != 1", "meta l4proto != 1"},
}

// BenchmarkHealthyPackets is how many IP packets of each kind one healthy check sends and receives at 50 ms, counted by the
// client's kernel. Those that open or close a connection are apart from those that carry it.
func BenchmarkHealthyPackets(b *testing.B) {
	able(b)
	w := NewWorld(b)
	asByDefault(w)
	w.Delay = 50 * time.Millisecond
	w.Start()
	w.Client.NFT(countingTable())
	runs := 0.0
	for b.Loop() {
		if result := w.Diagnose(binary); result.Report.Verdict != "pass" {
			b.Fatalf("verdict %s\n%s", result.Report.Verdict, result.Stdout)
		}
		runs++
	}
	var all float64
	counted := packetsOf(b, w.Client)
	for name, packets := range counted {
		all += packets
		b.ReportMetric(packets/runs, name)
	}
	b.ReportMetric(all/runs, "packets")
	b.ReportMetric(0, "ns/op")
}

// countingTable has a counter for each kind and direction, and lets every packet pass.
func countingTable() string {
	var counters, out, in strings.Builder
	for _, kind := range packetKinds {
		name := strings.ReplaceAll(kind.name, "-", "_")
		fmt.Fprintf(&counters, "counter %s_sent { }\ncounter %s_received { }\n", name, name)
		fmt.Fprintf(&out, "oifname eth0 %s counter name %s_sent accept\n", kind.sent, name)
		fmt.Fprintf(&in, "iifname eth0 %s counter name %s_received accept\n", kind.received, name)
	}
	return fmt.Sprintf("table ip counting {\n%schain out {\ntype filter hook output priority -300;\n%s}\n"+
		"chain in {\ntype filter hook input priority -300;\n%s}\n}\n", counters.String(), out.String(), in.String())
}

// packetsOf reads the counters of countingTable, under the unit that each is shown with.
func packetsOf(b *testing.B, node *Node) map[string]float64 {
	b.Helper()
	var listed struct {
		Nftables []struct {
			Counter *struct {
				Name    string  `json:"name"`
				Packets float64 `json:"packets"`
			} `json:"counter"`
		} `json:"nftables"`
	}
	err := node.Do(func() error {
		out, err := exec.Command("nft", "-j", "list", "counters", "table", "ip", "counting").Output()
		if err != nil {
			return err
		}
		return json.Unmarshal(out, &listed)
	})
	if err != nil {
		b.Fatal(err)
	}
	counted := map[string]float64{}
	for _, one := range listed.Nftables {
		if one.Counter != nil && one.Counter.Packets > 0 {
			counted[strings.ReplaceAll(one.Counter.Name, "_", "-")] = one.Counter.Packets
		}
	}
	if len(counted) == 0 {
		b.Fatal("no packet was counted")
	}
	return counted
}

// BenchmarkSupportCommands is what a person waits for who pastes into a ticket what support asks for, one command after
// the other: the time of each, and in ms that of all, beside that of a healthy check in the same world.
func BenchmarkSupportCommands(b *testing.B) {
	able(b)
	commands := []struct{ name, line string }{
		{"address", "curl -sS --cacert %s https://one.example/"},
		{"ping", "ping -c 4 " + Host},
		{"traceroute", "traceroute " + Host},
		{"openssl", "openssl s_client -connect " + Host + ":55443 -CAfile %s </dev/null"},
		{"call", "curl -sS --cacert %s -H 'Content-Type: text/xml' --data '<OPS_envelope/>' https://" + Host + ":55443/"},
	}
	for _, one := range commands {
		if _, err := exec.LookPath(strings.Fields(one.line)[0]); err != nil {
			b.Skip(err)
		}
	}
	for _, trip := range []int{0, 20, 50, 100, 200, 300} {
		b.Run(fmt.Sprintf("R=%dms", trip), func(b *testing.B) {
			took, rounds := map[string]time.Duration{}, 0
			check := wall(b, "pass", func(w *World) { asByDefault(w); w.Delay = time.Duration(trip) * time.Millisecond }, func(w *World) {
				for _, one := range commands {
					line := strings.ReplaceAll(one.line, "%s", w.file("public.pem", w.PublicRoots))
					result := w.Exec("/bin/sh", "-c", line)
					if result.Exit != 0 {
						b.Fatalf("%s: %s%s", line, result.Stdout, result.Stderr)
					}
					took[one.name] += result.Took
				}
				rounds++
			})
			var all time.Duration
			for name, sum := range took {
				all += sum
				b.ReportMetric(float64(sum.Microseconds())/float64(1000*rounds), name+"-ms")
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(all.Microseconds())/float64(1000*rounds), "ms")
			b.ReportMetric(float64(check.Microseconds())/1000, "check-ms")
		})
	}
}

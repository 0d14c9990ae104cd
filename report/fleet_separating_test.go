package report_test

import (
	"fmt"
	"testing"

	"opensrs-doctor/report"
	"opensrs-doctor/report/fleet"
)

// TestSeparatingInRealReports: of each saved report some copies fail among healthy hosts. A fact that explains it is named; that
// it failed, and what comes of that, is not.
func TestSeparatingInRealReports(t *testing.T) {
	want := map[string]string{"dns.hosts-override": "dns.used", "dns.resolver-unreachable": "host.resolvers", "dns.blocked-page": "dns.ipv4",
		"egress.split-route": "host.network", "port.wrong-port": "target.endpoint", "proxy.denied": "host.proxy", "rules.denied": "rules.rules",
		"rules.never-public": "egress.ipv4", "tls.intercepted": "tls.issuer", "tls.unknown-ca": "tls.issuer"}
	none := []string{"call.auth-failed", "call.ip-denied", "call.timeout", "config.credentials-missing", "config.api-key-malformed", "dns.servfail",
		"dns.refused", "dns.nxdomain", "host.offline", "host.local-firewall", "host.clock-wrong", "port.filtered", "port.refused", "service.incident",
		"tls.timeout", "tls.mtu-blackhole", "tls.not-tls", "tls.reset", "unexplained"}
	healthy := savedReport(t, "client.dns-differs")
	if healthy.Verdict != report.VerdictPass {
		t.Fatal("the healthy host is " + healthy.Verdict)
	}
	check := func(cause, fact string) {
		failing, m := savedReport(t, cause), fleet.NewMerger()
		for i := range 100 {
			one := *healthy
			if i < 15 {
				one = *failing
			}
			one.Host.Hostname, one.RunID = fmt.Sprint("web", i), fmt.Sprint(i)
			m.Add(fleet.Document{File: fmt.Sprint(i), Text: jsonOf(t, &one)})
		}
		found := ""
		for _, s := range m.Merge().Separating {
			found += s.Fact
		}
		if found != fact {
			t.Errorf("%s: %q parts the hosts, want %q", cause, found, fact)
		}
	}
	for cause, fact := range want {
		check(cause, fact)
	}
	for _, cause := range none {
		check(cause, "")
	}
}

package report_test

import (
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/steps"
)

func ip(text string) netip.Addr { return netip.MustParseAddr(text) }

func ms(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }

var began = time.Date(2026, 3, 4, 3, 12, 45, 0, time.UTC)

func pointer[T any](v T) *T { return &v }

// healthyEvidence is a run in which everything worked.
func healthyEvidence() *evidence.Evidence {
	leaf := evidence.Certificate{
		Subject: said("CN=rr-n1-tor.opensrs.net,O=Tucows.com Co.,C=CA"), Issuer: said("CN=Example TLS CA 1,O=Example Trust Inc,C=US"),
		IssuerOrg: said("Example Trust Inc"), Names: saidAll("rr-n1-tor.opensrs.net"),
		NotBefore: began.AddDate(0, -2, 0), NotAfter: time.Date(2026, 10, 1, 23, 59, 59, 0, time.UTC),
		SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		PEM:    pemOf("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
	}
	return &evidence.Evidence{
		StartedAt: began, Took: ms(142.5),
		Target: evidence.Target{Environment: "live", Host: "rr-n1-tor.opensrs.net", Port: 55443, Username: "acme-reseller",
			KeyFingerprint: pointer("0a1b2c3d"), Addresses: []netip.Addr{ip("198.51.100.10")}},
		Host: evidence.Host{Hostname: "web1.acme.example", OS: "linux/amd64", LocalAddress: ip("10.20.0.15"),
			Resolvers: []string{"10.20.0.2:53"}, ResolversBy: "/etc/resolv.conf", HasIPv4Route: pointer(true)},
		Asked: evidence.Asked{KeyGiven: true, KeySource: "/home/anna/api.key", KeyForm: &opensrs.Form{Length: 112}, RulesGiven: 1,
			RulesSource: "/home/anna/rules.txt", EgressSources: 3},
		Steps: []evidence.Step{
			{Probe: "egress", Status: evidence.Pass, Counts: true, Took: ms(41)},
			{Probe: "rules", Status: evidence.Pass, Counts: true, Took: ms(0.1)},
			{Probe: "dns", Status: evidence.Pass, Counts: true, Took: ms(12)},
			{Probe: "port", Status: evidence.Pass, Counts: true, Took: ms(18)},
			{Probe: "tls", Status: evidence.Pass, Counts: true, Took: ms(22)},
			{Probe: "call", Status: evidence.Pass, Counts: true, Took: ms(64)},
		},
		Egress: &evidence.Egress{
			Sightings: []evidence.Sighting{
				{Source: "https://icanhazip.com", Path: "direct", Address: ip("203.0.113.10"), TookMS: 40},
				{Source: "https://api.ipify.org", Path: "direct", Address: ip("203.0.113.10"), TookMS: 41},
				{Source: "dns://resolver1.opendns.com/myip.opendns.com?type=A", Path: "dns", Address: ip("203.0.113.10"), TookMS: 20},
			},
			IPv4: []netip.Addr{ip("203.0.113.10")}, DNSSeen: []netip.Addr{ip("203.0.113.10")}, Agreeing: 3, Asked: 3,
		},
		Rules: &evidence.Rules{Rules: []string{"allow 203.0.113.0/25"}, Verdict: "allow", Results: []iprules.Result{
			{IP: ip("203.0.113.10"), Verdict: "allow", Rule: pointer(1), Readings: map[string]string{
				iprules.FirstMatch: "allow", iprules.MostSpecific: "allow", iprules.DenyWins: "allow"}},
		}},
		DNS: &evidence.DNS{Name: "rr-n1-tor.opensrs.net", Used: "10.20.0.2:53", IPv4: []netip.Addr{ip("198.51.100.10")},
			Answers: []evidence.DNSAnswer{{Resolver: "10.20.0.2:53", Transport: "udp", Rcode: "NOERROR",
				A: []netip.Addr{ip("198.51.100.10")}, TookMS: 12}}},
		Port: &evidence.Port{Connected: netip.MustParseAddrPort("198.51.100.10:55443"), ConnectMS: 18, Retransmits: pointer(0),
			Attempts: []evidence.Attempt{{Address: netip.MustParseAddrPort("198.51.100.10:55443"),
				LocalAddress: ip("10.20.0.15"), Connected: true, TookMS: 18}}},
		TLS: &evidence.TLS{Connected: true, Version: "TLS 1.3", CipherSuite: "TLS_AES_128_GCM_SHA256", CallAllowed: true,
			Chain: []evidence.Certificate{leaf},
			Trust: &evidence.Trust{System: true, Public: true, NameOK: true, DatesOK: true, Issuer: leaf.Issuer}},
		Call: &evidence.Call{Sent: true, VectorOK: true, HTTPStatus: 200, ContentType: said("text/xml"), Envelope: true,
			Success: true, Code: said("200"), Text: said("Command successful"), Class: "accepted", ReplyBytes: 402, TookMS: 64},
	}
}

// filteredEvidence is the screen of the contract: a router on the way drops the port.
func filteredEvidence() *evidence.Evidence {
	e := healthyEvidence()
	silence := &evidence.Failure{Op: "connect", Kind: evidence.KindTimeout, Detail: said("no answer so far")}
	e.TLS, e.Call, e.Took = nil, nil, ms(3120)
	e.Steps[3] = evidence.Step{Probe: "port", Status: evidence.Fail, Counts: true, Failure: silence, Took: ms(3004)}
	e.Steps[4] = evidence.Step{Probe: "tls", Status: evidence.Skip, WaitedFor: "port", Counts: true}
	e.Steps[5] = evidence.Step{Probe: "call", Status: evidence.Skip, WaitedFor: "port", Counts: true}
	hop := func(ttl int, answer, from string) evidence.Hop {
		h := evidence.Hop{TTL: ttl, Answer: answer, TookMS: 1}
		if from != "" {
			h.From = ip(from)
		}
		return h
	}
	e.Port = &evidence.Port{
		Attempts: []evidence.Attempt{{Address: netip.MustParseAddrPort("198.51.100.10:55443"), TookMS: 3000, Failure: silence}},
		Path: &evidence.Path{Available: true, ComparedTo: 443, Distance: 4, ByHost: true,
			Port: []evidence.Hop{hop(1, evidence.HopTimeExceeded, "10.20.0.1"), hop(2, evidence.HopTimeExceeded, "10.1.0.1"),
				hop(3, evidence.HopSilence, ""), hop(4, evidence.HopSilence, "")},
			Compare: []evidence.Hop{hop(1, evidence.HopTimeExceeded, "10.20.0.1"), hop(2, evidence.HopTimeExceeded, "10.1.0.1"),
				hop(3, evidence.HopTimeExceeded, "192.0.2.77"), hop(4, evidence.HopConnected, "")}},
		OtherPorts: []evidence.Attempt{{Address: netip.MustParseAddrPort("198.51.100.10:443"), Connected: true, TookMS: 17}},
	}
	e.Controls = []evidence.Control{{Peer: "1.1.1.1:443", Path: "direct", Connected: true, TookMS: 9},
		{Peer: "8.8.8.8:443", Path: "direct", Connected: true, TookMS: 8}}
	e.StatusPage = &evidence.StatusPage{URL: service.OpenSRS.StatusURL, Indicator: said("none")}
	return e
}

func filteredDiagnosis() report.Diagnosis {
	return report.Diagnosis{
		Cause: "port.filtered", Severity: report.Fail, Confidence: report.Certain, Probe: "port",
		Summary: "A firewall drops outgoing TCP port 55443",
		Explanation: "Another port shows that the host is up: only the packets for this one are dropped. 10.1.0.1 or the " +
			"next device after it drops them (likely).",
		Evidence: []string{
			"198.51.100.10 port 55443: silence for 3.0 s.",
			"Port 443 of the same host answers.",
			"Controls that answer: 1.1.1.1:443 and 8.8.8.8:443.",
			"Hop 2, 10.1.0.1, is the last that answers for port 55443; packets for port 443 get further.",
		},
		Fixes: []string{
			"Ask whoever runs 10.1.0.1 to allow TCP from this host to 198.51.100.10 port 55443.",
			"Run opensrs-doctor again from this host.",
		},
		Docs: []string{"https://domains.opensrs.guide/docs/troubleshooting"}, Hides: []string{"call.timeout"},
	}
}

// saved makes the report of a run with the diagnoses given.
func saved(t testing.TB, e *evidence.Evidence, diagnoses ...report.Diagnosis) *report.Report {
	t.Helper()
	r := &report.Report{
		Schema: report.Schema, Tool: report.Tool{Name: "opensrs-doctor", Version: "1.2.3", RootsDate: "2026-02-01"},
		RunID: "20260304T031245Z-6f1d", StartedAt: e.StartedAt, DurationMS: steps.Milliseconds(e.Took),
		Verdict: report.VerdictPass, Diagnoses: diagnoses, Probes: steps.ProbeRows(e),
	}
	for _, pair := range [][2]any{{e.Target, &r.Target}, {e.Host, &r.Host}} {
		document, err := json.Marshal(pair[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(document, pair[1]); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range diagnoses {
		switch {
		case d.Severity == report.Fail:
			r.Verdict = report.VerdictFail
		case d.Severity == report.Warn && r.Verdict == report.VerdictPass:
			r.Verdict = report.VerdictWarn
		}
	}
	r.Target.KeySource = e.Asked.KeySource
	if e.Interrupted {
		r.Interrupt()
	}
	return r
}

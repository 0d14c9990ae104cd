package report_test

import (
	"encoding/json"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/report/diagnose/steps"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// Every kind of failure has words, so that no row shows an identifier.
func TestEveryKindHasWords(t *testing.T) {
	source, err := os.ReadFile("../probes/evidence/failure.go")
	if err != nil {
		t.Fatal(err)
	}
	kinds := regexp.MustCompile(`(?m)^\tKind\w+\s+(?:Kind\s+)?= "([^"]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(kinds) < 20 {
		t.Fatalf("found only %d kinds", len(kinds))
	}
	for _, kind := range kinds {
		if k := evidence.Kind(kind[1]); reading.KindWords.Get()[k] == "" && k != evidence.KindUnclassified {
			t.Errorf("%s has no words", k)
		}
	}
}

func TestRows(t *testing.T) {
	fail := func(kind evidence.Kind) *evidence.Failure {
		return &evidence.Failure{Op: "test", Kind: kind, Detail: said("words")}
	}
	type change func(*evidence.Evidence, *evidence.Step)
	failed := func(kind evidence.Kind) change {
		return func(_ *evidence.Evidence, s *evidence.Step) { s.Status, s.Failure = evidence.Fail, fail(kind) }
	}
	skipped := func(wait string) change {
		return func(_ *evidence.Evidence, s *evidence.Step) {
			s.Status, s.WaitedFor = evidence.Skip, evidence.Wait(wait)
		}
	}
	with := func(changes ...change) change {
		return func(e *evidence.Evidence, s *evidence.Step) {
			for _, c := range changes {
				c(e, s)
			}
		}
	}
	walk := func(path evidence.Path) change {
		return func(e *evidence.Evidence, _ *evidence.Step) {
			path.Available = true
			e.Port = &evidence.Port{Path: &path, Attempts: []evidence.Attempt{{TookMS: 3000}}}
		}
	}
	via := func(reply *evidence.ProxyReply) change {
		return func(e *evidence.Evidence, _ *evidence.Step) {
			e.Host.Proxy = &evidence.Proxy{URL: "http://proxy.acme.example:3128", From: "HTTPS_PROXY"}
			e.Port.ProxyReply = reply
		}
	}
	router := evidence.Hop{TTL: 2, Answer: evidence.HopTimeExceeded, From: ip("10.1.0.1")}
	for _, test := range []struct {
		probe, want string
		change      change
	}{
		{"egress", "203.0.113.10 is this host's public address (3 of 3 sources)", with()},
		{"egress", "2 public addresses seen: 203.0.113.10 and 203.0.113.11", func(e *evidence.Evidence, _ *evidence.Step) {
			e.Egress.IPv4 = append(e.Egress.IPv4, ip("203.0.113.11"))
		}},
		{"egress", "203.0.113.10, as given, not looked up", func(e *evidence.Evidence, _ *evidence.Step) { e.Egress.Given = true }},
		{"egress", "203.0.113.10, seen by DNS alone", func(e *evidence.Evidence, _ *evidence.Step) { e.Egress.IPv4 = nil }},
		{"egress", "203.0.113.10 is the proxy's public address (3 of 3 sources)", func(e *evidence.Evidence, _ *evidence.Step) {
			e.Egress.Sightings[0].Path = "proxy"
		}},
		{"egress", "no source reported the public address (3 asked)", func(e *evidence.Evidence, _ *evidence.Step) {
			e.Egress = &evidence.Egress{Asked: 3}
		}},
		{"egress", "not chosen", skipped("--only")},
		{"rules", "allowed by rule 1, allow 203.0.113.0/25", with()},
		{"rules", "no rules given to compare with", skipped("rules")},
		{"rules", "not run: waited for egress", skipped("egress")},
		{"rules", "no rule matches 203.0.113.10", func(e *evidence.Evidence, _ *evidence.Step) {
			e.Rules.Verdict, e.Rules.Results[0].Rule = "deny", nil
		}},
		{"rules", "rule 1: the prefix /8 is wider than /25", func(e *evidence.Evidence, _ *evidence.Step) {
			e.Rules.Problems = []iprules.Problem{{Severity: "error", Rule: 1, Text: "the prefix /8 is wider than /25."}}
		}},
		{"rules", "allowed or denied, depending on how the list is read", func(e *evidence.Evidence, _ *evidence.Step) {
			e.Rules.Verdict = "ambiguous"
		}},
		{"rules", "1 of 2 addresses are allowed", func(e *evidence.Evidence, _ *evidence.Step) {
			e.Rules.Verdict = "partly"
			e.Rules.Results = append(e.Rules.Results, iprules.Result{IP: ip("192.0.2.1"), Verdict: "deny"})
		}},
		{"dns", "rr-n1-tor.opensrs.net is 198.51.100.10", with()},
		{"dns", "rr-n1-tor.opensrs.net: the name does not exist (NXDOMAIN)", with(failed(evidence.KindNXDomain),
			func(e *evidence.Evidence, _ *evidence.Step) { e.DNS.IPv4 = nil })},
		{"dns", "no resolver answers", with(failed(evidence.KindTimeout),
			func(e *evidence.Evidence, _ *evidence.Step) { e.DNS.IPv4, e.DNS.Answers = nil, nil })},
		{"dns", "no source port is free on this host", with(failed(evidence.KindNoPort),
			func(e *evidence.Evidence, _ *evidence.Step) {
				e.DNS.IPv4, e.DNS.Answers = nil, []evidence.DNSAnswer{{Resolver: "192.0.2.53:53", Failure: failure("query", evidence.KindNoPort, "words")}}
			})},
		{"dns", "rr-n1-tor.opensrs.net has IPv6 addresses only", func(e *evidence.Evidence, _ *evidence.Step) {
			e.DNS.IPv4, e.DNS.IPv6 = nil, []netip.Addr{ip("2001:db8::1")}
		}},
		{"port", "55443 answers at 198.51.100.10", with()},
		{"port", "55443 answers at 198.51.100.10, after 1.4 s", func(e *evidence.Evidence, _ *evidence.Step) { e.Port.ConnectMS = 1400 }},
		{"port", "55443: connection refused", failed(evidence.KindRefused)},
		{"port", "55443: words", failed(evidence.KindUnclassified)},
		{"port", "interrupted", failed(evidence.KindCanceled)},
		{"port", "55443: silence after hop 2, 10.1.0.1", with(failed(evidence.KindTimeout), walk(evidence.Path{
			Port: []evidence.Hop{router}, Compare: []evidence.Hop{{TTL: 3, Answer: evidence.HopConnected}}}))},
		{"port", "55443: silence for 3.0 s", with(failed(evidence.KindTimeout), walk(evidence.Path{
			Port: []evidence.Hop{router}, Compare: []evidence.Hop{router, {TTL: 3, Answer: evidence.HopSilence}}}))},
		{"port", "55443: refused at hop 2, the host is at hop 4", with(failed(evidence.KindRefused), walk(evidence.Path{
			Distance: 4, ByHost: true, Port: []evidence.Hop{{TTL: 2, Answer: evidence.HopRefused}}}))},
		{"port", "55443: administratively prohibited, by 10.1.0.1", with(failed(evidence.KindProhibited), walk(evidence.Path{
			Port: []evidence.Hop{{TTL: 3, Answer: evidence.HopProhibited, From: ip("10.1.0.1")}}}))},
		{"port", "55443: administratively prohibited by this host itself", with(failed(evidence.KindProhibited), walk(evidence.Path{
			Port: []evidence.Hop{{TTL: 1, Answer: evidence.HopProhibited, From: ip("10.20.0.15"), FromSelf: true}}}))},
		{"port", "55443 reached through http://proxy.acme.example:3128", via(nil)},
		{"port", "the proxy answers 403 Forbidden", with(failed(evidence.KindProxyDenied),
			via(&evidence.ProxyReply{Protocol: "http", Code: 403, Text: said("Forbidden")}))},
		{"tls", "TLS 1.3, certificate by Example Trust Inc until 2026-10-01", with()},
		{"tls", "not run: waited for port", skipped("port")},
		{"tls", "connection reset during the handshake", with(failed(evidence.KindReset), noChain)},
		{"tls", "connected, then silence", with(failed(evidence.KindTimeout), noChain)},
		{"tls", `the peer speaks no TLS: "220 mail ready"`, with(failed(evidence.KindNotTLS), noChain,
			func(e *evidence.Evidence, _ *evidence.Step) { e.TLS.Quote = said("220 mail ready") })},
		{"tls", "certificate by Example Trust Inc, not a public authority", with(failed(evidence.KindUntrusted),
			func(e *evidence.Evidence, _ *evidence.Step) { e.TLS.Trust.Public = false })},
		{"tls", "the certificate expired on 2026-10-01", with(failed(evidence.KindUntrusted),
			func(e *evidence.Evidence, _ *evidence.Step) { e.TLS.Trust.Expired = &e.TLS.Chain[0] })},
		{"tls", "the certificate is not for rr-n1-tor.opensrs.net", with(failed(evidence.KindUntrusted),
			func(e *evidence.Evidence, _ *evidence.Step) {
				e.TLS.Trust.NameOK, e.TLS.Chain[0].Names = false, saidAll("portal.captive.example")
			})},
		{"call", "GET_BALANCE answered 200", with()},
		{"call", "GET_BALANCE answered 400, Access denied: invalid IP address", with(failed(evidence.KindRefusedByAPI),
			func(e *evidence.Evidence, _ *evidence.Step) {
				e.Call.Success, e.Call.Code, e.Call.Text = false, said("400"), said("Access denied: invalid IP address")
			})},
		{"call", "connection closed after the request, no reply", with(failed(evidence.KindHungUp),
			func(e *evidence.Evidence, _ *evidence.Step) { e.Call = &evidence.Call{Sent: true} })},
		{"call", "no reply for 10.0 s", with(failed(evidence.KindTimeout),
			func(e *evidence.Evidence, _ *evidence.Step) { e.Call = &evidence.Call{Sent: true, TookMS: 10000} })},
		{"call", `HTTP 200, not the API: "Log in to the network"`, with(failed(evidence.KindNotHTTP),
			func(e *evidence.Evidence, _ *evidence.Step) {
				e.Call = &evidence.Call{Sent: true, HTTPStatus: 200, Quote: said("Log in to the network")}
			})},
		{"call", "HTTP 302, redirected to https://portal.example/", with(failed(evidence.KindHTTPStatus),
			func(e *evidence.Evidence, _ *evidence.Step) {
				e.Call = &evidence.Call{Sent: true, HTTPStatus: 302, Location: said("https://portal.example/")}
			})},
		{"call", "not run: no API key given", with(skipped("credentials"),
			func(e *evidence.Evidence, _ *evidence.Step) { e.Asked.KeyGiven = false })},
		{"call", "not run: the API key given looks wrong", skipped("credentials")},
		{"call", "interrupted", skipped("interrupt")},
	} {
		e := healthyEvidence()
		for i := range e.Steps {
			if e.Steps[i].Probe == test.probe {
				test.change(e, &e.Steps[i])
			}
		}
		for _, row := range steps.ProbeRows(e) {
			if row.Name == test.probe && row.Summary != test.want {
				t.Errorf("%s: %q, want %q", test.probe, row.Summary, test.want)
			}
			if screen.WidthOf(row.Summary) > reading.RowWidth+3 {
				t.Errorf("%s: %d columns: %q", row.Name, screen.WidthOf(row.Summary), row.Summary)
			}
		}
	}
}

func noChain(e *evidence.Evidence, _ *evidence.Step) { e.TLS = &evidence.TLS{} }

// A run that ended early still has its six rows, and a section that was not reached gives its follow-ups.
func TestRowsOfAnEarlyEnd(t *testing.T) {
	e := &evidence.Evidence{Took: time.Second, Controls: []evidence.Control{{Peer: "1.1.1.1:443"}}}
	rows := steps.ProbeRows(e)
	if len(rows) != len(evidence.Names) {
		t.Fatalf("%d rows", len(rows))
	}
	for i, row := range rows {
		var facts map[string]any
		if err := json.Unmarshal(row.Facts, &facts); err != nil {
			t.Fatal(err)
		}
		if row.Name != evidence.Names[i] || row.Status != evidence.Skip || row.WaitedFor != "interrupt" {
			t.Errorf("%+v", row)
		}
		if row.Name == "port" && (len(facts) != 1 || facts["controls"] == nil) {
			t.Errorf("facts of port: %v", facts)
		}
	}
}

// Facts hold empty lists as lists, keep the failure, and never the balance, which no field could hold.
func TestFacts(t *testing.T) {
	rows := steps.ProbeRows(filteredEvidence())
	for _, want := range []string{`"dns_seen":["203.0.113.10"]`, `"ipv6":[]`} {
		if !strings.Contains(string(rows[0].Facts), want) {
			t.Errorf("egress facts lack %s: %s", want, rows[0].Facts)
		}
	}
	for _, want := range []string{`"failure":{"op":"connect","kind":"timeout"`, `"controls":[`, `"path":{"available":true`} {
		if !strings.Contains(string(rows[3].Facts), want) {
			t.Errorf("port facts lack %s: %s", want, rows[3].Facts)
		}
	}
	if strings.Contains(string(rows[3].Facts), "null,") && !strings.Contains(string(rows[3].Facts), `"retransmits":null`) {
		t.Errorf("a null list: %s", rows[3].Facts)
	}
	e := healthyEvidence()
	steps.ProbeRows(e)
	if e.Egress.IPv6 != nil {
		t.Error("the evidence was changed")
	}
}

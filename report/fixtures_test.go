package report_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/steps"
)

// fixture is one run in which one thing is wrong, in the one way that a row of the catalogue is about.
type fixture struct {
	name       string            // the cause; a further way to the same cause has "/" and a word behind it
	severity   report.Severity   // that it has
	confidence report.Confidence // that it has
	damage     func(*evidence.Evidence)
}

// fixtures are all of them; of the plain one of every cause testdata has the diagnoses and the screen.
func fixtures() []fixture {
	return slices.Concat(hostFixtures, dnsFixtures, egressFixtures, rulesFixtures, portFixtures, proxyFixtures,
		tlsFixtures, callFixtures, clientFixtures)
}

// evidence is what the run saw.
func (f fixture) evidence() *evidence.Evidence {
	e := healthy()
	f.damage(e)
	return e
}

func fixtureOf(t testing.TB, name string) *evidence.Evidence {
	t.Helper()
	for _, f := range fixtures() {
		if f.name == name {
			return f.evidence()
		}
	}
	t.Fatalf("there is no fixture %s", name)
	return nil
}

// The run's beginning, by the local clock.
var fixedStart = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)

// The addresses of the runs. The routers are those on the way to the endpoint, nearest first.
var (
	egressIP   = ip("203.0.113.10")
	endpointIP = ip("198.51.100.10")
	localIP    = ip("10.1.0.2")
	routers    = []netip.Addr{ip("10.1.0.1"), ip("203.0.113.1"), ip("203.0.113.130")}
)

const (
	issuingCA = "CN=Example TLS CA 2026,O=Example Trust,C=US"
	publicCA  = "CN=Example Global Root G2,O=Example Trust,C=US"
	privateCA = "CN=Acme Corp Private Root,O=Acme Corp"
)

// healthy is a run against the live service in which everything worked.
func healthy() *evidence.Evidence {
	e := &evidence.Evidence{
		RunID: "5f0c3a9d71e8b246", StartedAt: fixedStart, Took: ms(156.25),
		Target: evidence.Target{Environment: "live", Host: "rr-n1-tor.opensrs.net", Port: 55443,
			Username: "example-reseller", KeyFingerprint: pointer("0a1b2c3d"), Addresses: []netip.Addr{endpointIP}},
		Host: evidence.Host{Hostname: "web1.example.com", OS: "linux/amd64", LocalAddress: localIP,
			Resolvers: []string{"192.0.2.53:53"}, ResolversBy: "/etc/resolv.conf",
			HasIPv4Route: pointer(true), HasIPv6Route: pointer(false)},
		Asked: evidence.Asked{KeyGiven: true, KeySource: "/etc/opensrs/api.key", KeyForm: &opensrs.Form{Length: 112}, EgressSources: 4,
			StatusURL: service.OpenSRS.StatusURL, RootsDate: time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)},
	}
	for i, name := range evidence.Names {
		e.Steps = append(e.Steps, evidence.Step{Probe: name, Status: evidence.Pass, Counts: true,
			Took: ms([]float64{41, 0.05, 12, 18, 22, 62}[i])})
	}
	e.Egress = seenFrom("direct", egressIP)
	setRules(e, "allow 203.0.113.0/25")
	e.DNS = &evidence.DNS{Name: e.Target.Host, Used: "192.0.2.53:53", IPv4: []netip.Addr{endpointIP},
		Answers: []evidence.DNSAnswer{{Resolver: "192.0.2.53:53", Transport: "udp", Rcode: "NOERROR",
			A: []netip.Addr{endpointIP}, TookMS: 11.4}}}
	e.Port = &evidence.Port{Connected: netip.AddrPortFrom(endpointIP, 55443), ConnectMS: 18, Retransmits: pointer(0),
		Attempts: []evidence.Attempt{{Address: netip.AddrPortFrom(endpointIP, 55443), LocalAddress: localIP,
			Connected: true, TookMS: 18}}}
	e.TLS = &evidence.TLS{Connected: true, Version: "TLS 1.2", CipherSuite: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
		CallAllowed: true, Chain: goodChain(), Trust: goodTrust(publicCA)}
	e.Call = &evidence.Call{Sent: true, VectorOK: true, HTTPStatus: 200, ContentType: said("text/xml"), Envelope: true,
		Success: true, Code: said("200"), Text: said("Command successful"), Class: "accepted", ReplyBytes: 651, TookMS: 61,
		Date: pointer(fixedStart), Retransmits: pointer(0)}
	setClock(e, 0)
	return e
}

func goodTrust(issuer string) *evidence.Trust {
	return &evidence.Trust{System: true, Public: true, NameOK: true, DatesOK: true, Issuer: said(issuer)}
}

func goodChain() []evidence.Certificate {
	return []evidence.Certificate{
		{Subject: said("CN=rr-n1-tor.opensrs.net"), Issuer: said(issuingCA), IssuerOrg: said("Example Trust"),
			Names: saidAll("rr-n1-tor.opensrs.net"), NotBefore: fixedStart.AddDate(0, -2, 0),
			NotAfter: fixedStart.AddDate(0, 10, 0), IssuerURL: said("http://pki.example.org/tls-ca-2026.crt"),
			SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
		{Subject: said(issuingCA), Issuer: said(publicCA), IssuerOrg: said("Example Trust"), NotBefore: fixedStart.AddDate(-1, 0, 0),
			NotAfter: fixedStart.AddDate(9, 0, 0),
			SHA256:   "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"},
	}
}

// setClock gives the run peers that told the time, the local clock being behind by that much.
func setClock(e *evidence.Evidence, behind time.Duration) {
	e.Clock = &evidence.Clock{OffsetMS: steps.Milliseconds(behind)}
	for _, peer := range []string{"icanhazip.com:443", "checkip.amazonaws.com:443", "api.ipify.org:443"} {
		e.Clock.Samples = append(e.Clock.Samples,
			evidence.ClockSample{Peer: peer, OffsetMS: steps.Milliseconds(behind), Verified: true})
		e.Clock.Agreeing++
	}
}

// step is the row of a probe, to be changed.
func step(e *evidence.Evidence, name string) *evidence.Step {
	return &e.Steps[slices.Index(evidence.Names, name)]
}

func skip(e *evidence.Evidence, name string, waitedFor evidence.Wait) {
	*step(e, name) = evidence.Step{Probe: name, Status: evidence.Skip, WaitedFor: waitedFor, Counts: true}
}

func failure(op evidence.Op, kind evidence.Kind, detail string) *evidence.Failure {
	return &evidence.Failure{Op: op, Kind: kind, Detail: said(detail)}
}

// stopAt makes the run end at a probe: it failed in this way, those that need it were skipped, and the
// follow-ups of such a failure were made.
func stopAt(e *evidence.Evidence, name string, why *evidence.Failure) {
	step(e, name).Status, step(e, name).Failure = evidence.Fail, why
	at := slices.Index(evidence.Names, name)
	for _, later := range evidence.Names[at+1:] {
		skip(e, later, evidence.Wait(name))
	}
	switch name {
	case "dns":
		e.Port, e.TLS, e.Call, e.Target.Addresses = nil, nil, nil, []netip.Addr{}
	case "port":
		attempt := evidence.Attempt{Address: e.Port.Attempts[0].Address, TookMS: e.Port.Attempts[0].TookMS, Failure: why}
		if why.Kind == evidence.KindTimeout {
			attempt.TookMS, step(e, "port").Took = 3000, 3*time.Second
		}
		e.Port, e.TLS, e.Call = &evidence.Port{Attempts: []evidence.Attempt{attempt}}, nil, nil
	case "tls":
		e.Call = nil
	}
	followUp(e, name)
}

// followUp fills in what is asked after a failure of that probe, in a world where all else is well.
func followUp(e *evidence.Evidence, name string) {
	for _, peer := range []string{"1.1.1.1:443", "8.8.8.8:443"} {
		e.Controls = append(e.Controls, evidence.Control{Peer: peer, Path: "direct", Connected: true, TookMS: 9,
			TLS: goodTrust("CN=Example Edge Root,O=Example Edge")})
	}
	if e.DNS != nil && !e.DNS.Literal {
		none := failure("query", evidence.KindNXDomain, "NXDOMAIN")
		e.DNS.MadeUpName, e.DNS.MadeUp = "4d1f0c9be2a7835610f3c2aa.com", &evidence.DNSAnswer{Resolver: "192.0.2.53:53",
			Transport: "udp", Rcode: "NXDOMAIN", TookMS: 14, Failure: none}
		e.DNS.OtherName, e.DNS.Other = "status.opensrs.com", &evidence.DNSAnswer{Resolver: "192.0.2.53:53",
			Transport: "udp", Rcode: "NOERROR", A: []netip.Addr{ip("192.0.2.80")}, TookMS: 12}
	}
	if name == "dns" {
		return
	}
	e.StatusPage = &evidence.StatusPage{URL: service.OpenSRS.StatusURL, Indicator: said("none"), Description: said("All Systems Operational")}
	if name == "tls" {
		for _, variant := range []string{evidence.VariantAsIs, evidence.VariantNoSNI, evidence.VariantClassic,
			evidence.VariantSmall, evidence.VariantNo13, evidence.VariantOld} {
			e.TLS.Variants = append(e.TLS.Variants, evidence.Variant{Name: variant, Works: true, Version: "TLS 1.2", TookMS: 21})
		}
	}
}

// setRules gives the run a list of rules and simulates it; without one, none was given.
func setRules(e *evidence.Evidence, texts ...string) {
	if len(texts) == 0 {
		e.Rules, e.Asked.RulesGiven, e.Asked.RulesSource = nil, 0, ""
		skip(e, "rules", "rules")
		return
	}
	var rules []iprules.Rule
	for i, text := range texts {
		rule, err := iprules.Parse(text)
		if err != nil {
			panic(err)
		}
		rule.Source, rule.Line = "rules.txt", i+1
		rules = append(rules, rule)
	}
	e.Asked.RulesGiven, e.Asked.RulesSource = len(rules), "rules.txt"
	e.Rules = &evidence.Rules{Problems: iprules.Lint(rules)}
	for _, rule := range rules {
		e.Rules.Rules = append(e.Rules.Rules, rule.String())
	}
	evaluate := iprules.Evaluate
	if e.Egress.Given && !e.Target.Inside() {
		evaluate = iprules.EvaluatePublic
	}
	for _, address := range e.Egress.Addresses() {
		e.Rules.Results = append(e.Rules.Results, evaluate(rules, address))
	}
	e.Rules.Verdict = iprules.Verdict(e.Rules.Results)
	row := evidence.Step{Probe: "rules", Counts: true, Took: ms(0.05), Status: map[string]evidence.Status{
		iprules.VerdictAllow: evidence.Pass, iprules.VerdictDeny: evidence.Fail, iprules.VerdictPartly: evidence.Fail,
		iprules.VerdictAmbiguous: evidence.Warn, iprules.VerdictUnknown: evidence.Skip}[e.Rules.Verdict]}
	for _, problem := range e.Rules.Problems {
		switch {
		case problem.Severity == iprules.SeverityError:
			row.Status = evidence.Fail
		case row.Status == evidence.Pass && (problem.ID == iprules.HostBits || problem.ID == iprules.Duplicate):
			row.Status = evidence.Warn
		}
	}
	if row.Status == evidence.Skip {
		row.WaitedFor = "egress"
	}
	*step(e, "rules") = row
}

package report_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/render/page"
	"opensrs-doctor/report/screen"
)

// asSeenOn makes of a run on Linux what the same world gives on a system without the walk, the count of packets sent
// again and (but for macOS, towards the server) small segments.
func asSeenOn(system string, e *evidence.Evidence) *evidence.Evidence {
	e.Host.OS = system + "/amd64"
	if e.Port != nil {
		e.Port.Retransmits = nil
		if path := e.Port.Path; path != nil {
			if icmpAnswered(e.Walk()) && e.Step("port").Status == evidence.Fail { // no socket is told of it
				silence := failure("connect", evidence.KindTimeout, "no answer so far")
				step(e, "port").Failure, step(e, "port").Took = silence, 3*time.Second
				for i := range e.Port.Attempts {
					e.Port.Attempts[i].Failure, e.Port.Attempts[i].TookMS = silence, 3000
				}
			}
			e.Port.Path = &evidence.Path{Why: evidence.NotAvailable, ComparedTo: path.ComparedTo}
		}
	}
	if e.Call != nil {
		e.Call.Retransmits = nil
	}
	if e.TLS != nil {
		towards := e.TLS.Works(evidence.VariantClassic) // big packets to the server are the trouble
		for i := range e.TLS.Variants {
			v := &e.TLS.Variants[i]
			switch {
			case v.Name != evidence.VariantSmall || system == "darwin" && v.Works && towards:
			case system == "darwin":
				*v = evidence.Variant{Name: v.Name, NotMade: "only packets to the server can be made small on this system", TookMS: 3000}
			default:
				*v = evidence.Variant{Name: v.Name, NotMade: evidence.NotAvailable}
			}
		}
	}
	return e
}

func icmpAnswered(path *evidence.Path) bool {
	return slices.ContainsFunc(path.All(), func(h evidence.Hop) bool {
		return h.Answer == evidence.HopProhibited || h.Answer == evidence.HopUnreachable || h.Answer == evidence.HopPortUnreachable
	})
}

var otherSystems = []string{"windows", "darwin"}

// What another system cannot see makes no other cause certain: whatever the world, its evidence there is a claim about
// another world at most likely.
func TestOtherSystemsAreNotSureOfAnotherCause(t *testing.T) {
	for _, system := range otherSystems {
		for _, f := range fixtures() {
			cause, _, _ := strings.Cut(f.name, "/")
			diagnoses := reportOf(asSeenOn(system, f.evidence())).Diagnoses
			if _, found := diagnosisOf(diagnoses, cause); found || len(diagnoses) == 0 {
				continue
			}
			first := diagnoses[0]
			if first.Severity == report.Fail && first.Confidence == report.Certain && first.Cause != report.UnexplainedID {
				t.Errorf("%s on %s is %s, certain", f.name, system, first.Cause)
			}
		}
	}
}

// Each claim that rests on an experiment, where that experiment is not made.
func TestClaimsWithoutTheirExperiment(t *testing.T) {
	for _, test := range []struct {
		fixture, system string
		cause           string
		confidence      report.Confidence
		says            string
	}{
		{"tls.mtu-blackhole", "windows", "tls.timeout", report.Likely, "store=active, and run opensrs-doctor again"},
		{"tls.mtu-blackhole", "darwin", "tls.timeout", report.Likely, "were not tried: only packets to the server can be made small"},
		{"tls.mtu-blackhole/to-the-server", "windows", "tls.hello-too-big", report.Likely, "Big packets that vanish on the path would look the same"},
		{"tls.mtu-blackhole/to-the-server", "darwin", "tls.mtu-blackhole", report.Certain, "sudo ifconfig INTERFACE mtu 1280"},
		{"tls.hello-too-big", "windows", "tls.hello-too-big", report.Likely, "not available on this system"},
		{"tls.hello-too-big", "darwin", "tls.hello-too-big", report.Likely, "sudo ifconfig INTERFACE mtu 1280, and run"},
		{"tls.timeout", "windows", "tls.timeout", report.Likely, "It was not tried with small TCP segments: not available on this system."},
		{"tls.reset", "windows", "tls.reset", report.Likely, "It was not tried with small TCP segments"},
		{"tls.sni-blocked", "windows", "tls.sni-blocked", report.Certain, "without the server name"}, // a reset is no lost packet
		{"tls.version-unsupported", "windows", "tls.version-unsupported", report.Certain, "TLS 1.1"}, // the version was read
		{"tls.rejected", "windows", "tls.rejected", report.Certain, "handshake failure"},             // so was the alert
		{"port.filtered", "windows", "port.filtered", report.Likely, "reading such messages is not available on this system"},
		{"port.prohibited", "windows", "port.filtered", report.Likely, "refuses the port with an ICMP message looks the same"},
		{"port.unreachable", "darwin", "port.filtered", report.Likely, "refuses the port with an ICMP message looks the same"},
		{"port.refused", "windows", "port.refused", report.Likely, "refus"},
		{"port.rejected-en-route", "windows", "port.refused", report.Likely, "refus"},
		{"port.slow", "windows", "port.slow", report.Likely, "the count of those is not available on this system"},
	} {
		t.Run(test.system+"/"+test.fixture, func(t *testing.T) {
			at := slices.IndexFunc(fixtures(), func(f fixture) bool { return f.name == test.fixture })
			if at < 0 {
				t.Fatal("no such fixture")
			}
			r := reportOf(asSeenOn(test.system, fixtures()[at].evidence()))
			validate(t, test.fixture, jsonOf(t, r))
			if len(r.Diagnoses) == 0 || r.Diagnoses[0].Cause != test.cause || r.Diagnoses[0].Confidence != test.confidence {
				t.Fatalf("found %s, want %s, %s", told(r.Diagnoses), test.cause, test.confidence)
			}
			d := r.Diagnoses[0]
			words := strings.Join(slices.Concat([]string{d.Summary, d.Explanation}, d.Evidence, d.Fixes), "\n")
			if !strings.Contains(words, test.says) {
				t.Errorf("it does not say %q:\n%s", test.says, words)
			}
			for _, line := range d.Evidence {
				if strings.HasPrefix(line, "It fails") && strings.Contains(line, "small TCP segments") {
					t.Errorf("not made counts as failed: %s", line)
				}
			}
			for _, wrong := range []string{"every variant", "Smaller packets do not help"} {
				if strings.HasPrefix(test.cause, "tls.") && strings.Contains(words, wrong) {
					t.Errorf("it says %q:\n%s", wrong, words)
				}
			}
		})
	}
}

// macOS gives the error for an unreachable host also for what its own packet filter drops.
func TestUnreachableOnMacOS(t *testing.T) {
	e := healthy()
	stopAt(e, "port", failure("connect", evidence.KindUnreachable, "no route to host"))
	e.Port.Path = &evidence.Path{Why: evidence.NotAvailable, ComparedTo: 443}
	e.Host.OS = "darwin/arm64"
	d, found := diagnosisOf(diagnose.Diagnose(e), "port.unreachable")
	if !found || d.Confidence != report.Likely || !strings.Contains(d.Explanation, "sudo pfctl -s rules") {
		t.Errorf("%v: %s", causesOf(diagnose.Diagnose(e)), d.Explanation)
	}
	e.Host.OS = "linux/amd64"
	if d, _ := diagnosisOf(diagnose.Diagnose(e), "port.unreachable"); strings.Contains(d.Explanation, "macOS") {
		t.Error(d.Explanation)
	}
}

// The bundle for support and the page's timeline tell what was not made from what failed.
func TestNotMadeElsewhere(t *testing.T) {
	r := reportOf(asSeenOn("windows", fixtureOf(t, "tls.timeout")))
	readme := strings.Join(strings.Fields(ticketOf(t, r, false)["README.txt"]), " ")
	if want := "once more, small segments: not made, not available on this system"; !strings.Contains(readme, want) {
		t.Errorf("the letter does not say %q:\n%s", want, readme)
	}
	spans := page.FollowUps(r.Evidence())
	drawn := func(name string) bool {
		return slices.ContainsFunc(spans, func(s page.TimeSpan) bool { return strings.Contains(s.Name, name) })
	}
	if drawn(evidence.VariantSmall) || !drawn(evidence.VariantClassic) {
		t.Errorf("the timeline is %+v", spans)
	}
}

// Where the system itself looks names up, its answer stands beside those of the servers in its settings.
func TestSystemLookup(t *testing.T) {
	const server = "192.0.2.53:53"
	address := []netip.Addr{endpointIP}
	noData := failure("query", evidence.KindNoData, "this system's own lookup finds no address")
	silent := failure("query", evidence.KindTimeout, "no answer")
	for name, test := range map[string]struct {
		answers    []evidence.DNSAnswer
		used       string // "": no address
		slow       []string
		fails      evidence.Kind
		cause      string
		confidence report.Confidence
		says, not  string
	}{
		"servers are silent": {answers: []evidence.DNSAnswer{{Resolver: evidence.BySystem, A: address}, {Resolver: server, Failure: silent}},
			used: evidence.BySystem},
		"the system is slow": {answers: []evidence.DNSAnswer{{Resolver: evidence.BySystem, Pending: true}, {Resolver: server, Rcode: "NOERROR", A: address}},
			used: server, slow: []string{evidence.BySystem}, cause: "dns.slow-resolver", confidence: report.Certain,
			says: "asks for which names: scutil --dns", not: "Remove this system"},
		"only servers find it": {answers: []evidence.DNSAnswer{{Resolver: evidence.BySystem, Failure: noData}, {Resolver: server, Rcode: "NOERROR", A: address}},
			fails: evidence.KindNoData, used: evidence.BySystem, cause: "unexplained", confidence: report.Possible,
			says: "Programs on this host get no address, though a resolver has one."},
		"SERVFAIL": {answers: []evidence.DNSAnswer{{Resolver: evidence.BySystem, Failure: noData},
			{Resolver: server, Rcode: "SERVFAIL", Failure: failure("query", evidence.KindServFail, "SERVFAIL")}},
			fails: evidence.KindServFail, cause: "dns.servfail", confidence: report.Certain, says: "This system's own lookup finds no address."},
		"nobody answers": {answers: []evidence.DNSAnswer{{Resolver: evidence.BySystem, Failure: noData}, {Resolver: server, Failure: silent}},
			fails: evidence.KindTimeout, cause: "dns.resolver-unreachable", confidence: report.Certain,
			says: "port 53 from this host to 192.0.2.53", not: "to this system"},
	} {
		t.Run(name, func(t *testing.T) {
			e := healthy()
			e.Host.OS, e.Host.ResolversBy = "darwin/arm64", "the network settings"
			if test.fails != "" {
				stopAt(e, "dns", failure("query", test.fails, "no address"))
			}
			e.DNS.Answers, e.DNS.Used, e.DNS.Slow = test.answers, test.used, test.slow
			e.DNS.IPv4, e.DNS.IPv6 = nil, nil
			if test.fails == evidence.KindTimeout { // nor about other names
				e.DNS.MadeUp, e.DNS.Other = &evidence.DNSAnswer{Failure: silent}, &evidence.DNSAnswer{Failure: silent}
			}
			if test.fails == "" {
				e.DNS.IPv4 = address
			}
			r := reportOf(e)
			validate(t, name, jsonOf(t, r))
			if test.cause == "" {
				if len(r.Diagnoses) > 0 {
					t.Errorf("found %s", told(r.Diagnoses))
				}
				return
			}
			if len(r.Diagnoses) == 0 || r.Diagnoses[0].Cause != test.cause || r.Diagnoses[0].Confidence != test.confidence {
				t.Fatalf("found %s", told(r.Diagnoses))
			}
			shown := strings.Join(strings.Fields(screenOf(t, r, screen.Options{})), " ")
			if !strings.Contains(shown, test.says) || test.not != "" && strings.Contains(shown, test.not) {
				t.Errorf("the screen is\n%s", screenOf(t, r, screen.Options{}))
			}
		})
	}
}

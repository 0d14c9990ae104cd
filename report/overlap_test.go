package report_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose"
)

// Where rows overlap: which one stands, and which it explains.
func TestOverlaps(t *testing.T) {
	for _, test := range []struct {
		name, first string
		gone        []string // stand in no diagnosis
		damage      func(*evidence.Evidence)
	}{
		{"a 5xx beats HTML", "call.server-error", []string{"call.not-opensrs"}, func(e *evidence.Evidence) {
			gatewayError(e, 502)
		}},
		{"a redirect beats HTML", "call.redirected", []string{"call.not-opensrs", "call.malformed-reply"}, func(e *evidence.Evidence) {
			replied(e, evidence.Call{HTTPStatus: 302, Location: said("https://portal.example/login"), Quote: said("302 Found"),
				ContentType: said("text/html"), ReplyBytes: 154, Failure: failure("call", evidence.KindHTTPStatus, "HTTP status 302")})
		}},
		{"no route beats dead DNS", "host.offline", []string{"dns.resolver-unreachable", "egress.unknown"}, func(e *evidence.Evidence) {
			noInternet(e)
			e.Host.HasIPv4Route = pointer(false)
		}},
		{"no route beats dead DNS, nobody else being asked", "host.offline", []string{"dns.resolver-unreachable"},
			func(e *evidence.Evidence) {
				noInternet(e)
				e.Host.HasIPv4Route, e.Controls = pointer(false), nil
			}},
		{"a captive portal beats not-TLS", "dns.captive-portal", []string{"tls.not-tls", "egress.unknown"}, portal},
		{"a captive portal with a private address", "dns.captive-portal", []string{"tls.not-tls", "dns.sinkholed"},
			func(e *evidence.Evidence) {
				portal(e)
				e.DNS.IPv4[0], e.DNS.Answers[0].A[0], e.DNS.MadeUp.A[0] = ip("10.9.9.9"), ip("10.9.9.9"), ip("10.9.9.9")
			}},
		{"a wrong clock beats dates", "host.clock-wrong", []string{"tls.not-yet-valid"}, behind},
		{"a clock that runs ahead beats dates", "host.clock-wrong", []string{"tls.expired"}, func(e *evidence.Evidence) {
			e.Egress = seenFrom("direct", egressIP)
			dates(e, fixedStart.AddDate(-1, 0, 0), fixedStart.AddDate(0, 0, -30))
			setClock(e, -60*24*time.Hour)
		}},
		{"an incident beats a refusal", "service.incident", []string{"port.refused"}, func(e *evidence.Evidence) {
			refused(e)
			incident(e)
		}},
		{"an incident beats a server error", "service.incident", []string{"call.server-error"}, func(e *evidence.Evidence) {
			gatewayError(e, 503)
			incident(e)
		}},
		{"a wrong port beats its silence", "port.wrong-port", []string{"port.filtered"}, func(e *evidence.Evidence) {
			e.Target.Port = 55000
			e.Port.Attempts[0].Address = netip.AddrPortFrom(endpointIP, 55000)
			drop(e)
			e.Port.OtherPorts = append(e.Port.OtherPorts, evidence.Attempt{
				Address: netip.AddrPortFrom(endpointIP, 55443), Connected: true})
		}},
		{"a private root beats what its certificate says", "tls.unknown-ca",
			[]string{"tls.name-mismatch", "tls.expired"}, func(e *evidence.Evidence) {
				leaf := byAcme()
				leaf.NotBefore, leaf.NotAfter = fixedStart.AddDate(-2, 0, 0), fixedStart.AddDate(-1, 0, 0)
				shows(e, leaf, evidence.Trust{RootShown: true, Issuer: said(privateCA), Expired: &leaf})
			}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := healthy()
			test.damage(e)
			diagnoses := diagnose.Diagnose(e)
			if len(diagnoses) == 0 || diagnoses[0].Cause != test.first {
				t.Fatalf("got %s, want %s first", told(diagnoses), test.first)
			}
			for _, cause := range test.gone {
				if _, stands := diagnosisOf(diagnoses, cause); stands {
					t.Errorf("%s stands beside it: %s", cause, told(diagnoses))
				}
			}
		})
	}
}

// An incident that cannot explain the failure stands beside it, as a warning.
func TestIncidentElsewhere(t *testing.T) {
	for _, name := range []string{"port.filtered", "dns.nxdomain", "port.prohibited", "rules.not-allowed", "call.auth-failed"} {
		e := fixtureOf(t, name)
		if e.StatusPage == nil {
			e.StatusPage = &evidence.StatusPage{URL: service.OpenSRS.StatusURL}
		}
		incident(e)
		if got := told(diagnose.Diagnose(e)); got != told(diagnose.Diagnose(fixtureOf(t, name)))+", warn service.incident?" {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

// What a cause hides stands in its hides and nowhere else, and is something that was found; a warning hides no
// failure.
func TestHidden(t *testing.T) {
	for name, want := range map[string][]string{
		"host.offline":              {"egress.unknown"},
		"host.clock-wrong":          {"tls.not-yet-valid"},
		"dns.captive-portal":        {"egress.unknown", "tls.not-tls"},
		"dns.hosts-override":        {"port.filtered"},
		"dns.sinkholed":             {"port.refused"},
		"service.incident":          {"call.server-error"},
		"rules.pool-partly-allowed": {"egress.unstable"},
		"call.wrong-environment":    {"call.auth-failed"},
		"proxy.denied":              {"proxy.direct-way"},
	} {
		d := diagnose.Diagnose(fixtureOf(t, name))[0]
		for _, hidden := range want {
			if !slices.Contains(d.Hides, hidden) {
				t.Errorf("%s hides %v, want %s among them", name, d.Hides, hidden)
			}
		}
	}
	e := fixtureOf(t, "rules.ambiguous/accepted") // it hides call.ip-denied, as a failure
	drop(e)
	if got := told(diagnose.Diagnose(e)); got != "fail port.filtered, warn rules.ambiguous" {
		t.Errorf("got %s", got)
	}
	e = fixtureOf(t, "tls.intercepted/allowed") // it hides egress.unknown, which is a failure here
	noSource(e, silence)
	refuse(e, "401", "Authentication failed", "auth-failed")
	got := causesOf(diagnose.Diagnose(e))
	if want := []string{"call.auth-failed", "egress.unknown", "tls.intercepted"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// The address is not known, and the rules leave the refused call unexplained: that is a failure.
func TestUnknownAddressIsGraveWhereTheRulesNeedIt(t *testing.T) {
	for _, column := range tableColumns {
		e := healthy()
		noSource(e, silence)
		column.call(e)
		d, found := diagnosisOf(diagnose.Diagnose(e), "egress.unknown")
		want := report.Fail
		if column.name == "accepted" || column.name == "never reached" {
			want = report.Warn
		}
		if !found || d.Severity != want {
			t.Errorf("%s: %v, %s; want %s", column.name, found, d.Severity, want)
		}
		e = healthy()
		setRules(e)
		noSource(e, silence)
		column.call(e)
		if d, _ := diagnosisOf(diagnose.Diagnose(e), "egress.unknown"); d.Severity != report.Warn {
			t.Errorf("%s, without rules: %s", column.name, d.Severity)
		}
	}
}

// Severity first, then the step that stopped the call, then the order of the probes, then the ID.
func TestOrder(t *testing.T) {
	warnings := func(e *evidence.Evidence) {
		pool(e)
		e.Host.LocalAddress, e.Port.Attempts[0].LocalAddress = ip("10.8.0.6"), ip("10.8.0.6")
		second(e)
		e.DNS.Slow, e.DNS.Used = []string{"192.0.2.53:53"}, "192.0.2.54:53"
		e.Port.Retransmits = pointer(2)
		e.TLS.Chain[0].NotAfter = fixedStart.AddDate(0, 0, 5)
		e.TLS.Trust.FirstToEnd = &e.TLS.Chain[0]
	}
	e := healthy()
	warnings(e)
	want := "warn egress.split-route, warn egress.unstable, warn dns.slow-resolver, warn port.lossy, warn tls.expires-soon"
	if got := told(diagnose.Diagnose(e)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	e = healthy()
	warnings(e)
	setRules(e, "allow 192.0.2.0/24")
	refuse(e, "435", "Permission denied", "permission-denied")
	want = "fail call.permission-denied, fail rules.invalid, " +
		"warn egress.split-route, warn egress.unstable, warn rules.stale?, warn dns.slow-resolver, warn port.lossy, warn tls.expires-soon"
	if got := told(diagnose.Diagnose(e)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// choose applies --only or --skip: a probe that was not chosen does not count, and where no chosen one needs it,
// it does not run.
func choose(e *evidence.Evidence, flag string, counts ...string) {
	runs := slices.Clone(counts)
	for _, name := range counts {
		runs = append(runs, evidence.Needs.Get()[name]...)
	}
	for i := range e.Steps {
		name := e.Steps[i].Probe
		if e.Steps[i].Counts = slices.Contains(counts, name); !slices.Contains(runs, name) {
			e.Steps[i] = evidence.Step{Probe: name, Status: evidence.Skip, WaitedFor: evidence.Wait(flag)}
		}
	}
	for name, clear := range map[string]func(){"egress": func() { e.Egress = nil }, "rules": func() { e.Rules = nil },
		"dns": func() { e.DNS = nil }, "port": func() { e.Port = nil }, "tls": func() { e.TLS = nil },
		"call": func() { e.Call = nil }} {
		if !slices.Contains(runs, name) {
			clear()
		}
	}
}

func TestOnlyAndSkip(t *testing.T) {
	for _, test := range []struct {
		name, fixture, flag string
		counts              []string
		want                string
	}{
		{"a warning of a probe that only helps", "dns.slow-resolver", "--only", []string{"port"}, ""},
		{"its own warning", "dns.slow-resolver", "--only", []string{"dns"}, "warn dns.slow-resolver"},
		{"a failure that a chosen one waits for", "port.filtered", "--only", []string{"call"}, "fail port.filtered"},
		{"a failure of a probe that helps", "tls.expired", "--skip", []string{"egress", "rules", "dns", "port", "call"}, "fail tls.expired"},
		{"the rules left out", "rules.stale", "--skip", []string{"egress", "dns", "port", "tls", "call"}, ""},
		{"the egress left out", "egress.unstable", "--skip", []string{"dns", "port", "tls", "call"}, ""},
		{"the egress only for the rules", "egress.unstable", "--only", []string{"rules"}, ""},
		{"no address for the rules", "egress.unknown", "--only", []string{"rules"}, "warn egress.unknown"},
		{"no address, and nobody needs one", "egress.unknown", "--only", []string{"call"}, ""},
		{"the call left out", "config.credentials-missing", "--skip", []string{"egress", "rules", "dns", "port", "tls"}, ""},
		{"a malformed key, and no call", "config.api-key-malformed", "--only", []string{"tls"}, ""},
		{"an unknown reason", "unexplained/dns", "--only", []string{"port"}, "fail unexplained"},
	} {
		e := fixtureOf(t, test.fixture)
		choose(e, test.flag, test.counts...)
		r := reportOf(e)
		if got := told(r.Diagnoses); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
		validate(t, test.name, jsonOf(t, r))
	}
}

func TestRequire(t *testing.T) {
	e := healthy()
	e.Asked.Require = evidence.Names
	if got := told(diagnose.Diagnose(e)); got != "" {
		t.Errorf("everything ran: %s", got)
	}
	for _, test := range []struct{ fixture, required, want string }{
		{"config.credentials-missing", "call", "fail config.credentials-missing"},
		{"config.credentials-missing", "tls", "warn config.credentials-missing"},
		{"egress.unknown/nobody-asked", "rules", "fail config.required-skipped, info egress.unknown"},
		{"egress.unknown/nobody-asked", "egress", "fail config.required-skipped, info egress.unknown"},
	} {
		e := fixtureOf(t, test.fixture)
		e.Asked.Require = []string{test.required}
		if got := told(diagnose.Diagnose(e)); got != test.want {
			t.Errorf("%s, --require %s: got %s, want %s", test.fixture, test.required, got, test.want)
		}
	}
	e = healthy()
	choose(e, "--skip", "egress", "rules", "dns", "port", "tls")
	e.Asked.Require = []string{"call"}
	if got := told(diagnose.Diagnose(e)); got != "fail config.required-skipped" {
		t.Errorf("--skip call --require call: got %s", got)
	}
	e = healthy()
	skip(e, "call", "interrupt")
	e.Call, e.Interrupted, e.Asked.Require = nil, true, []string{"call"}
	if got := told(diagnose.Diagnose(e)); got != "" {
		t.Errorf("interrupted: got %s", got)
	}
}

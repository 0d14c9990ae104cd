package report_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose"
)

// The columns of "rules and the live call together": what became of the call.
var tableColumns = []struct {
	name string
	call func(*evidence.Evidence)
}{
	{"accepted", func(*evidence.Evidence) {}},
	{"invalid IP", invalidIP},
	{"401", func(e *evidence.Evidence) { refuse(e, "401", "Authentication failed", "auth-failed") }},
	{"410", func(e *evidence.Evidence) { refuse(e, "410", "Reseller authentication error", "auth-failed") }},
	{"closed", hangUp},
	{"reset", func(e *evidence.Evidence) {
		replied(e, evidence.Call{Failure: failure("call", evidence.KindReset, "connection reset by peer")})
	}},
	{"not HTTP", func(e *evidence.Evidence) {
		replied(e, evidence.Call{Quote: said("you are not welcome here"), ReplyBytes: 25,
			Failure: failure("call", evidence.KindNotHTTP, "the reply is no HTTP")})
	}},
	{"never reached", refused},
}

// The rows: what the rules say. Each cell is the causes in their order, with severity; "?" behind one says that
// it is likely only. The columns 401 and 410, and the three of "closed, or not HTTP", are one each.
var tableRows = []struct {
	name                                  string
	rules                                 []string
	pool                                  bool
	accepted, invalid, login, end, before string
}{
	{"allow", []string{"allow 203.0.113.0/25"}, false,
		"", "fail rules.propagating?", "fail call.auth-failed?", "fail call.no-reply?", "fail port.refused"},
	{"deny, no rule matches", []string{"allow 192.0.2.0/25"}, false,
		"warn rules.stale?", "fail rules.not-allowed", "fail rules.not-allowed?", "fail rules.not-allowed?",
		"fail port.refused, fail rules.not-allowed?"},
	{"deny, a Deny matches", []string{"deny 203.0.113.10", "allow 203.0.113.0/25"}, false,
		"warn rules.stale?", "fail rules.denied", "fail rules.denied?", "fail rules.denied?",
		"fail port.refused, fail rules.denied?"},
	{"ambiguous", []string{"allow 203.0.113.10", "deny 203.0.113.0/25"}, false,
		"warn rules.ambiguous", "fail rules.ambiguous", "fail call.auth-failed?, warn rules.ambiguous",
		"fail call.no-reply?, warn rules.ambiguous", "fail port.refused, warn rules.ambiguous"},
	{"partly", []string{"allow 203.0.113.10"}, true,
		"fail rules.pool-partly-allowed", "fail rules.pool-partly-allowed", "fail rules.pool-partly-allowed?",
		"fail rules.pool-partly-allowed?", "fail port.refused, fail rules.pool-partly-allowed"},
	{"unknown", nil, false,
		"", "fail call.ip-denied", "fail call.auth-failed?", "fail call.no-reply?", "fail port.refused"},
}

// told is the diagnoses as a cell of the table writes them.
func told(diagnoses []report.Diagnosis) string {
	var cells []string
	for _, d := range diagnoses {
		cell := fmt.Sprintf("%s %s", d.Severity, d.Cause)
		if d.Confidence == report.Likely {
			cell += "?"
		}
		cells = append(cells, cell)
	}
	return strings.Join(cells, ", ")
}

func TestRulesAndCallTable(t *testing.T) {
	for _, row := range tableRows {
		want := map[string]string{"accepted": row.accepted, "invalid IP": row.invalid, "401": row.login, "410": row.login,
			"closed": row.end, "reset": row.end, "not HTTP": row.end, "never reached": row.before}
		for _, column := range tableColumns {
			e := healthy()
			setRules(e, row.rules...)
			if row.pool {
				pool(e)
			}
			column.call(e)
			diagnoses := diagnose.Diagnose(e)
			if got := told(diagnoses); got != want[column.name] {
				t.Errorf("%s, %s:\n got %s\nwant %s", row.name, column.name, got, want[column.name])
			}
			if row.name == "unknown" && (column.name == "401" || column.name == "410") {
				notRuledOut(t, diagnoses[0], true)
			}
			if row.name == "allow" && column.name == "401" {
				notRuledOut(t, diagnoses[0], false)
			}
		}
	}
}

// notRuledOut looks for "the address is not ruled out" in the evidence of a refused login.
func notRuledOut(t *testing.T, d report.Diagnosis, want bool) {
	t.Helper()
	said := strings.Contains(d.Explanation, "An address that is not let in can get the same answer.")
	if said != want {
		t.Errorf("the address is not ruled out: said %v, want %v, in %q", said, want, d.Explanation)
	}
}

// A 401 here with credentials that the other environment takes: no rule of this one matters.
func TestWrongEnvironmentBeatsTheRules(t *testing.T) {
	for _, rules := range []string{"allow 203.0.113.0/25", "allow 192.0.2.0/25", "deny 203.0.113.10"} {
		e := fixtureOf(t, "call.wrong-environment")
		setRules(e, rules)
		if got := told(diagnose.Diagnose(e)); got != "fail call.wrong-environment" {
			t.Errorf("%s: got %s", rules, got)
		}
	}
}

// With --egress-ip the rules' verdict stands alone: the call came from another place than the address that was
// asked about, so neither says anything of the other.
func TestGivenAddressIsNotComparedWithTheCall(t *testing.T) {
	compared := []string{"rules.stale", "rules.propagating", "rules.pool-partly-allowed", "egress.unstable"}
	for _, row := range tableRows {
		for _, column := range tableColumns {
			e := healthy()
			planned(e, egressIP)
			if row.pool {
				planned(e, egressIP, otherIP)
			}
			setRules(e, row.rules...)
			column.call(e)
			got := causesOf(diagnose.Diagnose(e))
			for _, cause := range compared {
				if slices.Contains(got, cause) {
					t.Errorf("%s, %s: %s, though the address was given", row.name, column.name, cause)
				}
			}
			own := map[string]string{"deny, no rule matches": "rules.not-allowed", "deny, a Deny matches": "rules.denied",
				"ambiguous": "rules.ambiguous", "partly": "rules.not-allowed"}[row.name]
			if own != "" && !slices.Contains(got, own) {
				t.Errorf("%s, %s: %v lacks %s", row.name, column.name, got, own)
			}
			if column.name == "never reached" && got[0] != "port.refused" {
				t.Errorf("%s, %s: %v", row.name, column.name, got)
			}
		}
	}
}

// Where this host was also seen to leave from the given address, the table holds.
func TestGivenAddressThatIsThisHostsOwn(t *testing.T) {
	for _, test := range []struct{ rules, want string }{
		{"allow 192.0.2.0/25", "warn rules.stale?"}, {"allow 203.0.113.0/25", ""},
	} {
		e := healthy()
		e.Host.LocalAddress = egressIP
		planned(e, egressIP)
		setRules(e, test.rules)
		if got := told(diagnose.Diagnose(e)); got != test.want {
			t.Errorf("%s: got %s, want %s", test.rules, got, test.want)
		}
	}
	e := healthy()
	e.Host.LocalAddress = egressIP
	planned(e, egressIP)
	invalidIP(e)
	if got := told(diagnose.Diagnose(e)); got != "fail rules.propagating?" {
		t.Errorf("got %s, want rules.propagating", got)
	}
}

// TestNeverPublic: which of the rows is found beside it, and which is not.
func TestNeverPublic(t *testing.T) {
	for _, test := range []struct {
		name, want string
		damage     func(*evidence.Evidence)
	}{
		{"given", "fail rules.never-public", func(e *evidence.Evidence) {
			planned(e, ip("10.0.0.1"))
			setRules(e, "allow 203.0.113.0/25")
		}},
		{"given, and this host's own", "fail rules.never-public", func(e *evidence.Evidence) {
			planned(e, e.Host.LocalAddress)
			setRules(e, "allow 203.0.113.0/25")
		}},
		{"given beside one that is not allowed", "fail rules.never-public, fail rules.not-allowed", func(e *evidence.Evidence) {
			planned(e, ip("10.0.0.1"), ip("192.0.2.7"))
			setRules(e, "allow 203.0.113.0/25")
		}},
		{"given beside one that is allowed", "fail rules.never-public", func(e *evidence.Evidence) {
			planned(e, ip("10.0.0.1"), egressIP)
			setRules(e, "allow 203.0.113.0/25")
		}},
		{"given, without rules", "", func(e *evidence.Evidence) {
			planned(e, ip("10.0.0.1"))
			setRules(e)
		}},
		{"given, IPv6", "fail rules.never-public", func(e *evidence.Evidence) {
			planned(e, ip("fd00::1"))
			setRules(e, "allow 203.0.113.0/25")
		}},
		{"documentation", "", func(e *evidence.Evidence) {
			planned(e, ip("192.0.2.7"))
			setRules(e, "allow 192.0.2.7", "allow 198.51.100.0/25")
		}},
		{"the endpoint is inside", "", func(e *evidence.Evidence) {
			planned(e, ip("10.0.0.1"))
			e.Target.Addresses = []netip.Addr{ip("10.9.9.9")}
			setRules(e, "allow 10.0.0.1")
		}},
		{"the endpoint is an address inside", "", func(e *evidence.Evidence) {
			planned(e, ip("10.0.0.1"))
			e.Target.Host, e.Target.Addresses = "127.0.0.1", nil
			setRules(e, "allow 10.0.0.1")
		}},
		{"every Allow, and accepted", "warn rules.stale?", func(e *evidence.Evidence) { setRules(e, "allow 10.0.0.1") }},
		{"every Allow, and refused", "fail rules.never-public", func(e *evidence.Evidence) {
			setRules(e, "allow 10.0.0.1", "deny 192.0.2.0/25")
			invalidIP(e)
		}},
		{"every Allow, and never reached", "fail port.refused, fail rules.never-public", func(e *evidence.Evidence) {
			setRules(e, "allow 10.0.0.1")
			refused(e)
		}},
		{"every Allow, and a Deny", "fail rules.denied, fail rules.never-public", func(e *evidence.Evidence) {
			setRules(e, "allow 10.0.0.1", "deny 203.0.113.0/25")
			invalidIP(e)
		}},
		{"every Allow, planned", "fail rules.never-public", func(e *evidence.Evidence) {
			planned(e, egressIP)
			setRules(e, "allow 10.0.0.1")
		}},
		{"stray", "warn rules.never-public", func(e *evidence.Evidence) { setRules(e, "allow 203.0.113.0/25", "allow 10.0.0.1") }},
		{"a stray Deny", "", func(e *evidence.Evidence) { setRules(e, "allow 203.0.113.0/25", "deny 10.0.0.1") }},
	} {
		e := healthy()
		test.damage(e)
		diagnoses := diagnose.Diagnose(e)
		if got := told(diagnoses); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
		for _, d := range diagnoses {
			if strings.Contains(strings.Join(d.Fixes, "\n"), "Add the rule allow 10.") {
				t.Errorf("%s: %q", test.name, d.Fixes)
			}
		}
	}
}

// An IPv6 address that was asked about is judged: no rule can match it, and none can be added for it.
func TestGivenIPv6Address(t *testing.T) {
	six := ip("2001:db8::1")
	for _, test := range []struct {
		name, want, add string
		given           []netip.Addr
		rules           string
	}{
		{"alone", "fail rules.not-allowed", "", []netip.Addr{six}, "allow 203.0.113.0/25"},
		{"beside one that is allowed", "fail rules.not-allowed", "", []netip.Addr{six, egressIP}, "allow 203.0.113.0/25"},
		{"beside this host's own", "fail rules.not-allowed", "", []netip.Addr{six, healthy().Host.LocalAddress}, "allow 192.0.2.0/25"},
		{"beside one that is not", "fail rules.not-allowed", "allow 203.0.113.10/32", []netip.Addr{six, egressIP}, "allow 192.0.2.0/25"},
		{"beside one that is denied", "fail rules.denied", "allow 203.0.113.10/32", []netip.Addr{six, egressIP}, "deny 203.0.113.0/25"},
		{"with a rule that is IPv6", "fail rules.invalid", "", []netip.Addr{six}, "allow 2001:db8::1"},
	} {
		e := healthy()
		planned(e, test.given...)
		if test.name == "beside this host's own" {
			e.Host.LocalAddress, test.given[1] = egressIP, egressIP
			planned(e, test.given...)
			test.rules = "allow 203.0.113.0/25"
		}
		setRules(e, test.rules)
		diagnoses := diagnose.Diagnose(e)
		if got := told(diagnoses); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
			continue
		}
		fixes := strings.Join(diagnoses[0].Fixes, "\n")
		if strings.Contains(fixes, "allow 2001") || !strings.Contains(fixes, test.add) || test.add == "" && strings.Contains(fixes, "Add ") {
			t.Errorf("%s: %q", test.name, fixes)
		}
		if test.want == "fail rules.denied" && strings.Contains(diagnoses[0].Summary, "2001") {
			t.Errorf("%s: %s", test.name, diagnoses[0].Summary)
		}
	}
}

// With --env test no verdict of the rules is certain before the API has said "invalid IP address": it may let in every
// address.
func TestRulesAreLikelyAtMostInTheTestEnvironment(t *testing.T) {
	for _, given := range []bool{false, true} {
		for _, row := range tableRows {
			for _, column := range tableColumns {
				e := healthy()
				e.Target.Environment = service.OpenSRS.Test.Name
				setRules(e, row.rules...)
				if row.pool {
					pool(e)
				}
				if given {
					planned(e, egressIP, otherIP)
				}
				column.call(e)
				for _, d := range diagnose.Diagnose(e) {
					if d.Probe != "rules" || d.Confidence != report.Certain || !given && column.name == "invalid IP" {
						continue
					}
					t.Errorf("%s, %s, given %v: %s is certain", row.name, column.name, given, d.Cause)
				}
			}
		}
	}
}

// An address that was given and not seen is not the one that the API refused, whatever the rules say of it.
func TestPlannedAddressIsNotAccused(t *testing.T) {
	for _, test := range []struct {
		rules, want string
		given       []netip.Addr
	}{
		{"", "fail call.ip-denied", []netip.Addr{ip("203.0.113.99")}},
		{"allow 203.0.113.0/25", "fail call.ip-denied", []netip.Addr{ip("203.0.113.99")}},
		{"allow 203.0.113.0/25", "fail call.ip-denied, fail rules.never-public", []netip.Addr{ip("10.1.2.3")}},
		{"allow 203.0.113.0/25", "fail rules.not-allowed, fail call.ip-denied", []netip.Addr{ip("203.0.113.99"), ip("192.0.2.8")}},
	} {
		e := healthy()
		invalidIP(e)
		planned(e, test.given...)
		if test.rules == "" {
			setRules(e)
		} else {
			setRules(e, test.rules)
		}
		diagnoses := diagnose.Diagnose(e)
		causes := map[string]bool{}
		for _, d := range diagnoses {
			causes[string(d.Severity)+" "+d.Cause] = true
			if said := d.Summary + strings.Join(d.Fixes, " "); d.Cause == "call.ip-denied" && strings.Contains(said, test.given[0].String()) {
				t.Errorf("%q, %v: %s", test.rules, test.given, said)
			}
		}
		for _, want := range strings.Split(test.want, ", ") {
			if !causes[want] {
				t.Errorf("%q, %v: %v without %s", test.rules, test.given, causes, want)
			}
		}
	}
}

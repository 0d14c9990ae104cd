package report_test

import (
	"fmt"
	"math/rand"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/screen"
)

// A counted probe that stops the call never fails without a cause; and each diagnosis is whole.
func TestGeneratedFailuresHaveACause(t *testing.T) {
	t.Parallel()
	eachGenerated(t, func(t *testing.T, _ *rand.Rand, e *evidence.Evidence) {
		diagnoses := diagnose.Diagnose(e)
		stopped := e.Blocked()
		if stopped != "" && e.Step(stopped).Counts && report.VerdictOf(diagnoses) != report.VerdictFail {
			t.Errorf("%s failed, and the causes are %s", stopped, told(diagnoses))
		}
		seen := map[string]bool{}
		for i, d := range diagnoses {
			if seen[d.Cause] {
				t.Errorf("%s stands there twice", d.Cause)
			}
			seen[d.Cause] = true
			if i > 0 && diagnose.SeverityRank.Get()[d.Severity] < diagnose.SeverityRank.Get()[diagnoses[i-1].Severity] {
				t.Errorf("the order is %s", told(diagnoses))
			}
		}
		for _, d := range diagnoses {
			for _, hidden := range d.Hides {
				if _, known := diagnose.Lookup(hidden); !known || seen[hidden] {
					t.Errorf("%s hides %s; the causes are %s", d.Cause, hidden, told(diagnoses))
				}
			}
		}
	})
}

// accused is what a row must have seen, by the beginning of its ID.
var accused = []struct {
	prefix string
	saw    func(*evidence.Evidence) bool
}{
	{"dns.", func(e *evidence.Evidence) bool { return e.DNS != nil }}, {"client.dns-differs", func(e *evidence.Evidence) bool { return e.DNS != nil }},
	{"client.", func(e *evidence.Evidence) bool { return len(e.Clients) > 0 || e.DNS != nil }},
	{"rules.", func(e *evidence.Evidence) bool { return e.Rules != nil }},
	{"egress.unstable", func(e *evidence.Evidence) bool { return e.Egress != nil }},
	{"egress.proxied", func(e *evidence.Evidence) bool { return e.Egress != nil && e.Host.Proxy != nil }},
	{"egress.split-route", func(e *evidence.Evidence) bool { return e.Egress != nil }},
	{"port.", func(e *evidence.Evidence) bool { return e.Port != nil }},
	{"host.local-firewall", func(e *evidence.Evidence) bool { return ran(e, "port") || e.ThisHost != nil }},
	{"host.reply-dropped", hostAsked}, {"host.reverse-path-filter", hostAsked}, {"host.conntrack-full", hostAsked},
	{"host.route-denied", hostAsked}, {"host.unit-denied", hostAsked}, {"host.selinux-denied", hostAsked},
	{"host.source-address", hostAsked}, {"host.dead-tunnel", hostAsked}, {"network.", func(e *evidence.Evidence) bool { return e.Egress != nil || e.StatusPage != nil }},
	{"host.attached-network", hostAsked}, {"host.ports-exhausted", func(e *evidence.Evidence) bool { return ran(e, "dns") || ran(e, "port") }},
	{"tls.slow", func(e *evidence.Evidence) bool { return e.TLS != nil }},
	{"service.partly-down", func(e *evidence.Evidence) bool { return e.Port != nil }},
	{"host.descriptors-exhausted", func(e *evidence.Evidence) bool { return true }},
	{"proxy.", func(e *evidence.Evidence) bool { return e.Host.Proxy != nil }},
	{"tls.", func(e *evidence.Evidence) bool { return e.TLS != nil || e.Port != nil || e.Call != nil }},
	{"call.", func(e *evidence.Evidence) bool { return e.Call != nil && e.Call.Sent }},
	{"host.clock-wrong", func(e *evidence.Evidence) bool { return e.Clock != nil }},
	{"host.offline", func(e *evidence.Evidence) bool {
		return len(e.Controls) > 0 || e.Egress != nil || e.Host.HasIPv4Route != nil && !*e.Host.HasIPv4Route
	}},
	{"service.incident", func(e *evidence.Evidence) bool { return e.StatusPage != nil }},
	{"unexplained", func(e *evidence.Evidence) bool { return e.Blocked() != "" || len(e.Clients) > 0 }},
}

func ran(e *evidence.Evidence, name string) bool { return e.Step(name).Status != evidence.Skip }

func TestGeneratedNothingIsAccusedUnseen(t *testing.T) {
	t.Parallel()
	eachGenerated(t, func(t *testing.T, _ *rand.Rand, e *evidence.Evidence) {
		for _, d := range diagnose.Diagnose(e) {
			for _, a := range accused {
				if strings.HasPrefix(d.Cause, a.prefix) && !a.saw(e) {
					t.Errorf("%s, though nobody looked", d.Cause)
				}
			}
		}
	})
}

// The same evidence gives the same diagnosis and stays as it was; in which order questions were answered that
// were asked at once makes no difference to the causes.
func TestGeneratedDiagnosisIsDeterministic(t *testing.T) {
	t.Parallel()
	eachGenerated(t, func(t *testing.T, r *rand.Rand, e *evidence.Evidence) {
		before := printed(e)
		first := reportOf(e)
		if second := reportOf(e); !reflect.DeepEqual(first, second) {
			t.Errorf("the second time it differs:\n%s", cmp.Diff(first, second))
		}
		if after := printed(e); after != before {
			t.Errorf("the evidence was changed:\n%s", cmp.Diff(before, after))
		}
		shuffle(r, e.Controls)
		if e.TLS != nil {
			shuffle(r, e.TLS.Variants)
		}
		if e.Port != nil {
			shuffle(r, e.Port.OtherPorts)
		}
		if e.Clock != nil {
			shuffle(r, e.Clock.Samples)
		}
		if got := told(diagnose.Diagnose(e)); got != told(first.Diagnoses) {
			t.Errorf("shuffled, it is %s\nbefore it was %s", got, told(first.Diagnoses))
		}
	})
}

func shuffle[T any](r *rand.Rand, list []T) {
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

// unfilled is what no sentence may hold: a placeholder, an empty value, or the printed form of nothing.
var unfilled = regexp.MustCompile(`\{[a-z_0-9]+\}|\(\)|%!|<nil>|invalid (IP|AddrPort|Prefix)\b|  | [,;.:](\s|$)|\.\.$|,,`)

func TestGeneratedReportsRead(t *testing.T) {
	t.Parallel()
	n := 0
	eachGenerated(t, func(t *testing.T, _ *rand.Rand, e *evidence.Evidence) {
		r := reportOf(e)
		for _, d := range r.Diagnoses {
			if len(d.Fixes) == 0 {
				t.Errorf("%s has no step", d.Cause)
			}
			for i, text := range slices.Concat([]string{d.Summary, d.Explanation}, d.Evidence, d.Fixes) {
				text = strings.ReplaceAll(text, "Access denied: invalid IP address", "-")
				explanation := i == 1 // it may be empty
				if found := unfilled.FindString(text); found != "" || text == "" && !explanation {
					t.Errorf("%s: %q in %q", d.Cause, found, text)
				}
			}
		}
		if r.Found() != report.VerdictOf(r.Diagnoses) || r.Interrupted != (r.Verdict == report.VerdictIncomplete) {
			t.Errorf("the verdict is %s of %s", r.Verdict, told(r.Diagnoses))
		}
		document := jsonOf(t, r)
		if n++; n%50 == 0 { // it takes a while
			validate(t, fmt.Sprint("run ", n), document)
		}
		again, err := report.Read(strings.NewReader(string(document)))
		if err != nil {
			t.Fatal(err)
		}
		if text := screenOf(t, again, screen.Options{}); text != screenOf(t, r, screen.Options{}) {
			t.Error("read again, the report looks different")
		}
	})
}

func hostAsked(e *evidence.Evidence) bool { return e.ThisHost != nil }

package report_test

import (
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report"
	"opensrs-doctor/report/anonymize"
	"opensrs-doctor/report/internal/golden"
	"opensrs-doctor/report/render/page"
)

// drawn is a route as text: a line a place, with the line that leads to it.
func drawn(r *report.Report) string {
	var out strings.Builder
	for _, p := range page.RouteOf(r).Places {
		line := map[bool]string{true: "|", false: ":"}[p.Joined]
		here := map[bool]string{true: "BREAK ", false: ""}[p.Break]
		fmt.Fprintf(&out, "  %s %-7s %-8s %s%s\n", line, p.Mark, p.Kind, here, strings.Join(slices.DeleteFunc(
			[]string{p.Name, p.ID, p.Words}, func(text string) bool { return text == "" }), " / "))
	}
	return out.String()
}

// The way of every cause's run, to be read as a list: testdata/routes.txt.
func TestRoutes(t *testing.T) {
	var out strings.Builder
	reports := pages(t)
	for _, name := range slices.Sorted(maps.Keys(reports)) {
		if name == "wide" {
			continue
		}
		fmt.Fprintf(&out, "%s\n%s\n", name, drawn(reports[name]))
	}
	golden.Check(t, "routes.txt", out.String())
}

// soundRoute is what holds for the route of any report.
func soundRoute(t *testing.T, name string, r *report.Report) {
	t.Helper()
	places := page.RouteOf(r).Places
	breaks, whole := 0, true
	for i, p := range places {
		if p.Break {
			breaks++
		}
		if i > 0 && p.Kind != page.PlaceGap {
			if p.Joined && !whole {
				t.Errorf("%s: the way is whole again at %s:\n%s", name, p.Name, drawn(r))
			}
			whole = p.Joined
		}
		if p.Kind != page.PlaceGap && p.Name == "" || p.Mark == "" {
			t.Errorf("%s: a place without a name or a mark:\n%s", name, drawn(r))
		}
	}
	want := 0
	if len(r.Diagnoses) > 0 && r.Diagnoses[0].Severity != report.Info {
		want = 1
	}
	if breaks != want {
		t.Errorf("%s: %d breaks, want %d:\n%s", name, breaks, want, drawn(r))
	}
	if places[0].Kind != page.PlaceHost || places[len(places)-1].Kind != page.PlaceAPI {
		t.Errorf("%s: it does not lead from this host to the API:\n%s", name, drawn(r))
	}
	if call := r.Probes[len(r.Probes)-1]; call.Status == evidence.Pass && !places[len(places)-1].Joined {
		t.Errorf("%s: the call was accepted, and the way does not get there:\n%s", name, drawn(r))
	}
}

func TestRouteOfEveryReport(t *testing.T) {
	for name, r := range pages(t) {
		soundRoute(t, name, r)
		soundRoute(t, name+", anonymized", anonymize.Anonymize(r))
	}
	for _, f := range fixtures() {
		soundRoute(t, f.name, reportOf(f.evidence()))
	}
}

func TestGeneratedRoutes(t *testing.T) {
	t.Parallel()
	eachGenerated(t, func(t *testing.T, _ *rand.Rand, e *evidence.Evidence) {
		soundRoute(t, "generated", reportOf(e))
	})
}

// Where the break is drawn is where the first diagnosis is: at the place of its probe, unless it is about another.
func TestBreaks(t *testing.T) {
	for cause, want := range map[string]page.PlaceKind{
		"host.offline": page.PlaceHost, "host.local-firewall": page.PlaceHost, "dns.nxdomain": page.PlaceDNS,
		"egress.unstable": page.PlaceAddress, "rules.not-allowed": page.PlaceRules, "rules.propagating": page.PlaceRules,
		"call.ip-denied": page.PlaceRules, "port.refused": page.PlaceService, "port.filtered": page.PlaceGap,
		"port.rejected-en-route": page.PlaceGap, "port.prohibited": page.PlaceRouter, "proxy.denied": page.PlaceProxy,
		"proxy.upstream-failed": page.PlaceGap, "tls.intercepted": page.PlaceDevice, "tls.expired": page.PlaceTLS,
		"call.auth-failed": page.PlaceAPI, "service.incident": page.PlaceAPI, "config.required-skipped": page.PlaceRules, "unexplained": page.PlaceAPI,
	} {
		places := page.RouteOf(savedReport(t, cause)).Places
		at := slices.IndexFunc(places, func(p page.Place) bool { return p.Break })
		if at < 0 || places[at].Kind != want {
			t.Errorf("%s: want the break at %s", cause, want)
		}
	}
}

// The place of a filtered port is claimed only as far as the walk allows.
func TestFilteredPlaces(t *testing.T) {
	hop := func(ttl int, answer, from string) evidence.Hop {
		return evidence.Hop{TTL: ttl, Answer: answer, From: netaddr.Read(from)}
	}
	answers, silent := evidence.HopTimeExceeded, evidence.HopSilence
	for name, c := range map[string]struct {
		walk *evidence.Path
		want string
	}{
		"not walked":  {nil, "Somewhere on the path: where cannot be told."},
		"unavailable": {&evidence.Path{Why: "only IPv4 is walked"}, "Somewhere on the path: where cannot be told."},
		"nobody answers": {&evidence.Path{Available: true, Port: []evidence.Hop{hop(1, silent, ""), hop(2, silent, "")}},
			"Somewhere on the path: the routers do not answer."},
		"nobody gets further": {&evidence.Path{Available: true, Port: []evidence.Hop{hop(1, answers, "10.0.0.1"), hop(2, silent, "")},
			Compare: []evidence.Hop{hop(1, answers, "10.0.0.1"), hop(2, silent, "")}},
			"Somewhere beyond 10.0.0.1: the routers there do not answer."},
		"another port gets further": {&evidence.Path{Available: true, Port: []evidence.Hop{hop(1, answers, "10.0.0.1"), hop(2, silent, "")},
			Compare: []evidence.Hop{hop(1, answers, "10.0.0.1"), hop(2, answers, "192.0.2.1"), hop(3, evidence.HopConnected, "")}},
			"Likely at 10.0.0.1 or at the next device after it."},
		"the last router": {&evidence.Path{Available: true, Port: []evidence.Hop{hop(1, answers, "192.0.2.1"), hop(2, silent, "")}, Distance: 2},
			"At 192.0.2.1, the last router, or beyond it: at the service's edge, or this address is not let in."},
		"the last router is of this network": {&evidence.Path{Available: true, Port: []evidence.Hop{hop(1, answers, "10.0.0.1"), hop(2, silent, "")}, Distance: 2},
			"At 10.0.0.1, where the packets arrive, or beyond it, or on the return path."},
	} {
		d := page.Drawing{R: savedReport(t, "port.filtered")}
		d.Seen = d.R.Evidence()
		d.Seen.Port, d.Seen.ThisHost = &evidence.Port{Path: c.walk}, nil
		d.Begin()
		d.Between()
		d.Service()
		d.MarkBreak()
		at := d.Find(page.PlaceGap)
		if at < 0 || d.Places[at].Words != c.want {
			t.Errorf("%s: %v", name, d.Places)
		}
	}
}

func TestTimeline(t *testing.T) {
	r := reportOf(fixtureOf(t, "tls.reset"))
	line := page.TimelineOf(r)
	at := 0.0
	for i, bar := range line.Bars {
		if bar.Start != at {
			t.Errorf("%s begins at %g, not at %g", bar.Name, bar.Start, at)
		}
		at += bar.MS
		if name := []string{"egress", "rules", "dns", "port", "tls", "follow-ups"}[i]; bar.Name != name {
			t.Errorf("bar %d is %s, not %s", i, bar.Name, name)
		}
	}
	if line.Total != at || line.Total != r.DurationMS {
		t.Errorf("the bars end at %g, the run at %g, the drawing at %g", at, r.DurationMS, line.Total)
	}
	tls := line.Bars[4]
	if tls.Mark != page.MarkStop || !slices.ContainsFunc(tls.Inner, func(s page.TimeSpan) bool { return s.Name == "control 1.1.1.1:443" && s.OK }) {
		t.Errorf("the failed probe has %v", tls)
	}
	if bars := page.TimelineOf(awkwardReports(t)["skipped"]).Bars; len(bars) > 0 {
		t.Errorf("nothing ran, and there are %v", bars)
	}
}

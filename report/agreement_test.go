package report_test

import (
	"fmt"
	"io"
	"math/rand"
	"regexp"
	"slices"
	"strings"
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/render/page"
	"opensrs-doctor/report/ticket"
)

// eachEvidence calls check with the evidence of every fixture, and with generated evidence.
func eachEvidence(t *testing.T, check func(t *testing.T, e *evidence.Evidence)) {
	t.Helper()
	for _, f := range fixtures() {
		t.Run(f.name, func(t *testing.T) { check(t, f.evidence()) })
	}
	eachGenerated(t, func(t *testing.T, _ *rand.Rand, e *evidence.Evidence) { check(t, e) })
}

// drawnAt is what kind of place the break is drawn at, and its words.
func drawnAt(r *report.Report) (page.PlaceKind, string) {
	for _, p := range page.RouteOf(r).Places {
		if p.Break {
			return p.Kind, p.ID + " " + p.Words
		}
	}
	return "", ""
}

var (
	rowNamesSender = regexp.MustCompile(`, by (\S+)$|refused by (\S+)$|silence after hop \d+, (\S+)$`)
	rowNamesHops   = regexp.MustCompile(`refused at hop (\d+), the host is at hop (\d+)`)
)

// Who ends the connection to the port: row, first diagnosis, drawing and letter say the same.
func TestOneAnswerToWhoEndsIt(t *testing.T) {
	t.Parallel()
	eachEvidence(t, func(t *testing.T, e *evidence.Evidence) {
		r := reportOf(e)
		if len(r.Diagnoses) == 0 || !ran(e, "port") || e.Host.Proxy != nil {
			return
		}
		first, row := r.Diagnoses[0], r.Probes[slices.Index(evidence.Names, "port")].Summary
		place, words := drawnAt(r)
		evidence := strings.Join(first.Evidence, " ")
		onTheWay := strings.Contains(row, "the host is at hop") || strings.Contains(row, "refused by") ||
			strings.Contains(row, "silence after hop")
		wrong := func(format string, args ...any) {
			t.Errorf("%s: %s\nrow: %s\nevidence: %s\ndrawn: %s %s", first.Cause, fmt.Sprintf(format, args...), row, evidence, place, words)
		}
		switch first.Cause {
		case "port.refused":
			if onTheWay || !strings.Contains(row, "refused") {
				wrong("the row says something else")
			}
			if place != page.PlaceService {
				wrong("it is drawn elsewhere")
			}
		case "port.rejected-en-route":
			hops := rowNamesHops.FindStringSubmatch(row)
			if hops != nil && !strings.Contains(evidence, "TTL "+hops[1]) {
				wrong("another hop in the row")
			}
			if !onTheWay || place == page.PlaceService {
				wrong("row or drawing put it at the host")
			}
		case "port.filtered", "port.prohibited", "port.unreachable":
			if strings.Contains(row, "the host is at hop") || first.Cause != "port.filtered" && strings.Contains(row, "silence") {
				wrong("the row says something else")
			}
			if first.Cause == "port.prohibited" && !strings.Contains(row, "prohibited") {
				wrong("the row does not say that it is prohibited")
			}
		case "host.local-firewall":
			if strings.Contains(row, "the host is at hop") || place != page.PlaceHost {
				wrong("row or drawing put it elsewhere")
			}
		default:
			return
		}
		if named := rowNamesSender.FindStringSubmatch(row); named != nil && first.Cause != "host.local-firewall" {
			if name := strings.Join(named[1:], ""); !strings.Contains(evidence, name) {
				wrong("the row names %s, the evidence does not", name)
			}
		}
		if _, said, is := strings.Cut(words, "from "); is && place == page.PlaceGap && !strings.HasPrefix(said, "the ") && !strings.HasPrefix(said, "a device") {
			if name, _, _ := strings.Cut(said, " "); !strings.Contains(evidence, name) {
				wrong("the drawing names %s, the evidence does not", name)
			}
		}
		again, err := report.Read(strings.NewReader(string(jsonOf(t, r))))
		if err != nil {
			t.Fatal(err)
		}
		if kind, text := drawnAt(again); kind != place || text != words {
			wrong("read again, it is drawn at %s %s", kind, text)
		}
		letter := strings.Join(strings.Fields(written(t, r, func(w io.Writer, r *report.Report) error {
			return ticket.WriteTicketReadme(w, r, nil, false)
		})), " ")
		for _, line := range reading.EndingOf(r.Evidence()).Evidence(int(e.Target.Port)) {
			if e.Port.Path != nil && e.Port.Path.Available && !strings.Contains(letter, line) {
				wrong("the letter lacks %q", line)
			}
			if !strings.Contains(evidence, line) && first.Cause != "host.local-firewall" {
				wrong("the evidence lacks %q", line)
			}
		}
		if strings.Contains(letter, "The endpoint's host is ") && !e.Port.Path.ByHost {
			wrong("the letter knows where the host is, and nobody does")
		}
	})
}

// Which ports to open for the egress sources: of those alone to which no connection came about, each once, with the port
// and protocol that it is asked by.
func TestPortsToOpenForSources(t *testing.T) {
	fix := func(e *evidence.Evidence) string {
		d, _ := diagnosisOf(diagnose.Diagnose(e), "egress.unknown")
		i := slices.IndexFunc(d.Fixes, func(fix string) bool { return strings.Contains(fix, " port ") })
		if i < 0 {
			return ""
		}
		return d.Fixes[i]
	}
	if got, want := fix(fixtureOf(t, "egress.unknown/some-were-reached")), "Ask whoever runs the firewall of this network to allow "+
		"TCP port 8080 to 192.0.2.90, or UDP and TCP port 53 to resolver1.opendns.com: one of them is enough."; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	e := fixtureOf(t, "proxy.denied") // the direct way to the sources is no matter
	noSource(e, silence)
	for i := range 3 {
		e.Egress.Sightings[i].Path = "proxy"
		direct := e.Egress.Sightings[i]
		direct.Path, direct.Failure, direct.Address = "direct", nil, egressIP
		e.Egress.Sightings = append(e.Egress.Sightings, direct)
	}
	stopAt(e, "dns", nil)
	*step(e, "dns") = evidence.Step{Probe: "dns", Status: evidence.Pass, Counts: true}
	*step(e, "port") = evidence.Step{Probe: "port", Status: evidence.Pass, Counts: true}
	if got, want := fix(e), "Ask whoever runs http://proxy.example.com:3128 to allow TCP port 443 to icanhazip.com, "+
		"checkip.amazonaws.com and api.ipify.org: one of them is enough."; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	e = healthy()
	noSource(e, failure("fetch", evidence.KindHTTPStatus, "HTTP status 403"))
	if got := fix(e); got != "" {
		t.Errorf("all of them were reached, and still: %s", got)
	}
}

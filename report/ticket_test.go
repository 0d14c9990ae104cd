package report_test

import (
	"bytes"
	"encoding/pem"
	"net/netip"
	"strings"
	"testing"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/anonymize"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/internal/golden"
	"opensrs-doctor/report/ticket"
)

// deepEvidence is a run of ticket on a healthy host, or on one whose port is filtered.
func deepEvidence(e *evidence.Evidence) *evidence.Evidence {
	e.Host.System = &evidence.System{Release: said("Debian GNU/Linux 13 (trixie)"), Kernel: said("Linux 6.12.41 x86_64"), Go: "go1.26.1",
		ProxyVariables: []string{"HTTP_PROXY", "no_proxy"}}
	e.Host.Route = &evidence.Route{To: ip("198.51.100.10"), LocalAddress: ip("10.20.0.5"), Interface: "eth0", MTU: 1500,
		Gateway: ip("10.20.0.1"), GatewayKnown: true}
	for i := range e.DNS.Answers {
		e.DNS.Answers[i].CNAME = saidAll("alias.reseller.example")
		e.DNS.Answers[i].Replies = []evidence.DNSReply{
			{Type: "A", Rcode: "NOERROR", Transport: "udp", Records: []evidence.DNSRecord{
				{Type: "CNAME", TTL: 300, Value: said("alias.reseller.example")}, {Type: "A", TTL: 60, Value: said("198.51.100.10")}}},
			{Type: "AAAA", Records: []evidence.DNSRecord{}, Failure: &evidence.Failure{Op: "query", Kind: evidence.KindTimeout}},
		}
	}
	e.Egress.Sightings = append(e.Egress.Sightings, evidence.Sighting{Source: "https://ip.example.net/", Path: "direct",
		Failure: &evidence.Failure{Op: "fetch", Kind: evidence.KindTimeout}})
	e.Port.RoundTrips = &evidence.RoundTrips{To: netip.MustParseAddrPort("198.51.100.10:55443"), Sent: 10, Answered: 9, Lost: 1,
		Resent: pointer(2), MinMS: 11.21, MedianMS: 12, MaxMS: 1024.5}
	return e
}

func ticketOf(t *testing.T, r *report.Report, anonymized bool) map[string]string {
	t.Helper()
	if anonymized {
		r = anonymize.Anonymize(r)
	}
	files, err := ticket.TicketFiles(r, anonymized, nil)
	if err != nil {
		t.Fatal(err)
	}
	contents := map[string]string{}
	for _, file := range files {
		contents[file.Name] = string(file.Content)
	}
	return contents
}

func TestTicketReadme(t *testing.T) {
	silent := deepEvidence(filteredEvidence())
	silent.Port.RoundTrips = &evidence.RoundTrips{To: silent.Port.RoundTrips.To, Sent: 10, Lost: 10}
	proxied := deepEvidence(fixtureOf(t, "proxy.denied"))
	for name, r := range map[string]*report.Report{
		"pass":     saved(t, deepEvidence(healthyEvidence())),
		"filtered": saved(t, silent, filteredDiagnosis()),
		"proxy":    saved(t, proxied, diagnose.Diagnose(proxied)...),
		"nothing":  saved(t, &evidence.Evidence{Target: evidence.Target{Environment: "live"}, Interrupted: true}),
	} {
		validate(t, name, jsonOf(t, r))
		golden.Check(t, "ticket-"+name+".txt", ticketOf(t, r, false)["README.txt"])
	}
}

// TestTicketCompared: an earlier report says when it worked and what changed since; nobody who has the bundle is asked to send it.
func TestTicketCompared(t *testing.T) {
	now := saved(t, filteredEvidence(), filteredDiagnosis())
	now.Diagnoses[0].Fixes = []string{"Open it.", "Send OpenSRS Support the bundle that opensrs-doctor ticket writes, if it stays.",
		"Send OpenSRS Support the bundle that opensrs-doctor ticket writes, and ask whether it is let in.",
		"Try elsewhere; if it stays, send OpenSRS Support the bundle that opensrs-doctor ticket writes."}
	worked := saved(t, healthyEvidence())
	worked.StartedAt = now.StartedAt.Add(-48 * time.Hour)
	later := *worked
	later.StartedAt = now.StartedAt.Add(time.Hour)
	failed := saved(t, filteredEvidence(), filteredDiagnosis())
	failed.StartedAt = worked.StartedAt
	elsewhere := *worked
	elsewhere.Target.Port++
	cut := *worked
	cut.Interrupted = true
	at := worked.StartedAt.UTC().Format("2006-01-02 15:04:05 UTC")
	for name, c := range map[string]struct {
		earlier *report.Report
		row     string
	}{
		"worked":    {worked, "Worked   at " + at},
		"later":     {&later, "Before   the other report is the later one"},
		"failed":    {failed, "Before   at " + at + " the verdict was fail"},
		"elsewhere": {&elsewhere, "Before   the earlier report is about another target"},
		"cut short": {&cut, "Before   at " + at},
	} {
		files, err := ticket.TicketFiles(now, false, &ticket.Beside{Earlier: c.earlier})
		if err != nil {
			t.Fatal(err)
		}
		held := map[string]string{}
		for _, file := range files {
			held[file.Name] = string(file.Content)
		}
		if letter := held["README.txt"]; !strings.Contains(letter, c.row) || !strings.Contains(letter, "  changes.txt") {
			t.Errorf("%s: the letter lacks %q:\n%s", name, c.row, letter)
		}
		if name == "worked" && !strings.Contains(held["changes.txt"], "port.filtered") {
			t.Errorf("changes.txt does not name the new cause:\n%s", held["changes.txt"])
		}
		for _, file := range []string{"report.md", "report.html"} {
			if strings.Contains(held[file], "ticket writes") {
				t.Errorf("%s asks to send the bundle", file)
			}
		}
		if !strings.Contains(held["report.md"], "Ask OpenSRS Support whether it is let in.") {
			t.Errorf("the question to support is gone:\n%s", held["report.md"])
		}
	}
	if len(now.Diagnoses[0].Fixes) != 4 {
		t.Error("the report itself was changed")
	}
}

// TestTicketChain: other programs read the presented certificates out of chain.pem, and where there is none there is no such file.
func TestTicketChain(t *testing.T) {
	e := healthyEvidence()
	block := func(content string) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte(content)}))
	}
	e.TLS.Chain = []evidence.Certificate{{Subject: said("CN=one\n-----BEGIN CERTIFICATE-----"), PEM: pemOf(block("one"))},
		{Subject: said("CN=two"), PEM: pemOf(block("two"))}, {Subject: said("CN=odd"), PEM: pemOf("no PEM")}}
	rest, found := []byte(ticketOf(t, saved(t, e), false)["chain.pem"]), ""
	for {
		var next *pem.Block
		if next, rest = pem.Decode(rest); next == nil {
			break
		}
		found += string(next.Bytes) + " "
	}
	if found != "one two " {
		t.Errorf("found %q", found)
	}
	if chain, is := ticketOf(t, saved(t, filteredEvidence()), false)["chain.pem"]; is {
		t.Errorf("none was presented: %q", chain)
	}
}

// TestTicketAnonymous: no file of the bundle tells whose it is.
func TestTicketAnonymous(t *testing.T) {
	e := deepEvidence(healthyEvidence())
	e.Host.Hostname, e.Target.Username = "web1.reseller.example", "bobtail"
	e.TLS.Chain[0].PEM = pemOf(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: bytes.Repeat([]byte("x"), 99)})))
	for name, content := range ticketOf(t, saved(t, e), true) {
		for _, private := range []string{"reseller.example", "bobtail", "10.20.0.", "203.0.113.10", "198.51.100.10", "BEGIN CERT"} {
			if strings.Contains(content, private) {
				t.Errorf("%s holds %s", name, private)
			}
		}
	}
}

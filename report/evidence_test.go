package report_test

import (
	"bytes"
	"math/rand"
	"testing"

	"github.com/google/go-cmp/cmp"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report"
	"opensrs-doctor/report/anonymize"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/diagnose/steps"
)

// diagnosedAnew holds the causes and rows that are made of a saved report against those of its run.
func diagnosedAnew(t *testing.T, e *evidence.Evidence) {
	t.Helper()
	made := diagnose.New(e, report.Tool{Name: "opensrs-doctor", Version: "1.2.3"})
	read, err := report.Read(bytes.NewReader(jsonOf(t, made)))
	if err != nil {
		t.Fatal(err)
	}
	again := read.Evidence()
	again.Clients = e.Clients // these have a document of their own
	if diff := cmp.Diff(made.Diagnoses, diagnose.Diagnose(again)); diff != "" {
		t.Errorf("the diagnoses (-of the run +of its report):\n%s", diff)
	}
	if diff := cmp.Diff(made.Probes, steps.ProbeRows(again)); diff != "" {
		t.Errorf("the rows (-of the run +of its report):\n%s", diff)
	}
}

// TestDiagnosedAnew: a saved report holds all that its causes and rows were made of.
func TestDiagnosedAnew(t *testing.T) {
	for _, f := range fixtures() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			diagnosedAnew(t, f.evidence())
		})
	}
}

func TestGeneratedDiagnosedAnew(t *testing.T) {
	t.Parallel()
	eachGenerated(t, func(t *testing.T, _ *rand.Rand, e *evidence.Evidence) { diagnosedAnew(t, e) })
}

// TestTokensOfAddresses: facts of an anonymized report keep their types, and say whether an address is private.
func TestTokensOfAddresses(t *testing.T) {
	for _, text := range []string{"address-1", "private-12", "203.0.113.7", "2001:db8::7", "fe80::1%eth0", ""} {
		if got := netaddr.Text(netaddr.Read(text)); got != text {
			t.Errorf("%q is read as %q", text, got)
		}
	}
	for _, text := range []string{"address-1:55443", "[2001:db8::7]:443", "192.0.2.1:80", ""} {
		if got := netaddr.PortText(netaddr.ReadPort(text)); got != text {
			t.Errorf("%q is read as %q", text, got)
		}
	}
	for _, text := range []string{"address-", "address-x", "host-1", "private-1:", "address-1:70000"} {
		if netaddr.Read(text).IsValid() || netaddr.ReadPort(text).IsValid() {
			t.Errorf("%q is read as an address", text)
		}
	}
	if iprules.NeverPublic(netaddr.Read("private-1")) == "" || iprules.NeverPublic(netaddr.Read("address-1")) != "" {
		t.Error("the token does not say whether the address is private")
	}
	made := diagnose.New(fixtureOf(t, "port.filtered"), report.Tool{Name: "opensrs-doctor", RootsDate: "2026-02-01"})
	walk := anonymize.Anonymize(made).Evidence().Port.Path
	for i, hop := range fixtureOf(t, "port.filtered").Port.Path.Port {
		token := walk.Port[i].From
		if token.IsValid() != hop.From.IsValid() || token.IsValid() && (!netaddr.Token(token) ||
			(iprules.NeverPublic(token) == "") != (iprules.NeverPublic(hop.From) == "")) {
			t.Errorf("hop %d from %s is read as %s", hop.TTL, hop.From, netaddr.Text(token))
		}
	}
}

// TestEvidenceOfStrangeReports: what does not fit stays empty, and costs nothing else.
func TestEvidenceOfStrangeReports(t *testing.T) {
	made := diagnose.New(fixtureOf(t, "port.filtered"), report.Tool{Name: "opensrs-doctor"})
	made.Probes[3].Facts = []byte(`{"attempts":[{"address":"nowhere","connected":"no","took_ms":12},7,{"address":"192.0.2.1:55443","took_ms":1e999}],
		"path":{"available":true,"port":[{"ttl":1,"from":"?"},{"ttl":"2","from":"192.0.2.2"}],"compare":{}},"controls":[{"peer":"a:1"}],
		"failure":{"op":5,"kind":"timeout","detail":["x"]}}`)
	e := made.Evidence()
	if len(e.Port.Attempts) != 2 || e.Port.Attempts[0].TookMS != 12 || e.Port.Attempts[1].Address.Port() != 55443 {
		t.Errorf("attempts: %+v", e.Port.Attempts)
	}
	if walk := e.Port.Path; !walk.Available || len(walk.Port) != 2 || walk.Port[1].From.String() != "192.0.2.2" || walk.Compare != nil {
		t.Errorf("walk: %+v", walk)
	}
	if e.Controls[0].Peer != "a:1" || e.Step("port").Failure.Kind != evidence.KindTimeout {
		t.Errorf("controls %+v, failure %+v", e.Controls, e.Step("port").Failure)
	}
}

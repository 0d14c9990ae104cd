package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/clients"
	"opensrs-doctor/report/internal/golden"
	"opensrs-doctor/report/screen"
)

// lookOf is the look at runtimes that a fixture stands for: the probes up to TLS, and no call.
func lookOf(f fixture) *clients.Report {
	e := f.evidence()
	e.Egress, e.Rules, e.Call = nil, nil, nil
	for i, step := range e.Steps {
		if step.Probe != "dns" && step.Probe != "port" && step.Probe != "tls" {
			e.Steps[i] = evidence.Step{Probe: step.Probe, Status: evidence.Skip, WaitedFor: "--only"}
		}
	}
	return clients.New(e, report.Tool{Name: "opensrs-doctor", Version: "1.2.3"})
}

// TestClientsTable: the screens of the worlds, one below the other, and every document by the schema.
func TestClientsTable(t *testing.T) {
	compiled, err := jsonschema.NewCompiler().Compile("clients/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	fine := fixture{name: "healthy", severity: report.Info, damage: beside(client("curl", "curl 7.88.1, OpenSSL/3.0.17", nil))}
	none := fixture{name: "none", severity: report.Info, damage: func(*evidence.Evidence) {}}
	var all bytes.Buffer
	for _, f := range append([]fixture{fine, none}, clientFixtures...) {
		r := lookOf(f)
		want, _, _ := strings.Cut(f.name, "/")
		if strings.HasPrefix(want, "client.") && (len(r.Diagnoses) == 0 || r.Diagnoses[0].Cause != want) {
			t.Errorf("%s: %v", f.name, r.Diagnoses)
		}
		if !strings.HasPrefix(want, "client.") && r.Verdict != report.VerdictPass {
			t.Errorf("%s: %s", f.name, r.Verdict)
		}
		var document bytes.Buffer
		if err := clients.WriteJSON(&document, r); err != nil {
			t.Fatal(err)
		}
		instance, err := jsonschema.UnmarshalJSON(&document)
		if err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(instance); err != nil {
			t.Errorf("%s: %v", f.name, err)
		}
		all.WriteString("=== " + f.name + "\n")
		if err := clients.WriteText(&all, r, screen.Options{Width: 80}); err != nil {
			t.Fatal(err)
		}
	}
	golden.Check(t, "clients.txt", all.String())
}

// An unknown way to fail is told, and nothing is blamed for it.
func TestClientThatFailsStrangely(t *testing.T) {
	f := fixture{damage: beside(client("node", "tls, OpenSSL 3.0.15", fails(evidence.StageTLS, "EFUNNY: something nobody has seen")))}
	r := lookOf(f)
	if r.Verdict != report.VerdictFail || len(r.Diagnoses) != 1 || r.Diagnoses[0].Cause != report.UnexplainedID ||
		!strings.Contains(strings.Join(r.Diagnoses[0].Evidence, " "), "EFUNNY") {
		t.Errorf("%s: %+v", r.Verdict, r.Diagnoses)
	}
}

// Where this tool fails at the same stage, its own cause explains the runtimes too.
func TestClientsThatFailAsThisToolDoes(t *testing.T) {
	e := fixtureOf(t, "port.refused")
	c := client("curl", "curl 7.88.1, OpenSSL/3.0.17", fails(evidence.StageConnect, "curl: (7) Connection refused"))
	e.Clients = []evidence.Client{c}
	r := clients.New(e, report.Tool{Name: "opensrs-doctor"})
	if len(r.Diagnoses) == 0 || r.Diagnoses[0].Cause != "port.refused" || len(r.Diagnoses) > 1 && strings.HasPrefix(r.Diagnoses[1].Cause, "client.") {
		t.Errorf("%+v", r.Diagnoses)
	}
}

// PHP's streams give no reason: where another runtime refuses the same certificate by a rule, theirs is the same.
func TestStreamsGiveNoReason(t *testing.T) {
	const says = "SSL operation failed with code 1. OpenSSL Error messages: error:0A000086:SSL routines::certificate verify failed; Failed to enable crypto"
	streams := client("php8.2", "streams, OpenSSL 3.0.17", fails(evidence.StageVerify, says))
	weak := client("curl", "curl 7.88.1, OpenSSL/3.0.17", fails(evidence.StageVerify, "curl: (60) SSL certificate problem: EE certificate key too weak"))
	for want, f := range map[string]fixture{"client.store-differs": {damage: beside(streams)}, "client.strict": {damage: beside(streams, weak)}} {
		if r := lookOf(f); len(r.Diagnoses) != 1 || r.Diagnoses[0].Cause != want {
			t.Errorf("want %s: %+v", want, r.Diagnoses)
		}
	}
}

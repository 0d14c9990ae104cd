// Package clients tells what the command clients found: the runtimes of a host side by side, with this tool's own look at the
// same endpoint before them, and the causes of what differs.
package clients

import (
	"io"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/screen"
)

// Schema names the form of the JSON.
const Schema = "opensrs-doctor/clients/v1"

// Report is one look at the runtimes of this host.
type Report struct {
	Schema     string             `json:"schema"`
	Tool       report.Tool        `json:"tool"`
	RunID      string             `json:"run_id"`
	StartedAt  time.Time          `json:"started_at"`
	DurationMS float64            `json:"duration_ms"`
	Verdict    string             `json:"verdict"` // pass, warn, fail, incomplete
	Target     report.Target      `json:"target"`
	Host       report.Host        `json:"host"`
	As         *report.As         `json:"as,omitempty"` // --as
	Own        Own                `json:"own"`
	Diagnoses  []report.Diagnosis `json:"diagnoses"` // root cause first
	Clients    []evidence.Client  `json:"clients"`
}

// Own is how far this tool itself got: what the runtimes are compared with.
type Own struct {
	Status     evidence.Status `json:"status"`
	Stage      evidence.Stage  `json:"stage"`
	Address    string          `json:"address"`
	TLSVersion string          `json:"tls_version"`
	Trusted    bool            `json:"trusted"` // by the authority of --ca-file, else by this host's own store
	DurationMS float64         `json:"duration_ms"`
}

// New diagnoses one look.
func New(e *evidence.Evidence, tool report.Tool) *Report {
	whole := diagnose.New(e, tool)
	return &Report{Schema: Schema, Tool: whole.Tool, RunID: whole.RunID, StartedAt: whole.StartedAt, DurationMS: whole.DurationMS,
		Verdict: whole.Verdict, Target: whole.Target, Host: whole.Host, Own: ownLook(e), Diagnoses: whole.Diagnoses,
		Clients: e.Clients}
}

// Interrupted reports whether the run was cut short.
func (r *Report) Interrupted() bool { return r.Verdict == report.VerdictIncomplete }

// ownLook is what this tool itself came to.
func ownLook(e *evidence.Evidence) Own {
	own := Own{Status: evidence.Fail, Stage: evidence.StageResolve}
	for _, name := range []string{"dns", "port", "tls"} {
		own.DurationMS += float64(e.Step(name).Took.Microseconds()) / 1000
	}
	if e.Step("dns").Status == evidence.Fail {
		return own
	}
	own.Stage = evidence.StageConnect
	if e.Port != nil && e.Port.Connected.IsValid() {
		own.Address = netaddr.Text(e.Port.Connected.Addr())
	}
	if e.Step("port").Status == evidence.Fail {
		return own
	}
	own.Stage = evidence.StageTLS
	if e.TLS == nil || !e.TLS.Connected {
		return own
	}
	own.Stage, own.TLSVersion = evidence.StageVerify, e.TLS.Version
	if own.Trusted = e.HostTrusts(); own.Trusted {
		own.Status = evidence.Pass
	}
	return own
}

// WriteJSON writes it as one JSON document.
func WriteJSON(w io.Writer, r *Report) error { return report.WriteDocument(w, complete(r)) }

// WriteText writes it for a person.
func WriteText(w io.Writer, r *Report, o screen.Options) error {
	s := screen.New(o)
	if !o.Quiet {
		header(s, r)
		table(s, r)
	}
	verdict(s, r)
	return s.Print(w)
}

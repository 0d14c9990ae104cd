package report

import (
	"encoding/json"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/opensrs"
)

// Evidence is what the run saw, read back from its report: every fact that the causes, the rows and the formats go by. A
// report that was written by hand, or by another release, gives what it has.
func (r *Report) Evidence() *evidence.Evidence {
	e := &evidence.Evidence{RunID: r.RunID, StartedAt: r.StartedAt, Took: span(r.DurationMS), Interrupted: r.Interrupted,
		Target: convert[evidence.Target](r.Target), Host: convert[evidence.Host](r.Host), Asked: r.Asked}
	e.Asked.RootsDate, _ = time.Parse(time.DateOnly, r.Tool.RootsDate)
	for _, row := range r.Probes {
		outcome := row.readInto(e)
		step := evidence.Step{Probe: row.Name, Status: row.Status, WaitedFor: row.WaitedFor, Took: span(row.DurationMS),
			Counts: !outcome.Uncounted && !row.WaitedFor.NotChosen()}
		if step.Status == evidence.Fail {
			step.Failure = outcome.Failure
		}
		e.Steps = append(e.Steps, step)
	}
	return e
}

// readInto gives the evidence the section of a probe, with the follow-ups and the settings beside it.
func (row Probe) readInto(e *evidence.Evidence) Outcome {
	switch row.Name {
	case "egress":
		facts := decode[EgressFacts](row.Facts)
		e.Egress = facts.Egress
		return facts.Outcome
	case "rules":
		facts := decode[RulesFacts](row.Facts)
		e.Rules, e.Asked.RulesSource = facts.Rules, facts.Source
		matchAgain(e.Rules)
		return facts.Outcome
	case "dns":
		facts := decode[DNSFacts](row.Facts)
		e.DNS = facts.DNS
		return facts.Outcome
	case "port":
		facts := decode[PortFacts](row.Facts)
		e.Port, e.Controls, e.Witness, e.Direct, e.ThisHost = facts.Port, facts.Controls, facts.Witness, facts.Direct, facts.ThisHost
		return facts.Outcome
	case "tls":
		facts := decode[TLSFacts](row.Facts)
		e.TLS, e.Clock, e.Asked.CAFile, e.Asked.CANames = facts.TLS, facts.Clock, facts.CAFile, facts.CANames
		e.Asked.PublicRoots, e.Asked.AllowIntercepted = facts.PublicRoots, facts.AllowIntercepted
		if e.TLS != nil {
			e.TLS.Failure = facts.Outcome.Failure
		}
		return facts.Outcome
	case "call":
		facts := decode[CallFacts](row.Facts)
		e.Call, e.CrossCheck, e.StatusPage = facts.Call, facts.CrossCheck, facts.StatusPage
		e.Asked.KeyGiven, e.Asked.KeySource, e.Asked.KeyProblems = facts.KeyGiven, facts.KeySource, facts.KeyProblems
		e.Asked.KeyForm, e.Asked.KeyAround = facts.KeyForm, facts.KeyAround
		if facts.KeyGiven && facts.KeyForm == nil {
			e.Asked.KeyForm = &opensrs.Form{Length: opensrs.KeyLength}
		}
		if e.Call != nil {
			e.Call.Failure = facts.Outcome.Failure
		}
		return facts.Outcome
	}
	return Outcome{}
}

// matchAgain finds the rules that match each address once more: a report has the readings.
func matchAgain(rules *evidence.Rules) {
	if rules == nil {
		return
	}
	var list []iprules.Rule
	for _, text := range rules.Rules {
		rule, err := iprules.Parse(text)
		if err != nil { // numbers of rules would not be those of the run
			return
		}
		list = append(list, rule)
	}
	for i, result := range rules.Results {
		again := iprules.Evaluate(list, result.IP)
		rules.Results[i].MatchedAllow, rules.Results[i].MatchedDeny = again.MatchedAllow, again.MatchedDeny
	}
}

// convert turns what a report has of the target or the host into the same part of the evidence, or the other way: their
// JSON is one.
func convert[To any](from any) To {
	document, err := json.Marshal(from)
	if err != nil { // of texts, numbers and addresses there is always one
		panic(err)
	}
	return decode[To](document)
}

// span is a time in milliseconds, as a report has it.
func span(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

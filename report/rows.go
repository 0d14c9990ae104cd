package report

import (
	"reflect"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/opensrs"
)

// The facts of a probe are one JSON object: the fields of its section of the evidence, and beside them the follow-ups
// that belong to it and what the user asked of it. What follows are these objects, written from the evidence and read
// into it again. A section that was not reached is nil, and its fields are absent. The "failure" is the step's, or that of the section.

// Outcome is what each probe's facts have besides.
type Outcome struct {
	Failure   *evidence.Failure `json:"failure,omitempty"`
	Uncounted bool              `json:"uncounted,omitempty"` // only another probe needs it
}

// FactsTypes are the types of the facts, by the name of the probe.
var FactsTypes = lazy.Value[map[string]reflect.Type]{Make: func() map[string]reflect.Type {
	return map[string]reflect.Type{
		"egress": reflect.TypeFor[EgressFacts](), "rules": reflect.TypeFor[RulesFacts](), "dns": reflect.TypeFor[DNSFacts](),
		"port": reflect.TypeFor[PortFacts](), "tls": reflect.TypeFor[TLSFacts](), "call": reflect.TypeFor[CallFacts](),
	}
}}

// EgressFacts are those of the probe egress.
type EgressFacts struct {
	*evidence.Egress
	Outcome
}

// RulesFacts are those of the probe rules.
type RulesFacts struct {
	*evidence.Rules
	Source string `json:"source,omitempty" anonymize:"path"`
	Outcome
}

// DNSFacts are those of the probe dns.
type DNSFacts struct {
	*evidence.DNS
	Outcome
}

// PortFacts are those of the probe port.
type PortFacts struct {
	*evidence.Port
	Controls []evidence.Control `json:"controls,omitempty"`
	Witness  *evidence.Witness  `json:"port_witness,omitempty"`
	Direct   *evidence.Direct   `json:"direct,omitempty"`
	ThisHost *evidence.ThisHost `json:"this_host,omitempty"`
	Outcome
}

// TLSFacts are those of the probe tls.
type TLSFacts struct {
	*evidence.TLS
	Clock            *evidence.Clock `json:"clock,omitempty"`
	CAFile           string          `json:"ca_file,omitempty" anonymize:"path"` // the path of the endpoint's own authority
	CANames          []foreign.Text  `json:"ca_names,omitempty" anonymize:"distinguished"`
	PublicRoots      string          `json:"public_roots,omitempty" anonymize:"path"` // the path that replaces the carried ones
	AllowIntercepted bool            `json:"allow_intercepted,omitempty"`
	Outcome
}

// CallFacts are those of the probe call.
type CallFacts struct {
	*evidence.Call
	KeyGiven    bool                 `json:"key_given"`
	KeySource   string               `json:"key_source,omitempty" anonymize:"path"`
	KeyProblems []string             `json:"key_problems,omitempty" anonymize:"keep"`
	KeyForm     *opensrs.Form        `json:"key_form,omitempty"` // of one that is not as usual
	KeyAround   []opensrs.Around     `json:"key_around,omitempty" anonymize:"keep"`
	CrossCheck  *evidence.CrossCheck `json:"cross_check,omitempty"`
	StatusPage  *evidence.StatusPage `json:"status_page,omitempty"`
	Outcome
}

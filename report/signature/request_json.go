package signature

import (
	"time"

	"opensrs-doctor/probes/observed"
	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// RequestRecord is one line of the sandbox's log as JSON. It holds neither the key nor a signature nor the balance.
type RequestRecord struct {
	At      string `json:"at"`      // RFC 3339
	Request *int   `json:"request"` // its number, from 1; null: a connection that came to no request
	Caller  string `json:"caller"`  // the address that the client counts as
	OK      bool   `json:"ok"`      // false: the client made a mistake. A refused address is none

	// Connection says how a connection without a request ended: untrusted, expired, no-version, not-tls, hung-up,
	// silent, other or inside. Summary says it in words.
	Connection string `json:"connection,omitempty"`
	Summary    string `json:"summary"` // what came of it

	Command string `json:"command,omitempty"` // the command that was answered, "GET /ip" or "other"
	Dummy   bool   `json:"dummy,omitempty"`   // the answer has dummy values
	Status  int    `json:"status,omitempty"`  // HTTP status of the answer; left out: there was none
	Code    int    `json:"code,omitempty"`    // response_code of the answer; left out: it is no envelope
	Text    string `json:"text,omitempty"`    // response_text, or the words for the HTTP status
	Fault   string `json:"fault,omitempty"`   // the fault that decided on the answer
	Bytes   int    `json:"bytes"`             // of the body, as far as it came

	Address  *RequestAddress  `json:"address,omitempty"`
	Right    []string         `json:"right,omitempty"`    // what was looked at and is right
	Mistakes []RequestMistake `json:"mistakes,omitempty"` // those of sign verify, and what only a service can notice
}

// RequestAddress is how the rules judged the caller.
type RequestAddress struct {
	Verdict string `json:"verdict"`        // allow, deny, ambiguous (refused), unknown (there are no rules)
	Rule    int    `json:"rule,omitempty"` // its number, from 1; left out: no rule decided
	Text    string `json:"text,omitempty"` // of that rule
}

// RequestMistake is one thing that is wrong with a request.
type RequestMistake struct {
	ID          string   `json:"id"`
	Summary     string   `json:"summary"`
	Explanation string   `json:"explanation,omitempty"`
	Fixes       []string `json:"fixes"` // what to do, then a line a language, which begins with its name
}

// NewRequestRecord puts an observation into the words of the log.
func NewRequestRecord(o observed.Observation) RequestRecord {
	record := RequestRecord{At: o.At.Format(time.RFC3339Nano), Caller: o.Caller.String(), OK: !o.Wrong()}
	if o.Broken != "" {
		record.Connection, record.Summary = string(o.Broken), screen.Clean(brokenOff(o))
		return record
	}
	record.Request, record.Summary = &o.Number, screen.Clean(outcomeWords(o))
	record.Command, record.Dummy, record.Fault, record.Bytes = o.Command, o.Dummy, o.Fault, o.Bytes
	record.Status, record.Code, record.Text = o.Status, o.Code, screen.Clean(o.Text)
	if o.Address.Verdict != "" {
		record.Address = &RequestAddress{o.Address.Verdict, o.Address.Rule, o.Address.Text}
	}
	record.Right = rightIn(o)
	for _, one := range mistakesIn(o) {
		record.Mistakes = append(record.Mistakes, RequestMistake{one.id, screen.Clean(one.summary), screen.Clean(one.explanation),
			flatFixes([]Fix{one.fix})})
	}
	return record
}

// Line is the record as one line.
func (r RequestRecord) Line() string { return jsonLine(r) }

// NotShownLine is the line that stands for those which nobody took in time.
func NotShownLine(at time.Time, requests int64) string {
	return jsonLine(struct {
		At       string `json:"at"`
		NotShown int64  `json:"not_shown"`
	}{at.Format(time.RFC3339Nano), requests})
}

func jsonLine(value any) string {
	line, err := report.Encode(value, "")
	if err != nil {
		panic(err) // the types above always encode
	}
	return string(line)
}

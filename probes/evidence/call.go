package evidence

import (
	"slices"
	"time"

	"opensrs-doctor/probes/foreign"
)

// Call is the authenticated test call.
type Call struct {
	Sent        bool         `json:"sent"`
	VectorOK    bool         `json:"signature_vector_ok"` // our own signature code gives the published vector
	HTTPStatus  int          `json:"http_status,omitempty"`
	ContentType foreign.Text `json:"content_type,omitzero" anonymize:"quote"`
	Location    foreign.Text `json:"location,omitzero" anonymize:"quote"`
	Envelope    bool         `json:"envelope"` // the reply is an OPS envelope
	Success     bool         `json:"is_success"`
	Code        foreign.Text `json:"response_code,omitzero" anonymize:"quote"`
	Text        foreign.Text `json:"response_text,omitzero" anonymize:"quote"`
	Class       string       `json:"class,omitempty" anonymize:"keep"`  // opensrs.Class of the reply
	Quote       foreign.Text `json:"quote,omitzero" anonymize:"quote"`  // a title or first line, where it is no envelope
	Packed      string       `json:"packed,omitempty" anonymize:"keep"` // PackedGzip or PackedUTF16: what the reply is in, unasked
	Device      foreign.Text `json:"device,omitzero" anonymize:"quote"` // a header by which a proxy in between names itself
	ReplyBytes  int          `json:"reply_bytes"`
	Date        *time.Time   `json:"date,omitempty"`
	TookMS      float64      `json:"took_ms"`
	Retransmits *int         `json:"retransmits"`
	Unconfirmed int          `json:"unconfirmed,omitempty"` // packets of ours that the other end's TCP had not confirmed when the call ended
	Failure     *Failure     `json:"-"`                     // in a report the step's, or this
}

// Made reports whether a call was sent.
func (c *Call) Made() bool { return c != nil && c.Sent }

// Redirects reports whether the reply leads elsewhere. 304, which a cache gives in place of a page, leads nowhere.
func (c *Call) Redirects() bool { return c.HTTPStatus/100 == 3 && c.HTTPStatus != 304 }

// FailedAs reports whether the call failed in one of these ways, with a reply that is not the API's: no envelope, no server
// error and no redirect.
func (c *Call) FailedAs(kinds ...Kind) bool {
	if !c.Made() || c.Failure == nil || c.Envelope || c.HTTPStatus >= 500 || c.Redirects() {
		return false
	}
	return slices.Contains(kinds, c.Failure.Kind)
}

// What a reply may be in that was not asked for. A client that takes the reply as it is reads neither.
const (
	PackedGzip  = "gzip"
	PackedUTF16 = "UTF-16"
)

// CrossCheck is the same credentials, tried once in the other environment.
type CrossCheck struct {
	Environment string       `json:"environment" anonymize:"keep"`
	Host        string       `json:"host" anonymize:"host"`
	Success     bool         `json:"is_success"`
	Code        foreign.Text `json:"response_code,omitzero" anonymize:"quote"`
	Text        foreign.Text `json:"response_text,omitzero" anonymize:"quote"`
	Class       string       `json:"class,omitempty" anonymize:"keep"`
	Failure     *Failure     `json:"failure,omitempty"`
}

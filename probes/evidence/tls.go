package evidence

import (
	"net/netip"
	"time"

	"opensrs-doctor/probes/foreign"
)

// Certificate is the part of a certificate that people need. Its names are here twice: whole, in the form of RFC 4514, and
// in the parts that people go by, for in the whole form a comma inside a part is not told from one between parts by
// everybody. Reports of older releases have only the whole ones and the issuer's organization.
type Certificate struct {
	Subject        foreign.Text   `json:"subject" anonymize:"distinguished,subject"`
	SubjectCN      foreign.Text   `json:"subject_common_name,omitzero" anonymize:"certificate,subject"`
	SubjectOrg     foreign.Text   `json:"subject_organization,omitzero" anonymize:"certificate,subject"`
	Issuer         foreign.Text   `json:"issuer" anonymize:"distinguished,issuer"`
	IssuerCN       foreign.Text   `json:"issuer_common_name,omitzero" anonymize:"certificate,issuer"`
	IssuerOrg      foreign.Text   `json:"issuer_organization,omitzero" anonymize:"certificate,issuer"`
	Names          []foreign.Text `json:"names,omitempty" anonymize:"host"` // DNS names and addresses
	NotBefore      time.Time      `json:"not_before"`
	NotAfter       time.Time      `json:"not_after"`
	SelfSigned     bool           `json:"self_signed"`
	SHA256         string         `json:"sha256" anonymize:"fingerprint,subject"`                   // of the DER, hex
	IssuerURL      foreign.Text   `json:"issuer_url,omitzero" anonymize:"text"`                     // authority information access
	AuthorityKeyID foreign.Text   `json:"authority_key_id,omitzero" anonymize:"fingerprint,issuer"` // hex
	PEM            foreign.PEM    `json:"pem,omitzero" anonymize:"drop"`                            // none: not kept, or it holds a secret
}

// Trust is a chain judged against one set of roots at a time, dates and name apart from trust.
type Trust struct {
	System       bool         `json:"system"`               // the host's own store leads to a root, dates and name aside
	Public       bool         `json:"public"`               // the public roots do
	Own          *bool        `json:"by_ca_file,omitempty"` // the authority of --ca-file does, which then alone counts; nil: none was given
	SystemEmpty  bool         `json:"system_empty"`
	NameOK       bool         `json:"name_ok"`
	DatesOK      bool         `json:"dates_ok"`                                                 // every presented certificate that is needed, by the local clock
	DatesOnly    bool         `json:"dates_only"`                                               // nothing but the dates is wrong
	RootShown    bool         `json:"root_presented"`                                           // the chain, as presented, ends in a self-signed certificate
	SelfSigned   bool         `json:"self_signed"`                                              // the leaf is its own issuer
	Missing      foreign.Text `json:"missing_issuer,omitzero" anonymize:"distinguished,issuer"` // the issuer at the end of the presented chain that nobody has
	MissingCN    foreign.Text `json:"missing_issuer_common_name,omitzero" anonymize:"certificate,issuer"`
	MissingOrg   foreign.Text `json:"missing_issuer_organization,omitzero" anonymize:"certificate,issuer"`
	MissingURL   foreign.Text `json:"missing_issuer_url,omitzero" anonymize:"text"`
	MissingKnown bool         `json:"missing_issuer_is_public"`                                   // a verified peer presented it, so it is public
	Flaw         foreign.Text `json:"flaw,omitzero" anonymize:"quote"`                            // no issuer is missing, and a rule is broken: which
	Namesake     bool         `json:"namesake,omitempty"`                                         // the issuer it names is a public root, or was presented, by name and not by key
	BelowPublic  bool         `json:"below_public_root,omitempty"`                                // not good, and signed up to a public root anyway
	Issuer       foreign.Text `json:"issuer" anonymize:"distinguished,issuer"`                    // of the last presented certificate: who is behind the chain
	IssuerCN     foreign.Text `json:"issuer_common_name,omitzero" anonymize:"certificate,issuer"` // of that issuer, like the next
	IssuerOrg    foreign.Text `json:"issuer_organization,omitzero" anonymize:"certificate,issuer"`
	Product      string       `json:"inspection_product,omitempty" anonymize:"keep"` // a known inspection product's name in an issuer
	FirstToEnd   *Certificate `json:"first_to_end,omitempty"`                        // of the way to a public root, the root apart
	Expired      *Certificate `json:"expired,omitempty"`
	NotYetValid  *Certificate `json:"not_yet_valid,omitempty"`
}

// Proven reports whether the chain leads to an authority that proves the peer: a public root, or, where --ca-file was
// given, that one and no other. Name and dates aside.
func (t *Trust) Proven() bool {
	if t.Own != nil {
		return *t.Own
	}
	return t.Public
}

// Known reports whether anybody who counts vouches for the chain: as Proven, and without --ca-file this host's own store
// too. Name and dates aside.
func (t *Trust) Known() bool { return t.Proven() || t.Own == nil && t.System }

// Verified reports whether the peer is proven to be who it should be, by authority, name and dates.
func (t *Trust) Verified() bool { return t != nil && t.Proven() && t.NameOK && t.DatesOK }

// NotAvailable is why an experiment was not made that this operating system has no means for.
const NotAvailable = "not available on this system"

// Variant is one TLS follow-up experiment: the same handshake with one thing changed.
type Variant struct {
	Name    string   `json:"name" anonymize:"keep"`               // as-is, no-server-name, classic-key-share, small-segments, old-versions
	NotMade string   `json:"not_made,omitempty" anonymize:"text"` // why it was not made, or not to its end; Works then says nothing
	Works   bool     `json:"works"`
	Version string   `json:"version,omitempty" anonymize:"keep"`
	Proven  bool     `json:"proven"`           // the certificate verified as the endpoint's
	Fickle  bool     `json:"fickle,omitempty"` // made again, it ended the other way
	TookMS  float64  `json:"took_ms"`
	Failure *Failure `json:"failure,omitempty"`
}

// The TLS experiments.
const (
	VariantAsIs    = "as-is"
	VariantNoSNI   = "no-server-name"
	VariantClassic = "classic-key-share"
	VariantSmall   = "small-segments"
	VariantNo13    = "at-most-tls12"
	VariantOld     = "old-versions"
)

// Pick is the cipher suite that a peer picks where it is offered none of those that this check can speak.
type Pick struct {
	Suite string `json:"suite" anonymize:"keep"` // IANA's number: 0x009F
	Kind  string `json:"kind" anonymize:"keep"`
}

// The kinds of such suites.
const (
	SuiteDHE      = "DHE"      // Diffie-Hellman over finite fields
	SuiteDSS      = "DSS"      // signed by a DSA key
	SuiteCCM      = "CCM"      // AES in CCM mode
	SuiteCamellia = "Camellia" // another cipher
	SuiteARIA     = "ARIA"     // another cipher
	SuitePSK      = "PSK"      // a key that both sides have
)

// TLS is the handshake on the connection of the port probe.
type TLS struct {
	Connected   bool          `json:"handshake"` // the handshake completed
	Version     string        `json:"version,omitempty" anonymize:"keep"`
	CipherSuite string        `json:"cipher_suite,omitempty" anonymize:"keep"`
	Chain       []Certificate `json:"chain,omitempty"`
	Trust       *Trust        `json:"trust,omitempty"`
	Failure     *Failure      `json:"-"`                              // in a report the step's, or this
	Unconfirmed int           `json:"unconfirmed,omitempty"`          // of a timeout: packets of ours that the other end's TCP had not confirmed
	Answered    int           `json:"answered_bytes,omitempty"`       // of a cut or silence: bytes of the peer's part of the handshake that came before it
	AsksFor     bool          `json:"asks_for_certificate,omitempty"` // the peer asked for a certificate of the client's
	Alert       string        `json:"alert,omitempty" anonymize:"text"`
	Quote       foreign.Text  `json:"quote,omitzero" anonymize:"quote"` // what a peer that speaks no TLS said, printable, scrubbed
	Variants    []Variant     `json:"variants,omitempty"`               // follow-up
	Picks       *Pick         `json:"picks,omitempty"`                  // follow-up; nil: not asked, or it picks none
	Elsewhere   []Elsewhere   `json:"elsewhere,omitempty"`              // follow-up
	CallAllowed bool          `json:"call_allowed"`                     // the peer is proven, or the user allows it
	Store       *Store        `json:"store,omitempty"`                  // where this host's own roots do not verify, and a variable names them
}

// Ends is when the first certificate ends that the service needs; zero where none was presented.
func (t *TLS) Ends() time.Time {
	if t == nil || len(t.Chain) == 0 {
		return time.Time{}
	}
	ends := t.Chain[0].NotAfter
	if t.Trust != nil && t.Trust.FirstToEnd != nil {
		if first := t.Trust.FirstToEnd.NotAfter; !first.IsZero() && first.Before(ends) {
			return first
		}
	}
	return ends
}

// Store is where a variable of the environment makes this host's root certificates come from.
type Store struct {
	Variable string       `json:"variable" anonymize:"keep"` // SSL_CERT_FILE or SSL_CERT_DIR
	Path     foreign.Text `json:"path" anonymize:"path"`
	Problem  foreign.Text `json:"problem,omitzero" anonymize:"quote"` // why nothing was read there: the system's words; none: it was read
}

// Elsewhere is the same handshake at another address of the endpoint.
type Elsewhere struct {
	Address netip.AddrPort `json:"address"`
	Works   bool           `json:"works"`
	Proven  bool           `json:"proven"` // the certificate verified as the endpoint's
	TookMS  float64        `json:"took_ms"`
	Failure *Failure       `json:"failure,omitempty"`
}

// Trust is how the presented chain was judged; nil where none was presented.
func (e *Evidence) Trust() *Trust {
	if e.TLS == nil {
		return nil
	}
	return e.TLS.Trust
}

// HostTrusts reports whether the authority of --ca-file, or this host's own store, takes the certificate.
func (e *Evidence) HostTrusts() bool {
	if e.TLS == nil || !e.TLS.Connected || e.TLS.Trust == nil {
		return false
	}
	trust := e.TLS.Trust
	return (trust.Own != nil && *trust.Own || trust.System) && trust.NameOK && trust.DatesOK
}

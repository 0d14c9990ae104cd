package probes

import (
	"net/url"

	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/probes/opensrs"
)

// Signed is what a run needs of an API key: the signature of its one call, and what the report says of the key. A process
// that was started beside others which may read its memory is handed this and never the key.
type Signed struct {
	Signature   string       // of opensrs.GetBalanceBody; "" without a key
	Fingerprint *string      // see Secret.Fingerprint
	Form        opensrs.Form // how long it is and of what
	Problems    []string     // opensrs.KeyProblem
}

// SignedBy is what a run needs of that key.
func SignedBy(key Secret) *Signed {
	signed := &Signed{Fingerprint: key.Fingerprint(), Form: opensrs.FormOf(key.Reveal())}
	if !key.Empty() {
		signed.Signature = opensrs.Sign(opensrs.GetBalanceBody(), key.Reveal())
	}
	for _, problem := range opensrs.CheckKey(key.Reveal()) {
		signed.Problems = append(signed.Problems, string(problem))
	}
	return signed
}

func (o Options) signed() *Signed {
	if o.Signed != nil {
		return o.Signed
	}
	return SignedBy(o.Key)
}

// Scrubber finds what a run with these options keeps secret: the key, the signature, and the proxy's login.
func (o Options) Scrubber() *foreign.Scrubber {
	scrub := &foreign.Scrubber{}
	scrub.Elsewhere(o.Scrub)
	scrub.Add(string(o.Key.Reveal()))
	scrub.Add(o.signed().Signature) // the same in every run, and can be replayed: as secret as the key
	proxy, _ := chooseProxy(o.Proxy, o.endpoint())
	secretsOf(proxy, scrub)
	return scrub
}

// endpoint is the URL that is called.
func (o Options) endpoint() *url.URL {
	return &url.URL{Scheme: "https", Host: netaddr.HostPort{Host: o.Host, Port: o.Port}.String(), Path: o.Path}
}

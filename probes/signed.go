package probes

import "opensrs-doctor/probes/opensrs"

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

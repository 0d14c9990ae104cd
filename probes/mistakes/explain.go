package mistakes

import (
	"bytes"
	"slices"
	"strings"

	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/xmltext"
)

// Attempt is a signature as a client made it, with what it should have been made of.
type Attempt struct {
	Body      []byte // as it was sent, byte for byte
	Key       []byte
	Username  string // "" where it is not known: then it is not looked for in the hash
	Signature string // white space around it does not count
}

// Verdict is what is wrong with a signature.
type Verdict struct {
	Match    bool     // the signature is the right one; the rest is empty then
	Mistakes []string // the smallest set that explains it, in the table's order; else one of Unexplained alone
	Forms    []string // which form each of the mistakes took, "" for the usual one
	NoPairs  bool     // pairs of mistakes were not tried, for the body is over MaxPaired, and one of them may explain it
}

// Unexplained reports whether nothing explains the signature: it may be that of another key, or none at all.
func (v Verdict) Unexplained() bool {
	return len(v.Mistakes) == 1 && (v.Mistakes[0] == WrongKey || v.Mistakes[0] == SignatureMalformed)
}

// MaxPaired is the largest body with which mistakes are tried in pairs, in bytes: there are a thousand pairs that need
// a pass over the body each. Calls have some kilobytes.
const MaxPaired = 1 << 20

// ExplainSignature finds the mistakes that a client made with a signature: the smallest set of rows of the
// table, up to two and the ways of writing a digest besides, with which the given signature comes out. Among
// sets of one size the one that is tried first wins, see run. With a body over MaxPaired only single mistakes are
// made, and the ways of writing a digest. The right signature and the key are in no part of the verdict.
func ExplainSignature(a Attempt) Verdict {
	signature, right := strings.TrimSpace(a.Signature), opensrs.Sign(a.Body, a.Key)
	if signature == right {
		return Verdict{Match: true}
	}
	s := &search{targets: targets(signature), name: []byte(a.Username), laysOut: xmltext.IsMarkup(a.Body)}
	if len(s.targets) > 0 {
		s.body = &bodyForm{content: whole(a.Body)}
		s.keys = keyForms(a.Key)
		s.schemes = schemeForms(len(a.Username) > 0)
		s.run(a.Body)
		if s.best == nil {
			s.signedElsewhere(a.Body, a.Key)
		}
	}
	if s.best == nil {
		id, form := unexplained(signature, right, s.targets)
		verdict := Verdict{Mistakes: []string{id}, Forms: []string{form}}
		verdict.NoPairs = s.noPairs && verdict.Unexplained()
		return verdict
	}
	verdict := Verdict{NoPairs: s.noPairs && len(s.best) > 2}
	for _, one := range s.best {
		verdict.Mistakes = append(verdict.Mistakes, one.id)
		verdict.Forms = append(verdict.Forms, one.form)
	}
	return verdict
}

// minCut is the shortest part of a signature that is called one, in hex digits: by chance one of four billion others
// begins so.
const minCut = 8

// unexplained says what a signature is that no mistake explains: one of another key only where it is an MD5 digest.
func unexplained(signature, right string, targets []target) (id, form string) {
	lower := strings.ToLower(signature)
	hex := strings.Trim(lower, lowerDigits) == ""
	switch {
	case hex && len(lower) >= minCut && len(lower) < len(right) && strings.HasPrefix(right, lower):
		return SignatureCut, ""
	case hex && len(lower) >= minCut && len(lower) < len(right) && strings.HasSuffix(right, lower):
		return SignatureCut, "start"
	case hex && strings.Contains(lower, right):
		return SignatureFormat, longer
	case hex && len(lower) != len(right): // other alphabets' readings of it are none
	case slices.ContainsFunc(targets, func(t target) bool { return len(t.digest) == withMD5.size() }):
		return WrongKey, ""
	}
	return SignatureMalformed, ""
}

// step is one mistake in one form.
type step struct{ id, form string }

// search tries body, key and scheme against the digests that the signature may stand for.
type search struct {
	targets []target
	body    *bodyForm    // as sent
	bodies  []*bodyForm  // with one mistake
	keys    [3][]keyForm // with none, one and two mistakes
	schemes [3][]schemeForm
	name    []byte
	laysOut bool // the body as sent is XML itself

	best    []step // nil: nothing found yet
	noPairs bool
}

// run tries no mistake, one, and two, and ends where nothing smaller can come any more. What is cheap to try,
// and likely, comes first.
func (s *search) run(sent []byte) {
	asSent := []*bodyForm{s.body}
	s.combine(asSent, 0, 0)
	for _, one := range []func(){
		func() { s.combine(asSent, 0, 1) },
		func() { s.combine(asSent, 1, 0) },
		func() { s.bodies = s.bodyForms(s.body, sent); s.combine(s.bodies, 0, 0) },
	} {
		if s.done(1) {
			return
		}
		one()
	}
	if len(sent) > MaxPaired {
		s.noPairs = true
		return
	}
	for _, two := range []func(){
		func() { s.combine(s.bodies, 1, 0) },
		func() { s.combine(asSent, 2, 0) },
		func() { s.combine(asSent, 0, 2) },
		func() { s.combine(s.bodies, 0, 1) },
		func() { s.combine(asSent, 1, 1) },
		s.combineBodies,
	} {
		if s.done(2) {
			return
		}
		two()
	}
}

// combineBodies tries the bodies with two mistakes.
func (s *search) combineBodies() {
	for _, first := range s.bodies {
		if s.combine(s.bodyForms(first, first.bytes()), 0, 0); s.done(2) {
			return
		}
	}
}

// done reports whether no set of that many mistakes could be smaller than what was found.
func (s *search) done(mistakes int) bool { return s.best != nil && len(s.best) <= mistakes }

// combine tries bodies with all keys and schemes of so many mistakes.
func (s *search) combine(bodies []*bodyForm, keys, schemes int) {
	for _, body := range bodies {
		for _, key := range s.keys[keys] {
			for _, scheme := range s.schemes[schemes] {
				if s.wanted(scheme.last) {
					s.try(body, key, scheme)
				}
			}
		}
	}
}

func (s *search) wanted(a algorithm) bool {
	return slices.ContainsFunc(s.targets, func(t target) bool { return len(t.digest) == a.size() })
}

func (s *search) try(body *bodyForm, key keyForm, scheme schemeForm) {
	digest := scheme.digest(body, key.key, s.name)
	for _, target := range s.targets {
		if !bytes.Equal(target.digest, digest) {
			continue
		}
		found := slices.Concat(body.steps, key.steps, scheme.steps)
		for _, id := range target.ids {
			if !hasStep(found, id) {
				found = append(found, step{id: id})
			}
		}
		slices.SortStableFunc(found, func(a, b step) int { return place(a.id) - place(b.id) })
		if s.best == nil || len(found) < len(s.best) {
			s.best = found
		}
	}
}

func hasStep(steps []step, id string) bool {
	return slices.ContainsFunc(steps, func(one step) bool { return one.id == id })
}

// unit is the hash that bodies are compared by: one that is needed anyway.
func (s *search) unit() algorithm {
	for a := range algorithm(algorithms) {
		if s.wanted(a) {
			return a
		}
	}
	return withMD5
}

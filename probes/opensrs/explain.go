package opensrs

import (
	"bytes"
	"hash"
	"runtime"
	"slices"
	"strings"
	"sync"
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
	Mistakes []string // the smallest set that explains it, in the table's order; else WrongKey alone
	Forms    []string // which form each of the mistakes took, "" for the usual one
	Cut      bool     // the search ended at its bound: not every pair was tried
}

// The bounds of the search. Bodies of some kilobytes need a thousandth of what they allow. They are counts and
// not times, so that the same question has the same answer everywhere.
const (
	maxHashed = 4 << 30 // bytes that are hashed, counted before they are rewritten
	maxPaired = 1 << 20 // bytes of a body with which two mistakes are made that both change it
)

// ExplainSignature finds the mistakes that a client made with a signature: the smallest set of rows of the
// table, up to two and the ways of writing a digest besides, with which the given signature comes out. Among
// sets of one size the one that is tried first wins, see run. The right signature and the key are in no part
// of the verdict.
func ExplainSignature(a Attempt) Verdict { return explainWithin(a, maxHashed) }

func explainWithin(a Attempt, limit int64) Verdict {
	signature := strings.TrimSpace(a.Signature)
	if signature == Sign(a.Body, a.Key) {
		return Verdict{Match: true}
	}
	s := &search{targets: targets(signature), name: []byte(a.Username), limit: limit}
	if len(s.targets) > 0 {
		s.body = &bodyForm{content: whole(a.Body), spent: &s.hashed, cost: int64(len(a.Body))}
		s.keys = keyForms(a.Key)
		s.schemes = schemeForms(len(a.Username) > 0)
		s.run(a.Body)
	}
	if s.best == nil {
		return Verdict{Mistakes: []string{WrongKey}, Forms: []string{""}, Cut: s.cut}
	}
	verdict := Verdict{Cut: s.cut && len(s.best) > 1}
	for _, one := range s.best {
		verdict.Mistakes = append(verdict.Mistakes, one.id)
		verdict.Forms = append(verdict.Forms, one.form)
	}
	return verdict
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

	best   []step // nil: nothing found yet
	hashed int64
	limit  int64
	cut    bool
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
		if first.length > maxPaired || s.hashed > s.limit {
			s.cut = true
			return
		}
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
				switch {
				case !s.wanted(scheme.last):
				case s.hashed > s.limit && scheme.readsAnew(body):
					s.cut = true
				default:
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

// bodyForm is a body with the mistakes that made it. Its bytes are made anew each time they are needed.
type bodyForm struct {
	steps   []step
	content pieces
	length  int // known once it was hashed
	begunAs [algorithms]hash.Hash
	spent   *int64 // counts what is hashed
	cost    int64  // of hashing it once: the bytes that it is made from
}

// begun gives a hash that has read the body and goes on from there.
func (b *bodyForm) begun(a algorithm) hash.Hash {
	if b.begunAs[a] == nil {
		h := a.new()
		b.writeTo(h)
		b.begunAs[a] = h
		*b.spent += b.cost
	}
	copied, err := b.begunAs[a].(hash.Cloner).Clone()
	if err != nil {
		panic("a hash of the standard library can't be copied: " + err.Error())
	}
	return copied
}

// hashed gives the digest of the body between two texts.
func (b *bodyForm) hashed(h hash.Hash, before, behind []byte) []byte {
	h.Write(before)
	b.writeTo(h)
	*b.spent += b.cost
	h.Write(behind)
	return h.Sum(nil)
}

func (b *bodyForm) writeTo(h hash.Hash) {
	b.length = 0
	b.content(func(piece []byte) {
		h.Write(piece)
		b.length += len(piece)
	})
}

func (b *bodyForm) bytes() []byte {
	out := make([]byte, 0, b.length)
	b.content(func(piece []byte) { out = append(out, piece...) })
	return out
}

// bodyForms makes each further mistake with a body whose bytes are given. Of forms that come to the same bytes
// the first stands.
func (s *search) bodyForms(from *bodyForm, body []byte) []*bodyForm {
	all := s.rewritten(from, body)
	s.begin(all)
	seen := map[string]bool{string(from.begun(s.unit()).Sum(nil)): true}
	return slices.DeleteFunc(all, func(form *bodyForm) bool {
		sum := string(form.begun(s.unit()).Sum(nil))
		known := seen[sum]
		seen[sum] = true
		return known
	})
}

// rewritten are the forms that may differ, not yet hashed and as many as the search's bound lets through.
func (s *search) rewritten(from *bodyForm, body []byte) []*bodyForm {
	var made []*bodyForm
	present := bytesIn(body)
	effects := map[string]bool{"": true}
	cost := int64(len(body))
	for _, row := range mistakes {
		if hasStep(from.steps, row.id) {
			continue
		}
		for _, form := range row.forms {
			var content pieces
			switch {
			case form.table != nil:
				if effect := form.table.on(present); !effects[effect] {
					effects[effect] = true
					content = form.table.rewrite(body)
				}
			case form.body != nil:
				content = form.body(body)
			}
			if content == nil {
				continue
			}
			if s.hashed+int64(len(made))*cost > s.limit {
				s.cut = true
				return made
			}
			made = append(made, &bodyForm{content: content, spent: from.spent, cost: cost,
				steps: append(slices.Clone(from.steps), step{row.id, form.name})})
		}
	}
	return made
}

// begin hashes forms ahead, where they are large on every processor at once.
func (s *search) begin(forms []*bodyForm) {
	const large = 1 << 20 // bytes
	if len(forms) == 0 || forms[0].cost < large {
		return
	}
	var (
		waiting sync.WaitGroup
		slots   = make(chan struct{}, runtime.GOMAXPROCS(0))
		unit    = s.unit()
	)
	for _, form := range forms {
		*form.spent += form.cost
		slots <- struct{}{}
		waiting.Go(func() {
			h := unit.new()
			form.writeTo(h)
			form.begunAs[unit] = h
			<-slots
		})
	}
	waiting.Wait()
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

// keyForm is a key with the mistakes that made it.
type keyForm struct {
	steps []step
	key   []byte
}

// keyForms are the keys with none, one and two mistakes. Of those that are the same the first stands.
func keyForms(key []byte) (levels [3][]keyForm) {
	seen := map[string]bool{string(key): true}
	levels[0] = []keyForm{{key: key}}
	for level := 1; level < len(levels); level++ {
		for _, from := range levels[level-1] {
			for _, row := range mistakes {
				for _, form := range row.forms {
					if form.key == nil || hasStep(from.steps, row.id) {
						continue
					}
					if next, ok := form.key(from.key); ok && !seen[string(next)] {
						seen[string(next)] = true
						levels[level] = append(levels[level],
							keyForm{append(slices.Clone(from.steps), step{row.id, form.name}), next})
					}
				}
			}
		}
	}
	return levels
}

// schemeForm is a scheme with the mistakes that made it.
type schemeForm struct {
	steps []step
	scheme
}

// schemeForms are the schemes with none, one and two mistakes. Of those that are the same the first stands.
func schemeForms(named bool) (levels [3][]schemeForm) {
	seen := map[scheme]bool{rightScheme: true}
	levels[0] = []schemeForm{{scheme: rightScheme}}
	for level := 1; level < len(levels); level++ {
		for _, from := range levels[level-1] {
			for _, row := range mistakes {
				for _, form := range row.forms {
					if form.scheme == nil || hasStep(from.steps, row.id) || row.id == UsernameInHash && !named {
						continue
					}
					next, ok := form.scheme(from.scheme)
					if next = next.normal(); ok && !seen[next] {
						seen[next] = true
						levels[level] = append(levels[level],
							schemeForm{append(slices.Clone(from.steps), step{row.id, form.name}), next})
					}
				}
			}
		}
	}
	return levels
}

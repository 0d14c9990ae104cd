package mistakes

import (
	"hash"
	"runtime"
	"slices"
	"sync"
)

// What the search tries: bodies, keys and schemes, each with the mistakes that made it.

// bodyForm is a body with the mistakes that made it. Its bytes are made anew each time they are needed.
type bodyForm struct {
	steps   []step
	content pieces
	length  int // known once it was hashed
	begunAs [algorithms]hash.Hash
}

// begun gives a hash that has read the body and goes on from there.
func (b *bodyForm) begun(a algorithm) hash.Hash {
	if b.begunAs[a] == nil {
		h := a.new()
		b.writeTo(h)
		b.begunAs[a] = h
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
// the first is kept.
func (s *search) bodyForms(from *bodyForm, body []byte) []*bodyForm {
	all := s.rewritten(from, body)
	if len(body) >= large {
		s.begin(all)
	}
	seen := map[string]bool{string(from.begun(s.unit()).Sum(nil)): true}
	return slices.DeleteFunc(all, func(form *bodyForm) bool {
		sum := string(form.begun(s.unit()).Sum(nil))
		known := seen[sum]
		seen[sum] = true
		return known
	})
}

// rewritten are the forms that may differ, not yet hashed.
func (s *search) rewritten(from *bodyForm, body []byte) []*bodyForm {
	var made []*bodyForm
	present := bytesIn(body)
	effects := map[string]bool{"": true}
	for _, row := range mistakes.Get() {
		if hasStep(from.steps, row.id) || row.id == BodyReindented && len(from.steps) > 0 && s.laysOut {
			continue // a layout comes before any other change; behind what only unwrapped the XML it comes too
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
			if content != nil {
				made = append(made, &bodyForm{content: content,
					steps: append(slices.Clone(from.steps), step{row.id, form.name})})
			}
		}
	}
	return made
}

// large is from how many bytes on a body takes every processor.
const large = 4 << 10

// begin hashes forms ahead, on every processor at once.
func (s *search) begin(forms []*bodyForm) {
	var (
		waiting sync.WaitGroup
		slots   = make(chan struct{}, runtime.GOMAXPROCS(0))
		unit    = s.unit()
	)
	for _, form := range forms {
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

// keyForm is a key with the mistakes that made it.
type keyForm struct {
	steps []step
	key   []byte
}

// keyForms are the keys with none, one and two mistakes. Of those that are the same the first is kept.
func keyForms(key []byte) (levels [3][]keyForm) {
	seen := map[string]bool{string(key): true}
	levels[0] = []keyForm{{key: key}}
	for level := 1; level < len(levels); level++ {
		for _, from := range levels[level-1] {
			for _, row := range mistakes.Get() {
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

// schemeForms are the schemes with none, one and two mistakes. Of those that are the same the first is kept.
func schemeForms(named bool) (levels [3][]schemeForm) {
	seen := map[scheme]bool{rightScheme: true}
	levels[0] = []schemeForm{{scheme: rightScheme}}
	for level := 1; level < len(levels); level++ {
		for _, from := range levels[level-1] {
			for _, row := range mistakes.Get() {
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

package foreign

import (
	"bytes"
	"encoding/binary"
	"iter"
	"strings"
	"sync"
	"unicode/utf8"
)

// Redacted is written in the place of a secret, or of a part of one.
const Redacted = "[redacted]"

const (
	window   = 8             // bytes in a row of a long secret that count as giving it away
	long     = 2 * window    // from this length on a secret is looked for in parts, below it as a whole word
	shortest = 3             // a secret of fewer bytes cannot be told from other text, and is ignored
	deepest  = 2             // encodings one inside another that are undone
	searched = 8 << 10       // bytes of a text that are searched in its encodings too; the rest only as it is
	filter   = (1 << 16) - 1 // of the bit set in front of the windows
)

// Scrubber takes secrets out of text that came from elsewhere. It finds them in either case, backwards, with
// anything but letters and digits between their characters, and in what hex, base 32, base 64, percent signs,
// character references and lists of character numbers in the text decode to. The tool's own words never hold a secret
// and do not pass through here: a password may be an ordinary word.
//
// It is safe for concurrent use. A nil Scrubber scrubs nothing.
type Scrubber struct {
	mu      sync.RWMutex
	windows map[uint64]bool // of 8 bytes each, lower case, forwards and backwards
	maybe   [(filter + 1) / 64]uint64
	words   []string // short secrets, folded, forwards and backwards
	exact   []string // short secrets with hardly a letter or digit, lower case
}

// Add registers a secret. Of one of 16 bytes or more every 8 bytes in a row are taken out, a shorter one as a whole
// word; one of fewer than 3 bytes is ignored.
func (s *Scrubber) Add(secret string) {
	if s == nil || len(secret) < shortest {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	plain, folded := whole(secret), whole(secret).fold()
	switch {
	case len(secret) >= long:
		for _, form := range []view{plain.lower(), folded} {
			s.addWindows(form.text)
			s.addWindows(form.reverse().text)
		}
	case len(folded.text) >= shortest:
		s.words = append(s.words, string(folded.text), string(folded.reverse().text))
	default:
		s.exact = append(s.exact, string(plain.lower().text))
	}
}

func (s *Scrubber) addWindows(text []byte) {
	if s.windows == nil {
		s.windows = map[uint64]bool{}
	}
	for i := 0; i+window <= len(text); i++ {
		key := binary.BigEndian.Uint64(text[i:])
		s.windows[key] = true
		bit := spread(key)
		s.maybe[bit/64] |= 1 << (bit % 64)
	}
}

// spread is the place of a window in the bit set that most lookups end at.
func spread(key uint64) uint64 { return key * 0x9E3779B97F4A7C15 >> 48 & filter }

// Scrub returns text with every registered secret, and every telling part of one, as [redacted]. Clean text before
// this and cut it short after it: what is taken out of a text later joins a secret again, and a cut hides the rest of
// one.
func (s *Scrubber) Scrub(text string) string {
	hit := s.find(text)
	if hit == nil {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case !hit[i]:
			out.WriteByte(text[i])
		case i == 0 || !hit[i-1]:
			out.WriteString(Redacted)
		}
	}
	return out.String()
}

// Holds reports whether content, which may be binary, holds a secret or a telling part of one.
func (s *Scrubber) Holds(content []byte) bool { return s.find(string(content)) != nil }

// find marks the bytes of text that give a secret away; nil where none does.
func (s *Scrubber) find(text string) []bool {
	if s == nil || len(text) < shortest {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.windows) == 0 && len(s.words) == 0 && len(s.exact) == 0 {
		return nil
	}
	search := search{Scrubber: s, size: len(text)}
	if len(text) <= searched {
		search.look(whole(text), deepest)
		return search.hit
	}
	search.look(whole(text), 0)
	// A long text is searched in pieces that overlap by more than any encoded secret that is worth hiding.
	const step = searched / 2
	for from := 0; from < len(text); from += step {
		search.look(whole(text).part(from, min(from+searched, len(text))), 1)
	}
	return search.hit
}

// search is one text being searched.
type search struct {
	*Scrubber
	size int
	hit  []bool // nil until something is found
}

// look searches a view of the text as it is, and as deep in what it decodes to.
func (s *search) look(v view, depth int) {
	s.lookForWindows(v.lower())
	folded := v.fold()
	s.lookForWindows(folded)
	s.lookForWords(v, folded)
	if depth == 0 {
		return
	}
	for _, decoded := range v.decoded() {
		s.look(decoded, 0)
		for _, run := range decoded.readable() {
			if depth > 1 {
				s.look(run, depth-1)
			}
		}
	}
}

func (s *search) lookForWindows(v view) {
	for i := 0; i+window <= len(v.text); i++ {
		key := binary.BigEndian.Uint64(v.text[i:])
		if bit := spread(key); s.maybe[bit/64]&(1<<(bit%64)) != 0 && s.windows[key] {
			s.mark(v, i, i+window)
		}
	}
}

// lookForWords finds the short secrets, where neither a letter nor a digit is next to them in v.
func (s *search) lookForWords(v, folded view) {
	for _, word := range s.words {
		for at := range occurrences(folded.text, word) {
			if folded.apart(at, at+len(word), v) {
				s.mark(folded, at, at+len(word))
			}
		}
	}
	for _, word := range s.exact {
		lower := v.lower()
		for at := range occurrences(lower.text, word) {
			end := at + len(word)
			within := letterAt(lower.text, at) && letterAt(lower.text, startOfRune(lower.text, at-1)) ||
				letterAt(lower.text, startOfRune(lower.text, end-1)) && letterAt(lower.text, end)
			if !within {
				s.mark(lower, at, end)
			}
		}
	}
}

// occurrences gives where word begins in text, overlapping ones too.
func occurrences(text []byte, word string) iter.Seq[int] {
	return func(yield func(int) bool) {
		for from := 0; ; {
			i := bytes.Index(text[from:], []byte(word))
			if i < 0 || !yield(from+i) {
				return
			}
			from += i + 1
		}
	}
}

// mark notes that bytes of a view give a secret away.
func (s *search) mark(v view, from, to int) {
	if s.hit == nil {
		s.hit = make([]bool, s.size)
	}
	for i := from; i < to; i++ {
		for at := v.from[i]; at < v.to[i]; at++ {
			s.hit[at] = true
		}
	}
	for at := v.from[from]; at < v.to[to-1]; at++ { // what is between the characters goes with them
		s.hit[at] = true
	}
	for at := v.from[to-1]; at < v.to[from]; at++ { // in a reversed view the last character comes first
		s.hit[at] = true
	}
}

// letterAt reports whether a letter or digit is at a byte of text, which may be the first of several.
func letterAt(text []byte, at int) bool {
	if at < 0 || at >= len(text) {
		return false
	}
	r, _ := utf8.DecodeRune(text[at:])
	return isLetterOrDigit(r)
}

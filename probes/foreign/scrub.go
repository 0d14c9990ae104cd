package foreign

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"iter"
	"net/netip"
	"slices"
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
	rawRun   = 5             // bytes in a row of what a secret of hex digits stands for that count as giving it away
	piece    = 4             // characters in a row of a secret that are a piece of it, where many of them come in order
	searched = 8 << 10       // bytes of a text that are searched in its encodings in one piece
	filter   = (1 << 16) - 1 // of the bit set in front of the windows
)

// Scrubber takes secrets out of text that came from elsewhere. It finds them in either case, backwards, with
// anything but letters and digits between their characters, and in what hex, base 32, base 64, percent signs,
// character references and lists of character numbers in the text decode to. The tool's own words never hold a secret
// and do not pass through here: a password may be an ordinary word.
//
// It is safe for concurrent use. A nil Scrubber scrubs nothing.
type Scrubber struct {
	mu      sync.Mutex
	windows map[uint64]bool // of 8 bytes each, lower case, forwards and backwards
	maybe   [(filter + 1) / 64]uint64
	words   []string                   // short secrets, folded, forwards and backwards
	exact   []string                   // short secrets with hardly a letter or digit, lower case
	raw     map[uint64]bool            // of 5 bytes each: what secrets of hex digits stand for, and its complement
	tokens  [][]byte                   // long secrets of letters and digits, folded, forwards and backwards
	clean   map[string]bool            // short texts that hold none of them: many peers say the same, and one certificate is described often
	far     func(text string) [][2]int // finds secrets that another process holds
	used    bool                       // a text has been searched
	late    bool                       // a secret was added after that
}

// Add registers a secret. Of one of 16 bytes or more every 8 bytes in a row are taken out, a shorter one as a whole
// word; one of fewer than 3 bytes is ignored.
func (s *Scrubber) Add(secret string) {
	if s == nil || len(secret) < shortest {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clean, s.late = nil, s.late || s.used
	plain := whole(secret, false)
	folded := plain.fold()
	switch {
	case len(secret) >= long:
		for _, form := range []view{plain.lower(), folded} {
			s.addWindows(form.text)
			s.addWindows(form.reverse().text)
		}
		s.addRaw(string(folded.text))
		if digits := strings.IndexAny(string(folded.text), "0123456789"); digits >= 0 && len(folded.text) >= long {
			s.tokens = append(s.tokens, folded.text, folded.reverse().text)
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

// addRaw registers the bytes that a secret of hex digits stands for.
func (s *Scrubber) addRaw(digits string) {
	raw, err := hex.DecodeString(digits)
	if err != nil {
		return
	}
	complement := make([]byte, len(raw))
	for i, b := range raw {
		complement[i] = ^b
	}
	if s.raw == nil {
		s.raw = map[uint64]bool{}
	}
	backwards := slices.Clone(raw)
	slices.Reverse(backwards)
	for _, form := range [][]byte{raw, complement, backwards} {
		for i := 0; i+rawRun <= len(form); i++ {
			s.raw[rawKey(form[i:])] = true
		}
	}
}

func rawKey(b []byte) uint64 {
	return uint64(b[0])<<32 | uint64(b[1])<<24 | uint64(b[2])<<16 | uint64(b[3])<<8 | uint64(b[4])
}

// spread is the place of a window in the bit set that most lookups end at.
func spread(key uint64) uint64 { return key * 0x9E3779B97F4A7C15 >> 48 & filter }

// Scrub returns text with every registered secret, and every telling part of one, as [redacted]. Clean text before
// this and cut it short after it: what is taken out of a text later joins a secret again, and a cut hides the rest of
// one.
func (s *Scrubber) Scrub(text string) string {
	return redact(text, s.find(text))
}

// redact writes [redacted] in the place of the bytes of a text that are hit.
func redact(text string, hit []bool) string {
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

// HoldsMuch reports whether text holds a telling part of a secret as it is written, or a longer one in a dressing: what a
// long text decodes to, in one of so many ways, may have 8 characters of a secret by chance.
func (s *Scrubber) HoldsMuch(text string) bool {
	if s == nil || !s.Holds([]byte(text)) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	written := &search{Scrubber: s, size: len(text), mapped: true}
	written.look(whole(text, true), 0)
	written.lookForPieces(whole(text, true).fold())
	return written.found || len(s.search(text, true).parts) >= muchParts
}

// muchParts is how many different parts of 8 make 10 characters in a row, or more.
const muchParts = 3

// Find gives where text gives a secret away: bytes from, and up to before.
func (s *Scrubber) Find(text string) (found [][2]int) {
	hit := s.find(text)
	for i := range hit {
		switch {
		case !hit[i]:
		case i > 0 && hit[i-1]:
			found[len(found)-1][1] = i + 1
		default:
			found = append(found, [2]int{i, i + 1})
		}
	}
	return found
}

// Elsewhere has texts searched by Find of another process's Scrubber too, whose secrets are not in this one. nil: by no
// other. It is called before the first text is searched.
func (s *Scrubber) Elsewhere(find func(text string) [][2]int) { s.far = find }

// findFar marks what another process finds.
func (s *Scrubber) findFar(text string, hit []bool) []bool {
	for _, found := range s.far(text) {
		for i := max(found[0], 0); i < min(found[1], len(text)); i++ {
			if hit == nil {
				hit = make([]bool, len(text))
			}
			hit[i] = true
		}
	}
	return hit
}

// InAddress reports whether an address is a part of a long secret: the digits of a key can be laid out as one of IPv6.
func (s *Scrubber) InAddress(address netip.Addr) bool {
	count := 0
	for _, hit := range s.find(address.String()) {
		if hit {
			count++
		}
	}
	return count >= window
}

// find marks the bytes of text that give a secret away; nil where none does.
func (s *Scrubber) find(text string) (hit []bool) {
	if s == nil || len(text) < shortest {
		return nil
	}
	s.mu.Lock() // one search at a time: each takes a processor for a moment, and much of what is said is said again
	defer s.mu.Unlock()
	s.used = true
	if s.far == nil && len(s.windows) == 0 && len(s.words) == 0 && len(s.exact) == 0 || s.clean[text] {
		return nil
	}
	if s.search(text, false).found {
		hit = s.search(text, true).hit
	}
	if s.far != nil {
		hit = s.findFar(text, hit)
	}
	if hit == nil && len(text) <= mostRemembered {
		if s.clean == nil || len(s.clean) >= mostTexts {
			s.clean = map[string]bool{}
		}
		s.clean[text] = true
	}
	return hit
}

// Bounds of what is remembered of texts without a secret.
const mostRemembered, mostTexts = 2 << 10, 500

// search looks through a text: where mapped, for all bytes that give a secret away, else, which is far quicker, for
// whether there may be any. The caller holds the lock.
func (s *Scrubber) search(text string, mapped bool) *search {
	search := &search{Scrubber: s, size: len(text), mapped: mapped}
	if len(text) <= searched {
		search.look(whole(text, mapped), deepest)
		return search
	}
	all := whole(text, mapped)
	search.look(all, 0)
	// A long text is searched in pieces that overlap by more than any encoded secret that is worth hiding.
	const step = searched / 2
	for from := 0; from < len(text) && !search.enough(); from += step {
		search.look(all.part(from, min(from+searched, len(text))), 1)
	}
	return search
}

// search is one text being searched.
type search struct {
	*Scrubber
	size   int
	mapped bool
	found  bool
	hit    []bool          // where mapped: nil until something is found
	parts  map[string]bool // where mapped: what was found, as the views have it
}

// enough reports whether nothing that is still to be found would matter.
func (s *search) enough() bool { return s.found && !s.mapped }

// look searches a view of the text as it is, and as deep in what it decodes to.
func (s *search) look(v view, depth int) {
	switch {
	case !s.mapped && (s.windowIn(v.text) || s.rawIn(v)):
		s.found = true
	case s.mapped || len(s.words)+len(s.exact) > 0:
		folded := v.fold()
		if s.mapped {
			s.lookForWindows(v.lower())
			s.lookForWindows(folded)
			s.rawIn(v)
		}
		s.lookForWords(v, folded)
	}
	if depth > 0 && len(s.tokens) > 0 && !s.enough() {
		s.lookForPieces(v.fold())
	}
	if depth == 0 || s.enough() {
		return
	}
	for decoded := range v.decoded() {
		s.look(decoded, 0)
		if s.enough() {
			return
		}
		if depth > 1 {
			for run := range decoded.readable() {
				s.look(run, depth-1)
			}
		}
	}
}

func (s *search) lookForWindows(v view) {
	for i := 0; i+window <= len(v.text); i++ {
		if s.isWindow(binary.BigEndian.Uint64(v.text[i:])) {
			s.mark(v, i, i+window)
		}
	}
}

func (s *search) isWindow(key uint64) bool {
	bit := spread(key)
	return s.maybe[bit/64]&(1<<(bit%64)) != 0 && s.windows[key]
}

// rawIn looks for the bytes that a secret of hex digits stands for.
func (s *search) rawIn(v view) (found bool) {
	if len(s.raw) == 0 {
		return false
	}
	key := uint64(0)
	for i, c := range v.text {
		if key = key<<8&(1<<(8*rawRun)-1) | uint64(c); i >= rawRun-1 && s.raw[key] {
			found = true
			if s.mark(v, i-rawRun+1, i+1); !s.mapped {
				return true
			}
		}
	}
	return found
}

// lookForPieces finds a long secret that was cut into short pieces with other words between them, in their order:
// "part0=b7e050 part1=be9361".
func (s *search) lookForPieces(folded view) {
	for _, token := range s.tokens {
		var pieces [][2]int
		total, next := 0, 0 // characters found, and where in the secret the next piece may begin
		for i := 0; i+piece <= len(folded.text); i++ {
			at := bytes.Index(token[next:], folded.text[i:i+piece])
			if at < 0 {
				continue
			}
			at += next
			end := piece
			for i+end < len(folded.text) && at+end < len(token) && folded.text[i+end] == token[at+end] {
				end++
			}
			pieces = append(pieces, [2]int{i, i + end})
			total += end
			next = at + end
			i += end - 1
		}
		if total < long {
			continue
		}
		for _, one := range pieces {
			if s.mark(folded, one[0], one[1]); s.enough() {
				return
			}
		}
	}
}

// windowIn is lookForWindows, in the lower case of a text and in its folded form, without the two being made.
func (s *search) windowIn(text []byte) bool {
	if len(s.windows) == 0 {
		return false
	}
	var plain, folded uint64 // the last 8 bytes
	for i := 0; i < len(text); i++ {
		c := text[i]
		letter := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if 'A' <= c && c <= 'Z' {
			c, letter = c+'a'-'A', true
		}
		if plain = plain<<8 | uint64(c); i >= window-1 && s.isWindow(plain) {
			return true
		}
		switch {
		case letter:
			if folded = folded<<8 | uint64(c); s.isWindow(folded) {
				return true
			}
		case c >= utf8.RuneSelf && utf8.RuneStart(c):
			r, _ := utf8.DecodeRune(text[i:])
			for _, b := range foldedRune(r) {
				if folded = folded<<8 | uint64(b); s.isWindow(folded) {
					return true
				}
			}
		}
	}
	return false
}

// lookForWords finds the short secrets, where neither a letter nor a digit is next to them in v.
func (s *search) lookForWords(v, folded view) {
	for _, word := range s.words {
		for at := range occurrences(folded.text, word) {
			if !s.mapped || folded.apart(at, at+len(word), v) {
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
	if s.found = true; !s.mapped {
		return
	}
	if s.hit == nil {
		s.hit, s.parts = make([]bool, s.size), map[string]bool{}
	}
	s.parts[string(v.text[from:to])] = true
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

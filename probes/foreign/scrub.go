package foreign

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"sync"
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

// ScrubBeside is Scrub for a text that is shown beside a scrubbed one, said. A short secret that is in both is a word of
// everyday there: to take it out would tell which word the secret is.
func (s *Scrubber) ScrubBeside(text, said string) string {
	hit := s.find(text)
	for i := 0; i < len(hit); i++ {
		from := i
		for i < len(hit) && hit[i] {
			i++
		}
		if i > from && i-from < long && strings.Contains(said, text[from:i]) {
			clear(hit[from:i])
		}
	}
	return redact(text, hit)
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

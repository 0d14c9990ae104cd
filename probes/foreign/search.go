package foreign

import (
	"bytes"
	"encoding/binary"
	"iter"
	"unicode/utf8"
)

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

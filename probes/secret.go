package probes

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"sync"
)

const redacted = "[redacted]"

// Secret is an API key or a password. Whichever way it is printed, logged or marshalled, it comes out
// as [redacted]; the one way to the bytes is Reveal.
type Secret struct{ bytes []byte }

// NewSecret trims white space around text and keeps the rest.
func NewSecret(text []byte) Secret { return Secret{bytes.TrimSpace(text)} }

// Reveal gives the bytes, for computing a signature or a login and for nothing else.
func (s Secret) Reveal() []byte { return s.bytes }

// Empty reports whether there is no secret.
func (s Secret) Empty() bool { return len(s.bytes) == 0 }

// Fingerprint is the first 8 hex digits of the SHA-256 of the bytes, or nil for anything that is not at
// least 32 hex characters: the fingerprint of a guessable text would give it away.
func (s Secret) Fingerprint() *string {
	if _, err := hex.DecodeString(string(s.bytes)); err != nil || len(s.bytes) < 32 {
		return nil
	}
	sum := sha256.Sum256(s.bytes)
	text := hex.EncodeToString(sum[:4])
	return &text
}

// Format prints [redacted] for every verb, %#v and %x included.
func (s Secret) Format(state fmt.State, _ rune) { io.WriteString(state, redacted) }

// MarshalText makes JSON, YAML and XML print [redacted].
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// window is the shortest part of a secret that counts as giving it away.
const window = 8

// Scrubber takes secrets out of text that came from elsewhere: errors, quoted replies. The tool's own
// words never contain one, so they do not pass through here. Safe for concurrent use; nil scrubs nothing.
type Scrubber struct {
	mu      sync.RWMutex
	whole   []string
	windows map[string]bool
}

// Add registers a secret. Of one of 16 bytes and more, every 8 consecutive bytes are taken out too,
// in either case: a peer may echo a part. Secrets under 3 bytes are ignored.
func (s *Scrubber) Add(secret string) {
	if s == nil || len(secret) < 3 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.whole = append(s.whole, asciiLower(secret))
	if len(secret) < 2*window {
		return
	}
	if s.windows == nil {
		s.windows = map[string]bool{}
	}
	lower := asciiLower(secret)
	for i := 0; i+window <= len(lower); i++ {
		s.windows[lower[i:i+window]] = true
	}
}

// Scrub returns text with every registered secret, and every telling part of one, as [redacted].
// Scrub before cutting a text short, or the cut hides the rest of a secret from it.
func (s *Scrubber) Scrub(text string) string {
	if s == nil || text == "" {
		return text
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	lower := asciiLower(text)
	hit := make([]bool, len(text))
	found := false
	mark := func(from, to int) {
		found = true
		for i := from; i < to; i++ {
			hit[i] = true
		}
	}
	for _, secret := range s.whole {
		for at := 0; ; {
			i := strings.Index(lower[at:], asciiLower(secret))
			if i < 0 {
				break
			}
			mark(at+i, at+i+len(secret))
			at += i + len(secret)
		}
	}
	if len(s.windows) > 0 {
		for i := 0; i+window <= len(lower); i++ {
			if s.windows[lower[i:i+window]] {
				mark(i, i+window)
			}
		}
	}
	if !found {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case !hit[i]:
			out.WriteByte(text[i])
		case i == 0 || !hit[i-1]:
			out.WriteString(redacted)
		}
	}
	return out.String()
}

// asciiLower keeps the length of the text, which strings.ToLower does not promise.
func asciiLower(text string) string {
	lower := []byte(text)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	return string(lower)
}

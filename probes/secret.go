package probes

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"opensrs-doctor/probes/foreign"
)

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
func (s Secret) Format(state fmt.State, _ rune) { io.WriteString(state, foreign.Redacted) }

// MarshalText makes JSON, YAML and XML print [redacted].
func (s Secret) MarshalText() ([]byte, error) { return []byte(foreign.Redacted), nil }

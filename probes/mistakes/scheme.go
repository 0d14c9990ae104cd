package mistakes

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"slices"
	"strings"
)

// scheme is a way to make a digest of body, key and name. The right one is two rounds of MD5 with the key
// behind the data and lower-case hex in between. It is comparable: two that are equal give equal digests.
type scheme struct {
	first, last algorithm // of the last round, and of those before it
	rounds      int       // 1 to 3
	key         [3]keyPlace
	between     [2]spelling // how the digest of a round enters the next one
	name        namePlace
	hmac        hmacKind // other than none: one HMAC instead of rounds
}

type algorithm int

const (
	withMD5 algorithm = iota
	withSHA1
	withSHA256
	algorithms = iota
)

func (a algorithm) new() hash.Hash {
	switch a {
	case withSHA1:
		return sha1.New()
	case withSHA256:
		return sha256.New()
	}
	return md5.New()
}

// size is the length of a digest, in bytes.
func (a algorithm) size() int { return [...]int{md5.Size, sha1.Size, sha256.Size}[a] }

type keyPlace int

const (
	keyBehind keyPlace = iota
	keyBefore
	noKey
)

type spelling int

const (
	lowerHex spelling = iota
	upperHex
	rawBytes
	inBase64
)

func (s spelling) of(digest []byte) []byte {
	switch s {
	case rawBytes:
		return digest
	case upperHex:
		return []byte(strings.ToUpper(hex.EncodeToString(digest)))
	case inBase64:
		return base64.StdEncoding.AppendEncode(nil, digest)
	}
	return hex.AppendEncode(nil, digest)
}

type namePlace int

const (
	noName namePlace = iota
	nameNextToBody
	nameBeforeKey // differs from the above where the key comes first
)

type hmacKind int

const (
	noHMAC hmacKind = iota
	hmacOfBody
	hmacOfKey // with body and key in each other's place
)

var rightScheme = scheme{rounds: 2}

// normal clears what has no effect, so that schemes with one effect are equal.
func (s scheme) normal() scheme {
	if s.hmac != noHMAC {
		s.first, s.rounds = s.last, 1
		s.key, s.between = [3]keyPlace{}, [2]spelling{}
		if s.name != noName {
			s.name = nameNextToBody
		}
	}
	for i := s.rounds; i < len(s.key); i++ {
		s.key[i] = keyBehind
		s.between[i-1] = lowerHex
	}
	if s.rounds == 1 {
		s.first = s.last
	}
	if s.name != noName && s.key[0] != keyBefore {
		s.name = nameNextToBody
	}
	return s
}

// The changes that mistakes make to a scheme.

func rounds(n int) func(scheme) (scheme, bool) {
	return func(s scheme) (scheme, bool) { s.rounds = n; return s, s.hmac == noHMAC }
}

func keyed(where keyPlace, rounds ...int) func(scheme) (scheme, bool) {
	return func(s scheme) (scheme, bool) {
		for _, round := range rounds {
			if s.key[round] != noKey {
				s.key[round] = where
			}
		}
		return s, true
	}
}

func spellBetween(how spelling) func(scheme) (scheme, bool) {
	return func(s scheme) (scheme, bool) { s.between = [2]spelling{how, how}; return s, true }
}

func spellOneOf(how spelling, gap int) func(scheme) (scheme, bool) {
	return func(s scheme) (scheme, bool) { s.between[gap] = how; return s, true }
}

func asHMAC(kind hmacKind) func(scheme) (scheme, bool) {
	return func(s scheme) (scheme, bool) { s.hmac = kind; return s, true }
}

// hashedWith puts another hash into all rounds; into the last one where another mistake did so already.
func hashedWith(a algorithm) func(scheme) (scheme, bool) {
	return func(s scheme) (scheme, bool) {
		if s.first == withMD5 {
			s.first = a
		}
		s.last = a
		return s, true
	}
}

func withUsername(where namePlace) func(scheme) (scheme, bool) {
	return func(s scheme) (scheme, bool) { s.name = where; return s, true }
}

// digest makes the digest of a body.
func (s scheme) digest(body *bodyForm, key, name []byte) []byte {
	if s.name == noName {
		name = nil
	}
	switch s.hmac {
	case hmacOfBody:
		return body.hashed(hmac.New(s.last.new, key), name, nil)
	case hmacOfKey:
		return hmacUnderBody(s.last, body, key, name)
	}
	digest := s.firstRound(body, key, name)
	for round := 1; round < s.rounds; round++ {
		h := s.last.new()
		if round < s.rounds-1 {
			h = s.first.new()
		}
		before, behind := s.sides(round, key)
		h.Write(before)
		h.Write(s.between[round-1].of(digest))
		h.Write(behind)
		digest = h.Sum(digest[:0])
	}
	return digest
}

func (s scheme) firstRound(body *bodyForm, key, name []byte) []byte {
	before, behind := s.sides(0, key)
	if len(before) == 0 && len(name) == 0 {
		h := body.begun(s.first)
		h.Write(behind)
		return h.Sum(nil)
	}
	if s.name == nameBeforeKey {
		before, name = name, before
	}
	return body.hashed(s.first.new(), slices.Concat(before, name), behind)
}

// sides is what comes before and after the data of a round.
func (s scheme) sides(round int, key []byte) (before, behind []byte) {
	switch s.key[round] {
	case keyBefore:
		return key, nil
	case keyBehind:
		return nil, key
	}
	return nil, nil
}

// hmacUnderBody is HMAC (RFC 2104) with the body as the key: one that is longer than a block is hashed first.
func hmacUnderBody(a algorithm, body *bodyForm, key, name []byte) []byte {
	var secret []byte
	if block := a.new().BlockSize(); body.length+len(name) > block {
		secret = body.hashed(a.new(), name, nil)
	} else {
		secret = slices.Concat(name, body.bytes())
	}
	h := hmac.New(a.new, secret)
	h.Write(key)
	return h.Sum(nil)
}

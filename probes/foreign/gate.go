package foreign

import (
	"encoding/asn1"
	"encoding/pem"
	"reflect"
	"strconv"
	"strings"
)

const (
	mostRead = 4 << 10 // bytes of a saying that a quote is made of
	margin   = 1 << 10 // of these, at the end of a longer one: they may be the begin of a secret, and are not shown
)

// Quote is the gate: what somebody else said as a Text of at most limit characters.
func (s *Scrubber) Quote(said string, limit int) Text {
	return Text{cut(s.taken(said), limit)}
}

// QuoteSent is Quote for the free words of a peer that was sent a secret: it may dress that up in ways that nobody
// thought of, so that whatever looks like a token is taken out too.
func (s *Scrubber) QuoteSent(said string, limit int) Text {
	return Text{cut(HideTokens(s.taken(said)), limit)}
}

// QuoteReply is QuoteSent for the free words of a reply of the API, which knows the account's balance: the amounts
// given, and all else that looks like an amount, are taken out too.
func (s *Scrubber) QuoteReply(said string, amounts []string, limit int) Text {
	return Text{cut(HideTokens(hideAmounts(s.taken(said), amounts)), limit)}
}

// QuoteNames is QuoteAll for host names. One whose labels hold a secret together is not shown.
func (s *Scrubber) QuoteNames(said []string, limit int) []Text {
	all := s.QuoteAll(said, limit)
	for i, name := range said {
		if strings.Contains(name, ".") && s.Holds([]byte(strings.ReplaceAll(Clean(name), ".", ""))) {
			all[i] = Ours(Redacted)
		}
	}
	return all
}

// QuoteAll is Quote for a list that is shown together: what its elements hold is looked for across their ends.
func (s *Scrubber) QuoteAll(said []string, limit int) []Text {
	var all []Text
	for _, one := range said {
		all = append(all, Text{Clean(one)})
	}
	whole := strings.Join(Strings(all), "\n")
	hit := s.find(whole)
	for i, from := 0, 0; i < len(all); i++ {
		text := all[i].marked
		if hit != nil {
			text = redact(text, hit[from:from+len(text)])
		}
		from += len(all[i].marked) + 1
		all[i] = Text{cut(text, limit)}
	}
	return all
}

// taken is the first part of what was said, clean and without a secret.
func (s *Scrubber) taken(said string) string {
	text, more := clean(said, mostRead)
	shown := len(text)
	if more {
		shown -= margin
		if space := strings.LastIndexByte(text[:shown], ' '); space > 0 {
			shown = space
		}
	}
	hit := s.find(text)
	if hit != nil {
		hit = hit[:shown]
	}
	return redact(text[:shown], hit)
}

// PEM is somebody else's certificate in PEM. The zero PEM is none.
type PEM struct{ text string }

func (p PEM) String() string { return p.text }

// IsZero reports whether there is no certificate, for omitzero of package encoding/json.
func (p PEM) IsZero() bool { return p.text == "" }

// MarshalText gives the certificate.
func (p PEM) MarshalText() ([]byte, error) { return []byte(p.text), nil }

// UnmarshalText takes the certificate of a saved report.
func (p *PEM) UnmarshalText(text []byte) error {
	p.text = ""
	if block, _ := pem.Decode(text); block != nil && block.Type == "CERTIFICATE" {
		p.text = string(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes}))
	}
	return nil
}

// PEM is the certificate with this DER; none where it holds a secret, which cannot be taken out of it.
func (s *Scrubber) PEM(der []byte) PEM {
	if s.Holds(der) || s.Holds([]byte(objectIdentifiers(der))) {
		return PEM{}
	}
	return PEM{string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
}

// objectIdentifiers are the numbers of the object identifiers in a DER encoding, in words, as programs that print a
// certificate show them. Bytes that only look like one, such as some of a random key, are none.
func objectIdentifiers(der []byte) string {
	var words strings.Builder
	writeIdentifiers(&words, der, 0)
	return words.String()
}

// deepestDER is how many values one inside another are looked into.
const deepestDER = 20

func writeIdentifiers(words *strings.Builder, der []byte, depth int) {
	for len(der) > 0 && depth < deepestDER {
		var value asn1.RawValue
		rest, err := asn1.Unmarshal(der, &value)
		if err != nil {
			return
		}
		der = rest
		switch registered := value.Class == asn1.ClassContextSpecific && value.Tag == 8; { // a name that is an identifier
		case value.IsCompound, value.Class == asn1.ClassUniversal && value.Tag == asn1.TagOctetString:
			writeIdentifiers(words, value.Bytes, depth+1)
		case value.Class == asn1.ClassUniversal && value.Tag == asn1.TagBitString && len(value.Bytes) > 1:
			writeIdentifiers(words, value.Bytes[1:], depth+1)
		case value.Class == asn1.ClassUniversal && value.Tag == asn1.TagOID, registered:
			number := uint64(0)
			for _, b := range value.Bytes {
				if number = number<<7 | uint64(b&0x7f); b < 0x80 {
					words.WriteString(strconv.FormatUint(number, 10))
					words.WriteByte(' ')
					number = 0
				}
			}
			words.WriteByte('\n')
		}
	}
}

// Again takes secrets that were added since out of all Texts in the exported fields below a pointer. A certificate
// that holds one becomes none.
func (s *Scrubber) Again(evidence any) {
	s.mu.Lock()
	late := s.late
	s.mu.Unlock()
	if !late {
		return
	}
	rewrite(reflect.ValueOf(evidence), s.Scrub, func(p PEM) PEM {
		if block, _ := pem.Decode([]byte(p.text)); block != nil && s.Holds(block.Bytes) {
			return PEM{}
		}
		return p
	})
}

// HideAmounts takes amounts that became known since out of all Texts in the exported fields below a pointer: out of
// those of the API's replies as QuoteReply does, out of others only the amounts themselves.
func HideAmounts(evidence any, amounts []string, ofReplies bool) {
	if len(amounts) == 0 {
		return
	}
	hide := hideKnownAmounts
	if ofReplies {
		hide = hideAmounts
	}
	rewrite(reflect.ValueOf(evidence), func(text string) string { return hide(text, amounts) },
		func(p PEM) PEM { return p })
}

func rewrite(v reflect.Value, change func(string) string, certificate func(PEM) PEM) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			rewrite(v.Elem(), change, certificate)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			rewrite(v.Index(i), change, certificate)
		}
	case reflect.Struct:
		switch at := v.Addr().Interface().(type) {
		case *Text:
			if changed := at.changed(change); changed != *at {
				*at = changed
			}
			return
		case *PEM:
			*at = certificate(*at)
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				rewrite(v.Field(i), change, certificate)
			}
		}
	}
}

// changed is the text with its foreign words changed.
func (t Text) changed(change func(string) string) Text {
	var out strings.Builder
	rest, depth := t.marked, 0
	for rest != "" {
		at := strings.IndexAny(rest, beginOurs+endOurs)
		if at < 0 {
			at = len(rest)
		}
		if depth > 0 {
			out.WriteString(rest[:at])
		} else {
			out.WriteString(change(rest[:at]))
		}
		if rest = rest[at:]; rest == "" {
			break
		}
		if strings.HasPrefix(rest, beginOurs) {
			depth++
		} else {
			depth--
		}
		out.WriteString(rest[:len(beginOurs)])
		rest = rest[len(beginOurs):]
	}
	return Text{out.String()}
}

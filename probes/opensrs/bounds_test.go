package opensrs

import (
	"strings"
	"testing"
)

// TestBounds: a body that is too large for the whole search ends with what could be tried, and says so; what
// needs one pass over it is found all the same.
func TestBounds(t *testing.T) {
	body := strings.Repeat("<item key='a'>é &amp; \"</item>\n", 2<<20/32)
	const limit = 40 << 20 // 20 passes
	try := func(signature string) Verdict {
		return explainWithin(Attempt{[]byte(body), []byte(clientKey), clientName, signature}, limit)
	}
	if got := try(strings.Repeat("0", 32)); !got.Cut || got.Mistakes[0] != WrongKey {
		t.Errorf("no end: %+v", got)
	}
	for id, signature := range map[string]string{
		BodyTrailingNewline: right(body+"\n", clientKey),
		BodyCRLF:            right(strings.ReplaceAll(body, "\n", "\r\n"), clientKey),
		KeyQuoted:           right(body, `"`+clientKey+`"`),
		SingleMD5:           m(body + clientKey),
		HMACMD5:             hmacWith(body, clientKey),
	} {
		if got := try(signature); got.Cut || len(got.Mistakes) != 1 || got.Mistakes[0] != id {
			t.Errorf("%s: %+v", id, got)
		}
	}
	got := try(right(body+"\n", clientKey+"\n"))
	if strings.Join(got.Mistakes, " ") != "body-trailing-newline key-trailing-newline" {
		t.Errorf("a pair that needs no further pass: %+v", got)
	}
	s := &search{targets: targets(strings.Repeat("0", 32)), limit: limit}
	s.body = &bodyForm{content: whole([]byte(body)), spent: &s.hashed, cost: int64(len(body))}
	s.keys, s.schemes = keyForms([]byte(clientKey)), schemeForms(true)
	if s.run([]byte(body)); s.hashed > limit+int64(len(body)) {
		t.Errorf("%d bytes were hashed, the bound is %d", s.hashed, limit)
	}
	if got := ExplainSignature(Attempt{Body: []byte("x"), Signature: strings.Repeat("0 ", 1<<20)}); got.Mistakes[0] != SignatureMalformed {
		t.Errorf("a signature of 2 MB: %+v", got)
	}
}

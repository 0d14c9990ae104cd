package mistakes

import (
	"bytes"
	"net/url"
	"strings"
	"testing"

	"opensrs-doctor/probes/opensrs"
)

// bodyOf is a body of that many bytes.
func bodyOf(size int) string {
	return strings.Repeat("<item key='a'>é &amp; \"</item>\n", size/32+1)[:size]
}

// TestSingleMistakesOfLargeBodies: over MaxPaired every single mistake is found, and no pair is tried; where one could
// be smaller than what was found, the verdict says so.
func TestSingleMistakesOfLargeBodies(t *testing.T) {
	body := bodyOf(MaxPaired + 1)
	for _, test := range []struct {
		want, signature string
		noPairs         bool
	}{
		{"", right(body, clientKey), false},
		{BodyTrailingNewline, right(body+"\n", clientKey), false},
		{BodyCRLF, right(strings.ReplaceAll(body, "\n", "\r\n"), clientKey), false},
		{BodyURLEncoded, right(url.QueryEscape(body), clientKey), false},
		{KeyQuoted, right(body, `"`+clientKey+`"`), false},
		{SingleMD5, m(body + clientKey), false},
		{HMACMD5, hmacWith(body, clientKey), false},
		{UppercaseHex + " " + KeyQuoted, upper(right(body, `"`+clientKey+`"`)), false},
		{WrongKey, strings.Repeat("0", 32), true},
		{WrongKey, right(body+"\n", clientKey+"\n"), true},
		{SignatureMalformed, "nothing", false},
		{SignatureMalformed, strings.Repeat("0", 40), true}, // a SHA-1
		{SignatureCut, right(body, clientKey)[:20], false},
	} {
		got := ExplainSignature(Attempt{[]byte(body), []byte(clientKey), clientName, test.signature})
		if strings.Join(got.Mistakes, " ") != test.want || got.NoPairs != test.noPairs {
			t.Errorf("want %q, no pairs %v: %+v", test.want, test.noPairs, got)
		}
	}
}

// TestPairsUpToTheBound: with a body of MaxPaired every pair is tried, also those of which the first mistake makes it
// larger than that, and those that come last.
func TestPairsUpToTheBound(t *testing.T) {
	body := bodyOf(MaxPaired)
	for want, signature := range map[string]string{
		BodyTrailingNewline + " " + KeyTrailingNewline: right(body+"\n", clientKey+"\n"),
		BodyTrailingNUL + " " + BodyURLEncoded:         right(url.QueryEscape(body+"\x00"), clientKey),
		SHA256 + " " + BodyUTF16:                       s256(s256(wideOf(body, true)+clientKey) + clientKey),
	} {
		got := ExplainSignature(Attempt{[]byte(body), []byte(clientKey), clientName, signature})
		if strings.Join(got.Mistakes, " ") != want || got.NoPairs {
			t.Errorf("want %q: %+v", want, got)
		}
	}
}

// TestRewritesAreBounded: with whatever body, the forms of one mistake are a few dozen. They are what the time for a
// large body grows with.
func TestRewritesAreBounded(t *testing.T) {
	everything := everyByte()
	for _, body := range [][]byte{everything, []byte(bodyOf(1 << 10)), append([]byte("xml="), everything...),
		append([]byte("\xEF\xBB\xBF<?xml version='1.0'?>\r\n<!DOCTYPE a>\n"), everything...)} {
		if made := len((&search{}).rewritten(&bodyForm{}, body)); made > 64 {
			t.Errorf("%d forms", made)
		}
	}
	if got := ExplainSignature(Attempt{Body: []byte("x"), Signature: strings.Repeat("0 ", 1<<20)}); got.Mistakes[0] != SignatureMalformed {
		t.Errorf("a signature of 2 MB: %+v", got)
	}
}

// everyByte has all bytes there are, twice.
func everyByte() []byte {
	all := make([]byte, 256)
	for c := range all {
		all[c] = byte(c)
	}
	return bytes.Repeat(all, 2)
}

func FuzzExplainSignature(f *testing.F) {
	f.Add([]byte(sentBodies[0]), []byte(clientKey), "bob", strings.Repeat("0x", 16))
	f.Add([]byte("\xff\xfe<\x00"), []byte("\x00"), "", right("", ""))
	f.Add([]byte("%3C&lt;"), []byte(""), "bob", "AAAAAAAAAAAAAAAAAAAAAA==")
	f.Fuzz(func(t *testing.T, body, key []byte, name, signature string) {
		if len(body) > 4096 || len(key) > 4096 {
			return
		}
		verdict := ExplainSignature(Attempt{body, key, name, signature})
		if verdict.Match != (len(verdict.Mistakes) == 0) || len(verdict.Forms) != len(verdict.Mistakes) {
			t.Errorf("a verdict that contradicts itself: %+v", verdict)
		}
		if !ExplainSignature(Attempt{body, key, name, opensrs.Sign(body, key)}).Match {
			t.Error("the right signature does not match")
		}
	})
}

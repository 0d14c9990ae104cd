package probes

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
	"unicode/utf16"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/opensrs"
)

// A reply that is packed says what is in it, and never what an account holds.
func TestReadPackedReply(t *testing.T) {
	zip := func(text string) []byte {
		var packed bytes.Buffer
		zipped := gzip.NewWriter(&packed)
		_, _ = zipped.Write([]byte(text))
		_ = zipped.Close()
		return packed.Bytes()
	}
	wide := func(text string) []byte {
		body := []byte{0xff, 0xfe}
		for _, unit := range utf16.Encode([]rune(text)) {
			body = append(body, byte(unit), byte(unit>>8))
		}
		return body
	}
	rich := string(opensrs.EncodeReply(200, "Balance 1234.56", true, "REPLY", "BALANCE", opensrs.AssocOf(map[string]string{"balance": "1234.56"})))
	cut := rich[:strings.Index(rich, "1234.56</item>")+len("1234.56")]
	for name, test := range map[string]struct {
		body          []byte
		packed, quote string
	}{
		"gzip, an envelope":        {zip(rich), evidence.PackedGzip, "200 Balance [redacted]"},
		"gzip, half an envelope":   {zip(cut), evidence.PackedGzip, "not well-formed"},
		"gzip, a page":             {zip("<html><title>Log in</title></html>"), evidence.PackedGzip, "Log in"},
		"gzip, cut short":          {zip(strings.Repeat("<p>Please wait</p>\n", 2000))[:60], evidence.PackedGzip, ""},
		"UTF-16, an envelope":      {wide(rich), evidence.PackedUTF16, "200 Balance [redacted]"},
		"UTF-16, half an envelope": {wide(cut), evidence.PackedUTF16, "not well-formed"},
		"neither":                  {[]byte("<html><title>Log in</title></html>"), "", "Log in"},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{scrub: &foreign.Scrubber{}}
			facts := &evidence.Call{HTTPStatus: 200}
			w.readEnvelope(facts, test.body, "text/xml")
			if facts.Packed != test.packed || facts.Failure == nil || facts.Failure.Kind != evidence.KindBadAnswer {
				t.Errorf("packed %q, failure %v", facts.Packed, facts.Failure)
			}
			if got := facts.Quote.String(); test.quote != "" && got != test.quote || strings.Contains(got, "1234.56") {
				t.Errorf("quote %q, want %q", got, test.quote)
			}
		})
	}
}

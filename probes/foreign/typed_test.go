package foreign

import (
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
)

// A key that was typed in the place of something else is not repeated, however it was dressed up on the way; what people
// type rightly is.
func TestMayBeSecret(t *testing.T) {
	const key = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f6071"
	pairs := func(separator string) string { return regexp.MustCompile(`..\B`).ReplaceAllString(key, "$0"+separator) }
	for _, text := range []string{key, key[:16], strings.ToUpper(key), "allow " + key, pairs(":"), pairs(" "), pairs("-"), pairs("\t"),
		"allow " + pairs(".")[:40], key[:56] + " " + key[56:], "0x" + pairs(", 0x"), `\x` + pairs(`\x`), base64.StdEncoding.EncodeToString([]byte(key)),
		"key: " + base64.RawURLEncoding.EncodeToString([]byte(key[:16])), "https://user:pass@proxy.example"} {
		if !MayBeSecret(text) {
			t.Errorf("%q is repeated", text)
		}
	}
	for _, text := range []string{"allow 203.0.113.0/25", "alow 203.0.113.0/33", "2001:db8:85a3::8a2e:370:7334", "allow 2001:db8:85a3::8a2e:370:7334/64,",
		"2026-11-26T12:00:00.123456Z GET /index", "calll", "rr-n1-tor.opensrs.net", "https://icanhazip.com", "00:1a:2b:3c:4d:5e"} {
		if MayBeSecret(text) {
			t.Errorf("%q is not repeated", text)
		}
	}
}

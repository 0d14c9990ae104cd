package foreign

import (
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"
)

// TestHoldsMuch: a key is found as it is written, and dressed; a path whose digits are a part of it by chance, read as one
// number of base 36, is none.
func TestHoldsMuch(t *testing.T) {
	key := strings.Repeat("5c7e0d91b2a4f638", 7)
	s := &Scrubber{}
	s.Add(key)
	number, _ := new(big.Int).SetString(key, 16)
	for _, text := range []string{key, "/etc/" + key, key[3:11], "x-" + strings.ToUpper(key[20:30]), strings.Join(strings.Split(key[:24], ""), "-"),
		hex.EncodeToString([]byte(key)), base64.StdEncoding.EncodeToString([]byte(key)), base64.StdEncoding.EncodeToString([]byte(key[5:25])),
		number.Text(10), number.Text(36)} {
		if !s.HoldsMuch(text) {
			t.Errorf("%s holds none", text)
		}
	}
	for _, path := range []string{"/tmp/TestSecretsEchoedbare-envelope3264057073/003/public.pem", "/tmp/TestSecretsEchoedbare-envelope3065982684/003/system.pem",
		"/tmp/TestSecretsEchoedbare-envelope3172737746/003/public.pem"} {
		if !s.Holds([]byte(path)) {
			t.Errorf("%s tells nothing any more", path)
		}
		if s.HoldsMuch(path) {
			t.Errorf("%s holds a key", path)
		}
	}
}

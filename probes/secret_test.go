package probes

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const exampleKey = "0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff"

func TestSecretPrintsRedacted(t *testing.T) {
	secret := NewSecret([]byte("  " + exampleKey + "\r\n"))
	if string(secret.Reveal()) != exampleKey {
		t.Errorf("white space around the key stays: %q", secret.Reveal())
	}
	document, err := json.Marshal(map[string]any{"a": secret, "b": &secret})
	if err != nil {
		t.Fatal(err)
	}
	printed := string(document)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p"} {
		printed += fmt.Sprintf(verb, secret) + fmt.Sprintf(verb, struct{ S Secret }{secret})
	}
	if strings.Contains(strings.ToLower(printed), exampleKey[:8]) || strings.Contains(printed, fmt.Sprintf("%x", exampleKey[:8])) {
		t.Errorf("the key is printed: %s", printed)
	}
}

func TestFingerprintOnlyOfKeys(t *testing.T) {
	for text, given := range map[string]bool{
		exampleKey[:62]: true, exampleKey[:32]: true, exampleKey[:30]: false, "": false,
		"correct horse battery staple, again": false, exampleKey[:31]: false,
	} {
		if got := NewSecret([]byte(text)).Fingerprint(); (got != nil) != given {
			t.Errorf("%q: a fingerprint is given: %v", text, got != nil)
		}
	}
}

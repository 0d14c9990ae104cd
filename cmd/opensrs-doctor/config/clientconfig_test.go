package config

import "testing"

func TestReadableClientConfig(t *testing.T) {
	for given, want := range map[string]string{
		"# caf\xe9\nOSRS_USERNAME=reseller": "# café\nOSRS_USERNAME=reseller",
		"# café":                            "# café",
	} {
		if got := readable([]byte(given)); got != want {
			t.Errorf("%q is read as %q, want %q", given, got, want)
		}
	}
}

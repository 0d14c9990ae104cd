package config

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"opensrs-doctor/probes/sandbox"
)

// TestCAFile: the authority of an endpoint of one's own is read for that endpoint, and for no public service.
func TestCAFile(t *testing.T) {
	dir := t.TempDir()
	ca, empty, text := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "empty"), filepath.Join(dir, "text")
	authority := sandbox.NewRoot(sandbox.Template{CommonName: "Relay Root", NotBefore: time.Now(), NotAfter: time.Now().AddDate(1, 0, 0)})
	writeFile(t, ca, string(authority.PEM()))
	writeFile(t, empty, "")
	writeFile(t, text, "no certificate\n")
	const horizon = "https://horizon.opensrs.net"
	for _, c := range []struct {
		args   []string
		file   string
		count  int    // of certificates read
		refuse string // what the error says
	}{
		{[]string{"--endpoint", "relay.example", "--ca-file", ca}, "", 1, ""},
		{nil, "endpoint: relay.example\nca-file: " + ca, 1, ""},
		{[]string{"--endpoint", "other.example"}, "endpoint: relay.example\nca-file: " + ca, 1, ""},
		{[]string{"--endpoint", horizon}, "endpoint: relay.example\nca-file: " + ca, 0, ""},
		{[]string{"--sandbox"}, "endpoint: relay.example\nca-file: " + ca, 0, ""},
		{[]string{"--ca-file", ca}, "", 0, "--ca-file: rr-n1-tor.opensrs.net is a public service"},
		{[]string{"--ca-file", ca, "--endpoint", horizon + ":443"}, "", 0, "--ca-file: horizon.opensrs.net is a public service"},
		{nil, "env: test\nca-file: " + ca, 0, "c.yaml:2: ca-file: horizon.opensrs.net is a public service"},
		{[]string{"--endpoint", "relay.example", "--ca-file", ca, "--public-roots", ca}, "", 0, "--ca-file and --public-roots contradict"},
		{[]string{"--endpoint", "relay.example", "--ca-file", ca}, "system-roots: " + ca, 0, "--ca-file and c.yaml:1: system-roots contradict"},
		{[]string{"--sandbox", "--ca-file", ca}, "", 0, "--ca-file does not go with --sandbox"},
		{[]string{"--endpoint", "relay.example", "--ca-file", empty}, "", 0, "holds no certificate"},
		{[]string{"--endpoint", "relay.example", "--ca-file", text}, "", 0, "holds no certificate"},
		{[]string{"--endpoint", "relay.example", "--ca-file", dir}, "", 0, "is a directory"},
		{[]string{"--endpoint", "relay.example", "--ca-file", "nowhere"}, "", 0, "--ca-file: cannot read nowhere"},
	} {
		r, err := requestOf(t, c.args, c.file, nil)
		switch {
		case err != nil:
			if c.refuse == "" || !strings.Contains(err.Error(), c.refuse) {
				t.Errorf("%v, %q: %v", c.args, c.file, err)
			}
		case c.refuse != "" || len(r.Options.CAFile) != c.count || (r.Options.CAPath != "") != (c.count > 0):
			t.Errorf("%v, %q: %d certificates of %s", c.args, c.file, len(r.Options.CAFile), r.Options.CAPath)
		}
	}
}

package probes

import (
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

// TestAddressIn: a port witness says in words of its own which address it saw.
func TestAddressIn(t *testing.T) {
	w := &world{scrub: &foreign.Scrubber{}}
	for text, want := range map[string]string{
		"Port 55443 test successful!\nYour IP: 203.0.113.77\n":  "203.0.113.77",
		"<b>10.1.0.2</b> behind <b>203.0.113.77</b>, 192.0.2.1": "203.0.113.77",
		"203.0.113.77\n": "203.0.113.77",
		"version 1.2.3, 999.999.999.999, 127.0.0.1": "",
		"Port 55443 test successful":                "",
		"":                                          "",
	} {
		got := w.addressIn(text)
		if got.IsValid() != (want != "") || want != "" && got.String() != want {
			t.Errorf("%q: %v, want %q", text, got, want)
		}
	}
}

// TestNowAndThen: only one address that gave nothing, and took a connection of the walk, is asked from many ports.
func TestNowAndThen(t *testing.T) {
	took := &evidence.Path{Port: []evidence.Hop{{TTL: 3, Answer: evidence.HopConnected}}}
	silent := &evidence.Path{Port: []evidence.Hop{{TTL: 3, Answer: evidence.HopSilence}}}
	one, two := &evidence.Port{Attempts: make([]evidence.Attempt, 1)}, &evidence.Port{Attempts: make([]evidence.Attempt, 2)}
	for _, c := range []struct {
		path *evidence.Path
		port *evidence.Port
		want bool
	}{{took, one, true}, {silent, one, false}, {nil, one, false}, {took, two, false}, {took, nil, false}} {
		if got := nowAndThen(findings{path: c.path}, c.port); got != c.want {
			t.Errorf("%+v %+v: %v", c.path, c.port, got)
		}
	}
}

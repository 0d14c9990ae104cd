package config

import (
	"strings"
	"testing"
)

// FuzzProxyURL: a proxy, as a user gives it. An error repeats nothing of what may be a login, and what is taken has a
// host and a port.
func FuzzProxyURL(f *testing.F) {
	const secret = "Corr3ctHorseBattery"
	for _, seed := range []string{"http://127.0.0.1:3128", "socks5://u:%s@[::1]:1080", "https://u:%s/x@proxy.example:8443", "http://u:%s#@x:1",
		"http://u:%s?@x:1", "u:%s@x", "http://x:65536", "://%s", "http://u:%s@\x00", "none", "env"} {
		f.Add(strings.ReplaceAll(seed, "%s", secret))
	}
	f.Fuzz(func(t *testing.T, text string) {
		proxy, err := parseProxy(text)
		switch {
		case err != nil && (strings.Contains(err.Error(), secret[:8]) || len(err.Error()) > 400):
			t.Errorf("the error repeats the text: %v", err)
		case err == nil && (proxy.Hostname() == "" || strings.ContainsAny(proxy.Host, " \r\n\x00/")):
			t.Errorf("%q became %q", text, proxy.Host)
		}
	})
}

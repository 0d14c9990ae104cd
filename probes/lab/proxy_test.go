//go:build linux

package lab

import "testing"

// Faults with a proxy in the environment.
var proxyFaults = []Fault{
	proxied("", "http-proxy-works", "http", nil, throughProxy),
	proxied("", "socks-proxy-works", "socks5", nil, throughProxy),
	{Name: "proxy-login-works", Check: throughProxy, Break: func(w *World) {
		w.UseProxy("http", "lab:s3same-0pen-pw")
		w.Proxy.Login = "lab:s3same-0pen-pw"
	}},
	{Name: "proxy-by-name-works", Check: throughProxy, Break: func(w *World) {
		w.Env["HTTPS_PROXY"] = "http://proxy.example:3128"
	}},
	proxied("proxy.unreachable", "nothing-listens", "http", func(p *Proxy) { p.Closed = true }, nil),
	proxied("proxy.unreachable", "silent", "http", func(p *Proxy) { p.Dead = true }, nil),
	proxied("proxy.unreachable", "socks-nothing-listens", "socks5", func(p *Proxy) { p.Closed = true }, nil),
	proxied("proxy.denied", "only-443", "http", func(p *Proxy) { p.Ports = []string{"443", "80"} }, nil),
	proxied("proxy.denied", "socks-ruleset", "socks5", func(p *Proxy) { p.Socks = 2 }, nil),
	proxied("proxy.auth-required", "http", "http", func(p *Proxy) { p.Login = "a:b" }, nil),
	proxied("proxy.auth-required", "socks", "socks5", func(p *Proxy) { p.Login = "a:b" }, nil),
	{Cause: "proxy.auth-required", Name: "wrong-password", Check: noPassword, Break: func(w *World) {
		w.UseProxy("http", "lab:wr0ng-pa55word")
		w.Proxy.Login = "lab:another"
	}},
	{Cause: "proxy.auth-required", Name: "socks-wrong-password", Check: noPassword, Break: func(w *World) {
		w.UseProxy("socks5", "lab:wr0ng-pa55word")
		w.Proxy.Login = "lab:another"
	}},
	proxied("proxy.upstream-failed", "502", "http", func(p *Proxy) { p.Status = "502 Bad Gateway" }, nil),
	proxied("proxy.upstream-failed", "503", "http", func(p *Proxy) { p.Status = "503 Service Unavailable" }, nil),
	proxied("proxy.upstream-failed", "504", "http", func(p *Proxy) { p.Status = "504 Gateway Timeout" }, nil),
	proxied("proxy.upstream-failed", "socks-network", "socks5", func(p *Proxy) { p.Socks = 3 }, nil),
	proxied("proxy.upstream-failed", "socks-host", "socks5", func(p *Proxy) { p.Socks = 4 }, nil),
	proxied("proxy.upstream-failed", "socks-refused", "socks5", func(p *Proxy) { p.Socks = 5 }, nil),
	{Cause: "rules.not-allowed", Name: "proxy-address-not-in-the-rules", Says: []string{proxyAddress},
		Break: func(w *World) {
			w.UseProxy("http", "")
			w.Rules = []string{"allow " + PublicIP}
			w.API.Allowed = onlyFrom(PublicIP)
		}},
}

// proxied is a fault in which the environment names a proxy of this scheme.
func proxied(cause, name, scheme string, change func(*Proxy), check func(*testing.T, *World, Result)) Fault {
	return Fault{Cause: cause, Name: name, Check: check, Break: func(w *World) {
		w.UseProxy(scheme, "")
		if change != nil {
			change(w.Proxy)
		}
	}}
}

// throughProxy: the service was called by the proxy, once.
func throughProxy(t *testing.T, w *World, _ Result) {
	callers := w.API.Callers.Distinct()
	if len(callers) != 1 || callers[0].String() != proxyAddress || w.API.Requests.Load() != 1 {
		t.Errorf("the service was called by %v, %d times, want once by %s",
			callers, w.API.Requests.Load(), proxyAddress)
	}
}

func noPassword(t *testing.T, _ *World, result Result) {
	expectNot(t, string(result.Stdout), "wr0ng-pa55word")
	expectNot(t, string(result.Stderr), "wr0ng-pa55word")
}

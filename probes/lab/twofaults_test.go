//go:build linux

package lab

import (
	"net/http"
	"time"
)

// both breaks two things.
func both(first, second func(*World)) func(*World) {
	return func(w *World) {
		first(w)
		second(w)
	}
}

func denies(w *World)      { w.Rules = lists["no-match"] }
func anotherKey(w *World)  { outcomes["401"](w) }
func filtered(w *World)    { w.ISP.Filter("forward", "tcp dport 55443 drop") }
func expired(w *World)     { certificate(w, apiIssuer(), lifetime(w, -90*day, -day)) }
func expiresSoon(w *World) { certificate(w, apiIssuer(), lifetime(w, -80*day, 5*day)) }
func outdated(w *World)    { w.SystemStore = strangeRoot().PEM() }
func panel(w *World)       { csf(w, "iptables-nft", "DROP", "") }
func slowResolver(w *World) {
	w.Resolvers = append([]*Resolver{{Address: "192.0.2.54", Dead: true}}, w.Resolvers...)
}
func noKey(w *World)       { w.Username, w.Key = "", "" }
func placeholder(w *World) { w.Key = "your-private-key-here" }

// twoFaults are worlds in which two things are wrong: what has to be mended first comes first, and the other one is not
// hidden where it was seen.
var twoFaults = []Fault{
	{Cause: "host.local-firewall", Name: "panel-and-another-key", Then: []string{}, Break: both(panel, anotherKey)},
	{Cause: "host.local-firewall", Name: "panel-and-rules-that-deny", Then: []string{"rules.not-allowed"}, Break: both(panel, denies)},
	{Cause: "host.local-firewall", Name: "panel-and-a-dead-resolver", Then: []string{"dns.slow-resolver"}, Break: both(slowResolver, panel)},
	{Cause: "host.local-firewall", Name: "panel-and-no-key", Then: []string{"config.credentials-missing"}, Break: both(panel, noKey)},
	{Cause: "host.local-firewall", Name: "panel-and-an-incident", Then: []string{"service.incident"}, Break: both(panel, incident)},
	{Cause: "host.reply-dropped", Name: "and-rules-that-deny", Then: []string{"rules.not-allowed"}, Break: both(dropsAnswers, denies)},
	{Cause: "port.filtered", Name: "and-rules-that-deny", Then: []string{"rules.not-allowed"}, Break: both(filtered, denies)},
	{Cause: "port.filtered", Name: "and-a-dead-resolver", Then: []string{"dns.slow-resolver"}, Break: both(slowResolver, filtered)},
	{Cause: "port.filtered", Name: "and-a-placeholder-for-a-key", Then: []string{"config.api-key-malformed"}, Break: both(filtered, placeholder)},
	{Cause: "port.refused", Name: "and-a-dead-resolver", Then: []string{"dns.slow-resolver"}, Break: both(slowResolver, func(w *World) { w.API.Closed = true })},
	{Cause: "port.refused", Name: "and-rules-that-deny", Then: []string{"rules.not-allowed"}, Break: both(denies, func(w *World) { w.API.Closed = true })},
	{Cause: "port.refused", Name: "and-a-pool", Then: []string{"egress.unstable"}, Break: both(pool, func(w *World) { w.API.Closed = true })},
	{Cause: "tls.intercepted", Name: "and-the-clock-ten-minutes-ahead", Then: []string{"host.clock-wrong"}, Break: both(intercepted, func(w *World) { w.Skew = -10 * time.Minute })},
	{Cause: "tls.intercepted", Name: "and-a-dead-resolver", Then: []string{"dns.slow-resolver"}, Break: both(slowResolver, intercepted)},
	{Cause: "tls.expired", Name: "and-a-dead-resolver", Then: []string{"dns.slow-resolver"}, Break: both(slowResolver, expired)},
	{Cause: "tls.expired", Name: "and-no-key", Then: []string{"config.credentials-missing"}, Break: both(expired, noKey)},
	{Cause: "rules.not-allowed", Name: "and-outdated-roots", Then: []string{"tls.local-roots-outdated"}, Break: both(outdated, func(w *World) {
		w.Rules, w.API.Allowed = lists["no-match"], onlyFrom("192.0.2.1")
	}), Or: []string{"tls.local-roots-outdated"}, Verdict: "fail"},
	{Cause: "call.auth-failed", Name: "and-it-expires-soon", Then: []string{"tls.expires-soon"}, Break: both(expiresSoon, anotherKey)},
	{Cause: "call.auth-failed", Name: "and-a-dead-resolver", Then: []string{"dns.slow-resolver"}, Break: both(slowResolver, anotherKey)},
	{Cause: "call.server-error", Name: "and-it-expires-soon", Then: []string{"tls.expires-soon"}, Break: both(expiresSoon, func(w *World) {
		w.API.Reply = Literal("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
	})},
	{Cause: "call.rate-limited", Name: "and-rules-that-deny", Then: []string{"rules.not-allowed"}, Break: both(denies, func(w *World) {
		w.API.Reply = Envelope(300, "Command rate exceeded")
	})},
	{Cause: "dns.hosts-override", Name: "and-a-filter", Or: []string{"port.filtered"}, Break: both(func(w *World) { w.HostsFile = NobodyIP + " " + Host + "\n" }, filtered)},
	{Cause: "proxy.auth-required", Name: "and-another-key", Then: []string{}, Break: both(anotherKey, func(w *World) {
		w.UseProxy("http", "")
		w.Proxy.Login = "bob:secret-of-the-proxy"
	})},
	{Cause: "proxy.denied", Name: "and-another-key", Then: []string{}, Break: both(anotherKey, func(w *World) {
		w.UseProxy("http", "")
		w.Proxy.Ports = []string{"443"}
	})},
	{Cause: "network.login-required", Name: "and-rules-that-deny", Break: both(denies, loginPages(http.StatusFound, "http://login.example/start", "Found"))},
	{Cause: "host.dead-tunnel", Name: "and-no-key", Then: []string{"config.credentials-missing"}, Break: both(tunnel("default"), noKey)},
}

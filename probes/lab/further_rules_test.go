//go:build linux

package lab

import (
	"strings"
	"testing"
)

// The access rules.
var furtherRules = []Fault{
	{Cause: "rules.not-allowed", Name: "planned-address-whatever-the-call-says", Says: []string{"203.0.113.50"},
		Break: func(w *World) { planned(w, []string{"allow " + PublicIP}, "203.0.113.50") }},
	{Name: "planned-address-allowed", Break: func(w *World) { planned(w, lists["allow"], "203.0.113.50") }},
	{Cause: "call.ip-denied", Name: "planned-address-allowed-and-this-host-is-not", Break: func(w *World) {
		planned(w, lists["allow"], "203.0.113.50")
		outcomes["denied"](w)
	}},
	{Cause: "call.auth-failed", Name: "planned-address-allowed", Then: []string{}, Break: func(w *World) {
		planned(w, lists["allow"], "203.0.113.50")
		outcomes["401"](w)
	}},
	{Cause: "rules.not-allowed", Name: "two-planned-addresses-make-no-pool", Says: []string{"203.0.113.200"}, Break: func(w *World) {
		planned(w, lists["allow"], PublicIP, "203.0.113.200")
	}},
	{Cause: "rules.denied", Name: "planned-address", Break: func(w *World) { planned(w, lists["deny"], PublicIP) }},
	{Cause: "rules.ambiguous", Name: "planned-address", Verdict: "warn", Break: func(w *World) {
		planned(w, lists["ambiguous"], PublicIP)
	}},
	{Name: "planned-address-without-rules", Break: func(w *World) { planned(w, nil, "203.0.113.50") }},
	{Cause: "rules.not-allowed", Name: "planned-address-and-only-the-rules", Break: func(w *World) {
		planned(w, lists["no-match"], "203.0.113.50")
		w.Flags = append(w.Flags, "--only", "rules")
		w.API.Closed = true
	}},
	{Cause: "rules.never-public", Name: "planned-private-address", Confidence: "certain", Then: []string{}, Says: []string{"10.0.0.1", "--egress-ip"},
		Break: func(w *World) { planned(w, []string{"allow 10.0.0.1"}, "10.0.0.1") }},
	{Cause: "rules.never-public", Name: "planned-private-address-and-only-the-rules", Says: []string{"CGNAT"}, Break: func(w *World) {
		planned(w, []string{"allow 100.64.0.0/25"}, "100.64.0.7")
		w.Flags = append(w.Flags, "--only", "rules", "--require", "rules")
	}},
	{Cause: "rules.never-public", Name: "every-allow-rule", Confidence: "certain", Then: []string{}, Says: []string{"rule 1, allow 10.0.0.1/32", "allow 203.0.113.10/32"},
		Break: func(w *World) {
			w.Rules = []string{"allow 10.0.0.1", "allow 192.168.0.0/25"}
			outcomes["denied"](w)
		}},
	{Cause: "rules.never-public", Name: "every-allow-rule-and-closed", Confidence: "likely", Break: func(w *World) {
		w.Rules = []string{"allow 10.0.0.1"}
		outcomes["closed"](w)
	}},
	{Cause: "rules.never-public", Name: "a-stray-rule", Verdict: "warn", Then: []string{}, Break: func(w *World) {
		w.Rules = []string{"allow 203.0.113.0/25", "allow 10.0.0.1"}
	}},
	{Cause: "rules.stale", Name: "every-allow-rule-is-private-and-accepted", Verdict: "warn", Then: []string{}, Break: func(w *World) {
		w.Rules = []string{"allow 10.0.0.1"}
	}},
	{Cause: "rules.not-allowed", Name: "only-denies-and-none-matches", Confidence: "certain", Break: func(w *World) {
		w.Rules = []string{"deny 192.0.2.0/25", "deny 203.0.113.200"}
		outcomes["denied"](w)
	}},
	{Cause: "rules.denied", Name: "deny-first-then-allow", Says: []string{"rule 1"}, Break: func(w *World) {
		w.Rules = []string{"deny 203.0.113.10", "allow 203.0.113.0/25"}
		outcomes["denied"](w)
	}},
	{Cause: "rules.ambiguous", Name: "deny-wide-then-allow", Break: func(w *World) {
		w.Rules = []string{"deny 203.0.113.0/25", "allow 203.0.113.10"}
		outcomes["denied"](w)
	}},
	{Cause: "rules.ambiguous", Name: "same-length", Verdict: "warn", Break: func(w *World) {
		w.Rules = []string{"allow 203.0.113.10", "deny 203.0.113.10"}
	}},
	{Cause: "rules.stale", Name: "denied-and-accepted", Verdict: "warn", Break: func(w *World) {
		w.Rules = []string{"deny 203.0.113.10", "allow 203.0.113.0/25"}
	}},
	{Name: "deny-for-somebody-else", Break: func(w *World) { w.Rules = []string{"deny 203.0.113.11", "allow 203.0.113.0/25"} }},
	{Name: "five-rules", Break: func(w *World) {
		w.Rules = []string{"allow 203.0.113.0/28", "allow 192.0.2.1", "allow 192.0.2.2", "allow 192.0.2.3", "deny 192.0.2.9"}
	}},
	{Name: "mapped-address-in-a-rule", Or: []string{"rules.invalid"}, Break: func(w *World) { w.Rules = []string{"allow ::ffff:203.0.113.10"} }},
	{Cause: "rules.not-allowed", Name: "five-rules-and-one-to-drop", Says: []string{"allow 203.0.113.10/32", "rule "}, Break: func(w *World) {
		for _, last := range []string{"1", "2", "3", "4", "5"} {
			w.Rules = append(w.Rules, "allow 192.0.2.10"+last)
		}
		outcomes["denied"](w)
	}},
	{Cause: "rules.never-public", Name: "the-private-address-is-in-the-rules", Says: []string{"allow 203.0.113.10/32"}, Break: func(w *World) {
		w.Rules = []string{"allow " + ClientIP}
		outcomes["denied"](w)
	}},
	{Cause: "rules.invalid", Name: "six-and-the-call-works", Break: func(w *World) { w.Rules = six() }},
	{Cause: "rules.invalid", Name: "six-and-none-allows", Or: []string{"rules.not-allowed"}, Break: func(w *World) {
		w.Rules = six()[1:]
		w.Rules = append(w.Rules, "allow 192.0.2.77")
		outcomes["denied"](w)
	}},
	{Cause: "rules.propagating", Name: "six-and-the-address-is-refused", Or: []string{"rules.invalid"}, Break: func(w *World) {
		w.Rules = six()
		outcomes["denied"](w)
	}},
	{Cause: "rules.invalid", Name: "slash-24-that-would-allow", Confidence: "likely", Says: []string{"which the control panel does not take"}, Break: func(w *World) {
		w.Rules = []string{"allow 203.0.113.0/24"}
		outcomes["denied"](w)
	}},
	{Cause: "rules.invalid", Name: "ipv6-only-and-the-call-works", Says: []string{"2001:db8::"}, Break: func(w *World) {
		w.Rules = []string{"allow 2001:db8::/64"}
	}},
	{Cause: "rules.invalid", Name: "twice-the-same", Verdict: "warn", Break: func(w *World) {
		w.Rules = []string{"allow 203.0.113.10", "allow 203.0.113.10/32"}
	}},
	{Cause: "rules.invalid", Name: "slash-zero", Break: func(w *World) { w.Rules = []string{"allow 0.0.0.0/0"} }},
	{Cause: "port.filtered", Name: "six-rules-and-a-filter", Break: func(w *World) {
		w.Rules = six()
		w.Gateway.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "rules.pool-partly-allowed", Name: "second-of-two-allowed", Says: []string{PublicIP, PublicIP2}, Break: func(w *World) {
		pool(w)
		w.Rules = []string{"allow " + PublicIP2}
		w.API.Allowed = onlyFrom(PublicIP2)
	}},
	{Cause: "rules.not-allowed", Name: "none-of-the-pool", Says: []string{PublicIP, PublicIP2}, Break: func(w *World) {
		pool(w)
		w.Rules = lists["no-match"]
		outcomes["denied"](w)
	}},
	{Cause: "call.ip-denied", Name: "pool-without-rules", Then: []string{"egress.unstable"}, Break: func(w *World) {
		pool(w)
		outcomes["denied"](w)
	}},
	{Cause: "rules.propagating", Name: "whole-pool-allowed", Then: []string{"egress.unstable"}, Break: func(w *World) {
		pool(w)
		w.Rules = lists["allow"]
		outcomes["denied"](w)
	}},
	{Cause: "call.permission-denied", Name: "sub-user-although-the-rules-deny", Then: []string{"rules.stale"}, Break: func(w *World) {
		w.Rules = lists["no-match"]
		w.API.Reply = Envelope(435, "Permission denied")
	}},
	{Cause: "call.rate-limited", Name: "although-the-rules-deny", Break: func(w *World) {
		w.Rules = lists["no-match"]
		w.API.Reply = Envelope(310, "Too many simultaneous connections")
	}},
	{Cause: "call.timeout", Name: "although-the-rules-deny", Check: second("rules.not-allowed"), Break: func(w *World) {
		w.Rules = lists["no-match"]
		w.API.Reply = Silence
	}},
	{Cause: "call.not-opensrs", Name: "although-the-rules-deny", Or: []string{"rules.not-allowed"}, Break: func(w *World) {
		w.Rules = lists["no-match"]
		w.API.Reply = HTTP("200 OK", "text/html", "<title>Guest network</title>")
	}},
	{Cause: "call.no-reply", Name: "reset-although-the-rules-allow", Confidence: "likely", Then: []string{}, Break: func(w *World) {
		w.Rules = lists["allow"]
		w.API.Reply = Reset
	}},
	{Cause: "rules.denied", Name: "reset", Confidence: "likely", Break: func(w *World) {
		w.Rules = lists["deny"]
		w.API.Reply = Reset
	}},
	{Cause: "tls.expired", Name: "then-the-rules", Then: []string{"rules.not-allowed"}, Break: func(w *World) {
		w.Rules = lists["no-match"]
		certificate(w, apiIssuer(), lifetime(w, -90*day, -day))
	}},
	{Cause: "dns.nxdomain", Name: "then-the-rules", Then: []string{"rules.denied"}, Break: func(w *World) {
		w.Rules = lists["deny"]
		delete(w.Zone, Host)
	}},
	{Cause: "host.offline", Name: "rules-are-not-judged", Then: []string{}, Break: func(w *World) {
		w.Rules = lists["no-match"]
		w.Client.IP("route del default")
	}},
	{Name: "nobody-asked-and-rules-given", Check: oneConnection, Break: func(w *World) {
		alone(w)
		w.Rules = lists["allow"]
	}},
	{Cause: "call.ip-denied", Name: "nobody-asked-and-rules-given", Break: func(w *World) {
		alone(w)
		w.Rules = lists["allow"]
		outcomes["denied"](w)
	}},
	{Cause: "call.auth-failed", Name: "nobody-asked-and-rules-given", Then: []string{}, Break: func(w *World) {
		alone(w)
		w.Rules = lists["no-match"]
		outcomes["401"](w)
	}},
	{Cause: "call.no-reply", Name: "nobody-asked-and-rules-given", Then: []string{}, Break: func(w *World) {
		alone(w)
		w.Rules = lists["no-match"]
		outcomes["closed"](w)
	}},
	{Cause: "egress.unknown", Name: "sources-dead-rules-given-and-all-works", Verdict: "warn", Break: func(w *World) {
		w.Sources[0].Dead, w.Sources[1].Dead = true, true
		w.Rules = lists["allow"]
	}},
	{Cause: "call.auth-failed", Name: "sources-dead-and-rules-given", Or: []string{"egress.unknown"}, Break: func(w *World) {
		w.Sources[0].Dead, w.Sources[1].Dead = true, true
		w.Rules = lists["allow"]
		outcomes["401"](w)
	}},
	{Name: "sources-by-dns-only", Break: func(w *World) {
		w.Sources = nil
		w.Flags = append(w.Flags, "--egress-source", "dns://192.0.2.53/whoami.example?type=A")
		w.Rules = lists["allow"]
	}},
	{Cause: "rules.not-allowed", Name: "only-dns-tells-the-address", Says: []string{PublicIP}, Break: func(w *World) {
		w.Sources[0].Dead, w.Sources[1].Dead = true, true
		w.Flags = append(w.Flags, "--egress-source", "dns://192.0.2.53/whoami.example?type=A")
		w.Rules = lists["no-match"]
		outcomes["denied"](w)
	}},
	{Name: "dns-sees-the-resolvers-address", Break: func(w *World) {
		w.SNAT(`meta l4proto udp ip daddr 192.0.2.54 ip saddr ` + ClientIP + ` snat to ` + PublicIP2)
		w.Resolvers = append(w.Resolvers, &Resolver{Address: "192.0.2.54"})
		w.Flags = append(w.Flags, "--egress-source", "dns://192.0.2.54/whoami.example?type=A")
		w.Rules = []string{"allow " + PublicIP}
	}},
	{Name: "one-source-talks-nonsense", Break: func(w *World) {
		w.Sources[0].Answer = Page(200, "text/html", "<html>hello</html>")
		w.Rules = lists["allow"]
	}},
	{Cause: "rules.not-allowed", Name: "address-of-the-second-line", Says: []string{PublicIP2}, Break: func(w *World) {
		w.Flags = append(w.Flags, "--source-ip", ClientIP2)
		w.Rules = []string{"allow " + PublicIP}
		w.API.Allowed = onlyFrom(PublicIP)
	}},
	{Name: "source-address-chosen", Check: func(t *testing.T, w *World, result Result) {
		oneConnection(t, w, result)
		if callers := w.API.Callers.Distinct(); len(callers) != 1 || callers[0].String() != PublicIP2 {
			t.Errorf("called by %v, want %s", callers, PublicIP2)
		}
	}, Break: func(w *World) {
		w.Flags = append(w.Flags, "--source-ip", ClientIP2)
		w.Rules = []string{"allow " + PublicIP2}
		w.API.Allowed = onlyFrom(PublicIP2)
	}},
}

func planned(w *World, rules []string, addresses ...string) {
	w.Sources, w.Rules = nil, rules
	for _, address := range addresses {
		w.Flags = append(w.Flags, "--egress-ip", address)
	}
}

func six() []string {
	return strings.Split("allow 203.0.113.0/25,allow 192.0.2.101,allow 192.0.2.102,allow 192.0.2.103,allow 192.0.2.104,allow 192.0.2.105", ",")
}

// second: that cause stands behind the first, and is no more than likely.
func second(cause string) func(*testing.T, *World, Result) {
	return func(t *testing.T, _ *World, result Result) {
		causes := grave(result.Report)
		if len(causes) < 2 || causes[1] != cause {
			t.Errorf("found %q, want %s as the second", causes, cause)
			return
		}
		if result.Report.Diagnoses[1].Confidence == "certain" {
			t.Errorf("%s is certain, although nobody said so", cause)
		}
	}
}

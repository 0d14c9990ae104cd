package fleet

import (
	"cmp"
	"encoding/json"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report"
	"opensrs-doctor/report/anonymize"
	"opensrs-doctor/report/screen"
)

// gather takes the facts of a report that can part one host from another.
func (h *host) gather(r *report.Report) {
	add := func(name, value string, probe int, identity bool) {
		if value = short(value); h.anonymous && anonymize.HoldsToken(value) {
			return // a token is the same thing within one report only
		}
		if value == "" && probe >= 0 { // nothing was found: that says how it went
			return
		}
		h.facts = append(h.facts, fact{name, cmp.Or(value, "none"), probe, identity})
	}
	known := func(name, value string) { add(name, value, -1, true) }
	known("target.endpoint", netaddr.HostPort{Host: r.Target.Host, Port: r.Target.Port}.String())
	known("target.environment", r.Target.Environment)
	if r.Target.Username != "" {
		known("target.username", r.Target.Username)
	}
	if h.key != "" { // that there is none is what fails, and does not part anything
		known("target.key_fingerprint", h.key)
	}
	if h.keySource != "" {
		known("target.key_source", h.keySource)
	}
	known("host.os", r.Host.OS)
	known("host.user", r.Host.User)
	known("host.store", r.Host.Store)
	known("host.resolvers_from", r.Host.ResolversBy)
	known("host.source_ip", r.Host.SourceIP)
	known("tool.version", r.Tool.Version)
	proxy := ""
	if r.Host.Proxy != nil {
		proxy = r.Host.Proxy.URL
	}
	known("host.proxy", proxy)
	for _, resolver := range r.Host.Resolvers {
		known("host.resolvers", resolver)
	}
	if len(r.Host.Resolvers) == 0 {
		known("host.resolvers", "")
	}
	if r.Host.LocalAddress != "" { // "" where nothing was connected: that says how it went
		known("host.network", network(r.Host.LocalAddress))
	}
	for _, route := range []struct {
		name string
		has  *bool
	}{{"host.has_ipv4_route", r.Host.HasIPv4Route}, {"host.has_ipv6_route", r.Host.HasIPv6Route}} {
		if route.has != nil {
			known(route.name, map[bool]string{true: "yes", false: "no"}[*route.has])
		}
	}
	if s := r.Host.System; s != nil {
		known("host.release", s.Release)
		known("host.kernel", s.Kernel)
	}
	if r.As != nil {
		known("as.target", r.As.Target)
	}
	for _, address := range r.Target.Addresses {
		add("target.addresses", address, 2, true)
	}
	h.gatherProbes(r, add)
	if h.issuer != "" {
		add("tls.issuer", h.issuer, 4, true)
	}
}

// network is the /24 that an IPv4 address is in; hosts of one network share what blocks it.
func network(address string) string {
	parts := strings.Split(address, ".")
	if len(parts) != 4 {
		return ""
	}
	return strings.Join(parts[:3], ".") + ".0/24"
}

// late are facts of a probe that say who somebody is, also where that probe failed.
var late = lazy.Value[map[string]bool]{Make: func() map[string]bool {
	return map[string]bool{"egress.ipv4": true, "dns.used": true, "dns.ipv4": true, "dns.hosts_file": true, "rules.rules": true, "rules.source": true,
		"tls.version": true, "tls.cipher_suite": true, "port.connected": true}
}}

// never are facts that tell how a run went, or that are another one in each.
var never = []string{"failure", "status", "success", "took", "date", "time", "_at", "made_up", "response", "class", "verdict", "envelope", "sent",
	"agree", "quote", "alert", "dns_seen", "uncounted", "handshake", "connected", "allowed", "local_address", "summary", "reply", "indicator", "description"}

// gatherProbes takes the texts and truths that the probes' facts have at their first level, and the texts of lists there.
func (h *host) gatherProbes(r *report.Report, add func(name, value string, probe int, identity bool)) {
	for i, row := range r.Probes {
		for member, value := range report.Members(row.Facts) {
			name := row.Name + "." + member
			h.look(name, value)
			if row.Status == evidence.Skip || len(h.facts) >= mostFacts || len(member) > 60 || !late.Get()[name] && telling(name) {
				continue
			}
			for _, text := range scalars(value) {
				add(screen.Clean(name), text, i, late.Get()[name])
			}
		}
	}
}

func telling(name string) bool {
	for _, part := range never {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// scalars are a value's texts: its own, or those of a list of texts.
func scalars(value json.RawMessage) []string {
	switch {
	case len(value) == 0 || len(value) > 64<<10:
		return nil
	case value[0] == '"':
		if text, ok := report.Text(value); ok {
			return []string{text}
		}
	case value[0] == 't':
		return []string{"yes"}
	case value[0] == 'f':
		return []string{"no"}
	case value[0] == '[':
		if all := texts(value); len(all) <= 20 {
			return all
		}
	}
	return nil
}

// texts are those of a list that holds nothing else.
func texts(list json.RawMessage) []string {
	var all []string
	for element := range report.Elements(list) {
		text, is := report.Text(element)
		if !is {
			return nil
		}
		all = append(all, text)
	}
	return all
}

package fleet

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/pattern"
	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// host is what is kept of one report.
type host struct {
	name      string // of the machine; with the file where it is a token
	file      string
	line      int
	runID     string
	at        time.Time
	verdict   string
	cause     string // the root cause; "" where all is well
	severity  string
	probe     int // of the cause: its place among the probes, -1 for none
	causes    []string
	summary   string
	fix       string
	key       string
	keySource string
	egress    []string
	rules     string // their verdict
	ruleList  []string
	issuer    string
	version   string
	offsetMS  float64
	anonymous bool
	same      string // what tells it from another machine of that name
	facts     []fact
}

// fact is one value of a host.
type fact struct {
	name, value string
	probe       int  // that found it, by its place; -1: known without any
	identity    bool // it says who somebody is, and not how it went: it may part hosts also where it was found late
}

// place is the file of the host's report, or the host's name where that file holds several.
func (h *host) place() string {
	if h.line > 0 {
		return h.name
	}
	return h.file
}

// token is what stands for a name or an address in an anonymized report.
var token = pattern.Of(`^(address|host|user|path|certificate|fingerprint)-[0-9]+`)

// longestValue is how many bytes of a value are compared.
const longestValue = 200

// hostOf keeps what is compared of a report.
func hostOf(r *report.Report, document Document) *host {
	h := &host{file: screen.Clean(document.File), line: document.Line, runID: r.RunID, at: r.StartedAt, verdict: r.Verdict, probe: -1,
		version: screen.Clean(r.Tool.Version), keySource: screen.Clean(r.Target.KeySource)}
	h.anonymous = token().MatchString(r.Host.Hostname) || token().MatchString(r.Target.Username) || token().MatchString(r.Host.LocalAddress)
	h.name = screen.Clip(cmp.Or(screen.Clean(r.Host.Hostname), "(no name)"), 100)
	h.same = fmt.Sprintf("%s %s %s %s:%d %s", h.name, screen.Clean(r.Host.LocalAddress), r.Target.Environment, screen.Clean(r.Target.Host), r.Target.Port, screen.Clean(r.Target.Username))
	if r.As != nil {
		h.same += " " + screen.Clean(r.As.Target)
	}
	if h.anonymous { // host-1 is another host in each report
		h.name += " (" + h.file + ")"
		h.same = h.file + " " + r.RunID
	}
	if len(r.Diagnoses) > 0 && r.Found() != report.VerdictPass {
		d := r.Diagnoses[0]
		h.cause, h.severity = screen.Clean(d.Cause), string(d.Severity)
		h.summary = screen.Clip(screen.Clean(cmp.Or(d.Summary, d.Cause)), longestValue)
		if len(d.Fixes) > 0 {
			h.fix = screen.Clip(screen.Clean(d.Fixes[0]), 300)
		}
		for i, name := range evidence.Names {
			if name == d.Probe {
				h.probe = i
			}
		}
		for _, d := range r.Diagnoses {
			if d.Severity != report.Info && len(h.causes) < 20 {
				h.causes = append(h.causes, screen.Clean(d.Cause))
			}
		}
	}
	if r.Target.KeyFingerprint != nil {
		h.key = screen.Clip(screen.Clean(*r.Target.KeyFingerprint), 20)
	}
	if !h.anonymous {
		h.egress = cleaned(report.Seen[report.EgressSeen](r, "egress").IPv4)
		rules := report.Seen[report.RulesSeen](r, "rules")
		h.rules, h.ruleList = screen.Clean(rules.Verdict), cleaned(rules.Rules)
	}
	if chain := report.Seen[report.TlsSeen](r, "tls").Chain; len(chain) > 0 && !h.anonymous {
		h.issuer = screen.Clip(screen.Clean(chain[len(chain)-1].Issuer), longestValue)
	}
	h.offsetMS = offset(r)
	h.gather(r)
	return h
}

func cleaned(texts []string) []string {
	var all []string
	for _, text := range texts {
		if text = screen.Clip(screen.Clean(text), longestValue); text != "" && len(all) < 100 {
			all = append(all, text)
		}
	}
	return all
}

// offset is how far the clock is ahead, where peers agree on that.
func offset(r *report.Report) float64 {
	for _, row := range r.Probes {
		if row.Name == "call" || row.Name == "tls" {
			var seen struct {
				Clock struct {
					OffsetMS float64 `json:"offset_ms"`
				} `json:"clock"`
			}
			if json.Unmarshal(row.Facts, &seen) == nil && seen.Clock.OffsetMS != 0 && !math.IsNaN(seen.Clock.OffsetMS) {
				return seen.Clock.OffsetMS
			}
		}
	}
	return 0
}

// gather takes the facts of a report that can part one host from another.
func (h *host) gather(r *report.Report) {
	add := func(name, value string, probe int, identity bool) {
		if value = screen.Clip(screen.Clean(value), longestValue); h.anonymous && token().MatchString(value) {
			return // a token is the same thing within one report only
		}
		h.facts = append(h.facts, fact{name, cmp.Or(value, "none"), probe, identity})
	}
	known := func(name, value string) { add(name, value, -1, true) }
	known("target.endpoint", evidence.HostPort{Host: r.Target.Host, Port: r.Target.Port}.String())
	known("target.environment", r.Target.Environment)
	known("target.username", r.Target.Username)
	known("target.key_fingerprint", h.key)
	known("target.key_source", h.keySource)
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
	known("host.network", network(r.Host.LocalAddress))
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
	if h.issuer != "" {
		add("tls.issuer", h.issuer, 4, true)
	}
	h.gatherProbes(r, add)
}

// network is the /24 that an IPv4 address is in; hosts of one network share what stands in its way.
func network(address string) string {
	parts := strings.Split(address, ".")
	if len(parts) != 4 {
		return ""
	}
	return strings.Join(parts[:3], ".") + ".0/24"
}

// late are facts of a probe that say who somebody is, also where that probe failed.
var late = map[string]bool{"egress.ipv4": true, "dns.used": true, "dns.ipv4": true, "dns.hosts_file": true, "rules.rules": true, "rules.source": true,
	"tls.version": true, "tls.cipher_suite": true, "port.connected": true}

// never are facts that tell how a run went, or that are another one in each.
var never = []string{"failure", "status", "success", "took", "date", "time", "_at", "made_up", "response", "class", "verdict", "envelope", "sent",
	"agree", "quote", "alert", "uncounted", "handshake", "connected", "allowed", "local_address", "summary", "reply", "indicator", "description"}

// gatherProbes takes the texts and truths that the probes' facts have at their first level, and the texts of lists there.
func (h *host) gatherProbes(r *report.Report, add func(name, value string, probe int, identity bool)) {
	for i, row := range r.Probes {
		if row.Status == evidence.Skip || len(row.Facts) > 1<<20 {
			continue
		}
		decoder := json.NewDecoder(bytes.NewReader(row.Facts))
		if opened, err := decoder.Token(); err != nil || opened != json.Delim('{') {
			continue
		}
		for decoder.More() && len(h.facts) < 500 {
			member, err := decoder.Token()
			key, is := member.(string)
			var value json.RawMessage
			if err != nil || !is || decoder.Decode(&value) != nil {
				break
			}
			name := row.Name + "." + screen.Clip(screen.Clean(key), 60)
			if !late[name] && telling(name) {
				continue
			}
			for _, text := range scalars(value) {
				add(name, text, i, late[name])
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
		var text string
		if json.Unmarshal(value, &text) == nil {
			return []string{text}
		}
	case value[0] == 't':
		return []string{"yes"}
	case value[0] == 'f':
		return []string{"no"}
	case value[0] == '[':
		var texts []string
		if json.Unmarshal(value, &texts) == nil && len(texts) <= 20 {
			return texts
		}
	}
	return nil
}

package fleet

import (
	"cmp"
	"encoding/json"
	"strconv"
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
	same      string // what tells it from another machine, besides its address
	local     string // its own address; "" where nothing was connected
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

// Bounds of what is kept of one host.
const (
	longestValue = 200 // columns of a text
	mostFacts    = 200 // facts; a real report has some 60
)

// hostOf keeps what is compared of a report.
func hostOf(r *report.Report, document Document) *host {
	h := &host{file: screen.Clean(document.File), line: document.Line, runID: r.RunID, at: r.StartedAt, verdict: r.Verdict, probe: -1,
		version: short(r.Tool.Version), keySource: short(r.Target.KeySource), local: short(r.Host.LocalAddress)}
	h.anonymous = token().MatchString(r.Host.Hostname) || token().MatchString(r.Target.Username) || token().MatchString(r.Host.LocalAddress)
	h.name = screen.Clip(cmp.Or(screen.Clean(r.Host.Hostname), "(no name)"), 100)
	h.same = strings.Join([]string{h.name, short(r.Target.Environment), short(r.Target.Host), strconv.Itoa(int(r.Target.Port)), short(r.Target.Username)}, " ")
	if r.As != nil {
		h.same += " " + short(r.As.Target)
	}
	if h.anonymous { // host-1 is another host in each report
		h.name += " (" + h.file + ")"
		h.same = h.file + " " + short(r.RunID)
	}
	if len(r.Diagnoses) > 0 && r.Found() != report.VerdictPass {
		d := r.Diagnoses[0]
		h.cause, h.severity = short(d.Cause), string(d.Severity)
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
				h.causes = append(h.causes, short(d.Cause))
			}
		}
	}
	if r.Target.KeyFingerprint != nil {
		h.key = screen.Clip(screen.Clean(*r.Target.KeyFingerprint), 20)
	}
	h.gather(r)
	return h
}

// short is a text that is safe to print and to keep.
func short(text string) string {
	if text = screen.Clean(text); len(text) > longestValue {
		text = screen.Clip(text, longestValue)
	}
	return text
}

func cleaned(texts []string) []string {
	var all []string
	for _, text := range texts {
		if text = short(text); text != "" && len(all) < 100 {
			all = append(all, text)
		}
	}
	return all
}

// look takes what the answer lists from a fact of a probe: addresses, rules, the chain's issuer, the clock.
func (h *host) look(name string, value json.RawMessage) {
	switch name {
	case "egress.ipv4":
		h.egress = h.named(cleaned(texts(value)))
	case "rules.rules":
		h.ruleList = h.named(cleaned(texts(value)))
	case "rules.verdict":
		h.rules = strings.Join(h.named(cleaned(scalars(value))), " ")
	case "tls.chain":
		for member, value := range report.Members(report.Last(value)) {
			if member != "issuer" {
				continue
			}
			if issuer := h.named(cleaned(scalars(value))); len(issuer) == 1 {
				h.issuer = issuer[0]
			}
		}
	case "tls.clock", "call.clock":
		for member, value := range report.Members(value) {
			if offset, err := strconv.ParseFloat(string(value), 64); member == "offset_ms" && err == nil && h.offsetMS == 0 {
				h.offsetMS = offset
			}
		}
	}
}

// named are the texts, or none in an anonymized report: a token is the same thing within one report only.
func (h *host) named(texts []string) []string {
	if h.anonymous {
		return nil
	}
	return texts
}

// gather takes the facts of a report that can part one host from another.
func (h *host) gather(r *report.Report) {
	add := func(name, value string, probe int, identity bool) {
		if value = short(value); h.anonymous && token().MatchString(value) {
			return // a token is the same thing within one report only
		}
		h.facts = append(h.facts, fact{name, cmp.Or(value, "none"), probe, identity})
	}
	known := func(name, value string) { add(name, value, -1, true) }
	known("target.endpoint", evidence.HostPort{Host: r.Target.Host, Port: r.Target.Port}.String())
	known("target.environment", r.Target.Environment)
	known("target.username", r.Target.Username)
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
		for member, value := range report.Members(row.Facts) {
			name := row.Name + "." + member
			h.look(name, value)
			if row.Status == evidence.Skip || len(h.facts) >= mostFacts || len(member) > 60 || !late[name] && telling(name) {
				continue
			}
			for _, text := range scalars(value) {
				add(screen.Clean(name), text, i, late[name])
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

package dns

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// HostsOverride: the hosts file pins the name to an address that DNS does not give.
func HostsOverride(e *evidence.Evidence) (condition.Finding, bool) {
	d := e.EndpointDNS()
	if d == nil || d.Used != evidence.UsedHosts {
		return condition.Finding{}, false
	}
	var real []netip.Addr
	said := false // a resolver that has not answered says nothing against the file
	for _, answer := range d.Answers {
		real = append(real, answer.A...)
		said = said || len(answer.A) > 0 || answer.Rcode == "NXDOMAIN" || answer.Rcode == "NOERROR"
	}
	if slices.ContainsFunc(d.HostsIPs, func(pinned netip.Addr) bool { return slices.Contains(real, pinned) }) {
		return strayHosts(d, real)
	}
	onlyIPv6 := len(d.IPv4) == 0 && e.Blocked() == "dns" // the file hides the IPv4 address that DNS has
	fails := e.Blocked() != "" || onlyIPv6               // whatever fails at a pinned address may be that address's own fault
	if !said || len(real) == 0 && (!fails || onlyIPv6 || isLocalhost(d.Name)) {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Severity: report.Warn, Values: prose.Values{"name": d.Name, "hosts_line": d.HostsFile,
		"hosts_address": screen.List(screen.Texts(d.HostsIPs))},
		Evidence: []string{fmt.Sprintf("%s pins %s to %s.", d.HostsFile, d.Name, screen.List(screen.Texts(d.HostsIPs)))}}
	if len(real) > 0 {
		finding.Culprit = &report.Culprit{Kind: "hosts-line", Name: d.Name, At: d.HostsFile, File: d.HostsFile,
			Text: strings.Join(screen.Texts(d.HostsIPs), " ") + " " + d.Name}
		finding.Values["dns_address"] = real[0].String()
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("DNS itself gives %s.", screen.List(screen.Texts(real))))
	} else {
		finding.Confidence = report.Likely
		finding.Evidence = append(finding.Evidence, reading.AnswerWords(d)...)
	}
	if fails {
		finding.Severity = report.Fail
	}
	if same, words := sameByDNS(e); words != "" {
		finding.Evidence = append(finding.Evidence, words)
		if same { // the entry is wrong, and it is not why this fails
			finding.Alone = true
			return finding, true
		}
	}
	if end, failed := reading.PortEnding(e); failed && end.By == reading.EndHere {
		finding.Alone = true // this host's own no comes before any address
		return finding, true
	}
	if fails {
		finding.First = true
		finding.Explains = evidence.Stops
		if onlyIPv6 || leadsElsewhere(e) {
			finding.Hides = append([]string{"dns.no-ipv4"}, elsewhere...)
		}
	}
	return finding, true
}

// isLocalhost: the name is one for this host, which its hosts file has and DNS does not (RFC 6761, 6.3).
func isLocalhost(name string) bool {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}

// BlockedPage: one resolver gives another address than the rest, which does not serve the endpoint, as that of the
// page that a filter shows for what it blocks; the address of the others takes the connection.
func BlockedPage(e *evidence.Evidence) (condition.Finding, bool) {
	d, blocked := e.EndpointDNS(), e.Blocked()
	if d == nil || e.Host.Proxy != nil || e.Port == nil || e.Port.ByDNS == nil || d.Used == evidence.UsedHosts || blocked != "port" && blocked != "tls" {
		return condition.Finding{}, false
	}
	other := e.Port.ByDNS.Address.Addr()
	at := slices.IndexFunc(d.Answers, func(a evidence.DNSAnswer) bool { return slices.Contains(a.A, other) })
	if !e.Port.ByDNS.Connected || at < 0 || len(d.IPv4) == 0 || iprules.NeverPublic(d.IPv4[0]) != "" { // else dns.sinkholed
		return condition.Finding{}, false
	}
	end, failed := reading.PortEnding(e)
	nobody := end.By == reading.EndSilence || end.By == reading.EndDevice && end.Answer.Answer == evidence.HopUnreachable
	if failed && (end.By == reading.EndHere || nobody && !e.HostAlive()) {
		return condition.Finding{}, false // nobody at all is at that address: an old one, as a rule, and no page
	}
	blocks, others := d.Used, d.Answers[at].Resolver
	return condition.Finding{First: true, Confidence: report.Likely, Explains: evidence.Stops,
		Culprit: &report.Culprit{Kind: "resolver", Name: blocks, At: d.Name, Text: screen.List(screen.Texts(d.IPv4))},
		Values:  prose.Values{"name": d.Name, "blocks": blocks, "answer": screen.List(screen.Texts(d.IPv4)), "others": others, "dns_address": other.String()},
		Evidence: []string{fmt.Sprintf("%s says that %s is %s; %s says %s.", blocks, d.Name, screen.List(screen.Texts(d.IPv4)), others,
			screen.List(screen.Texts(d.Answers[at].A))), fmt.Sprintf("%s takes a connection at port %d.", other, e.Port.ByDNS.Address.Port())}}, true
}

// strayHosts is for a file that pins the name to an address that DNS gives, and on another line to one that it does not
// give: programs take now the one, now the other.
func strayHosts(d *evidence.DNS, real []netip.Addr) (condition.Finding, bool) {
	for i, pinned := range d.HostsIPs {
		if slices.Contains(real, pinned) || !pinned.Is4() || i >= len(d.HostsLines) {
			continue
		}
		path := d.HostsFile[:max(strings.LastIndexByte(d.HostsFile, ':'), 0)]
		line := fmt.Sprintf("%s:%d", path, d.HostsLines[i])
		return condition.Finding{Severity: report.Warn, Alone: true,
			Values: prose.Values{"name": d.Name, "hosts_line": line, "hosts_address": pinned.String(), "dns_address": real[0].String()},
			Evidence: []string{fmt.Sprintf("%s pins %s to %s.", line, d.Name, pinned),
				fmt.Sprintf("DNS itself gives %s, which the hosts file has too.", screen.List(screen.Texts(real)))}}, true
	}
	return condition.Finding{}, false
}

// sameByDNS: the port fails at the address that DNS gives just as it does at the pinned one. words is what was seen
// there; "" where nobody looked.
func sameByDNS(e *evidence.Evidence) (same bool, words string) {
	if e.Port == nil || e.Port.ByDNS == nil {
		return false, ""
	}
	attempt := e.Port.ByDNS
	if attempt.Connected {
		return false, fmt.Sprintf("%s, which DNS gives, answers.", attempt.Address)
	}
	step := e.Step("port").Failure
	same = step != nil && attempt.Failure != nil && step.Kind == attempt.Failure.Kind
	return same, fmt.Sprintf("%s, which DNS gives, cannot be reached either (%s).", attempt.Address, reading.FailureWords(attempt.Failure))
}

package diagnose

import (
	"fmt"
	"net/netip"
	"slices"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

func whenDnsHostsOverride(e *evidence.Evidence) (Finding, bool) {
	d := endpointDNS(e)
	if d == nil || d.Used != "hosts file" {
		return Finding{}, false
	}
	var real []netip.Addr
	said := false // a resolver that has not answered says nothing against the file
	for _, answer := range d.Answers {
		real = append(real, answer.A...)
		said = said || len(answer.A) > 0 || answer.Rcode == "NXDOMAIN" || answer.Rcode == "NOERROR"
	}
	for _, address := range real {
		if slices.Contains(d.HostsIPs, address) {
			return Finding{}, false
		}
	}
	onlyIPv6 := len(d.IPv4) == 0 && Blocked(e) == "dns" // the file hides the IPv4 address that DNS has
	fails := Blocked(e) != "" && leadsElsewhere(e) || onlyIPv6
	if !said || len(real) == 0 && (!fails || onlyIPv6) {
		return Finding{}, false
	}
	finding := Finding{Severity: report.Warn, Values: Values{"name": d.Name, "hosts_line": d.HostsFile,
		"hosts_address": screen.List(screen.Texts(d.HostsIPs))},
		Evidence: []string{fmt.Sprintf("%s pins %s to %s.", d.HostsFile, d.Name, screen.List(screen.Texts(d.HostsIPs)))}}
	if len(real) > 0 {
		finding.Values["dns_address"] = real[0].String()
		finding.Evidence = append(finding.Evidence, fmt.Sprintf("DNS itself gives %s.", screen.List(screen.Texts(real))))
	} else {
		finding.Confidence = report.Likely
		finding.Evidence = append(finding.Evidence, answerWords(d)...)
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
	if fails {
		finding.First = true
		finding.Explains = stops
		finding.Hides = append([]string{"dns.no-ipv4"}, elsewhere...)
	}
	return finding, true
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
	return same, fmt.Sprintf("%s, which DNS gives, cannot be reached either (%s).", attempt.Address, failureWords(attempt.Failure))
}

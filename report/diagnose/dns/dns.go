// Package dns holds the conditions of the causes in the lookup of the endpoint's name, and in the answer. A condition is
// named as its cause, without "dns.".
package dns

import (
	"fmt"
	"slices"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// dnsFailed: the name that is connected to, the endpoint's or the proxy's, did not resolve.
func dnsFailed(e *evidence.Evidence) bool {
	return e.DNS != nil && !e.DNS.Literal && e.Step("dns").Status == evidence.Fail
}

// otherWorks is the other name that resolved, or "".
func otherWorks(d *evidence.DNS) string {
	if d.Other != nil && len(d.Other.A)+len(d.Other.AAAA) > 0 {
		return d.OtherName
	}
	return ""
}

// Seen is what the lookup showed: the beginning of a finding about it.
func Seen(e *evidence.Evidence) condition.Finding {
	d := e.DNS
	finding := condition.Finding{Values: prose.Values{"name": d.Name}, Evidence: append(reading.NoResolverWords(e.Host), reading.AnswerWords(d)...)}
	otherName(&finding, d)
	return finding
}

// otherName adds what became of another name.
func otherName(f *condition.Finding, d *evidence.DNS) {
	if other := otherWorks(d); other != "" {
		f.Values["other_names"] = "other names"
		f.Evidence = append(f.Evidence, "Another name, "+other+", does resolve.")
	} else if d.Other != nil {
		f.Values["other_fails"] = "other names"
		f.Evidence = append(f.Evidence, "Another name, "+d.OtherName+", does not resolve either.")
	}
}

// usedAnswer is the answer that decided; false where none did.
func usedAnswer(d *evidence.DNS) (evidence.DNSAnswer, bool) {
	for _, answer := range d.Answers {
		if answer.Resolver == d.Used {
			return answer, true
		}
	}
	return evidence.DNSAnswer{}, false
}

// NXDomain: the resolver that decided says that there is no such name.
func NXDomain(e *evidence.Evidence) (condition.Finding, bool) {
	if !dnsFailed(e) || e.DNS.OfProxy {
		return condition.Finding{}, false
	}
	used, ok := usedAnswer(e.DNS)
	if !ok || used.Rcode != "NXDOMAIN" {
		return condition.Finding{}, false
	}
	finding := Seen(e)
	finding.Values["resolver"] = reading.PlainServer(used.Resolver)
	return finding, true
}

// everyRcode is for a failure on which all resolvers that answer agree.
func everyRcode(e *evidence.Evidence, rcode string) (condition.Finding, bool) {
	if !dnsFailed(e) || e.DNS.Used != "" && !onlyAFailed(e, rcode) {
		return condition.Finding{}, false
	}
	same, others := 0, 0
	first := ""
	var saying []string
	for _, answer := range e.DNS.Answers {
		if answer.Resolver == evidence.BySystem {
			continue // it tells no return code
		}
		if answer.Rcode != "" && first == "" {
			first = answer.Rcode
		}
		if answer.Rcode == rcode {
			same++
			saying = append(saying, answer.Resolver)
		} else {
			others++
		}
	}
	if same == 0 || first != rcode {
		return condition.Finding{}, false
	}
	finding := Seen(e)
	finding.Values["resolvers"] = screen.List(reading.PlainServers(saying))
	if others > 0 {
		finding.Confidence = report.Likely
	}
	return finding, true
}

// onlyAFailed: the resolver that decided knows IPv6 addresses, and has this rcode for the IPv4 ones.
func onlyAFailed(e *evidence.Evidence, rcode string) bool {
	used, ok := usedAnswer(e.DNS)
	return ok && len(used.A) == 0 && len(used.AAAA) > 0 && used.Rcode == rcode
}

// ServFail: the resolvers that answer fail.
func ServFail(e *evidence.Evidence) (condition.Finding, bool) { return everyRcode(e, "SERVFAIL") }

// Refused: the resolvers that answer refuse to.
func Refused(e *evidence.Evidence) (condition.Finding, bool) { return everyRcode(e, "REFUSED") }

// leadsElsewhere reports whether what was reached at the address is not the service, or nothing was.
func leadsElsewhere(e *evidence.Evidence) bool {
	switch e.Blocked() {
	case "port":
		return true
	case "tls":
		trust := e.Trust()
		if e.TLS != nil && slices.ContainsFunc(e.TLS.Variants, func(v evidence.Variant) bool { return v.Proven }) {
			return false // an experiment met the service there
		}
		return trust == nil || !trust.Proven() || !trust.NameOK
	case "call":
		return e.FailedWith("call", evidence.KindBadAnswer, evidence.KindNotHTTP, evidence.KindHTTPStatus)
	}
	return false
}

// Sinkholed: the answer is an address that is never public, and the service is not there.
func Sinkholed(e *evidence.Evidence) (condition.Finding, bool) {
	d := e.EndpointDNS()
	if d == nil || len(d.IPv4) == 0 || d.Used == evidence.UsedHosts || !leadsElsewhere(e) {
		return condition.Finding{}, false
	}
	// Whoever shows a certificate that the public roots verify is the service, whatever it then says.
	kind := iprules.NeverPublic(d.IPv4[0])
	if kind == "" || e.Trust().Verified() {
		return condition.Finding{}, false
	}
	finding := Seen(e)
	finding.Values["answer"], finding.Values["kind_of_address"] = d.IPv4[0].String(), kind
	finding.Values["resolver"] = reading.PlainServer(d.Used)
	finding.Explains = evidence.Stops
	finding.Hides = elsewhere[1:]
	if kind == "private" || kind == "CGNAT" {
		finding.Values["private_answer"] = d.IPv4[0].String()
		finding.Confidence = report.Likely // it could be a VPN's address while the VPN is down
	}
	return finding, true
}

// elsewhere are the causes that a wrong address explains: everything behind it. A name that ends in a dot
// stands for all rows that begin with it.
var elsewhere = []string{"dns.sinkholed", "port.", "tls.", "call.not-opensrs", "call.no-reply", "call.redirected"}

// CaptivePortal: a name that nobody has registered resolves to the endpoint's address.
func CaptivePortal(e *evidence.Evidence) (condition.Finding, bool) {
	d := e.EndpointDNS()
	if d == nil || d.MadeUp == nil || d.Used == evidence.UsedHosts || e.Blocked() == "" || e.Blocked() == "dns" {
		return condition.Finding{}, false
	}
	for _, address := range d.MadeUp.A {
		if !slices.Contains(d.IPv4, address) {
			continue
		}
		return condition.Finding{Values: prose.Values{"answer": address.String()},
			Explains: evidence.Stops, First: true,
			Hides: elsewhere,
			Evidence: []string{fmt.Sprintf("%s, a name that no one has registered, resolves to %s too.",
				d.MadeUpName, address)}}, true
	}
	return condition.Finding{}, false
}

// NoIPv4: the name has IPv6 addresses only.
func NoIPv4(e *evidence.Evidence) (condition.Finding, bool) {
	if e.DNS == nil || e.DNS.OfProxy || e.Step("dns").Status != evidence.Fail || len(e.DNS.IPv4) > 0 || len(e.DNS.IPv6) == 0 {
		return condition.Finding{}, false
	}
	if used, ok := usedAnswer(e.DNS); ok && used.Rcode != "NOERROR" && used.Resolver != evidence.BySystem {
		return condition.Finding{}, false // whether there is an A record nobody has said
	}
	finding := condition.Finding{Values: prose.Values{"name": e.DNS.Name},
		Evidence: reading.AnswerWords(e.DNS)}
	if e.DNS.Literal {
		finding.Evidence = []string{"The endpoint was given as " + e.DNS.IPv6[0].String() + "."}
	}
	return finding, true
}

// UDPBlocked: resolvers answer over TCP and not over UDP.
func UDPBlocked(e *evidence.Evidence) (condition.Finding, bool) {
	if e.DNS == nil || e.Step("dns").Status == evidence.Fail {
		return condition.Finding{}, false
	}
	var only []string
	for _, answer := range e.DNS.Answers {
		switch {
		case answer.OnlyTCP:
			only = append(only, reading.PlainServer(answer.Resolver))
		case answer.Transport == "udp" && answer.Failure == nil:
			return condition.Finding{}, false // programs get their answer from this one
		}
	}
	if len(only) == 0 {
		return condition.Finding{}, false
	}
	return condition.Finding{Values: prose.Values{"resolver": screen.List(only)}, Evidence: []string{
		fmt.Sprintf("Asked four times over UDP, %s said nothing; over TCP it answered.", screen.List(only))}}, true
}

// SlowResolver: a resolver is dead or slow, and a later one answers.
func SlowResolver(e *evidence.Evidence) (condition.Finding, bool) {
	if finding, ok := tooLate(e); ok {
		return finding, true
	}
	d := e.DNS
	if d == nil || len(d.Slow) == 0 || e.Step("dns").Status == evidence.Fail {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Values: prose.Values{"name": d.Name, "resolver": reading.PlainServer(d.Slow[0])}, Evidence: reading.AnswerWords(d)}
	if d.Slow[0] != d.Used {
		finding.Values["good_resolver"] = reading.PlainServer(d.Used)
	} else {
		finding.Values["only_server"] = reading.PlainServer(d.Used)
	}
	switch slow := d.Slow[0]; {
	case slow != evidence.BySystem:
		finding.Values["slow_server"] = reading.PlainServer(slow)
	case e.Host.On("windows"):
		finding.Values["system_dns"] = "Get-DnsClientServerAddress and Get-DnsClientNrptPolicy in PowerShell"
	default:
		finding.Values["system_dns"] = "scutil --dns"
	}
	for _, answer := range d.Answers {
		if answer.Resolver == d.Slow[0] && answer.TookMS > 0 {
			finding.Evidence = append(finding.Evidence, fmt.Sprintf("The wait for %s took %.1f s.", finding.Values["resolver"], answer.TookMS/1000))
		}
	}
	return finding, true
}

// tooLate: the answer came after the run had stopped waiting for it.
func tooLate(e *evidence.Evidence) (condition.Finding, bool) {
	if !dnsFailed(e) || e.DNS.Used != "" || !e.FailedWith("dns", evidence.KindTimeout) {
		return condition.Finding{}, false
	}
	for _, answer := range e.DNS.Answers {
		if len(answer.A) > 0 && answer.Failure == nil {
			server := reading.PlainServer(answer.Resolver)
			took := fmt.Sprintf("%.1f s", answer.TookMS/1000)
			return condition.Finding{Severity: report.Fail, Confidence: report.Likely,
				Values:   prose.Values{"name": e.DNS.Name, "resolver": server, "only_server": server, "answer_took": took},
				Evidence: append(reading.AnswerWords(e.DNS), "The answer of "+server+" took "+took+".")}, true
		}
	}
	return condition.Finding{}, false
}

package diagnose

import (
	"fmt"
	"net/netip"
	"slices"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// endpointDNS is the endpoint's own resolution; nil where a proxy's name was resolved, or nothing was looked up.
func endpointDNS(e *evidence.Evidence) *evidence.DNS {
	if e.DNS == nil || e.DNS.OfProxy || e.DNS.Literal {
		return nil
	}
	return e.DNS
}

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

func dnsFinding(e *evidence.Evidence) Finding {
	d := e.DNS
	finding := Finding{Values: prose.Values{"name": d.Name}, Evidence: append(reading.NoResolverWords(e.Host), reading.AnswerWords(d)...)}
	finding.otherName(d)
	return finding
}

// otherName adds what became of another name.
func (f *Finding) otherName(d *evidence.DNS) {
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

// otherAnswer says which resolver has other addresses than those that were tried, and which; "" where none has.
func otherAnswer(e *evidence.Evidence) string {
	d := endpointDNS(e)
	if d == nil || d.Used == evidence.UsedHosts || d.Used == "" {
		return ""
	}
	for _, answer := range d.Answers {
		tried := func(address netip.Addr) bool { return slices.Contains(d.IPv4, address) }
		if answer.Resolver == d.Used || len(answer.A) == 0 || slices.ContainsFunc(answer.A, tried) {
			continue
		}
		return fmt.Sprintf("The resolvers differ: %s gives %s, and %s gives %s.", reading.PlainServer(d.Used), screen.List(screen.Texts(d.IPv4)),
			reading.PlainServer(answer.Resolver), screen.List(screen.Texts(answer.A)))
	}
	return ""
}

func whenDnsNxdomain(e *evidence.Evidence) (Finding, bool) {
	if !dnsFailed(e) || e.DNS.OfProxy {
		return Finding{}, false
	}
	used, ok := usedAnswer(e.DNS)
	if !ok || used.Rcode != "NXDOMAIN" {
		return Finding{}, false
	}
	finding := dnsFinding(e)
	finding.Values["resolver"] = reading.PlainServer(used.Resolver)
	return finding, true
}

// everyRcode is for a failure on which all resolvers that answer agree.
func everyRcode(e *evidence.Evidence, rcode string) (Finding, bool) {
	if !dnsFailed(e) || e.DNS.Used != "" && !onlyAFailed(e, rcode) {
		return Finding{}, false
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
		return Finding{}, false
	}
	finding := dnsFinding(e)
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

func whenDnsServfail(e *evidence.Evidence) (Finding, bool) { return everyRcode(e, "SERVFAIL") }

func whenDnsRefused(e *evidence.Evidence) (Finding, bool) { return everyRcode(e, "REFUSED") }

// leadsElsewhere reports whether what was reached at the address is not the service, or nothing was.
func leadsElsewhere(e *evidence.Evidence) bool {
	switch Blocked(e) {
	case "port":
		return true
	case "tls":
		trust := trustOf(e)
		if e.TLS != nil && slices.ContainsFunc(e.TLS.Variants, func(v evidence.Variant) bool { return v.Proven }) {
			return false // an experiment met the service there
		}
		return trust == nil || !trust.Proven() || !trust.NameOK
	case "call":
		return failedWith(e, "call", evidence.KindBadAnswer, evidence.KindNotHTTP, evidence.KindHTTPStatus)
	}
	return false
}

func whenDnsSinkholed(e *evidence.Evidence) (Finding, bool) {
	d := endpointDNS(e)
	if d == nil || len(d.IPv4) == 0 || d.Used == evidence.UsedHosts || !leadsElsewhere(e) {
		return Finding{}, false
	}
	// Whoever shows a certificate that the public roots verify is the service, whatever it then says.
	kind := iprules.NeverPublic(d.IPv4[0])
	if kind == "" || trustOf(e).Verified() {
		return Finding{}, false
	}
	finding := dnsFinding(e)
	finding.Values["answer"], finding.Values["kind_of_address"] = d.IPv4[0].String(), kind
	finding.Values["resolver"] = reading.PlainServer(d.Used)
	finding.Explains = stops
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

func whenDnsCaptivePortal(e *evidence.Evidence) (Finding, bool) {
	d := endpointDNS(e)
	if d == nil || d.MadeUp == nil || d.Used == evidence.UsedHosts || Blocked(e) == "" || Blocked(e) == "dns" {
		return Finding{}, false
	}
	for _, address := range d.MadeUp.A {
		if !slices.Contains(d.IPv4, address) {
			continue
		}
		return Finding{Values: prose.Values{"answer": address.String()},
			Explains: stops, First: true,
			Hides: elsewhere,
			Evidence: []string{fmt.Sprintf("%s, a name that no one has registered, resolves to %s too.",
				d.MadeUpName, address)}}, true
	}
	return Finding{}, false
}

func whenDnsNoIpv4(e *evidence.Evidence) (Finding, bool) {
	if e.DNS == nil || e.DNS.OfProxy || e.Step("dns").Status != evidence.Fail || len(e.DNS.IPv4) > 0 || len(e.DNS.IPv6) == 0 {
		return Finding{}, false
	}
	if used, ok := usedAnswer(e.DNS); ok && used.Rcode != "NOERROR" && used.Resolver != evidence.BySystem {
		return Finding{}, false // whether there is an A record nobody has said
	}
	finding := Finding{Values: prose.Values{"name": e.DNS.Name},
		Evidence: reading.AnswerWords(e.DNS)}
	if e.DNS.Literal {
		finding.Evidence = []string{"The endpoint was given as " + e.DNS.IPv6[0].String() + "."}
	}
	return finding, true
}

func whenDnsUdpBlocked(e *evidence.Evidence) (Finding, bool) {
	if e.DNS == nil || e.Step("dns").Status == evidence.Fail {
		return Finding{}, false
	}
	var only []string
	for _, answer := range e.DNS.Answers {
		switch {
		case answer.OnlyTCP:
			only = append(only, reading.PlainServer(answer.Resolver))
		case answer.Transport == "udp" && answer.Failure == nil:
			return Finding{}, false // programs get their answer from this one
		}
	}
	if len(only) == 0 {
		return Finding{}, false
	}
	return Finding{Values: prose.Values{"resolver": screen.List(only)}, Evidence: []string{
		fmt.Sprintf("Asked four times over UDP, %s said nothing; over TCP it answered.", screen.List(only))}}, true
}

// whenClientDNSDiffers: this program asks the name servers of resolv.conf itself, and glibc's programs ask none.
func whenClientDNSDiffers(e *evidence.Evidence) (Finding, bool) {
	if finding, differs := whenClient(e, clientDNS); differs {
		finding.Values["who_resolves"] = finding.Values["clients"] + ": another address"
		if finding.Severity == report.Fail {
			finding.Values["who_resolves"] = finding.Values["clients"] + ": no usable address"
		}
		finding.Values["name"] = e.DNS.Name
		if e.DNS.NoLibcDNS == "" {
			finding.Values["otherwise"] = finding.Values["clients"]
			return finding, true
		}
		finding.Values["nsswitch"], finding.Culprit = e.DNS.NoLibcDNS, noLibcDNS(e.DNS)
		return finding, true
	}
	d := e.DNS
	if d == nil || d.Used == "" || len(d.IPv4)+len(d.IPv6) == 0 {
		return Finding{}, false
	}
	if found := slices.Concat(d.IPv4, d.IPv6); d.SearchedName != "" && !slices.ContainsFunc(d.Searched, func(a netip.Addr) bool { return slices.Contains(found, a) }) {
		return Finding{Values: prose.Values{"name": d.Name, "who_resolves": "Programs that use libc find another address", "searched": d.SearchedName,
			"search_in": e.Host.ResolversBy},
			Evidence: []string{fmt.Sprintf("%s is %s; %s is %s.", d.SearchedName, screen.List(screen.Texts(d.Searched)), d.Name, screen.List(screen.Texts(found)))}}, true
	}
	if d.NoLibcDNS == "" {
		return Finding{}, false
	}
	return Finding{Values: prose.Values{"name": d.Name, "nsswitch": d.NoLibcDNS, "who_resolves": "Programs that use glibc find no address"},
		Culprit: noLibcDNS(d),
		Evidence: []string{fmt.Sprintf("%s is not in the hosts file; %s gives %s.", d.Name, d.Used,
			screen.List(screen.Texts(append(slices.Clone(d.IPv4), d.IPv6...))))}}, true
}

// noLibcDNS is the line that keeps glibc from asking name servers.
func noLibcDNS(d *evidence.DNS) *report.Culprit {
	return &report.Culprit{Kind: "setting", Name: "hosts", At: d.NoLibcDNS, File: d.NoLibcDNS}
}

func whenDnsSlowResolver(e *evidence.Evidence) (Finding, bool) {
	d := e.DNS
	if d == nil || len(d.Slow) == 0 || e.Step("dns").Status == evidence.Fail {
		return Finding{}, false
	}
	finding := Finding{Values: prose.Values{"name": d.Name, "resolver": reading.PlainServer(d.Slow[0]),
		"good_resolver": reading.PlainServer(d.Used)}, Evidence: reading.AnswerWords(d)}
	switch slow := d.Slow[0]; {
	case slow != evidence.BySystem:
		finding.Values["slow_server"] = reading.PlainServer(slow)
	case onSystem(e, "windows"):
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

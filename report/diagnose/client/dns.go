package client

import (
	"fmt"
	"net/netip"
	"slices"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/screen"
)

// DNSDiffers: this program asks the name servers of resolv.conf itself, and glibc's programs ask none.
func DNSDiffers(e *evidence.Evidence) (condition.Finding, bool) {
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
		return condition.Finding{}, false
	}
	if found := slices.Concat(d.IPv4, d.IPv6); d.SearchedName != "" && len(d.Searched) > 0 && !slices.ContainsFunc(d.Searched, func(a netip.Addr) bool { return slices.Contains(found, a) }) {
		return condition.Finding{Values: prose.Values{"name": d.Name, "who_resolves": "Programs that use libc find another address", "searched": d.SearchedName,
			"search_in": e.Host.ResolversBy},
			Evidence: []string{fmt.Sprintf("%s is %s; %s is %s.", d.SearchedName, screen.List(screen.Texts(d.Searched)), d.Name, screen.List(screen.Texts(found)))}}, true
	}
	if d.NoLibcDNS == "" {
		return condition.Finding{}, false
	}
	return condition.Finding{Values: prose.Values{"name": d.Name, "nsswitch": d.NoLibcDNS, "who_resolves": "Programs that use glibc find no address"},
		Culprit: noLibcDNS(d),
		Evidence: []string{fmt.Sprintf("%s is not in the hosts file; %s gives %s.", d.Name, d.Used,
			screen.List(screen.Texts(append(slices.Clone(d.IPv4), d.IPv6...))))}}, true
}

// noLibcDNS is the line that keeps glibc from asking name servers.
func noLibcDNS(d *evidence.DNS) *report.Culprit {
	return &report.Culprit{Kind: "setting", Name: "hosts", At: d.NoLibcDNS, File: d.NoLibcDNS}
}

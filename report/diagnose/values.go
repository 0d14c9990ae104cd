package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// commonValues are the placeholders that every row may use: what is known of the run as a whole. What is
// not known has no value, and the sentences that need it are left out.
func commonValues(e *evidence.Evidence) prose.Values {
	v := prose.Values{}
	set := func(name, value string) {
		if value != "" {
			v[name] = value
		}
	}
	set("host", e.Target.Host)
	set("port", strconv.Itoa(int(e.Target.Port)))
	set("endpoint", evidence.HostPort{Host: e.Target.Host, Port: e.Target.Port}.String())
	if set("ca_file", e.Asked.CAFile); e.Asked.CAFile == "" && e.Target.CustomEndpoint {
		set("own_endpoint", v["endpoint"]) // who gives the endpoint's authority knows which server it is
	}
	if tried := e.Tried(); tried.IsValid() && e.Host.Proxy == nil {
		set("address", tried.Addr().Unmap().String())
	} else if len(e.Target.Addresses) > 0 {
		set("address", e.Target.Addresses[0].String())
	}
	if e.Target.Environment == evidence.EnvSandbox { // what a fault shows is advice for a real account
		set("environment", "right")
		set("panel", prose.Vocabulary["panel"])
	} else {
		set("environment", e.Target.Environment)
		set("other_env", service.OpenSRS.Other(e.Target.Environment).Name)
		set("panel", "the "+service.OpenSRS.Panel+" of the "+e.Target.Environment+" environment")
	}
	set("username", e.Target.Username)
	if e.Target.KeyFingerprint != nil {
		set("fingerprint", *e.Target.KeyFingerprint)
	}
	set("key_source", e.Asked.KeySource)
	if addresses := e.Egress.Addresses(); len(addresses) > 0 {
		set("egress", addresses[0].String())
		set("egress_all", screen.List(screen.Texts(addresses)))
	}
	if e.Host.LocalAddress.IsValid() {
		set("local_address", e.Host.LocalAddress.String())
	}
	if e.Host.Proxy != nil {
		set("proxy", e.Host.Proxy.URL)
		set("proxy_from", e.Host.Proxy.From)
		_, address, _ := strings.Cut(e.Host.Proxy.URL, "://")
		set("proxy_host", address)
	}
	if len(e.Host.Resolvers) > 0 {
		set("resolver", reading.PlainServer(e.Host.Resolvers[0]))
		set("resolvers", screen.List(reading.PlainServers(e.Host.Resolvers)))
	}
	if d := e.Direct; d == nil || d.Resolves && (d.Attempt == nil || d.Attempt.Connected) {
		set("direct_way", "the path without the proxy")
	}
	if e.Host.ResolversBy != reading.GivenResolver {
		set("resolvers_by", e.Host.ResolversBy)
	}
	set("rules_source", rulesSource(e))
	if page := e.StatusPage; page == nil || page.Failure != nil || page.Indicator.String() != "none" {
		set("status_url", statusPage(e.Asked.StatusURL)) // this run has read it where it says that all is well
	}
	if e.Asked.Witness == "" && e.Asked.NoneAsked != "--no-third-parties" && !e.Target.Sandbox && !e.Target.Inside() && e.Host.Proxy == nil {
		set("witness_url", fmt.Sprintf("http://%s:%d/", evidence.WitnessHost, e.Target.Port))
	}
	set("lower_mtu", lowerMTU(e))
	if good, _ := e.ControlPeers(); len(good) > 0 {
		set("peers", "Well-known peers")
	}
	return v
}

// rulesSource is where the rules were given: a path, or the flags.
func rulesSource(e *evidence.Evidence) string {
	if e.Asked.RulesSource == "--rule" {
		return "the --rule flags"
	}
	return e.Asked.RulesSource
}

// lowerMTU is the command that makes an interface's packets small until the next start; 1280 bytes get through almost
// every tunnel (RFC 8200, section 5).
func lowerMTU(e *evidence.Evidence) string {
	switch {
	case e.Host.On("windows"):
		return `netsh interface ipv4 set subinterface "INTERFACE" mtu=1280 store=active`
	case e.Host.On("darwin"):
		return "sudo ifconfig INTERFACE mtu 1280"
	}
	return "sudo ip link set dev INTERFACE mtu 1280"
}

// statusPage is the page that people read, of the JSON that the tool reads.
func statusPage(url string) string {
	page, _, _ := strings.Cut(url, "/api/v2/")
	return page
}

// sourcesOf are the sources that saw an address, without scheme and path.
func sourcesOf(e *evidence.Evidence, address netip.Addr) []string {
	var names []string
	for _, sighting := range e.Egress.Sightings {
		name := reading.SourceName(sighting.Source)
		if sighting.Address == address && sighting.Failure == nil && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

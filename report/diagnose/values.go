package diagnose

import (
	"fmt"
	"strconv"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/report/diagnose/call"
	"opensrs-doctor/report/diagnose/condition"
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
	set("endpoint", netaddr.HostPort{Host: e.Target.Host, Port: e.Target.Port}.String())
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
		set("panel", prose.Vocabulary.Get()["panel"])
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
	set("rules_source", call.RulesSource(e))
	if page := e.StatusPage; page == nil || page.Failure != nil || page.Indicator.String() != "none" {
		set("status_url", call.StatusPage(e.Asked.StatusURL)) // this run has read it where it says that all is well
	}
	if e.Asked.Witness == "" && e.Asked.NoneAsked != "--no-third-parties" && !e.Target.Sandbox && !e.Target.Inside() && e.Host.Proxy == nil {
		set("witness_url", fmt.Sprintf("http://%s:%d/", evidence.WitnessHost, e.Target.Port))
	}
	set("lower_mtu", condition.LowerMTU(e))
	if good, _ := e.ControlPeers(); len(good) > 0 {
		set("peers", "Well-known peers")
	}
	return v
}

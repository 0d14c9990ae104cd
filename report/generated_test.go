package report_test

import (
	"encoding/json"
	"flag"
	"math/rand"
	"net/netip"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/report/reading"
)

var seed = flag.Int64("seed", 1, "of the generated evidence; another one gives other runs")

const generated = 2000 // runs a test

// eachGenerated calls check with generated evidence, half of it made of fixtures and half of anything at all.
func eachGenerated(t *testing.T, check func(t *testing.T, r *rand.Rand, e *evidence.Evidence)) {
	t.Helper()
	t.Logf("-seed %d", *seed)
	all := fixtures()
	for n := range generated {
		r := rand.New(rand.NewSource(*seed*1_000_000 + int64(n)))
		e := new(evidence.Evidence)
		if n%2 == 0 {
			e = all[r.Intn(len(all))].evidence()
			mixed(r, e, all[r.Intn(len(all))].evidence())
		} else {
			anything(r, reflect.ValueOf(e).Elem(), "")
			run(r, e)
		}
		sound(e)
		func() {
			defer func() {
				if problem := recover(); problem != nil {
					t.Fatalf("-seed %d, run %d: %v\n%s\n%s", *seed, n, problem, debug.Stack(), printed(e))
				}
			}()
			check(t, r, e)
		}()
		if t.Failed() {
			t.Fatalf("-seed %d, run %d:\n%s", *seed, n, printed(e))
		}
	}
}

func printed(e *evidence.Evidence) string {
	document, _ := json.MarshalIndent(e, "", " ")
	return string(document)
}

// mixed takes some of the sections from another run, and leaves some out.
func mixed(r *rand.Rand, e, other *evidence.Evidence) {
	to, from := reflect.ValueOf(e).Elem(), reflect.ValueOf(other).Elem()
	for i := range to.NumField() {
		field := to.Field(i)
		section := field.Kind() == reflect.Pointer || to.Type().Field(i).Name == "Controls"
		switch r.Intn(8) {
		case 0:
			if section {
				field.SetZero()
			}
		case 1:
			if section || to.Type().Field(i).Name == "Asked" {
				field.Set(from.Field(i))
			}
		case 2:
			if section && !field.IsZero() {
				anything(r, field, to.Type().Field(i).Name)
			}
		}
	}
	if r.Intn(3) == 0 {
		run(r, e)
	}
}

// run gives the evidence steps as a run has them: the first that fails on the way stops those that need it.
func run(r *rand.Rand, e *evidence.Evidence) {
	e.Steps = nil
	through := map[string]bool{}
	for _, name := range evidence.Names {
		step := evidence.Step{Probe: name, Counts: r.Intn(4) > 0, Took: time.Duration(r.Intn(1e9))}
		step.Status = pick(r, evidence.Pass, evidence.Pass, evidence.Pass, evidence.Warn, evidence.Fail, evidence.Skip)
		for _, needed := range evidence.Needs.Get()[name] {
			if step.WaitedFor == "" && !through[needed] {
				step.Status, step.WaitedFor = evidence.Skip, evidence.Wait(needed)
			}
		}
		switch {
		case step.Status == evidence.Fail:
			anything(r, reflect.ValueOf(&step.Failure).Elem(), "")
		case step.Status == evidence.Skip && step.WaitedFor == "":
			step.WaitedFor = pick(r, "--only", "credentials", "rules", "api-key", evidence.WaitInterrupt, evidence.WaitTimeout, "--egress-source")
			step.Counts = step.WaitedFor != "--only"
		}
		through[name] = step.Status == evidence.Pass || step.Status == evidence.Warn ||
			name == "tls" && step.Status == evidence.Fail && e.TLS != nil && e.TLS.CallAllowed
		e.Steps = append(e.Steps, step)
	}
}

// sound takes out what no probe records: an address that no sighting has, a pinned name without a line, words
// and chains that are empty, a control asked by DNS, an experiment made twice, hops behind the end of
// a walk, a resolver asked twice or one that answered and is still waited for, connections that soundPort knows.
func sound(e *evidence.Evidence) {
	if len(e.Asked.CANames) == 0 {
		e.Asked.CAFile, e.Asked.CANames = "/etc/relay/ca.pem", saidAll("CN=Relay Root")
	}
	if e.Target.Sandbox {
		e.Target.Environment = evidence.EnvSandbox
	}
	if e.Asked.KeyGiven = e.Asked.KeyGiven || e.Asked.KeyForm != nil; e.Asked.KeyGiven && e.Asked.KeyForm == nil {
		e.Asked.KeyForm = &opensrs.Form{Length: opensrs.KeyLength}
	}
	for i, step := range e.Steps { // one failure, in the step and in its section
		var section **evidence.Failure
		switch {
		case step.Probe == "tls" && e.TLS != nil:
			section = &e.TLS.Failure
		case step.Probe == "call" && e.Call != nil:
			section = &e.Call.Failure
		default:
			continue
		}
		if step.Status == evidence.Fail && step.Failure == nil {
			e.Steps[i].Failure = *section
		}
		if step.Failure != nil {
			*section = step.Failure
		}
	}
	if g := e.Egress; g != nil && !g.Given {
		g.IPv4, g.DNSSeen = nil, nil
		for i := range g.Sightings {
			sighting := &g.Sightings[i]
			switch {
			case !sighting.Address.IsValid():
			case sighting.Failure != nil:
				sighting.Address = netip.Addr{}
			case sighting.Path == "dns" && !slices.Contains(g.DNSSeen, sighting.Address):
				g.DNSSeen = append(g.DNSSeen, sighting.Address)
			case sighting.Path != "dns" && sighting.Address.Is4() && !slices.Contains(g.IPv4, sighting.Address):
				g.IPv4 = append(g.IPv4, sighting.Address)
			}
		}
	}
	if e.Rules != nil {
		for i := range e.Rules.Problems {
			e.Rules.Problems[i].Text, e.Rules.Problems[i].Fix = "something is wrong", "Correct it."
		}
	}
	for i := range e.Controls {
		if e.Controls[i].Path == "dns" {
			e.Controls[i].Path = "direct"
		}
	}
	if e.DNS != nil {
		asked := map[string]bool{}
		e.DNS.Answers = slices.DeleteFunc(e.DNS.Answers, func(a evidence.DNSAnswer) bool {
			again := asked[a.Resolver]
			asked[a.Resolver] = true
			return again
		})
		for i := range e.DNS.Answers {
			if a := &e.DNS.Answers[i]; a.Pending {
				*a = evidence.DNSAnswer{Resolver: a.Resolver, Pending: true, Failure: a.Failure}
			}
		}
	}
	if d := e.DNS; d != nil && d.Used == "hosts file" {
		d.HostsFile, d.HostsIPs = "/etc/hosts:7", []netip.Addr{ip("198.51.100.99")}
	}
	if e.Host.Proxy == nil {
		e.Direct = nil
	}
	if e.Step("port").Status == evidence.Skip {
		e.Port = nil
	}
	if e.Port != nil {
		soundPort(e)
	}
	if e.Port != nil && e.Port.Path != nil {
		for _, hops := range []*[]evidence.Hop{&e.Port.Path.Port, &e.Port.Path.Compare} {
			for i := range *hops {
				h := &(*hops)[i]
				h.TTL, h.From, h.FromSelf = i+1, routers[i%len(routers)], false
				if h.Answer != evidence.HopTimeExceeded && h.Answer != evidence.HopSilence { // the walk ends there
					*hops = (*hops)[:i+1]
					break
				}
			}
		}
		if answer := e.Port.Path.Answer; answer != nil && !answer.From.IsValid() {
			answer.From, answer.FromSelf = localIP, true
		}
	}
	if len(e.Host.Resolvers) == 0 {
		e.Host.Resolvers = []string{"192.0.2.53:53"}
	}
	if p := e.Host.ResolversProblem; p != nil {
		inLine := p.Kind == evidence.ResolversNoAddress || p.Kind == evidence.ResolversIndented
		p.Line = map[bool]int{true: p.Line + 1}[inLine]
		if p.Kind != evidence.ResolversMissing {
			p.Link = foreign.Text{}
		}
	}
	if e.Call != nil && (e.Call.Code.Empty() || e.Call.Text.Empty()) {
		e.Call.Code, e.Call.Text = said("400"), said("Access denied")
	}
	if e.Port != nil && e.Port.ProxyReply != nil && e.Port.ProxyReply.Text.Empty() {
		e.Port.ProxyReply.Text = said("no")
	}
	if e.TLS != nil {
		if len(e.TLS.Chain) == 0 {
			e.TLS.Trust = nil
		}
		made := map[string]bool{}
		e.TLS.Variants = slices.DeleteFunc(e.TLS.Variants, func(v evidence.Variant) bool {
			again := made[v.Name]
			made[v.Name] = true
			return again
		})
	}
}

// soundPort makes the connections fit the probe's failure and the endpoint. With a proxy that is what is connected to, and
// the way behind it is not walked.
func soundPort(e *evidence.Evidence) {
	p, why := e.Port, e.Step("port").Failure
	for i := range p.Attempts {
		to := &p.Attempts[i].Address
		if *to = netip.AddrPortFrom(to.Addr(), e.Target.Port); e.Host.Proxy != nil {
			*to = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 0, byte(80 + i)}), 3128)
		}
	}
	if p.Connected.IsValid() && e.Host.Proxy != nil {
		p.Connected = netip.MustParseAddrPort("10.1.0.80:3128")
		p.Attempts = []evidence.Attempt{{Address: p.Connected, Connected: true}}
	}
	if e.Host.Proxy != nil {
		p.Path, p.OtherPorts, p.ByDNS = nil, nil, nil
	} else {
		p.ProxyReply = nil
	}
	if why != nil && (e.Host.Proxy == nil || why.Op != "connect through the proxy") {
		p.Connected = netip.AddrPort{}
		p.Attempts = slices.DeleteFunc(p.Attempts, func(a evidence.Attempt) bool { return a.Connected })
		for i := range p.Attempts {
			if i == 0 || why.Kind == evidence.KindTimeout { // any answer counts before silence
				p.Attempts[i].Failure = why
			}
		}
	}
	for i := range p.OtherPorts {
		if to := &p.OtherPorts[i].Address; to.Port() == e.Target.Port {
			*to = netip.AddrPortFrom(to.Addr(), 444)
		}
	}
	if p.Path != nil && p.Path.ComparedTo == e.Target.Port {
		p.Path.ComparedTo = 444
	}
	if p.Path != nil && p.Path.AtLeast >= p.Path.Distance {
		p.Path.AtLeast = 0
	}
	if p.ByDNS != nil { // another address than those that were tried
		p.ByDNS.Address = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 0, 79}), e.Target.Port)
	}
	if to := e.Tried(); to.IsValid() && p.RoundTrips != nil {
		p.RoundTrips.To = to
	}
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.Intn(len(of))] }

// words are the texts that a field may hold, by its name.
var words = map[string][]string{
	"Packed":      {"", evidence.PackedGzip, evidence.PackedUTF16},
	"KeyAround":   {"line-end-after", "space-before", "space-after"},
	"Environment": {"live", "test"}, "Host": {"rr-n1-tor.opensrs.net", "horizon.opensrs.net", "198.51.100.10"},
	"KeyFingerprint": {"0a1b2c3d"}, "WaitedFor": {"", "dns"}, "Path": {"direct", "proxy", "dns"},
	"Transport": {"udp", "tcp"}, "Rcode": {"", "NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED", "NOTIMP"},
	"Resolver": {"192.0.2.53:53", "192.0.2.54:53"}, "Resolvers": {"192.0.2.53:53", "192.0.2.54:53"},
	"Used": {"", "192.0.2.53:53", "192.0.2.54:53", "hosts file"}, "Slow": {"192.0.2.53:53"},
	"Rules": {"allow 203.0.113.10", "deny 203.0.113.0/25", "allow 203.0.113.0/25", "allow 192.0.2.0/26", "deny 203.0.113.77"},
	"Answer": {evidence.HopTimeExceeded, evidence.HopRefused, evidence.HopConnected, evidence.HopProhibited, evidence.HopUnreachable,
		evidence.HopPortUnreachable, evidence.HopSilence, evidence.HopNotPermitted, evidence.HopNoRoute},
	"Verdict": {"allow", "deny", "ambiguous", "unknown"}, "Severity": {"error", "warning"}, "Reason": {"", "never-public"},
	"ID":   {"too-many", "host-bits", "duplicate", "shadowed", "quotes"},
	"Name": {evidence.VariantAsIs, evidence.VariantNoSNI, evidence.VariantClassic, evidence.VariantSmall, evidence.VariantNo13, evidence.VariantOld},
	"Code": {"", "200", "400", "401", "435"}, "Class": {"", "accepted", "ip-denied", "auth-failed", "permission-denied",
		"rate-limited", "server-error", "unknown"},
	"Peer":     {"1.1.1.1:443", "8.8.8.8:443", "192.0.2.9:80"},
	"Protocol": {"http", "socks5"}, "Op": {"connect", "connect to the proxy", "connect through the proxy", "handshake", "query"},
	"Source": webSources, "From": {"HTTPS_PROXY", "--proxy", "config"}, "SHA256": {"", strings.Repeat("0f", 32)},
	"Require": evidence.Names, "Indicator": {"none", "minor", "major", ""}, "Product": {"", "", "Zscaler"},
	"URL": {"http://proxy.example.com:3128"}, "KeyProblems": {"quotes", "spaces", "placeholder"}, "MissingURL": {""},
	"Issuer": {"", issuingCA, publicCA, privateCA}, "Subject": {"CN=rr-n1-tor.opensrs.net", "O=Nobody", ""},
	"Text": {"", "Access denied", "Authentication failed"}, "Why": {"", "it is not available here"},
	"HostsFile": {"", "/etc/hosts:7"}, "Location": {"", "https://portal.example/login"},
	"Type": {"A", "AAAA"},
	"Kind": {evidence.ResolversMissing, evidence.ResolversUnreadable, evidence.ResolversEmpty, evidence.ResolversNone,
		evidence.ResolversNoAddress, evidence.ResolversIndented},
}

// anything fills a value of any type. Every pointer may be nil and every list empty.
func anything(r *rand.Rand, v reflect.Value, name string) {
	switch v.Interface().(type) {
	case netip.Addr:
		v.Set(reflect.ValueOf(pick(r, netip.Addr{}, egressIP, otherIP, endpointIP, localIP, ip("10.9.9.9"), ip("0.0.0.0"),
			ip("2001:db8::1"))))
		return
	case netip.AddrPort:
		v.Set(reflect.ValueOf(netip.AddrPortFrom(pick(r, endpointIP, ip("10.9.9.9")), pick[uint16](r, 443, 55000, 55443))))
		return
	case time.Time:
		v.Set(reflect.ValueOf(fixedStart.AddDate(0, 0, r.Intn(1000)-500)))
		return
	case foreign.Text:
		text := "words"
		if words[name] != nil {
			text = pick(r, words[name]...)
		}
		v.Set(reflect.ValueOf(said(text)))
		return
	case foreign.PEM:
		return
	case evidence.Kind:
		v.SetString(string(pick(r, append(sortedKinds(), evidence.KindUnclassified)...)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		if v.SetString("words"); words[name] != nil {
			v.SetString(pick(r, words[name]...))
		}
	case reflect.Bool:
		v.SetBool(r.Intn(2) == 0)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(pick(r, 0, 1, 2, 3, 5, 200, 302, 403, 502)))
	case reflect.Uint32:
		v.SetUint(uint64(pick(r, 0, 300, 1<<32-1)))
	case reflect.Uint16:
		v.SetUint(uint64(pick(r, 443, 55000, 55443, 55443, 55443)))
	case reflect.Float64:
		v.SetFloat(pick(r, 0, 12.5, 1400, 3e3, 7e8))
	case reflect.Pointer:
		if v.SetZero(); r.Intn(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			anything(r, v.Elem(), name)
		}
	case reflect.Slice:
		if v.SetZero(); v.Type().Elem().Kind() == reflect.Interface {
			return
		}
		for range r.Intn(4) {
			element := reflect.New(v.Type().Elem()).Elem()
			anything(r, element, name)
			if address, ok := element.Interface().(netip.Addr); !ok || address.IsValid() {
				v.Set(reflect.Append(v, element))
			}
		}
	case reflect.Map: // the readings
		v.Set(reflect.ValueOf(map[string]string{"first-match": pick(r, "allow", "deny"), "deny-wins": "deny"}))
	case reflect.Struct:
		for i := range v.NumField() {
			anything(r, v.Field(i), v.Type().Field(i).Name)
		}
	}
}

func sortedKinds() []evidence.Kind {
	var kinds []evidence.Kind
	for kind := range reading.KindWords.Get() {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

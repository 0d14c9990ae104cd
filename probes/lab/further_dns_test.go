//go:build linux

package lab

import (
	"net"
	"time"

	"github.com/miekg/dns"

	"opensrs-doctor/probes/sandbox"
)

// Names, resolvers and hosts files.
var furtherDNS = []Fault{
	{Name: "cname-chain", Check: oneConnection, Break: func(w *World) {
		w.Resolvers[0].Answer = chained
	}},
	{Name: "wildcard-domain", Check: oneConnection, Break: wildcard},
	{Name: "every-name-is-the-service", Check: oneConnection, Break: func(w *World) { w.Resolvers[0].Captive = HostIP }},
	{Name: "first-resolver-servfail", Or: []string{"dns.slow-resolver"}, Break: first(dns.RcodeServerFailure)},
	{Name: "first-resolver-refused", Or: []string{"dns.slow-resolver"}, Break: first(dns.RcodeRefused)},
	{Name: "first-slow-second-servfail", Or: []string{"dns.slow-resolver"}, Break: func(w *World) {
		w.Resolvers = append(w.Resolvers, &Resolver{Address: "192.0.2.54", Rcode: dns.RcodeServerFailure})
		w.Resolvers[0].Delay = 1500 * time.Millisecond
	}},
	{Name: "only-resolver-slow", Or: []string{"dns.slow-resolver"}, Break: func(w *World) {
		w.Resolvers[0].Delay = 1500 * time.Millisecond
	}},
	{Name: "second-resolver-dead", Check: oneConnection, Break: func(w *World) {
		w.Resolvers = append(w.Resolvers, &Resolver{Address: "192.0.2.54", Dead: true})
	}},
	{Name: "aaaa-servfail", Check: oneConnection, Break: forAAAA(func(m *dns.Msg) { m.Rcode = dns.RcodeServerFailure })},
	{Name: "aaaa-nxdomain", Check: oneConnection, Break: forAAAA(func(m *dns.Msg) { m.Rcode = dns.RcodeNameError })},
	{Name: "name-in-capitals-with-a-dot", Check: oneConnection, Break: func(w *World) {
		w.EndpointIs = "https://API.OpenSRS.Example.:55443/"
	}},
	{Name: "resolver-on-loopback", Check: oneConnection, Break: func(w *World) { stub(w, dns.RcodeSuccess) }},
	{Name: "private-address-through-hosts-file", Or: []string{"dns.hosts-override"}, Break: func(w *World) {
		vpn(w)
		delete(w.Zone, Host)
		w.HostsFile = "10.200.0.10 " + Host + "\n"
	}},
	{Name: "hosts-file-right-and-no-dns", Or: []string{"dns.hosts-override"}, Break: func(w *World) {
		w.HostsFile = HostIP + " " + Host + "\n"
		w.Resolvers[0].Dead = true
	}},
	{Cause: "service.partly-down", Name: "first-address-refuses", Verdict: "warn", Break: func(w *World) { w.Zone[Host] = []string{SpareIP, HostIP} }},
	{Name: "nowhere-first-and-the-service-second", Break: func(w *World) { w.Zone[Host] = []string{"0.0.0.0", HostIP} }},
	{Name: "dead-private-first-and-the-service-second", Or: []string{"port.slow", "port.lossy"},
		Break: func(w *World) { w.Zone[Host] = []string{"10.9.9.9", HostIP} }},
	{Cause: "dns.nxdomain", Name: "first-says-so-second-knows", Says: []string{"192.0.2.53"}, Break: func(w *World) {
		w.Resolvers = append(w.Resolvers, &Resolver{Address: "192.0.2.54"})
		w.Resolvers[0].Rcode, w.Resolvers[0].Only = dns.RcodeNameError, Host
	}},
	{Cause: "unexplained", Name: "name-without-any-address", Break: func(w *World) { w.Zone[Host] = nil }},
	{Cause: "unexplained", Name: "resolver-says-not-implemented", Says: []string{"NOTIMP"}, Break: func(w *World) {
		w.Resolvers[0].Rcode = dns.RcodeNotImplemented
	}},
	{Cause: "dns.servfail", Name: "servfail-and-refused", Or: []string{"dns.refused", "unexplained"},
		Break: func(w *World) {
			first(dns.RcodeServerFailure)(w)
			w.Resolvers[1].Rcode = dns.RcodeRefused
		}},
	{Cause: "dns.servfail", Name: "dead-and-servfail", Confidence: "likely", Or: []string{"unexplained"},
		Break: func(w *World) {
			w.Resolvers = append(w.Resolvers, &Resolver{Address: "192.0.2.54", Rcode: dns.RcodeServerFailure})
			w.Resolvers[0].Dead = true
		}},
	{Cause: "dns.resolver-unreachable", Name: "loopback-nothing-listens", Says: []string{"127.0.0.53"},
		Break: func(w *World) { w.ResolvConf = "nameserver 127.0.0.53\n" }},
	{Cause: "dns.resolver-unreachable", Name: "resolver-of-another-network", Says: []string{"10.77.0.1"},
		Break: func(w *World) { w.ResolvConf = "nameserver 10.77.0.1\n" }},
	{Cause: "dns.servfail", Name: "loopback-stub-without-upstream", Says: []string{"127.0.0.53"},
		Break: func(w *World) { stub(w, dns.RcodeServerFailure) }},
	{Cause: "host.offline", Name: "loopback-stub-and-no-route", Break: func(w *World) {
		stub(w, dns.RcodeServerFailure)
		w.Client.IP("route del default")
	}},
	{Cause: "host.offline", Name: "loopback-stub-and-dead-gateway", Break: func(w *World) {
		stub(w, dns.RcodeServerFailure)
		w.Gateway.Filter("forward", "drop")
	}},
	{Cause: "dns.sinkholed", Name: "block-page-on-the-gateway", Says: []string{GatewayIP}, Break: func(w *World) {
		w.Zone[Host] = []string{GatewayIP}
		page := sandbox.SelfSigned(sandbox.Template{Names: []string{"blocked.example"}})
		blockPage(w, w.Gateway, GatewayIP+":55443", &page)
	}},
	{Cause: "dns.sinkholed", Name: "something-local-answers", Says: []string{"127.0.0.1"}, Break: func(w *World) {
		w.Zone[Host] = []string{"127.0.0.1"}
		go accept(w.Client.Listen("127.0.0.1:55443"), RawText("220 hello\r\n"))
	}},
	{Cause: "dns.sinkholed", Name: "private-network-with-no-way", Break: sinkhole("172.20.1.1")},
	{Cause: "call.auth-failed", Name: "private-address-that-is-the-service", Break: func(w *World) {
		vpn(w)
		outcomes["401"](w)
	}},
	{Cause: "call.server-error", Name: "private-address-service-in-trouble", Break: func(w *World) {
		vpn(w)
		w.API.Reply = HTTP("503 Service Unavailable", "text/html", "<title>Down</title>")
	}},
	{Cause: "port.refused", Name: "private-address-given-literally", Or: []string{"port.filtered", "port.unreachable"},
		Break: func(w *World) {
			vpn(w)
			w.EndpointIs = "https://10.200.0.10:55443/"
			w.API.Closed = true
		}},
	{Cause: "port.refused", Name: "wildcard-domain-is-no-portal", Break: func(w *World) {
		wildcard(w)
		w.API.Closed = true
	}},
	{Cause: "port.refused", Name: "rewritten-nxdomain-is-no-portal", Break: func(w *World) {
		w.Resolvers[0].Captive = SpareIP
		w.Resolvers[0].Answer = func(q dns.Question) (*dns.Msg, bool) {
			return addressRecord(q, HostIP), q.Name == dns.Fqdn(Host)
		}
		w.API.Closed = true
	}},
	{Cause: "dns.captive-portal", Name: "portal-with-a-good-certificate-of-its-own", Break: func(w *World) {
		captive(w)
		blockPage(w, w.Far, SpareIP+":55443", Issue(apiIssuer(), 0, sandbox.Template{Names: []string{"portal.example"}}))
	}},
	{Cause: "dns.captive-portal", Name: "portal-refuses-everything", Break: func(w *World) {
		w.Resolvers[0].Captive = "198.51.100.12"
		w.Far.Filter("input", "ip daddr 198.51.100.12 tcp dport 55443 reject with tcp reset")
	}},
	{Cause: "dns.hosts-override", Name: "pinned-to-the-service-and-to-nobody", Verdict: "warn", Says: []string{"/etc/hosts:3", NobodyIP},
		Break: func(w *World) { w.HostsFile = HostIP + " " + Host + "\n" + NobodyIP + " " + Host + "\n" }},
	{Cause: "dns.hosts-override", Name: "pinned-to-loopback", Says: []string{"127.0.0.1", "/etc/hosts"}, Break: func(w *World) {
		w.HostsFile = "127.0.0.1 " + Host + "\n"
	}},
	{Cause: "dns.hosts-override", Name: "pinned-to-a-private-address", Says: []string{"10.9.9.9"}, Break: func(w *World) {
		w.HostsFile = "# old lab\n10.9.9.9\tother.example " + Host + " # moved\n"
	}},
	{Cause: "dns.hosts-override", Name: "pinned-to-another-web-server", Says: []string{SpareIP}, Break: func(w *World) {
		w.HostsFile = SpareIP + " " + Host + "\n"
		blockPage(w, w.Far, SpareIP+":55443", Issue(apiIssuer(), 0, sandbox.Template{Names: []string{"www.example"}}))
	}},
	{Cause: "dns.hosts-override", Name: "pinned-to-a-server-with-html", Says: []string{SpareIP}, Break: func(w *World) {
		w.HostsFile = SpareIP + " " + Host + "\n"
		blockPage(w, w.Far, SpareIP+":55443", Issue(apiIssuer(), 0, sandbox.Template{Names: []string{Host}}))
	}},
	{Cause: "dns.hosts-override", Name: "pinned-to-the-service-itself", Then: []string{"call.auth-failed"},
		Break: func(w *World) {
			w.HostsFile = SpareIP + " " + Host + "\n"
			w.API.Addresses = []string{HostIP, SpareIP}
			outcomes["401"](w)
		}},
	{Cause: "port.refused", Name: "all-addresses-refuse", Says: []string{HostIP}, Break: func(w *World) {
		w.Zone[Host] = []string{HostIP, SpareIP}
		w.API.Closed = true
	}},
	{Cause: "port.refused", Name: "one-refuses-one-is-silent", Or: []string{"port.filtered"}, Break: func(w *World) {
		w.Zone[Host] = []string{HostIP, NobodyIP}
		w.API.Closed = true
	}},
	{Cause: "port.refused", Name: "one-is-silent-one-refuses", Or: []string{"port.filtered", "port.unreachable"}, Break: func(w *World) {
		w.Zone[Host] = []string{SpareIP, HostIP}
		w.Far.Filter("input", "ip daddr "+SpareIP+" tcp dport 55443 drop")
		w.API.Closed = true
	}},
}

func wildcard(w *World) {
	w.Resolvers[0].Captive = HostIP
	w.Resolvers[0].Answer = func(q dns.Question) (*dns.Msg, bool) {
		reply := new(dns.Msg)
		reply.Rcode = dns.RcodeNameError
		return reply, !dns.IsSubDomain("opensrs.example.", q.Name) && !dns.IsSubDomain("example.com.", q.Name)
	}
}

// first puts a resolver with that code before the good one.
func first(rcode int) func(*World) {
	return func(w *World) {
		w.Resolvers = append(w.Resolvers, &Resolver{Address: "192.0.2.54"})
		w.Resolvers[0].Rcode = rcode
	}
}

func addressRecord(q dns.Question, address string) *dns.Msg {
	reply := new(dns.Msg)
	if q.Qtype == dns.TypeA {
		header := dns.RR_Header{Name: q.Name, Class: dns.ClassINET, Ttl: 60, Rrtype: dns.TypeA}
		reply.Answer = []dns.RR{&dns.A{Hdr: header, A: net.ParseIP(address).To4()}}
	}
	return reply
}

// chained leads to the service over two aliases.
func chained(q dns.Question) (*dns.Msg, bool) {
	if q.Name != dns.Fqdn(Host) {
		return nil, false
	}
	end := q
	end.Name = "node7.hosting.example."
	reply := addressRecord(end, HostIP)
	alias := func(from, to string) dns.RR {
		return &dns.CNAME{Hdr: dns.RR_Header{Name: from, Class: dns.ClassINET, Ttl: 60, Rrtype: dns.TypeCNAME}, Target: to}
	}
	reply.Answer = append([]dns.RR{alias(q.Name, "api.cdn.example."), alias("api.cdn.example.", end.Name)}, reply.Answer...)
	return reply, true
}

// forAAAA changes the answers to AAAA questions for the endpoint.
func forAAAA(change func(*dns.Msg)) func(*World) {
	return func(w *World) {
		w.Resolvers[0].Answer = func(q dns.Question) (*dns.Msg, bool) {
			reply := new(dns.Msg)
			change(reply)
			return reply, q.Qtype == dns.TypeAAAA && q.Name == dns.Fqdn(Host)
		}
	}
}

// vpn gives the service a private address that works.
func vpn(w *World) {
	w.Far.IP("addr add 10.200.0.10/32 dev lo")
	w.Edge.IP("route add 10.200.0.0/24 via " + HostIP)
	w.ISP.IP("route add 10.200.0.0/24 via " + EdgeIP)
	w.Zone[Host] = []string{"10.200.0.10"}
	w.API.Addresses = []string{"10.200.0.10"}
	w.API.Certificate = Issue(apiIssuer(), 0, sandbox.Template{Names: append(w.Names(), "10.200.0.10")})
}

// stub is a resolver on the client itself, as systemd-resolved is one.
func stub(w *World, rcode int) {
	local := &Resolver{Address: "127.0.0.53", Rcode: rcode}
	serveOn(w, w.Client, local)
	w.ResolvConf = "nameserver 127.0.0.53\noptions edns0 trust-ad\n"
}

// serveOn runs a resolver on another machine than the far side.
func serveOn(w *World, node *Node, r *Resolver) {
	server := &dns.Server{PacketConn: node.ListenPacket(net.JoinHostPort(r.Address, "53")), Handler: w.answers(r)}
	w.tb.Cleanup(func() { _ = server.Shutdown() })
	go server.ActivateAndServe()
}

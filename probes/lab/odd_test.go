//go:build linux

package lab

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sys/unix"

	"opensrs-doctor/probes/sandbox"
)

// Worlds that are rare, and in which an easy conclusion would be the wrong one.
var oddWorlds = []Fault{
	{Cause: "tls.version-unsupported", Name: "ssl3-server-hello", Says: []string{"SSL"}, Break: func(w *World) {
		w.API.Raw = RawText("\x16\x03\x00\x00\x2a\x02\x00\x00\x26\x03\x00" + string(make([]byte, 32)) + "\x00\x00\x05\x00")
	}},
	{Name: "slow-handshake", Or: []string{"port.slow"}, Break: func(w *World) {
		w.API.TLS = onHello(func(*tls.ClientHelloInfo) { <-time.After(2300 * time.Millisecond) })
	}},
	{Name: "reply-after-eight-seconds", Break: func(w *World) {
		w.API.Reply = func(conn net.Conn, r *Request) {
			<-time.After(8 * time.Second)
			Envelope(200, "Command successful")(conn, r)
		}
	}},
	// DNS
	{Cause: "dns.resolver-unreachable", Name: "garbage", Confidence: "likely", Says: []string{"is not an answer"}, Never: []string{"No answer came"}, Break: func(w *World) {
		w.Resolvers[0].Closed = true
		pc := w.Far.ListenPacket("192.0.2.53:53")
		w.tb.Cleanup(func() { pc.Close() })
		go func() {
			b := make([]byte, 2048)
			for {
				_, from, err := pc.ReadFrom(b)
				if err != nil {
					return
				}
				pc.WriteTo([]byte("garbage garbage garbage"), from)
			}
		}()
	}},
	{Cause: "unexplained", Name: "dns-truncated-and-no-tcp", Says: []string{"cut short"}, Break: func(w *World) {
		w.Resolvers[0].Answer = func(dns.Question) (*dns.Msg, bool) {
			m := new(dns.Msg)
			m.Truncated = true
			return m, true
		}
		w.Far.Filter("input", "tcp dport 53 drop")
	}},
	{Cause: "dns.resolver-unreachable", Name: "answers-that-nobody-asked-for", Break: func(w *World) {
		w.Resolvers[0].Closed = true
		pc := w.Far.ListenPacket("192.0.2.53:53")
		server := &dns.Server{PacketConn: pc, Handler: dns.HandlerFunc(func(rw dns.ResponseWriter, q *dns.Msg) {
			m := new(dns.Msg).SetReply(q)
			m.Id++
			_ = rw.WriteMsg(m)
		})}
		w.tb.Cleanup(func() { _ = server.Shutdown() })
		go server.ActivateAndServe()
	}},
	{Cause: "host.offline", Name: "hosts-file-pins-and-no-default-route", Break: func(w *World) {
		w.HostsFile = HostIP + " " + Host + "\n"
		w.Client.IP("route del default")
	}},
	{Cause: "port.filtered", Name: "hosts-file-pins-dns-dead-and-port-filtered", Break: func(w *World) {
		w.HostsFile = HostIP + " " + Host + "\n"
		w.Resolvers[0].Dead = true
		w.Gateway.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "unexplained", Name: "cname-without-an-address", Break: func(w *World) {
		w.Resolvers[0].Answer = func(q dns.Question) (*dns.Msg, bool) {
			header := dns.RR_Header{Name: q.Name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: 60}
			return &dns.Msg{Answer: []dns.RR{&dns.CNAME{Hdr: header, Target: "gone.example."}}}, q.Name == Host+"."
		}
	}},
	{Cause: "dns.nxdomain", Name: "cname-to-nowhere", Break: func(w *World) {
		w.Resolvers[0].Answer = func(q dns.Question) (*dns.Msg, bool) {
			if q.Name != Host+"." {
				return nil, false
			}
			m := new(dns.Msg)
			m.Answer = append(m.Answer, &dns.CNAME{Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: 60}, Target: "gone.example."})
			m.Rcode = dns.RcodeNameError
			return m, true
		}
	}},
	{Cause: "dns.servfail", Name: "a-fails-and-aaaa-answers", Break: func(w *World) {
		w.Zone[Host] = []string{HostIP, "2001:db8::10"}
		w.Resolvers[0].Answer = func(q dns.Question) (*dns.Msg, bool) {
			return &dns.Msg{MsgHdr: dns.MsgHdr{Rcode: dns.RcodeServerFailure}}, q.Qtype == dns.TypeA && q.Name == Host+"."
		}
	}},
	{Cause: "host.clock-wrong", Name: "four-minutes-behind-a-new-certificate", Break: func(w *World) {
		w.Skew = 4 * time.Minute
		certificate(w, apiIssuer(), sandbox.Template{Names: w.Names(), NotBefore: time.Now().Add(3 * time.Minute), NotAfter: time.Now().AddDate(0, 0, 90)})
	}},
	{Cause: "host.clock-wrong", Name: "three-minutes-ahead-of-an-old-certificate", Break: func(w *World) {
		w.Skew = -3 * time.Minute
		certificate(w, apiIssuer(), sandbox.Template{Names: w.Names(), NotBefore: time.Now().AddDate(0, 0, -89), NotAfter: time.Now().Add(-time.Minute)})
	}},
	{Cause: "host.clock-wrong", Name: "eighty-days-ahead-and-nothing-expires-soon", Verdict: "warn", Then: []string{}, Break: func(w *World) {
		w.Skew = -80 * 24 * time.Hour
	}},
	{Cause: "host.clock-wrong", Name: "behind-and-intercepted", Break: func(w *World) {
		w.Skew = 2 * 365 * 24 * time.Hour
		w.SystemStore = slices.Concat(w.SystemStore, strangeRoot().PEM())
		now := time.Now().Add(w.Skew)
		certificate(w, strangeRoot(), sandbox.Template{Names: w.Names(), WithRoot: true, NotBefore: now.AddDate(0, 0, -1), NotAfter: now.AddDate(0, 0, 90)})
	}},
	{Cause: "host.clock-wrong", Name: "behind-and-no-roots", Break: func(w *World) {
		w.Skew = 2 * 365 * 24 * time.Hour
		w.SystemStore = nil
	}},
	{Cause: "port.prohibited", Name: "gateway-forbids-the-whole-host", Says: []string{GatewayIP}, Break: func(w *World) {
		w.Gateway.Filter("forward", "ip daddr "+HostIP+" reject with icmp type admin-prohibited")
	}},
	{Cause: "port.filtered", Name: "gateway-drops-the-whole-host", Confidence: "likely", Break: func(w *World) {
		w.Gateway.Filter("forward", "ip daddr "+HostIP+" drop")
	}},
	{Cause: "egress.unknown", Name: "sources-intercepted-and-the-service-not", Verdict: "warn", Break: func(w *World) {
		w.Sources = w.Sources[:1]
		w.Sources[0].Certificate = Issue(strangeRoot(), 0, sandbox.Template{Names: []string{addressOf(w.Sources[0])}, WithRoot: true})
	}},
	{Name: "proxy-with-a-dead-address-first", Or: []string{"port.slow", "port.lossy"}, Break: func(w *World) {
		w.Zone["proxy.example"] = []string{NobodyIP, proxyAddress}
		w.Env["HTTPS_PROXY"] = "http://proxy.example:3128"
	}},
	{Cause: "dns.hosts-override", Name: "hosts-file-has-ipv6-only", Break: func(w *World) {
		w.HostsFile = "2001:db8::99 " + Host + "\n"
	}},
	{Name: "resolv-conf-with-options", Check: oneConnection, Break: func(w *World) {
		w.ResolvConf = "; written by hand\ndomain corp.example\nsearch corp.example example\noptions timeout:1 attempts:5 rotate ndots:15 edns0 trust-ad\n\nnameserver\t192.0.2.53 # the one\nnameserver fe80::1%eth0\nsortlist 10.0.0.0\n"
	}, Or: []string{"dns.slow-resolver"}},
	// proxies
	{Cause: "tls.not-tls", Name: "proxy-200-and-then-html", Or: []string{"unexplained", "proxy.denied"}, Break: func(w *World) {
		oddProxy(w, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>Please log in</html>")
	}},
	{Cause: "proxy.denied", Name: "proxy-400", Or: []string{"unexplained"}, Break: func(w *World) {
		oddProxy(w, "HTTP/1.0 400 Bad Request\r\nConnection: close\r\n\r\n<html>bad</html>")
	}},
	{Cause: "network.login-required", Name: "proxy-511", Break: func(w *World) {
		oddProxy(w, "HTTP/1.1 511 Network Authentication Required\r\nConnection: close\r\n\r\n")
	}},
	{Cause: "tls.reset", Name: "proxy-200-and-hangs-up", Or: []string{"proxy.denied", "proxy.upstream-failed", "unexplained"}, Break: func(w *World) {
		oddProxy(w, "HTTP/1.1 200 Connection established\r\n\r\n")
	}},
	{Name: "proxy-connect-with-odd-headers", Break: func(w *World) {
		oddProxyTo(w, "HTTP/1.0 200 OK\nContent-Length: 0\nTransfer-Encoding: chunked\nVia: 1.1 x\n\n")
	}},
	{Cause: "tls.timeout", Name: "first-address-dead-second-silent", Break: func(w *World) {
		w.Zone[Host] = []string{NobodyIP, HostIP}
		w.API.Raw = RawSilence
	}},
	{Cause: "tls.hello-too-big", Name: "first-address-dead-and-second-behind-a-middlebox", Break: func(w *World) {
		w.Zone[Host] = []string{NobodyIP, HostIP}
		w.API.Wrap = func(conn net.Conn) net.Conn { return &bigHelloHole{Conn: conn, limit: 1000} }
	}},
	{Name: "ttl-set-by-the-gateway", Check: oneConnection, Break: ttlSet},
	{Cause: "port.refused", Name: "ttl-set-by-the-gateway-and-closed", Never: []string{"in this very network"}, Break: func(w *World) { ttlSet(w); w.API.Closed = true }},
	{Cause: "port.filtered", Name: "ttl-set-by-the-gateway-and-dropped", Break: func(w *World) {
		ttlSet(w)
		w.ISP.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "port.filtered", Name: "ttl-set-by-the-gateway-and-dropped-there", Break: func(w *World) {
		ttlSet(w)
		w.Gateway.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "port.refused", Name: "ttl-set-by-the-gateway-and-reset-there", Or: []string{"port.rejected-en-route"}, Break: func(w *World) {
		ttlSet(w)
		w.Gateway.Filter("forward", "tcp dport 55443 reject with tcp reset")
	}},
	{Cause: "port.filtered", Name: "host-gone-and-nobody-says-so", Confidence: "likely", Break: func(w *World) {
		w.Far.Filter("input", "ip daddr "+HostIP+" drop")
	}},
	{Cause: "port.filtered", Name: "host-silent-but-for-its-web-port", Confidence: "likely", Break: func(w *World) {
		w.Far.Filter("input", "ip daddr "+HostIP+" tcp dport != 443 drop")
	}},
	{Cause: "port.filtered", Name: "host-refuses-other-ports", Confidence: "certain", Break: func(w *World) {
		w.Web = nil
		w.ISP.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "service.incident", Name: "maintenance-under-way", Says: []string{"Database move"}, Break: func(w *World) {
		w.API.Closed = true
		w.Status.Answer = Page(200, "application/json", `{"page":{"name":"OpenSRS"},"status":{"indicator":"maintenance","description":"Service Under Maintenance"},"incidents":[],"scheduled_maintenances":[{"name":"Database move","status":"in_progress"},{"name":"Later","status":"scheduled"}]}`)
	}},
	{Cause: "port.refused", Name: "maintenance-next-week", Break: func(w *World) {
		w.API.Closed = true
		w.Status.Answer = Page(200, "application/json", `{"page":{"name":"OpenSRS"},"status":{"indicator":"none","description":"All Systems Operational"},"incidents":[],"scheduled_maintenances":[{"name":"Database move","status":"scheduled"}]}`)
	}},
	{Cause: "tls.unknown-ca", Name: "controls-answer-in-plaintext", Or: []string{"tls.not-tls"}, Break: func(w *World) {
		strange(w)
		for _, control := range w.Controls {
			control.Secure = false
		}
	}},
	{Cause: "port.filtered", Name: "only-known-services-let-out-and-resolver-inside", Break: func(w *World) {
		w.Gateway.Filter("forward", `iifname "lan0" tcp dport != { 80, 443 } drop`, `iifname "lan0" udp dport != 53 drop`)
	}},
	{Cause: "dns.udp-blocked", Name: "icmp-and-udp-rationed", Verdict: "warn", Check: oneConnection, Break: func(w *World) {
		w.Gateway.Filter("forward", "meta l4proto udp th dport != 53 drop", "meta l4proto icmp drop")
	}},
	{Cause: "port.answered-nearby", Name: "transparent-proxy-that-cannot-reach-it", Confidence: "likely", Break: func(w *World) {
		w.Gateway.NFT("table ip catch {\n chain in {\n type nat hook prerouting priority dstnat;\n tcp dport 55443 redirect to :9999\n }\n}\n")
		go accept(w.Gateway.Listen(GatewayIP+":9999"), func(conn net.Conn) { conn.Read(make([]byte, 10)); abort(conn) })
	}},
	// this host
	{Cause: "host.ports-exhausted", Name: "no-free-local-port", Break: func(w *World) {
		if err := w.Client.Sysctl("ipv4/ip_local_port_range", "40000 40000"); err != nil {
			w.tb.Fatal(err)
		}
		hold(w, unix.SOCK_STREAM)
	}},
	{Cause: "host.ports-exhausted", Name: "no-free-local-port-for-questions-either", Break: func(w *World) {
		if err := w.Client.Sysctl("ipv4/ip_local_port_range", "40000 40000"); err != nil {
			w.tb.Fatal(err)
		}
		hold(w, unix.SOCK_STREAM)
		hold(w, unix.SOCK_DGRAM)
	}},
	{Cause: "host.descriptors-exhausted", Name: "no-more-files-once-the-name-is-asked", Confidence: "certain", Break: noMoreFiles},
	{Name: "sixteen-files-at-a-time", Check: oneConnection, Break: limited(16, nil)},
	{Cause: "port.filtered", Name: "sixteen-files-at-a-time", Break: limited(16, func(w *World) { w.ISP.Filter("forward", "tcp dport 55443 drop") })},
	{Cause: "host.local-firewall", Name: "sixteen-files-at-a-time", Or: []string{"port.filtered"}, Break: limited(16, func(w *World) { w.Client.Filter("output", "tcp dport 55443 drop") })},
	{Cause: "tls.reset", Name: "sixteen-files-at-a-time", Break: limited(16, func(w *World) { w.API.Raw = RawReset })},
	{Cause: "config.unexpected-key", Name: "another-key-than-expected", Check: calls(0), Break: func(w *World) {
		w.Flags = append(w.Flags, "--expect-key", "00c0ffee")
	}},
	// egress
	{Name: "source-in-json", Break: func(w *World) {
		w.Sources[0].Answer = Page(200, "application/json", "{\"ip\":\"203.0.113.10\"}\n")
	}},
	// a resolver that is this slow, alone
	{Name: "resolver-2500-ms", Or: []string{"dns.slow-resolver"}, Break: func(w *World) {
		w.Resolvers[0].Delay = 2500 * time.Millisecond
	}},
}

// ttlSet lets the gateway give every packet a new life, as phones do that share their uplink.
func ttlSet(w *World) {
	w.Gateway.NFT("table ip mangle {\n chain in {\n type filter hook prerouting priority mangle;\n iifname \"lan0\" ip ttl set 64\n }\n}\n")
}

func oddProxyTo(w *World, answer string) {
	w.Proxy.Closed = true
	w.UseProxy("http", "")
	go accept(w.Far.Listen(proxyAddress+":3128"), func(conn net.Conn) {
		reader := bufio.NewReader(conn)
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		if request.Method != "CONNECT" {
			w.forward(conn, request)
			return
		}
		host, port, _ := net.SplitHostPort(request.Host)
		upstream, err := w.proxyDial(host, port)
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, answer)
		join(conn, reader, upstream)
	})
}

func oddProxy(w *World, answer string) {
	w.Proxy.Closed = true
	w.UseProxy("http", "")
	go accept(w.Far.Listen(proxyAddress+":3128"), func(conn net.Conn) {
		buffer := make([]byte, 4096)
		n, _ := conn.Read(buffer)
		if !slices.Contains([]string{"GET", "CON"}, string(buffer[:min(n, 3)])) {
			return
		}
		_, _ = io.WriteString(conn, answer)
	})
}

// limited lets the command open so many files and sockets at a time.
func limited(n int, also func(*World)) func(*World) {
	return func(w *World) {
		w.Descriptors = n
		if also != nil {
			also(w)
		}
	}
}

// noMoreFiles takes the right to open any from the command when it asks for the endpoint's name. What it holds by then,
// which differs from machine to machine, it keeps.
func noMoreFiles(w *World) {
	w.Resolvers[0].Answer = func(dns.Question) (*dns.Msg, bool) {
		if err := unix.Prlimit(int(w.Running.Load()), unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: 3}, nil); err != nil {
			w.tb.Error(err)
		}
		return nil, false
	}
}

// hold takes the one local port that the client has for connections to the API.
func hold(w *World, kind int) {
	if err := w.Client.Do(func() error {
		fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		w.tb.Cleanup(func() { unix.Close(fd) })
		return unix.Bind(fd, &unix.SockaddrInet4{Port: 40000})
	}); err != nil {
		w.tb.Fatal(err)
	}
}

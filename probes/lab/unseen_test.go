//go:build linux

package lab

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"opensrs-doctor/probes/sandbox"
)

// Worlds with two things wrong at once, or with something that only looks wrong.
var unseenWorlds = []Fault{
	// a service that fails now and then: one experiment that happens to work tells nothing
	{Cause: "service.partly-down", Name: "resets-three-connections-and-takes-the-fourth", Break: takes(func(n int32) bool { return n%4 == 0 })},
	{Cause: "service.partly-down", Name: "resets-every-second-connection", Break: takes(func(n int32) bool { return n%2 == 0 })},
	{Cause: "service.partly-down", Name: "silent-now-and-then", Break: func(w *World) {
		var n atomic.Int32
		w.API.Wrap = func(conn net.Conn) net.Conn {
			if n.Add(1)%4 != 0 {
				_, _ = io.Copy(io.Discard, conn)
			}
			return conn
		}
	}},
	// a port that is not the API's
	wrongPort("443-answers-503", HTTP("503 Service Unavailable", "text/html", "<title>No backend</title>")),
	wrongPort("443-closes", HangUp),
	wrongPort("443-is-silent", Silence),
	wrongPort("443-answers-half-a-page", Literal("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n<html>")),
	// addresses
	{Cause: "service.partly-down", Name: "five-of-six-addresses-dead", Verdict: "warn", Or: []string{"port.slow", "port.lossy"}, Break: func(w *World) {
		w.Zone[Host] = []string{NobodyIP, "198.51.100.98", "198.51.100.97", "198.51.100.96", "198.51.100.95", HostIP}
	}},
	{Cause: "service.partly-down", Name: "first-address-dead-and-little-time", Verdict: "warn", Or: []string{"port.slow", "port.lossy"}, Break: func(w *World) {
		w.Zone[Host] = []string{NobodyIP, HostIP}
		w.Flags = append(w.Flags, "--timeout", "4s")
	}},
	{Name: "first-resolver-dead-and-little-time", Or: []string{"dns.slow-resolver"}, Break: func(w *World) {
		w.Resolvers = append([]*Resolver{{Address: "192.0.2.54", Dead: true}}, w.Resolvers...)
		w.Flags = append(w.Flags, "--timeout", "3s")
	}},
	{Cause: "unexplained", Name: "first-resolver-without-data-second-knows", Says: []string{"192.0.2.54", HostIP}, Break: func(w *World) {
		w.Resolvers[0].Answer = func(q dns.Question) (*dns.Msg, bool) { return new(dns.Msg), q.Name == Host+"." }
		w.Resolvers = append(w.Resolvers, &Resolver{Address: "192.0.2.54"})
	}},
	// a port that answers now and then: one of several servers behind one address is down
	{Cause: "service.partly-down", Name: "every-second-connection", Confidence: "likely", Says: []string{"connections"}, Break: func(w *World) {
		w.Far.Filter("input", "tcp dport 55443 tcp flags & (syn | ack) == syn numgen inc mod 2 0 reject with tcp reset")
	}},
	{Cause: "port.refused", Name: "although-the-first-hop-rations-icmp", Break: func(w *World) {
		w.API.Closed = true
		w.Gateway.Filter("output", "icmp type time-exceeded limit rate over 1/second burst 1 packets drop")
	}},
	{Cause: "port.prohibited", Name: "said-to-one-packet-in-three", Or: []string{"port.filtered"}, Break: func(w *World) {
		w.ISP.Filter("forward", "tcp dport 55443 numgen inc mod 3 0 reject with icmp type admin-prohibited", "tcp dport 55443 drop")
	}},
	{Name: "p521-key-share-only", Check: oneConnection, Break: func(w *World) {
		w.API.TLS = func(config *tls.Config) { config.CurvePreferences = []tls.CurveID{tls.CurveP521} }
	}},
	{Cause: "port.all-filtered", Name: "udp-and-icmp-fine-tcp-gone", Break: func(w *World) {
		w.ISP.Filter("forward", "meta l4proto tcp drop")
	}},
	{Cause: "tls.intercepted", Name: "only-the-endpoint-and-the-rules-deny", Then: []string{"rules.not-allowed"}, Break: func(w *World) {
		intercepted(w)
		w.Rules = lists["no-match"]
	}},
	{Cause: "call.no-reply", Name: "hosts-file-and-the-service-hangs-up", Or: []string{"dns.hosts-override"}, Break: func(w *World) {
		w.HostsFile = SpareIP + " " + Host + "\n"
		w.API.Addresses = []string{HostIP, SpareIP}
		w.API.Reply = HangUp
	}},
	// two faults
	{Cause: "port.filtered", Name: "hosts-file-pins-an-old-address-and-the-port-is-filtered", Then: []string{"dns.hosts-override"}, Break: func(w *World) {
		w.HostsFile = SpareIP + " " + Host + "\n"
		w.API.Addresses = []string{HostIP, SpareIP}
		w.Gateway.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "dns.hosts-override", Name: "hosts-file-pins-a-closed-address", Break: func(w *World) {
		w.HostsFile = SpareIP + " " + Host + "\n"
	}},
	{Cause: "tls.intercepted", Name: "proxy-that-intercepts", Confidence: "certain", Break: func(w *World) {
		w.UseProxy("http", "")
		w.SystemStore = append(append([]byte{}, w.SystemStore...), strangeRoot().PEM()...)
		certificate(w, strangeRoot(), sandbox.Template{Names: w.Names(), WithRoot: true})
		for _, control := range w.Controls {
			host, _, _ := net.SplitHostPort(control.Address)
			control.Certificate = Issue(strangeRoot(), 0, sandbox.Template{Names: []string{host}, WithRoot: true})
		}
	}},
	{Cause: "host.clock-wrong", Name: "through-a-proxy-only", Break: func(w *World) {
		w.UseProxy("http", "")
		w.OnlyProxy()
		w.Skew = 2 * 365 * 24 * time.Hour
	}},
	{Cause: "call.auth-failed", Name: "pool-and-no-rules", Then: []string{"egress.unstable"}, Break: func(w *World) {
		pool(w)
		outcomes["401"](w)
	}},
	{Cause: "network.login-required", Name: "portal-that-answers-all-tls", Says: []string{"Welcome, please log in"}, Break: portal},
	{Cause: "tls.name-mismatch", Name: "portal-that-answers-all-tls-and-no-page-was-asked-for", Says: []string{"192.0.2.21:443", "the very same certificate"},
		Break: func(w *World) { portal(w); w.Sources, w.NoSources, w.Status = nil, true, nil }},
	{Name: "pages-from-a-cache", Check: oneConnection, Break: func(w *World) {
		w.Sources[0] = &Peer{Address: "192.0.2.11:80"}
		for _, source := range w.Sources {
			source.Answer = func(rw http.ResponseWriter, r *http.Request) {
				rw.Header().Set("Date", time.Now().Add(-2*time.Hour).UTC().Format(http.TimeFormat))
				rw.Header().Set("Age", "7200")
				TellAddress(rw, r)
			}
		}
	}},
	{Cause: "egress.unknown", Name: "portal-with-a-wrong-clock-on-port-80-only", Verdict: "warn", Then: []string{}, Break: func(w *World) {
		w.Sources[0] = &Peer{Address: "192.0.2.11:80"}
		for _, source := range w.Sources {
			source.Answer = func(rw http.ResponseWriter, r *http.Request) {
				rw.Header().Set("Date", "Thu, 01 Jan 1970 03:00:00 GMT")
				Page(200, "text/html", "<html><title>Please log in</title></html>")(rw, r)
			}
		}
	}},
	{Cause: "host.clock-wrong", Name: "portal-cannot-hide-it", Break: func(w *World) {
		w.Skew = 2 * 365 * 24 * time.Hour
		w.Sources[1].Answer = func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Date", "Thu, 01 Jan 1970 03:00:00 GMT")
			Page(200, "text/html", "<html><title>Please log in</title></html>")(rw, r)
		}
	}},
	// both are wrong, and by this host's clock the certificate is so in another way than in truth
	{Cause: "tls.expired", Name: "and-the-clock-is-two-years-behind", Says: []string{"it is now 20"}, Then: []string{"host.clock-wrong"}, Break: func(w *World) {
		w.Skew = 730 * day
		certificate(w, apiIssuer(), lifetime(w, 640*day, 729*day))
	}},
	{Cause: "tls.not-yet-valid", Name: "and-the-clock-is-two-years-ahead", Then: []string{"host.clock-wrong"}, Break: func(w *World) {
		w.Skew = -730 * day
		certificate(w, apiIssuer(), lifetime(w, -729*day, -640*day))
	}},
	{Cause: "tls.expired", Name: "and-the-clock-is-two-hours-behind", Then: []string{"host.clock-wrong"}, Break: func(w *World) {
		w.Skew = 2 * time.Hour
		certificate(w, apiIssuer(), lifetime(w, -90*day, -time.Hour))
	}},
	{Cause: "tls.sni-blocked", Name: "through-a-proxy", Break: func(w *World) {
		w.UseProxy("http", "")
		w.API.TLS = onHello(func(hello *tls.ClientHelloInfo) {
			if hello.ServerName != "" {
				abort(hello.Conn)
			}
		})
	}},
	{Cause: "call.auth-failed", Name: "through-a-pool-of-which-the-rules-know-one", Or: []string{"rules.pool-partly-allowed"}, Break: func(w *World) {
		pool(w)
		w.Rules = []string{"allow " + PublicIP}
		outcomes["401"](w)
	}},
	{Cause: "proxy.upstream-failed", Name: "proxy-that-is-slow-to-say-so", Break: func(w *World) {
		w.UseProxy("http", "")
		w.Proxy.Closed = true
		go accept(w.Far.Listen(proxyAddress+":3128"), func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 4096))
			<-time.After(2 * time.Second)
			_, _ = io.WriteString(conn, "HTTP/1.1 504 Gateway Timeout\r\nConnection: close\r\n\r\n")
		})
	}},
	{Cause: "proxy.upstream-failed", Name: "socks-connection-refused", Says: []string{"5"}, Break: func(w *World) {
		w.UseProxy("socks5", "")
		w.API.Closed = true
	}},
	{Cause: "dns.hosts-override", Name: "pins-to-nowhere-and-the-real-address-answers", Says: []string{HostIP, "answers"}, Confidence: "certain", Break: func(w *World) {
		w.HostsFile = NobodyIP + " " + Host + "\n"
	}},
	{Cause: "tls.name-mismatch", Name: "proxy-that-leads-elsewhere", Never: []string{proxyAddress + " is the address", "answers at " + proxyAddress}, Break: func(w *World) {
		w.UseProxy("http", "")
		certificate(w, apiIssuer(), sandbox.Template{Names: []string{"other.example"}})
	}},
	{Cause: "service.partly-down", Name: "resets-every-second-connection-and-little-time", Or: []string{"unexplained"}, Break: func(w *World) {
		takes(func(n int32) bool { return n%2 == 0 })(w)
		w.Flags = append(w.Flags, "--timeout", "3s")
	}},
	{Cause: "tls.sni-blocked", Name: "silent-on-the-name-says-so", Says: []string{"no answer in time"}, Never: []string{"is reset"}, Break: func(w *World) {
		w.API.TLS = onHello(func(hello *tls.ClientHelloInfo) {
			if hello.ServerName != "" {
				_, _ = io.Copy(io.Discard, hello.Conn)
			}
		})
	}},
	{Cause: "tls.mtu-blackhole", Name: "big-packets-vanish-and-some-small-ones", Or: []string{"unexplained"}, Break: func(w *World) {
		w.ISP.Filter("forward", "meta length > 1300 drop", "ip protocol icmp drop", `tcp dport 55443 numgen inc mod 17 0 drop`)
	}},
	{Cause: "unexplained", Name: "signed-with-sha1-below-a-public-root", Says: []string{"SHA1"}, Break: func(w *World) {
		root := (*bearer)(nil).issue("Lab Old Root", true, nil)
		leaf := root.issue(Host, false, func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 })
		w.present(leaf)
	}},
	// egress
	{Name: "a-source-in-the-own-network", Break: func(w *World) {
		w.Sources[1].Answer = Page(200, "text/plain", ClientIP+"\n")
		w.Rules = []string{"allow " + PublicIP}
	}},
	{Cause: "rules.not-allowed", Name: "a-source-in-the-own-network", Never: []string{ClientIP}, Break: func(w *World) {
		w.Sources[1].Answer = Page(200, "text/plain", ClientIP+"\n")
		w.Rules = lists["no-match"]
		outcomes["denied"](w)
	}},
	// names
	{Cause: "dns.sinkholed", Name: "zeros-for-both-families", Break: func(w *World) { w.Zone[Host] = []string{"0.0.0.0", "::"} }},
	{Cause: "dns.no-ipv4", Name: "zeros-for-ipv6-only", Or: []string{"unexplained", "dns.sinkholed"}, Break: func(w *World) { w.Zone[Host] = []string{"::"} }},
	{Cause: "unexplained", Name: "blocked-by-an-answer-without-data", Break: func(w *World) { w.Zone[Host] = []string{} }},
	{Cause: "dns.sinkholed", Name: "first-resolver-blocks-second-knows", Says: []string{"192.0.2.53"}, Break: func(w *World) {
		w.Resolvers[0].Answer = gives("10.9.9.9")
		w.Resolvers = append(w.Resolvers, &Resolver{Address: "192.0.2.54"})
	}},
	{Cause: "port.filtered", Name: "first-resolver-has-an-old-address", Says: []string{"192.0.2.54"}, Or: []string{"port.unreachable"}, Break: func(w *World) {
		w.Resolvers[0].Answer = gives(NobodyIP)
		w.Resolvers = append(w.Resolvers, &Resolver{Address: "192.0.2.54"})
	}},
	// the way
	{Cause: "port.filtered", Name: "icmp-rationed-and-dropped-at-the-isp", Break: func(w *World) {
		w.Gateway.Filter("output", "icmp type time-exceeded limit rate over 1/second burst 1 packets drop")
		w.ISP.Filter("output", "icmp type time-exceeded limit rate over 1/second burst 1 packets drop")
		w.ISP.Filter("prerouting", "tcp dport 55443 drop")
	}},
	{Name: "replies-lost-one-in-five", Or: []string{"port.lossy", "port.slow"}, Break: func(w *World) {
		w.ISP.Filter("forward", `iifname "up0" tcp sport 55443 numgen inc mod 5 0 drop`)
	}},
	{Cause: "port.answered-nearby", Name: "middlebox-answers-the-syn-and-nothing-else", Break: func(w *World) {
		w.Gateway.NFT("table ip catch {\n chain in {\n type nat hook prerouting priority dstnat;\n tcp dport 55443 redirect to :9999\n }\n}\n")
		go accept(w.Gateway.Listen(GatewayIP+":9999"), RawSilence)
	}},
	// certificates
	{Cause: "tls.expired", Name: "the-server-and-every-name-of-it", Break: func(w *World) {
		w.Rules = lists["no-match"]
		certificate(w, apiIssuer(), lifetime(w, -90*day, -time.Hour))
	}},
	// replies
	fine("no-reason-phrase", Literal("HTTP/1.1 200\r\ncontent-type: text/xml\r\nconnection: close\r\n\r\n"+goodEnvelope)),
	fine("chunks-with-extension-and-trailer", Literal("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n"+
		fmt.Sprintf("%X;a=b\r\n%s\r\n0\r\nX-A: 1\r\n\r\n", len(goodEnvelope), goodEnvelope))),
	fine("length-one-too-long", Literal("HTTP/1.1 200 OK\r\nContent-Length: "+fmt.Sprint(len(goodEnvelope)+1)+"\r\n\r\n"+goodEnvelope)),
	fine("length-twice", Literal("HTTP/1.1 200 OK\r\nContent-Length: "+fmt.Sprint(len(goodEnvelope))+"\r\nContent-Length: "+fmt.Sprint(len(goodEnvelope))+"\r\n\r\n"+goodEnvelope)),
	fine("windows-1252", HTTP("200 OK", "text/xml", "<?xml version='1.0' encoding='windows-1252'?>"+envelope("1", "200", "ok \x96 done"))),
	fine("us-ascii", HTTP("200 OK", "text/xml", "<?xml version='1.0' encoding='US-ASCII'?>"+envelope("1", "200", "ok"))),
	fine("own-doctype-and-instruction", HTTP("200 OK", "text/xml", "<?xml version='1.0' encoding=\"UTF-8\" standalone=\"no\" ?><?xml-stylesheet href='x'?>\n<!DOCTYPE OPS_envelope SYSTEM \"ops.dtd\">"+envelope("1", "200", "ok"))),
	fine("empty-text", HTTP("200 OK", "text/xml", envelope("1", "200", ""))),
	fine("scalars", HTTP("200 OK", "text/xml", strings.NewReplacer(">200<", "><dt_scalar>200</dt_scalar><").Replace(envelope("1", "200", "ok")))),
	fine("attributes-first-with-codes-of-their-own", HTTP("200 OK", "text/xml", strings.Replace(envelope("1", "200", "ok"), "<dt_assoc>",
		`<dt_assoc><item key="attributes"><dt_assoc><item key="is_success">0</item><item key="response_code">401</item></dt_assoc></item>`, 1))),
	fine("gzip-named-identity", HTTP("200 OK", "text/xml", goodEnvelope, "Content-Encoding: identity")),
	replies("call.auth-failed", "401-with-blanks", HTTP("200 OK", "text/xml", envelope(" 0 ", "\n 401 ", " Authentication Error ")), "401"),
	replies("call.rate-limited", "http-429-html", HTTP("429 Too Many Requests", "text/html", "<title>Slow down</title>"), "429"),
	replies("call.not-opensrs", "http-403-of-a-firewall-for-pages", HTTP("403 Forbidden", "text/html", "<title>Access denied | your IP has been blocked</title>", "Server: cloudflare")),
	replies("call.answered-by-device", "http-407-of-a-hidden-proxy", HTTP("407 Proxy Authentication Required", "text/html", "<title>Log in to the proxy</title>", "Proxy-Authenticate: Basic realm=x")),
	// status pages
	{Cause: "port.refused", Name: "incident-that-the-page-calls-harmless", Then: []string{"service.incident"}, Break: func(w *World) {
		w.API.Closed = true
		w.Status.Answer = Page(200, "application/json", `{"status":{"indicator":"none","description":"All Systems Operational"},"incidents":[{"name":"API login trouble","status":"investigating","impact":"none"}]}`)
	}},
	{Cause: "port.refused", Name: "status-page-redirects", Break: func(w *World) {
		w.API.Closed = true
		w.Status.Answer = func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "https://elsewhere.example/", http.StatusFound)
		}
	}},
	{Cause: "port.refused", Name: "status-page-of-another-form", Break: func(w *World) {
		w.API.Closed = true
		w.Status.Answer = Page(200, "application/json", `{"status":"ok","incidents":{}}`)
	}},
	// proxies
	{Cause: "proxy.auth-required", Name: "ntlm-only", Never: []string{"does not take it"}, Break: func(w *World) {
		oddProxy(w, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		w.UseProxy("http", "lab:s3same-0pen-pw")
	}},
	{Cause: "proxy.denied", Name: "proxy-302", Break: func(w *World) {
		oddProxy(w, "HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	}},
	{Cause: "proxy.upstream-failed", Name: "proxy-504-with-page", Break: func(w *World) {
		oddProxy(w, "HTTP/1.1 504 Gateway Timeout\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html><title>Timeout</title>")
	}},
	// options
	{Name: "only-dns-and-the-port-is-filtered", Break: func(w *World) {
		w.Flags = append(w.Flags, "--only", "dns")
		w.Gateway.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "host.offline", Name: "planned-address-and-offline", Break: func(w *World) {
		planned(w, lists["allow"], "203.0.113.50")
		w.Gateway.Filter("forward", "drop")
	}},
}

// takes lets the service reset every connection but those that good names, counted from 1.
func takes(good func(int32) bool) func(*World) {
	return func(w *World) {
		var n atomic.Int32
		w.API.TLS = func(config *tls.Config) {
			config.GetConfigForClient = nil
		}
		w.API.Wrap = func(conn net.Conn) net.Conn {
			if !good(n.Add(1)) {
				_, _ = conn.Read(make([]byte, 1))
				abort(conn)
			}
			return conn
		}
	}
}

// wrongPort is an endpoint at port 443, where something else answers so; the API is at 55443, and sound.
func wrongPort(name string, answer func(net.Conn, *Request)) Fault {
	return Fault{Cause: "port.wrong-port", Name: name, Break: func(w *World) {
		w.EndpointIs = "https://" + Host + ":443/"
		w.Web = nil
		served := Issue(apiIssuer(), 0, sandbox.Template{Names: w.Names()})
		config := &tls.Config{Certificates: []tls.Certificate{*served}}
		go accept(w.Far.Listen(HostIP+":443"), func(conn net.Conn) {
			secure := tls.Server(conn, config)
			if secure.Handshake() != nil {
				return
			}
			_, _ = secure.Read(make([]byte, 4096))
			answer(secure, nil)
		})
	}}
}

// portal lets the gateway answer all TLS with the portal's own, public certificate, and all HTTP with its page.
func portal(w *World) {
	w.Gateway.NFT("table ip catch {\n chain in {\n type nat hook prerouting priority dstnat;\n" +
		" iifname \"lan0\" tcp dport { 443, 55443 } redirect to :8443\n iifname \"lan0\" tcp dport 80 redirect to :8080\n }\n}\n")
	config := &tls.Config{Certificates: []tls.Certificate{*Issue(apiIssuer(), 0, sandbox.Template{Names: []string{"portal.example"}})}}
	page := "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html><title>Welcome, please log in</title></html>"
	go accept(w.Gateway.Listen(GatewayIP+":8443"), func(conn net.Conn) {
		secure := tls.Server(conn, config)
		if secure.Handshake() == nil {
			_, _ = secure.Read(make([]byte, 4096))
			_, _ = io.WriteString(secure, page)
		}
	})
	go accept(w.Gateway.Listen(GatewayIP+":8080"), func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 4096))
		_, _ = io.WriteString(conn, page)
	})
}

// gives answers so when asked for the endpoint's IPv4 address.
func gives(address string) func(dns.Question) (*dns.Msg, bool) {
	return func(q dns.Question) (*dns.Msg, bool) {
		if q.Name != Host+"." {
			return nil, false
		}
		m := new(dns.Msg)
		if q.Qtype == dns.TypeA {
			header := dns.RR_Header{Name: q.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60}
			m.Answer = append(m.Answer, &dns.A{Hdr: header, A: net.ParseIP(address)})
		}
		return m, true
	}
}

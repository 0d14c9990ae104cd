//go:build linux

package lab

import (
	"crypto/tls"
	"io"
	"net"
	"testing"

	"github.com/miekg/dns"

	"opensrs-doctor/probes/sandbox"
)

// Proxies.
var furtherProxies = []Fault{
	{Name: "https-proxy", Check: throughProxy, Break: func(w *World) { secureProxy(w, apiIssuer(), proxyAddress) }},
	{Name: "https-proxy-of-the-companys-own", Check: throughProxy, Break: func(w *World) {
		secureProxy(w, strangeRoot(), proxyAddress)
		w.SystemStore = append(append([]byte{}, w.SystemStore...), strangeRoot().PEM()...)
	}},
	{Cause: "proxy.unreachable", Name: "https-proxy-with-an-unknown-certificate", Says: []string{"The certificate of the proxy does not verify"},
		Never: []string{"No proxy answers", "Allow TCP"}, Break: func(w *World) {
			secureProxy(w, strangeRoot(), proxyAddress)
		}},
	{Cause: "proxy.unreachable", Name: "https-proxy-for-another-name", Break: func(w *World) {
		secureProxy(w, apiIssuer(), "other.example")
	}},
	{Cause: "proxy.unreachable", Name: "https-to-a-plain-proxy", Says: []string{"opensrs-doctor --proxy http://" + proxyAddress + ":3128"},
		Never: []string{"No proxy answers", "Allow TCP"}, Break: func(w *World) {
			w.Env["HTTPS_PROXY"] = "https://" + proxyAddress + ":3128"
		}},
	{Cause: "proxy.unreachable", Name: "http-to-a-socks-proxy", Break: func(w *World) {
		w.Env["HTTPS_PROXY"] = "http://" + proxyAddress + ":1080"
	}},
	{Cause: "proxy.unreachable", Name: "name-does-not-resolve", Says: []string{"squid.example"}, Break: func(w *World) {
		w.Env["HTTPS_PROXY"] = "http://squid.example:3128"
	}},
	{Cause: "proxy.unreachable", Name: "name-and-dead-resolvers", Or: []string{"dns.resolver-unreachable"}, Break: func(w *World) {
		w.Env["HTTPS_PROXY"] = "http://proxy.example:3128"
		w.Resolvers[0].Dead = true
	}},
	{Cause: "proxy.unreachable", Name: "gateway-drops-the-way-there", Break: func(w *World) {
		w.UseProxy("http", "")
		w.Gateway.Filter("forward", "ip daddr "+proxyAddress+" drop")
	}},
	{Cause: "proxy.unreachable", Name: "gateway-rejects-the-way-there", Break: func(w *World) {
		w.UseProxy("socks5", "")
		w.Gateway.Filter("forward", "ip daddr "+proxyAddress+" reject with icmp type admin-prohibited")
	}},
	{Cause: "proxy.unreachable", Name: "own-firewall-rejects-the-way-there", Or: []string{"host.local-firewall"}, Break: func(w *World) {
		w.UseProxy("http", "")
		w.Client.Filter("output", "ip daddr "+proxyAddress+" reject with icmp type admin-prohibited")
	}},
	{Name: "proxy-by-name-in-the-hosts-file", Check: throughProxy, Break: func(w *World) {
		w.Env["HTTPS_PROXY"] = "http://squid.example:3128"
		w.HostsFile = proxyAddress + " squid.example\n"
	}},
	{Name: "proxy-and-no-dns-at-all", Check: throughProxy, Break: func(w *World) {
		w.OnlyProxy()
		w.UseProxy("http", "")
		w.Resolvers[0].Dead = true
	}},
	{Name: "socks-proxy-and-no-dns-at-all", Check: throughProxy, Break: func(w *World) {
		w.OnlyProxy()
		w.Env["HTTPS_PROXY"] = "socks5h://" + proxyAddress + ":1080"
		w.Resolvers[0].Rcode = dns.RcodeRefused
	}},
	{Name: "proxy-in-lower-case", Check: throughProxy, Break: func(w *World) { w.Env["https_proxy"] = "http://" + proxyAddress + ":3128" }},
	{Name: "proxy-without-a-scheme", Check: throughProxy, Break: func(w *World) { w.Env["HTTPS_PROXY"] = proxyAddress + ":3128" }},
	{Name: "http-proxy-variable-is-not-for-https", Check: directly, Break: func(w *World) {
		w.Env["HTTP_PROXY"] = "http://" + proxyAddress + ":3128"
		w.Proxy.Closed = true
	}},
	{Name: "no-proxy-names-the-host", Check: directly, Break: noProxy(Host)},
	{Name: "no-proxy-names-the-domain", Check: directly, Break: noProxy("localhost, .opensrs.example")},
	{Name: "no-proxy-names-host-and-port", Check: directly, Break: noProxy(Host + ":55443")},
	{Name: "no-proxy-names-everything", Check: directly, Break: noProxy("*")},
	{Name: "no-proxy-names-the-network", Check: directly, Break: func(w *World) {
		noProxy("198.51.100.0/24")(w)
		w.EndpointIs = "https://" + HostIP + ":55443/"
	}},
	{Name: "no-proxy-names-another-port", Check: throughProxy, Break: func(w *World) {
		w.UseProxy("http", "")
		w.Env["NO_PROXY"] = Host + ":443,other.example"
	}},
	{Name: "proxy-flag-beats-the-environment", Check: throughProxy, Break: func(w *World) {
		w.Env["HTTPS_PROXY"] = "http://" + NobodyIP + ":3128"
		w.Flags = append(w.Flags, "--proxy", "http://"+proxyAddress+":3128")
	}},
	{Name: "proxy-none", Check: directly, Break: func(w *World) {
		w.UseProxy("http", "")
		w.Proxy.Closed = true
		w.Flags = append(w.Flags, "--proxy", "none")
	}},
	{Name: "proxy-password-with-odd-letters", Check: func(t *testing.T, w *World, result Result) {
		throughProxy(t, w, result)
		expectNot(t, string(result.Stdout)+string(result.Stderr), "p@ss:w0rd/&%")
		expectNot(t, string(result.Stdout)+string(result.Stderr), "p%40ss%3Aw0rd")
	}, Break: func(w *World) {
		w.UseProxy("http", "lab:p%40ss%3Aw0rd%2F%26%25")
		w.Proxy.Login = "lab:p@ss:w0rd/&%"
	}},
	{Name: "socks-login-works", Check: throughProxy, Break: func(w *World) {
		w.UseProxy("socks5", "lab:s3same-0pen-pw")
		w.Proxy.Login = "lab:s3same-0pen-pw"
	}},
	{Name: "login-given-and-not-wanted", Check: throughProxy, Break: func(w *World) { w.UseProxy("socks5", "lab:wr0ng-pa55word") }},
	{Name: "rules-allow-the-proxys-address", Or: []string{"egress.proxied"}, Break: func(w *World) {
		w.UseProxy("http", "")
		w.Rules = []string{"allow " + proxyAddress}
		w.API.Allowed = onlyFrom(proxyAddress)
	}},
	{Cause: "call.ip-denied", Name: "names-the-proxys-address", Says: []string{proxyAddress}, Break: func(w *World) {
		w.UseProxy("http", "")
		w.API.Allowed = onlyFrom(PublicIP)
	}},
	{Cause: "rules.propagating", Name: "the-proxys-address", Says: []string{proxyAddress}, Break: func(w *World) {
		w.UseProxy("socks5", "")
		w.Rules = []string{"allow " + proxyAddress}
		w.API.Allowed = onlyFrom(PublicIP)
	}},
	{Cause: "call.auth-failed", Name: "through-a-proxy", Break: func(w *World) {
		w.UseProxy("http", "")
		outcomes["401"](w)
	}},
	{Cause: "tls.expired", Name: "through-a-proxy", Break: func(w *World) {
		w.UseProxy("http", "")
		certificate(w, apiIssuer(), lifetime(w, -90*day, -day))
	}},
	{Cause: "tls.not-tls", Name: "through-a-proxy", Says: []string{"SSH-2.0"}, Break: func(w *World) {
		w.UseProxy("socks5", "")
		w.API.Raw = RawText("SSH-2.0-OpenSSH_9.9\r\n")
	}},
	{Cause: "tls.timeout", Name: "through-a-proxy", Break: func(w *World) {
		w.UseProxy("http", "")
		w.API.Raw = RawSilence
	}},
	{Cause: "tls.intercepted", Name: "by-the-proxy", Break: func(w *World) { w.UseProxy("http", ""); intercepted(w) }},
	{Cause: "proxy.upstream-failed", Name: "service-refuses-the-proxy", Break: func(w *World) {
		w.UseProxy("http", "")
		w.API.Closed = true
	}},
	{Cause: "proxy.upstream-failed", Name: "service-refuses-the-socks-proxy", Break: func(w *World) {
		w.UseProxy("socks5", "")
		w.API.Closed = true
	}},
	{Cause: "proxy.unreachable", Name: "silent-at-connect", Confidence: "likely", Says: []string{"takes connections and gives no answer", "--proxy socks5://"},
		Break: func(w *World) {
			w.UseProxy("http", "")
			w.Proxy.Mute = true
		}},
	{Cause: "proxy.unreachable", Name: "socks-silent", Confidence: "likely", Says: []string{"takes connections and gives no answer", "--proxy http://"},
		Break: func(w *World) {
			w.UseProxy("socks5", "")
			w.Proxy.Mute = true
		}},
	likely(proxied("proxy.upstream-failed", "http-500", "http", func(p *Proxy) { p.Status = "500 Internal Server Error" }, nil)),
	proxied("network.login-required", "proxy-answers-511", "http", func(p *Proxy) { p.Status = "511 Network Authentication Required" }, nil),
	{Cause: "proxy.upstream-failed", Name: "nobody-is-reached", Says: []string{"no more than to the service"}, Never: []string{"or at the service"}, Break: func(w *World) {
		w.Env["HTTPS_PROXY"] = "http://192.0.2.80:3998"
		go accept(w.Far.Listen("192.0.2.80:3998"), RawText("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"))
	}},
	proxied("proxy.denied", "http-403-with-words", "http", func(p *Proxy) { p.Status = "403 Blocked by policy" }, nil),
	proxied("proxy.denied", "http-405", "http", func(p *Proxy) { p.Status = "405 Method Not Allowed" }, nil),
	proxied("proxy.denied", "http-404", "http", func(p *Proxy) { p.Status = "404 Not Found" }, nil),
	proxied("proxy.denied", "http-302", "http", func(p *Proxy) { p.Status = "302 Found" }, nil),
	proxied("proxy.denied", "http-451", "http", func(p *Proxy) { p.Status = "451 Unavailable For Legal Reasons" }, nil),
	{Cause: "proxy.upstream-failed", Name: "socks-general-failure", Confidence: "likely", Says: []string{"does not say why"}, Break: func(w *World) {
		w.UseProxy("socks5", "")
		w.Proxy.Socks = 1
	}},
	{Cause: "proxy.upstream-failed", Name: "socks-ttl-expired", Or: []string{"unexplained"}, Break: func(w *World) {
		w.UseProxy("socks5", "")
		w.Proxy.Socks = 6
	}},
	{Cause: "proxy.auth-required", Name: "although-direct-works", Break: func(w *World) {
		w.UseProxy("http", "lab:wr0ng-pa55word")
		w.Proxy.Login = "a:b"
	}, Check: noPassword},
	{Cause: "host.offline", Name: "proxy-by-name-and-nothing-answers", Break: func(w *World) {
		w.Env["HTTPS_PROXY"] = "http://proxy.example:3128"
		w.Gateway.Filter("forward", "drop")
	}},
	{Cause: "proxy.unreachable", Name: "hangs-up-at-connect", Confidence: "likely", Says: []string{"takes connections and gives no answer"}, Break: func(w *World) {
		w.Env["HTTPS_PROXY"] = "http://192.0.2.80:3999"
		go accept(w.Far.Listen("192.0.2.80:3999"), func(conn net.Conn) { _, _ = conn.Read(make([]byte, 4096)) })
	}},
	{Cause: "proxy.unreachable", Name: "a-web-server-that-is-no-proxy", Or: []string{"proxy.denied", "tls.not-tls"}, Break: func(w *World) {
		w.Env["HTTPS_PROXY"] = "http://192.0.2.31:80"
	}},
	{Cause: "proxy.unreachable", Name: "an-ssh-server", Or: []string{"unexplained"}, Break: func(w *World) {
		w.Env["HTTPS_PROXY"] = "http://192.0.2.80:2222"
		go accept(w.Far.Listen("192.0.2.80:2222"), func(conn net.Conn) {
			_, _ = io.WriteString(conn, "SSH-2.0-OpenSSH_9.9\r\n")
			_, _ = io.Copy(io.Discard, conn)
		})
	}},
}

// secureProxy is one that is itself reached over TLS.
func secureProxy(w *World, issuer *sandbox.Authority, name string) {
	chain := Issue(issuer, 0, sandbox.Template{Names: []string{name}})
	listener := tls.NewListener(w.Far.Listen(proxyAddress+":3129"), &tls.Config{Certificates: []tls.Certificate{*chain}})
	go accept(listener, w.proxyHTTP)
	w.Env["HTTPS_PROXY"] = "https://" + proxyAddress + ":3129"
}

// noProxy names a proxy that is dead, and an exception.
func noProxy(exception string) func(*World) {
	return func(w *World) {
		w.UseProxy("http", "")
		w.Proxy.Closed = true
		w.Env["NO_PROXY"] = exception
	}
}

// directly: the service was called without the proxy, once.
func directly(t *testing.T, w *World, result Result) {
	oneConnection(t, w, result)
	if callers := w.API.Callers.Distinct(); len(callers) != 1 || callers[0].String() != PublicIP {
		t.Errorf("the service was called by %v, want %s", callers, PublicIP)
	}
}

package report_test

import (
	"net/netip"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/report"
)

// client is a runtime that got through, as opensrs-doctor clients tells it; change makes it another one.
func client(name, library string, change func(*evidence.Client)) evidence.Client {
	c := evidence.Client{Name: name, Version: said("8.2.29"), Path: "/usr/bin/" + name, Library: said(library),
		Status: evidence.Pass, Stage: evidence.StageVerify, Address: endpointIP, LocalAddress: localIP, TLSVersion: said("TLS 1.3"),
		TrustStore: []foreign.Text{said("/etc/ssl/certs/ca-certificates.crt"), said("/etc/ssl/certs")},
		TookMS:     120}
	if change != nil {
		change(&c)
	}
	return c
}

func set(c *evidence.Client, name, value string) {
	c.Settings = append(c.Settings, evidence.Setting{Name: said(name), Value: said(value)})
}

// fails makes a client end at a stage.
func fails(stage evidence.Stage, words string) func(*evidence.Client) {
	return func(c *evidence.Client) {
		c.Status, c.Stage, c.Error, c.TLSVersion = evidence.Fail, stage, said(words), foreign.Text{}
	}
}

// beside is a run of clients: python3 gets through, and the others are those given.
func beside(others ...evidence.Client) func(*evidence.Evidence) {
	return func(e *evidence.Evidence) {
		e.Clients = append([]evidence.Client{client("python3", "ssl, OpenSSL 3.0.17", nil)}, others...)
	}
}

// poolOf makes a client a pool of php-fpm.
func poolOf(c evidence.Client) evidence.Client {
	c.Name, c.Path = "php8.2-fpm:www", "/run/php/php8.2-fpm.sock"
	c.Pool = &evidence.Pool{Name: "www", File: "/etc/php/8.2/fpm/pool.d/www.conf", User: "www-data"}
	set(&c, "ini", "/etc/php/8.2/fpm/php.ini")
	return c
}

var untrusting = fails(evidence.StageVerify, "cURL error 60: SSL certificate problem: unable to get local issuer certificate")

var clientFixtures = []fixture{
	{"client.store-differs", report.Fail, report.Certain, beside(client("php8.2", "curl 7.88.1, OpenSSL/3.0.17", func(c *evidence.Client) {
		untrusting(c)
		set(c, "curl.cainfo", "/etc/ssl/old.pem")
		set(c, "ini", "/etc/php/8.2/cli/php.ini")
	}), poolOf(client("php8.2", "streams, OpenSSL 3.0.17", fails(evidence.StageVerify,
		"SSL operation failed with code 1. OpenSSL Error messages: error:0A000086:SSL routines::certificate verify failed"))),
		client("node", "tls, OpenSSL 3.0.15", fails(evidence.StageVerify, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unable to get local issuer certificate")),
		client("java", "JSSE of Debian", fails(evidence.StageVerify, "PKIX path building failed: unable to find valid certification path to requested target")),
		client("ruby", "net/http, OpenSSL 3.0.17", fails(evidence.StageVerify, "SSL_connect returned=1 errno=0 peeraddr=198.51.100.10:55443 state=error: "+
			"certificate verify failed (unable to get local issuer certificate)")))},
	{"client.store-differs/unverified", report.Warn, report.Certain, beside(client("node", "tls, OpenSSL 3.0.15", func(c *evidence.Client) {
		c.Unverified = true
		set(c, "env NODE_TLS_REJECT_UNAUTHORIZED", "0")
	}))},
	{"client.tls-too-old", report.Fail, report.Likely, beside(client("php5.4", "curl 7.29.0, NSS/3.28", fails(evidence.StageTLS,
		"cURL error 35: Peer reports incompatible or unsupported protocol version")))},
	{"client.strict", report.Fail, report.Certain, beside(client("python3.13", "ssl, OpenSSL 3.4.1", fails(evidence.StageVerify,
		"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Basic Constraints of CA cert not marked critical")))},
	{"client.strict/renegotiation", report.Fail, report.Certain, beside(client("php8.2", "curl 7.88.1, OpenSSL/3.0.17", fails(evidence.StageTLS,
		"cURL error 35: OpenSSL/3.0.17: error:0A000152:SSL routines::unsafe legacy renegotiation disabled")),
		client("ruby", "net/http, OpenSSL 3.0.17", fails(evidence.StageTLS, "SSL_connect returned=1 errno=0: unsafe legacy renegotiation disabled")))},
	{"client.strict/expired-cross-root", report.Fail, report.Certain, beside(client("php5.6", "curl 7.38.0, OpenSSL/1.0.1t", fails(evidence.StageVerify,
		"cURL error 60: SSL certificate problem: certificate has expired")))},
	{"client.store-differs/expired-root", report.Fail, report.Certain, beside(client("php8.2", "curl 7.88.1, OpenSSL/3.0.17", func(c *evidence.Client) {
		fails(evidence.StageVerify, "cURL error 60: SSL certificate problem: certificate has expired")(c)
		set(c, "curl.cainfo", "/etc/ssl/old.pem")
		set(c, "ini", "/etc/php/8.2/cli/php.ini")
	}))},
	{"client.store-differs/pool-sets-it", report.Fail, report.Certain, beside(func() evidence.Client { // its curl goes by openssl.cafile
		c := poolOf(client("php8.2", "curl 7.88.1, OpenSSL/3.0.17", untrusting))
		set(&c, "openssl.cafile", "/etc/ssl/old.pem")
		set(&c, "curl.cainfo", "/etc/ssl/unread.pem")
		c.Pool.Sets = []string{"openssl.cafile", "curl.cainfo"}
		return c
	}())},
	{"client.store-differs/chroot", report.Fail, report.Certain, beside(func() evidence.Client {
		c := poolOf(client("php8.2", "curl 7.88.1, OpenSSL/3.0.17", untrusting))
		c.Pool.Chroot = "/srv/shop"
		return c
	}())},
	{"client.dns-differs/resolves-not", report.Fail, report.Certain, beside(client("getent", "libc's resolver", fails(evidence.StageResolve,
		"no address for this name")))},
	{"client.dns-differs/chroot", report.Fail, report.Certain, beside(client("getent", "libc's resolver", nil), func() evidence.Client {
		c := poolOf(client("php8.2", "curl 7.88.1, OpenSSL/3.0.17", fails(evidence.StageResolve, "cURL error 6: Could not resolve host: rr-n1-tor.opensrs.net")))
		c.Pool.Chroot = "/srv/shop"
		return c
	}())},
	{"client.dns-differs/no-dns-in-nsswitch", report.Fail, report.Certain, func(e *evidence.Evidence) {
		e.DNS.NoLibcDNS = "/etc/nsswitch.conf:9"
		beside(client("getent", "libc's resolver", fails(evidence.StageResolve, "no address for this name")))(e)
	}},
	{"client.dns-differs/elsewhere", report.Warn, report.Certain, beside(client("curl", "curl 7.88.1, OpenSSL/3.0.17", func(c *evidence.Client) {
		c.Address = ip("192.0.2.99")
	}))},
	{"client.path-differs", report.Fail, report.Certain, beside(client("curl", "curl 7.88.1, OpenSSL/3.0.17", func(c *evidence.Client) {
		fails(evidence.StageConnect, "curl: (7) Failed to connect to 192.0.2.8 port 3128: Connection refused")(c)
		c.Proxy = said("http://192.0.2.8:3128")
		set(c, "env https_proxy", "http://192.0.2.8:3128")
	}))},
	{"client.path-differs/address", report.Warn, report.Certain, beside(client("node", "tls, OpenSSL 3.0.15", func(c *evidence.Client) {
		c.LocalAddress = ip("10.9.0.2")
	}))},
	{"client.path-differs/ipv6-is-dead", report.Fail, report.Likely, func(e *evidence.Evidence) {
		e.DNS.IPv6 = []netip.Addr{ip("2001:db8::1")}
		python := client("python3", "ssl, OpenSSL 3.0.17", fails(evidence.StageConnect, "no answer from 2001:db8::1 within 4 s"))
		python.Address = ip("2001:db8::1")
		streams := client("php8.2", "streams, OpenSSL 3.0.17", fails(evidence.StageConnect, "Unable to connect (Connection timed out)"))
		streams.Address = netip.Addr{}
		beside(python, streams)(e)
	}},
	{"client.blocked", report.Fail, report.Likely, beside(poolOf(client("php8.2", "curl 7.88.1, OpenSSL/3.0.17", fails(evidence.StageConnect,
		"cURL error 7: Failed to connect to 198.51.100.10 port 55443: Connection refused"))))},
	{"client.missing-extension", report.Fail, report.Certain, beside(client("perl", "IO::Socket::SSL", func(c *evidence.Client) {
		fails(evidence.StageResolve, "the module IO::Socket::SSL is not installed")(c)
		c.Missing = said("IO::Socket::SSL")
	}))},
	{"client.missing-extension/other-library", report.Warn, report.Certain, beside(client("php8.2", "streams, OpenSSL 3.0.17", nil),
		client("php8.2", "curl", func(c *evidence.Client) {
			fails(evidence.StageConnect, "the curl extension is not loaded")(c)
			c.Missing = said("curl")
		}))},
}

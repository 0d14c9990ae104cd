package report_test

import (
	"slices"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
)

// broken ends the run at a handshake that did not complete, and none of the experiments does either.
func broken(e *evidence.Evidence, kind evidence.Kind, detail string) {
	e.TLS = &evidence.TLS{Failure: failure("handshake", kind, detail)}
	if kind == evidence.KindTimeout {
		step(e, "tls").Took = 3 * time.Second
	}
	stopAt(e, "tls", e.TLS.Failure)
	variants(e, kind, detail)
}

// hellos are likewise those of five connections and ten on which the handshake began.
func hellos(set func(c *evidence.Counts, n int)) *evidence.ThisHost {
	host := counted(set)
	ledger := host.Ledger
	ledger.Protocol, ledger.N = evidence.LedgerHello, 5
	for counts, n := range map[*evidence.Counts]int{&ledger.Once: 5, &ledger.Twice: 10} {
		*counts = evidence.Counts{OutSegments: 2 * n, OutRequests: n, OutTransmits: pointer(n)}
		set(counts, n)
	}
	host.Hellos, host.Ledger = ledger, nil
	return host
}

// variants makes the experiments fail like that, but for those named.
func variants(e *evidence.Evidence, kind evidence.Kind, detail string, working ...string) {
	for i := range e.TLS.Variants {
		v := &e.TLS.Variants[i]
		if v.Works = slices.Contains(working, v.Name); v.Works {
			v.Version, v.Proven, v.Failure, v.TookMS = "TLS 1.2", v.Name != evidence.VariantOld, nil, 21
			continue
		}
		v.Version, v.Failure = "", failure("handshake", kind, detail)
		if kind == evidence.KindTimeout {
			v.TookMS = 3000
		}
	}
}

// shows makes the peer present another leaf, which counts for this much.
func shows(e *evidence.Evidence, leaf evidence.Certificate, trust evidence.Trust) {
	if leaf.SHA256 == "" {
		leaf.SHA256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
	}
	if leaf.NotAfter.IsZero() {
		leaf.NotBefore, leaf.NotAfter = fixedStart.AddDate(0, -1, 0), fixedStart.AddDate(0, 11, 0)
	}
	e.TLS.Chain, e.TLS.Trust = []evidence.Certificate{leaf}, &trust
	untrusted(e)
}

// byAcme is the endpoint's certificate, issued by a company's own authority.
func byAcme() evidence.Certificate {
	return evidence.Certificate{Subject: said("CN=rr-n1-tor.opensrs.net"), Issuer: said(privateCA), IssuerOrg: said("Acme Corp"),
		Names: saidAll("rr-n1-tor.opensrs.net")}
}

// inspected is a device of this network that opens TLS; this host's store trusts it.
func inspected(e *evidence.Evidence) {
	shows(e, byAcme(), evidence.Trust{System: true, NameOK: true, DatesOK: true, RootShown: true, Issuer: said(privateCA)})
}

// allowed makes the call all the same, and it succeeds.
func allowed(e *evidence.Evidence) {
	good := healthy()
	e.TLS.CallAllowed, e.Call, e.Steps[5] = true, good.Call, good.Steps[5]
	step(e, "tls").Status, step(e, "tls").Failure, e.TLS.Variants = evidence.Warn, nil, nil
}

// outdated is a host whose own roots do not verify a certificate that the public ones do.
func outdated(e *evidence.Evidence) {
	good := healthy()
	e.TLS.Trust.System = false
	stopAt(e, "tls", failure("verify", evidence.KindUntrusted, "this host's own roots do not verify the certificate"))
	e.Call, e.Steps[5] = good.Call, good.Steps[5]
	for i := range e.TLS.Variants {
		e.TLS.Variants[i].Proven = true
	}
	for i := range e.Controls {
		e.Controls[i].TLS.System = false
	}
}

func dates(e *evidence.Evidence, from, to time.Time) {
	trust := evidence.Trust{System: true, Public: true, NameOK: true, DatesOnly: true, Issuer: said(publicCA)}
	leaf := goodChain()[0]
	leaf.NotBefore, leaf.NotAfter = from, to
	if trust.Expired = &leaf; to.After(fixedStart) {
		trust.Expired, trust.NotYetValid = nil, &leaf
	}
	shows(e, leaf, trust)
}

var tlsFixtures = []fixture{
	{"tls.not-tls", report.Fail, report.Certain, func(e *evidence.Evidence) {
		broken(e, evidence.KindNotTLS, "tls: first record does not look like a TLS handshake")
		e.TLS.Quote = said("SSH-2.0-OpenSSH_9.9")
	}},
	{"tls.reset", report.Fail, report.Likely, func(e *evidence.Evidence) { broken(e, evidence.KindReset, "connection reset by peer") }},
	{"tls.sni-blocked", report.Fail, report.Certain, func(e *evidence.Evidence) {
		broken(e, evidence.KindReset, "connection reset by peer")
		variants(e, evidence.KindReset, "connection reset by peer", evidence.VariantNoSNI)
	}},
	{"tls.local-roots-outdated/a-variable-names-a-missing-file", report.Fail, report.Certain, func(e *evidence.Evidence) {
		outdated(e)
		e.TLS.Trust.SystemEmpty = true
		e.TLS.Store = &evidence.Store{Variable: "SSL_CERT_FILE", Path: said("/opt/php/ca.pem"), Problem: said("no such file or directory")}
	}},
	{"tls.version-intolerant", report.Fail, report.Certain, func(e *evidence.Evidence) {
		broken(e, evidence.KindReset, "connection reset by peer")
		variants(e, evidence.KindReset, "connection reset by peer", evidence.VariantNo13)
	}},
	{"tls.slow", report.Warn, report.Certain, func(e *evidence.Evidence) { step(e, "tls").Took = ms(4100) }},
	{"tls.hello-too-big", report.Fail, report.Certain, func(e *evidence.Evidence) {
		broken(e, evidence.KindTimeout, "context deadline exceeded")
		variants(e, evidence.KindTimeout, "context deadline exceeded", evidence.VariantClassic, evidence.VariantNo13)
	}},
	{"tls.hello-too-big/or-few-packets", report.Fail, report.Likely, func(e *evidence.Evidence) {
		broken(e, evidence.KindTimeout, "context deadline exceeded")
		variants(e, evidence.KindTimeout, "context deadline exceeded", evidence.VariantClassic)
	}},
	{"tls.mtu-blackhole", report.Fail, report.Certain, func(e *evidence.Evidence) {
		broken(e, evidence.KindTimeout, "context deadline exceeded")
		variants(e, evidence.KindTimeout, "context deadline exceeded", evidence.VariantSmall)
	}},
	{"tls.mtu-blackhole/to-the-server", report.Fail, report.Certain, func(e *evidence.Evidence) {
		broken(e, evidence.KindTimeout, "context deadline exceeded")
		variants(e, evidence.KindTimeout, "context deadline exceeded", evidence.VariantSmall, evidence.VariantClassic, evidence.VariantNo13)
	}},
	{"tls.mtu-blackhole/learned", report.Fail, report.Likely, func(e *evidence.Evidence) {
		broken(e, evidence.KindTimeout, "context deadline exceeded")
		variants(e, evidence.KindTimeout, "context deadline exceeded", evidence.VariantSmall, evidence.VariantClassic, evidence.VariantNo13)
		e.TLS.Variants[0].Fickle = true
	}},
	{"host.local-firewall/after-the-connection", report.Fail, report.Certain, func(e *evidence.Evidence) {
		broken(e, evidence.KindTimeout, "context deadline exceeded")
		e.ThisHost = hellos(func(c *evidence.Counts, n int) { c.OutTransmits = pointer(0) })
		e.ThisHost.Firewall = &evidence.Firewall{Uncounted: 1}
	}},
	{"host.local-firewall/resets-after-the-connection", report.Fail, report.Certain, func(e *evidence.Evidence) {
		broken(e, evidence.KindReset, "connection reset by peer")
		variants(e, evidence.KindReset, "connection reset by peer", evidence.VariantNo13)
		e.ThisHost = hellos(func(c *evidence.Counts, n int) { c.OutTransmits = pointer(0) })
	}},
	{"host.reply-dropped/after-the-connection", report.Fail, report.Likely, func(e *evidence.Evidence) {
		broken(e, evidence.KindTimeout, "context deadline exceeded")
		variants(e, evidence.KindTimeout, "context deadline exceeded", evidence.VariantSmall)
		e.ThisHost = hellos(func(c *evidence.Counts, n int) { c.InReceives, c.InDelivers = 4*n, n })
	}},
	{"tls.rejected", report.Fail, report.Certain, func(e *evidence.Evidence) {
		broken(e, evidence.KindAlert, "tls: handshake failure")
		e.TLS.Alert = "handshake failure"
	}},
	{"tls.timeout", report.Fail, report.Likely, func(e *evidence.Evidence) { broken(e, evidence.KindTimeout, "context deadline exceeded") }},
	{"tls.timeout/not-confirmed", report.Fail, report.Likely, func(e *evidence.Evidence) {
		broken(e, evidence.KindTimeout, "context deadline exceeded")
		e.TLS.Unconfirmed = 2
	}},
	{"tls.timeout/no-experiments", report.Fail, report.Likely, func(e *evidence.Evidence) {
		broken(e, evidence.KindTimeout, "context deadline exceeded")
		e.TLS.Variants = nil
	}},
	{"tls.version-unsupported", report.Fail, report.Certain, func(e *evidence.Evidence) {
		broken(e, evidence.KindAlert, "tls: protocol version not supported")
		e.TLS.Alert = "protocol version not supported"
		variants(e, evidence.KindAlert, "tls: protocol version not supported", evidence.VariantOld)
		e.TLS.Variants[5].Version = "TLS 1.1"
	}},
	{"tls.version-unsupported/other-suites", report.Fail, report.Certain, func(e *evidence.Evidence) {
		broken(e, evidence.KindAlert, "tls: handshake failure")
		e.TLS.Alert, e.TLS.Picks = "handshake failure", &evidence.Pick{Suite: "0x009F", Kind: evidence.SuiteDHE}
	}},
	{"tls.version-unsupported/alert-only", report.Fail, report.Likely, func(e *evidence.Evidence) {
		broken(e, evidence.KindAlert, "tls: protocol version not supported")
		e.TLS.Alert, e.TLS.Variants = "protocol version not supported", nil
	}},
	{"tls.expired", report.Fail, report.Certain, func(e *evidence.Evidence) {
		dates(e, fixedStart.AddDate(0, -3, 0), fixedStart.AddDate(0, 0, -3))
	}},
	{"tls.expired/clock-not-checked", report.Fail, report.Likely, func(e *evidence.Evidence) {
		dates(e, fixedStart.AddDate(0, -3, 0), fixedStart.AddDate(0, 0, -3))
		e.Clock = nil
	}},
	{"tls.not-yet-valid", report.Fail, report.Certain, func(e *evidence.Evidence) {
		dates(e, fixedStart.AddDate(0, 0, 2), fixedStart.AddDate(1, 0, 0))
	}},
	{"tls.name-mismatch", report.Fail, report.Certain, func(e *evidence.Evidence) {
		shows(e, evidence.Certificate{Subject: said("CN=www.example.net"), Issuer: said(issuingCA), IssuerOrg: said("Example Trust"),
			Names: saidAll("www.example.net", "example.net")},
			evidence.Trust{System: true, Public: true, DatesOK: true, Issuer: said(publicCA)})
	}},
	{"tls.self-signed", report.Fail, report.Certain, func(e *evidence.Evidence) {
		shows(e, evidence.Certificate{Subject: said("CN=appliance.local"), Issuer: said("CN=appliance.local"), SelfSigned: true,
			Names: saidAll("appliance.local")},
			evidence.Trust{DatesOK: true, SelfSigned: true, Issuer: said("CN=appliance.local")})
	}},
	{"tls.incomplete-chain", report.Fail, report.Likely, incomplete},
	{"tls.incomplete-chain/known-to-be-public", report.Fail, report.Certain, func(e *evidence.Evidence) {
		incomplete(e)
		e.TLS.Trust.MissingKnown = true
	}},
	{"tls.intercepted", report.Fail, report.Likely, inspected},
	{"tls.intercepted/controls-too", report.Fail, report.Certain, func(e *evidence.Evidence) {
		noSource(e, failure("verify", evidence.KindUntrusted, "the certificate did not verify: "+privateCA))
		inspected(e)
		for i := range e.Controls {
			e.Controls[i].TLS = &evidence.Trust{System: true, NameOK: true, DatesOK: true, RootShown: true, Issuer: said(privateCA)}
		}
	}},
	{"tls.intercepted/product", report.Fail, report.Likely, func(e *evidence.Evidence) {
		leaf := byAcme()
		leaf.Issuer, leaf.IssuerOrg = said("CN=Zscaler Intermediate Root CA,O=Zscaler Inc."), said("Zscaler Inc.")
		shows(e, leaf, evidence.Trust{NameOK: true, DatesOK: true, Issuer: leaf.Issuer, Product: "Zscaler", Missing: leaf.Issuer})
	}},
	{"tls.intercepted/allowed", report.Warn, report.Likely, func(e *evidence.Evidence) {
		inspected(e)
		e.Asked.AllowIntercepted = true
		allowed(e)
	}},
	{"tls.intercepted/old-roots", report.Warn, report.Possible, func(e *evidence.Evidence) {
		inspected(e)
		e.Asked.RootsDate = fixedStart.AddDate(0, 0, -412)
		allowed(e)
	}},
	{"tls.unknown-ca", report.Fail, report.Certain, func(e *evidence.Evidence) {
		shows(e, byAcme(), evidence.Trust{NameOK: true, DatesOK: true, RootShown: true, Issuer: said(privateCA)})
	}},
	{"tls.unknown-ca/no-root-presented", report.Fail, report.Possible, func(e *evidence.Evidence) {
		shows(e, byAcme(), evidence.Trust{NameOK: true, DatesOK: true, Issuer: said(privateCA), Missing: said(privateCA)})
		e.Egress.Sightings = e.Egress.Sightings[3:] // no other peer's certificate verifies
		e.Controls = nil
	}},
	{"tls.local-roots-outdated", report.Fail, report.Certain, outdated},
	{"tls.local-roots-outdated/empty-store", report.Fail, report.Certain, func(e *evidence.Evidence) {
		outdated(e)
		e.TLS.Trust.SystemEmpty = true
	}},
	{"tls.expires-soon", report.Warn, report.Certain, func(e *evidence.Evidence) {
		e.TLS.Chain[0].NotAfter = fixedStart.Add(5*24*time.Hour + 7*time.Hour)
		e.TLS.Trust.FirstToEnd = &e.TLS.Chain[0]
		step(e, "tls").Status = evidence.Warn
	}},
}

func incomplete(e *evidence.Evidence) {
	shows(e, goodChain()[0], evidence.Trust{NameOK: true, DatesOK: true, Missing: said(issuingCA), Issuer: said(issuingCA),
		MissingURL: said("http://pki.example.org/tls-ca-2026.crt")})
}

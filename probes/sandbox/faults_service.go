package sandbox

import (
	"crypto/tls"
	"net/http"
	"slices"
	"strconv"
	"time"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/opensrs"
)

const day = 24 * time.Hour

var tlsFaults = lazy.Value[[]fault]{Make: func() []fault {
	return []fault{
		{id: "tls.expired", server: true, shakes: mustRefuse, prepare: certified(func(p *plan, t Template) tls.Certificate {
			t.NotBefore, t.NotAfter = time.Now().Add(-90*day), time.Now().Add(-3*day)
			return p.ca.Issue(t)
		})},
		{id: "tls.not-yet-valid", server: true, shakes: mustRefuse, prepare: certified(func(p *plan, t Template) tls.Certificate {
			t.NotBefore, t.NotAfter = time.Now().Add(3*day), time.Now().Add(goodFor)
			return p.ca.Issue(t)
		})},
		{id: "tls.expires-soon", server: true, prepare: certified(func(p *plan, t Template) tls.Certificate {
			t.NotBefore, t.NotAfter = time.Now().Add(-85*day), time.Now().Add(5*day)
			return p.ca.Issue(t)
		})},
		{id: "tls.name-mismatch", server: true, shakes: mustRefuse, prepare: certified(func(p *plan, t Template) tls.Certificate {
			t.CommonName, t.Names = "", []string{"www.example.net", "example.net"}
			if slices.Contains(t.Names, p.name) {
				t.Names = []string{"www.example.org", "example.org"}
			}
			return p.ca.Issue(t)
		})},
		{id: "tls.self-signed", server: true, shakes: mustRefuse, prepare: certified(func(_ *plan, t Template) tls.Certificate {
			t.CommonName = "appliance.local"
			return SelfSigned(t)
		})},
		{id: "tls.unknown-ca", server: true, shakes: mustRefuse, prepare: certified(func(_ *plan, t Template) tls.Certificate {
			t.WithRoot = true
			return NewRoot(Template{CommonName: "Example Private Root", Organization: "Example Ltd"}).Issue(t)
		})},
		{id: "tls.incomplete-chain", server: true, shakes: mayRefuse, prepare: incompleteChain},
		{id: "tls.intercepted", prepare: intercepted},
		{id: "tls.local-roots-outdated", prepare: func(p *plan) error {
			p.sandbox.client.SystemRoots = onlyRoots(NewAuthority("Example Root of 2009"))
			return nil
		}},
		{id: "tls.not-tls", server: true, prepare: func(p *plan) error { p.raw = speakPlain; return nil }},
		{id: "tls.reset", server: true, prepare: func(p *plan) error { p.raw = resetHello; return nil }},
		{id: "tls.timeout", server: true, prepare: func(p *plan) error { p.raw = staySilent; return nil }},
		{id: "tls.rejected", server: true, prepare: func(p *plan) error { p.raw = rejectHello; return nil }},
		{id: "tls.hello-too-big", server: true, prepare: func(p *plan) error { p.filter = swallowBig; return nil }},
		{id: "tls.sni-blocked", server: true, prepare: func(p *plan) error {
			p.filter = resetNamed
			return resolvedBy(resolving(p.clientHost()))(p)
		}},
		{id: "tls.version-unsupported", server: true, shakes: mayRefuse, prepare: func(p *plan) error {
			p.tls = func(config *tls.Config) {
				config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
			}
			return nil
		}},
	}
}}

// certified gives the API another certificate, made of a good template.
func certified(make func(*plan, Template) tls.Certificate) func(*plan) error {
	return func(p *plan) error {
		p.leaf = func(p *plan) tls.Certificate { return make(p, p.template()) }
		return nil
	}
}

// incompleteChain: the API leaves out an intermediate that the controls present.
func incompleteChain(p *plan) error {
	p.issuer = p.ca.Intermediate(Template{
		CommonName: "Sandbox Intermediate", Organization: "opensrs-doctor sandbox"})
	p.peers = func(p *plan, t Template) tls.Certificate { return p.issuer.Issue(t) }
	return certified(func(p *plan, t Template) tls.Certificate {
		t.Alone, t.IssuerURL = true, p.issuerURL
		return p.issuer.Issue(t)
	})(p)
}

// intercepted: a gateway that this host trusts, and nobody else does, is in front of the API and all others.
func intercepted(p *plan) error {
	gateway := NewRoot(Template{CommonName: "Example Web Gateway", Organization: "Example Ltd IT Department"})
	p.peers = func(_ *plan, t Template) tls.Certificate {
		t.WithRoot = true
		return gateway.Issue(t)
	}
	p.sandbox.client.SystemRoots = onlyRoots(p.ca, gateway)
	return certified(p.peers)(p)
}

var callFaults = lazy.Value[[]fault]{Make: func() []fault {
	return []fault{
		{id: "call.auth-failed", server: true, prepare: answering(answerCode(codeAuth, refusedSignature))},
		{id: "call.permission-denied", server: true, prepare: answering(answerCode(codePermission, "Permission denied"))},
		{id: "call.rate-limited", server: true, prepare: answering(answerCode(codeRate,
			"Maximum simultaneous connections exceeded"))},
		{id: "call.server-error", server: true, prepare: answering(answerStatus(http.StatusBadGateway))},
		{id: "call.no-reply", server: true, prepare: answering(answerNothing)},
		{id: "call.timeout", server: true, prepare: answering(answerNever)},
		{id: "call.not-opensrs", server: true, prepare: answering(answerHTML)},
		{id: "call.redirected", server: true, prepare: answering(answerElsewhere)},
		{id: "call.malformed-reply", server: true, prepare: answering(answerCutShort)},
	}
}}

func answering(answer func() *reply) func(*plan) error {
	return func(p *plan) error {
		p.answer = answer
		return nil
	}
}

// answerCode refuses every request with a code of the protocol.
func answerCode(code int, text string) func() *reply {
	return func() *reply { return refusal(code, text) }
}

// answerStatus refuses every request with an HTTP status and a page, as a gateway before the service does.
func answerStatus(status int) func() *reply {
	text := strconv.Itoa(status) + " " + http.StatusText(status)
	return func() *reply {
		return page(status, "<html><head><title>"+text+"</title></head><body><h1>"+text+"</h1></body></html>\n")
	}
}

// answerNothing hangs up once the request is read.
func answerNothing() *reply { return &reply{} }

// answerNever waits until the client leaves or the sandbox closes, and says nothing even then.
func answerNever() *reply { return &reply{hold: true} }

func answerHTML() *reply {
	return page(http.StatusOK, "<!DOCTYPE html>\n<html><head><title>Guest network</title></head>\n"+
		"<body><p>Please accept the terms of use.</p></body></html>\n")
}

func answerElsewhere() *reply {
	r := page(http.StatusFound, "<html><head><title>302 Found</title></head><body><h1>302 Found</h1></body></html>\n")
	r.location = "https://portal.example/login"
	return r
}

// answerCutShort sends the first half of a good reply as if it were all.
func answerCutShort() *reply {
	r := (*inspection)(nil).balance(opensrs.Request{Object: "BALANCE"})
	r.body = r.body[:len(r.body)/2]
	return r
}

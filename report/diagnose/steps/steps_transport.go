package steps

import (
	"fmt"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

func portWords(e *evidence.Evidence, step evidence.Step) string {
	p, port := e.Port, portNumber(e)
	switch {
	case step.Status != evidence.Fail && p.Connected.IsValid():
		return connectedWords(e)
	case p.ProxyReply != nil && p.ProxyReply.Protocol == "http":
		return fmt.Sprintf("the proxy answers %d %s", p.ProxyReply.Code, p.ProxyReply.Text)
	case p.ProxyReply != nil:
		return "the proxy says: " + p.ProxyReply.Text.String()
	case e.Host.Proxy != nil && p.Connected.IsValid():
		return "the proxy: " + reading.RowFailure(step.Failure)
	case e.Host.Proxy != nil && len(p.Attempts) > 0:
		words := silenceWords(p, step.Failure)
		if step.Failure != nil && step.Failure.Kind == evidence.KindTimeout && len(e.Later()) > 0 {
			words += " at first, then an answer"
		}
		return fmt.Sprintf("the proxy, %s: %s", p.Attempts[0].Address, words)
	}
	return port + ": " + placeWords(e, step.Failure)
}

func connectedWords(e *evidence.Evidence) string {
	p := e.Port
	told := portNumber(e) + " answers at " + p.Connected.Addr().Unmap().String()
	if proxy := e.Host.Proxy; proxy != nil {
		through := portNumber(e) + " reached through "
		told = screen.FirstFitting(reading.RowWidth, through+proxy.URL, through+"the proxy")
	}
	switch {
	case p.ConnectMS >= 1000:
		return told + ", after " + screen.SpanMS(p.ConnectMS)
	case p.Retransmits != nil && *p.Retransmits == 1:
		return told + ", one packet was sent again"
	case p.Retransmits != nil && *p.Retransmits > 1:
		return fmt.Sprintf("%s, %d packets were sent again", told, *p.Retransmits)
	}
	return told
}

// placeWords is how the connection failed, and where if the walk allows to say so.
func placeWords(e *evidence.Evidence, f *evidence.Failure) string {
	if words := reading.EndingOf(e).Row(); words != "" {
		return words
	}
	return silenceWords(e.Port, f)
}

// silenceWords adds to a silence how long it was listened to.
func silenceWords(p *evidence.Port, f *evidence.Failure) string {
	longest := 0.0
	for _, attempt := range p.Attempts {
		if attempt.Failure != nil && attempt.Failure.Kind != evidence.KindTimeout && !p.Connected.IsValid() {
			return reading.RowFailure(attempt.Failure) // an answer, whatever it says
		}
		longest = max(longest, attempt.TookMS)
	}
	if f != nil && f.Kind == evidence.KindTimeout && longest > 0 {
		return "silence for " + screen.SpanMS(longest)
	}
	return reading.RowFailure(f)
}

func tlsWords(e *evidence.Evidence, step evidence.Step) string {
	t := e.TLS
	failure := step.Failure
	if failure == nil {
		failure = t.Failure
	}
	if step.Status != evidence.Fail && len(t.Chain) > 0 {
		return certificateWords(t)
	}
	untrusted := failure != nil && failure.Kind == evidence.KindUntrusted
	if t.Trust != nil && len(t.Chain) > 0 && (t.Connected || untrusted) {
		return distrustWords(t, e.Target.Host)
	}
	switch {
	case failure == nil:
	case failure.Kind == evidence.KindNotTLS && !t.Quote.Empty():
		return screen.FirstFitting(reading.RowWidth, fmt.Sprintf("the peer speaks no TLS: %q", t.Quote),
			reading.KindWords.Get()[failure.Kind])
	case failure.Kind == evidence.KindAlert && t.Alert != "":
		return "the peer refuses the handshake: " + t.Alert
	case failure.Kind == evidence.KindTimeout:
		return "connected, then silence"
	case failure.Kind == evidence.KindReset:
		return "connection reset during the handshake"
	case failure.Kind == evidence.KindHungUp:
		return "connection closed during the handshake"
	}
	return reading.RowFailure(failure)
}

// certificateWords is a handshake that completed with a peer that may be called.
func certificateWords(t *evidence.TLS) string {
	leaf, issuer := t.Chain[0], reading.ShortIssuer(t.Chain[0])
	until := leaf.NotAfter.UTC().Format("2006-01-02")
	if t.Trust != nil && !t.Trust.Proven() {
		return screen.FirstFitting(reading.RowWidth, t.Version+", certificate by "+issuer+", not a public authority",
			"certificate by "+issuer+", not public", "certificate of an authority that is not public")
	}
	return screen.FirstFitting(reading.RowWidth,
		fmt.Sprintf("%s, certificate of %s by %s until %s", t.Version, reading.ShortSubject(leaf), issuer, until),
		fmt.Sprintf("%s, certificate by %s until %s", t.Version, issuer, until),
		fmt.Sprintf("%s, certificate valid until %s", t.Version, until))
}

// distrustWords is what is wrong with the certificate, the gravest first.
func distrustWords(t *evidence.TLS, host string) string {
	trust, issuer := t.Trust, reading.ShortIssuer(t.Chain[0])
	day := func(c *evidence.Certificate, after bool) string {
		if after {
			return c.NotAfter.UTC().Format("2006-01-02")
		}
		return c.NotBefore.UTC().Format("2006-01-02")
	}
	switch {
	case trust.SelfSigned && !trust.Proven():
		return "the certificate is self-signed"
	case !trust.Flaw.Empty() && !trust.Known():
		return "the certificate, or one above it, breaks a rule"
	case trust.Own != nil && !trust.Proven():
		return screen.FirstFitting(reading.RowWidth, "certificate by "+issuer+", not in the file of --ca-file",
			"certificate of an authority that is not in --ca-file")
	case !trust.Missing.Empty() && !trust.Public:
		return screen.FirstFitting(reading.RowWidth, "the chain stops at "+reading.ShortMissing(trust)+", which is missing",
			"the chain is incomplete, an issuer is missing")
	case !trust.Proven():
		return screen.FirstFitting(reading.RowWidth, "certificate by "+issuer+", not a public authority",
			"certificate of an authority that is not public")
	case trust.Expired != nil:
		return "the certificate expired on " + day(trust.Expired, true)
	case trust.NotYetValid != nil:
		return "the certificate is not valid before " + day(trust.NotYetValid, false)
	case !trust.NameOK:
		return screen.FirstFitting(reading.RowWidth, "the certificate is for "+strings.Join(foreign.Strings(t.Chain[0].Names), ", ")+", not "+host,
			"the certificate is not for "+host, "the certificate is for another name")
	case trust.SystemEmpty && trust.Own == nil:
		return "this host has no root certificates"
	case !trust.System && trust.Own == nil:
		return "public roots verify the certificate, this host's do not"
	}
	return "the certificate did not verify"
}

func callWords(c *evidence.Call, step evidence.Step) string {
	failure := step.Failure
	if failure == nil {
		failure = c.Failure
	}
	reply := "GET_BALANCE answered " + c.Code.String()
	switch {
	case c.Envelope && c.Success:
		return reply
	case c.Envelope && c.Code.Empty():
		return "the API answered, without a code"
	case c.Envelope && !c.Text.Empty():
		return screen.Clip(reply+", "+screen.Clean(c.Text.String()), reading.RowWidth)
	case c.Envelope:
		return reply
	case c.Redirects():
		return screen.FirstFitting(reading.RowWidth, fmt.Sprintf("HTTP %d, redirected to %s", c.HTTPStatus, c.Location),
			fmt.Sprintf("HTTP %d, redirected elsewhere", c.HTTPStatus))
	case failure != nil && c.HTTPStatus == 0 && failure.Kind == evidence.KindTimeout:
		return "no reply for " + screen.SpanMS(c.TookMS)
	case failure != nil && c.HTTPStatus == 0 && failure.Kind == evidence.KindHungUp:
		return "connection closed after the request, no reply"
	case failure != nil && c.HTTPStatus == 0 && failure.Kind == evidence.KindReset:
		return "connection reset after the request, no reply"
	case c.HTTPStatus != 0 && !c.Quote.Empty():
		return screen.Clip(fmt.Sprintf("HTTP %d, not the API: %q", c.HTTPStatus, screen.Clean(c.Quote.String())), reading.RowWidth)
	case c.HTTPStatus != 0 && failure == nil:
		return fmt.Sprintf("HTTP %d, not the API", c.HTTPStatus)
	case c.HTTPStatus != 0:
		return fmt.Sprintf("HTTP %d, %s", c.HTTPStatus, reading.RowFailure(failure))
	}
	return reading.RowFailure(failure)
}

package port

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// unreachedWords is how the connection to the proxy failed; of a silence that a refusal followed, both.
func unreachedWords(e *evidence.Evidence, failure *evidence.Failure) string {
	words := reading.FailureWords(failure)
	if failure.Kind == evidence.KindTimeout && failure == e.Step("port").Failure && len(e.Later()) > 0 {
		words += " at first, then an answer"
	}
	return words
}

func proxyFailure(e *evidence.Evidence) *evidence.Failure {
	if e.Host.Proxy == nil || e.Port == nil || e.Step("port").Status != evidence.Fail {
		return nil
	}
	return e.Step("port").Failure
}

// ProxyUnreachable: the proxy has no address, takes no connection, or does not answer as a proxy does.
func ProxyUnreachable(e *evidence.Evidence) (condition.Finding, bool) {
	finding := condition.Finding{Explains: []string{"dns", "port"}, Values: prose.Values{"no_proxy": "No proxy answers"}}
	if reading.ProxyAnswered(e) {
		return condition.Finding{}, false // now and then, at least
	}
	failure := proxyFailure(e)
	if e.ProxyUnreached() {
		if e.Step("dns").Status == evidence.Fail {
			finding.Evidence = reading.AnswerWords(e.DNS)
		} else if failure != nil {
			finding.Evidence = []string{fmt.Sprintf("%s: %s.", proxyAt(e), unreachedWords(e, failure))}
		}
		if failure != nil && failure.Op == evidence.OpProxyHandshake {
			noTLS(&finding, e, failure)
		} else {
			finding.Values["proxy_shut"] = strings.TrimPrefix(e.Host.Proxy.URL, schemeOf(e))
		}
		surroundingsOf(e, &finding)
		withoutProxy(&finding, e)
		return finding, true
	}
	if others := mute(e); others != "" {
		finding.Confidence = report.Likely
		finding.Values["no_proxy"], finding.Values["mute_too"], finding.Values["spoken"] = "Nothing answers as a proxy does", others, schemeOf(e)
		finding.Values["other_kind"] = "socks5://" + strings.TrimPrefix(e.Host.Proxy.URL, schemeOf(e))
		if schemeOf(e) == "socks5://" {
			finding.Values["other_kind"] = "http://" + strings.TrimPrefix(e.Host.Proxy.URL, schemeOf(e))
		}
		finding.Evidence = []string{fmt.Sprintf("%s takes connections and gives no answer: not for %s:%d, and not for %s.", proxyAt(e), e.Target.Host, e.Target.Port, others)}
		withoutProxy(&finding, e)
		return finding, true
	}
	if failure != nil && (failure.Kind == evidence.KindNotHTTP || failure.Kind == evidence.KindBadAnswer) {
		finding.Confidence = report.Likely
		finding.Evidence = []string{fmt.Sprintf("What listens at %s does not answer as a proxy does: %s.", e.Host.Proxy.URL, failure.Detail)}
		withoutProxy(&finding, e)
		return finding, true
	}
	return condition.Finding{}, false
}

// schemeOf is how the proxy is spoken to: "http://".
func schemeOf(e *evidence.Evidence) string {
	scheme, _, _ := strings.Cut(e.Host.Proxy.URL, "://")
	return scheme + "://"
}

// noTLS adds why the handshake with an https proxy came to nothing, though the connection to it was made.
func noTLS(finding *condition.Finding, e *evidence.Evidence, failure *evidence.Failure) {
	finding.Values["no_proxy"] = "The handshake fails with the proxy"
	if failure.Kind == evidence.KindUntrusted {
		finding.Values["proxy_certificate"] = "The certificate of the proxy"
		return
	}
	if failure.Kind != evidence.KindNotTLS {
		finding.Confidence = report.Likely // an https proxy in trouble looks like this too
	}
	finding.Values["plain_proxy"] = "http://" + strings.TrimPrefix(e.Host.Proxy.URL, schemeOf(e))
}

// unanswered are how a proxy ends a connection, or leaves it, that says nothing.
var unanswered = []evidence.Kind{evidence.KindHungUp, evidence.KindReset, evidence.KindTimeout}

// mute are the others that the proxy was asked for, where it takes connections and answers for none of them; "" where it does,
// or was asked for no other.
func mute(e *evidence.Evidence) string {
	failure := proxyFailure(e)
	if failure == nil || e.Port.ProxyReply != nil || !slices.Contains(unanswered, failure.Kind) || reading.ProxyAnswered(e) {
		return ""
	}
	return othersFailed(e, unanswered...)
}

// othersFailed are the controls that were asked for through the proxy, where all of them failed in one of these ways; "" where one
// did not, or none was asked for.
func othersFailed(e *evidence.Evidence, kinds ...evidence.Kind) string {
	var failed []string
	for _, control := range e.Controls {
		switch {
		case control.Path != evidence.WayProxy:
		case control.Connected || control.Failure == nil || !slices.Contains(kinds, control.Failure.Kind):
			return ""
		default:
			failed = append(failed, control.Peer)
		}
	}
	return screen.List(failed)
}

// proxyAt is the address at which the proxy was tried, or its URL where it has none.
func proxyAt(e *evidence.Evidence) string {
	if e.Port != nil && len(e.Port.Attempts) > 0 {
		return "The proxy at " + e.Port.Attempts[0].Address.String()
	}
	return e.Host.Proxy.URL
}

func surroundingsOf(e *evidence.Evidence, finding *condition.Finding) {
	var good []string
	for _, control := range e.Controls {
		if control.Connected && control.Path == evidence.WayDirect {
			good = append(good, control.Peer)
		}
	}
	if len(good) > 0 {
		finding.Evidence = append(finding.Evidence, "Without the proxy, "+screen.List(good)+" can be reached.")
	}
}

// proxyReply is the finding for a proxy that answered.
func proxyReply(e *evidence.Evidence, kind evidence.Kind) (condition.Finding, bool) {
	failure := proxyFailure(e)
	if failure == nil || failure.Kind != kind {
		return condition.Finding{}, false
	}
	words := failure.Detail.String()
	if reply := e.Port.ProxyReply; reply != nil && reply.Protocol == "socks5" {
		words = fmt.Sprintf("SOCKS reply %d, %s", reply.Code, reply.Text)
	}
	finding := condition.Finding{Values: prose.Values{}, Evidence: []string{
		fmt.Sprintf("Asked for %s, %s answers: %s.", netaddr.HostPort{Host: e.Target.Host, Port: e.Target.Port}, e.Host.Proxy.URL, words)}}
	if through := reading.ThroughProxy(e); len(through) > 0 {
		finding.Evidence = append(finding.Evidence, "It lets connections to "+screen.List(through)+" through.")
	}
	return finding, true
}

// ProxyDenied: the proxy refuses the endpoint.
func ProxyDenied(e *evidence.Evidence) (condition.Finding, bool) {
	if finding, ok := proxyReply(e, evidence.KindProxyDenied); ok {
		if others := othersFailed(e, evidence.KindProxyDenied); others != "" {
			finding.Values["denied_too"], finding.Values["denied_all"] = others, "Everything else that was tried"
			finding.Evidence = append(finding.Evidence, "Asked for "+others+", the proxy refuses as well.")
		} else {
			finding.Values["denied_port"] = strconv.Itoa(int(e.Target.Port))
		}
		withoutProxy(&finding, e)
		return finding, true
	}
	failure := proxyFailure(e)
	if failure == nil || e.ProxyUnreached() || mute(e) != "" || failure.Kind != evidence.KindHungUp && failure.Kind != evidence.KindReset {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Confidence: report.Likely, Values: prose.Values{"denied_port": strconv.Itoa(int(e.Target.Port))},
		Evidence: []string{fmt.Sprintf("Asked for %s:%d, the proxy ends the connection without a reply.", e.Target.Host, e.Target.Port)}}
	withoutProxy(&finding, e)
	return finding, true
}

// ProxyAuthRequired: the proxy wants a login, or another one.
func ProxyAuthRequired(e *evidence.Evidence) (condition.Finding, bool) {
	finding, ok := proxyReply(e, evidence.KindProxyAuth)
	if !ok {
		return finding, false
	}
	var logins []string
	if reply := e.Port.ProxyReply; reply != nil {
		logins = foreign.Strings(reply.Logins)
	}
	basic := slices.ContainsFunc(logins, func(scheme string) bool { return strings.EqualFold(scheme, "Basic") })
	switch {
	case len(logins) > 0 && !basic:
		finding.Values["proxy_logins"], finding.Values["own_login"] = screen.List(logins), "Basic"
		finding.Evidence = append(finding.Evidence, "The proxy takes logins by "+screen.List(logins)+" only.")
	case e.Host.Proxy.HasUser:
		finding.Evidence = append(finding.Evidence, "A login was given, and the proxy does not take it.")
	}
	withoutProxy(&finding, e)
	return finding, true
}

// failedToo adds where the trouble is: after the proxy, or at it, where it reaches nobody else either.
func failedToo(finding *condition.Finding, e *evidence.Evidence, kind evidence.Kind) {
	if others := othersFailed(e, kind); others != "" {
		finding.Values["failed_too"] = others
		finding.Evidence = append(finding.Evidence, "It did not connect to "+others+" either.")
		return
	}
	finding.Values["upstream"] = "between the proxy and the service, or at the service"
}

// vague are the replies that say that it did not work, and not why: HTTP's 500, and SOCKS' "general failure" (RFC 1928, 6).
var vague = lazy.Value[map[string][]int]{Make: func() map[string][]int {
	return map[string][]int{"http": {500}, "socks5": {1}}
}}

// ProxyUpstreamFailed: the proxy could not reach the endpoint.
func ProxyUpstreamFailed(e *evidence.Evidence) (condition.Finding, bool) {
	if finding, ok := proxyReply(e, evidence.KindProxyUpstream); ok {
		failedToo(&finding, e, evidence.KindProxyUpstream)
		if reply := e.Port.ProxyReply; reply != nil && slices.Contains(vague.Get()[reply.Protocol], reply.Code) {
			finding.Confidence, finding.Values["vague_reply"] = report.Likely, "This answer"
		}
		withoutProxy(&finding, e)
		return finding, true
	}
	failure := proxyFailure(e)
	if failure == nil || e.ProxyUnreached() || mute(e) != "" || failure.Kind != evidence.KindTimeout {
		return condition.Finding{}, false
	}
	finding := condition.Finding{Confidence: report.Likely, Values: prose.Values{}, Evidence: []string{
		fmt.Sprintf("The proxy takes the connection, and does not answer the request for %s:%d.", e.Target.Host, e.Target.Port)}}
	failedToo(&finding, e, evidence.KindTimeout)
	withoutProxy(&finding, e)
	return finding, true
}

// ProxyDirectWay: the proxy comes from the environment, and what the path without it does is known.
func ProxyDirectWay(e *evidence.Evidence) (condition.Finding, bool) {
	if e.Host.Proxy == nil || e.Direct == nil || e.Host.Proxy.From != "HTTPS_PROXY" {
		return condition.Finding{}, false
	}
	finding := condition.Finding{}
	withoutProxy(&finding, e)
	return finding, true
}

// withoutProxy adds what the path without the proxy does, where it was tried.
func withoutProxy(f *condition.Finding, e *evidence.Evidence) {
	direct := e.Direct
	if e.Host.Proxy == nil || direct == nil {
		return
	}
	var words string
	switch {
	case !direct.Resolves:
		words = "this host cannot resolve " + e.Target.Host
	case direct.Attempt == nil:
		words = e.Target.Host + " had not answered when this run ended"
	case direct.Attempt.Connected:
		words = fmt.Sprintf("%s answers", direct.Attempt.Address)
	default:
		words = fmt.Sprintf("%s cannot be reached (%s)", direct.Attempt.Address, reading.FailureWords(direct.Attempt.Failure))
	}
	f.Evidence = append(f.Evidence, "Without the proxy, "+words+".")
}

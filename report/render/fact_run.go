package render

import (
	"fmt"
	"strings"
	"time"

	"opensrs-doctor/report"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// RunFacts are the lines about the run itself and the host.
func RunFacts(r *report.Report) []FactLine {
	l, h := &factList{}, r.Host
	l.say("run", r.RunID)
	l.say("made by", strings.TrimSpace(r.Tool.Name+" "+r.Tool.Version))
	l.say("public roots of", r.Tool.RootsDate)
	l.say("started", r.StartedAt.Format(time.RFC3339))
	l.say("took", screen.SpanMS(screen.Sane(r.DurationMS)))
	l.say("username", r.Target.Username)
	if r.Target.KeyFingerprint != nil {
		l.say("key fingerprint", *r.Target.KeyFingerprint)
	}
	l.say("host", h.Hostname)
	l.say("system", h.OS)
	if s := h.System; s != nil {
		l.say("release", joinedWords(s.Release, s.Kernel))
		l.say("built with", s.Go)
		l.say("proxy variables set", strings.Join(s.ProxyVariables, ", "))
	}
	l.say("local address", joinedWords(h.LocalAddress, prefixed("bound by --source-ip to ", h.SourceIP)))
	proxy := "none"
	if p := h.Proxy; p != nil {
		login := ""
		if p.HasUser {
			login = "with a login"
		}
		proxy = joinedWords(p.URL, prefixed("from ", p.From), login, strings.Join(p.Addresses, ", "))
	}
	l.say("proxy", proxy)
	from := prefixed("from ", h.ResolversBy)
	if title := reading.NoResolverTitle(h.ResolversBy, h.ResolversProblem); title != "" {
		from = "because " + title
	}
	if len(h.Resolvers) > 0 {
		l.say("resolvers", joinedWords(screen.List(reading.PlainServers(h.Resolvers)), from))
	}
	for _, route := range []struct {
		kind string
		has  *bool
	}{{"IPv4", h.HasIPv4Route}, {"IPv6", h.HasIPv6Route}} {
		switch {
		case route.has == nil:
		case *route.has:
			l.say(route.kind, "there is a route to the internet")
		default:
			l.say(route.kind, "there is no route to the internet")
		}
	}
	if w := h.Route; w != nil {
		mtu := ""
		if w.MTU > 0 {
			mtu = fmt.Sprintf("MTU %d bytes", w.MTU)
		}
		gateway := prefixed("by ", w.Gateway)
		if w.Gateway == "" && w.GatewayKnown {
			gateway = "without a gateway"
		}
		l.say("route to "+w.To, joinedWords(gateway, prefixed("interface ", w.Interface), prefixed("from ", w.LocalAddress), mtu))
	}
	return l.lines
}

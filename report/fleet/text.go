package fleet

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// Lines of the screen: it fits one for 3 hosts and for 3,000.
const (
	mostShown = 5 // of each list
	mostNamed = 3 // hosts behind one line
)

// WriteJSON writes the answer as one document.
func WriteJSON(w io.Writer, f *Fleet) error { return report.WriteDocument(w, f.listed()) }

// WriteText writes the answer for a person. plan is what rules plan prints, or "".
func WriteText(w io.Writer, f *Fleet, plan string, o screen.Options) error {
	s := screen.New(o)
	sign, in := s.Mark(f.Verdict)
	if f.Verdict == report.VerdictIncomplete {
		sign, in = s.Mark("skip")
	}
	s.Marked(sign, in, f.Headline(), screen.Bold)
	if !f.Until.IsZero() {
		s.Paragraph("  ", 2, "Reports from "+f.From.UTC().Format("2006-01-02 15:04")+" to "+f.Until.UTC().Format("2006-01-02 15:04 UTC")+".", screen.Faint)
	}
	f.writeCauses(s)
	f.writeSeparating(s)
	section(s, "API keys", len(f.Keys), func(i int) string { return f.Keys[i].words() })
	section(s, "Public addresses", len(f.Egress), func(i int) string { return f.Egress[i].words() })
	if len(f.Chains) > 1 {
		section(s, "The service's certificate is issued by", len(f.Chains), func(i int) string {
			return fmt.Sprintf("%s: %s", f.Chains[i].Issuer, some(f.Chains[i].Hosts, f.Chains[i].Examples))
		})
	}
	section(s, "Clocks that are off", len(f.Clocks), func(i int) string {
		return fmt.Sprintf("%s: %+.0f s", f.Clocks[i].Host, f.Clocks[i].OffsetMS/1000)
	})
	if len(f.Versions) > 1 {
		section(s, "Versions of opensrs-doctor", len(f.Versions), func(i int) string {
			return fmt.Sprintf("%s: %s", cmp.Or(f.Versions[i].Version, "unknown"), hosts(f.Versions[i].Hosts))
		})
	}
	section(s, "Not read", len(f.Unreadable), func(i int) string { return f.Unreadable[i].words() })
	section(s, "Notes", len(f.Notes), func(i int) string { return f.Notes[i] })
	if plan != "" {
		s.Blank()
		s.Paragraph("", 0, "Access rules for the whole fleet", screen.Bold)
		for line := range strings.Lines(plan) {
			s.Raw("  "+strings.TrimRight(line, "\n"), screen.Plain)
			s.End()
		}
	}
	return s.Print(w)
}

// Headline is how many hosts there are and how they end.
func (f *Fleet) Headline() string {
	if f.Hosts == 0 {
		return "No report could be read."
	}
	var parts []string
	last := ""
	for _, one := range []struct{ verdict, one, many string }{
		{report.VerdictFail, "fails", "fail"}, {report.VerdictIncomplete, "is incomplete", "are incomplete"},
		{report.VerdictWarn, "works with a warning", "work with a warning"}, {report.VerdictPass, "passes", "pass"},
	} {
		if n := f.Verdicts[one.verdict]; n > 0 {
			last = map[bool]string{true: one.one, false: one.many}[n == 1]
			parts = append(parts, fmt.Sprintf("%d %s", n, last))
		}
	}
	if len(parts) == 1 {
		return screen.Capital(hosts(f.Hosts)) + " " + last + "."
	}
	return fmt.Sprintf("%s: %s.", screen.Capital(hosts(f.Hosts)), screen.List(parts))
}

func hosts(n int) string { return screen.CountWords(n, "host", "hosts") }

// some are hosts by number, and the first of them by name.
func some(n int, examples []string) string {
	shown := examples[:min(len(examples), mostNamed)]
	if n <= len(shown) {
		return strings.Join(shown, ", ")
	}
	if len(shown) == 0 {
		return hosts(n)
	}
	return fmt.Sprintf("%s, such as %s", hosts(n), strings.Join(shown, ", "))
}

func (f *Fleet) writeCauses(s *screen.Writer) {
	for i, c := range f.Causes {
		if i == mostShown {
			s.Paragraph("  ", 2, fmt.Sprintf("%d more causes are in the JSON document.", len(f.Causes)-i), screen.Faint)
			return
		}
		s.Blank()
		sign, in := s.Mark(c.Severity)
		s.Marked(sign, in, fmt.Sprintf("%s: %s (%s)", screen.Capital(hosts(c.Hosts)), c.Summary, c.Cause), screen.Bold)
		s.Paragraph("  ", 2, some(c.Hosts, c.Examples), screen.Plain)
		if c.Fix != "" {
			s.Paragraph("  ", 2, "First step: "+c.Fix, screen.Plain)
		}
		for _, one := range f.Separating {
			if one.Cause == c.Cause {
				s.Paragraph("  ", 2, one.Words(), screen.Plain)
			}
		}
	}
}

// writeSeparating says why nothing is claimed, and what to compare by hand.
func (f *Fleet) writeSeparating(s *screen.Writer) {
	if len(f.Causes) == 0 {
		return
	}
	if len(f.Separating) == 0 {
		s.Blank()
		s.Paragraph("", 0, f.NoPattern(), screen.Plain)
	}
	if len(f.Compare) == 2 {
		s.Paragraph("", 0, fmt.Sprintf("Two to compare by opensrs-doctor diff: %s and %s.", f.Compare[1], f.Compare[0]), screen.Plain)
	}
}

// NoPattern says why no fact is named.
func (f *Fleet) NoPattern() string {
	if f.Tried == 0 {
		return "What parts the failing hosts from the others is not known: at least two that fail and two that pass are needed."
	}
	return fmt.Sprintf("No fact parts the failing hosts from the others: %d were compared, and none differs more than chance explains.", f.Tried)
}

// Words are "All 7 use host.resolvers 10.0.0.3; none of the 93 healthy hosts does."
func (s Separating) Words() string {
	who := fmt.Sprintf("%d of %d have", s.With.Hosts, s.With.Of)
	if s.With.Hosts == s.With.Of {
		who = fmt.Sprintf("All %d have", s.With.Of)
	}
	what := fmt.Sprintf("%s %s", FactWords(s.Fact), s.Value)
	if s.And != nil {
		what += fmt.Sprintf(" and %s %s", FactWords(s.And.Fact), s.And.Value)
	}
	others := fmt.Sprintf("%d of the %d healthy ones do", s.Without.Hosts, s.Without.Of)
	if s.Without.Hosts == 0 {
		others = fmt.Sprintf("none of the %d healthy ones does", s.Without.Of)
	}
	return fmt.Sprintf("%s %s; %s.", who, what, others)
}

// words of the facts that do not read as they are spelled.
var words = lazy.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{
		"target.endpoint": "endpoint", "target.environment": "environment", "target.username": "username", "target.key_fingerprint": "API key",
		"target.key_source": "a key from", "target.addresses": "the endpoint's address", "host.os": "system", "host.user": "user", "host.store": "root certificates from",
		"host.resolvers": "resolver", "host.resolvers_from": "resolvers from", "host.source_ip": "source address", "host.proxy": "proxy",
		"host.network": "network", "host.has_ipv4_route": "an IPv4 route:", "host.has_ipv6_route": "an IPv6 route:", "host.release": "release", "host.kernel": "kernel",
		"tool.version": "opensrs-doctor", "egress.ipv4": "public address", "dns.used": "answers from", "dns.ipv4": "the address", "dns.hosts_file": "hosts entry",
		"rules.rules": "rule", "tls.issuer": "certificate issued by", "tls.version": "TLS version", "as.target": "target",
	}
}}

// FactWords is a fact as people call it.
func FactWords(name string) string { return cmp.Or(words.Get()[name], name) }

func (k Key) words() string {
	text := fmt.Sprintf("%s: %s", cmp.Or(k.Fingerprint, "no fingerprint"), some(k.Hosts, k.Names))
	if len(k.Sources) > 0 {
		text += "; read from " + screen.List(k.Sources[:min(len(k.Sources), mostNamed)])
		if more := len(k.Sources) - mostNamed; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
	}
	return text
}

func (a Address) words() string {
	verdict := map[string]string{"allow": "allowed by the rules", "deny": "denied by the rules", "ambiguous": "the rules can be read either way",
		"mixed": "the reports hold different rules", "unknown": "no rules given"}[a.Verdict]
	return fmt.Sprintf("%s: %s, %s", a.Address, cmp.Or(verdict, a.Verdict), some(a.Hosts, a.Names))
}

func (u Unreadable) words() string {
	if u.Line > 0 {
		return fmt.Sprintf("%s line %d: %s", u.File, u.Line, u.Why)
	}
	return u.File + ": " + u.Why
}

// section is a title and the first lines below it.
func section(s *screen.Writer, title string, n int, line func(int) string) {
	if n == 0 {
		return
	}
	s.Blank()
	s.Paragraph("", 0, title, screen.Bold)
	for i := range min(n, mostShown) {
		s.Hanging(2, 4, line(i), screen.Plain)
	}
	if n > mostShown {
		s.Paragraph("  ", 2, fmt.Sprintf("and %d more.", n-mostShown), screen.Faint)
	}
}

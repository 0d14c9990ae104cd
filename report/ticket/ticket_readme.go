package ticket

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/render"
	"opensrs-doctor/report/screen"
)

// WriteTicketReadme writes the letter to the support engineer: who, where, when, what was found, and then, in the
// place of each command that support asks for, what it would have told.
func WriteTicketReadme(w io.Writer, r *report.Report, files []TicketFile, anonymized bool) error {
	return writeReadme(w, r, files, anonymized, nil)
}

// writeReadme is WriteTicketReadme with an earlier report, nil where none was given.
func writeReadme(w io.Writer, r *report.Report, files []TicketFile, anonymized bool, earlier *report.Report) error {
	l := &letter{Writer: screen.New(screen.Options{}), r: r, seen: r.Evidence()}
	l.say(0, "opensrs-doctor: a bundle for a support ticket")
	l.End()
	subject, request := Request(r)
	l.say(0, "Subject: "+subject)
	l.End()
	l.say(0, request)
	l.End()
	l.say(0, "Made on the host that calls the OpenSRS API. It holds what curl icanhazip.com, ping, traceroute and openssl "+
		"s_client would show there, and what the API itself answered.")
	l.head()
	l.before(earlier)
	l.sightings()
	l.roundTrips()
	l.walk()
	l.certificates()
	l.call()
	l.names()
	l.host()
	l.title("The files")
	fileList(l.Writer, files)
	l.title("What was left out")
	for _, text := range ticketRedacted(anonymized) {
		l.say(2, text)
	}
	return l.Print(w)
}

// letter is the README of a bundle while it is written.
type letter struct {
	*screen.Writer
	r    *report.Report
	seen *evidence.Evidence // its facts
}

// sayf is say with values.
func (l *letter) sayf(indent int, format string, args ...any) {
	l.say(indent, fmt.Sprintf(format, args...))
}

// say writes one paragraph, its further lines two columns farther in where it is itself indented.
func (l *letter) say(indent int, text string) {
	rest := indent
	if indent > 0 {
		rest += 2
	}
	l.Hanging(indent, rest, text, screen.Plain)
}

func (l *letter) title(text string) {
	l.Blank()
	l.say(0, text)
	l.say(0, strings.Repeat("-", len(text)))
}

// row writes a name and, in a column of their own, words.
func (l *letter) row(name, text string) { l.Paragraph(name, 9, text, screen.Plain) }

func (l *letter) head() {
	r := l.r
	l.Blank()
	who := "no username was given"
	if r.Target.Username != "" {
		who = r.Target.Username
	}
	if r.Target.KeyFingerprint != nil {
		who += ", API key with the fingerprint " + *r.Target.KeyFingerprint + " (of its SHA-256 the first 8 hex digits)"
	}
	l.row("Who", who)
	l.row("Where", fmt.Sprintf("%s (%s), to %s, %s", r.Host.Hostname, r.Host.OS, render.Service(r), render.Endpoint(r)))
	if other, lines := render.AsWords(r); other != "" {
		l.row("As whom", strings.Join(append([]string{other}, lines...), "; "))
	} else if who := render.SpeaksFor(r); who != "" {
		l.row("As whom", strings.TrimSuffix(who, " Other programs: opensrs-doctor clients, or --as TARGET."))
	}
	l.row("When", fmt.Sprintf("%s, for %s", whenUTC(r), screen.SpanMS(r.DurationMS)))
	verdict := r.Verdict
	if cut := r.CutWords(); cut != "" {
		verdict += ". " + cut
	}
	l.row("Verdict", verdict)
	if len(r.Diagnoses) == 0 {
		headline, more := render.PassWords(r)
		l.row("Cause", "none: "+strings.TrimSpace(headline+" "+more))
	}
	for i, d := range r.Diagnoses {
		name := "Also"
		if i == 0 {
			name = "Cause"
		}
		l.row(name, fmt.Sprintf("%s (%s): %s", d.Cause, d.Qualified(string(d.Severity)), d.Summary))
		if i == 0 {
			l.row("", d.Explanation)
		}
	}
}

// before says when it last worked, as far as an earlier report tells.
func (l *letter) before(earlier *report.Report) {
	switch {
	case earlier == nil:
	case render.Service(earlier) != render.Service(l.r) || render.Endpoint(earlier) != render.Endpoint(l.r):
		l.row("Before", "the earlier report is about another target; changes.txt compares the two")
	case !earlier.StartedAt.Before(l.r.StartedAt):
		l.row("Before", "the other report is the later one; changes.txt compares the two")
	case earlier.Found() == report.VerdictPass && !earlier.Interrupted:
		l.row("Worked", "at "+whenUTC(earlier)+"; changes.txt says what changed since")
	default:
		l.row("Before", "at "+whenUTC(earlier)+" the verdict was "+screen.Clean(earlier.Verdict)+"; changes.txt says what changed since")
	}
}

func whenUTC(r *report.Report) string { return r.StartedAt.UTC().Format("2006-01-02 15:04:05 UTC") }

// sightings replace curl icanhazip.com.
func (l *letter) sightings() {
	l.title("Public address (curl icanhazip.com)")
	facts := report.Known(l.seen.Egress)
	if facts.Given {
		l.sayf(2, "%s, as the user gave it; not looked up.", strings.Join(netaddr.Texts(slices.Concat(facts.IPv4, facts.IPv6)), ", "))
		return
	}
	if len(facts.Sightings) == 0 {
		l.say(2, probeSummary(l.r, "egress"))
	}
	for _, s := range facts.Sightings {
		way := map[evidence.Way]string{evidence.WayProxy: " (through the proxy)", evidence.WayDNS: " (asked by DNS)"}[s.Path]
		if s.Failure != nil {
			l.sayf(2, "none by %s%s: %s", reading.SourceName(s.Source), way, seenFailure(s.Failure))
			continue
		}
		l.sayf(2, "%s by %s%s", netaddr.Text(s.Address), reading.SourceName(s.Source), way)
	}
}

// seenFailure is a failure in plain words.
func seenFailure(f *evidence.Failure) string {
	if f == nil {
		return "no reason was recorded"
	}
	return reading.RowFailure(f)
}

// certificates replace openssl s_client.
func (l *letter) certificates() {
	l.title("TLS and certificates (openssl s_client)")
	facts := report.Known(l.seen.TLS)
	if !facts.Connected {
		l.sayf(2, "No handshake: %s", strings.TrimSuffix(probeSummary(l.r, "tls"), ".")+".")
		if facts.Alert != "" {
			l.sayf(2, "The alert was %s.", facts.Alert)
		}
		if !facts.Quote.Empty() {
			l.sayf(2, "The peer said: %s", facts.Quote)
		}
	} else {
		l.sayf(2, "%s, %s", facts.Version, facts.CipherSuite)
	}
	for i, one := range facts.Chain {
		l.sayf(2, "%d. %s, issued by %s, valid from %s to %s, SHA-256 %s", i+1, one.Subject, one.Issuer, screen.Day(one.NotBefore),
			screen.Day(one.NotAfter), one.SHA256)
	}
	if t := facts.Trust; t != nil {
		by := fmt.Sprintf("Public roots lead to it: %s. This host's own store does: %s.", yesNo(t.Public), yesNo(t.System))
		if t.Own != nil {
			by = fmt.Sprintf("The authority in %s leads to it: %s.", l.seen.Asked.CAFile, yesNo(*t.Own))
		}
		l.sayf(2, "%s The name fits: %s. The dates are right: %s.", by, yesNo(t.NameOK), yesNo(t.DatesOK))
		if !t.Missing.Empty() {
			l.sayf(2, "The chain ends at an issuer that no store has: %s.", t.Missing)
		}
	}
	for _, v := range facts.Variants {
		works := "fails too"
		switch {
		case v.NotMade != "":
			works = "not made, " + v.NotMade
		case v.Works:
			works = "works"
		}
		l.sayf(2, "The same handshake once more, %s: %s", strings.ReplaceAll(v.Name, "-", " "), works)
	}
}

func yesNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// call is what the API answered.
func (l *letter) call() {
	l.title("The test call (GET_BALANCE)")
	facts := report.Known(l.seen.Call)
	l.sayf(2, "Outcome: %s", sentenceEnd(probeSummary(l.r, "call")))
	if rules := report.Known(l.seen.Rules).Rules; len(rules) > 0 {
		l.sayf(2, "Access rules, as the user gave them: %s. By these: %s", strings.Join(rules, "; "),
			sentenceEnd(probeSummary(l.r, "rules")))
	}
	if !facts.Code.Empty() || !facts.Text.Empty() {
		l.sayf(2, "Response code %s, response text: %s", facts.Code, facts.Text)
	}
	if facts.HTTPStatus != 0 {
		l.sayf(2, "HTTP status %d", facts.HTTPStatus)
	}
	if !facts.Location.Empty() {
		l.sayf(2, "Redirected to %s", facts.Location)
	}
	if !facts.Quote.Empty() {
		l.sayf(2, "It begins: %s", facts.Quote)
	}
}

// sentenceEnd is a text with one full stop at its end.
func sentenceEnd(text string) string { return strings.TrimSuffix(screen.Clean(text), ".") + "." }

// names are what every name server said.
func (l *letter) names() {
	facts := report.Known(l.seen.DNS)
	l.title("Name servers")
	switch {
	case facts.Literal:
		l.sayf(2, "%s is given as an address.", facts.Name)
	case facts.Name == "":
		l.sayf(2, "Not asked: %s", sentenceEnd(probeSummary(l.r, "dns")))
	case facts.OfProxy:
		l.sayf(2, "The proxy's name, %s:", facts.Name)
	default:
		l.sayf(2, "%s:", facts.Name)
	}
	if facts.HostsFile != "" {
		l.sayf(2, "The hosts file has it: %s", facts.HostsFile)
	}
	for _, answer := range facts.Answers {
		l.answer(answer)
	}
	if facts.Endpoint != nil {
		l.sayf(2, "The endpoint's own name, %s:", l.r.Target.Host)
		l.answer(*facts.Endpoint)
	}
}

func (l *letter) answer(a evidence.DNSAnswer) {
	if found := slices.Concat(a.A, a.AAAA); len(a.Replies) == 0 && len(found) > 0 { // the system shows no records
		l.sayf(2, "%s, in %s: %s", reading.ServerName(a.Resolver), screen.SpanMS(a.TookMS), screen.List(netaddr.Texts(found)))
		return
	}
	if len(a.Replies) == 0 {
		why := "no answer in time"
		if a.Failure != nil {
			why = seenFailure(a.Failure)
		}
		l.sayf(2, "%s: %s", reading.ServerName(a.Resolver), why)
		return
	}
	var told []string
	for _, reply := range a.Replies {
		text := reply.Type + " " + reply.Rcode
		if reply.Failure != nil {
			text = reply.Type + ": " + seenFailure(reply.Failure)
		}
		for _, record := range reply.Records {
			text += fmt.Sprintf(", %s %s (TTL %d s)", record.Type, record.Value, record.TTL)
		}
		told = append(told, text)
	}
	l.sayf(2, "%s, in %s: %s", reading.ServerName(a.Resolver), screen.SpanMS(a.TookMS), strings.Join(told, "; "))
}

// host is the machine, its way out, and the versions.
func (l *letter) host() {
	h := l.r.Host
	l.title("This host")
	way := "Local address " + h.LocalAddress
	if h.LocalAddress == "" {
		way = "No local address: nothing leads out"
	}
	if route := h.Route; route != nil {
		if route.Interface != "" {
			way += fmt.Sprintf(" on %s (MTU %d)", route.Interface, route.MTU)
		}
		switch {
		case route.Gateway != "":
			way += ", by the gateway " + route.Gateway
		case route.GatewayKnown:
			way += ", without a gateway"
		}
	}
	l.say(2, way)
	if h.SourceIP != "" {
		l.sayf(2, "Bound to %s by --source-ip", h.SourceIP)
	}
	switch p := h.Proxy; {
	case p == nil:
		l.say(2, "No proxy")
	case p.HasUser:
		l.sayf(2, "Proxy %s, from %s, with a login", p.URL, p.From)
	default:
		l.sayf(2, "Proxy %s, from %s", p.URL, p.From)
	}
	switch title := reading.NoResolverTitle(h.ResolversBy, h.ResolversProblem); {
	case title != "":
		l.sayf(2, "No resolver is configured: %s; asked instead: %s", title, screen.List(h.Resolvers))
	case len(h.Resolvers) > 0:
		l.sayf(2, "Resolvers %s, from %s", screen.List(h.Resolvers), h.ResolversBy)
	}
	versions := []string{strings.TrimSpace(l.r.Tool.Name + " " + l.r.Tool.Version)}
	if s := h.System; s != nil {
		if len(s.ProxyVariables) > 0 {
			l.sayf(2, "Proxy variables that are set: %s", strings.Join(s.ProxyVariables, ", "))
		}
		versions = append(versions, s.Go, s.Kernel, s.Release)
	}
	if l.r.Tool.RootsDate != "" {
		versions = append(versions, "public roots of "+l.r.Tool.RootsDate)
	}
	l.say(2, strings.Join(slices.DeleteFunc(versions, func(v string) bool { return v == "" }), ", "))
}

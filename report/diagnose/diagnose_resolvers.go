package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// The ways in which a resolver gives no answer to a question.
const (
	resolverRefuses = "refuses" // port 53 is closed, or something on the way says so
	resolverGarbles = "garbles" // what it sends is no answer
	resolverSilent  = "silent"  // everything else
)

// givenResolver stands in Host.ResolversBy where the user named the resolvers: no settings of the system are at fault.
const givenResolver = "--resolver"

// resolverFails is the way in which a resolver failed; "" for one that answered.
func resolverFails(answer evidence.DNSAnswer) string {
	f := answer.Failure
	switch {
	case answer.Rcode != "" || len(answer.A)+len(answer.AAAA) > 0:
		return ""
	case f == nil:
		return resolverSilent
	case f.Kind == evidence.KindRefused && answer.Transport != "tcp": // closed over TCP alone it may serve UDP, and be filtered
		return resolverRefuses
	case f.Kind == evidence.KindBadAnswer || f.Kind == evidence.KindUnclassified:
		return resolverGarbles
	}
	return resolverSilent
}

// serverAnswers are the answers of name servers, without that of the system itself.
func serverAnswers(d *evidence.DNS) []evidence.DNSAnswer {
	return slices.DeleteFunc(slices.Clone(d.Answers), func(a evidence.DNSAnswer) bool { return a.Resolver == evidence.BySystem })
}

// failing are the resolvers that fail in that way, as people write them.
func failing(d *evidence.DNS, way string) []string {
	var servers []string
	for _, answer := range serverAnswers(d) {
		if resolverFails(answer) == way {
			servers = append(servers, PlainServer(answer.Resolver))
		}
	}
	return servers
}

// answerWords is one line an answer: who said what.
func answerWords(d *evidence.DNS) []string {
	var lines []string
	for _, answer := range d.Answers {
		who, asked := "The resolver "+PlainServer(answer.Resolver), ""
		if answer.Resolver == evidence.BySystem {
			who = "This system's own lookup"
		}
		if slices.ContainsFunc(LaterAnswers(d), func(a evidence.DNSAnswer) bool { return a.Resolver == answer.Resolver && a.Rcode != "" }) {
			asked = " about this name, only about others"
		}
		switch {
		case answer.Resolver == evidence.BySystem && answer.Failure != nil && answer.Failure.Kind != evidence.KindTimeout:
			lines = append(lines, who+" finds no address.")
		case answer.Pending:
			lines = append(lines, who+" has not answered"+asked+".")
		case len(answer.A) == 0 && len(answer.AAAA) > 0 && answer.Rcode != "NOERROR" && answer.Rcode != "":
			lines = append(lines, who+" answers "+answer.Rcode+" when asked for IPv4, and "+screen.List(screen.Texts(answer.AAAA))+" for IPv6.")
		case len(answer.A)+len(answer.AAAA) > 0:
			lines = append(lines, who+" answers "+screen.List(append(screen.Texts(answer.A), screen.Texts(answer.AAAA)...))+".")
		case answer.Rcode != "":
			lines = append(lines, who+" answers "+answer.Rcode+".")
		case answer.Failure != nil && resolverFails(answer) == resolverRefuses:
			lines = append(lines, fmt.Sprintf("%s refuses questions at port 53 (%s).", who, failureWords(answer.Failure)))
		case answer.Failure != nil && answer.Failure.Kind == evidence.KindRefused:
			lines = append(lines, who+" does not answer over UDP, and refuses TCP.")
		case resolverFails(answer) == resolverGarbles:
			lines = append(lines, fmt.Sprintf("%s sends something that is not an answer (%s).", who, failureWords(answer.Failure)))
		case answer.Failure != nil:
			lines = append(lines, fmt.Sprintf("%s does not answer%s (%s).", who, asked, failureWords(answer.Failure)))
		}
	}
	return lines
}

// NoResolverTitle is why the settings name no resolver, in the few words of a title; "" where they name one.
func NoResolverTitle(by string, p *evidence.ResolversProblem) string {
	if p == nil {
		return ""
	}
	switch p.Kind {
	case evidence.ResolversMissing:
		if !p.Link.Empty() {
			return by + " is a link to nowhere"
		}
		return by + " does not exist"
	case evidence.ResolversUnreadable:
		if p.Detail == evidence.NotAFile {
			return by + " is not a file"
		}
		return by + " cannot be read"
	case evidence.ResolversEmpty:
		return by + " is empty"
	case evidence.ResolversNone:
		return by + " has no nameserver line"
	case evidence.ResolversNoAddress:
		return fmt.Sprintf("line %d of %s has no address", p.Line, by)
	case evidence.ResolversIndented:
		return fmt.Sprintf("line %d of %s is indented", p.Line, by)
	}
	return by + " names no usable resolver"
}

// noResolverKnown begins the title: of a file that this user cannot read, nobody knows whether it names one.
func noResolverKnown(p *evidence.ResolversProblem) string {
	if p.Kind == evidence.ResolversUnreadable {
		return "No resolver is known"
	}
	return "No resolver is configured"
}

// noResolverWords are the evidence that no resolver is configured, and that 127.0.0.1 is asked because of that.
func noResolverWords(h evidence.Host) []string {
	p := h.ResolversProblem
	if p == nil {
		return nil
	}
	words := NoResolverTitle(h.ResolversBy, p) + "."
	switch {
	case !p.Link.Empty():
		words = h.ResolversBy + " is a symbolic link to " + p.Link.String() + ", which does not exist."
	case p.Kind == evidence.ResolversUnreadable && !p.Detail.Empty() && p.Detail != evidence.NotAFile:
		words = h.ResolversBy + " cannot be read: " + p.Detail.String() + "."
	case p.Kind == evidence.ResolversNoAddress && !p.Named.Empty():
		words = fmt.Sprintf("Line %d of %s names %q, which is not an IP address.", p.Line, h.ResolversBy, p.Named)
	case p.Kind == evidence.ResolversNoAddress:
		words = fmt.Sprintf("Line %d of %s has no address after the word nameserver.", p.Line, h.ResolversBy)
	case p.Kind == evidence.ResolversIndented:
		words = fmt.Sprintf("Line %d of %s names %s, but a space begins the line, and libc passes over such a line.",
			p.Line, h.ResolversBy, p.Named)
	}
	instead := "127.0.0.1, this host itself, was asked instead"
	if strings.HasPrefix(h.OS, "linux/") {
		instead += ", as libc does for other programs"
	}
	return []string{words, instead + "."}
}

func whenDnsResolverUnreachable(e *evidence.Evidence) (Finding, bool) {
	if !dnsFailed(e) || resolverAnswered(e) || len(e.DNS.Answers) == 0 {
		return Finding{}, false
	}
	good, bad := controls(e)
	finding := dnsFinding(e)
	switch {
	case len(good) > 0:
		finding.Evidence = append(finding.Evidence, "Controls that answer by address: "+screen.List(good)+".")
	case anythingAnswered(e):
		finding.Evidence = append(finding.Evidence, "Other peers do answer: the network is there.")
	case len(bad) > 0:
		return Finding{}, false // nothing at all answers: that is no matter of resolvers
	default:
		finding.Confidence = report.Likely // no control was asked
	}
	finding.noAnswer(e)
	return finding, true
}

// noAnswer fills in why the resolvers gave no answer, and so which of the row's steps help.
func (f *Finding) noAnswer(e *evidence.Evidence) {
	refusing, garbling, silent := failing(e.DNS, resolverRefuses), failing(e.DNS, resolverGarbles), failing(e.DNS, resolverSilent)
	set := func(name, value string) {
		if value != "" {
			f.Values[name] = value
		}
	}
	var asked []string
	for _, answer := range serverAnswers(e.DNS) {
		asked = append(asked, PlainServer(answer.Resolver))
	}
	f.Values["no_resolver"], f.Values["unanswered"] = "No resolver answers", screen.List(asked)
	if len(asked) == 0 {
		f.Values["unanswered"] = ServerName(evidence.BySystem)
	} else if len(refusing) == len(asked) {
		f.Values["no_resolver"] = "Every resolver refuses port 53"
		if len(asked) == 1 {
			f.Values["no_resolver"] = "The resolver refuses port 53"
		}
	}
	if len(garbling) > 0 {
		f.Confidence = report.Likely
		set("garbling", screen.List(garbling))
	} else if len(silent) > 0 {
		set("silent_name", e.DNS.Name)
	}
	local := func(server string) bool { return strings.HasPrefix(server, "127.") || server == "::1" }
	far := func(server string) bool { return !local(server) }
	if p := e.Host.ResolversProblem; p != nil {
		f.Values["no_resolver"], f.Values["unanswered"] = noResolverKnown(p), NoResolverTitle(e.Host.ResolversBy, p)
		switch {
		case !p.Link.Empty():
			set("resolvers_link", p.Link.String())
		case p.Line > 0:
			set("resolvers_line", fmt.Sprintf("line %d of %s", p.Line, e.Host.ResolversBy))
		case p.Kind == evidence.ResolversUnreadable && p.Detail.String() == "permission denied":
			set("resolvers_closed", e.Host.ResolversBy)
		default:
			set("resolvers_none", e.Host.ResolversBy)
		}
		return
	}
	if e.Host.ResolversBy != givenResolver {
		set("resolvers_set", e.Host.ResolversBy)
	}
	set("closed_here", screen.List(slices.DeleteFunc(slices.Clone(refusing), far)))
	set("local_resolver", screen.List(slices.DeleteFunc(slices.Clone(asked), far)))
	set("refusing", screen.List(slices.DeleteFunc(refusing, local)))
	set("silent", screen.List(slices.DeleteFunc(silent, local)))
}

// noAnswerWords is the row of a name that no resolver answered for.
func noAnswerWords(e *evidence.Evidence) string {
	switch title := NoResolverTitle(e.Host.ResolversBy, e.Host.ResolversProblem); {
	case title != "":
		return screen.FirstFitting(RowWidth, "n"+noResolverKnown(e.Host.ResolversProblem)[1:]+": "+title, title)
	case len(e.Host.Resolvers) > 0 && len(failing(e.DNS, resolverRefuses)) == len(serverAnswers(e.DNS)):
		return "port 53 is refused by " + screen.List(PlainServers(e.Host.Resolvers))
	}
	return "no resolver answers"
}

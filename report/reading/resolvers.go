package reading

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/report/screen"
)

// The ways in which a resolver gives no answer to a question.
const (
	ResolverRefuses = "refuses" // port 53 is closed, or something on the way says so
	ResolverGarbles = "garbles" // what it sends is no answer
	ResolverSilent  = "silent"  // everything else
)

// GivenResolver stands in Host.ResolversBy where the user named the resolvers: no settings of the system are at fault.
const GivenResolver = "--resolver"

// resolverFails is the way in which a resolver failed; "" for one that answered.
func resolverFails(answer evidence.DNSAnswer) string {
	f := answer.Failure
	switch {
	case answer.Rcode != "" || len(answer.A)+len(answer.AAAA) > 0:
		return ""
	case f == nil:
		return ResolverSilent
	case f.Kind == evidence.KindRefused && answer.Transport != "tcp": // closed over TCP alone it may serve UDP, and be filtered
		return ResolverRefuses
	case f.Kind == evidence.KindBadAnswer || f.Kind == evidence.KindUnclassified:
		return ResolverGarbles
	}
	return ResolverSilent
}

// ServerAnswers are the answers of name servers, without that of the system itself.
func ServerAnswers(d *evidence.DNS) []evidence.DNSAnswer {
	return slices.DeleteFunc(slices.Clone(d.Answers), func(a evidence.DNSAnswer) bool { return a.Resolver == evidence.BySystem })
}

// Failing are the resolvers that fail in that way, as people write them.
func Failing(d *evidence.DNS, way string) []string {
	var servers []string
	for _, answer := range ServerAnswers(d) {
		if resolverFails(answer) == way {
			servers = append(servers, PlainServer(answer.Resolver))
		}
	}
	return servers
}

// AnswerWords is one line an answer: who said what.
func AnswerWords(d *evidence.DNS) []string {
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
		case answer.Failure != nil && resolverFails(answer) == ResolverRefuses:
			lines = append(lines, fmt.Sprintf("%s refuses questions at port 53 (%s).", who, FailureWords(answer.Failure)))
		case answer.Failure != nil && answer.Failure.Kind == evidence.KindRefused:
			lines = append(lines, who+" does not answer over UDP, and refuses TCP.")
		case resolverFails(answer) == ResolverGarbles:
			lines = append(lines, fmt.Sprintf("%s sends something that is not an answer (%s).", who, FailureWords(answer.Failure)))
		case answer.Failure != nil:
			lines = append(lines, fmt.Sprintf("%s does not answer%s (%s).", who, asked, FailureWords(answer.Failure)))
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

// NoResolverKnown begins the title: of a file that this user cannot read, nobody knows whether it names one.
func NoResolverKnown(p *evidence.ResolversProblem) string {
	if p.Kind == evidence.ResolversUnreadable {
		return "No resolver is known"
	}
	return "No resolver is configured"
}

// NoResolverWords are the evidence that no resolver is configured, and that 127.0.0.1 is asked because of that.
func NoResolverWords(h evidence.Host) []string {
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

// AnyResolver reports whether a resolver answered in a way that counts. near: it is on this host or in its own
// network.
func AnyResolver(e *evidence.Evidence, counts func(near bool, rcode string) bool) bool {
	return anyResolver(e, func(_, near bool, rcode string) bool { return counts(near, rcode) })
}

func anyResolver(e *evidence.Evidence, counts func(four, near bool, rcode string) bool) bool {
	if e.DNS == nil {
		return false
	}
	return slices.ContainsFunc(slices.Concat(e.DNS.Answers, LaterAnswers(e.DNS)), func(answer evidence.DNSAnswer) bool {
		address, err := netip.ParseAddrPort(answer.Resolver)
		near := err == nil && iprules.NeverPublic(address.Addr()) != ""
		return answer.Rcode != "" && counts(address.Addr().Is4(), near, answer.Rcode)
	})
}

// LaterAnswers are those to the follow-ups, about other names.
func LaterAnswers(d *evidence.DNS) (answers []evidence.DNSAnswer) {
	for _, answer := range []*evidence.DNSAnswer{d.MadeUp, d.Other} {
		if answer != nil {
			answers = append(answers, *answer)
		}
	}
	return answers
}

// ResolverAnswered reports whether a resolver said anything, a failure of its own included.
func ResolverAnswered(e *evidence.Evidence) bool {
	return AnyResolver(e, func(bool, string) bool { return true })
}

// OutsideAnswered: a resolver said something that it must have from outside. A near one says SERVFAIL or REFUSED
// also when everything behind it is gone.
func OutsideAnswered(e *evidence.Evidence) bool {
	return AnyResolver(e, func(near bool, rcode string) bool { return !near || rcode != "SERVFAIL" && rcode != "REFUSED" })
}

// PublicResolverAnswered reports whether one did that is not near: then a packet went out, and one came in.
func PublicResolverAnswered(e *evidence.Evidence) bool {
	return AnyResolver(e, func(near bool, _ string) bool { return !near })
}

// PublicResolverOverIPv4 reports whether one did that is asked over IPv4.
func PublicResolverOverIPv4(e *evidence.Evidence) bool {
	return anyResolver(e, func(four, near bool, _ string) bool { return four && !near })
}

// SourceName is a source as people call it: the host of its URI, with the port where it names one; what is no URI as it is.
func SourceName(uri string) string {
	_, rest, ok := strings.Cut(uri, "://")
	if !ok {
		return uri
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// ServerName is a resolver as people call it.
func ServerName(resolver string) string {
	if resolver == evidence.BySystem {
		return "this system's own lookup"
	}
	return resolver
}

// PlainServer leaves out the port that every name server has.
func PlainServer(server string) string {
	if address, err := netip.ParseAddrPort(server); err == nil && address.Port() == 53 {
		return address.Addr().String()
	}
	return ServerName(server)
}

// PlainServers is PlainServer of each, in their order; empty for none.
func PlainServers(servers []string) []string {
	plain := make([]string, len(servers))
	for i, server := range servers {
		plain[i] = PlainServer(server)
	}
	return plain
}

package dns

import (
	"fmt"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// ResolverUnreachable: no resolver answers, and the network is there.
func ResolverUnreachable(e *evidence.Evidence) (condition.Finding, bool) {
	if !dnsFailed(e) || reading.ResolverAnswered(e) || len(e.DNS.Answers) == 0 {
		return condition.Finding{}, false
	}
	good, bad := e.ControlPeers()
	finding := Seen(e)
	switch {
	case len(good) > 0:
		finding.Evidence = append(finding.Evidence, "Controls that answer by address: "+screen.List(good)+".")
	case reading.AnythingAnswered(e):
		finding.Evidence = append(finding.Evidence, "Other peers do answer: the network is there.")
	case len(bad) > 0:
		return condition.Finding{}, false // nothing at all answers: that is not about resolvers
	default:
		finding.Confidence = report.Likely // no control was asked
	}
	noAnswer(&finding, e)
	return finding, true
}

// noAnswer fills in why the resolvers gave no answer, and so which of the row's steps help.
func noAnswer(f *condition.Finding, e *evidence.Evidence) {
	refusing, garbling, silent := reading.Failing(e.DNS, reading.ResolverRefuses), reading.Failing(e.DNS, reading.ResolverGarbles), reading.Failing(e.DNS, reading.ResolverSilent)
	set := func(name, value string) {
		if value != "" {
			f.Values[name] = value
		}
	}
	var asked []string
	for _, answer := range reading.ServerAnswers(e.DNS) {
		asked = append(asked, reading.PlainServer(answer.Resolver))
	}
	f.Values["no_resolver"], f.Values["unanswered"] = "No resolver answers", screen.List(asked)
	if len(asked) == 0 {
		f.Values["unanswered"] = reading.ServerName(evidence.BySystem)
	} else if len(refusing) == len(asked) {
		f.Values["no_resolver"] = "Every resolver refuses port 53"
		if len(asked) == 1 {
			f.Values["no_resolver"] = "The resolver refuses port 53"
		}
	}
	for _, answer := range e.DNS.Answers {
		if answer.Accepts { // it is there: with more patience another program may have its answer
			f.Confidence, f.Values["accepting"] = report.Likely, reading.PlainServer(answer.Resolver)
			f.Values["accepting_server"] = "A name server"
			f.Evidence = append(f.Evidence, f.Values["accepting"]+" takes connections at its TCP port 53.")
		}
	}
	if len(garbling) > 0 {
		f.Confidence = report.Likely
		set("garbling", screen.List(garbling))
	}
	local := func(server string) bool { return strings.HasPrefix(server, "127.") || server == "::1" }
	far := func(server string) bool { return !local(server) }
	if p := e.Host.ResolversProblem; p != nil {
		f.Values["no_resolver"], f.Values["unanswered"] = reading.NoResolverKnown(p), reading.NoResolverTitle(e.Host.ResolversBy, p)
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
	if e.Host.ResolversBy != reading.GivenResolver {
		set("resolvers_set", e.Host.ResolversBy)
	}
	set("closed_here", screen.List(slices.DeleteFunc(slices.Clone(refusing), far)))
	set("local_resolver", screen.List(slices.DeleteFunc(slices.Clone(asked), far)))
	set("refusing", screen.List(slices.DeleteFunc(refusing, local)))
	set("silent", screen.List(slices.DeleteFunc(silent, local)))
}

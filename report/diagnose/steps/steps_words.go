package steps

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/wording"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// rowWords is the sentence of one row.
func rowWords(e *evidence.Evidence, step evidence.Step) string {
	if step.Status == evidence.Skip {
		return skipWords(e, step)
	}
	if step.Failure != nil && step.Failure.Kind == evidence.KindCanceled {
		return reading.KindWords.Get()[evidence.KindCanceled]
	}
	switch {
	case step.Probe == "egress" && e.Egress != nil:
		return egressWords(e.Egress)
	case step.Probe == "rules" && e.Rules != nil:
		return rulesWords(e.Rules)
	case step.Probe == "dns" && e.DNS != nil:
		return dnsWords(e, step)
	case step.Probe == "port" && e.Port != nil:
		return portWords(e, step)
	case step.Probe == "tls" && e.TLS != nil:
		return tlsWords(e, step)
	case step.Probe == "call" && e.Call != nil:
		return callWords(e.Call, step)
	case step.Status == evidence.Pass:
		return "passed"
	}
	return reading.RowFailure(step.Failure)
}

// skipWords says why a probe did not run: what it waited for, or what was not given or not chosen.
func skipWords(e *evidence.Evidence, step evidence.Step) string {
	switch wait := step.WaitedFor; {
	case step.Probe == "rules" && wait == evidence.WaitRules:
		return "no rules given to compare with"
	case wait.Probe() != "":
		return "not run: waited for " + wait.Probe()
	case wait == evidence.WaitCredentials:
		return "not run: " + missingCredentials(e)
	case wait == evidence.WaitKey:
		return "not run: the API key cannot be right"
	case wait == evidence.WaitExpectedKey:
		return "not run: the API key is not the expected one"
	case wait.NotChosen():
		return "not chosen"
	case wait == evidence.WaitInterrupt:
		return "interrupted"
	case wait == evidence.WaitTimeout:
		return "not run: the time for the run was up"
	case step.Probe == "egress" && e.Asked.EgressSources == 0:
		return "not looked up"
	case wait != "":
		return "not run: waited for " + screen.Clip(screen.Clean(string(wait)), 40)
	}
	return "not run"
}

func missingCredentials(e *evidence.Evidence) string {
	user, key := e.Target.Username != "", e.Asked.KeyGiven
	switch {
	case !user && !key:
		return "no username and no API key given"
	case !user:
		return "no username given"
	case !key:
		return "no API key given"
	}
	return "the API key given looks wrong"
}

func egressWords(g *evidence.Egress) string {
	switch {
	case g.Given:
		return addressList(g.Addresses()) + ", as given, not looked up"
	case g.Call.IsValid() && len(g.IPv4) > 0:
		return screen.FirstFitting(reading.RowWidth, fmt.Sprintf("the sources saw %s; calls leave by %s", g.IPv4[0], g.Call), "calls leave by "+g.Call.String())
	case len(g.IPv4) == 1:
		whose := "this host's"
		if slices.ContainsFunc(g.Sightings, func(s evidence.Sighting) bool {
			return s.Path == evidence.WayProxy && s.Address.Unmap() == g.IPv4[0].Unmap()
		}) {
			whose = "the proxy's"
		}
		return fmt.Sprintf("%s is %s public address (%d of %d sources)", g.IPv4[0], whose, g.Agreeing, g.Asked)
	case len(g.IPv4) > 1:
		seen := fmt.Sprintf("%d public addresses seen", len(g.IPv4))
		return screen.FirstFitting(reading.RowWidth, seen+": "+addressList(g.IPv4), seen)
	case len(g.Addresses()) > 0:
		return addressList(g.Addresses()) + ", seen by DNS alone"
	case len(g.IPv6) > 0:
		return "only an IPv6 address seen: " + g.IPv6[0].String()
	case g.Asked == 0:
		return "not looked up"
	}
	return fmt.Sprintf("no source reported the public address (%d asked)", g.Asked)
}

// addressList is "A", "A and B", "A, B and C" or "A, B and 3 more".
func addressList(addresses []netip.Addr) string {
	texts := make([]string, 0, len(addresses))
	for _, address := range addresses {
		texts = append(texts, address.Unmap().String())
	}
	if n := len(texts); n > 3 {
		texts = append(texts[:2], fmt.Sprintf("%d more", n-2))
	}
	return wording.Join(texts, "and")
}

func rulesWords(r *evidence.Rules) string {
	for _, problem := range r.Problems {
		if problem.Severity == "error" && problem.Rule > 0 {
			told := strings.TrimSuffix(problem.Text, ".")
			return screen.FirstFitting(reading.RowWidth, fmt.Sprintf("rule %d: %s", problem.Rule, told),
				fmt.Sprintf("the control panel would refuse rule %d", problem.Rule))
		} else if problem.Severity == "error" {
			return screen.FirstFitting(reading.RowWidth, strings.TrimSuffix(problem.Text, "."),
				"the control panel would refuse this list")
		}
	}
	allowed := 0
	for _, result := range r.Results {
		if result.Verdict == "allow" {
			allowed++
		}
	}
	switch {
	case len(r.Results) == 0:
		return "no public address to judge"
	case r.Verdict == "unknown":
		return "the list is empty; what that means is not documented"
	case r.Verdict == "ambiguous":
		return "allowed or denied, depending on how the list is read"
	case len(r.Results) == 1 && r.Results[0].Reason == iprules.ReasonNeverPublic:
		return fmt.Sprintf("%s can never be public (%s)", r.Results[0].IP, iprules.NeverPublic(r.Results[0].IP))
	case len(r.Results) == 1 && r.Results[0].Rule != nil:
		number := *r.Results[0].Rule
		verb := map[string]string{"allow": "allowed", "deny": "denied"}[r.Verdict]
		if number >= 1 && number <= len(r.Rules) {
			return fmt.Sprintf("%s by rule %d, %s", verb, number, r.Rules[number-1])
		}
		return fmt.Sprintf("%s by rule %d", verb, number)
	case len(r.Results) == 1:
		return "no rule matches " + r.Results[0].IP.String()
	case allowed == len(r.Results):
		return fmt.Sprintf("all %d addresses are allowed", allowed)
	}
	return fmt.Sprintf("%d of %d addresses are allowed", allowed, len(r.Results))
}

func dnsWords(e *evidence.Evidence, step evidence.Step) string {
	d, name := e.DNS, e.DNS.Name
	if d.OfProxy {
		name = "the proxy, " + d.Name + ","
	}
	addresses := d.IPv4
	if len(addresses) == 0 {
		addresses = d.IPv6
	}
	switch {
	case d.Literal:
		return d.Name + " is given as an address"
	case len(d.IPv4) == 0 && len(d.IPv6) > 0:
		return d.Name + " has IPv6 addresses only"
	case len(addresses) == 0 && len(d.Answers) > 0 && !reading.ResolverAnswered(e):
		return noAnswerWords(e, step.Failure)
	case len(addresses) == 0 && step.Failure != nil && step.Failure.Kind == evidence.KindTimeout && !reading.ResolverAnswered(e):
		return "no resolver answers"
	case len(addresses) == 0 && step.Failure != nil && step.Failure.Kind == evidence.KindTimeout &&
		slices.ContainsFunc(reading.LaterAnswers(d), func(answer evidence.DNSAnswer) bool { return answer.Rcode != "" }):
		return screen.FirstFitting(reading.RowWidth, "no answer for "+d.Name+", only for other names", "no answer for this name, only for others")
	case len(addresses) == 0:
		return screen.FirstFitting(reading.RowWidth, d.Name+": "+reading.RowFailure(step.Failure), reading.RowFailure(step.Failure))
	}
	told := name + " is " + addressList(addresses)
	switch {
	case d.Used == evidence.UsedHosts && d.HostsFile != "":
		return screen.FirstFitting(reading.RowWidth, told+" by "+d.HostsFile, addressList(addresses)+" by "+d.HostsFile)
	case len(d.Slow) > 0:
		slow := "; " + reading.PlainServer(d.Slow[0]) + " is slow"
		return screen.FirstFitting(reading.RowWidth, told+slow, addressList(addresses)+slow)
	}
	return screen.FirstFitting(reading.RowWidth, told, d.Name+" is "+addresses[0].String(), told)
}

// portNumber is how the rows call the target's port.
func portNumber(e *evidence.Evidence) string { return strconv.Itoa(int(e.Target.Port)) }

// neverAsked are the kinds of a question that this host had nothing to ask with.
var neverAsked = []evidence.Kind{evidence.KindNoPort, evidence.KindNoDescriptors, evidence.KindExhausted}

// noAnswerWords is the row of a name that no resolver answered for.
func noAnswerWords(e *evidence.Evidence, failure *evidence.Failure) string {
	switch title := reading.NoResolverTitle(e.Host.ResolversBy, e.Host.ResolversProblem); {
	case title != "":
		return screen.FirstFitting(reading.RowWidth, "n"+reading.NoResolverKnown(e.Host.ResolversProblem)[1:]+": "+title, title)
	case len(e.Host.Resolvers) > 0 && len(reading.Failing(e.DNS, reading.ResolverRefuses)) == len(reading.ServerAnswers(e.DNS)):
		return "port 53 is refused by " + screen.List(reading.PlainServers(e.Host.Resolvers))
	case failure != nil && slices.Contains(neverAsked, failure.Kind):
		return reading.RowFailure(failure)
	}
	return "no resolver answers"
}

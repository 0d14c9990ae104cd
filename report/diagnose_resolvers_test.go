package report_test

import (
	"strings"
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/reading"
)

// refusingResolver is a host whose resolvers' port 53 is closed, over UDP and TCP, while the network is there.
func refusingResolver(e *evidence.Evidence, resolvers ...string) {
	e.Host.Resolvers, e.DNS.Answers = resolvers, make([]evidence.DNSAnswer, len(resolvers))
	why := failure("query", evidence.KindRefused, "connection refused")
	noSource(e, why)
	noResolver(e, why)
	for i := range e.DNS.Answers {
		e.DNS.Answers[i].Transport, e.DNS.Answers[i].TookMS = "udp", 1
	}
	e.Clock = nil
}

// What is wrong with the resolvers is said in the row, the title and the evidence, and the first step mends that.
func TestWhyNoResolverAnswers(t *testing.T) {
	problem := func(p evidence.ResolversProblem) func(*evidence.Evidence) {
		return func(e *evidence.Evidence) {
			refusingResolver(e, "127.0.0.1:53")
			e.Host.ResolversProblem = &p
		}
	}
	for name, test := range map[string]struct {
		damage                     func(*evidence.Evidence)
		row, title, evidence, step string
		open                       bool // a step asks for port 53 to be opened
	}{
		"silent": {damage: fixtureDamage("dns.resolver-unreachable"), row: "no resolver answers",
			title: "No resolver answers: 192.0.2.53 and 192.0.2.54", evidence: "The resolver 192.0.2.53 does not answer (no answer in time).",
			step: "Check the addresses in /etc/resolv.conf:", open: true},
		"refused": {damage: func(e *evidence.Evidence) { refusingResolver(e, "192.0.2.53:53") }, row: "port 53 is refused by 192.0.2.53",
			title:    "The resolver refuses port 53: 192.0.2.53",
			evidence: "The resolver 192.0.2.53 refuses questions at port 53 (connection refused).",
			step:     "Check the addresses in /etc/resolv.conf:"},
		"two refuse": {damage: func(e *evidence.Evidence) { refusingResolver(e, "192.0.2.53:53", "192.0.2.54:53") },
			row: "port 53 is refused by 192.0.2.53 and 192.0.2.54", title: "Every resolver refuses port 53: 192.0.2.53 and 192.0.2.54",
			step: "Check the addresses in /etc/resolv.conf:"},
		"one refuses, one is silent": {damage: func(e *evidence.Evidence) {
			refusingResolver(e, "192.0.2.53:53", "192.0.2.54:53")
			e.DNS.Answers[1].Failure = failure("query", evidence.KindTimeout, "context deadline exceeded")
		}, row: "no resolver answers", title: "No resolver answers: 192.0.2.53 and 192.0.2.54", open: true,
			step: "Check the addresses in /etc/resolv.conf:"},
		"TCP refused and UDP silent": {damage: func(e *evidence.Evidence) {
			refusingResolver(e, "192.0.2.53:53")
			e.DNS.Answers[0].Transport = "tcp"
		}, row: "no resolver answers", title: "No resolver answers: 192.0.2.53", open: true,
			evidence: "The resolver 192.0.2.53 does not answer over UDP, and refuses TCP.", step: "Check the addresses in /etc/resolv.conf:"},
		"the stub is down": {damage: func(e *evidence.Evidence) { refusingResolver(e, "127.0.0.53:53") },
			row: "port 53 is refused by 127.0.0.53", title: "The resolver refuses port 53: 127.0.0.53",
			step: "Restart the resolver on this host, 127.0.0.53: sudo systemctl restart systemd-resolved"},
		"missing": {damage: problem(evidence.ResolversProblem{Kind: evidence.ResolversMissing}),
			row: "/etc/resolv.conf does not exist", title: "No resolver is configured: /etc/resolv.conf does not exist",
			evidence: "127.0.0.1, this host itself, was asked instead, as libc does for other programs.",
			step:     "Write a resolver into /etc/resolv.conf, a line nameserver with its address"},
		"link": {damage: problem(evidence.ResolversProblem{Kind: evidence.ResolversMissing, Link: said("/run/systemd/resolve/stub-resolv.conf")}),
			row: "/etc/resolv.conf is a link to nowhere", title: "No resolver is configured: /etc/resolv.conf is a link to nowhere",
			evidence: "/etc/resolv.conf is a symbolic link to /run/systemd/resolve/stub-resolv.conf, which does not exist.",
			step:     "Start the service that writes /run/systemd/resolve/stub-resolv.conf, to which /etc/resolv.conf is a link"},
		"empty": {damage: problem(evidence.ResolversProblem{Kind: evidence.ResolversEmpty}), row: "/etc/resolv.conf is empty",
			title: "No resolver is configured: /etc/resolv.conf is empty", evidence: "127.0.0.1, this host itself, was asked instead",
			step: "Write a resolver into /etc/resolv.conf,"},
		"comments only": {damage: problem(evidence.ResolversProblem{Kind: evidence.ResolversNone}),
			row: "/etc/resolv.conf has no nameserver line", title: "No resolver is configured: /etc/resolv.conf has no nameserver line",
			step: "Write a resolver into /etc/resolv.conf,"},
		"not allowed": {damage: problem(evidence.ResolversProblem{Kind: evidence.ResolversUnreadable, Detail: said("permission denied")}),
			row: "/etc/resolv.conf cannot be read", title: "No resolver is known: /etc/resolv.conf cannot be read",
			evidence: "/etc/resolv.conf cannot be read: permission denied.", step: "Let every user read /etc/resolv.conf: sudo chmod 644 /etc/resolv.conf."},
		"a directory": {damage: problem(evidence.ResolversProblem{Kind: evidence.ResolversUnreadable, Detail: evidence.NotAFile}),
			row: "/etc/resolv.conf is not a file", title: "No resolver is known: /etc/resolv.conf is not a file",
			evidence: "127.0.0.1, this host itself, was asked instead", step: "Write a resolver into /etc/resolv.conf,"},
		"a name": {damage: problem(evidence.ResolversProblem{Kind: evidence.ResolversNoAddress, Line: 3, Named: said("dns.example")}),
			row: "line 3 of /etc/resolv.conf has no address", title: "No resolver is configured: line 3 of /etc/resolv.conf has no address",
			evidence: "Line 3 of /etc/resolv.conf names \"dns.example\", which is not an IP address.",
			step:     "Correct line 3 of /etc/resolv.conf: the word nameserver begins the line, and an IP address follows."},
		"indented": {damage: problem(evidence.ResolversProblem{Kind: evidence.ResolversIndented, Line: 1, Named: said("192.0.2.53")}),
			row: "line 1 of /etc/resolv.conf is indented", title: "No resolver is configured: line 1 of /etc/resolv.conf is indented",
			evidence: "Line 1 of /etc/resolv.conf names 192.0.2.53, but a space begins the line, and libc passes over such a line.",
			step:     "Correct line 1 of /etc/resolv.conf:"},
	} {
		e := healthy()
		test.damage(e)
		r := reportOf(e)
		d := r.Diagnoses[0]
		if d.Cause != "dns.resolver-unreachable" || d.Confidence != report.Certain || d.Summary != test.title {
			t.Errorf("%s: %s, %s: %s", name, d.Cause, d.Confidence, d.Summary)
		}
		if row := r.Probes[2].Summary; !strings.HasSuffix(row, test.row) || len(row) > reading.RowWidth {
			t.Errorf("%s: the row is %q", name, row)
		}
		if evidence := strings.Join(d.Evidence, "\n"); !strings.Contains(evidence, test.evidence) {
			t.Errorf("%s: the evidence is\n%s", name, evidence)
		}
		if steps := strings.Join(d.Fixes, "\n"); !strings.HasPrefix(steps, test.step) || len(d.Fixes) > 5 ||
			strings.Contains(steps, "Allow UDP and TCP port 53") != test.open {
			t.Errorf("%s: the steps are\n%s", name, steps)
		}
	}
}

func fixtureDamage(name string) func(*evidence.Evidence) {
	for _, f := range fixtures() {
		if f.name == name {
			return f.damage
		}
	}
	return nil
}

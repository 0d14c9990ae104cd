package port

import (
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// maybeElsewhere says that a rule of this host would look the same, where that could not be read.
func maybeElsewhere(f *condition.Finding, e *evidence.Evidence, end reading.Ending) {
	if !end.Rewrite {
		return
	}
	f.Confidence, f.Values["own_nat"] = report.Likely, "A rule on this host"
	seen := e.ThisHost.Translation
	if seen == nil {
		f.Values["ask_kernel"] = "sudo opensrs-doctor"
		return
	}
	f.Values["ask_kernel"] = condition.NATRules
	var names []string
	for _, rule := range seen.Rules {
		names = append(names, rule.Name())
	}
	f.Evidence = append(f.Evidence, "This host has rules that send packets elsewhere: "+screen.List(names[:min(len(names), 5)])+".")
}

// maybeECN says that the kernel's asking for ECN may be the reason, where it may.
func maybeECN(f *condition.Finding, e *evidence.Evidence) {
	if e.Port.ECN {
		f.Confidence, f.Values["ecn"] = report.Likely, "net.ipv4.tcp_ecn = 1"
		f.Evidence = append(f.Evidence, "This host asks for ECN in its first packet (net.ipv4.tcp_ecn), which Linux does not by default.")
	}
}

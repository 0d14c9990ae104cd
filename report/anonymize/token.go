package anonymize

import (
	"opensrs-doctor/probes/pattern"
	"opensrs-doctor/report"
)

const tokenForm = `(?:address|private|host|user|path|device|process|name|comment|certificate|fingerprint)-[0-9]+`

var (
	onlyToken = pattern.Of(`^` + tokenForm + `$`)
	anyToken  = pattern.Of(`\b` + tokenForm + `\b`)
)

// Anonymous reports whether Anonymize made the report, as far as it shows: a token is where a name or an address would be.
func Anonymous(r *report.Report) bool {
	only := onlyToken()
	return only.MatchString(r.Host.Hostname) || only.MatchString(r.Target.Username) || only.MatchString(r.Host.LocalAddress)
}

// HoldsToken reports whether a token is in a text of such a report. It is the same thing within one report only.
func HoldsToken(text string) bool { return anyToken().MatchString(text) }

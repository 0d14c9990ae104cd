package anonymize

import (
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report"
)

const tokenForm = `(?:address|private|host|user|path|device|process|name|comment|certificate|fingerprint)-[0-9]+`

var (
	onlyToken = lazy.Pattern{Text: `^` + tokenForm + `$`}
	anyToken  = lazy.Pattern{Text: `\b` + tokenForm + `\b`}
)

// Anonymous reports whether Anonymize made the report, as far as it shows: a token is where a name or an address would be.
func Anonymous(r *report.Report) bool {
	only := onlyToken.Regexp()
	return only.MatchString(r.Host.Hostname) || only.MatchString(r.Target.Username) || only.MatchString(r.Host.LocalAddress)
}

// HoldsToken reports whether a token is in a text of such a report. It is the same thing within one report only.
func HoldsToken(text string) bool { return anyToken.Regexp().MatchString(text) }

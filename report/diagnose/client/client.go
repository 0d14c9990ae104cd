// Package client holds the conditions of the causes in one runtime of this host that does otherwise than this tool's own look
// at the same endpoint. A condition is named as its cause, without "client.".
package client

import (
	"cmp"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/screen"
)

// The causes. Where the own look fails at the same stage, its own cause explains both, and no client is blamed.
const (
	clientStore   = "client.store-differs"
	clientOld     = "client.tls-too-old"
	clientStrict  = "client.strict"
	clientDNS     = "client.dns-differs"
	clientPath    = "client.path-differs"
	clientBlocked = "client.blocked"
	clientMissing = "client.missing-extension"
)

// Title is a client with its library where it has several: "php8.2 (curl)".
func Title(c *evidence.Client) string {
	name := screen.Clean(c.Name)
	switch library := c.Library.String(); {
	case strings.HasPrefix(name, "php") && strings.HasPrefix(library, "curl"):
		return name + " (curl)"
	case strings.HasPrefix(library, "streams"):
		return name + " (streams)"
	case strings.HasPrefix(library, "requests"):
		return name + " (requests)"
	case strings.HasPrefix(library, "LWP"):
		return name + " (LWP)"
	}
	return name
}

// whenClient is the condition of one of the causes: what the clients show of it, together.
func whenClient(e *evidence.Evidence, cause string) (condition.Finding, bool) {
	if len(e.Clients) == 0 {
		return condition.Finding{}, false
	}
	f := condition.Finding{Severity: report.Warn, Values: prose.Values{}}
	var names, failing []string
	var steps clientSteps
	for _, d := range differences(e) {
		if d.cause != cause {
			continue
		}
		name := titleOf(e, d.client)
		names = screen.Once(names, name)
		if d.severity == report.Fail {
			f.Severity = report.Fail
			failing = screen.Once(failing, name)
		}
		if d.unsure || cause == clientOld || cause == clientBlocked {
			f.Confidence = report.Likely
		}
		f.Evidence = append(f.Evidence, d.why)
		steps.add(remedy(e, d), name)
		if f.Culprit == nil {
			f.Culprit = settingOf(d)
		}
		if cause == clientPath && otherProxy(e, d.client) {
			f.Values["proxy_variables"] = "https_proxy, HTTPS_PROXY and NO_PROXY"
		}
	}
	if len(names) == 0 {
		return condition.Finding{}, false
	}
	if f.Steps = steps.texts(); len(f.Steps) > 0 {
		f.Values["client_step"], f.Steps = f.Steps[0], f.Steps[1:]
	}
	f.Values["clients"] = listed(names)
	if f.Severity == report.Fail {
		f.Values["clients_fail"] = listed(failing)
	}
	if cause != clientStore || !anyStrict(e) { // where the certificate breaks a rule, it is not in order for having been taken
		f.Values["clients_pass"] = passing(e)
	}
	return f, true
}

// StoreDiffers: a client does not trust what this host trusts, or the other way round.
func StoreDiffers(e *evidence.Evidence) (condition.Finding, bool) { return whenClient(e, clientStore) }

// TLSTooOld: a client's library has no TLS version or cipher suite in common with the service.
func TLSTooOld(e *evidence.Evidence) (condition.Finding, bool) { return whenClient(e, clientOld) }

// Strict: a client refuses a chain that others take.
func Strict(e *evidence.Evidence) (condition.Finding, bool) { return whenClient(e, clientStrict) }

// PathDiffers: a client leaves by another proxy, address or family.
func PathDiffers(e *evidence.Evidence) (condition.Finding, bool) { return whenClient(e, clientPath) }

// Blocked: only that client is refused.
func Blocked(e *evidence.Evidence) (condition.Finding, bool) { return whenClient(e, clientBlocked) }

// MissingExtension: a client lacks the extension, or the setting, to make the call.
func MissingExtension(e *evidence.Evidence) (condition.Finding, bool) {
	return whenClient(e, clientMissing)
}

// passing are those that get through; "" where none does.
func passing(e *evidence.Evidence) string {
	var names []string
	for i := range e.Clients {
		c := &e.Clients[i]
		if c.Status == evidence.Pass && c.Stage == evidence.StageVerify && !c.Unverified {
			names = screen.Once(names, titleOf(e, c))
		}
	}
	return listed(names)
}

// titleOf is a client's title, with the program's place where another client has the same.
func titleOf(e *evidence.Evidence, c *evidence.Client) string {
	title := Title(c)
	for i := range e.Clients {
		if other := &e.Clients[i]; other.Path != c.Path && Title(other) == title {
			return title + " at " + screen.Clean(c.Path)
		}
	}
	return title
}

// listed joins titles, those of one client's libraries into one: "php8.2 (streams, curl) and node".
func listed(titles []string) string {
	var joined []string
	for _, title := range titles {
		name, library, has := strings.Cut(title, " (")
		if last := len(joined) - 1; has && last >= 0 && strings.HasPrefix(joined[last], name+" (") && strings.HasSuffix(joined[last], ")") {
			joined[last] = strings.TrimSuffix(joined[last], ")") + ", " + library
			continue
		}
		joined = append(joined, title)
	}
	return screen.List(joined)
}

// Unexplained is what was seen of clients that fail where this tool does not, with words that no cause accounts for,
// and the probe at which the first of them failed; "" where no client does.
func Unexplained(e *evidence.Evidence) (finding condition.Finding, probe string) {
	var names []string
	for _, d := range differences(e) {
		if d.cause != "" {
			continue
		}
		if probe == "" {
			probe = cmp.Or(map[evidence.Stage]string{evidence.StageResolve: "dns", evidence.StageConnect: "port"}[d.client.Stage], "tls")
		}
		names = screen.Once(names, titleOf(e, d.client))
		finding.Evidence = append(finding.Evidence, "What was seen: "+d.why)
	}
	finding.Confidence, finding.Values = report.Possible, prose.Values{"failed_step": listed(names)}
	return finding, probe
}

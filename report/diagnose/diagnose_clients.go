package diagnose

import (
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/screen"
)

// The causes of package clients: one runtime of this host does otherwise than this tool's own look at the same endpoint.
// Where the own look fails at the same stage, its own cause explains both, and no client is blamed.
const (
	clientStore   = "client.store-differs"
	clientOld     = "client.tls-too-old"
	clientStrict  = "client.strict"
	clientDNS     = "client.dns-differs"
	clientPath    = "client.path-differs"
	clientBlocked = "client.blocked"
	clientMissing = "client.missing-extension"
)

// ClientTitle is a client with its library where it has several: "php8.2 (curl)".
func ClientTitle(c *evidence.Client) string {
	name := screen.Clean(c.Name)
	switch library := c.Library.String(); {
	case strings.HasPrefix(name, "php") && strings.HasPrefix(library, "curl"):
		return name + " (curl)"
	case strings.HasPrefix(library, "streams"):
		return name + " (streams)"
	case strings.HasPrefix(library, "requests"):
		return name + " (requests)"
	}
	return name
}

// whenClient is the condition of one of the causes: what the clients show of it, together.
func whenClient(e *evidence.Evidence, cause string) (Finding, bool) {
	if len(e.Clients) == 0 {
		return Finding{}, false
	}
	f := Finding{Severity: report.Warn, Values: prose.Values{}}
	var names, failing []string
	for _, d := range differences(e) {
		if d.cause != cause {
			continue
		}
		name := ClientTitle(d.client)
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		if d.severity == report.Fail {
			f.Severity = report.Fail
			if !slices.Contains(failing, name) {
				failing = append(failing, name)
			}
		}
		if cause == clientPath && familyUnknown(d.client) && !otherProxy(e, d.client) {
			f.Confidence = report.Likely
		}
		f.Evidence = append(f.Evidence, d.why)
		if step := remedy(e, d); step != "" && !slices.Contains(f.Steps, step) && len(f.Steps) < maxClientSteps {
			f.Steps = append(f.Steps, step)
		}
		if f.Culprit == nil {
			f.Culprit = settingOf(d)
		}
	}
	if len(names) == 0 {
		return Finding{}, false
	}
	if cause == clientOld || cause == clientBlocked {
		f.Confidence = report.Likely
	}
	if len(f.Steps) > 0 {
		f.Values["client_step"], f.Steps = f.Steps[0], f.Steps[1:]
	}
	f.Values["clients"] = screen.List(names)
	if f.Values["clients_pass"] = passing(e); f.Severity == report.Fail {
		f.Values["clients_fail"] = screen.List(failing)
	}
	return f, true
}

func whenClientStoreDiffers(e *evidence.Evidence) (Finding, bool) { return whenClient(e, clientStore) }

func whenClientTLSTooOld(e *evidence.Evidence) (Finding, bool) { return whenClient(e, clientOld) }

func whenClientStrict(e *evidence.Evidence) (Finding, bool) { return whenClient(e, clientStrict) }

func whenClientPathDiffers(e *evidence.Evidence) (Finding, bool) { return whenClient(e, clientPath) }

func whenClientBlocked(e *evidence.Evidence) (Finding, bool) { return whenClient(e, clientBlocked) }

func whenClientMissingExtension(e *evidence.Evidence) (Finding, bool) {
	return whenClient(e, clientMissing)
}

// maxClientSteps is how many clients' own steps are shown.
const maxClientSteps = 6

// passing are those that get through; "" where none does.
func passing(e *evidence.Evidence) string {
	var names []string
	for i := range e.Clients {
		c := &e.Clients[i]
		if name := ClientTitle(c); c.Status == evidence.Pass && c.Stage == evidence.StageVerify && !c.Unverified && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return screen.List(names)
}

// strangeClient is a client that fails where this tool does not, and that no cause accounts for.
func strangeClient(e *evidence.Evidence) (difference, bool) {
	for _, d := range differences(e) {
		if d.cause == "" {
			return d, true
		}
	}
	return difference{}, false
}

package probes

import (
	"os"
	"runtime"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

// systemFacts is what this program runs on.
func systemFacts(scrub *foreign.Scrubber) *evidence.System {
	facts := &evidence.System{Go: runtime.Version()}
	release, kernel := release()
	facts.Release, facts.Kernel = scrub.Quote(release, 100), scrub.Quote(kernel, 100)
	for _, name := range evidence.ProxyVariables {
		if os.Getenv(name) != "" {
			facts.ProxyVariables = append(facts.ProxyVariables, name)
		}
	}
	return facts
}

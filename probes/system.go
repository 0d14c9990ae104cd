package probes

import (
	"os"
	"runtime"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

// proxyVariables are the variables that proxies are set by, in the two cases that programs know.
var proxyVariables = []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"}

// systemFacts is what this program runs on.
func systemFacts(scrub *foreign.Scrubber) *evidence.System {
	facts := &evidence.System{Go: runtime.Version()}
	release, kernel := release()
	facts.Release, facts.Kernel = scrub.Quote(release, 100), scrub.Quote(kernel, 100)
	for _, name := range proxyVariables {
		if os.Getenv(name) != "" {
			facts.ProxyVariables = append(facts.ProxyVariables, name)
		}
	}
	return facts
}

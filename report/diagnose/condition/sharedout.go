package condition

import (
	"fmt"

	"opensrs-doctor/probes/evidence"
)

// SharedOut says that this host's own route has several next hops, where connections come about now and then: a dead one
// looks like a dead server.
func SharedOut(f *Finding, e *evidence.Evidence) {
	if e.ThisHost == nil || e.ThisHost.Route == nil || !e.ThisHost.Route.Several {
		return
	}
	f.Values["own_hops"] = e.ThisHost.Route.Line
	f.Evidence = append(f.Evidence, fmt.Sprintf("This host's own route shares connections out among several next hops: %s.", e.ThisHost.Route.Line))
}

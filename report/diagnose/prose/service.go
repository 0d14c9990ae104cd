package prose

import (
	"strconv"
	"strings"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/service"
)

// public is the service in its public environments: what a text is about where there is no run.
var public = &service.OpenSRS

var ofService = lazy.Value[*strings.Replacer]{Make: func() *strings.Replacer {
	s := public
	prefix := func(bits int) string { return "/" + strconv.Itoa(bits) }
	return strings.NewReplacer(
		"{live_host}", s.Live.Host, "{test_host}", s.Test.Host, "{domain}", s.Domain,
		"{live_endpoint}", s.Endpoint(s.Live), "{test_endpoint}", s.Endpoint(s.Test),
		"{api_port}", s.PortText(),
		"{old_port}", strconv.Itoa(int(s.OldPorts[0])), "{older_port}", strconv.Itoa(int(s.OldPorts[1])),
		"{guide}", s.Guide, "{support}", s.Support, "{reseller_panel}", s.Panel, "{api_settings}", s.Settings, "{status_page}", s.StatusPage,
		"{most_rules}", s.Rules.MostInWords(), "{rule_delay}", s.Rules.DelayInWords(),
		"{prefixes}", prefix(s.Rules.Widest)+" to "+prefix(s.Rules.Narrowest), "{widest}", prefix(s.Rules.Widest),
	)
}}

// OfService puts the service's own names and limits in the place of their names in braces. They are the same in every
// run, so that a text has them as soon as it is read, and the vocabulary knows nothing of them.
func OfService(text string) string { return ofService.Get().Replace(text) }

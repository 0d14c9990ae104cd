package probes

import (
	"fmt"
	"slices"
	"strings"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/smallfile"
)

const nsswitch = "/etc/nsswitch.conf"

// near are the services of nsswitch.conf(5) that know this host and its neighbours, and no name of the internet. Any other
// may lead to a name server.
var near = lazy.Pattern{Text: `^(files|altfiles|compat|db|myhostname|mymachines|libvirt(_guest)?|mdns[46]?(_minimal)?|\[.*\])$`}

// noLibcDNS is the line by which glibc looks host names up in files alone; "" where it does not, or has no such line.
func noLibcDNS() string {
	text, err := smallfile.Read(nsswitch, mostResolvConf)
	if err != nil {
		return ""
	}
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		services, is := strings.CutPrefix(strings.TrimSpace(line), "hosts:")
		if !is {
			continue
		}
		listed := strings.Fields(services)
		if len(listed) == 0 || slices.ContainsFunc(listed, func(one string) bool { return !near.Regexp().MatchString(one) }) {
			return ""
		}
		return fmt.Sprintf("%s:%d", nsswitch, i+1)
	}
	return ""
}

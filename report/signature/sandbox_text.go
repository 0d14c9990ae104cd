package signature

import (
	"fmt"
	"io"
	"strings"

	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/report/screen"
)

// SandboxSetting is what somebody who starts the sandbox has to know.
type SandboxSetting struct {
	URL           string
	Fault         string // "": healthy
	CAFile        string
	Username      string
	APIKeyFile    string
	EgressSources []string
	StatusURL     string
	Resolvers     []string // of a fault of DNS
	Proxy         string   // of a fault of proxies
	Rules         []string
	RulesOfFault  bool   // the fault decides on the rules
	Caller        string // the address that a caller on this host counts as
	HostsLine     string // leads the name in URL here, for clients with a built-in host; "": none
	Command       string // the check that fits, for a shell
}

// WriteSandbox says where the sandbox is and what it takes. The command is on one line, for copying.
func WriteSandbox(w io.Writer, set SandboxSetting, o screen.Options) error {
	s := screen.New(o)
	dot := " · "
	if o.ASCII {
		dot = " - "
	}
	state := "healthy"
	if set.Fault != "" {
		state = "shows " + screen.Clean(set.Fault)
	}
	s.Raw("opensrs-doctor sandbox", screen.Bold)
	s.Raw(dot+state, screen.Plain)
	s.End()
	s.End()
	for _, line := range []struct{ key, value string }{
		{"URL", set.URL}, {"CA file", set.CAFile}, {"username", set.Username}, {"API key file", set.APIKeyFile},
		{"egress sources", strings.Join(set.EgressSources, " ")}, {"status page", set.StatusURL},
		{"resolvers", strings.Join(set.Resolvers, " ")}, {"proxy", set.Proxy},
	} {
		s.Paragraph("  "+line.key, 18, line.value, screen.Plain)
	}
	s.End()
	rules := "There are no rules: every address is allowed."
	switch {
	case set.RulesOfFault:
		rules = "The rules come with the fault."
	case len(set.Rules) > 0:
		rules = "The rules: " + strings.Join(set.Rules, "; ") + "."
	}
	s.Paragraph("  ", 2, fmt.Sprintf("A caller on this machine counts as %s. %s", set.Caller, rules), screen.Plain)
	s.Paragraph("  ", 2, commandWords(), screen.Plain)
	if set.HostsLine != "" {
		s.Paragraph("  ", 2, "For a client with this host name built in, add this line to the hosts file (/etc/hosts, on Windows "+
			"C:\\Windows\\System32\\drivers\\etc\\hosts), and remove it afterwards:", screen.Plain)
		s.End()
		s.Raw(screen.Clean(set.HostsLine), screen.Plain)
		s.End()
		s.End()
	}
	s.Paragraph("  ", 2, "Ctrl-C ends it. The check that fits, for another terminal:", screen.Plain)
	s.End()
	s.Raw(strings.Map(func(r rune) rune { // spaces stay: they may be part of a path
		if foreign.Harmful(r) {
			return '·'
		}
		return r
	}, set.Command), screen.Plain)
	s.End()
	s.End()
	return s.Print(w)
}

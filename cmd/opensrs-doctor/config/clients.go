package config

import (
	"slices"
	"strings"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/runtimes"
)

// clientName is the form of a runtime's name in the table.
var clientName = lazy.Pattern{Text: `^(php\d{1,2}\.\d{1,2}(-fpm(:[A-Za-z0-9_.-]+)?)?|fpm:[A-Za-z0-9_.-]+)$`}

// onlyClients validates --only. In the config file the key of that name is about the probes of check.
func (s *Settings) onlyClients() (only []string, err error) {
	if s.merged["only"].from != "flag" {
		return nil, nil
	}
	for i, one := range s.merged["only"].values {
		for _, name := range strings.Split(one.text, ",") {
			name = strings.TrimSpace(name)
			if !slices.Contains(runtimes.Families, name) && !clientName.Regexp().MatchString(name) {
				return nil, s.Bad("only", i, "%s is not a runtime; there are %s, names such as php8.2, and fpm:POOL", console.Shown(name),
					strings.Join(runtimes.Families, ", ")).WithNearest(name, runtimes.Families)
			}
			only = append(only, name)
		}
	}
	return only, nil
}

// ForClients validates a run of the command clients; only are the runtimes to ask, nil for all. What is about the call, the
// key above all, is not read.
func (s *Settings) ForClients() (r *Request, only []string, err error) {
	if only, err = s.onlyClients(); err != nil {
		return nil, nil, err
	}
	for name := range s.merged {
		if !slices.Contains(clientsShares, name) {
			delete(s.merged, name)
		}
	}
	r, err = s.Request()
	return r, only, err
}

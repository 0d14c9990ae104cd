package thishost

import (
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/lazy"
)

// marks are the names that managers of rules give their chains; one that ends in "-" is a beginning.
var marks = []struct {
	manager string
	chains  []string
}{
	{"ufw", []string{"ufw-"}},
	{"csf", []string{"LOCALOUTPUT", "LOGDROPOUT", "DENYOUT", "LOCALINPUT", "LOGDROPIN", "DENYIN"}},
	{"kubernetes", []string{"KUBE-"}},
	{"docker", []string{"DOCKER-", "DOCKER"}},
}

func marked(chains []string) string {
	for _, m := range marks {
		for _, name := range m.chains {
			if slices.ContainsFunc(chains, func(chain string) bool {
				return chain == name || strings.HasSuffix(name, "-") && strings.HasPrefix(chain, name)
			}) {
				return m.manager
			}
		}
	}
	return ""
}

// managed adds who wrote a rule: by the chains that lead to it. A rule in a chain of the kernel's own is somebody else's,
// even where a manager has chains in that table: opening the port there would not help. A policy is the manager's whose
// chains come before it.
func (s ruleset) managed(r evidence.FirewallRule) evidence.FirewallRule {
	chains := append(slices.Clone(r.Path), r.Chain)
	shorewall := false
	for _, one := range s.rules {
		if one.Family != r.Family || one.Table != r.Table {
			continue
		}
		if r.Handle == 0 && one.Chain == r.Chain {
			chains = append(chains, one.jump)
		}
		shorewall = shorewall || one.Chain == "shorewall" && (r.Handle == 0 || len(r.Path) > 0)
	}
	switch r.Manager = marked(chains); {
	case r.Table == "firewalld":
		r.Manager = "firewalld"
	case r.Manager == "" && shorewall:
		r.Manager = "shorewall"
	case r.Handle == 0 && (r.Manager == "kubernetes" || r.Manager == "docker"):
		r.Manager = "" // they set no policy for what this host sends
	}
	return r
}

// directRules is where firewalld keeps rules that it hands to iptables as they are.
const directRules = "/etc/firewalld/direct.xml"

// directElement is one of them, as firewalld writes it: attributes and words.
var directElement = lazy.Pattern{Text: `<rule\s([^>]*)>([^<]*)</rule>`}

// directRule finds a rule of iptables among those of firewalld: iptables lists it with more words than it was given.
func directRule(r *evidence.FirewallRule) {
	if r.Text == "" || r.Manager != "" {
		return
	}
	listed := strings.Fields(r.Text)
	for _, rule := range directElement.Regexp().FindAllStringSubmatch(small(directRules), -1) {
		if strings.Contains(rule[1], `ipv="ipv4"`) && strings.Contains(rule[1], `table="`+r.Table+`"`) && strings.Contains(rule[1], `chain="`+r.Chain+`"`) &&
			!slices.ContainsFunc(strings.Fields(rule[2]), func(word string) bool { return !slices.Contains(listed, word) && !slices.Contains(listed, word+"/32") }) {
			r.Manager, r.File = "firewalld", directRules
			return
		}
	}
}

//go:build !windows

package probes

import (
	"strconv"
	"strings"

	"opensrs-doctor/probes/smallfile"
)

// mostSearched are the names of a search list that are asked for: libc takes six domains, and the first that exists counts.
const mostSearched = 6

// searchedFirst are the names that libc asks for ahead of this one: it has fewer dots than the option ndots of
// resolv.conf(5) wants, so that each domain of the search list is tried before it is asked for as it is.
func searchedFirst(path, name string) (names []string) {
	content, err := smallfile.Read(path, mostResolvConf)
	if err != nil || strings.HasSuffix(name, ".") {
		return nil
	}
	dots, domains := 1, []string(nil)
	for line := range strings.Lines(content) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "search", "domain": // the last one counts
			domains = fields[1:]
		case "options":
			for _, option := range fields[1:] {
				if value, is := strings.CutPrefix(option, "ndots:"); is {
					n, _ := strconv.Atoi(value)
					dots = min(n, 15)
				}
			}
		}
	}
	if strings.Count(name, ".") >= dots {
		return nil
	}
	for _, domain := range domains[:min(len(domains), mostSearched)] {
		if domain = strings.Trim(domain, "."); domain != "" {
			names = append(names, name+"."+domain)
		}
	}
	return names
}

//go:build !windows

package probes

import (
	"strconv"
	"strings"
	"time"

	"opensrs-doctor/probes/smallfile"
)

// mostSearched are the names of a search list that are asked for: libc takes six domains, and the first that exists counts.
const mostSearched = 6

// searchedFirst are the names that libc asks for ahead of this one: it has fewer dots than the option ndots of
// resolv.conf(5) wants, so that each domain of the search list is tried before it is asked for as it is.
func searchedFirst(path, name string) (names []string) {
	domains, options := settingsOf(path)
	if strings.HasSuffix(name, ".") || strings.Count(name, ".") >= min(options["ndots"], 15) {
		return nil
	}
	for _, domain := range domains[:min(len(domains), mostSearched)] {
		if domain = strings.Trim(domain, "."); domain != "" {
			names = append(names, name+"."+domain)
		}
	}
	return names
}

// libcWaits is how long libc waits for one answer of a name server: the option timeout, of at most 30 seconds.
func libcWaits(path string) time.Duration {
	_, options := settingsOf(path)
	return time.Duration(min(options["timeout"], 30)) * time.Second
}

// settingsOf reads the search list and the options that have a number, with libc's own numbers where the file has none.
func settingsOf(path string) (domains []string, options map[string]int) {
	options = map[string]int{"ndots": 1, "timeout": 5}
	content, err := smallfile.Read(path, mostResolvConf)
	if err != nil {
		return nil, options
	}
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
				if name, value, is := strings.Cut(option, ":"); is {
					options[name], _ = strconv.Atoi(value)
				}
			}
		}
	}
	return domains, options
}

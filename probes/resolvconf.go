//go:build !windows

package probes

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/smallfile"
)

// Bounds of resolv.conf: libc uses the first three servers, and no sound file is longer than this many bytes.
const (
	mostResolvers  = 3
	mostResolvConf = 1 << 20
)

// readResolvConf gives the servers that a resolv.conf(5) names, as glibc and musl read it: the word nameserver begins
// the line, and an address follows. Where it names none, problem is why.
func readResolvConf(path string, scrub *foreign.Scrubber) (servers []netip.Addr, problem *evidence.ResolversProblem) {
	content, err := smallfile.Read(path, mostResolvConf)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		link, _ := os.Readlink(path) // "" where it is not a link
		return nil, &evidence.ResolversProblem{Kind: evidence.ResolversMissing, Link: scrub.Quote(link, 200)}
	case err != nil:
		return nil, &evidence.ResolversProblem{Kind: evidence.ResolversUnreadable, Detail: systemWords(err, scrub)}
	case strings.TrimSpace(content) == "":
		return nil, &evidence.ResolversProblem{Kind: evidence.ResolversEmpty}
	}
	none := &evidence.ResolversProblem{Kind: evidence.ResolversNone}
	for number, line := range strings.Split(content, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "nameserver" {
			continue
		}
		text := strings.Join(fields[1:min(len(fields), 2)], "")
		address, err := netip.ParseAddr(text)
		kind := ""
		switch {
		case err != nil:
			kind = evidence.ResolversNoAddress
		case !strings.HasPrefix(line, "nameserver"):
			kind = evidence.ResolversIndented
		case len(servers) < mostResolvers:
			servers = append(servers, address)
		}
		if kind != "" && none.Line == 0 {
			none = &evidence.ResolversProblem{Kind: kind, Line: number + 1, Named: scrub.Quote(text, 100)}
		}
	}
	if len(servers) > 0 {
		return servers, nil
	}
	return nil, none
}

// systemWords are an error's own, without the path and the operation: "permission denied".
func systemWords(err error, scrub *foreign.Scrubber) foreign.Text {
	if errors.Is(err, smallfile.ErrNotAFile) {
		return evidence.NotAFile
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return scrub.Quote(err.Error(), 200)
}

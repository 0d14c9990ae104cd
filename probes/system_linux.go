package probes

import (
	"strings"

	"opensrs-doctor/probes/smallfile"
)

// productName is PRETTY_NAME of os-release(5).
func productName() string {
	for _, path := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		content, _ := smallfile.Read(path, 64<<10)
		for line := range strings.Lines(content) {
			if value, found := strings.CutPrefix(strings.TrimSpace(line), "PRETTY_NAME="); found {
				return strings.Trim(value, `"'`)
			}
		}
	}
	return ""
}

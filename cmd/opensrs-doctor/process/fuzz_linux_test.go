package process

import (
	"strings"
	"testing"
)

// FuzzGroups: a file cgroup of another process names groups as they are in it, and a container's ID is found in a part of
// a path only.
func FuzzGroups(f *testing.F) {
	f.Add("0::/system.slice/php8.2-fpm.service\n", "php8.2-fpm.service")
	f.Add("12:pids:/docker/0123456789abcdef\n1:name=systemd:/user.slice\n", "0123456789abcdef")
	f.Add("0::/machine.slice/libpod-0123456789abcdef.scope/container\n", "0123456789ab")
	f.Fuzz(func(t *testing.T, file, id string) {
		unified, all := groupsOf(file)
		for _, group := range append(all, unified) {
			if !strings.Contains(file, group) {
				t.Errorf("%q is not in %q", group, file)
			}
			if id != "" && holdsID(group, id) && !strings.Contains(group, id) {
				t.Errorf("%q holds %q", group, id)
			}
		}
		if unit := unitOf(file); !strings.Contains(file, unit) {
			t.Errorf("unit %q of %q", unit, file)
		}
		if group := (&Target{Cgroup: file}).Group(); clean(group) != group {
			t.Errorf("group %q", group)
		}
	})
}

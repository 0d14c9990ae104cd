package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"opensrs-doctor/cmd/opensrs-doctor/console"
)

// TestFullDisk: whatever is written to a disk that is full, the path is named, the status is 3, what was found is said
// in a line, and nothing half written is left.
func TestFullDisk(t *testing.T) {
	program := asRoot(t)
	for _, tool := range []string{"unshare", "mount", "dd"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	dir := t.TempDir()
	full := func(t *testing.T, args ...string) (status int, printed string) {
		const script = `mount -t tmpfs -o size=4k full "$0" || exit 77
dd if=/dev/zero of="$0/fill" bs=4k count=1 2>/dev/null
"$@"; status=$?
ls -A "$0" | grep -v '^fill$' && exit 78
exit $status`
		at := filepath.Join(dir, "full")
		return doctor(t, "unshare", dir, nil, append([]string{"-m", "sh", "-c", "mkdir -p \"$0\"\n" + script, at, program}, args...)...)
	}
	if status, _ := full(t, "version"); status == 77 || status == 1 {
		t.Skip("no file system can be mounted here")
	}
	path := filepath.Join(dir, "full", "out")
	runs := map[string][]string{"ticket": {"ticket", "--sandbox=tls.expired", "-f", "json=other.json", "--output", path}}
	for _, one := range formats() {
		runs[one.name] = []string{"--sandbox=tls.expired", "-f", one.name + "=" + path}
	}
	for name, args := range runs {
		t.Run(name, func(t *testing.T) {
			status, printed := full(t, args...)
			if status != console.ExitInternal || !strings.Contains(printed, path+": no space left on device") ||
				!strings.Contains(printed, "The result was: fail, tls.expired: ") {
				t.Errorf("status %d:\n%s", status, printed)
			}
		})
	}
	for _, one := range formats() {
		status, printed := doctor(t, "sh", dir, nil, "-c", `exec "$0" "$@" >/dev/full`, program, "--sandbox=tls.expired", "-f", one.name)
		if status != console.ExitInternal || !strings.Contains(printed, "standard output: no space left on device") ||
			!strings.Contains(printed, "The result was: fail, tls.expired: ") {
			t.Errorf("%s to a full device: status %d:\n%s", one.name, status, printed)
		}
	}
}

// TestBareSurroundings: without /etc and a home, with 12 descriptors, with closed outputs and with an environment of junk
// the check ends with the verdict's status, or with an error that says what was missing.
func TestBareSurroundings(t *testing.T) {
	program := asRoot(t)
	dir := t.TempDir()
	for name, c := range map[string]struct {
		script string
		status int
		says   string
	}{
		"no /etc, read-only home": {`exec unshare -m sh -c 'mount --bind "$PWD" /etc && HOME=/proc exec "$0" "$@"' "$0" "$@"`, console.ExitFail, "tls.expired"},
		"closed input":            {`exec "$0" "$@" <&-`, console.ExitFail, "tls.expired"},
		"closed output":           {`exec "$0" "$@" >&-`, console.ExitFail, ""},
		"closed everything":       {`exec "$0" "$@" <&- >&- 2>&-`, console.ExitFail, ""},
		// A sandbox in the same process needs more than these, whatever else the machine makes the process hold;
		// the lab tries 16, and none from one moment on, against a service of its own.
		"12 descriptors": {`exec 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&-; ulimit -n 12; exec "$0" "$@"`, console.ExitInternal, "too many open files"},
		"junk": {`LC_ALL=C LANG=$(printf '\377') TERM=$(printf '\033[') HTTPS_PROXY=:::: GODEBUG=junk=1 GOGC=abc XDG_CONFIG_HOME=$(printf '\377') ` +
			`HOME= PATH= exec "$0" "$@"`, console.ExitFail, "tls.expired"},
	} {
		t.Run(name, func(t *testing.T) {
			status, printed := doctor(t, "sh", dir, nil, "-c", c.script, program, "--sandbox=tls.expired")
			if status == console.ExitFail && strings.Contains(printed, "unshare") {
				t.Skip(printed)
			}
			if status != c.status || !strings.Contains(printed, c.says) || strings.Contains(printed, "goroutine ") {
				t.Errorf("status %d, want %d with %q:\n%s", status, c.status, c.says, printed)
			}
		})
	}
}

// TestSmallMemory: a check, and a ticket, with all formats fit into a cgroup of 64 MiB.
func TestSmallMemory(t *testing.T) {
	program := asRoot(t)
	dir := t.TempDir()
	const script = `group=$1; limit=$2; shift 2; mkdir "$group" || exit 77
test -e "$group/$limit" && echo 67108864 >"$group/$limit" || { rmdir "$group"; exit 77; }
(echo 0 >"$group/cgroup.procs" || exit 77; exec "$0" "$@"); status=$?
rmdir "$group"; exit $status`
	for _, args := range [][]string{
		{"--sandbox=tls.expired", "-f", "html=a.html", "-f", "json"},
		{"ticket", "--sandbox=tls.expired", "--output", "t.zip"},
	} {
		ran := false
		for base, limit := range map[string]string{"/sys/fs/cgroup": "memory.max", "/sys/fs/cgroup/memory": "memory.limit_in_bytes"} {
			group := filepath.Join(base, "opensrs-doctor-test-"+strings.ReplaceAll(filepath.Base(filepath.Dir(dir)), "/", ""))
			status, printed := doctor(t, "sh", dir, nil, append([]string{"-c", script, program, group, limit}, args...)...)
			if status == 77 {
				continue
			}
			ran = true
			if status != console.ExitFail || !strings.Contains(printed, "tls.expired") {
				t.Errorf("%v: status %d:\n%s", args, status, printed)
			}
		}
		if !ran {
			t.Log("not tried: this machine gives no control group for memory")
		}
	}
}

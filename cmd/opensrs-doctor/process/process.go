// Package process finds the process that a check is to speak for, and starts this program as that process sees the world:
// in its namespaces, root directory and control group, as its user, with no more of its powers. It knows nothing of
// checks, and trusts nothing that the process controls.
package process

import (
	"fmt"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/lazy"
)

// Variables are those of a process's environment that are taken over: proxies, certificates and resolver. No other leaves
// this package.
var Variables = lazy.Value[[]string]{Make: func() []string {
	return append(slices.Clone(evidence.ProxyVariables),
		"SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "NODE_OPTIONS",
		"JAVA_TOOL_OPTIONS", "RES_OPTIONS", "LOCALDOMAIN")
}}

// Taken are those of an environment, as NAME=value, that are taken over: of Variables, printable, and of at most 4 KiB.
func Taken(environment []string) (taken []string) {
	for _, one := range environment {
		name, value, _ := strings.Cut(one, "=")
		if slices.Contains(Variables.Get(), name) && value != "" && len(value) <= 4<<10 && clean(value) == value {
			taken = append(taken, one)
		}
	}
	return taken
}

// Target is a process to speak for, or a user who has none.
type Target struct {
	Asked  string   // as given
	PID    int      // 0: no process, a user
	Name   string   // the program's, or the user's
	UID    int      // effective
	GID    int      // effective
	Groups []int    // supplementary
	Unit   string   // the innermost systemd unit of its control group; "" for none
	Pool   string   // of php-fpm, whose workers' environment is not in /proc; "" for others
	Cgroup string   // its file "cgroup" in /proc
	Env    []string // NAME=value of Variables

	NetDiffers bool      // it is in another network namespace than this process
	RootOther  bool      // it sees other files
	Taken      []string  // what is taken over
	NotTaken   []Missing // what is not

	proc     string // its directory in /proc; "" for a user
	joins    joins
	limits   limits
	prepared *preparation
}

// Missing is one thing that is not taken over, and why.
type Missing struct{ What, Why string }

// limits are the powers of a process.
type limits struct {
	bounding, effective uint64 // capabilities
	noNewPrivs          bool
}

// Label is who that is, for people: "php8.2-fpm.service (uid 33)".
func (t *Target) Label() string {
	name := t.Unit
	if name == "" || !strings.HasSuffix(name, ".service") {
		name = t.Name
	}
	if name == "" {
		name = t.Asked
	}
	return fmt.Sprintf("%s (uid %d)", name, t.UID)
}

// Error is why a process cannot be spoken for: Text is the reason, Hint the way out, and Commands are those to choose from
// where several processes fit.
type Error struct {
	Text, Hint string
	Choices    []Choice
}

// Choice is one of several processes that fit.
type Choice struct {
	PID   int
	About string
}

func (e *Error) Error() string { return e.Text }

func failed(hint, format string, args ...any) *Error {
	return &Error{Text: fmt.Sprintf(format, args...), Hint: hint}
}

// clean keeps what is printable ASCII: a process names itself as it likes.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}

// Package config makes one validated request of what a user gives: the flags of every command, the environment, the config
// file, and what they name: keys, clients' own settings, lists of rules, certificates, the process to speak for. The
// stronger source wins, and the first thing that is wrong is a usage error with its place. Nothing of the service is
// contacted here, and nothing is printed but notes.
package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/process"
	"opensrs-doctor/probes"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/service"
)

// Request is one validated run of check: what to ask, and how to tell it.
type Request struct {
	Options   probes.Options
	Wait      time.Duration // --wait; 0: one run
	Sandbox   string        // a fault, "healthy", or "" for none
	FailOn    string        // "fail" or "warn"
	Anonymize bool
	View      console.View
	As        *process.Target // --as; nil: this shell
	Here      Shell           // what this shell goes by where the target has its own
	Notes     []string        // for standard error, none of them a diagnosis
}

// Settings are flags, environment and file, the strongest source of each key.
type Settings struct {
	merged  map[string]setting
	streams *console.Streams
}

// Gather are the settings of a command that reads no config file.
func Gather(flags map[string]*FlagValue, s *console.Streams) *Settings { return gather(flags, nil, s) }

// Load are the settings of a command that reads the config file, the default one where path is "".
func Load(flags map[string]*FlagValue, path string, s *console.Streams) (*Settings, error) {
	file, err := read(path, s)
	if err != nil {
		return nil, err
	}
	return gather(flags, file, s), nil
}

// gather takes for each key the flag, else the variable, else the file's value.
func gather(flags map[string]*FlagValue, file map[string]setting, s *console.Streams) *Settings {
	merged := map[string]setting{}
	for name, fromFile := range file {
		merged[name] = fromFile
	}
	for variable, name := range map[string]string{
		"OPENSRS_USERNAME": "username", evidence.KeyVariable: "api-key-file",
	} {
		if given := strings.TrimSpace(s.Getenv(variable)); given != "" {
			merged[name] = setting{from: "environment", name: variable, values: []value{{text: given}}}
		}
	}
	for name, flag := range flags {
		if len(flag.Texts) == 0 {
			continue
		}
		from := setting{from: "flag", name: "--" + name}
		for _, text := range flag.Texts {
			from.values = append(from.values, value{text: text})
		}
		merged[name] = from
	}
	all := &Settings{merged, s}
	// The list of rules is one thing with two names: one on the command line beats the other in the file.
	all.beats("rule", "rules-file")
	all.beats("rules-file", "rule")
	// These two flags stand for a whole set of keys.
	all.beats("no-third-parties", thirdPartyKeys...)
	all.strongestKey()
	all.beats("sandbox", sandboxSets...)
	return all
}

var thirdPartyKeys = []string{"egress-source", "control", "status-url", "port-witness"}

func (s *Settings) beats(strong string, weak ...string) {
	for _, name := range weak {
		if s.merged[strong].from == "flag" && s.merged[name].from == "file" {
			delete(s.merged, name)
		}
	}
}

// Given reports whether any source has the key.
func (s *Settings) Given(name string) bool { return len(s.merged[name].values) > 0 }

// Text is the one value of a key, trimmed; "" where it is not given.
func (s *Settings) Text(name string) string {
	if !s.Given(name) {
		return ""
	}
	return strings.TrimSpace(s.merged[name].values[0].text)
}

// Bool is the one value of a key that is true or false; false where it is not given.
func (s *Settings) Bool(name string) bool {
	is, _ := strconv.ParseBool(s.Text(name))
	return is
}

// Bad is a usage error about the i-th value of a key.
func (s *Settings) Bad(name string, i int, format string, args ...any) *console.UsageError {
	return console.Usagef("%s: %s", s.merged[name].place(i), fmt.Sprintf(format, args...))
}

// each calls read with every value of a list, and makes its error a usage error with the place.
func (s *Settings) each(name string, read func(text string) error) error {
	for i, one := range s.merged[name].values {
		if err := read(strings.TrimSpace(one.text)); err != nil {
			return s.Bad(name, i, "%s", err)
		}
	}
	return nil
}

// Choice is a key's value out of some, the first being the default.
func (s *Settings) Choice(name string, known ...string) (string, error) {
	switch given := s.Text(name); {
	case !s.Given(name):
		return known[0], nil
	case slices.Contains(known, given):
		return given, nil
	default:
		return "", s.Bad(name, 0, "%s is not one of %s", console.Shown(given), strings.Join(known, ", ")).
			WithNearest(given, known)
	}
}

// Request validates everything. The first thing that is wrong is the error; nothing is contacted.
func (s *Settings) Request() (*Request, error) {
	r := &Request{
		Anonymize: s.Bool("anonymize"),
	}
	var err error
	if r.View, err = s.Look(); err != nil {
		return nil, err
	}
	r.Options.AllowIntercepted = s.Bool("allow-intercepted")
	r.Options.TraceFirewall = s.Bool("trace-firewall")
	r.Options.CrossCheck = !s.Given("cross-check") || s.Bool("cross-check")
	if s.Given("sandbox") {
		switch r.Sandbox = s.Text("sandbox"); r.Sandbox {
		case "", "true":
			r.Sandbox = healthy
		case "false":
			r.Sandbox = ""
		}
	}
	for _, step := range []func(*Request) error{
		s.conflicts, s.asTarget, s.clientConfig, s.target, s.credentials, s.misplaced, s.rules, s.thirdParties, s.network, s.roots, s.times,
		s.selection,
	} {
		if err := step(r); err != nil {
			if r.As != nil {
				r.As.Close()
			}
			return nil, err
		}
	}
	r.FailOn, err = s.Choice("fail-on", "fail", "warn")
	return r, err
}

// conflicts refuses what cannot be meant together.
func (s *Settings) conflicts(r *Request) error {
	if s.Given("rule") && s.Given("rules-file") {
		return console.Usagef("%s and %s: the rules come from one place", s.merged["rule"].place(0),
			s.merged["rules-file"].place(0)).WithHint("give one of the two")
	}
	if s.Text("rules-file") == "-" && s.Text("api-key-file") == "-" && s.merged["api-key-file"].from != "environment" {
		return console.Usagef("%s and %s: both are to come from standard input", s.merged["rules-file"].place(0),
			s.merged["api-key-file"].place(0)).WithHint("give one of the two a path")
	}
	if s.Given("api-key-file") && s.Given("api-key-command") {
		return console.Usagef("%s and %s: the key comes from one place", s.merged["api-key-file"].place(0),
			s.merged["api-key-command"].place(0)).WithHint("give one of the two")
	}
	if s.Bool("no-third-parties") {
		for _, name := range thirdPartyKeys {
			if s.Given(name) && s.Text(name) != "none" {
				return console.Usagef("%s and %s contradict each other", s.merged["no-third-parties"].place(0),
					s.merged[name].place(0)).WithHint("no-third-parties means none of them; give one of the two")
			}
		}
	}
	if s.Bool("quiet") && s.Bool("verbose") {
		return console.Usagef("%s and %s contradict each other", s.merged["quiet"].place(0), s.merged["verbose"].place(0))
	}
	if r.Sandbox == "" {
		return nil
	}
	for _, name := range sandboxSets {
		if s.Given(name) {
			return console.Usagef("%s does not go with --sandbox, which brings its own", s.merged[name].place(0)).
				WithHint("leave one of the two out")
		}
	}
	return nil
}

func (s *Settings) target(r *Request) (err error) {
	o := &r.Options
	if o.Environment, err = s.Choice("env", service.OpenSRS.Live.Name, service.OpenSRS.Test.Name); err != nil {
		return err
	}
	o.Host, o.Port, o.Path = service.OpenSRS.Live.Host, service.OpenSRS.Port, "/"
	if o.Environment == service.OpenSRS.Test.Name {
		o.Host = service.OpenSRS.Test.Host
	}
	if !s.Given("endpoint") {
		return nil
	}
	var host, path string
	var port uint16
	if err = s.each("endpoint", func(text string) error {
		host, port, path, err = parseEndpoint(text)
		return err
	}); err != nil {
		return err
	}
	// The two public hosts are their environment, and --env may not say another one.
	if known := service.OpenSRS.EnvironmentOf(host); known != "" && known != o.Environment {
		env, endpoint := s.merged["env"], s.merged["endpoint"]
		switch {
		case s.Given("env") && env.from == endpoint.from:
			return console.Usagef("%s %s and %s contradict each other: %s is the %s environment", env.place(0), o.Environment,
				endpoint.place(0), strings.ToLower(host), known).WithHint("give one of the two")
		case s.Given("env") && env.from == "flag":
			return nil // the file's endpoint is that of the other environment
		}
		o.Environment = known
	}
	o.Host, o.Port, o.Path, o.Custom = host, port, path, true
	return nil
}

func (s *Settings) times(r *Request) (err error) {
	r.Options.Timeout = 30 * time.Second
	if s.Given("timeout") {
		if r.Options.Timeout, err = s.duration("timeout", time.Second); err != nil {
			return err
		}
	}
	if s.Given("wait") {
		r.Wait, err = s.duration("wait", 0)
	}
	return err
}

// maxTime is the longest time that a key takes.
const maxTime = 24 * time.Hour

func (s *Settings) duration(name string, least time.Duration) (time.Duration, error) {
	given := s.Text(name)
	d, err := time.ParseDuration(given)
	switch {
	case err != nil:
		return 0, s.Bad(name, 0, "%s is not a duration", console.Shown(given)).WithHint("a number and a unit, as in 30s or 20m")
	case d < least:
		return 0, s.Bad(name, 0, "%s is less than %s", given, least)
	case d > maxTime:
		return 0, s.Bad(name, 0, "%s is more than 24h", given)
	}
	return d, nil
}

// Texts are the values of a key as they were given.
func (s *Settings) Texts(name string) []string {
	var texts []string
	for _, one := range s.merged[name].values {
		texts = append(texts, one.text)
	}
	return texts
}

// Place names where the first value of a key is, for an error.
func (s *Settings) Place(name string) string { return s.merged[name].place(0) }

// ByFlag reports whether a key is given on the command line.
func (s *Settings) ByFlag(name string) bool { return s.merged[name].from == "flag" }

// Offline leaves the proxy out of a run that contacts nobody: what its variable holds is not judged.
func (s *Settings) Offline() { s.merged["proxy"] = setting{values: []value{{text: "none"}}} }

// JSON reads the --format of a command that prints data: whether it is to be JSON.
func (s *Settings) JSON() (bool, error) {
	name, err := s.Choice("format", "human", "json")
	return name == "json", err
}

package main

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

// request is one validated run of check: what to ask, and how to tell it.
type request struct {
	options   probes.Options
	wait      time.Duration
	sandbox   string // a fault, "healthy", or "" for none
	failOn    string
	anonymize bool
	view      console.View
	as        *process.Target // --as; nil: this shell
	here      shellsOwn       // what this shell goes by where the target has its own
	notes     []string        // for standard error, none of them a diagnosis
}

// settings are flags, environment and file, the strongest source of each key.
type settings struct {
	merged  map[string]setting
	streams *console.Streams
}

// gather takes for each key the flag, else the variable, else the file's value.
func gather(flags map[string]*flagValue, file map[string]setting, s *console.Streams) *settings {
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
		if len(flag.texts) == 0 {
			continue
		}
		from := setting{from: "flag", name: "--" + name}
		for _, text := range flag.texts {
			from.values = append(from.values, value{text: text})
		}
		merged[name] = from
	}
	all := &settings{merged, s}
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

func (s *settings) beats(strong string, weak ...string) {
	for _, name := range weak {
		if s.merged[strong].from == "flag" && s.merged[name].from == "file" {
			delete(s.merged, name)
		}
	}
}

func (s *settings) given(name string) bool { return len(s.merged[name].values) > 0 }

// text is the one value of a key, trimmed; "" where it is not given.
func (s *settings) text(name string) string {
	if !s.given(name) {
		return ""
	}
	return strings.TrimSpace(s.merged[name].values[0].text)
}

func (s *settings) bool(name string) bool {
	is, _ := strconv.ParseBool(s.text(name))
	return is
}

// bad is a usage error about the i-th value of a key.
func (s *settings) bad(name string, i int, format string, args ...any) *console.UsageError {
	return console.Usagef("%s: %s", s.merged[name].place(i), fmt.Sprintf(format, args...))
}

// each calls read with every value of a list, and makes its error a usage error with the place.
func (s *settings) each(name string, read func(text string) error) error {
	for i, one := range s.merged[name].values {
		if err := read(strings.TrimSpace(one.text)); err != nil {
			return s.bad(name, i, "%s", err)
		}
	}
	return nil
}

// choice is a key's value out of some, the first being the default.
func (s *settings) choice(name string, known ...string) (string, error) {
	switch given := s.text(name); {
	case !s.given(name):
		return known[0], nil
	case slices.Contains(known, given):
		return given, nil
	default:
		return "", s.bad(name, 0, "%s is not one of %s", console.Shown(given), strings.Join(known, ", ")).
			WithNearest(given, known)
	}
}

// request validates everything. The first thing that is wrong is the error; nothing is contacted.
func (s *settings) request() (*request, error) {
	r := &request{
		anonymize: s.bool("anonymize"),
	}
	var err error
	if r.view, err = s.look(); err != nil {
		return nil, err
	}
	r.options.AllowIntercepted = s.bool("allow-intercepted")
	r.options.TraceFirewall = s.bool("trace-firewall")
	r.options.CrossCheck = !s.given("cross-check") || s.bool("cross-check")
	if s.given("sandbox") {
		switch r.sandbox = s.text("sandbox"); r.sandbox {
		case "", "true":
			r.sandbox = healthy
		case "false":
			r.sandbox = ""
		}
	}
	for _, step := range []func(*request) error{
		s.conflicts, s.asTarget, s.clientConfig, s.target, s.credentials, s.misplaced, s.rules, s.thirdParties, s.network, s.roots, s.times,
		s.selection,
	} {
		if err := step(r); err != nil {
			if r.as != nil {
				r.as.Close()
			}
			return nil, err
		}
	}
	r.failOn, err = s.choice("fail-on", "fail", "warn")
	return r, err
}

// conflicts refuses what cannot be meant together.
func (s *settings) conflicts(r *request) error {
	if s.given("rule") && s.given("rules-file") {
		return console.Usagef("%s and %s: the rules come from one place", s.merged["rule"].place(0),
			s.merged["rules-file"].place(0)).WithHint("give one of the two")
	}
	if s.text("rules-file") == "-" && s.text("api-key-file") == "-" && s.merged["api-key-file"].from != "environment" {
		return console.Usagef("%s and %s: both are to come from standard input", s.merged["rules-file"].place(0),
			s.merged["api-key-file"].place(0)).WithHint("give one of the two a path")
	}
	if s.given("api-key-file") && s.given("api-key-command") {
		return console.Usagef("%s and %s: the key comes from one place", s.merged["api-key-file"].place(0),
			s.merged["api-key-command"].place(0)).WithHint("give one of the two")
	}
	if s.bool("no-third-parties") {
		for _, name := range thirdPartyKeys {
			if s.given(name) && s.text(name) != "none" {
				return console.Usagef("%s and %s contradict each other", s.merged["no-third-parties"].place(0),
					s.merged[name].place(0)).WithHint("no-third-parties means none of them; give one of the two")
			}
		}
	}
	if s.bool("quiet") && s.bool("verbose") {
		return console.Usagef("%s and %s contradict each other", s.merged["quiet"].place(0), s.merged["verbose"].place(0))
	}
	if r.sandbox == "" {
		return nil
	}
	for _, name := range sandboxSets {
		if s.given(name) {
			return console.Usagef("%s does not go with --sandbox, which brings its own", s.merged[name].place(0)).
				WithHint("leave one of the two out")
		}
	}
	return nil
}

func (s *settings) target(r *request) (err error) {
	o := &r.options
	if o.Environment, err = s.choice("env", service.OpenSRS.Live.Name, service.OpenSRS.Test.Name); err != nil {
		return err
	}
	o.Host, o.Port, o.Path = service.OpenSRS.Live.Host, service.OpenSRS.Port, "/"
	if o.Environment == service.OpenSRS.Test.Name {
		o.Host = service.OpenSRS.Test.Host
	}
	if !s.given("endpoint") {
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
		case s.given("env") && env.from == endpoint.from:
			return console.Usagef("%s %s and %s contradict each other: %s is the %s environment", env.place(0), o.Environment,
				endpoint.place(0), strings.ToLower(host), known).WithHint("give one of the two")
		case s.given("env") && env.from == "flag":
			return nil // the file's endpoint is that of the other environment
		}
		o.Environment = known
	}
	o.Host, o.Port, o.Path, o.Custom = host, port, path, true
	return nil
}

func (s *settings) times(r *request) (err error) {
	r.options.Timeout = 30 * time.Second
	if s.given("timeout") {
		if r.options.Timeout, err = s.duration("timeout", time.Second); err != nil {
			return err
		}
	}
	if s.given("wait") {
		r.wait, err = s.duration("wait", 0)
	}
	return err
}

// maxTime is the longest time that a key takes.
const maxTime = 24 * time.Hour

func (s *settings) duration(name string, least time.Duration) (time.Duration, error) {
	given := s.text(name)
	d, err := time.ParseDuration(given)
	switch {
	case err != nil:
		return 0, s.bad(name, 0, "%s is not a duration", console.Shown(given)).WithHint("a number and a unit, as in 30s or 20m")
	case d < least:
		return 0, s.bad(name, 0, "%s is less than %s", given, least)
	case d > maxTime:
		return 0, s.bad(name, 0, "%s is more than 24h", given)
	}
	return d, nil
}

package config

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/sandbox"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/probes/typo"
)

// ForSandbox validates everything that can be before something is opened.
func (s *Settings) ForSandbox() (config sandbox.Config, r *Request, err error) {
	r = &Request{}
	if r.View, err = s.Look(); err != nil {
		return config, nil, err
	}
	if s.Given("rule") && s.Given("rules-file") {
		return config, r, console.Usagef("--rule and --rules-file: the rules come from one place").WithHint("give one of the two")
	}
	for _, step := range []func(*Request) error{s.credentials, s.rules} {
		if err := step(r); err != nil {
			return config, r, err
		}
	}
	config = sandbox.Config{Listen: s.Text("listen"), Name: strings.ToLower(s.Text("name")), Username: r.Options.Username,
		Key: r.Options.Key.Reveal(), Rules: r.Options.Rules, Fault: s.Text("fault")}
	if err := s.checkKey(r); err != nil {
		return config, r, err
	}
	if s.Given("fault") {
		if err := s.checkFault(config.Fault); err != nil {
			return config, r, err
		}
	}
	if s.Given("listen") {
		if err := sandbox.CheckListen(config.Listen); err != nil {
			return config, r, s.Bad("listen", 0, "%s", err).
				WithHint("an IPv4 address and a port, as in 127.0.0.1:8443; 0.0.0.0:8443 is every address of this host")
		}
	}
	if s.Given("name") {
		if err := checkName(config.Name); err != nil {
			return config, r, s.Bad("name", 0, "%s", err).WithHint("a host name, as in %s", service.OpenSRS.Live.Host)
		}
	}
	for _, problem := range iprules.Lint(config.Rules) {
		if problem.Severity == iprules.SeverityError {
			r.Notes = append(r.Notes, "the control panel would refuse these rules, and the check says so: "+problem.Text)
			break
		}
	}
	return config, r, nil
}

// checkName takes a host's name, and no address.
func checkName(name string) error {
	if name == "" {
		return errors.New("it is empty")
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return errors.New("an address is for --listen")
	}
	host, err := checkHost(name)
	if err == nil && host != name {
		err = errors.New("the name ends in a dot")
	}
	return err
}

// checkKey refuses what can be no key: no client could sign with it.
func (s *Settings) checkKey(r *Request) error {
	if !s.Given("api-key-file") {
		return nil
	}
	problems := opensrs.CheckKey(r.Options.Key.Reveal())
	if len(problems) == 0 {
		return nil
	}
	words := make([]string, len(problems))
	for i, problem := range problems {
		if words[i] = problemWords.Get()[problem]; problem == opensrs.KeyEmpty {
			words[i] = "it is empty"
		}
	}
	return s.Bad("api-key-file", 0, "this is not an API key: %s", strings.Join(words, ", ")).
		WithHint("it holds the key and nothing else, as the control panel shows it; without the flag the sandbox makes one")
}

// checkFault refuses a fault that is unknown, or that hangs on the client's own setting.
func (s *Settings) checkFault(fault string) error {
	known := sandbox.ServerFaults()
	if slices.Contains(known, fault) {
		return nil
	}
	hint := "faults: " + strings.Join(known, " ")
	if slices.Contains(sandbox.Faults(), fault) {
		return s.Bad("fault", 0, "a server alone cannot show %s: it is in the client's setting too", fault).
			WithHint("opensrs-doctor check --sandbox=%s shows it. The %s", fault, hint)
	}
	if near := typo.Nearest(fault, known); near != "" {
		hint = "did you mean " + near + "? The " + hint
	}
	return s.Bad("fault", 0, "the sandbox cannot show %s", console.Shown(fault)).WithHint("%s", hint)
}

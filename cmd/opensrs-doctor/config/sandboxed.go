package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/sandbox"
	"opensrs-doctor/probes/typo"
)

// sandboxSets are the keys that do not go with --sandbox: it brings what they would say.
var sandboxSets = []string{
	"env", "endpoint", "ca-file", "egress-source", "resolver", "proxy", "source-ip", "control", "status-url", "port-witness",
	"no-third-parties", "public-roots", "system-roots",
}

// StartSandbox starts the service inside this program and points the request at it.
func (r *Request) StartSandbox() (stop func(), err error) {
	fault := r.Sandbox
	if fault == healthy {
		fault = ""
	} else if faults := sandbox.Faults(); !slices.Contains(faults, fault) {
		hint := "faults: " + strings.Join(faults, " ")
		if near := typo.Nearest(fault, faults); near != "" {
			hint = "did you mean " + near + "? The " + hint
		}
		return nil, console.Usagef("the sandbox cannot show %s", console.Shown(fault)).WithHint("%s", hint)
	}
	o := &r.Options
	inside, err := sandbox.Start(sandbox.Config{
		Username: o.Username, Key: o.Key.Reveal(), Rules: o.Rules, Fault: fault,
	})
	if err != nil {
		return nil, fmt.Errorf("the sandbox did not start: %w", err)
	}
	stop = func() { inside.Close() }
	emptyKey := o.KeySource != "" && o.Key.Empty()
	if err := r.pointAt(inside.Client()); err != nil {
		stop()
		return nil, fmt.Errorf("the sandbox cannot be used: %w", err)
	}
	if emptyKey { // one was given, and it is empty: that is the finding
		o.Key = probes.Secret{}
	}
	return stop, nil
}

// pointAt sets the options to what the sandbox says of itself, through the readers that the flags go through.
func (r *Request) pointAt(c sandbox.Client) (err error) {
	o := &r.Options
	o.Environment, o.Sandbox, o.Custom, o.CrossCheck = evidence.EnvSandbox, true, true, false
	if o.Host, o.Port, o.Path, err = parseEndpoint(c.URL); err != nil {
		return err
	}
	o.Username, o.Key = c.Username, probes.NewSecret(c.Key)
	switch {
	case o.Key.Empty():
		o.KeySource = ""
	case o.KeySource == "":
		o.KeySource = "the sandbox"
	}
	if c.RulesGiven {
		if o.RulesGiven {
			r.Notes = append(r.Notes, "the fault brings access rules of its own; those of "+o.RulesSource+" are not used")
		}
		o.Rules, o.RulesGiven, o.RulesSource = nil, len(c.Rules) > 0, "the sandbox"
		for _, text := range c.Rules {
			rule, err := iprules.Parse(text)
			if err != nil {
				return err
			}
			rule.Source = o.RulesSource
			o.Rules = append(o.Rules, rule)
		}
	}
	for _, text := range c.Resolvers {
		resolver, err := netip.ParseAddrPort(text)
		if err != nil {
			return err
		}
		o.Resolvers = append(o.Resolvers, resolver)
	}
	o.Proxy = probes.ProxyChoice{Mode: "none"}
	if c.Proxy != "" {
		o.Proxy = probes.ProxyChoice{Mode: "url", From: "the sandbox's setting"}
		if o.Proxy.URL, err = parseProxy(c.Proxy); err != nil {
			return err
		}
	}
	for _, text := range c.EgressSources {
		source, err := probes.ParseSource(text)
		if err != nil {
			return err
		}
		o.EgressSources = append(o.EgressSources, source)
	}
	for _, text := range c.Controls {
		peer, err := parseHostPort(text)
		if err != nil {
			return err
		}
		o.Controls = append(o.Controls, peer)
	}
	if c.StatusURL != "" {
		if o.StatusURL, err = url.Parse(c.StatusURL); err != nil {
			return err
		}
	}
	o.Names = c.Names
	o.PublicRoots, o.SystemRoots = c.PublicRoots, c.SystemRoots
	return nil
}

package config

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/process"
	"opensrs-doctor/probes"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/runtimes"
)

// Shell are settings of the config file that the target's environment beats, for the run from this shell.
type Shell struct {
	Proxy            probes.ProxyChoice
	SystemRoots      []*x509.Certificate
	AllowIntercepted bool
}

// containerID is how many hex digits a container's ID has.
const containerID = 64

// asTarget finds the process that the check is to speak for.
func (s *Settings) asTarget(r *Request) error {
	if !s.Given("as") {
		return nil
	}
	kind, id, _ := strings.Cut(s.Text("as"), ":")
	if long := len(id) > containerID; (foreign.LooksLikeKey(kind) || foreign.LooksLikeKey(id)) && (kind != "container" || long) {
		return s.Bad("as", 0, "this may hold a secret, and is not shown").WithHint("give a process number, unit:NAME, user:NAME, process:NAME or container:ID")
	}
	target, err := process.Find(s.Text("as"))
	var problem *process.Error
	switch {
	case errors.As(err, &problem):
		return s.notAs(problem)
	case err != nil:
		return s.Bad("as", 0, "%s", console.Plain(err))
	}
	if r.Sandbox != "" && target.NetDiffers {
		return s.Bad("as", 0, "%s is in another network namespace, and the sandbox is in this shell's", target.Label()).
			WithHint("leave --sandbox out, or name a target in this network")
	}
	r.As = target
	target.Prepare()
	askPool(target)
	return nil
}

// askPool asks php-fpm for a worker's environment, which is not in /proc.
func askPool(t *process.Target) {
	if t.Pool == "" || len(t.Env) > 0 {
		return
	}
	found, answered := runtimes.PoolVariables(context.Background(), t.Pool)
	if !answered {
		t.Taken = slices.DeleteFunc(t.Taken, func(what string) bool { return what == "environment" })
		t.NotTaken = append(t.NotTaken, process.Missing{What: "environment",
			Why: "php-fpm's workers have none in /proc, and the pool " + t.Pool + " did not answer when it was asked"})
		return
	}
	t.Env = process.Taken(found)
}

// notAs is the usage error for a process that cannot be spoken for; of several, a command each.
func (s *Settings) notAs(problem *process.Error) error {
	err := s.Bad("as", 0, "%s", problem.Text)
	for i, choice := range problem.Choices {
		if i == 20 {
			err.More = append(err.More, fmt.Sprintf("and %d more", len(problem.Choices)-i))
			break
		}
		err.More = append(err.More, fmt.Sprintf("opensrs-doctor --as %-8d %s", choice.PID, choice.About))
	}
	if problem.Hint != "" {
		return err.WithHint("%s", problem.Hint)
	}
	if len(problem.Choices) > 0 {
		return err.WithHint("use one of these commands")
	}
	return err
}

// TargetEnv is a variable of the target's environment; "" where it has none.
func (r *Request) TargetEnv(names ...string) string {
	for _, name := range names {
		for _, one := range r.As.Env {
			if value, is := strings.CutPrefix(one, name+"="); is {
				return value
			}
		}
	}
	return ""
}

// proxyOfTarget lets the target's environment beat the config file, and checks what is in it.
func (s *Settings) proxyOfTarget(r *Request) error {
	if r.As == nil {
		return nil
	}
	o := &r.Options
	r.Here = Shell{Proxy: o.Proxy, AllowIntercepted: o.AllowIntercepted}
	variables := &httpproxy.Config{HTTPProxy: r.TargetEnv("HTTP_PROXY", "http_proxy"),
		HTTPSProxy: r.TargetEnv("HTTPS_PROXY", "https_proxy"), NoProxy: r.TargetEnv("NO_PROXY", "no_proxy")}
	if variables.HTTPSProxy != "" && s.merged["proxy"].from == "file" {
		o.Proxy = probes.ProxyChoice{Mode: "env"}
	}
	if o.Proxy.Mode == "env" {
		return checkProxyVariable(o.Host, o.Port, variables, "HTTPS_PROXY in the environment of "+r.As.Label())
	}
	return nil
}

// rootsOfTarget lets the target's certificates beat those of the config file. What the target trusts, or a proxy of its,
// never lets a call through an interception: it may be as hostile as they.
func (s *Settings) rootsOfTarget(r *Request) {
	if r.As == nil {
		return
	}
	o := &r.Options
	r.Here.SystemRoots = o.SystemRoots
	named := r.TargetEnv("SSL_CERT_FILE", "SSL_CERT_DIR") != ""
	if named && s.merged["system-roots"].from == "file" {
		o.SystemRoots = nil
	}
	theirs := o.SystemRoots == nil && (named || r.As.RootOther) ||
		o.Proxy.Mode == "env" && r.TargetEnv("HTTPS_PROXY", "https_proxy") != ""
	if o.AllowIntercepted && theirs {
		o.AllowIntercepted = false
		r.Notes = append(r.Notes, "--allow-intercepted does not count here: the root certificates or the proxy are those of "+r.As.Label())
	}
}

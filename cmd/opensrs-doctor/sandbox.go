package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"opensrs-doctor/probes"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/sandbox"
)

// sandboxCommand is the service on this machine, until it is interrupted.
func sandboxCommand(s *streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "sandbox [flags]",
		Short: "an OpenSRS-like service on this machine, for clients and for trying out",
		Args:  noWords,
	}
	flags := addKeys(command.Flags(), sandboxKeys())
	command.RunE = func(*cobra.Command, []string) error { return serveSandbox(flags, s) }
	return command
}

// sandboxKeys are the flags of sandbox. Those that check has too mean the same there.
func sandboxKeys() []key {
	own := []key{
		{"listen", "", text, "IP:PORT", groupService, "where it listens (default 127.0.0.1:0, a free port)"},
		{"fault", "", text, "CAUSE", groupService, "show what that cause looks like to a client"},
		{"ready-file", "", text, "PATH", groupService,
			"gets what a client has to know, as JSON, once the sandbox listens; removed at the end"},
	}
	for _, key := range keys() {
		switch key.name {
		case "username", "api-key-file", "rule", "rules-file":
			own = append(own, key)
		}
	}
	return append(append(own, dataFormat), viewKeys()...)
}

// serveSandbox starts the sandbox, says where it is, and tells of every request until a signal comes.
func serveSandbox(flags map[string]*flagValue, s *streams) error {
	settings := gather(flags, nil, s)
	config, request, err := settings.sandbox()
	if err != nil {
		return err
	}
	asJSON, err := wantsJSON(flags, s)
	if err != nil {
		return err
	}
	// Whoever closes the terminal or the pipe ends the sandbox too, and its files go with it.
	signal.Ignore(syscall.SIGPIPE)
	var hangUp []os.Signal
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		hangUp = append(hangUp, syscall.SIGHUP)
	}
	ctx, stop := interruptible(hangUp...)
	defer stop()

	log := newRequestLog(request.view, asJSON, s)
	defer log.close()
	config.Log = log.observe
	home, err := newSandboxHome(settings)
	if err != nil {
		return err
	}
	defer home.remove()
	inside, err := sandbox.Start(config)
	if err != nil {
		return settings.cannotStart(err)
	}
	defer inside.Close()
	if inside.Client().RulesGiven && request.options.RulesGiven {
		return usagef("%s does not go with --fault %s, which brings its own rules",
			settings.rulesFlag(), config.Fault).withHint("leave one of the two out")
	}
	ready, err := home.ready(inside)
	if err != nil {
		return err
	}
	for _, note := range request.notes {
		fmt.Fprintln(s.stderr, "note: "+note)
	}
	if err := log.announce(ready, inside, config.Fault); err != nil {
		return fmt.Errorf("cannot say where the sandbox is: %s", plain(err))
	}
	if err := home.publish(ready); err != nil {
		return fmt.Errorf("the ready file could not be written: %s", plain(err))
	}
	return serveUntil(ctx, log)
}

// serveUntil waits for the end: a signal, which is a clean one, or nobody who takes the log any more.
func serveUntil(ctx context.Context, log *requestLog) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-log.failed:
		return fmt.Errorf("the log could not be written: %s", plain(err))
	}
}

// sandbox validates everything that can be before something is opened.
func (s *settings) sandbox() (config sandbox.Config, r *request, err error) {
	r = &request{view: view{noColor: s.bool("no-color"), ascii: s.bool("ascii")}}
	if s.given("rule") && s.given("rules-file") {
		return config, r, usagef("--rule and --rules-file: the rules come from one place").withHint("give one of the two")
	}
	for _, step := range []func(*request) error{s.credentials, s.rules} {
		if err := step(r); err != nil {
			return config, r, err
		}
	}
	config = sandbox.Config{Listen: s.text("listen"), Username: r.options.Username,
		Key: r.options.Key.Reveal(), Rules: r.options.Rules, Fault: s.text("fault")}
	if err := s.checkKey(r); err != nil {
		return config, r, err
	}
	if s.given("fault") {
		if err := s.checkFault(config.Fault); err != nil {
			return config, r, err
		}
	}
	if s.given("listen") {
		if err := sandbox.CheckListen(config.Listen); err != nil {
			return config, r, s.bad("listen", 0, "%s", err).
				withHint("an IPv4 address and a port, as in 127.0.0.1:8443; 0.0.0.0:8443 is every address of this host")
		}
	}
	for _, problem := range iprules.Lint(config.Rules) {
		if problem.Severity == iprules.SeverityError {
			r.notes = append(r.notes, "the control panel would refuse these rules, and the check says so: "+problem.Text)
			break
		}
	}
	return config, r, nil
}

// checkKey refuses what can be no key: no client could sign with it.
func (s *settings) checkKey(r *request) error {
	if !s.given("api-key-file") {
		return nil
	}
	problems := opensrs.CheckKey(r.options.Key.Reveal())
	if len(problems) == 0 {
		return nil
	}
	words := make([]string, len(problems))
	for i, problem := range problems {
		if words[i] = problemWords[problem]; problem == opensrs.KeyEmpty {
			words[i] = "it is empty"
		}
	}
	return s.bad("api-key-file", 0, "this is no API key: %s", strings.Join(words, ", ")).
		withHint("it holds the key and nothing else, as the control panel shows it; without the flag the sandbox makes one")
}

// checkFault refuses a fault that is unknown, or that hangs on the client's own setting.
func (s *settings) checkFault(fault string) error {
	known := sandbox.ServerFaults()
	if slices.Contains(known, fault) {
		return nil
	}
	hint := "faults: " + strings.Join(known, " ")
	if slices.Contains(sandbox.Faults(), fault) {
		return s.bad("fault", 0, "a server alone cannot show %s: it is in the client's setting too", fault).
			withHint("opensrs-doctor check --sandbox=%s shows it. The %s", fault, hint)
	}
	if near := nearest(fault, known); near != "" {
		hint = "did you mean " + near + "? The " + hint
	}
	return s.bad("fault", 0, "the sandbox cannot show %s", shown(fault)).withHint("%s", hint)
}

// errnoWords is what the system says, without the address, which stands in the message already.
func errnoWords(err error) string {
	var system *os.SyscallError
	if errors.As(err, &system) {
		err = system.Err
	}
	return err.Error()
}

func (s *settings) rulesFlag() string {
	if s.given("rule") {
		return "--rule"
	}
	return "--rules-file"
}

// cannotStart is the error of a sandbox that did not start: the address is taken, or not of this host.
func (s *settings) cannotStart(err error) error {
	if !s.given("listen") {
		return fmt.Errorf("the sandbox did not start: %w", err)
	}
	bad := s.bad("listen", 0, "cannot listen on %s: %s", shown(s.text("listen")), errnoWords(err))
	switch probes.Classify("listen", err, &probes.Scrubber{}).Kind {
	case probes.KindInUse:
		return bad.withHint("something listens there already; another port, or port 0 for a free one")
	case probes.KindNoAddress:
		return bad.withHint("the address is none of this host's; 127.0.0.1 always is, 0.0.0.0 is all of them")
	case probes.KindNotPermitted:
		return bad.withHint("this user may not have that port: below 1024 it takes root; take a higher one")
	}
	return bad
}

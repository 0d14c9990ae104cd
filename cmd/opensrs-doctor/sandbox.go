package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"opensrs-doctor/probes/classify"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/sandbox"
	"opensrs-doctor/probes/service"
)

// sandboxCommand is the service on this machine, until it is interrupted.
func sandboxCommand(s *streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "sandbox [flags] [-- COMMAND]",
		Short: "an OpenSRS-like service on this machine, for clients and for trying out",
		Args:  commandAfterDash,
	}
	flags := addKeys(command.Flags(), sandboxKeys())
	command.RunE = func(_ *cobra.Command, args []string) error { return serveSandbox(flags, args, s) }
	return command
}

// commandAfterDash takes words after -- only: a command with its arguments.
func commandAfterDash(cmd *cobra.Command, args []string) error {
	switch dash := cmd.ArgsLenAtDash(); {
	case dash < 0 && len(args) > 0:
		return usagef("%s takes no arguments before --, got %s", cmd.Name(), shown(args[0])).
			withHint("a command to run with the sandbox goes after --: %s -- COMMAND", cmd.CommandPath())
	case dash > 0:
		return usagef("%s takes no arguments before --, got %s", cmd.Name(), shown(args[0])).
			withHint("%s --help", cmd.CommandPath())
	case dash == 0 && len(args) == 0:
		return usagef("there is no command after --").withHint("%s -- php test.php", cmd.CommandPath())
	}
	return nil
}

// sandboxKeys are the flags of sandbox. Those that check has too mean the same there.
func sandboxKeys() []key {
	own := []key{
		{"listen", "", text, "IP:PORT", groupService, "where the API listens (default 127.0.0.1:0, a free port); all else is on loopback"},
		{"name", "", text, "HOST", groupService, "a host name for its URL and certificate, for clients with a built-in one"},
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
	own = append(own, dataFormat,
		key{"log-format", "", text, "NAME", groupOutput, "the log of requests as text (default) or json, one object a line"})
	return append(own, viewKeys()...)
}

// serveSandbox starts the sandbox, says where it is, and tells of every request until a signal comes, or until the
// command that runs with it has ended.
func serveSandbox(flags map[string]*flagValue, args []string, s *streams) error {
	settings := gather(flags, nil, s)
	config, request, err := settings.sandbox()
	if err != nil {
		return err
	}
	forms, err := settings.logForms(len(args) > 0)
	if err != nil {
		return err
	}
	// Whoever closes the terminal or the pipe ends the sandbox too, and its files go with it. Not signal.Ignore: what is
	// ignored stays so in a command.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	var command *companion
	ctx := context.Background()
	if forms.command {
		if command, err = newCompanion(args, s); err != nil {
			return err
		}
	} else {
		var hangUp []os.Signal
		if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
			hangUp = append(hangUp, syscall.SIGHUP)
		}
		var stop func()
		ctx, stop = interruptible(hangUp...)
		defer stop()
	}

	log := newRequestLog(request.view, forms, s)
	defer log.close()
	config.Log = log.observe
	open, err := settings.openSandbox(config, request)
	if err != nil {
		return err
	}
	defer open.close()
	if open.inside.Exposed != "" {
		request.notes = append(request.notes, exposedWords(open.inside.Exposed))
	}
	for _, note := range request.notes {
		s.note("%s", note)
	}
	if err := log.announce(open.ready, open.inside, config.Fault); err != nil {
		return fmt.Errorf("cannot say where the sandbox is: %s", plain(err))
	}
	if err := open.home.publish(open.ready); err != nil {
		return fmt.Errorf("the ready file could not be written: %s: %s", shownPath(settings.text("ready-file")), plain(err))
	}
	if command == nil {
		return serveUntil(ctx, log)
	}
	status, err := command.run(open.ready, s)
	if err != nil {
		return err
	}
	open.inside.Settle(lastWords)
	open.close()
	log.close()
	return log.verdict(status, config.Fault)
}

// exposedWords say that other machines reach the API at that IP:PORT.
func exposedWords(at string) string {
	listens := netip.MustParseAddrPort(at)
	where := "the address " + listens.Addr().String()
	if listens.Addr().IsUnspecified() {
		where = "every address of this host"
	}
	return fmt.Sprintf("the API's port, %d on %s, is open to other machines; everything else can be reached from this machine only",
		listens.Port(), where)
}

// openedSandbox is a sandbox that listens, and its files.
type openedSandbox struct {
	home   *sandboxHome
	inside *sandbox.Sandbox
	ready  *sandboxReady
}

func (o *openedSandbox) close() {
	o.inside.Close()
	o.home.remove()
}

// openSandbox starts the sandbox and writes the files that its clients need.
func (s *settings) openSandbox(config sandbox.Config, request *request) (*openedSandbox, error) {
	home, err := newSandboxHome(s)
	if err != nil {
		return nil, err
	}
	inside, err := sandbox.Start(config)
	if err != nil {
		home.remove()
		return nil, s.cannotStart(err)
	}
	open := &openedSandbox{home: home, inside: inside}
	if inside.Client().RulesGiven && request.options.RulesGiven {
		err = usagef("%s does not go with --fault %s, which brings its own rules",
			s.rulesFlag(), config.Fault).withHint("leave one of the two out")
	} else {
		open.ready, err = home.ready(inside, config.Fault)
	}
	if err != nil {
		open.close()
		return nil, err
	}
	return open, nil
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
	r = &request{}
	if r.view, err = s.look(); err != nil {
		return config, nil, err
	}
	if s.given("rule") && s.given("rules-file") {
		return config, r, usagef("--rule and --rules-file: the rules come from one place").withHint("give one of the two")
	}
	for _, step := range []func(*request) error{s.credentials, s.rules} {
		if err := step(r); err != nil {
			return config, r, err
		}
	}
	config = sandbox.Config{Listen: s.text("listen"), Name: strings.ToLower(s.text("name")), Username: r.options.Username,
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
	if s.given("name") {
		if err := checkName(config.Name); err != nil {
			return config, r, s.bad("name", 0, "%s", err).withHint("a host name, as in %s", service.OpenSRS.Live.Host)
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
	return s.bad("api-key-file", 0, "this is not an API key: %s", strings.Join(words, ", ")).
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

// errnoWords is what the system says, without the address, which the message has already.
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
	switch classify.Error(evidence.OpListen, err, nil).Kind {
	case evidence.KindInUse:
		return bad.withHint("something listens there already; another port, or port 0 for a free one")
	case evidence.KindNoAddress:
		return bad.withHint("the address is none of this host's; 127.0.0.1 always is, 0.0.0.0 is all of them")
	case evidence.KindNotPermitted:
		return bad.withHint("this user may not have that port: below 1024 it takes root; take a higher one")
	}
	return bad
}

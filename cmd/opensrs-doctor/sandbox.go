package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/classify"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/sandbox"
)

// sandboxCommand is the service on this machine, until it is interrupted.
func sandboxCommand(s *console.Streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "sandbox [flags] [-- COMMAND]",
		Short: "an OpenSRS-like service on this machine, for clients and for trying out",
		Args:  commandAfterDash,
	}
	flags := config.AddFlags(command.Flags(), "sandbox")
	command.RunE = func(_ *cobra.Command, args []string) error { return serveSandbox(flags, args, s) }
	return command
}

// commandAfterDash takes words after -- only: a command with its arguments.
func commandAfterDash(cmd *cobra.Command, args []string) error {
	switch dash := cmd.ArgsLenAtDash(); {
	case dash < 0 && len(args) > 0:
		return console.Usagef("%s takes no arguments before --, got %s", cmd.Name(), console.Shown(args[0])).
			WithHint("a command to run with the sandbox goes after --: %s -- COMMAND", cmd.CommandPath())
	case dash > 0:
		return console.Usagef("%s takes no arguments before --, got %s", cmd.Name(), console.Shown(args[0])).
			WithHint("%s --help", cmd.CommandPath())
	case dash == 0 && len(args) == 0:
		return console.Usagef("there is no command after --").WithHint("%s -- php test.php", cmd.CommandPath())
	}
	return nil
}

// serveSandbox starts the sandbox, says where it is, and tells of every request until a signal comes, or until the
// command that runs with it has ended.
func serveSandbox(flags map[string]*config.FlagValue, args []string, s *console.Streams) error {
	settings := config.Gather(flags, s)
	config, request, err := settings.ForSandbox()
	if err != nil {
		return err
	}
	forms, err := readLogForms(settings, len(args) > 0)
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
		ctx, stop = console.Interruptible(hangUp...)
		defer stop()
	}

	log := newRequestLog(request.View, forms, s)
	defer log.close()
	config.Log = log.observe
	open, err := openSandbox(settings, config, request)
	if err != nil {
		return err
	}
	defer open.close()
	if open.inside.Exposed != "" {
		request.Notes = append(request.Notes, exposedWords(open.inside.Exposed))
	}
	for _, note := range request.Notes {
		s.Note("%s", note)
	}
	if err := log.announce(open.ready, open.inside, config.Fault); err != nil {
		return fmt.Errorf("cannot say where the sandbox is: %s", console.Plain(err))
	}
	if err := open.home.publish(open.ready); err != nil {
		return fmt.Errorf("the ready file could not be written: %s: %s", console.ShownPath(settings.Text("ready-file")), console.Plain(err))
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
func openSandbox(s *config.Settings, config sandbox.Config, request *config.Request) (*openedSandbox, error) {
	home, err := newSandboxHome(s)
	if err != nil {
		return nil, err
	}
	inside, err := sandbox.Start(config)
	if err != nil {
		home.remove()
		return nil, cannotStart(s, err)
	}
	open := &openedSandbox{home: home, inside: inside}
	if inside.Client().RulesGiven && request.Options.RulesGiven {
		rulesFlag := "--rules-file"
		if s.Given("rule") {
			rulesFlag = "--rule"
		}
		err = console.Usagef("%s does not go with --fault %s, which brings its own rules",
			rulesFlag, config.Fault).WithHint("leave one of the two out")
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
		return fmt.Errorf("the log could not be written: %s", console.Plain(err))
	}
}

// errnoWords is what the system says, without the address, which the message has already.
func errnoWords(err error) string {
	var system *os.SyscallError
	if errors.As(err, &system) {
		err = system.Err
	}
	return err.Error()
}

// cannotStart is the error of a sandbox that did not start: the address is taken, or not of this host.
func cannotStart(s *config.Settings, err error) error {
	if !s.Given("listen") {
		return fmt.Errorf("the sandbox did not start: %w", err)
	}
	bad := s.Bad("listen", 0, "cannot listen on %s: %s", console.Shown(s.Text("listen")), errnoWords(err))
	switch classify.Error(evidence.OpListen, err, nil).Kind {
	case evidence.KindInUse:
		return bad.WithHint("something listens there already; another port, or port 0 for a free one")
	case evidence.KindNoAddress:
		return bad.WithHint("the address is none of this host's; 127.0.0.1 always is, 0.0.0.0 is all of them")
	case evidence.KindNotPermitted:
		return bad.WithHint("this user may not have that port: below 1024 it takes root; take a higher one")
	}
	return bad
}

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/inspect"
	"opensrs-doctor/probes/mistakes"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/typo"
	"opensrs-doctor/report/signature"
)

// maxBody is the largest body, or captured request, that is read, in bytes. The service's own calls have some
// thousand.
const maxBody = 128 << 20

// signCommand computes a signature; below it, verify finds out what is wrong with one.
func signCommand(s *console.Streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "sign --body FILE",
		Short: "compute the signature of a body, and the headers of its call",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			err := console.Usagef("sign takes no argument but verify, got %s", console.Shown(args[0]))
			if typo.Nearest(args[0], []string{"verify"}) != "" {
				return err.WithHint("did you mean opensrs-doctor sign verify?")
			}
			return err.WithHint("the body is given with --body FILE")
		},
	}
	flags := config.AddFlags(command.Flags(), "sign")
	command.RunE = func(*cobra.Command, []string) error { return sign(flags, s) }
	command.AddCommand(verifyCommand(s))
	return command
}

// sign prints the signature of a body, and the headers of its call.
func sign(flags map[string]*config.FlagValue, s *console.Streams) error {
	g, err := newSigner(flags, s)
	if err != nil {
		return err
	}
	if !g.settings.Given("body") {
		return console.Usagef("no body was given").WithHint("opensrs-doctor sign --body FILE, - for standard input")
	}
	if err := g.needKey(); err != nil {
		return err
	}
	body, err := g.read("body")
	if err != nil {
		return err
	}
	if err := inspect.NotABody(body); err != nil {
		g.request.Notes = append(g.request.Notes, fmt.Sprintf("%s: %v", console.ShownPath(g.settings.Text("body")), err))
	}
	for _, finding := range inspect.Body(body, mistakes.Verdict{}, nil) {
		g.request.Notes = append(g.request.Notes, signature.MistakeSummary(finding.ID)+". "+signature.ExplainFinding(finding))
	}
	call := signature.SignedCall{Username: g.request.Options.Username, Signature: opensrs.Sign(body, g.key()), Length: len(body)}
	if call.Username == "" {
		g.request.Notes = append(g.request.Notes, "no username was given, so X-Username is left out")
	}
	g.note()
	if g.asJSON {
		return signature.WriteSignedJSON(s.Stdout, call)
	}
	return signature.WriteSignedText(s.Stdout, call)
}

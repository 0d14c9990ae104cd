package main

import (
	"fmt"

	"github.com/spf13/cobra"

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

// Headings of the help of sign and sign verify.
const (
	groupWhat   = "What to look at"
	groupConfig = "Configuration"
)

var (
	bodyKey      = key{"body", "", text, "FILE", groupWhat, "the body as it is sent, byte for byte; - for standard input"}
	signatureKey = key{"signature", "", text, "TEXT", groupWhat,
		"the signature that the client made; - for standard input"}
	requestKey = key{"request", "", text, "FILE", groupWhat, "instead of the two: a whole HTTP request as captured, " +
		"by a proxy or as text of tcpdump -A; - for standard input"}
	configKey = key{"config", "", text, "PATH", groupConfig,
		"the config file, instead of the default one; username and api-key-file are taken from it"}
)

func signKeys() []key { return append([]key{bodyKey}, commonSignKeys()...) }

func verifyKeys() []key { return append([]key{bodyKey, signatureKey, requestKey}, commonSignKeys()...) }

// commonSignKeys are those of check that tell who signs and how words are set.
func commonSignKeys() []key {
	var common []key
	for _, key := range keys() {
		if key.name == "username" || key.name == "api-key-file" || key.name == "api-key-command" {
			common = append(common, key)
		}
	}
	return append(append(common, configKey, dataFormat), viewKeys()...)
}

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
	flags := addKeys(command.Flags(), signKeys())
	command.RunE = func(*cobra.Command, []string) error { return sign(flags, s) }
	command.AddCommand(verifyCommand(s))
	return command
}

// sign prints the signature of a body, and the headers of its call.
func sign(flags map[string]*flagValue, s *console.Streams) error {
	g, err := newSigner(flags, s)
	if err != nil {
		return err
	}
	if !g.settings.given("body") {
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
		g.request.notes = append(g.request.notes, fmt.Sprintf("%s: %v", console.ShownPath(g.settings.text("body")), err))
	}
	for _, finding := range inspect.Body(body, mistakes.Verdict{}, nil) {
		g.request.notes = append(g.request.notes, signature.MistakeSummary(finding.ID)+". "+signature.ExplainFinding(finding))
	}
	call := signature.SignedCall{Username: g.request.options.Username, Signature: opensrs.Sign(body, g.key()), Length: len(body)}
	if call.Username == "" {
		g.request.notes = append(g.request.notes, "no username was given, so X-Username is left out")
	}
	g.note()
	if g.asJSON {
		return signature.WriteSignedJSON(s.Stdout, call)
	}
	return signature.WriteSignedText(s.Stdout, call)
}

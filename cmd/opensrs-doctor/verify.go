package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/help"
	"opensrs-doctor/cmd/opensrs-doctor/infile"
	"opensrs-doctor/probes/inspect"
	"opensrs-doctor/probes/mistakes"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/report/signature"
)

// maxSignature is the most that is read of a signature on standard input, in bytes.
const maxSignature = 64 << 10

func verifyCommand(s *console.Streams) *cobra.Command {
	command := &cobra.Command{
		Use:                   "verify --body FILE --signature TEXT | --request FILE",
		DisableFlagsInUseLine: true,
		Short:                 "find out why a client's signature, or its whole request, is wrong",
		Args:                  help.NoWords,
	}
	flags := config.AddFlags(command.Flags(), "sign verify")
	command.RunE = func(*cobra.Command, []string) error { return verify(flags, s) }
	return command
}

// verify finds out what is wrong with a signature or a request, and prints everything but the right one.
func verify(flags map[string]*config.FlagValue, s *console.Streams) error {
	g, err := newSigner(flags, s)
	if err != nil {
		return err
	}
	check, err := g.check()
	if err != nil {
		return err
	}
	g.note()
	set, err := g.settings.Look()
	if err != nil {
		return err
	}
	look := set.ForTerminal(s)
	if g.asJSON {
		err = signature.WriteSignatureJSON(s.Stdout, check)
	} else {
		err = signature.WriteSignatureText(s.Stdout, check, look)
	}
	if err == nil && !check.Match() {
		err = console.ExitError(console.ExitFail)
	}
	return err
}

// check looks at what was given: a body and a signature, or a request.
func (g *signer) check() (signature.SignatureCheck, error) {
	const hint = "opensrs-doctor sign verify --body FILE --signature TEXT, or --request FILE"
	switch set := g.settings; {
	case set.Given("request") && (set.Given("body") || set.Given("signature")):
		return signature.SignatureCheck{}, console.Usagef("--request brings body and signature; --body and --signature do not go with it")
	case set.Given("request"):
		return g.checkRequest()
	case !set.Given("body") && !set.Given("signature"):
		return signature.SignatureCheck{}, console.Usagef("no body and no signature were given").WithHint(hint)
	case !set.Given("body"):
		return signature.SignatureCheck{}, console.Usagef("no body was given").WithHint(hint)
	case !set.Given("signature"):
		return signature.SignatureCheck{}, console.Usagef("no signature was given").WithHint(hint)
	}
	return g.checkSignature()
}

func (g *signer) checkSignature() (check signature.SignatureCheck, err error) {
	if err := g.needKey(); err != nil {
		return check, err
	}
	given := g.settings.Text("signature")
	if given == "-" {
		content, err := infile.ReadBounded(g.streams.Stdin, maxSignature)
		if err != nil {
			return check, g.settings.Bad("signature", 0, "standard input %s", console.Plain(err))
		}
		given = string(content)
	}
	if given = headerValue(given); given == "" {
		return check, g.settings.Bad("signature", 0, "it is empty")
	}
	body, err := g.read("body")
	if err != nil {
		return check, err
	}
	name := g.request.Options.Username
	if err := inspect.NotABody(body); err != nil && given != opensrs.Sign(body, g.key()) {
		return check, g.notThat("body", err)
	}
	verdict := mistakes.ExplainSignature(mistakes.Attempt{Body: body, Key: g.key(), Username: name, Signature: given})
	ofBody := inspect.Body(body, verdict, nil)
	inspect.Withhold(ofBody, g.key(), body)
	return signature.SignatureCheck{
		Verdict: verdict, Shape: mistakes.ShapeOf(given), Body: ofBody,
		Checked: true, KeyGiven: true, NameKnown: name != "", Fingerprint: g.request.Options.Key.Fingerprint(),
	}, nil
}

// headerValue takes the name of the header off a signature that was copied with it.
func headerValue(text string) string {
	text = strings.TrimSpace(text)
	if name, value, found := strings.Cut(text, ":"); found && strings.EqualFold(strings.TrimSpace(name), opensrs.HeaderSignature) {
		text = strings.TrimSpace(value)
	}
	return text
}

// notThat is the usage error for a file that is something else than it was given for.
func (g *signer) notThat(name string, err error) error {
	var broken *inspect.Error
	if !errors.As(err, &broken) {
		return err
	}
	place := console.ShownPath(g.settings.Text(name))
	if broken.Line > 0 {
		place = fmt.Sprintf("%s:%d", place, broken.Line)
	}
	return console.Usagef("%s: %s", place, broken.Why).WithHint("%s", broken.Hint)
}

func (g *signer) checkRequest() (check signature.SignatureCheck, err error) {
	content, err := g.read("request")
	if err != nil {
		return check, err
	}
	captured, err := inspect.Parse(content)
	if err != nil {
		return check, g.notThat("request", err)
	}
	name := g.request.Options.Username
	if own := captured.Username(); own != "" && name != "" && own != name {
		g.request.Notes = append(g.request.Notes, fmt.Sprintf("the request's username is not the one of %s",
			g.settings.Place("username")))
	}
	check = signature.SignatureCheck{Request: true, KeyGiven: g.request.Options.KeySource != "", AsText: captured.AsText,
		NameKnown: name != "" || captured.Username() != "", Shape: mistakes.ShapeOf(captured.Signature()),
		Fingerprint: g.request.Options.Key.Fingerprint()}
	var findings []inspect.Finding
	if check.KeyGiven {
		check.Verdict, findings, check.Checked = captured.Explain(g.key(), name)
		inspect.Withhold(findings, g.key(), captured.Bodies[0].Body)
	} else {
		findings = captured.Inspect()
	}
	for _, finding := range findings {
		if finding.OfBody() {
			check.Body = append(check.Body, finding)
		} else {
			check.Findings = append(check.Findings, finding)
		}
	}
	if !check.KeyGiven && len(check.Findings) == 0 {
		return check, g.needKey()
	}
	return check, nil
}

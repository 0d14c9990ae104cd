package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/report"
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
		if key.name == "username" || key.name == "api-key-file" {
			common = append(common, key)
		}
	}
	return append(append(common, configKey, dataFormat), viewKeys()...)
}

// signCommand computes a signature; below it, verify finds out what is wrong with one.
func signCommand(s *streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "sign --body FILE",
		Short: "compute the signature of a body, and the headers of its call",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			err := usagef("sign takes no words but verify, and got %s", shown(args[0]))
			if nearest(args[0], []string{"verify"}) != "" {
				return err.withHint("did you mean opensrs-doctor sign verify?")
			}
			return err.withHint("the body is given with --body FILE")
		},
	}
	flags := addKeys(command.Flags(), signKeys())
	command.RunE = func(*cobra.Command, []string) error { return sign(flags, s) }
	command.AddCommand(verifyCommand(s))
	return command
}

func verifyCommand(s *streams) *cobra.Command {
	command := &cobra.Command{
		Use:                   "verify --body FILE --signature TEXT | --request FILE",
		DisableFlagsInUseLine: true,
		Short:                 "find out why a client's signature, or its whole request, is wrong",
		Args:                  noWords,
	}
	flags := addKeys(command.Flags(), verifyKeys())
	command.RunE = func(*cobra.Command, []string) error { return verify(flags, s) }
	return command
}

// signer is what sign and sign verify have in common: who signs, and how it is told.
type signer struct {
	settings *settings
	request  *request // username and key
	asJSON   bool
	streams  *streams
}

// newSigner validates what is common, and reads the key.
func newSigner(flags map[string]*flagValue, s *streams) (*signer, error) {
	given := func(name string) string {
		if value := flags[name]; value != nil && len(value.texts) > 0 {
			return value.texts[0]
		}
		return ""
	}
	path, named := configPath(given("config"), s)
	file, err := readConfig(path, named)
	if err != nil {
		return nil, err
	}
	for name := range file { // the rest is check's business
		if name != "username" && name != "api-key-file" {
			delete(file, name)
		}
	}
	g := &signer{settings: gather(flags, file, s), request: &request{}, streams: s}
	format, err := g.settings.choice("format", "human", "json")
	if err != nil {
		return nil, err
	}
	g.asJSON = format == "json"
	if err := g.oneStdin(); err != nil {
		return nil, err
	}
	if err := g.settings.credentials(g.request); err != nil {
		return nil, err
	}
	if g.request.options.KeySource == "" {
		return g, nil
	}
	problems := opensrs.CheckKey(g.request.options.Key.Reveal())
	for _, problem := range problems {
		if problem == opensrs.KeyEmpty {
			return nil, usagef("%s is empty; it should hold the API key", g.request.options.KeySource)
		}
		g.request.notes = append(g.request.notes, fmt.Sprintf("the API key that was given looks wrong: %s", problemWords[problem]))
	}
	return g, nil
}

var problemWords = map[opensrs.KeyProblem]string{
	opensrs.KeyEmpty:       "it is empty",
	opensrs.KeyQuotes:      "there are quotation marks around it",
	opensrs.KeySpaces:      "there is white space inside it",
	opensrs.KeyPlaceholder: "it is a word that stands in for a key",
	opensrs.KeyBOM:         "it begins with a byte-order mark",
	opensrs.KeyControl:     "there are control characters in it",
}

// oneStdin refuses two inputs from standard input.
func (g *signer) oneStdin() error {
	first := ""
	for _, name := range []string{"body", "request", "signature", "api-key-file"} {
		if g.settings.text(name) != "-" || g.settings.merged[name].from == "environment" {
			continue
		}
		if first != "" {
			return usagef("%s and %s cannot both come from standard input", g.settings.merged[first].place(0),
				g.settings.merged[name].place(0)).withHint("give one of them as a file")
		}
		first = name
	}
	return nil
}

func (g *signer) key() []byte { return g.request.options.Key.Reveal() }

func (g *signer) note() {
	for _, note := range g.request.notes {
		fmt.Fprintln(g.streams.stderr, "note: "+note)
	}
}

// needKey is the error where no key was given.
func (g *signer) needKey() error {
	if g.request.options.KeySource != "" {
		return nil
	}
	return usagef("no API key was given").withHint("--api-key-file PATH, - for standard input, or OPENSRS_API_KEY")
}

// read reads the file that a key names, "-" being standard input.
func (g *signer) read(name string) ([]byte, error) {
	path := g.settings.text(name)
	content, err := readWhole(path, g.streams.stdin)
	var usage *usageError
	switch {
	case path == "":
		return nil, g.settings.bad(name, 0, "the path is empty")
	case errors.As(err, &usage):
		return nil, g.settings.bad(name, 0, "%s %s", shownPath(path), usage.text)
	case err != nil:
		return nil, g.settings.bad(name, 0, "cannot read %s: %s", shownPath(path), plain(err))
	}
	return content, nil
}

// readWhole reads a file, or standard input for "-", into memory of its own size.
func readWhole(path string, stdin io.Reader) ([]byte, error) {
	var content bytes.Buffer
	from := stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		info, err := file.Stat()
		switch {
		case err != nil:
			return nil, err
		case info.IsDir():
			return nil, usagef("is a directory")
		case info.Size() <= maxBody:
			content.Grow(int(info.Size()) + bytes.MinRead)
		}
		from = file
	}
	_, err := content.ReadFrom(io.LimitReader(from, maxBody+1))
	if err == nil && content.Len() > maxBody {
		return nil, usagef("is larger than %d MiB; a call has some kilobytes", maxBody>>20)
	}
	return content.Bytes(), err
}

// sign prints the signature of a body, and the headers of its call.
func sign(flags map[string]*flagValue, s *streams) error {
	g, err := newSigner(flags, s)
	if err != nil {
		return err
	}
	if !g.settings.given("body") {
		return usagef("no body was given").withHint("opensrs-doctor sign --body FILE, - for standard input")
	}
	if err := g.needKey(); err != nil {
		return err
	}
	body, err := g.read("body")
	if err != nil {
		return err
	}
	if _, err := opensrs.ParseRequest(body); err != nil {
		g.request.notes = append(g.request.notes, "the body does not look like a call: "+err.Error())
	}
	call := report.SignedCall{Username: g.request.options.Username, Signature: opensrs.Sign(body, g.key()), Length: len(body)}
	if call.Username == "" {
		g.request.notes = append(g.request.notes, "no username was given, so X-Username is left out")
	}
	g.note()
	if g.asJSON {
		return report.WriteSignedJSON(s.stdout, call)
	}
	return report.WriteSignedText(s.stdout, call)
}

// verify finds out what is wrong with a signature or a request, and prints everything but the right one.
func verify(flags map[string]*flagValue, s *streams) error {
	g, err := newSigner(flags, s)
	if err != nil {
		return err
	}
	check, err := g.check()
	if err != nil {
		return err
	}
	g.note()
	look := view{noColor: g.settings.bool("no-color"), ascii: g.settings.bool("ascii")}.forTerminal(s)
	if g.asJSON {
		err = report.WriteSignatureJSON(s.stdout, check)
	} else {
		err = report.WriteSignatureText(s.stdout, check, look)
	}
	if err == nil && !check.Match() {
		err = exitError(exitFail)
	}
	return err
}

// check looks at what was given: a body and a signature, or a request.
func (g *signer) check() (report.SignatureCheck, error) {
	const hint = "opensrs-doctor sign verify --body FILE --signature TEXT, or --request FILE"
	switch set := g.settings; {
	case set.given("request") && (set.given("body") || set.given("signature")):
		return report.SignatureCheck{}, usagef("--request brings body and signature; --body and --signature do not go with it")
	case set.given("request"):
		return g.checkRequest()
	case !set.given("body") && !set.given("signature"):
		return report.SignatureCheck{}, usagef("no body and no signature were given").withHint(hint)
	case !set.given("body"):
		return report.SignatureCheck{}, usagef("no body was given").withHint(hint)
	case !set.given("signature"):
		return report.SignatureCheck{}, usagef("no signature was given").withHint(hint)
	}
	return g.checkSignature()
}

func (g *signer) checkSignature() (check report.SignatureCheck, err error) {
	if err := g.needKey(); err != nil {
		return check, err
	}
	signature := g.settings.text("signature")
	if signature == "-" {
		content, err := readBounded(g.streams.stdin, maxKey)
		if err != nil {
			return check, g.settings.bad("signature", 0, "standard input %s", plain(err))
		}
		signature = strings.TrimSpace(string(content))
	}
	if signature == "" {
		return check, g.settings.bad("signature", 0, "it is empty")
	}
	body, err := g.read("body")
	if err != nil {
		return check, err
	}
	name := g.request.options.Username
	return report.SignatureCheck{
		Verdict: opensrs.ExplainSignature(opensrs.Attempt{Body: body, Key: g.key(), Username: name, Signature: signature}),
		Shape:   opensrs.ShapeOf(signature),
		Checked: true, KeyGiven: true, NameKnown: name != "", Fingerprint: g.request.options.Key.Fingerprint(),
	}, nil
}

func (g *signer) checkRequest() (check report.SignatureCheck, err error) {
	content, err := g.read("request")
	if err != nil {
		return check, err
	}
	captured, err := opensrs.ParseRawRequest(content)
	var broken *opensrs.CaptureError
	if errors.As(err, &broken) {
		place := shownPath(g.settings.text("request"))
		if broken.Line > 0 {
			place = fmt.Sprintf("%s:%d", place, broken.Line)
		}
		return check, usagef("%s: %s", place, broken.Why).withHint("%s", broken.Hint)
	}
	if err != nil {
		return check, err
	}
	name := g.request.options.Username
	if own := captured.Username(); own != "" && name != "" && own != name {
		g.request.notes = append(g.request.notes, fmt.Sprintf("the request's username is not the one of %s",
			g.settings.merged["username"].place(0)))
	}
	check = report.SignatureCheck{Request: true, KeyGiven: g.request.options.KeySource != "", AsText: captured.AsText,
		NameKnown: name != "" || captured.Username() != "", Shape: opensrs.ShapeOf(captured.Signature()),
		Fingerprint: g.request.options.Key.Fingerprint()}
	if !check.KeyGiven {
		if check.Findings = captured.Inspect(); len(check.Findings) == 0 {
			return check, g.needKey()
		}
		return check, nil
	}
	check.Verdict, check.Findings, check.Checked = captured.Explain(g.key(), name)
	return check, nil
}

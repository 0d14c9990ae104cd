package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/infile"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/opensrs"
)

// signer is what sign and sign verify have in common: who signs, and how it is told.
type signer struct {
	settings *settings
	request  *request // username and key
	asJSON   bool
	streams  *console.Streams
}

// newSigner validates what is common, and reads the key.
func newSigner(flags map[string]*flagValue, s *console.Streams) (*signer, error) {
	given := func(name string) string {
		if value := flags[name]; value != nil && len(value.texts) > 0 {
			return value.texts[0]
		}
		return ""
	}
	file, err := readConfig(given("config"), s)
	if err != nil {
		return nil, err
	}
	for name := range file { // the rest is check's business
		if name != "username" && name != "api-key-file" && name != "api-key-command" {
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
	if name := g.settings.text("username"); foreign.LooksLikeKey(name) || name != "" && name == string(g.key()) {
		return nil, g.settings.misplaced(g.request)
	}
	if g.request.options.KeySource == "" {
		return g, nil
	}
	problems := opensrs.CheckKey(g.request.options.Key.Reveal())
	for _, problem := range problems {
		if problem == opensrs.KeyEmpty {
			return nil, console.Usagef("%s is empty; it should hold the API key", g.request.options.KeySource)
		}
		g.request.notes = append(g.request.notes, fmt.Sprintf("the API key that was given looks wrong: %s", problemWords[problem]))
	}
	return g, nil
}

var problemWords = map[opensrs.KeyProblem]string{
	opensrs.KeyQuotes:      "there are quotation marks around it",
	opensrs.KeySpaces:      "there is white space inside it",
	opensrs.KeyPlaceholder: "it is a placeholder for a key",
	opensrs.KeyBOM:         "it begins with a byte-order mark",
	opensrs.KeyControl:     "there are control characters in it",
	opensrs.KeyAssignment:  "it is a whole line of a settings file, with a name before the key",
}

// oneStdin refuses two inputs from standard input.
func (g *signer) oneStdin() error {
	first := ""
	for _, name := range []string{"body", "request", "signature", "api-key-file"} {
		if g.settings.text(name) != "-" || g.settings.merged[name].from == "environment" {
			continue
		}
		if first != "" {
			return console.Usagef("%s and %s cannot both come from standard input", g.settings.merged[first].place(0),
				g.settings.merged[name].place(0)).WithHint("give one of them as a file")
		}
		first = name
	}
	return nil
}

func (g *signer) key() []byte { return g.request.options.Key.Reveal() }

func (g *signer) note() {
	for _, note := range g.request.notes {
		g.streams.Note("%s", note)
	}
}

// needKey is the error where no key was given.
func (g *signer) needKey() error {
	if g.request.options.KeySource != "" {
		return nil
	}
	return console.Usagef("no API key was given").WithHint("--api-key-file PATH, - for standard input, or OPENSRS_API_KEY")
}

// read reads the file that a key names, "-" being standard input.
func (g *signer) read(name string) ([]byte, error) {
	path := g.settings.text(name)
	content, err := readWhole(path, g.streams.Stdin)
	var usage *console.UsageError
	switch {
	case path == "":
		return nil, g.settings.bad(name, 0, "the path is empty")
	case errors.As(err, &usage):
		return nil, g.settings.bad(name, 0, "%s %s", console.ShownPath(path), usage.Text)
	case err != nil:
		return nil, g.settings.bad(name, 0, "cannot read %s: %s", console.ShownPath(path), console.Plain(err))
	}
	return content, nil
}

func tooLarge() error {
	return console.Usagef("is larger than %d MiB; a call has some kilobytes", maxBody>>20)
}

// readWhole reads a file, or standard input for "-", into memory of its own size.
func readWhole(path string, stdin io.Reader) ([]byte, error) {
	var content bytes.Buffer
	from := stdin
	if path != "-" {
		file, err := infile.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		info, err := file.Stat()
		switch {
		case err != nil:
			return nil, err
		case info.Size() > maxBody:
			return nil, tooLarge()
		default:
			content.Grow(int(info.Size()) + bytes.MinRead)
		}
		from = file
	}
	_, err := content.ReadFrom(io.LimitReader(from, maxBody+1))
	if err == nil && content.Len() > maxBody {
		return nil, tooLarge()
	}
	return content.Bytes(), err
}

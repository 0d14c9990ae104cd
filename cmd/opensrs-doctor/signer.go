package main

import (
	"bytes"
	"errors"
	"io"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/infile"
)

// signer is what sign and sign verify have in common: who signs, and how it is told.
type signer struct {
	settings *config.Settings
	request  *config.Request // username and key
	asJSON   bool
	streams  *console.Streams
}

// newSigner validates what is common, and reads the key.
func newSigner(flags map[string]*config.FlagValue, s *console.Streams) (*signer, error) {
	settings, request, err := config.ForSigning(flags, s)
	if err != nil {
		return nil, err
	}
	asJSON, err := settings.JSON()
	return &signer{settings, request, asJSON, s}, err
}

func (g *signer) key() []byte { return g.request.Options.Key.Reveal() }

func (g *signer) note() {
	for _, note := range g.request.Notes {
		g.streams.Note("%s", note)
	}
}

// needKey is the error where no key was given.
func (g *signer) needKey() error {
	if g.request.Options.KeySource != "" {
		return nil
	}
	return console.Usagef("no API key was given").WithHint("--api-key-file PATH, - for standard input, or OPENSRS_API_KEY")
}

// read reads the file that a key names, "-" being standard input.
func (g *signer) read(name string) ([]byte, error) {
	path := g.settings.Text(name)
	content, err := readWhole(path, g.streams.Stdin)
	var usage *console.UsageError
	switch {
	case path == "":
		return nil, g.settings.Bad(name, 0, "the path is empty")
	case errors.As(err, &usage):
		return nil, g.settings.Bad(name, 0, "%s %s", console.ShownPath(path), usage.Text)
	case err != nil:
		return nil, g.settings.Bad(name, 0, "cannot read %s: %s", console.ShownPath(path), console.Plain(err))
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

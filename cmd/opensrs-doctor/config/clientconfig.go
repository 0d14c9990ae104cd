package config

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"unicode/utf8"

	"opensrs-doctor/cmd/opensrs-doctor/clientsettings"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/infile"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/service"
)

// maxClientConfig is the largest settings file of a client, in bytes.
const maxClientConfig = 1 << 20

// clientConfig takes user, key, host and port from a client's own settings file. Flags beat it; the environment and the
// config file are not mixed with it.
func (s *Settings) clientConfig(r *Request) error {
	if !s.Given("client-config") {
		return nil
	}
	path := s.Text("client-config")
	content, err := infile.Read(path, maxClientConfig)
	var usage *console.UsageError
	switch {
	case errors.As(err, &usage):
		return s.Bad("client-config", 0, "%s %s", console.ShownPath(path), usage.Text)
	case err != nil:
		return s.Bad("client-config", 0, "cannot read %s: %s", console.ShownPath(path), console.Plain(err))
	case bytes.IndexByte(content, 0) >= 0:
		return s.Bad("client-config", 0, "%s is not text that a client can read: it has zero bytes, as UTF-16 has", console.ShownPath(path)).
			WithHint("save it as UTF-8 without a byte order mark; PHP, a shell and most programs read nothing else")
	}
	environment := ""
	if s.merged["env"].from == "flag" {
		environment = s.Text("env")
	}
	found := clientsettings.Read(readable(content), environment)
	if err := s.computed(found.Computed, environment); err != nil {
		return err
	}
	if found.Username == "" && found.KeyLine == 0 && found.Host == "" {
		return s.Bad("client-config", 0, "%s names no user, key or host of the service", console.ShownPath(path)).
			WithHint("it may be another file: the PHP toolkit's is openSRS_config.php, with OSRS_USERNAME, OSRS_KEY and OSRS_HOST")
	}
	for _, name := range []string{"username", "api-key-file", "api-key-command"} {
		if s.merged[name].from != "flag" {
			delete(s.merged, name)
		}
	}
	put := func(name, text string) {
		if text != "" && s.merged[name].from != "flag" {
			s.merged[name] = setting{from: "client", name: "--client-config " + console.ShownPath(path), values: []value{{text: text}}}
		}
	}
	put("username", found.Username)
	if r.Sandbox == "" && (found.Host != "" || found.Port != "" || found.Environment != "") {
		found.Host = cmp.Or(found.Host, map[string]string{service.OpenSRS.Test.Name: service.OpenSRS.Test.Host}[cmp.Or(environment, found.Environment)], service.OpenSRS.Live.Host)
		put("endpoint", found.Endpoint())
	}
	key := &foreign.Scrubber{}
	if !slices.Contains(opensrs.CheckKey([]byte(found.Key)), opensrs.KeyPlaceholder) { // the words of a template are no secret
		key.Add(found.Key)
	}
	r.Options.ClientConfig = path
	for _, problem := range found.Problems {
		r.Options.ClientProblems = append(r.Options.ClientProblems, evidence.ClientProblem{Line: problem.Line, Text: key.Quote(problem.Text, 300)})
	}
	if found.KeyLine > 0 && !s.Given("api-key-file") && !s.Given("api-key-command") {
		r.Options.SetKey([]byte(found.Key), path)
	}
	return nil
}

// readable is a text in UTF-8, or one of an older encoding with each byte as its character: a comment may be in Latin-1.
func readable(content []byte) string {
	if utf8.Valid(content) {
		return string(content)
	}
	characters := make([]rune, len(content))
	for i, one := range content {
		characters[i] = rune(one)
	}
	return string(characters)
}

// computed refuses a file that has only the name of what the check needs: the program takes the value from elsewhere.
func (s *Settings) computed(ones []clientsettings.Computed, environment string) error {
	for _, one := range ones {
		flags := map[string][]string{
			clientsettings.Username: {"username"}, clientsettings.Key: {"api-key-file", "api-key-command"}, clientsettings.Host: {"endpoint"},
		}[one.Kind]
		given := one.Kind == clientsettings.Host && environment != "" || len(flags) == 0
		for _, flag := range flags {
			given = given || s.merged[flag].from == "flag"
		}
		if !given {
			return s.Bad("client-config", 0, "%s:%d: the program takes %s from elsewhere when it runs", console.ShownPath(s.Text("client-config")), one.Line, one.Name).
				WithHint("give it with --%s", flags[0])
		}
	}
	return nil
}

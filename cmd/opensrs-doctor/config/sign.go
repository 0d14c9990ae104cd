package config

import (
	"fmt"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/opensrs"
)

// ForSigning validates what sign and sign verify have in common, and reads the key.
func ForSigning(flags map[string]*FlagValue, s *console.Streams) (*Settings, *Request, error) {
	config := ""
	if given := flags["config"].Texts; len(given) > 0 {
		config = given[0]
	}
	file, err := read(config, s)
	if err != nil {
		return nil, nil, err
	}
	for name := range file { // the rest is check's business
		if name != "username" && name != "api-key-file" && name != "api-key-command" {
			delete(file, name)
		}
	}
	settings, r := gather(flags, file, s), &Request{}
	if _, err := settings.JSON(); err != nil {
		return nil, nil, err
	}
	if err := settings.oneStdin(); err != nil {
		return nil, nil, err
	}
	if err := settings.credentials(r); err != nil {
		return nil, nil, err
	}
	key := r.Options.Key.Reveal()
	if name := settings.Text("username"); foreign.LooksLikeKey(name) || name != "" && name == string(key) {
		return nil, nil, console.Usagef("%s: this is the API key, or looks like one, and is not shown", settings.Place("username")).
			WithHint("are username and key swapped? the username is the reseller's, as in the control panel")
	}
	if r.Options.KeySource == "" {
		return settings, r, nil
	}
	for _, problem := range opensrs.CheckKey(key) {
		if problem == opensrs.KeyEmpty {
			return nil, nil, console.Usagef("%s is empty; it should hold the API key", r.Options.KeySource)
		}
		r.Notes = append(r.Notes, fmt.Sprintf("the API key that was given looks wrong: %s", problemWords.Get()[problem]))
	}
	return settings, r, nil
}

var problemWords = lazy.Value[map[opensrs.KeyProblem]string]{Make: func() map[opensrs.KeyProblem]string {
	return map[opensrs.KeyProblem]string{
		opensrs.KeyQuotes:      "there are quotation marks around it",
		opensrs.KeySpaces:      "there is white space inside it",
		opensrs.KeyPlaceholder: "it is a placeholder for a key",
		opensrs.KeyBOM:         "it begins with a byte-order mark",
		opensrs.KeyControl:     "there are control characters in it",
		opensrs.KeyAssignment:  "it is a whole line of a settings file, with a name before the key",
	}
}}

// oneStdin refuses two inputs from standard input.
func (s *Settings) oneStdin() error {
	first := ""
	for _, name := range []string{"body", "request", "signature", "api-key-file"} {
		if s.Text(name) != "-" || s.merged[name].from == "environment" {
			continue
		}
		if first != "" {
			return console.Usagef("%s and %s cannot both come from standard input", s.merged[first].place(0),
				s.merged[name].place(0)).WithHint("give one of them as a file")
		}
		first = name
	}
	return nil
}

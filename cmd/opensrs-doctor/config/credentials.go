package config

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
)

// strongestKey leaves one source of the key, the strongest: a flag, else a variable, else the file. Two of the same
// strength are refused later.
func (s *Settings) strongestKey() {
	strength := map[string]int{"flag": 3, "environment": 2, "file": 1}
	file, command := strength[s.merged["api-key-file"].from], strength[s.merged["api-key-command"].from]
	if file > command {
		delete(s.merged, "api-key-command")
	} else if command > file {
		delete(s.merged, "api-key-file")
	}
}

// credentials reads the username and the key. A key that looks wrong is not an error here: that is a diagnosis.
func (s *Settings) credentials(r *Request) error {
	r.Options.Username = s.Text("username")
	if !console.Printable(r.Options.Username) || len(r.Options.Username) > 255 {
		return s.Bad("username", 0, "a username is one line of at most 255 bytes, all of them printable")
	}
	if s.Given("expect-key") {
		r.Options.ExpectKey = strings.ToLower(s.Text("expect-key"))
		if len(r.Options.ExpectKey) != 8 || strings.Trim(r.Options.ExpectKey, "0123456789abcdef") != "" {
			return s.Bad("expect-key", 0, "a fingerprint is 8 hex digits, as key_fingerprint in the JSON report has it")
		}
	}
	if s.Given("api-key-command") {
		return s.keyOfCommand(r)
	}
	if !s.Given("api-key-file") {
		return nil
	}
	if s.merged["api-key-file"].from == "environment" {
		r.Options.SetKey([]byte(s.streams.Getenv(evidence.KeyVariable)), evidence.KeyVariable)
		return nil
	}
	key, source, note, err := readKey(s.Text("api-key-file"), s.streams.Stdin)
	if err != nil {
		return s.Bad("api-key-file", 0, "%s", err)
	}
	r.Options.SetKey(key, source)
	if note != "" {
		r.Notes = append(r.Notes, note)
	}
	return nil
}

// keyOfCommand takes the key that a command prints.
func (s *Settings) keyOfCommand(r *Request) error {
	if err := s.commandTrusted(); err != nil {
		return err
	}
	ctx, stop := console.Interruptible()
	defer stop()
	key, source, said, err := runKeyCommand(ctx, s.Text("api-key-command"))
	if said != "" {
		s.streams.Note("the key command says: %s", said)
	}
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted while the key command ran; nothing was checked")
	case err != nil:
		return s.Bad("api-key-command", 0, "%s", err)
	}
	r.Options.SetKey(key, source)
	return nil
}

// misplaced refuses an API key where something else belongs, such as a username swapped with it: everything else is
// printed. The error does not repeat it.
func (s *Settings) misplaced(r *Request) error {
	key := &foreign.Scrubber{}
	if text := string(r.Options.Key.Reveal()); foreign.LooksLikeKey(text) { // a placeholder may be in any path
		key.Add(text)
	}
	for _, name := range slices.Sorted(maps.Keys(s.merged)) {
		for i, one := range s.merged[name].values {
			switch {
			case s.merged[name].name == "OPENSRS_API_KEY", name == "api-key-command": // neither is shown
			case name == "username" && foreign.LooksLikeKey(one.text):
				return console.Usagef("%s: this looks like an API key, and is not shown", s.merged[name].place(i)).
					WithHint("are username and key swapped? the username is the reseller's, as in the control panel")
			case key.HoldsMuch(one.text):
				return console.Usagef("%s: the API key is in it, and is not shown", s.merged[name].place(i)).WithHint("the key is read from --api-key-file PATH or OPENSRS_API_KEY only")
			}
		}
	}
	return nil
}

package config

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/infile"
	"opensrs-doctor/probes/iprules"
)

// RuleList is a list of access rules as it was given, with what could not be read.
type RuleList struct {
	Rules  []iprules.Rule
	Bad    []iprules.ParseError
	Given  bool   // a list was given, be it an empty one
	Source string // a path, "--rule", "standard input"
}

// RuleList reads the rules of a list key (rule) or else of a file key (rules-file); "-" is standard input. A rule
// that cannot be read is not an error here.
func (s *Settings) RuleList(listKey, fileKey string) (RuleList, error) {
	var list RuleList
	from := s.merged[listKey]
	for i, one := range from.values {
		rule, err := iprules.Parse(one.text)
		source, line := from.name, one.line
		if from.from == "file" {
			source = from.file
		}
		list.Given, list.Source = true, source
		if err != nil {
			failed := *err.(*iprules.ParseError)
			failed.Source, failed.Line = source, line
			if line == 0 {
				failed.Line = i + 1
			}
			list.Bad = append(list.Bad, failed)
			continue
		}
		rule.Source, rule.Line = source, line
		list.Rules = append(list.Rules, rule)
	}
	if !s.Given(fileKey) {
		return list, nil
	}
	path := s.Text(fileKey)
	file, name, err := s.Open(fileKey)
	if err != nil {
		return list, err
	}
	defer file.Close()
	if path != "-" {
		name = path
	}
	list.Rules, list.Bad = iprules.ParseList(file, name)
	list.Given, list.Source = true, name
	return list, nil
}

// Open opens the file that a key names, "-" for standard input. Its errors are usage errors with the place.
func (s *Settings) Open(key string) (io.ReadCloser, string, error) {
	path := s.Text(key)
	if path == "-" {
		return io.NopCloser(s.streams.Stdin), "standard input", nil
	}
	file, err := infile.Open(path)
	var usage *console.UsageError
	switch {
	case errors.As(err, &usage):
		return nil, "", s.Bad(key, 0, "%s %s", console.ShownPath(path), usage.Text)
	case err != nil:
		return nil, "", s.Bad(key, 0, "cannot read %s: %s", console.ShownPath(path), console.Plain(err))
	}
	return file, console.ShownPath(path), nil
}

// Readable gives the rules of a list all of which must be readable.
func (s *Settings) Readable(listKey, fileKey string) (RuleList, error) {
	list, err := s.RuleList(listKey, fileKey)
	switch {
	case err != nil || len(list.Bad) == 0:
		return list, err
	case s.Given(listKey):
		for i, one := range s.merged[listKey].values {
			if _, err := iprules.Parse(one.text); err != nil {
				return list, s.Bad(listKey, i, "%s", err)
			}
		}
	}
	bad := console.Usagef("%s", list.Bad[0].Error())
	for i := range list.Bad[1:min(len(list.Bad), 5)] {
		bad.More = append(bad.More, list.Bad[1+i].Error())
	}
	if more := len(list.Bad) - 5; more > 0 {
		bad.More = append(bad.More, fmt.Sprintf("and %d more", more))
	}
	return list, bad
}

// Rules reads the access rules, of flags, the config file or a file of their own.
func (s *Settings) rules(r *Request) error {
	list, err := s.Readable("rule", "rules-file")
	if err != nil {
		return err
	}
	r.Options.Rules, r.Options.RulesGiven, r.Options.RulesSource = list.Rules, list.Given, list.Source
	return nil
}

// ForRules are the settings of a rules command: its flags, and of the config file the list of rules and how words are set.
func ForRules(flags map[string]*FlagValue, config string, s *console.Streams) (*Settings, error) {
	file, err := read(config, s)
	if err != nil {
		return nil, err
	}
	for name := range file {
		if !slices.Contains([]string{"rule", "rules-file", "color", "no-color", "ascii"}, name) {
			delete(file, name)
		}
	}
	settings := gather(flags, file, s)
	if err := settings.conflicts(&Request{}); err != nil {
		return nil, err
	}
	return settings, nil
}

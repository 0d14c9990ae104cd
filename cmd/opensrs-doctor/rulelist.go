package main

import (
	"errors"
	"fmt"
	"io"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/infile"
	"opensrs-doctor/probes/iprules"
)

// ruleList is a list of access rules as it was given, with what could not be read.
type ruleList struct {
	rules  []iprules.Rule
	bad    []iprules.ParseError
	given  bool   // a list was given, be it an empty one
	source string // a path, "--rule", "standard input"
}

// ruleList reads the rules of a list key (rule) or else of a file key (rules-file); "-" is standard input. A rule
// that cannot be read is not an error here.
func (s *settings) ruleList(listKey, fileKey string) (ruleList, error) {
	var list ruleList
	from := s.merged[listKey]
	for i, one := range from.values {
		rule, err := iprules.Parse(one.text)
		source, line := from.name, one.line
		if from.from == "file" {
			source = from.file
		}
		list.given, list.source = true, source
		if err != nil {
			failed := *err.(*iprules.ParseError)
			failed.Source, failed.Line = source, line
			if line == 0 {
				failed.Line = i + 1
			}
			list.bad = append(list.bad, failed)
			continue
		}
		rule.Source, rule.Line = source, line
		list.rules = append(list.rules, rule)
	}
	if !s.given(fileKey) {
		return list, nil
	}
	path := s.text(fileKey)
	file, name, err := s.open(fileKey)
	if err != nil {
		return list, err
	}
	defer file.Close()
	if path != "-" {
		name = path
	}
	list.rules, list.bad = iprules.ParseList(file, name)
	list.given, list.source = true, name
	return list, nil
}

// open opens the file that a key names, "-" for standard input. Its errors are usage errors with the place.
func (s *settings) open(key string) (io.ReadCloser, string, error) {
	path := s.text(key)
	if path == "-" {
		return io.NopCloser(s.streams.Stdin), "standard input", nil
	}
	file, err := infile.Open(path)
	var usage *console.UsageError
	switch {
	case errors.As(err, &usage):
		return nil, "", s.bad(key, 0, "%s %s", console.ShownPath(path), usage.Text)
	case err != nil:
		return nil, "", s.bad(key, 0, "cannot read %s: %s", console.ShownPath(path), console.Plain(err))
	}
	return file, console.ShownPath(path), nil
}

// readable gives the rules of a list all of which must be readable.
func (s *settings) readable(listKey, fileKey string) (ruleList, error) {
	list, err := s.ruleList(listKey, fileKey)
	switch {
	case err != nil || len(list.bad) == 0:
		return list, err
	case s.given(listKey):
		for i, one := range s.merged[listKey].values {
			if _, err := iprules.Parse(one.text); err != nil {
				return list, s.bad(listKey, i, "%s", err)
			}
		}
	}
	bad := console.Usagef("%s", list.bad[0].Error())
	for i := range list.bad[1:min(len(list.bad), 5)] {
		bad.More = append(bad.More, list.bad[1+i].Error())
	}
	if more := len(list.bad) - 5; more > 0 {
		bad.More = append(bad.More, fmt.Sprintf("and %d more", more))
	}
	return list, bad
}

// rules reads the access rules, of flags, the config file or a file of their own.
func (s *settings) rules(r *request) error {
	list, err := s.readable("rule", "rules-file")
	if err != nil {
		return err
	}
	r.options.Rules, r.options.RulesGiven, r.options.RulesSource = list.rules, list.given, list.source
	return nil
}

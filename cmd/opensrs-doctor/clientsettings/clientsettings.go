// Package clientsettings reads what a client of the service has in its own settings file: the PHP toolkit's define()s, a
// .env, INI or YAML file, or an array of a program's. It takes what it knows by the names that settings have, and tells
// what is wrong with it, without a character of a key.
package clientsettings

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/service"
)

// Settings are what a client signs with, and where it calls. A zero member is not in the file.
type Settings struct {
	Username string
	Key      string
	KeyLine  int // from 1
	Host     string
	Port     string

	Environment string // that the file chooses by a setting for it, live or test

	Problems []Problem // in the order of their lines
	Computed []Computed
}

// Problem is a mistake in the file.
type Problem struct {
	Line int
	Text string // in words, without a secret
}

// Computed is a setting that the program takes from elsewhere when it runs: the file has a name, and no value.
type Computed struct {
	Line       int
	Kind, Name string
}

// shortestKey is how many hex digits nobody's name has.
const shortestKey = 32

// What a setting is about.
const (
	Username = "username"
	Key      = "key"
	Host     = "host"
	port     = "port"
	scheme   = "scheme"
	mode     = "mode"  // which environment
	which    = "which" // of several, by its name
)

// Read takes the settings of one environment, "live" or "test", out of a file; "" where the file's host decides.
func Read(text, environment string) Settings {
	entries := entriesOf(text)
	s := Settings{}
	if environment == "" {
		environment = modeOf(entries)
		if environment == "" {
			environment = likelyOf(entries)
		}
		s.Environment = environment
	}
	pick := func(kind string) (found *entry) { // of that environment, else of none in particular, else what there is
		fits := func(one entry) int {
			rank := map[string]int{environment: 4, "": 2}[one.environment]
			if one.kind == port && slices.Contains(wordsOf(one.name), "ssl") { // beside it a port is for calls in plain text
				rank++
			}
			return rank
		}
		for i, one := range entries {
			if one.kind == kind && (found == nil || fits(one) > fits(*found)) {
				found = &entries[i]
			}
		}
		if found != nil && found.computed {
			s.Computed = append(s.Computed, Computed{found.line, found.kind, found.name})
			return nil
		}
		return found
	}
	entries = s.withoutMail(entries)
	if one := pick(Host); one != nil {
		s.Host, s.Port = hostPort(one.value)
		s.around(*one)
		if template.Regexp().MatchString(s.Host) {
			s.tell(one.line, "%s is still the placeholder of the template", one.name)
		}
	}
	if environment == "" {
		environment = service.OpenSRS.EnvironmentOf(s.Host)
	}
	switch one := pick(Username); {
	case one == nil:
	case len(one.value) >= shortestKey && keyish.Regexp().MatchString(one.value): // a name is shown
		s.tell(one.line, "%s has the form of an API key; it is not used as the name", one.name)
	default:
		s.Username = strings.TrimSpace(one.value)
		if template.Regexp().MatchString(s.Username) {
			s.tell(one.line, "%s is still the placeholder of the template", one.name)
		}
		s.around(*one)
	}
	chosen := pick(Key)
	if chosen != nil {
		s.Key, s.KeyLine = chosen.value, chosen.line
		for _, problem := range opensrs.CheckKey([]byte(chosen.value)) {
			s.tell(chosen.line, "%s is not an API key: %s", chosen.name, keyWords(string(problem)))
		}
		if chosen.environment != "" && service.OpenSRS.EnvironmentOf(s.Host) != "" && service.OpenSRS.EnvironmentOf(s.Host) != chosen.environment {
			s.tell(chosen.line, "%s is the key of the %s environment by its name, and the host is that of the other", chosen.name, chosen.environment)
		}
	}
	if one := pick(port); one != nil {
		s.Port = strings.TrimSpace(one.value)
		switch number, err := strconv.ParseUint(s.Port, 10, 16); {
		case service.OpenSRS.Old(int(number)):
			s.tell(one.line, "%s is %s, the port of the old protocol; the API is at %d", one.name, s.Port, service.OpenSRS.Port)
		case err != nil:
			s.tell(one.line, "%s is not a port; the API is at %d", one.name, service.OpenSRS.Port)
		}
	}
	for _, one := range entries {
		if value := strings.ToLower(one.value); one.kind == scheme && (strings.HasPrefix(value, "sslv2") || strings.HasPrefix(value, "sslv3")) {
			s.tell(one.line, "%s is %s, which the service does not speak and PHP has no more; write tls or ssl", one.name, value)
		}
	}
	s.keys(entries)
	slices.SortStableFunc(s.Problems, func(a, b Problem) int { return a.Line - b.Line })
	return s
}

// modeOf is the environment that a file chooses by a setting for that, "test_mode = on" or "environment: live"; "" where
// none does.
func modeOf(entries []entry) string {
	for _, one := range entries {
		value := strings.ToLower(strings.TrimSpace(one.value))
		switch {
		case one.kind != mode || one.computed:
		case one.environment == "": // which is its value
			asked := entry{}
			asked.meaning(value)
			if asked.environment != "" {
				return asked.environment
			}
		case slices.Contains([]string{"1", "on", "true", "yes"}, value):
			return one.environment
		case slices.Contains([]string{"0", "off", "false", "no"}, value):
			live, test := service.OpenSRS.Live.Name, service.OpenSRS.Test.Name
			return map[string]string{test: live, live: test}[one.environment]
		}
	}
	return ""
}

// likelyOf is the environment that a file is for which has no setting for that: the one of its hosts, else of its keys,
// and the live one where it has both.
func likelyOf(entries []entry) string {
	live, test := service.OpenSRS.Live.Name, service.OpenSRS.Test.Name
	for _, kind := range []string{Host, Key} {
		found := map[string]bool{}
		for _, one := range entries {
			if one.kind == kind && !one.computed {
				found[one.environment] = true
			}
		}
		switch {
		case found[live] && found[test]:
			return live
		case len(found) > 0 && kind == Host: // which is taken as it is
			return ""
		case len(found) == 1 && found[test]:
			return test
		}
	}
	return ""
}

// withoutMail leaves out the hosts of the Email API, which takes no call of ours, and tells of one where there is no other.
func (s *Settings) withoutMail(entries []entry) []entry {
	var mail []entry
	others := slices.DeleteFunc(slices.Clone(entries), func(one entry) bool {
		host, _ := hostPort(one.value)
		is := one.kind == Host && strings.HasSuffix(strings.ToLower("."+host), "."+service.OpenSRS.MailDomain)
		if is {
			mail = append(mail, one)
		}
		return is
	})
	if len(mail) > 0 && !slices.ContainsFunc(others, func(one entry) bool { return one.kind == Host }) {
		s.tell(mail[0].line, "%s is the Email API, another service with logins of its own; the API that this tool checks is at %s", mail[0].name, service.OpenSRS.Endpoint(service.OpenSRS.Live))
	}
	return others
}

func (s *Settings) tell(line int, format string, args ...any) {
	s.Problems = append(s.Problems, Problem{line, fmt.Sprintf(format, args...)})
}

// around tells of white space within the quotes of a setting, which the client sends and this check does not.
func (s *Settings) around(one entry) {
	if strings.TrimSpace(one.value) != one.value {
		s.tell(one.line, "%s has white space within its quotes, which the client takes as part of it", one.name)
	}
}

// keys compares the keys of a file with each other.
func (s *Settings) keys(entries []entry) {
	first := map[string]entry{}
	for _, one := range entries {
		if one.kind != Key || one.computed || strings.TrimSpace(one.value) == "" {
			continue
		}
		earlier, twice := first[one.environment]
		switch {
		case twice && earlier.value != one.value:
			s.tell(one.line, "%s is another key than that on line %d", one.name, earlier.line)
		case !twice:
			first[one.environment] = one
		}
	}
	live, test := first[service.OpenSRS.Live.Name], first[service.OpenSRS.Test.Name]
	if live.line > 0 && test.line > 0 && live.value == test.value {
		s.tell(max(live.line, test.line), "one key is in both environments, on lines %d and %d; each environment has a key of its own", min(live.line, test.line), max(live.line, test.line))
	}
}

// keyWords say what is wrong with a key, by the ID of opensrs.CheckKey.
func keyWords(problem string) string {
	words := map[string]string{"quotes": "it is in quotes twice", "spaces": "it has white space inside", "placeholder": "it is still a placeholder",
		"empty": "it is empty"}
	if text := words[problem]; text != "" {
		return text
	}
	return strings.ReplaceAll(problem, "-", " ")
}

// hostPort are the host of a URL, or of the value as it is, and its port, "" where it has none.
func hostPort(value string) (host, number string) {
	value = strings.ReplaceAll(strings.TrimSpace(value), `\`, "") // of JSON and Java: https:\/\/, https\://
	if _, rest, is := strings.Cut(value, "://"); is {
		value = rest
	}
	value, _, _ = strings.Cut(value, "/")
	if at, number, err := net.SplitHostPort(value); err == nil {
		return at, number
	}
	return value, ""
}

// Endpoint is the URL that the client calls, "" where the file names no host.
func (s Settings) Endpoint() string {
	number := s.Port
	if _, err := strconv.ParseUint(number, 10, 16); err != nil {
		number = service.OpenSRS.PortText()
	}
	if s.Host == "" {
		return ""
	}
	return "https://" + net.JoinHostPort(strings.Trim(s.Host, "[]"), number)
}

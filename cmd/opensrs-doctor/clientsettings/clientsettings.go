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

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/pattern"
)

// Settings are what a client signs with, and where it calls. A zero member is not in the file.
type Settings struct {
	Username string
	Key      string
	KeyLine  int // from 1
	Host     string
	Port     string
	Problems []Problem // in the order of their lines
}

// Problem is a mistake in the file.
type Problem struct {
	Line int
	Text string // in words, without a secret
}

// What a setting is about.
const (
	username = "username"
	key      = "key"
	host     = "host"
	port     = "port"
	scheme   = "scheme"
)

// names are how settings are called, without the parts that say whose or which they are, and without signs.
var names = map[string]string{
	"username": username, "user": username, "reseller": username, "resellerusername": username, "login": username,
	"key": key, "apikey": key, "privatekey": key, "apiprivatekey": key, "secret": key, "token": key,
	"host": host, "hostname": host, "apihost": host, "server": host, "url": host, "apiurl": host, "endpoint": host,
	"port": port, "sslport": port, "apiport": port,
	"crypttype": scheme, "sslversion": scheme,
}

// Forms of one setting on a line: define('NAME', 'value'), 'name' => 'value', "name": "value", NAME=value, name: value.
var (
	defined    = pattern.Of(`(?i)\bdefine\s*\(\s*['"](\w+)['"]\s*,\s*(.*?)\s*\)\s*;?\s*(?:(?://|#).*)?$`)
	inArray    = pattern.Of(`^\s*['"]([\w.-]+)['"]\s*(?:=>|:)\s*(.*?)\s*,?\s*$`)
	assignment = pattern.Of(`^\s*(?:export\s+|set\s+|const\s+|var\s+|let\s+|my\s+)?\$?([A-Za-z][\w.-]*)\s*[:=]\s*(.*?)\s*;?\s*$`)
)

// entry is one setting as it is written.
type entry struct {
	line        int
	kind        string // username, key, …
	environment string // that its name says: live, test or ""
	name, value string
}

// Read takes the settings of one environment, "live" or "test", out of a file; "" where the file's host decides.
func Read(text, environment string) Settings {
	entries := entriesOf(text)
	s := Settings{}
	pick := func(kind string) (found *entry) { // of that environment, else of none in particular, else what there is
		fits := func(one entry) int {
			switch one.environment {
			case environment:
				return 2
			case "":
				return 1
			}
			return 0
		}
		for i, one := range entries {
			if one.kind == kind && (found == nil || fits(one) > fits(*found)) {
				found = &entries[i]
			}
		}
		return found
	}
	if one := pick(host); one != nil {
		s.Host = bareHost(one.value)
		if at, number, err := net.SplitHostPort(s.Host); err == nil {
			s.Host, s.Port = at, number
		}
	}
	if environment == "" {
		environment = evidence.EnvironmentOf(s.Host)
	}
	if one := pick(username); one != nil {
		s.Username = strings.TrimSpace(one.value)
		if strings.HasSuffix(strings.ToLower(s.Username), "_here") {
			s.tell(one.line, "%s is still the placeholder of the template", one.name)
		}
	}
	chosen := pick(key)
	if chosen != nil {
		s.Key, s.KeyLine = chosen.value, chosen.line
		for _, problem := range opensrs.CheckKey([]byte(chosen.value)) {
			s.tell(chosen.line, "%s is no API key as it is: %s", chosen.name, keyWords(string(problem)))
		}
		if chosen.environment != "" && evidence.EnvironmentOf(s.Host) != "" && evidence.EnvironmentOf(s.Host) != chosen.environment {
			s.tell(chosen.line, "%s is the key of the %s environment by its name, and the host is that of the other", chosen.name, chosen.environment)
		}
	}
	if one := pick(port); one != nil {
		s.Port = strings.TrimSpace(one.value)
		if s.Port == "55000" || s.Port == "51000" {
			s.tell(one.line, "%s is %s, the port of the old protocol; the API is at %d", one.name, s.Port, evidence.ServicePort)
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

func (s *Settings) tell(line int, format string, args ...any) {
	s.Problems = append(s.Problems, Problem{line, fmt.Sprintf(format, args...)})
}

// keys compares the keys of a file with each other.
func (s *Settings) keys(entries []entry) {
	first := map[string]entry{}
	for _, one := range entries {
		if one.kind != key || strings.TrimSpace(one.value) == "" {
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
	live, test := first[evidence.EnvLive], first[evidence.EnvTest]
	if live.line > 0 && test.line > 0 && live.value == test.value {
		s.tell(max(live.line, test.line), "one key is in both environments, on the lines %d and %d; each environment has a key of its own", min(live.line, test.line), max(live.line, test.line))
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

// entriesOf are the settings that are known by their names. Comments are passed over.
func entriesOf(text string) (entries []entry) {
	text = strings.TrimPrefix(text, "\ufeff")
	inComment, section := false, ""
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, "\r")
		trimmed := strings.TrimSpace(line)
		switch {
		case inComment:
			_, rest, ends := strings.Cut(line, "*/")
			if inComment = !ends; inComment {
				continue
			}
			line = rest
		case strings.HasPrefix(trimmed, "/*"):
			if _, rest, ends := strings.Cut(line, "*/"); ends {
				line = rest
			} else {
				inComment = true
				continue
			}
		case trimmed == "", strings.HasPrefix(trimmed, "#"), strings.HasPrefix(trimmed, "//"), strings.HasPrefix(trimmed, ";"):
			continue
		case strings.HasPrefix(trimmed, "[") && strings.HasSuffix(trimmed, "]"): // of an INI file
			section = trimmed[1 : len(trimmed)-1]
			continue
		case strings.HasSuffix(trimmed, ":") && !strings.ContainsAny(trimmed, `"' `): // of a YAML file
			section = strings.TrimSuffix(trimmed, ":")
			continue
		}
		if one, known := entryOf(line, section); known {
			one.line = i + 1
			entries = append(entries, one)
		}
	}
	return entries
}

func entryOf(line, section string) (entry, bool) {
	for _, form := range []func() []string{
		func() []string { return defined().FindStringSubmatch(line) },
		func() []string { return inArray().FindStringSubmatch(line) },
		func() []string { return assignment().FindStringSubmatch(line) },
	} {
		found := form()
		if found == nil {
			continue
		}
		environment, kind := meaning(found[1], section)
		if kind == "" {
			return entry{}, false
		}
		return entry{kind: kind, environment: environment, name: found[1], value: unquoted(found[2])}, true
	}
	return entry{}, false
}

// meaning is what a setting is about, by its name and its section.
func meaning(name, section string) (environment, kind string) {
	parts := strings.FieldsFunc(strings.ToLower(section+"_"+name), func(r rune) bool { return r == '_' || r == '-' || r == '.' || r == ' ' })
	var rest []string
	for _, part := range parts {
		switch part {
		case "test", "ote", "sandbox", "horizon":
			environment = evidence.EnvTest
		case "live", "prod", "production":
			environment = evidence.EnvLive
		case "osrs", "opensrs", "tucows", "srs":
		default:
			rest = append(rest, part)
		}
	}
	if kind = names[strings.Join(rest, "")]; kind == "" && len(rest) > 0 {
		if kind = names[rest[len(rest)-1]]; kind != "" && len(rest) > 1 && section == "" {
			kind = "" // db_host, smtp_user: of something else
		}
	}
	return environment, kind
}

// unquoted is a value without the quotes around it, or without a comment behind it.
func unquoted(value string) string {
	value = strings.TrimSpace(value)
	if value == "" {
		return ""
	}
	if quote := value[0]; quote == '"' || quote == '\'' {
		if end := strings.IndexByte(value[1:], quote); end >= 0 {
			return value[1 : end+1]
		}
		return value
	}
	for _, comment := range []string{" #", " ;", " //"} {
		value, _, _ = strings.Cut(value, comment)
	}
	return strings.TrimSpace(value)
}

// bareHost is the host of a URL, with its port where it has one, or the value as it is.
func bareHost(value string) string {
	value = strings.TrimSpace(value)
	if _, rest, is := strings.Cut(value, "://"); is {
		value, _, _ = strings.Cut(rest, "/")
	}
	return value
}

// Endpoint is the URL that the client calls, "" where the file names no host.
func (s Settings) Endpoint() string {
	number := s.Port
	if _, err := strconv.ParseUint(number, 10, 16); err != nil {
		number = strconv.Itoa(evidence.ServicePort)
	}
	if s.Host == "" {
		return ""
	}
	return "https://" + net.JoinHostPort(strings.Trim(s.Host, "[]"), number)
}

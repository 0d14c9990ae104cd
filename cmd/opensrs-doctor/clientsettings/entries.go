package clientsettings

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/service"
)

// names are how settings are called, without the parts that say whose or which they are, and without signs.
var names = lazy.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{
		"username": Username, "user": Username, "reseller": Username, "resellerusername": Username, "login": Username,
		"reselleruser": Username, "apiuser": Username, "apiusername": Username, "resellername": Username,
		"manageauth": Username, // of Net::OpenSRS, which signs with the name of its first argument
		"key":        Key, "apikey": Key, "privatekey": Key, "apiprivatekey": Key, "secret": Key, "token": Key,
		"resellerkey": Key, "apisecret": Key, "credential": Key, "apicredential": Key, "resellerprivatekey": Key,
		"host": Host, "hostname": Host, "apihost": Host, "server": Host, "url": Host, "apiurl": Host, "endpoint": Host,
		"hostport": Host, "apihostport": Host, "baseurl": Host, "apibaseurl": Host, "baseuri": Host,
		"apiendpoint": Host, "apiserver": Host,
		"port": port, "sslport": port, "apiport": port,
		"crypttype": scheme, "sslversion": scheme,
		"mode": mode, "env": mode, "environment": mode,
		"id": which, "name": which, "label": which,
	}
}}

// Forms of one setting on a line: define('NAME', 'value'), 'name' => 'value', "name": "value", NAME=value, name: value,
// $config['name'] = 'value', :name => 'value', object.name = value. And of a line that opens a section of them.
var (
	defined    = lazy.Pattern{Text: `(?i)\bdefine\s*\(\s*['"](\w+)['"]\s*,\s*(.*?)\s*\)\s*;?\s*\}?\s*(?:(?://|#).*)?$`}
	inArray    = lazy.Pattern{Text: `^\s*['"]([\w.:-]+)['"]\s*(?:=>|:)\s*(.*?)\s*,?\s*$`}
	assignment = lazy.Pattern{Text: `^\s*(?:(?:export|set|const|var|let|my|our|public|private|protected|static|final|readonly|string|String)\s+)*[$:@]*([A-Za-z][\w.-]*(?:(?:->|\.|\[\s*['":]?|\{\s*['"]?)[\w-]+(?:['"]?\s*[\]}])?)*)\s*(?:=>|[:=])\s*(.*?)\s*[;,]?\s*$`}
	opening    = lazy.Pattern{Text: `^\s*(?:return\s+|(?:export|const|var|let|my|our)\s+)?['"$:@]*([\w.-]*)['"]?\s*(?:=>|[:=])?\s*(?:[\w.:&]*\s*[\[{(])\s*$`}
	block      = lazy.Pattern{Text: `^\s*([\w.-]+):\s*(?:#.*)?$`}
	comment    = lazy.Pattern{Text: `/\*.*?\*/`}
	// What a value looks like that the program takes from elsewhere: a call, a variable, an entry of the environment.
	bareComputed   = lazy.Pattern{Text: `^(?:[!$*]|process\.env|import\.meta|os\.environ|\w+\[|\\?[\w\\]+::\w|(?:self|this|config|settings|options|params|env|Rails)\.)|\w\(`}
	quotedComputed = lazy.Pattern{Text: `\$\{|\$\(|\{\{|%env\(|#\{|^\$\w|^%\(\w`}
	joined         = lazy.Pattern{Text: `^\s*[.+%?]`} // behind a quoted value that is a part only
	template       = lazy.Pattern{Text: `(?i)<|^your[_ -]|(?-i:^your[A-Z])|^change_?me$|_here$|^replace[_ -]|[_ -]username$`}
	brand          = lazy.Pattern{Text: `(?i)open_?srs`}
	constant       = lazy.Pattern{Text: `^\\?[A-Za-z_]\w*$`}
	// The name of a setting in a name of several parts: what follows the last arrow, dot or bracket.
	lastPart = lazy.Pattern{Text: `^(.+?)(?:->|[.:]|\[\s*['":]?|\{\s*['"]?)([\w-]+)['"]?\s*[\]}]?$`}
)

// entry is one setting as it is written.
type entry struct {
	line        int
	kind        string // username, key, …
	environment string // that its name, its section or its host says: live, test or ""
	section     int    // the line that opened it, 0 outside of all; below 0 by the parts of its name
	outer       []int  // the lines that opened the sections around it, that one too
	ours        bool   // its name or its section names the service
	computed    bool   // by the program, when it runs
	name, value string
}

// section is what a line opened: of an INI file with indent -1, else until a line that is indented no deeper.
type section struct {
	name         string
	line, indent int
}

// entriesOf are the settings that are known by their names, of the service where the file has those of others too.
func entriesOf(text string) (entries []entry) {
	var within []section
	parts := map[string]int{}
	lines := linesOf(text)
	pairs(lines)
	for i, line := range lines {
		for _, plain := range assignments(line) {
			for _, piece := range piecesOf(plain) {
				one, known := read(piece, i+1, &within, parts)
				if known {
					entries = append(entries, one)
				}
			}
		}
		entries = append(entries, inCalls(line, i+1)...)
	}
	if secret.Regexp().MatchString(text) {
		decode(entries, lines)
	}
	return ofTheService(labelled(entries))
}

// read takes one setting, or what opens a section.
func read(line string, number int, sections *[]section, parts map[string]int) (one entry, known bool) {
	within := *sections
	defer func() { *sections = within }()
	trimmed := strings.TrimSpace(line)
	if trimmed == "" {
		return entry{}, false
	}
	indent := len(line) - len(strings.TrimLeft(line, " \t"))
	for len(within) > 0 && within[len(within)-1].indent >= indent {
		within = within[:len(within)-1]
	}
	if rest, is := strings.CutPrefix(trimmed, "- "); is { // an item of a list in YAML
		within = append(within, section{"", number, indent})
		line = strings.Repeat(" ", indent+2) + strings.TrimSpace(rest)
		indent += 2
	}
	if strings.HasPrefix(trimmed, "[") && strings.HasSuffix(trimmed, "]") { // of an INI file
		within = []section{{trimmed[1 : len(trimmed)-1], number, -1}}
		return entry{}, false
	}
	opens := opening.Regexp().FindStringSubmatch(line)
	if opens == nil {
		opens = block.Regexp().FindStringSubmatch(line)
	}
	if opens != nil {
		within = append(within, section{opens[1], number, indent})
		return entry{}, false
	}
	one, known = entryOf(line, within, parts)
	one.line = number
	return one, known
}

// ofTheService leaves out what belongs to others: where a user or key bears the service's name, what does not; else the
// sections without a key, where one has it.
func ofTheService(entries []entry) []entry {
	named := slices.ContainsFunc(entries, func(one entry) bool { return one.ours && (one.kind == Username || one.kind == Key) })
	keys, around := map[int]bool{}, map[int]bool{} // sections with a key, and those around them
	for _, one := range entries {
		if one.kind == Key {
			keys[one.section] = true
			for _, outer := range one.outer {
				around[outer] = true
			}
		}
	}
	return slices.DeleteFunc(entries, func(one entry) bool {
		switch {
		case one.kind == scheme, one.ours, one.kind == mode && around[one.section], one.isPublicHost():
			return false
		case named:
			return true
		}
		return len(keys) > 0 && one.section != 0 && !keys[one.section]
	})
}

// linesOf are the lines of a text as a program reads them: comments are blank.
func linesOf(text string) []string {
	text = strings.TrimPrefix(text, "\ufeff")
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
	inComment := false
	for i, line := range lines {
		if inComment {
			_, rest, ends := strings.Cut(line, "*/")
			if inComment = !ends; inComment {
				rest = ""
			}
			line = rest
		}
		line = comment.Regexp().ReplaceAllString(line, "")
		if at := strings.Index(line, "/*"); at >= 0 && strings.Count(line[:at], `'`)%2 == 0 && strings.Count(line[:at], `"`)%2 == 0 {
			line, inComment = line[:at], true
		}
		if trimmed := strings.TrimSpace(line); strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, "//") || strings.HasPrefix(trimmed, ";") {
			line = ""
		}
		lines[i] = line
	}
	return lines
}

func entryOf(line string, within []section, parts map[string]int) (entry, bool) {
	for _, form := range []func() *regexp.Regexp{defined.Regexp, inArray.Regexp, assignment.Regexp} {
		found := form().FindStringSubmatch(line)
		if found == nil {
			continue
		}
		one := entry{name: found[1]}
		for _, outer := range within {
			one.section = outer.line
			one.outer = append(one.outer, outer.line)
			one.meaning(outer.name)
		}
		one.kind = one.meaning(found[1])
		if part := lastPart.Regexp().FindStringSubmatch(found[1]); part != nil && one.kind == "" {
			one.meaning(part[1])
			one.kind, one.name = one.meaning(part[2]), part[2]
			if _, known := parts[part[1]]; !known {
				parts[part[1]] = -1 - len(parts)
			}
			one.section = parts[part[1]]
		}
		one.value, one.computed = valueOf(found[2])
		unquoted := one.value == strings.TrimSpace(found[2])
		one.computed = one.computed || unquoted && one.value != "" && (form().String() == defined.Regexp().String() && isConstant(one.value) || namesSetting(one))
		one.ofHost()
		return one, one.kind != ""
	}
	return entry{}, false
}

// ofHost takes the environment of a public host, where the name says none.
func (one *entry) ofHost() {
	if one.kind == Host && one.environment == "" {
		host, _ := hostPort(one.value)
		one.environment = service.OpenSRS.EnvironmentOf(host)
	}
}

// isPublicHost reports whether it is a host of the service.
func (one entry) isPublicHost() bool {
	host, _ := hostPort(one.value)
	return one.kind == Host && service.OpenSRS.EnvironmentOf(host) != ""
}

// isConstant reports whether a value without quotes is the name of a constant of PHP.
func isConstant(value string) bool {
	return constant.Regexp().MatchString(value) && !slices.Contains([]string{"true", "false", "null"}, strings.ToLower(value))
}

// namesSetting reports whether a value without quotes is the name of such a setting, as a program has it: user: user,
// key = OPENSRS_KEY.
func namesSetting(one entry) bool {
	named := entry{}
	return constant.Regexp().MatchString(one.value) && (one.value == one.name ||
		one.value == strings.ToUpper(one.value) && strings.Contains(one.value, "_") && named.meaning(one.value) == one.kind)
}

// meaning is what a setting is about, by its name; and whose and which it is, by its name or that of its section.
func (one *entry) meaning(name string) (kind string) {
	var rest []string
	for _, part := range wordsOf(name) {
		switch part {
		case "test", "ote", "sandbox", "horizon":
			one.environment = service.OpenSRS.Test.Name
		case "live", "prod", "production":
			one.environment = service.OpenSRS.Live.Name
		case "osrs", "opensrs", "tucows", "srs":
			one.ours = true
		case "self", "this", "config", "settings", "options", "credentials", "is", "use", "enable", "enabled":
		default:
			rest = append(rest, part)
		}
	}
	if len(rest) == 0 && one.environment != "" {
		return mode
	}
	return names.Get()[strings.Join(rest, "")]
}

// wordsOf are the words of a name, in small letters: OSRS_KEY and opensrsKey are two each.
func wordsOf(name string) []string {
	var spaced strings.Builder
	var before rune
	for _, r := range brand.Regexp().ReplaceAllString(name, " opensrs ") {
		if unicode.IsUpper(r) && unicode.IsLower(before) {
			spaced.WriteByte(' ')
		}
		spaced.WriteRune(unicode.ToLower(r))
		before = r
	}
	return strings.FieldsFunc(spaced.String(), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// valueOf is a value without the quotes around it, or without a comment behind it, and whether the program computes it.
func valueOf(value string) (text string, computed bool) {
	value = strings.TrimSpace(value)
	if value == "" {
		return "", false
	}
	if quote := value[0]; quote == '"' || quote == '\'' {
		end := strings.IndexByte(value[1:], quote)
		if end < 0 {
			return value, false
		}
		text = value[1 : end+1]
		return text, quotedComputed.Regexp().MatchString(text) || joined.Regexp().MatchString(value[end+2:])
	}
	for _, comment := range []string{" #", " ;", " //"} {
		value, _, _ = strings.Cut(value, comment)
	}
	value = strings.TrimSpace(value)
	return value, bareComputed.Regexp().MatchString(value) || quotedComputed.Regexp().MatchString(value)
}

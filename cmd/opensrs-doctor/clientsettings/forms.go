package clientsettings

import (
	"encoding/base64"
	"html"
	"slices"
	"strings"
	"unicode"

	"opensrs-doctor/probes/lazy"
)

var (
	// A variable of the environment as those write it who give one to a program: docker compose, systemd, a Dockerfile,
	// Apache, nginx, Windows, PHP.
	listed   = lazy.Pattern{Text: `^\s*-\s+["']?([A-Za-z_]\w*=.*?)["']?\s*$`}
	inUnit   = lazy.Pattern{Text: `^\s*(?:Environment=|ENV\s+)(.*)$`}
	oneWord  = lazy.Pattern{Text: `"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)`}
	given    = lazy.Pattern{Text: `^\s*(?:SetEnv|fastcgi_param|setx|ENV)\s+"?(\w+)"?\s+([^=\s].*?)\s*;?\s*$`}
	inPowerS = lazy.Pattern{Text: `^\s*\$env:(\w+\s*=.*)$`}
	put      = lazy.Pattern{Text: `\bputenv\s*\(\s*["'](\w+=[^"']*)["']\s*\)`}
	// A setting in XML.
	element   = lazy.Pattern{Text: `<([A-Za-z][\w.-]*)>\s*([^<>]*?)\s*</([\w.-]+)>`}
	attribute = lazy.Pattern{Text: `<\w+\s+(?:key|name)="([^"]+)"\s+value="([^"]*)"`}
	content   = lazy.Pattern{Text: `<\w+\s+(?:key|name)="([^"]+)"\s*>\s*([^<>]*?)\s*</`}
	// A variable of a container in Kubernetes, on two lines.
	itsName  = lazy.Pattern{Text: `^(\s*)-\s+name:\s*["']?(\w+)["']?\s*$`}
	itsValue = lazy.Pattern{Text: `^\s*value:\s*(.*)$`}
	secret   = lazy.Pattern{Text: `(?m)^kind:\s*["']?Secret\b`}
	inBase64 = lazy.Pattern{Text: `^data:\s*$`}
	// A call that is given user and key by their places, and one that is given a single setting.
	placed = lazy.Pattern{Text: `(?i)([\w.:\\>-]*(?:open_?srs|osrs|xcp)[\w.:>-]*)\s*\(\s*((?:["'][^"']*["']\s*,\s*)+["'][^"']*["'])`}
	method = lazy.Pattern{Text: `(?:->|\.)(?:set|with)?_?([A-Za-z]\w*)\s*\(\s*("[^"]*"|'[^']*')\s*[,)]`}
	quoted = lazy.Pattern{Text: `"([^"]*)"|'([^']*)'`}
	keyish = lazy.Pattern{Text: `^[0-9A-Fa-f]{16,}$`}
)

// assignments are the settings of a line, each as NAME=value, where it has them as a program is given its environment, or
// in XML. Any other line is one, as it is.
func assignments(line string) []string {
	if found := listed.Regexp().FindStringSubmatch(line); found != nil {
		return found[1:]
	}
	if found := inPowerS.Regexp().FindStringSubmatch(line); found != nil {
		return found[1:]
	}
	if found := given.Regexp().FindStringSubmatch(line); found != nil {
		return []string{found[1] + "=" + found[2]}
	}
	var each []string
	if found := inUnit.Regexp().FindStringSubmatch(line); found != nil {
		for _, word := range oneWord.Regexp().FindAllStringSubmatch(found[1], -1) {
			each = append(each, word[1]+word[2]+word[3])
		}
		return each
	}
	for _, found := range put.Regexp().FindAllStringSubmatch(line, -1) {
		each = append(each, found[1])
	}
	if strings.HasPrefix(strings.TrimSpace(line), "<") {
		for _, found := range element.Regexp().FindAllStringSubmatch(line, -1) {
			if found[1] == found[3] {
				each = append(each, inQuotes(found[1], found[2]))
			}
		}
		for _, found := range append(attribute.Regexp().FindAllStringSubmatch(line, -1), content.Regexp().FindAllStringSubmatch(line, -1)...) {
			each = append(each, inQuotes(found[1], found[2]))
		}
	}
	if len(each) == 0 {
		return []string{line}
	}
	return each
}

// inQuotes is a setting of XML as an array has it.
func inQuotes(name, value string) string {
	value = strings.ReplaceAll(html.UnescapeString(value), `"`, "")
	return `"` + name + `": "` + value + `"`
}

// pairs joins "- name: NAME" with the line after it, "value: …".
func pairs(lines []string) {
	for i := range max(0, len(lines)-1) {
		name, value := itsName.Regexp().FindStringSubmatch(lines[i]), itsValue.Regexp().FindStringSubmatch(lines[i+1])
		if name != nil && value != nil {
			lines[i], lines[i+1] = "", name[1]+name[2]+": "+value[1]
		}
	}
}

// inCalls are the settings that calls on a line are given: .username("user"), ->set_key('…'), OpenSRS("user", "key").
func inCalls(line string, number int) (entries []entry) {
	add := func(kind, name, value string) {
		one := entry{line: number, kind: kind, name: name, value: value, computed: quotedComputed.Regexp().MatchString(value)}
		one.ofHost()
		entries = append(entries, one)
	}
	for _, found := range method.Regexp().FindAllStringSubmatch(line, -1) {
		if kind := (&entry{}).meaning(found[1]); kind != "" && kind != which {
			add(kind, found[1], found[2][1:len(found[2])-1])
		}
	}
	for _, found := range placed.Regexp().FindAllStringSubmatch(line, -1) {
		var values []string
		for _, value := range quoted.Regexp().FindAllStringSubmatch(found[2], -1) {
			values = append(values, value[1]+value[2])
		}
		key := slices.IndexFunc(values, keyish.Regexp().MatchString)
		if key < 0 {
			continue
		}
		if kind := (&entry{}).meaning(values[0]); kind == Key && key == 1 { // set("key", "…")
			add(Key, values[0], values[1])
			continue
		}
		user := ""
		for i, value := range values {
			switch {
			case i == key:
				add(Key, found[1], value)
			case strings.Contains(value, "://") || (entry{kind: Host, value: value}).isPublicHost():
				add(Host, found[1], value)
			case user == "" && value != "":
				user = value
				add(Username, found[1], value)
			}
		}
	}
	return entries
}

// labelled gives what a setting says of its section, "id": "live", to the others in it, and takes it out: it is none of a
// program. A mode is one of those only where several sections have a key.
func labelled(entries []entry) []entry {
	sections := map[int]bool{}
	for _, one := range entries {
		if one.kind == Key {
			sections[one.section] = true
		}
	}
	says := func(one entry) bool {
		return one.kind == which || one.kind == mode && len(sections) > 1 && sections[one.section]
	}
	for _, label := range entries {
		asked := entry{}
		asked.meaning(label.value)
		for i := range entries {
			if says(label) && label.section != 0 && entries[i].section == label.section && entries[i].environment == "" {
				entries[i].environment = asked.environment
			}
		}
	}
	return slices.DeleteFunc(entries, says)
}

// decode replaces the values of a Secret of Kubernetes that are in base64: those under "data:".
func decode(entries []entry, lines []string) {
	from := slices.IndexFunc(lines, inBase64.Regexp().MatchString)
	for i, one := range entries {
		plain, err := base64.StdEncoding.DecodeString(one.value)
		if from >= 0 && one.section == from+1 && err == nil && !slices.ContainsFunc([]rune(string(plain)), unicode.IsControl) {
			entries[i].value = string(plain)
			entries[i].ofHost()
		}
	}
}

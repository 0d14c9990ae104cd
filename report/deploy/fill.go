package deploy

import (
	"embed"
	"strings"

	"opensrs-doctor/probes/lazy"
)

// templates are the files. In them
//
//	@name@       is the value of that name; alone on a line it may be several lines, which get the line's indent
//	@?name@      at the beginning of a line keeps the rest of it only where name has a value
//	@!name@      keeps it only where it has none
//
// A name that has no value at all is a mistake in the program.
//
//go:embed templates
var templates embed.FS

// values fill a template.
type values map[string]string

var placeholder = lazy.Pattern{Text: `@[a-z_]+@`}

// fill is a template with the values in it. A value is never searched for placeholders.
func fill(name string, v values) string {
	text, err := templates.ReadFile("templates/" + name + ".tmpl")
	if err != nil {
		panic(err)
	}
	var out []string
	for _, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if strings.HasPrefix(line, "@?") || strings.HasPrefix(line, "@!") {
			condition, rest, _ := strings.Cut(line[2:], "@")
			if (v.of(condition) != "") != (line[1] == '?') {
				continue
			}
			line = rest
		}
		if word := strings.TrimLeft(line, " "); placeholder.Regexp().FindString(word) == word && word != "" {
			if block := v.of(word[1 : len(word)-1]); block != "" {
				out = append(out, indented(block, line[:len(line)-len(word)]))
			}
			continue
		}
		out = append(out, placeholder.Regexp().ReplaceAllStringFunc(line, func(found string) string {
			return v.of(found[1 : len(found)-1])
		}))
	}
	return strings.Join(out, "\n") + "\n"
}

func indented(block, indent string) string {
	return indent + strings.ReplaceAll(strings.TrimSuffix(block, "\n"), "\n", "\n"+indent)
}

func (v values) of(name string) string {
	value, known := v[name]
	if !known {
		panic("no value for @" + name + "@")
	}
	return value
}

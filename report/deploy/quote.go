package deploy

import (
	"fmt"
	"strings"
)

// plainWord reports whether a text is made of letters that mean nothing to any of the engines.
func plainWord(text string) bool {
	return text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,+-") == ""
}

// escapes writes a text for double quotes as YAML, systemd, C and PromQL have them all: what is not printable, and a
// double # which some CI systems obey, by its code.
func escapes(text string) string {
	var out strings.Builder
	before := rune(0)
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			out.WriteString(`\` + string(r))
		case r < ' ' || r == 0x7f || r == '#' && before == '#':
			fmt.Fprintf(&out, `\x%02x`, r)
		case r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			out.WriteRune(r)
		}
		before = r
	}
	return out.String()
}

// yamlText is a YAML string, always in double quotes: so that no, 0x1f and 1:30 stay texts.
func yamlText(text string) string { return `"` + escapes(text) + `"` }

// unsafeText is a YAML string that Ansible does not take for a Jinja template.
func unsafeText(text string) string { return "!unsafe " + yamlText(text) }

// promText is a string of PromQL.
func promText(text string) string { return `"` + escapes(text) + `"` }

// kubernetesWord is an argument of a container. The kubelet puts variables in the place of $(NAME), and takes two $ for one.
func kubernetesWord(text string) string { return strings.ReplaceAll(text, "$", "$$") }

// systemdWord is a word of ExecStart=, where % begins a specifier and $ a variable.
func systemdWord(text string) string {
	if plainWord(text) {
		return text
	}
	return `"` + strings.NewReplacer("%", "%%", "$", "$$").Replace(escapes(text)) + `"`
}

// shellWord is a word of a POSIX shell.
func shellWord(text string) string {
	if plainWord(text) {
		return text
	}
	text = strings.ReplaceAll(text, "'", `'\''`)
	for strings.Contains(text, "##") {
		text = strings.ReplaceAll(text, "##", "#''#")
	}
	return "'" + text + "'"
}

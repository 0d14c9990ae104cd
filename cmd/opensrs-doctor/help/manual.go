package help

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/build"
	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
)

// manual collects what Write says of one command, in the place of a terminal: texts as they are, flags as the rows
// of their table. So the manual cannot say anything else than the help.
type manual struct {
	synopsis []string
	before   []string // paragraphs ahead of the flags
	after    []string // paragraphs behind them
	exit     []string // paragraphs about the exit status
	own      []string // flags that the text names: they are not rows of the table
	keys     []config.Key
	text     strings.Builder
}

// Write takes a part of a text. Paragraphs are cut once their end is there.
func (m *manual) Write(part []byte) (int, error) { return m.text.Write(part) }

// takeKeys takes flags.
func (m *manual) takeKeys(keys []config.Key) {
	m.cut()
	m.keys = append(m.keys, keys...)
}

// cut puts the paragraphs that were written where they belong.
func (m *manual) cut() {
	for paragraph := range strings.SplitSeq(m.text.String(), "\n\n") {
		paragraph = strings.Trim(paragraph, "\n")
		switch usage, isUsage := strings.CutPrefix(paragraph, "Usage:"); {
		case paragraph == "":
		case isUsage:
			for line := range strings.SplitSeq(usage, "\n") {
				m.synopsis = append(m.synopsis, strings.TrimSpace(line))
			}
		case strings.HasPrefix(paragraph, "      --"):
			m.own = append(m.own, paragraph)
		case strings.HasPrefix(paragraph, "Exit status: "):
			m.exit = append(m.exit, sentence(strings.TrimPrefix(paragraph, "Exit status: ")))
		case len(m.exit) > 0:
			m.exit = append(m.exit, paragraph)
		case len(m.keys) > 0:
			m.after = append(m.after, paragraph)
		default:
			m.before = append(m.before, paragraph)
		}
	}
	m.text.Reset()
}

// writeManual writes the manual page of one command, in roff with the macros of man(7).
func writeManual(w io.Writer, cmd *cobra.Command, s *console.Streams) error {
	m := &manual{}
	Write(m, cmd)
	m.cut()
	name, short := pageName(cmd), cmd.Short
	if !cmd.HasParent() {
		short = strings.TrimSuffix(strings.TrimPrefix(m.before[0], "opensrs-doctor "), ".")
		m.before = m.before[1:]
	}
	out := &roff{}
	out.line(fmt.Sprintf(`.TH "%s" 1 %s "%s"`, escapeRoff(strings.ToUpper(name)), manualDate(s),
		escapeRoff("opensrs-doctor "+build.Version())))
	out.macro("SH", "NAME")
	out.line(escapeRoff(name) + ` \- ` + escapeRoff(short))
	out.macro("SH", "SYNOPSIS")
	for i, line := range m.synopsis {
		if i > 0 {
			out.macro("br")
		}
		out.line(markRoff(line))
	}
	out.macro("SH", "DESCRIPTION")
	out.paragraphs(append(m.before, m.after...))
	out.options(m)
	if len(m.exit) > 0 {
		out.macro("SH", "EXIT STATUS")
		out.paragraphs(m.exit)
	}
	out.places(m, !cmd.HasParent())
	out.neighbours(cmd)
	_, err := io.WriteString(w, out.text.String())
	return err
}

// pageName is the name of a command's page: opensrs-doctor-rules-plan.
func pageName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manualDate is the page's day: that of the source where the build says so, as reproducible builds have it.
func manualDate(s *console.Streams) string {
	var seconds int64
	if _, err := fmt.Sscanf(s.Getenv("SOURCE_DATE_EPOCH"), "%d", &seconds); err == nil && seconds > 0 {
		return time.Unix(seconds, 0).UTC().Format(time.DateOnly)
	}
	return build.RootsDate()
}

// options writes the table of flags under its headings, and the flags that the text has.
func (r *roff) options(m *manual) {
	if len(m.keys)+len(m.own) == 0 {
		return
	}
	r.macro("SH", "OPTIONS")
	for _, group := range config.Groups {
		headed := false
		for _, key := range m.keys {
			if key.Group != group {
				continue
			}
			if !headed {
				r.macro("SS", group)
				headed = true
			}
			r.option(key)
		}
	}
	for _, paragraph := range m.own {
		flag, help, _ := strings.Cut(strings.TrimSpace(paragraph), "  ")
		r.macro("TP")
		r.line(markRoff(flag))
		r.fill(help)
	}
}

func (r *roff) option(k config.Key) {
	left := `\fB\-\-` + escapeRoff(k.Name) + `\fR`
	if k.Short != "" {
		left = `\fB\-` + k.Short + `\fR, ` + left
	}
	switch {
	case k.Kind == config.Option:
		left += `[=\fI` + escapeRoff(k.Arg) + `\fR]`
	case k.Arg != "":
		left += ` \fI` + escapeRoff(k.Arg) + `\fR`
	}
	r.macro("TP")
	r.line(left)
	r.fill(k.Help)
}

// places are the files and variables of the commands that read a config file.
func (r *roff) places(m *manual, root bool) {
	if !root && !strings.Contains(strings.Join(m.own, "\n"), "--config PATH") {
		return
	}
	r.macro("SH", "FILES")
	r.item("$XDG_CONFIG_HOME/opensrs-doctor/config.yaml", "The config file of a user. Without XDG_CONFIG_HOME it is in ~/.config.")
	r.item("/etc/opensrs-doctor/config.yaml", "The config file of the host, read where the user has none.")
	r.macro("SH", "ENVIRONMENT")
	r.item("OPENSRS_USERNAME, OPENSRS_API_KEY, OPENSRS_CONFIG",
		"The username, the API key, and the path of the config file. A flag beats them, and they beat the file.")
	r.item("HTTPS_PROXY, NO_PROXY", "The proxy, unless --proxy says otherwise.")
	r.item("SSL_CERT_FILE, SSL_CERT_DIR", "This host's own certificates, except on Windows and macOS.")
	r.item("NO_COLOR", "No colours, unless --color says otherwise.")
	r.item("FORCE_COLOR, CLICOLOR_FORCE", "Colours off a terminal too, unless NO_COLOR is set.")
}

// neighbours point to the pages of the commands above, beside and below.
func (r *roff) neighbours(cmd *cobra.Command) {
	near := cmd.Commands()
	if cmd.HasParent() {
		near = append(near, cmd.Parent())
		if cmd.Parent().HasParent() {
			near = append(near, cmd.Parent().Commands()...)
		}
	}
	var names []string
	for _, one := range near {
		if one != cmd && hasManual(one) {
			names = append(names, `.BR \%`+escapeRoff(pageName(one))+` (1)`)
		}
	}
	slices.Sort(names)
	r.macro("SH", "SEE ALSO")
	r.line(".ad l") // names are not hyphenated, so lines cannot be adjusted
	r.line(strings.Join(names, ",\n"))
}

// hasManual reports whether a command has a page: the shells of completion have none, nor has what shells ask.
func hasManual(cmd *cobra.Command) bool {
	return !cmd.HasParent() || cmd.Parent().Name() != "completion" && !strings.HasPrefix(cmd.Name(), "__")
}

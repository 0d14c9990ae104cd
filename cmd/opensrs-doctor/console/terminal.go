package console

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"opensrs-doctor/report/screen"
)

// Widths of a text, in columns.
const (
	PlainWidth = 80  // of what goes to no terminal
	narrowest  = 34  // on a terminal that has fewer, lines run over
	widest     = 120 // longer lines are hard to read
)

// Terminal gives the file descriptor of a stream that is a terminal which obeys control characters.
func (s *Streams) Terminal(stream io.Writer) (int, bool) {
	file, isFile := stream.(*os.File)
	if !isFile || s.Getenv("TERM") == "dumb" || !term.IsTerminal(int(file.Fd())) {
		return 0, false
	}
	return int(file.Fd()), true
}

// ASCII reports whether the locale cannot show signs beyond ASCII. Where none is set, it can: few programs go by "C".
func (s *Streams) ASCII() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := strings.ToLower(s.Getenv(name)); locale != "" {
			return !strings.Contains(locale, "utf-8") && !strings.Contains(locale, "utf8")
		}
	}
	return false
}

// View is how the words of a report are set.
type View struct {
	Quiet, Verbose, ASCII bool
	Color                 string // auto, always or never
}

// colored reports whether words on standard output are in colour: as asked for, else as the environment has it, else on a
// terminal.
func (v View) colored(s *Streams, terminal bool) bool {
	forced := func(name string) bool {
		value := s.Getenv(name)
		return value != "" && value != "0" && value != "false"
	}
	switch {
	case v.Color == "always" || v.Color == "never":
		return v.Color == "always"
	case s.Getenv("NO_COLOR") != "":
		return false
	case forced("FORCE_COLOR") || forced("CLICOLOR_FORCE"):
		return true
	}
	return terminal
}

// Plain are the options of a text that goes to a file.
func (v View) Plain() screen.Options {
	return screen.Options{ASCII: v.ASCII, Quiet: v.Quiet, Verbose: v.Verbose, Width: PlainWidth}
}

// ForTerminal are the options of a text on standard output: in colour and at its width only on a terminal.
func (v View) ForTerminal(s *Streams) screen.Options {
	options := v.Plain()
	fd, is := s.Terminal(s.Stdout)
	options.Color = v.colored(s, is)
	options.ASCII = options.ASCII || s.ASCII()
	if is {
		if width, _, err := term.GetSize(fd); err == nil && width > 0 {
			options.Width = min(max(width, narrowest), widest)
		}
	}
	return options
}

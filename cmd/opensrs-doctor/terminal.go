package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"opensrs-doctor/probes"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report/screen"
)

// Widths of a text, in columns.
const (
	plainWidth = 80  // of what goes to no terminal
	narrowest  = 34  // on a terminal that has fewer, lines run over
	widest     = 120 // longer lines are hard to read
)

// terminal gives the file descriptor of a stream that is a terminal which obeys control characters.
func (s *streams) terminal(stream io.Writer) (int, bool) {
	file, isFile := stream.(*os.File)
	if !isFile || s.getenv("TERM") == "dumb" || !term.IsTerminal(int(file.Fd())) {
		return 0, false
	}
	return int(file.Fd()), true
}

// ascii reports whether the locale cannot show signs beyond ASCII. Where none is set, it can: few programs go by "C".
func (s *streams) ascii() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := strings.ToLower(s.getenv(name)); locale != "" {
			return !strings.Contains(locale, "utf-8") && !strings.Contains(locale, "utf8")
		}
	}
	return false
}

// view is how the words of a report are set.
type view struct {
	quiet, verbose, ascii bool
	color                 string // auto, always or never
}

// look is how the words of a report are set: by flags and file, else as the environment has it.
func (s *settings) look() (v view, err error) {
	v = view{quiet: s.bool("quiet"), verbose: s.bool("verbose"), ascii: s.bool("ascii")}
	if v.color, err = s.choice("color", "auto", "always", "never"); err != nil {
		return v, err
	}
	if s.bool("no-color") {
		if s.given("color") && v.color != "never" && s.merged["color"].from == s.merged["no-color"].from {
			return v, usagef("%s and %s contradict each other", s.merged["no-color"].place(0), s.merged["color"].place(0))
		}
		if s.merged["color"].from != "flag" {
			v.color = "never"
		}
	}
	return v, nil
}

// colored reports whether words on standard output are in colour: as asked for, else as the environment has it, else on a
// terminal.
func (v view) colored(s *streams, terminal bool) bool {
	forced := func(name string) bool {
		value := s.getenv(name)
		return value != "" && value != "0" && value != "false"
	}
	switch {
	case v.color == "always" || v.color == "never":
		return v.color == "always"
	case s.getenv("NO_COLOR") != "":
		return false
	case forced("FORCE_COLOR") || forced("CLICOLOR_FORCE"):
		return true
	}
	return terminal
}

// plain are the options of a text that goes to a file.
func (v view) plain() screen.Options {
	return screen.Options{ASCII: v.ascii, Quiet: v.quiet, Verbose: v.verbose, Width: plainWidth}
}

// forTerminal are the options of a text on standard output: in colour and at its width only on a terminal.
func (v view) forTerminal(s *streams) screen.Options {
	options := v.plain()
	fd, is := s.terminal(s.stdout)
	options.Color = v.colored(s, is)
	options.ASCII = options.ASCII || s.ascii()
	if is {
		if width, _, err := term.GetSize(fd); err == nil && width > 0 {
			options.Width = min(max(width, narrowest), widest)
		}
	}
	return options
}

// progress is, on a terminal, a row for each probe that has ended, and a live line that says which one runs. All of it is
// erased in the end: the report has the rows. Elsewhere it is nothing.
type progress struct {
	to    io.Writer // nil: no terminal
	plain bool      // no signs beyond ASCII
	rows  int       // above the live line
	fd    int
	mu    sync.Mutex
	probe string
	began time.Time
	stop  chan struct{}
	ended sync.WaitGroup
}

// startProgress shows the line until end is called.
func startProgress(s *streams) *progress {
	p := &progress{began: time.Now(), stop: make(chan struct{})}
	fd, is := s.terminal(s.stderr)
	if !is {
		return p
	}
	p.to, p.fd, p.plain = s.stderr, fd, s.ascii()
	p.ended.Go(func() {
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-ticker.C:
				p.draw()
			}
		}
	})
	return p
}

// watch is told when a probe starts and ends.
func (p *progress) watch(event probes.Event) {
	if p.to == nil {
		return
	}
	p.mu.Lock()
	if event.Status == "" {
		p.probe = event.Probe
	} else if event.Status != evidence.Skip && event.Took >= rowAfter {
		sign := map[evidence.Status]string{evidence.Pass: "✓", evidence.Warn: "!", evidence.Fail: "✗"}[event.Status]
		if p.plain {
			sign = map[evidence.Status]string{evidence.Pass: "ok", evidence.Warn: "!", evidence.Fail: "x"}[event.Status]
		}
		p.rows++
		fmt.Fprintf(p.to, "\r  %s %-7s %s\x1b[K\n", sign, event.Probe, screen.SpanMS(float64(event.Took.Milliseconds())))
	}
	p.mu.Unlock()
	p.draw()
}

// rowAfter is how long a probe takes at least that gets a row while the others run: quicker ones would only flicker.
const rowAfter = 20 * time.Millisecond

func (p *progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	line := fmt.Sprintf("  %-7s %.1f s", p.probe, time.Since(p.began).Seconds())
	if width, _, err := term.GetSize(p.fd); err == nil && width > 0 && len(line) >= width {
		line = line[:width-1] // a line that runs over could not be erased
	}
	fmt.Fprint(p.to, "\r"+line+"\x1b[K")
}

// end erases the line.
func (p *progress) end() {
	close(p.stop)
	p.ended.Wait()
	if p.to != nil {
		if p.rows > 0 {
			fmt.Fprintf(p.to, "\x1b[%dA", p.rows)
		}
		fmt.Fprint(p.to, "\r\x1b[J")
	}
}

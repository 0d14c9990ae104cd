package main

import (
	"fmt"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/observed"
	"opensrs-doctor/probes/sandbox"
	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
	"opensrs-doctor/report/signature"
)

// Bounds of the log: entries that wait to be written, and how long the end waits for them.
const (
	maxWaiting = 256
	ofOthers   = maxWaiting * 3 / 4 // those of callers on other machines, who may come in any number
	lastWords  = 500 * time.Millisecond
)

// logForms say what goes where. The log goes to standard output, or to standard error where that has something else
// to carry.
type logForms struct {
	document bool // standard output is the ready file's document, and nothing else
	lines    bool // the log is JSON, one object a line, and nothing else
	command  bool // a command runs: standard output is its own
}

// readLogForms reads --format and --log-format.
func readLogForms(s *config.Settings, command bool) (forms logForms, err error) {
	form, err := s.Choice("format", "human", "json")
	if err != nil {
		return forms, err
	}
	lines, err := s.Choice("log-format", "text", "json")
	if err != nil {
		return forms, err
	}
	forms = logForms{document: form == "json", lines: lines == "json", command: command}
	if forms.command && forms.document {
		return forms, s.Bad("format", 0, "json does not go with a command: the standard output is the command's own").
			WithHint("--ready-file PATH gets the same document, and --log-format json is for the log")
	}
	return forms, nil
}

// requestLog writes what the sandbox observes. A reader that does not read costs entries, not requests: a sandbox
// whose output is a full pipe goes on answering.
type requestLog struct {
	forms   logForms
	streams *console.Streams
	to      io.Writer // of the entries
	options screen.Options

	entries  chan observed.Observation
	lost     atomic.Int64
	observed atomic.Int64
	wrong    atomic.Int64 // of those observed
	failed   chan error
	done     chan struct{} // nil: nothing was announced yet
	once     sync.Once
}

func newRequestLog(v console.View, forms logForms, s *console.Streams) *requestLog {
	l := &requestLog{forms: forms, streams: s, to: s.Stdout, options: v.ForTerminal(s),
		entries: make(chan observed.Observation, maxWaiting), failed: make(chan error, 1)}
	if forms.document || forms.command {
		l.to, l.options = s.Stderr, v.Plain()
	}
	return l
}

// observe takes one observation. They come one at a time.
func (l *requestLog) observe(o observed.Observation) {
	l.observed.Add(1)
	if o.Wrong() {
		l.wrong.Add(1)
	}
	if o.Caller != callerHere.Get() && len(l.entries) >= ofOthers {
		l.lost.Add(1)
		return
	}
	select {
	case l.entries <- o:
	default:
		l.lost.Add(1)
	}
}

// callerHere is what callers on this machine count as.
var callerHere = lazy.Value[netip.Addr]{Make: func() netip.Addr {
	return netip.MustParseAddr(sandbox.CallerAddress)
}}

// announce says where the sandbox is, and has the entries follow.
func (l *requestLog) announce(r *sandboxReady, s *sandbox.Sandbox, fault string) error {
	c := s.Client()
	set := signature.SandboxSetting{
		URL: r.URL, Fault: fault, CAFile: r.CAFile, Username: r.Username, APIKeyFile: r.APIKeyFile,
		EgressSources: r.EgressSources, StatusURL: r.StatusURL, Resolvers: r.Resolvers, Proxy: r.Proxy,
		Rules: c.Rules, RulesOfFault: c.RulesGiven, Caller: sandbox.CallerAddress, HostsLine: r.HostsLine, Command: r.CheckCommand,
	}
	var err error
	switch {
	case l.forms.command && r.HostsLine != "":
		l.streams.Note("the hosts file has to hold the line %s", r.HostsLine)
	case l.forms.command:
	case l.forms.document:
		err = report.WriteDocument(l.streams.Stdout, r)
	case l.forms.lines:
		err = signature.WriteSandbox(l.streams.Stderr, set, l.options)
	default:
		err = signature.WriteSandbox(l.streams.Stdout, set, l.options)
	}
	if err != nil {
		return err
	}
	l.done = make(chan struct{})
	go l.write()
	return nil
}

// write puts each entry into words only here: one that was lost on the way is none that a later one may refer to.
func (l *requestLog) write() {
	defer close(l.done)
	words := signature.NewRequestLog(l.options)
	for o := range l.entries {
		lost, entry := l.lost.Swap(0), ""
		switch {
		case l.forms.lines && lost > 0:
			entry = signature.NotShownLine(o.At, lost) + signature.NewRequestRecord(o).Line()
		case l.forms.lines:
			entry = signature.NewRequestRecord(o).Line()
		case lost > 0:
			entry = signature.NotShown(lost) + words.Entry(o)
		default:
			entry = words.Entry(o)
		}
		if _, err := io.WriteString(l.to, entry); err != nil {
			l.failed <- err
			return
		}
	}
}

// close writes what waits, unless nobody takes it. The sandbox is closed by then. A second close does nothing.
func (l *requestLog) close() {
	l.once.Do(func() {
		close(l.entries)
		if l.done == nil {
			return
		}
		select {
		case <-l.done:
		case <-time.After(lastWords):
		}
	})
}

// verdict is the exit status after a command that ended with that one: 1 where all went well by the command, and not
// by the log.
func (l *requestLog) verdict(status int, fault string) error {
	observed, wrong := l.observed.Load(), l.wrong.Load()
	switch {
	case observed == 0 && fault == "":
		l.streams.Note("nothing has reached the sandbox")
	case status == console.ExitOK && wrong > 0:
		mistakes := "a mistake"
		if wrong > 1 {
			mistakes = fmt.Sprintf("mistakes in %d entries", wrong)
		}
		l.streams.Say("error: ", "the command ended with exit status 0, but the sandbox's log holds "+mistakes)
		return console.ExitError(console.ExitFail)
	}
	if status == console.ExitOK {
		return nil
	}
	return console.ExitError(status)
}

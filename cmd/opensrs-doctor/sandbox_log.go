package main

import (
	"io"
	"sync/atomic"
	"time"

	"opensrs-doctor/probes/sandbox"
	"opensrs-doctor/report"
)

// Bounds of the log: entries that wait to be written, and how long the end waits for them.
const (
	maxWaiting = 256
	lastWords  = 500 * time.Millisecond
)

// requestLog writes what the sandbox observes. A reader that does not read costs entries, not requests: a sandbox
// whose output is a full pipe goes on answering.
type requestLog struct {
	asJSON  bool
	streams *streams
	to      io.Writer // of the entries
	options report.TextOptions
	words   *report.RequestLog

	entries chan string
	lost    atomic.Int64
	failed  chan error
	done    chan struct{} // nil: nothing was announced yet
}

func newRequestLog(v view, asJSON bool, s *streams) *requestLog {
	l := &requestLog{asJSON: asJSON, streams: s, to: s.stdout, options: v.forTerminal(s),
		entries: make(chan string, maxWaiting), failed: make(chan error, 1)}
	if asJSON {
		l.to, l.options = s.stderr, v.plain()
	}
	l.words = report.NewRequestLog(l.options)
	return l
}

// observe takes one observation. They come one at a time.
func (l *requestLog) observe(o sandbox.Observation) {
	select {
	case l.entries <- l.words.Entry(o):
	default:
		l.lost.Add(1)
	}
}

// announce says where the sandbox is, and has the entries follow.
func (l *requestLog) announce(r *sandboxReady, s *sandbox.Sandbox, fault string) error {
	var err error
	if l.asJSON {
		err = writeJSON(l.streams.stdout, r)
	} else {
		c := s.Client()
		err = report.WriteSandbox(l.streams.stdout, report.SandboxSetting{
			URL: r.URL, Fault: fault, CAFile: r.CAFile, Username: r.Username, APIKeyFile: r.APIKeyFile,
			EgressSources: r.EgressSources, StatusURL: r.StatusURL, Resolvers: r.Resolvers, Proxy: r.Proxy,
			Rules: c.Rules, RulesOfFault: c.RulesGiven, Caller: s.LocalCaller, Command: r.CheckCommand,
		}, l.options)
	}
	if err != nil {
		return err
	}
	l.done = make(chan struct{})
	go l.write()
	return nil
}

func (l *requestLog) write() {
	defer close(l.done)
	for entry := range l.entries {
		if lost := l.lost.Swap(0); lost > 0 {
			entry = report.NotShown(lost) + entry
		}
		if _, err := io.WriteString(l.to, entry); err != nil {
			l.failed <- err
			return
		}
	}
}

// close writes what waits, unless nobody takes it. The sandbox is closed by then.
func (l *requestLog) close() {
	close(l.entries)
	if l.done == nil {
		return
	}
	select {
	case <-l.done:
	case <-time.After(lastWords):
	}
}

package console

import (
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/term"

	"opensrs-doctor/probes"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report/screen"
)

// Progress is, on a terminal, a row for each probe that has ended, and a live line that says which one runs. All of it is
// erased in the end: the report has the rows. Elsewhere it is nothing.
type Progress struct {
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

// StartProgress shows the line until End is called.
func StartProgress(s *Streams) *Progress {
	p := &Progress{began: time.Now(), stop: make(chan struct{})}
	fd, is := s.Terminal(s.Stderr)
	if !is {
		return p
	}
	p.to, p.fd, p.plain = s.Stderr, fd, s.ASCII()
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

// Watch is told when a probe starts and ends.
func (p *Progress) Watch(event probes.Event) {
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

func (p *Progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	line := fmt.Sprintf("  %-7s %.1f s", p.probe, time.Since(p.began).Seconds())
	if width, _, err := term.GetSize(p.fd); err == nil && width > 0 && len(line) >= width {
		line = line[:width-1] // a line that runs over could not be erased
	}
	fmt.Fprint(p.to, "\r"+line+"\x1b[K")
}

// End erases the line.
func (p *Progress) End() {
	close(p.stop)
	p.ended.Wait()
	if p.to != nil {
		if p.rows > 0 {
			fmt.Fprintf(p.to, "\x1b[%dA", p.rows)
		}
		fmt.Fprint(p.to, "\r\x1b[J")
	}
}

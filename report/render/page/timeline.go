package page

import (
	"fmt"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// timeline is where the time of a run went, as it can be drawn: the probes one after the other, and what was
// asked inside and beside them. All times are in milliseconds.
type timeline struct {
	Total float64
	Bars  []timeBar // of the probes that ran, in their order
}

// timeBar is one probe: where it begins and how long it took.
type timeBar struct {
	Name      string
	Mark      mark
	Start, MS float64
	Inner     []TimeSpan
	More      int // questions that are left out
}

// TimeSpan is one question. When it was asked is not recorded: it is drawn from the beginning of its probe.
type TimeSpan struct {
	Name string
	MS   float64
	OK   bool
	Note string // "late", "not waited for"; or ""
}

// mostSpans is how many questions of one probe are drawn.
const mostSpans = 16

// TimelineOf draws the time of a report. Probes run in sequence, so each begins where the last one ended. What is
// left of the run behind them went into follow-ups, and is a bar of its own.
func TimelineOf(r *report.Report) timeline {
	var line timeline
	d := Drawing{R: r, Seen: r.Evidence()}
	at, failed := 0.0, -1
	for _, row := range r.Probes {
		if row.Status == evidence.Skip {
			continue
		}
		bar := timeBar{Name: row.Name, Mark: d.markOf(row), Start: at, MS: screen.Sane(row.DurationMS)}
		bar.Inner = d.questions(row.Name)
		if row.Status == evidence.Fail && row.Name != "rules" && (failed < 0 || line.Bars[failed].Name == "egress") {
			failed = len(line.Bars)
		}
		line.Bars = append(line.Bars, bar)
		at += bar.MS
	}
	if failed >= 0 {
		line.Bars[failed].Inner = append(line.Bars[failed].Inner, FollowUps(d.Seen)...)
	}
	line.Total = max(at, screen.Sane(r.DurationMS))
	if rest := line.Total - at; len(line.Bars) > 0 && rest > max(5, line.Total/50) {
		name := "the rest"
		if failed >= 0 {
			name = "follow-ups"
		}
		line.Bars = append(line.Bars, timeBar{Name: name, Mark: markUnknown, Start: at, MS: rest})
	}
	for i, bar := range line.Bars {
		if len(bar.Inner) > mostSpans {
			line.Bars[i].Inner, line.Bars[i].More = bar.Inner[:mostSpans], len(bar.Inner)-mostSpans
		}
	}
	return line
}

// questions are what a probe itself asked.
func (d *Drawing) questions(name string) []TimeSpan {
	var spans []TimeSpan
	add := func(name string, ms float64, ok bool, note string) {
		if ms > 0 {
			spans = append(spans, TimeSpan{Name: name, MS: screen.Sane(ms), OK: ok, Note: note})
		}
	}
	switch e := d.Seen; {
	case name == "egress" && e.Egress != nil:
		for _, s := range firstOf(e.Egress.Sightings, 64) {
			asked := reading.SourceName(s.Source)
			if s.Path == evidence.WayDirect && e.Host.Proxy != nil {
				asked += ", without the proxy"
			}
			note := ""
			if s.Late {
				note = "late"
			}
			add(asked, s.TookMS, s.Failure == nil, note)
		}
	case name == "dns" && e.DNS != nil:
		for _, a := range firstOf(e.DNS.Answers, 64) {
			note := ""
			if a.Pending {
				note = "not waited for"
			}
			add(reading.PlainServer(a.Resolver), a.TookMS, a.Failure == nil, note)
		}
	case name == "port" && e.Port != nil:
		for _, a := range firstOf(e.Port.Attempts, 64) {
			add(netaddr.PortText(a.Address), a.TookMS, a.Connected, "")
		}
	case name == "call" && e.Call != nil:
		add("reply", e.Call.TookMS, e.Call.Sent, "")
	}
	return spans
}

// FollowUps are what was asked besides, to explain a failure.
func FollowUps(e *evidence.Evidence) []TimeSpan {
	var spans []TimeSpan
	add := func(name string, ms float64, ok bool) {
		if ms > 0 {
			spans = append(spans, TimeSpan{Name: name, MS: screen.Sane(ms), OK: ok})
		}
	}
	for _, c := range firstOf(e.Controls, 64) {
		add("control "+c.Peer, c.TookMS, c.Connected)
	}
	if e.Port != nil {
		for _, a := range firstOf(e.Port.OtherPorts, 64) {
			add(netaddr.PortText(a.Address), a.TookMS, a.Connected)
		}
	}
	if e.Direct != nil && e.Direct.Attempt != nil {
		add(netaddr.PortText(e.Direct.Attempt.Address)+", without the proxy", e.Direct.Attempt.TookMS, e.Direct.Attempt.Connected)
	}
	if walk := e.Walk(); walk != nil {
		longest, hops := 0.0, firstOf(walk.Port, mostHops)
		for _, h := range hops {
			longest = max(longest, h.TookMS)
		}
		add(fmt.Sprintf("path walk, %d hops", len(hops)), longest, true)
	}
	if e.DNS != nil && e.DNS.MadeUp != nil {
		add("a made-up name", e.DNS.MadeUp.TookMS, true)
	}
	if e.DNS != nil && e.DNS.Other != nil {
		add("another name", e.DNS.Other.TookMS, true)
	}
	if e.TLS != nil {
		for _, v := range firstOf(e.TLS.Variants, 64) {
			if v.NotMade == "" {
				add("handshake, "+v.Name, v.TookMS, v.Works)
			}
		}
	}
	return spans
}

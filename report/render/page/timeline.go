package page

import (
	"fmt"

	"opensrs-doctor/probes/evidence"
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
	d := Drawing{R: r}
	at, failed := 0.0, -1
	for _, row := range r.Probes {
		if row.Status == evidence.Skip {
			continue
		}
		bar := timeBar{Name: row.Name, Mark: d.markOf(row), Start: at, MS: screen.Sane(row.DurationMS)}
		bar.Inner = questions(r, row.Name)
		if row.Status == evidence.Fail && row.Name != "rules" && (failed < 0 || line.Bars[failed].Name == "egress") {
			failed = len(line.Bars)
		}
		line.Bars = append(line.Bars, bar)
		at += bar.MS
	}
	if failed >= 0 {
		line.Bars[failed].Inner = append(line.Bars[failed].Inner, FollowUps(r)...)
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
func questions(r *report.Report, name string) []TimeSpan {
	var spans []TimeSpan
	add := func(name string, ms float64, ok bool, note string) {
		if ms > 0 {
			spans = append(spans, TimeSpan{Name: name, MS: screen.Sane(ms), OK: ok, Note: note})
		}
	}
	switch name {
	case "egress":
		for _, s := range firstOf(report.Seen[reading.AddressFacts](r, name).Sightings, 64) {
			asked := reading.SourceName(s.Source)
			if s.Path == "direct" && r.Host.Proxy != nil {
				asked += ", without the proxy"
			}
			note := ""
			if s.Late {
				note = "late"
			}
			add(asked, s.TookMS, s.Failure == nil, note)
		}
	case "dns":
		for _, a := range firstOf(report.Seen[reading.NameFacts](r, name).Answers, 64) {
			note := ""
			if a.Pending {
				note = "not waited for"
			}
			add(reading.PlainServer(a.Resolver), a.TookMS, a.Failure == nil, note)
		}
	case "port":
		for _, a := range firstOf(report.Seen[reading.ConnectionFacts](r, name).Attempts, 64) {
			add(a.Address, a.TookMS, a.Connected, "")
		}
	case "call":
		facts := report.Seen[reading.ReplyFacts](r, name)
		add("reply", facts.TookMS, facts.Sent, "")
	}
	return spans
}

// FollowUps are what was asked besides, to explain a failure.
func FollowUps(r *report.Report) []TimeSpan {
	var spans []TimeSpan
	add := func(name string, ms float64, ok bool) {
		if ms > 0 {
			spans = append(spans, TimeSpan{Name: name, MS: screen.Sane(ms), OK: ok})
		}
	}
	port := report.Seen[reading.ConnectionFacts](r, "port")
	for _, c := range firstOf(port.Controls, 64) {
		add("control "+c.Peer, c.TookMS, c.Connected)
	}
	for _, a := range firstOf(port.OtherPorts, 64) {
		add(a.Address, a.TookMS, a.Connected)
	}
	if port.Direct != nil && port.Direct.Attempt != nil {
		add(port.Direct.Attempt.Address+", without the proxy", port.Direct.Attempt.TookMS, port.Direct.Attempt.Connected)
	}
	if walk := port.Path; walk != nil {
		longest := 0.0
		for _, h := range firstOf(walk.Port, mostHops) {
			longest = max(longest, h.TookMS)
		}
		add(fmt.Sprintf("path walk, %d hops", len(firstOf(walk.Port, mostHops))), longest, true)
	}
	names := report.Seen[reading.NameFacts](r, "dns")
	for _, asked := range []struct {
		name   string
		answer *reading.AnswerTime
	}{{"a made-up name", names.MadeUp}, {"another name", names.Other}} {
		if asked.answer != nil {
			add(asked.name, asked.answer.TookMS, true)
		}
	}
	for _, v := range firstOf(report.Seen[reading.HandshakeFacts](r, "tls").Variants, 64) {
		if v.NotMade == "" {
			add("handshake, "+v.Name, v.TookMS, v.Works)
		}
	}
	return spans
}

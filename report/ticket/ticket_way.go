package ticket

import (
	"fmt"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// roundTrips replace ping.
func (l *letter) roundTrips() {
	l.title("Round trip and loss (ping)")
	trips := report.Known(l.seen.Port).RoundTrips
	if trips == nil || trips.Sent == 0 {
		l.sayf(2, "Not measured. Port: %s", sentenceEnd(probeSummary(l.r, "port")))
		return
	}
	to := netaddr.PortText(trips.To)
	if l.r.Host.Proxy != nil {
		to = "the proxy, " + to
	}
	answered := fmt.Sprintf("%d answered", trips.Answered)
	if trips.Refused > 0 {
		answered += fmt.Sprintf(" (%d with a refusal)", trips.Refused)
	}
	l.sayf(2, "%d TCP connections to %s, on which nothing was sent: %s, %d lost, %d failed.", trips.Sent, to, answered,
		trips.Lost, trips.Failed)
	if trips.Answered > 0 {
		l.sayf(2, "Round trip: least %s, median %s, most %s.", fineMS(trips.MinMS), fineMS(trips.MedianMS), fineMS(trips.MaxMS))
	}
	if trips.Resent != nil {
		l.sayf(2, "TCP segments sent again: %d.", *trips.Resent)
	}
	if trips.Failure != nil {
		l.sayf(2, "The first that failed: %s.", seenFailure(trips.Failure))
	}
}

// fineMS is a time with the decimals that a round trip needs.
func fineMS(ms float64) string {
	if ms < 100 {
		return fmt.Sprintf("%.1f ms", ms)
	}
	return screen.SpanMS(ms)
}

// walk replaces traceroute.
func (l *letter) walk() {
	l.title("The path (traceroute)")
	path := l.seen.Walk()
	switch {
	case path == nil && l.r.Host.Proxy != nil:
		l.say(2, "Not walked: the call goes through a proxy, and the path after it cannot be seen from here.")
		return
	case path == nil:
		l.sayf(2, "Not walked. Port: %s", sentenceEnd(probeSummary(l.r, "port")))
		return
	case !path.Available:
		l.sayf(2, "Not walked: %s.", path.Why)
		return
	}
	const column = "%-6s%-37s%s"
	l.say(2, "TCP packets with growing TTL, for two ports of the endpoint:")
	l.table(column, "hop", fmt.Sprintf("port %d", l.r.Target.Port), fmt.Sprintf("port %d", path.ComparedTo))
	for ttl := 1; ttl <= max(lastTTL(path.Port), lastTTL(path.Compare)); ttl++ {
		l.table(column, fmt.Sprint(ttl), stepWords(path.Port, ttl), stepWords(path.Compare, ttl))
	}
	switch {
	case path.Distance > 0 && path.ByHost:
		l.sayf(2, "The endpoint's host is %s.", reading.FarWords(path))
	case path.Distance > 0:
		l.sayf(2, "Port %d is taken at hop %d.", path.ComparedTo, path.Distance)
	}
	for _, text := range reading.EndingOf(l.seen).Evidence(int(l.r.Target.Port)) {
		l.say(2, text)
	}
}

// table writes one line of columns, without wrapping.
func (l *letter) table(format string, cells ...any) {
	for i := range cells {
		cells[i] = screen.Clean(fmt.Sprint(cells[i]))
	}
	l.Raw(strings.TrimRight("  "+fmt.Sprintf(format, cells...), " "), screen.Plain)
	l.End()
}

func lastTTL(steps []evidence.Hop) int {
	last := 0
	for _, one := range steps {
		last = max(last, min(one.TTL, 64))
	}
	return last
}

// stepWords is what answered at one TTL; "" where nothing was asked.
func stepWords(steps []evidence.Hop, ttl int) string {
	for _, one := range steps {
		if one.TTL != ttl {
			continue
		}
		words := strings.ReplaceAll(one.Answer, "-", " ")
		switch {
		case one.Answer == evidence.HopSilence:
			return words
		case one.Answer == evidence.HopTimeExceeded:
			words = one.Sender()
		case one.From.IsValid():
			words += fmt.Sprintf(" by %s (ICMP %d/%d)", one.Sender(), one.ICMPType, one.ICMPCode)
		}
		return words + ", " + fineMS(one.TookMS)
	}
	return ""
}

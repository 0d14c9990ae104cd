package screen

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"opensrs-doctor/probes/wording"
)

// Texts are the items as they print themselves, in their order.
func Texts[T fmt.Stringer](items []T) []string {
	all := make([]string, len(items))
	for i, item := range items {
		all[i] = item.String()
	}
	return all
}

// List is "A", "A and B", "A, B and C"; of many, the first five and how many more.
func List(items []string) string {
	const most = 5
	if len(items) > most+1 {
		items = append(items[:most:most], strconv.Itoa(len(items)-most)+" more")
	}
	return wording.Join(items, "and")
}

// Once adds a name to a list that does not have it yet: each is told once.
func Once(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}

// Day is a date, "2026-03-01", in UTC.
func Day(t time.Time) string { return t.UTC().Format("2006-01-02") }

// Span is a duration as people say it, without a sign: "2 h 3 min", "5 days", "3.0 s".
func Span(d time.Duration) string {
	d = d.Abs()
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours()/24+0.5))
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	case d >= time.Minute:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// SpanMS is a time that was measured, in milliseconds, to the tenth of a second: "0 ms", "41 ms", "3.0 s", "2 min 5 s".
func SpanMS(ms float64) string {
	switch rounded := math.Round(ms); {
	case rounded < 1000:
		return fmt.Sprintf("%.0f ms", rounded)
	case rounded < 99950:
		return fmt.Sprintf("%.1f s", rounded/1000)
	default:
		seconds := math.Round(ms / 1000)
		return fmt.Sprintf("%.0f min %.0f s", math.Floor(seconds/60), math.Mod(seconds, 60))
	}
}

// Sane is a time in milliseconds that can be drawn, from 0 to a day: a saved report may hold any number.
func Sane(ms float64) float64 {
	const day = 24 * 60 * 60 * 1000
	if math.IsNaN(ms) || ms < 0 {
		return 0
	}
	return min(ms, day)
}

// Capital begins a text with a capital letter, where it begins with a letter of ASCII.
func Capital(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// CountWords is "1 host", "2 hosts".
func CountWords[N wording.Number](n N, one, many string) string { return wording.Count(n, one, many) }

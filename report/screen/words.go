package screen

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"opensrs-doctor/probes/wording"
)

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

func Day(t time.Time) string { return t.UTC().Format("2006-01-02") }

// Span is a duration as people say it: "2 h 3 min", "5 days", "3 s".
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

func Capital(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// CountWords is "1 host", "2 hosts".
func CountWords[N wording.Number](n N, one, many string) string { return wording.Count(n, one, many) }

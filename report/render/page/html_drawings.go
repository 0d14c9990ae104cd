package page

import (
	"fmt"
	"math"

	"opensrs-doctor/report"
	"opensrs-doctor/report/render"
	"opensrs-doctor/report/screen"
)

// pagePlace is a place of the way, in the words of the page.
type pagePlace struct {
	Kind            PlaceKind
	Label           string // of the break
	Name, ID, Words string
	Mark            mark
	Break           bool
	On              bool // packets went on from here to the next place
}

func pagePlaces(r *report.Report) []pagePlace {
	places := RouteOf(r).Places
	shown := make([]pagePlace, 0, len(places))
	for i, p := range places {
		next := pagePlace{Kind: p.Kind, Name: inline(p.Name), ID: inline(p.ID), Words: inline(p.Words), Mark: p.Mark,
			Break: p.Break, On: i+1 < len(places) && (places[i+1].Joined || places[i+1].Kind == PlaceGap)}
		if p.Break {
			next.Label = BreakLabel(r)
		}
		shown = append(shown, next)
	}
	return shown
}

// BreakLabel says that the break is here, as surely as the diagnosis does.
func BreakLabel(r *report.Report) string {
	label := "It breaks here"
	switch d := r.Diagnoses[0]; {
	case d.Severity == report.Warn:
		label = "Look here"
	case render.Ended(r, "call"):
		label = "The fault is here"
	}
	return label + map[string]string{string(report.Likely): ", likely", string(report.Possible): ", possibly"}[r.Diagnoses[0].Sureness()]
}

// pageTime is the waterfall: bars on a scale of 0 to 1000.
type pageTime struct {
	Total string
	Bars  []pageBar
	Inner []pageBar
	Left  string
}

type pageBar struct {
	Name, Begins, Took, Said string
	Mark                     mark
	OK                       bool
	X, Width                 string // of 1000
}

// thinnest is the width of a bar that took no time to speak of, of 1000.
const thinnest = 6

// pageTimeOf is nil where nothing ran.
func pageTimeOf(r *report.Report) *pageTime {
	line := TimelineOf(r)
	if len(line.Bars) == 0 || line.Total <= 0 {
		return nil
	}
	shown := &pageTime{Total: screen.SpanMS(line.Total)}
	left := 0
	for _, bar := range line.Bars {
		x, width := scaled(bar.Start, bar.MS, line.Total)
		shown.Bars = append(shown.Bars, pageBar{Name: inline(bar.Name), Begins: "after " + screen.SpanMS(bar.Start),
			Took: screen.SpanMS(bar.MS), Mark: bar.Mark, X: x, Width: width})
		for _, span := range bar.Inner {
			x, width := scaled(bar.Start, span.MS, line.Total)
			question := pageBar{Name: inline(bar.Name + ": " + span.Name), Took: screen.SpanMS(span.MS), OK: span.OK,
				Said: "answered", X: x, Width: width}
			if span.Note != "" {
				question.Name += ", " + span.Note
			}
			if !span.OK {
				question.Said = "no answer, or not the one hoped for"
			}
			shown.Inner = append(shown.Inner, question)
		}
		left += bar.More
	}
	if left > 0 {
		shown.Left = fmt.Sprintf("%d more are in the JSON report.", left)
	}
	return shown
}

// scaled places a bar; one that nobody would see is made wide enough, and none leaves the scale.
func scaled(start, ms, total float64) (x, width string) {
	w := max(math.Round(1000*ms/total), thinnest)
	at := min(math.Round(1000*start/total), 1000-thinnest)
	return fmt.Sprintf("%.0f", at), fmt.Sprintf("%.0f", min(w, 1000-at))
}

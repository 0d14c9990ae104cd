package report

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// columns counts as a terminal does. East Asian ambiguous signs count one column, whatever the locale
// says, so that the same report gives the same screen everywhere.
var columns = &runewidth.Condition{EastAsianWidth: false}

// widthOf is the number of columns that text takes.
func widthOf(text string) int { return columns.StringWidth(text) }

// wrap breaks text between words into lines of at most width columns. A word that is wider gets a line
// of its own: a cut address or command would be worse than a wide line. Text without words gives one
// empty line.
func wrap(text string, width int) []string {
	var lines []string
	line, used := "", 0
	for _, word := range strings.Fields(text) {
		w := widthOf(word)
		switch {
		case line == "":
			line, used = word, w
		case used+1+w <= width:
			line, used = line+" "+word, used+1+w
		default:
			lines = append(lines, line)
			line, used = word, w
		}
	}
	return append(lines, line)
}

// clip shortens text to width columns, with an ellipsis where something is left out.
func clip(text string, width int) string { return columns.Truncate(text, width, "…") }

// firstFitting is the first text of at most width columns, else the last one.
func firstFitting(width int, texts ...string) string {
	for _, text := range texts {
		if widthOf(text) <= width {
			return text
		}
	}
	return texts[len(texts)-1]
}

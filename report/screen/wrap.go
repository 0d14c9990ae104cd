package screen

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// columns counts as a terminal does. East Asian ambiguous signs count one column, whatever the locale
// says, so that the same report gives the same screen everywhere.
var columns = &runewidth.Condition{EastAsianWidth: false}

// WidthOf is the number of columns that text takes.
func WidthOf(text string) int { return columns.StringWidth(text) }

// Wrap breaks text between words into lines of at most width columns. A word that is wider gets a line
// of its own: a cut address or command would be worse than a wide line. Only East Asian text, which has no
// spaces, is broken inside. Text without words gives one empty line.
func Wrap(text string, width int) []string {
	var lines []string
	line, used := "", 0
	for _, word := range strings.Fields(text) {
		for i, word := range piecesOf(word, width) {
			w := WidthOf(word)
			switch {
			case line == "":
				line, used = word, w
			case i == 0 && used+1+w <= width:
				line, used = line+" "+word, used+1+w
			default:
				lines = append(lines, line)
				line, used = word, w
			}
		}
	}
	return append(lines, line)
}

// piecesOf is a word, or the pieces of at most width columns of one that is wider: it may be broken where a
// wide character comes before or after.
func piecesOf(word string, width int) []string {
	if WidthOf(word) <= width {
		return []string{word}
	}
	var pieces []string
	from, last, used, wide := 0, 0, 0, false // last: the latest place to break; used: columns since from
	for at, r := range word {
		w := columns.RuneWidth(r)
		if at > from && (w == 2 || wide) {
			last = at
		}
		if used += w; used > width && last > from {
			pieces = append(pieces, word[from:last])
			used = WidthOf(word[last:at]) + w
			from = last
		}
		wide = w == 2
	}
	return append(pieces, word[from:])
}

// Clip shortens text to width columns, with an ellipsis where something is left out.
func Clip(text string, width int) string { return columns.Truncate(text, width, "…") }

// FirstFitting is the first text of at most width columns, else the last one.
func FirstFitting(width int, texts ...string) string {
	for _, text := range texts {
		if WidthOf(text) <= width {
			return text
		}
	}
	return texts[len(texts)-1]
}

package clientsettings

import (
	"strings"
	"unicode"

	"opensrs-doctor/probes/lazy"
)

// Bounds of a line that is taken apart: how deep brackets are followed, and how many settings it has.
const (
	maxDepth  = 16
	maxPieces = 4096
)

var (
	// What stands after a semicolon between two settings.
	another = lazy.Pattern{Text: `^\s*(?:define\b|if\b|export\s|const\s|let\s|var\s|my\s|our\s|[$@])`}
	// Two values of PHP's serialize(), a name and what it has.
	serialized = lazy.Pattern{Text: `s:\d+:"([\w.-]+)";(?:s:\d+:"([^"]*)"|i:(\d+));`}
)

// piecesOf are the settings of a line that holds several, each as on a line of its own and indented by its depth: JSON and
// arrays on one line, define()s one after the other, what PHP serialized. Any other line is one piece, as it is.
func piecesOf(line string) []string {
	if pairs := serialized.Regexp().FindAllStringSubmatch(line, -1); len(pairs) > 0 {
		var pieces []string
		for _, pair := range pairs {
			pieces = append(pieces, `"`+pair[1]+`" => "`+pair[2]+pair[3]+`"`)
		}
		return pieces
	}
	var pieces []string
	indent, start, depth := len(line)-len(strings.TrimLeft(line, " \t")), 0, 0
	end := func(at, next int) {
		if piece := strings.TrimSpace(line[start:at]); piece != "" {
			pieces = append(pieces, strings.Repeat(" ", indent+depth)+piece)
		}
		start = next
	}
	groups := groupsOf(line)
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case groups.quoted(i) || len(pieces) > maxPieces:
		case groups.closing[i] > 0 && depth < maxDepth && groups.named[i] && (c != '(' || takesSettings(line[max(start, i-80):i])):
			end(i+1, i+1)
			depth++
			groups.opened[groups.closing[i]] = true
		case groups.closing[i] > 0: // it holds no settings
			i = groups.closing[i]
		case groups.opened[i]:
			end(i, i+1)
			depth--
		case c == ',' && depth > 0, c == ';' && another.Regexp().MatchString(line[i+1:min(len(line), i+40)]):
			end(i, i+1)
		}
	}
	if len(pieces) == 0 {
		return []string{line}
	}
	end(len(line), len(line))
	return pieces
}

// takesSettings reports whether what a parenthesis stands behind may be given settings: not a condition, not what a function
// takes, and not a call that asks for one.
func takesSettings(before string) bool {
	words := strings.FieldsFunc(strings.ToLower(before), func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i := len(words) - 1; i >= max(0, len(words)-2); i-- {
		switch word := words[i]; word {
		case "function", "def", "fn", "func":
			return false
		case "define", "if", "elsif", "elseif", "while", "for", "foreach", "switch", "catch", "config", "option", "secret", "fetch":
			return i < len(words)-1
		default:
			if i == len(words)-1 && (strings.Contains(word, "env") || strings.HasPrefix(word, "get") || strings.HasPrefix(word, "param")) {
				return false
			}
		}
	}
	return true
}

// groups are the brackets of a line.
type groups struct {
	inQuotes []bool
	closing  map[int]int  // where a bracket that is closed on the line ends
	named    map[int]bool // of those, which have a name with a value between them
	opened   map[int]bool // the ends of those that were taken apart
}

func (g groups) quoted(i int) bool { return g.inQuotes[i] }

// groupsOf finds the brackets of a line in one pass, whatever it holds.
func groupsOf(line string) groups {
	g := groups{make([]bool, len(line)), map[int]int{}, map[int]bool{}, map[int]bool{}}
	type bracket struct{ at, names int }
	var open []bracket
	names, quote := 0, byte(0)
	for i := 0; i < len(line); i++ {
		c := line[i]
		if quote != 0 {
			g.inQuotes[i] = true
			if c == '\\' && i+1 < len(line) {
				i++
				g.inQuotes[i] = true
			} else if c == quote {
				quote = 0
			}
			continue
		}
		switch c {
		case '"', '\'', '`':
			quote, g.inQuotes[i] = c, true
		case '=', ':':
			names++
		case '{', '[', '(':
			open = append(open, bracket{i, names})
		case '}', ']', ')':
			if last := len(open) - 1; last >= 0 && line[open[last].at] == map[byte]byte{'}': '{', ']': '[', ')': '('}[c] {
				g.closing[open[last].at], g.named[open[last].at] = i, names > open[last].names
				open = open[:last]
			}
		}
	}
	return g
}

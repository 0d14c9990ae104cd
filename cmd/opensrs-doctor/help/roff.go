package help

import (
	"fmt"
	"strings"
	"unicode"
)

// roff is a page in the making, in the language of man(7).
type roff struct{ text strings.Builder }

func (r *roff) line(text string) {
	if strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	r.text.WriteString(text + "\n")
}

// macro writes a request with its arguments.
func (r *roff) macro(name string, arguments ...string) {
	text := "." + name
	for _, one := range arguments {
		text += ` "` + escapeRoff(one) + `"`
	}
	r.line(text)
}

// item is a term with its explanation.
func (r *roff) item(term, text string) {
	r.macro("TP")
	r.line(`\fI` + escapeRoff(term) + `\fR`)
	r.fill(text)
}

// paragraphs sets the lines of paragraphs: what is indented stays as it is, all else is filled.
func (r *roff) paragraphs(paragraphs []string) {
	for i, paragraph := range paragraphs {
		if i > 0 {
			r.macro("PP")
		}
		var running []string
		literal := false
		for line := range strings.SplitSeq(paragraph, "\n") {
			if indented := strings.HasPrefix(line, "  "); indented != literal {
				r.fill(strings.Join(running, " "))
				running, literal = nil, indented
				r.literal(indented)
			}
			if literal {
				r.line(guardRoff(escapeRoff(line)))
			} else {
				running = append(running, line)
			}
		}
		r.fill(strings.Join(running, " "))
		if literal {
			r.literal(false)
		}
	}
}

// literal begins or ends lines that are not filled.
func (r *roff) literal(begins bool) {
	if begins {
		r.macro("EX")
	} else {
		r.macro("EE")
	}
}

// fill writes running text, a sentence a line.
func (r *roff) fill(text string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" {
			line += " "
		}
		line += markRoff(word)
		if strings.HasSuffix(word, ".") || strings.HasSuffix(word, "?") || len(line) > 70 {
			r.line(guardRoff(line))
			line = ""
		}
	}
	if line != "" {
		r.line(guardRoff(line))
	}
}

// markRoff escapes a text and sets the flags in it in bold.
func markRoff(text string) string {
	words := strings.Split(text, " ")
	for i, word := range words {
		core := strings.TrimLeft(word, "([")
		name := strings.TrimRight(core, ".,;:)]")
		if !strings.HasPrefix(core, "-") || !strings.ContainsFunc(name, unicode.IsLetter) {
			words[i] = escapeRoff(word)
			continue
		}
		words[i] = escapeRoff(word[:len(word)-len(core)]) + `\fB` + escapeRoff(name) + `\fR` + escapeRoff(core[len(name):])
	}
	return strings.Join(words, " ")
}

// guardRoff keeps a line of text from being taken as a request.
func guardRoff(line string) string {
	if strings.HasPrefix(line, ".") {
		return `\&` + line
	}
	return line
}

// escapeRoff writes a text so that every character is printed as itself, in ASCII.
func escapeRoff(text string) string {
	var out strings.Builder
	for _, r := range text {
		switch {
		case strings.ContainsRune(`\-'"^~`+"`", r):
			out.WriteString(map[rune]string{'\\': `\e`, '-': `\-`, '\'': `\(aq`, '"': `\(dq`, '^': `\(ha`, '~': `\(ti`,
				'`': `\(ga`}[r])
		case r > unicode.MaxASCII:
			fmt.Fprintf(&out, `\[u%04X]`, r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

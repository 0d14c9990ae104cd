package report

import (
	"fmt"
	"slices"
	"strings"
)

// How many lines of evidence the screen shows of the first diagnosis, and of each further one. The JSON
// report and -v have all of them.
const (
	evidenceShown     = 6
	evidenceShownAlso = 2
)

// diagnosis writes the first one: what is wrong, why the evidence says so, what to do.
func (s *screen) diagnosis(d Diagnosis) {
	sign, in := s.mark(string(d.Severity))
	s.headline(0, sign, in, in, d)
	if s.options.Quiet {
		s.numbered(2, d.Fixes)
		return
	}
	s.reasons(2, d, evidenceShown)
	if len(d.Fixes) > 0 {
		s.blank()
		s.numbered(2, d.Fixes)
	}
	s.paragraph("  ", 2, "opensrs-doctor explain "+d.Cause, faint)
	s.sources(2, d)
}

// also writes the further ones, smaller: the first has to be dealt with before them.
func (s *screen) also(diagnoses []Diagnosis) {
	s.blank()
	if s.options.Quiet {
		for _, d := range diagnoses {
			s.diagnosis(d)
		}
		return
	}
	s.paragraph("", 0, "Also:", plain)
	for _, d := range diagnoses {
		s.blank()
		sign, in := s.mark(string(d.Severity))
		s.headline(2, sign, in, plain, d)
		s.reasons(4, d, evidenceShownAlso)
		s.numbered(4, d.Fixes)
		s.sources(4, d)
	}
}

// headline writes the mark, the summary, the cause and the confidence, on one line where there is room.
func (s *screen) headline(indent int, sign string, signIn, in style, d Diagnosis) {
	s.out.WriteString(strings.Repeat(" ", indent))
	s.raw(sign, signIn)
	s.out.WriteByte(' ')
	text := indent + widthOf(sign) + 1
	summary := s.spell(clean(d.Summary))
	if summary == "" {
		summary = clean(d.Cause)
	}
	id := d.qualified(clean(d.Cause))
	lines := wrap(summary, s.room(text))
	for i, line := range lines {
		if i > 0 {
			s.out.WriteString(strings.Repeat(" ", text))
		}
		s.raw(line, in)
		last := i == len(lines)-1
		switch {
		case last && text+widthOf(line)+3+widthOf(id) <= s.options.Width:
			s.out.WriteString("   ")
			s.raw(id, faint)
		case last:
			s.end()
			s.out.WriteString(strings.Repeat(" ", text))
			s.raw(id, faint)
		}
		s.end()
	}
}

// reasons writes the explanation as a paragraph and below it the evidence that it does not hold already,
// at most limit lines of it.
func (s *screen) reasons(indent int, d Diagnosis, limit int) {
	pad := strings.Repeat(" ", indent)
	s.paragraph(pad, indent, d.Explanation, plain)
	evidence := newEvidence(d)
	if s.options.Verbose {
		evidence = d.Evidence
	}
	left := 0
	if !s.options.Verbose && len(evidence) > limit {
		left = len(evidence) - limit
		evidence = evidence[:limit]
	}
	bullet := pad + "· "
	for _, line := range evidence {
		s.paragraph(bullet, indent+2, line, plain)
	}
	if left > 0 {
		s.paragraph(bullet, indent+2, fmt.Sprintf("and %d more, with -v", left), faint)
	}
}

// newEvidence is the evidence that neither the summary, the explanation nor an earlier line says, be it in
// other words.
func newEvidence(d Diagnosis) []string {
	said := []string{essence(d.Summary), essence(d.Explanation)}
	told := d.Summary + " " + d.Explanation
	var lines []string
	for _, line := range d.Evidence {
		core := essence(line)
		known := core == "" || retold(line, told)
		for _, text := range said {
			known = known || containsWords(text, core)
		}
		if !known {
			said = append(said, core)
			lines = append(lines, line)
		}
	}
	return lines
}

// retold reports whether a line says again, in other words, what was told: there are names in it, addresses,
// numbers and codes, all of them were told, and so were most of its other words.
func retold(line, told string) bool {
	names, others := wordsOf(line)
	toldNames, toldOthers := wordsOf(told)
	for _, name := range names {
		if !slices.Contains(toldNames, name) {
			return false
		}
	}
	again := 0
	for _, word := range others {
		if slices.Contains(toldOthers, word) {
			again++
		}
	}
	return len(names) > 0 && (2*again > len(others) || len(others) == 0)
}

// wordsOf splits a text into what names something, with a digit, a dot, a colon or a slash in it, a flag or
// capitals, and the beginnings of its other words of four letters or more.
func wordsOf(text string) (names, others []string) {
	for _, word := range strings.Fields(clean(text)) {
		word = strings.Trim(word, `.,;:!?"'()`)
		capitals := len(word) > 2 && word == strings.ToUpper(word)
		switch {
		case capitals, strings.ContainsAny(word, "0123456789.:/@="), strings.HasPrefix(word, "--"):
			names = append(names, word)
		case len(word) >= 4:
			others = append(others, strings.ToLower(word[:min(len(word), 5)]))
		}
	}
	return names, others
}

// essence is a sentence without what does not change its meaning: case, spacing, the full stop.
func essence(text string) string {
	return strings.TrimRight(strings.ToLower(clean(text)), ".; ")
}

// containsWords reports whether text holds the words of part, and not just their letters: "port 443" is
// not in "port 4430".
func containsWords(text, part string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], part)
		if at < 0 {
			return false
		}
		at += from
		end := at + len(part)
		if (at == 0 || !wordByte(text[at-1])) && (end == len(text) || !wordByte(text[end])) {
			return true
		}
		from = at + 1
	}
}

// wordByte reports whether c belongs to a word or a name: letters, digits and what is beyond ASCII.
func wordByte(c byte) bool {
	return digit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '-' || c >= 0x80
}

// sources writes, for somebody who wants to know more, the links and what the cause explains away.
func (s *screen) sources(indent int, d Diagnosis) {
	if !s.options.Verbose {
		return
	}
	pad := strings.Repeat(" ", indent)
	for _, link := range d.Docs {
		s.paragraph(pad, indent, link, faint)
	}
	if len(d.Hides) > 0 {
		s.paragraph(pad, indent, "Also explained by this: "+strings.Join(d.Hides, ", "), faint)
	}
}

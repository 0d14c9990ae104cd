package explain

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"opensrs-doctor/probes/service"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/screen"
)

// TextReading is what a pasted error text means. It holds words of the table only: nothing of the paste, which may
// hold a key, is in it, but for a port's number.
type TextReading struct {
	Known   bool        `json:"known"`
	Texts   []KnownText `json:"texts"`   // the deepest reason first; of a bare number every reading, the likeliest first
	Notes   []string    `json:"notes"`   // what the paste as a whole shows, such as another service's port
	Run     string      `json:"run"`     // the one command to run next
	RunWhy  string      `json:"run_why"` // what it shows
	Nearest []string    `json:"nearest"` // texts that look almost like it, where it is not known

	number bool // it is one number, and the texts are its readings
}

// KnownText is one text that was recognised.
type KnownText struct {
	Text    string         `json:"text"`    // as it is usually written
	From    string         `json:"from"`    // who says it
	Reading string         `json:"reading"` // of a bare number: whose number it would be; else ""
	Role    string         `json:"role"`    // "reason"; "stage": where it failed and not why; "wrapping": only that it failed
	Means   string         `json:"means"`
	Causes  []LikelyCause  `json:"causes"` // in order of likelihood
	Also    []string       `json:"also"`   // what else gives this text, or has to be known
	Next    SuggestedCheck `json:"next"`

	brief bool // another text says more
}

// LikelyCause is a cause of a text.
type LikelyCause struct {
	Cause *string `json:"cause"` // an ID of the catalogue; null where it has no row
	Why   string  `json:"why"`
}

// SuggestedCheck is a command that tells the causes apart.
type SuggestedCheck struct {
	Command string `json:"command"`
	Shows   string `json:"shows"`
}

const maxTexts = 20

// ReadText says what a text means that a client, a system or the service printed: one line or a whole log. The text
// is bounded by the caller.
func ReadText(text string) TextReading {
	matches, ways := recognise(text)
	r := TextReading{Known: len(matches) > 0, Texts: []KnownText{}, Notes: []string{}, Nearest: []string{}, number: ways != nil}
	for i, match := range matches[:min(len(matches), maxTexts)] {
		known := match.entry.published()
		known.brief = match.brief
		if ways != nil {
			known.Reading = readingOf(ways[i])
		}
		r.Texts = append(r.Texts, known)
	}
	if !r.Known {
		r.Nearest = nearestTexts(splitWords(readable(text)).words)
		r.Run, r.RunWhy = "opensrs-doctor", "measures instead: it makes the call itself and says at which step it fails"
		return r
	}
	r.Run, r.RunWhy = r.Texts[0].Next.Command, r.Texts[0].Next.Shows
	if ways == nil {
		r.Notes = append(r.Notes, otherService(text)...)
	}
	return r
}

func (t *knownText) published() KnownText {
	out := KnownText{
		Text: t.title, From: t.from, Means: t.means, Causes: []LikelyCause{}, Also: append([]string{}, t.also...),
		Role: t.role(), Next: SuggestedCheck{t.run.Command, t.run.Why},
	}
	for _, cause := range t.causes {
		likely := LikelyCause{Why: cause.Why}
		if cause.ID != "" {
			likely.Cause = &cause.ID
		}
		out.Causes = append(out.Causes, likely)
	}
	return out
}

func (t *knownText) role() string {
	switch t.level {
	case levelWrapper:
		return "wrapping"
	case levelStage, levelVague:
		return "stage"
	}
	return "reason"
}

func readingOf(code textCode) string {
	for _, kind := range codeLeads {
		if kind.of == code.of {
			return kind.called
		}
	}
	return ""
}

// TextCommands are the commands that the table proposes, each once.
func TextCommands() []string {
	commands := []string{"opensrs-doctor"}
	for _, entry := range textTable.Get() {
		if !slices.Contains(commands, entry.run.Command) {
			commands = append(commands, entry.run.Command)
		}
	}
	return commands
}

// Services whose errors read like those of this one.
const otherServices = " mysql mysqli mariadb sqlstate pdoexception postgres postgresql psycopg2 pgsql redis memcached " +
	"mongodb mongo smtp imap pop3 ldap ssh sshd sftp ftp rabbitmq amqp elasticsearch kafka docker npm composer git apt " +
	"licence license licensing licences licenses paypal stripe enom namecheap resellerclub logicboxes acme certbot letsencrypt "

// otherService says where a text names another peer than the API.
func otherService(text string) []string {
	text = readable(text)
	ports, words := portsIn(text), splitWords(text).words
	if strings.Contains(strings.ToLower(text), service.OpenSRS.Domain) ||
		slices.ContainsFunc(ports, ofTheService) {
		return nil
	}
	if len(ports) == 1 {
		return []string{"The text names port " + ports[0] +
			", and the API is on port " + service.OpenSRS.PortText() + ": it may be about another service, or a proxy."}
	}
	for _, word := range words {
		if isOneOf(otherServices, word) {
			return []string{"The text names " + word + ": it may be about that and not about OpenSRS."}
		}
	}
	return nil
}

// ofTheService: the port is one of the service's, of now or of old.
func ofTheService(port string) bool {
	number, err := strconv.Atoi(port)
	return err == nil && (number == int(service.OpenSRS.Port) || service.OpenSRS.Old(number))
}

// portsIn are the ports that a text names, each once: after a host's name or address, or after the word port. High
// ones, which clients call from, are passed over, but for the service's own.
func portsIn(text string) []string {
	// Compiled here and not at every start of the program.
	after := regexp.MustCompile(`(?i)\b(?:((?:[a-z0-9_-]+\.)+[a-z]{2,}|(?:\d{1,3}\.){3}\d{1,3}|localhost)[:#]|port[ :=]+)(\d{2,5})\b`)
	file := regexp.MustCompile(`(?i)\.(php|phtml|inc|[cm]?js|ts|py|rb|p[lm]|go|java|cs|c|h|cpp|rs|log|conf|xml)$`)
	var ports []string
	for _, at := range after.FindAllStringSubmatch(text, 64) {
		port, err := strconv.Atoi(at[2])
		high := port >= 1<<15 && !ofTheService(at[2])
		if err == nil && !high && !file.MatchString(at[1]) && !slices.Contains(ports, at[2]) {
			ports = append(ports, at[2])
		}
	}
	return ports
}

// WriteTextReadingJSON writes a reading as one JSON document.
func WriteTextReadingJSON(w io.Writer, r TextReading) error { return report.WriteDocument(w, r) }

// shownTexts is how many texts a screen explains in full.
const shownTexts = 4

// WriteTextReading writes a reading for a person.
func WriteTextReading(w io.Writer, r TextReading, o screen.Options) error {
	s := screen.New(o)
	if !r.Known {
		s.Paragraph("", 0, "Not known: no entry of the table matches this text.", screen.Bold)
		for _, near := range r.Nearest {
			s.Paragraph("  ", 2, "Nearest known: "+near, screen.Plain)
		}
		nextCommand(s, r)
		return s.Print(w)
	}
	if r.number && len(r.Texts) > 1 {
		s.Paragraph("", 0, fmt.Sprintf("A number alone can be read in %d ways, the likeliest first:", len(r.Texts)), screen.Plain)
	}
	full, brief := r.parts()
	for _, text := range full {
		s.Blank()
		writeKnown(s, text)
	}
	if len(brief) > 0 {
		s.Blank()
		s.Paragraph("", 0, "Also in this text: "+strings.Join(brief, "; ")+".", screen.Plain)
	}
	for _, note := range r.Notes {
		s.Blank()
		s.Paragraph("", 0, note, screen.Plain)
	}
	nextCommand(s, r)
	return s.Print(w)
}

// parts are the texts to explain in full, and the titles of the others.
func (r TextReading) parts() (full []KnownText, brief []string) {
	for _, text := range r.Texts {
		if text.brief || len(full) == shownTexts {
			brief = append(brief, text.Text)
		} else {
			full = append(full, text)
		}
	}
	return full, brief
}

func writeKnown(s *screen.Writer, text KnownText) {
	s.Paragraph("", 0, text.Text, screen.Bold)
	from := text.From
	if text.Reading != "" {
		from = "as " + text.Reading + "; from " + from
	}
	s.Paragraph("  ", 2, from, screen.Faint)
	s.Paragraph("  ", 2, text.Means, screen.Plain)
	var causes []string
	for _, cause := range text.Causes {
		if cause.Cause != nil {
			causes = append(causes, *cause.Cause+": "+cause.Why)
		} else {
			causes = append(causes, cause.Why)
		}
	}
	s.Numbered(2, causes)
	for _, also := range text.Also {
		s.Paragraph("  · ", 4, also, screen.Plain)
	}
}

func nextCommand(s *screen.Writer, r TextReading) {
	s.Blank()
	s.Paragraph("Next: ", 6, r.Run, screen.Bold)
	s.Paragraph("      ", 6, r.RunWhy, screen.Plain)
	if r.Known && len(r.Texts[0].Causes) > 0 {
		for _, cause := range r.Texts[0].Causes {
			if cause.Cause != nil {
				s.Paragraph("      ", 6, "opensrs-doctor explain "+*cause.Cause, screen.Plain)
				break
			}
		}
	}
}

// nearestTexts are the titles of texts that are almost in the words: three words in four, in order and close together.
func nearestTexts(words []string) []string {
	words = words[:min(len(words), 400)]
	var near []string
	for _, entry := range textTable.Get() {
		if slices.ContainsFunc(entry.forms, func(form textForm) bool { return almostIn(words, form) }) &&
			!slices.Contains(near, entry.title) {
			near = append(near, entry.title)
		}
	}
	for _, cause := range diagnose.Causes() { // filtered, or rules ambiguous, for a cause of that name
		if parts := splitWords(cause.ID).words; len(words) > 0 && len(words) <= 3 &&
			!slices.ContainsFunc(words, func(word string) bool { return !slices.Contains(parts, word) }) {
			near = append(near, "the cause "+cause.ID)
		}
	}
	if len(near) > 3 { // then it is like everything
		return []string{}
	}
	return append([]string{}, near...)
}

func almostIn(words []string, form textForm) bool {
	letters, all := 0, 0
	for _, want := range form.words {
		if want != gapWord {
			all += len(want)
		}
	}
	if form.weight() < 3 || form.where == byItself {
		return false
	}
	for from := range words {
		at, count := from, 0
		letters = 0
		for _, want := range form.words {
			for next := at; next < min(at+3, len(words)); next++ {
				if sameOrSlip(words[next], want) {
					letters, count, at = letters+len(want), count+1, next+1
					break
				}
			}
		}
		if count >= 3 && letters*4 >= all*3 {
			return true
		}
	}
	return false
}

// sameOrSlip reports whether two words are the same, or differ by one letter in five or more.
func sameOrSlip(a, b string) bool {
	if a == b {
		return true
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) < 5 || len(b)-len(a) > 1 {
		return false
	}
	at := 0
	for at < len(a) && a[at] == b[at] {
		at++
	}
	return a[at:] == b[at+1:] || len(a) == len(b) && a[at+1:] == b[at+1:]
}

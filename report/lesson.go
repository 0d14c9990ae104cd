package report

import (
	"fmt"
	"io"
	"strings"
)

// Topics are what explain teaches besides the causes.
var Topics = []string{"rules"}

// lesson is a page about a matter as a whole, for somebody who meets it the first time: it fits on one screen.
type lesson struct {
	Topic    string        `json:"topic"`
	Title    string        `json:"title"`
	Parts    []lessonPart  `json:"parts"`
	Commands []lessonEntry `json:"commands"`
	Docs     []string      `json:"docs"`
}

// lessonPart is one thing to know.
type lessonPart struct {
	Name    string        `json:"name"`
	Text    string        `json:"text"`
	Entries []lessonEntry `json:"entries,omitempty"` // listed below the text
	After   string        `json:"after,omitempty"`   // and what follows from it
}

// lessonEntry is a word and what it means.
type lessonEntry struct {
	Word string `json:"word"`
	Text string `json:"text"`
}

var rulesLesson = lesson{
	Topic: "rules",
	Title: "IP access rules: from which addresses an API key may be used",
	Parts: []lessonPart{
		{Name: "What", Text: "At most five rules in the Reseller Control Panel, Account settings, API settings: Allow or Deny," +
			" and an IPv4 address or range from /25 (128 addresses) to /32 (one). Live and test have one list each."},
		{Name: "Whom", Text: "They judge the public address that a call leaves from, which behind a NAT or a proxy is not the" +
			" host's own; 10.x, 192.168.x and IPv6 never match. With no Allow: \"invalid IP address\", 401, silence."},
		{Name: "Order", Text: "Which rule wins where an Allow and a Deny match is not documented, nor is an empty list. So a list is" +
			" read in three ways here, and an address counts as allowed if all three allow it:",
			Entries: []lessonEntry{
				{"first-match", "the first rule that matches"},
				{"most-specific", "the longest prefix; at equal length, the Deny"},
				{"deny-wins", "any Deny that matches"},
			},
			After: "Allow rules alone mean the same in all three; the rest is denied."},
		{Name: "Change", Text: "It takes up to 15 minutes: add the new rule, wait, remove the old one. rules plan finds the order," +
			" also where the list is full."},
		{Name: "Five?", Text: "Too few for addresses that change: give all callers one fixed way out, a NAT gateway or a proxy with" +
			" a reserved address."},
	},
	Commands: []lessonEntry{
		{"opensrs-doctor rules lint --rules-file FILE", "mistakes, and their fix"},
		{"opensrs-doctor rules check --rules-file FILE ADDRESS", "is it allowed?"},
		{"opensrs-doctor rules plan --ips servers.csv", "the best five rules"},
	},
	Docs: []string{docKeyAndRules},
}

// ExplainTopic writes the page of one of Topics.
func ExplainTopic(w io.Writer, topic string, o TextOptions) error {
	l, err := findLesson(topic)
	if err != nil {
		return err
	}
	s := newScreen(o)
	s.paragraph("", 0, l.Title, bold)
	s.raw("\n", plain)
	for _, part := range l.Parts {
		s.raw("  "+part.Name, bold)
		for i, line := range wrap(s.spell(part.Text), s.room(lessonColumn)) {
			s.column(line, i == 0, 2+len(part.Name))
		}
		for _, entry := range part.Entries {
			s.paragraph(strings.Repeat(" ", lessonColumn+2)+entry.Word, lessonColumn+17, entry.Text, plain)
		}
		if part.After != "" {
			s.hanging(lessonColumn, lessonColumn, part.After, plain)
		}
	}
	s.raw("\n", plain)
	for _, command := range l.Commands {
		s.paragraph("  "+command.Word, 57, command.Text, plain)
	}
	return s.writeTo(w)
}

// lessonColumn is where the words of a part begin.
const lessonColumn = 10

// column writes a line at the column of the lesson; the first one stands behind the part's name, used columns wide.
func (s *screen) column(line string, first bool, used int) {
	if !first {
		used = 0
	}
	s.raw(strings.Repeat(" ", max(1, lessonColumn-used))+line, plain)
	s.end()
}

// ExplainTopicJSON writes it as one JSON document.
func ExplainTopicJSON(w io.Writer, topic string) error {
	l, err := findLesson(topic)
	if err != nil {
		return err
	}
	return WriteDocument(w, l)
}

func findLesson(topic string) (lesson, error) {
	if topic != rulesLesson.Topic {
		return lesson{}, fmt.Errorf("%w: %q", ErrUnknownCause, clip(clean(topic), 60))
	}
	return rulesLesson, nil
}

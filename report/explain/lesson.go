package explain

import (
	"fmt"
	"io"
	"strings"

	"opensrs-doctor/probes/service"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/screen"
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

func rulesLesson() lesson {
	return lesson{
		Topic: "rules",
		Title: "IP access rules: from which addresses an API key may be used",
		Parts: []lessonPart{
			{Name: "What", Text: prose.OfService("At most {most_rules} rules in the {reseller_panel}, {api_settings}: Allow or Deny," +
				" and an IPv4 address or range from {widest} (128 addresses) to /32 (one). Live and test have one list each.")},
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
			{Name: "Change", Text: prose.OfService("It takes up to {rule_delay}: add the new rule, wait, remove the old one. rules plan finds the order," +
				" also where the list is full.")},
			{Name: screen.Capital(service.OpenSRS.Rules.MostInWords()) + "?", Text: "Too few for addresses that change: give all callers one fixed exit, a NAT gateway or a proxy with" +
				" a reserved address."},
		},
		Commands: []lessonEntry{
			{"opensrs-doctor rules lint --rules-file FILE", "mistakes, and their fix"},
			{"opensrs-doctor rules check --rules-file FILE ADDRESS", "is it allowed?"},
			{"opensrs-doctor rules plan --ips servers.csv", prose.OfService("the best {most_rules} rules")},
		},
	}
}

// ExplainTopic writes the page of one of Topics.
func ExplainTopic(w io.Writer, topic string, o screen.Options) error {
	l, err := findLesson(topic)
	if err != nil {
		return err
	}
	s := screen.New(o)
	s.Paragraph("", 0, l.Title, screen.Bold)
	s.Raw("\n", screen.Plain)
	for _, part := range l.Parts {
		s.Raw("  "+part.Name, screen.Bold)
		for i, line := range screen.Wrap(s.Spell(part.Text), s.Room(lessonColumn)) {
			column(s, line, i == 0, 2+len(part.Name))
		}
		for _, entry := range part.Entries {
			s.Paragraph(strings.Repeat(" ", lessonColumn+2)+entry.Word, lessonColumn+17, entry.Text, screen.Plain)
		}
		if part.After != "" {
			s.Hanging(lessonColumn, lessonColumn, part.After, screen.Plain)
		}
	}
	s.Raw("\n", screen.Plain)
	for _, command := range l.Commands {
		s.Paragraph("  "+command.Word, 57, command.Text, screen.Plain)
	}
	return s.Print(w)
}

// lessonColumn is where the words of a part begin.
const lessonColumn = 10

// column writes a line at the column of the lesson; the first one follows the part's name, used columns wide.
func column(s *screen.Writer, line string, first bool, used int) {
	if !first {
		used = 0
	}
	s.Raw(strings.Repeat(" ", max(1, lessonColumn-used))+line, screen.Plain)
	s.End()
}

// ExplainTopicJSON writes it as one JSON document.
func ExplainTopicJSON(w io.Writer, topic string) error {
	l, err := findLesson(topic)
	if err != nil {
		return err
	}
	return report.WriteDocument(w, l)
}

func findLesson(topic string) (lesson, error) {
	l := rulesLesson()
	if topic != l.Topic {
		return lesson{}, fmt.Errorf("%w: %q", ErrUnknownCause, screen.Clip(screen.Clean(topic), 60))
	}
	l.Docs = []string{prose.Link("key-and-rules")}
	return l, nil
}

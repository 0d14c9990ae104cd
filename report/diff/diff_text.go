package diff

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report/screen"
)

// WriteDiffText writes the differences for a person: which two runs, the causes, and then what else changed.
func WriteDiffText(w io.Writer, d *Diff, o screen.Options) error {
	s := screen.New(o)
	sides(s, d)
	for _, note := range d.Notes {
		s.Paragraph("note: ", 6, note, screen.Plain)
	}
	if d.Same {
		s.Blank()
		s.Paragraph("", 0, "Nothing that matters differs.", screen.Bold)
	}
	changedCauses(s, d.Causes)
	changed(s, d.Changes)
	for _, list := range d.Lists {
		s.Blank()
		s.Paragraph("", 0, DiffWords(list.Field), screen.Bold)
		signed(s, "+", screen.Good, list.Added)
		signed(s, "-", screen.Bad, list.Removed)
		signed(s, " ", screen.Plain, list.Kept)
	}
	if len(d.Timing) > 0 {
		s.Blank()
		s.Paragraph("", 0, "Times", screen.Bold)
	}
	for _, t := range d.Timing {
		s.Paragraph("  ", 2, fmt.Sprintf("%s: %s → %s", DiffWords(t.Field), screen.SpanMS(t.OldMS), screen.SpanMS(t.NewMS)), screen.Plain)
	}
	return s.Print(w)
}

func sides(s *screen.Writer, d *Diff) {
	for _, side := range []struct {
		name string
		DiffSide
	}{{"old ", d.Old}, {"new ", d.New}} {
		sign, in := s.Mark(side.Verdict)
		s.Raw(side.name, screen.Plain)
		markedText(s, len(side.name), sign, in, fmt.Sprintf("%s, %s, %s", side.Verdict,
			side.StartedAt.Format("2006-01-02 15:04:05 UTC"), side.Target))
	}
}

// markedText writes a sign from the column indent, where the line has come to already, and text beside it.
func markedText(s *screen.Writer, indent int, sign string, in screen.Style, text string) {
	s.Raw(sign, in)
	rest := indent + screen.WidthOf(s.Spell(sign)) + 1
	for i, line := range screen.Wrap(s.Spell(screen.Clean(text)), s.Room(rest)) {
		if i == 0 {
			s.Out.WriteByte(' ')
		} else {
			s.Out.WriteString(strings.Repeat(" ", rest))
		}
		s.Raw(line, screen.Plain)
		s.End()
	}
}

// changedCauses tells which causes are new, which are gone, and which are still there.
func changedCauses(s *screen.Writer, c Causing) {
	for _, group := range []struct {
		heading string
		causes  []CauseSeen
	}{{"New", c.Appeared}, {"Gone", c.Gone}, {"As before", c.Stayed}} {
		if len(group.causes) == 0 {
			continue
		}
		s.Blank()
		s.Paragraph("", 0, group.heading, screen.Bold)
		for _, cause := range group.causes {
			sign, in := s.Mark(string(cause.Severity))
			was := ""
			if cause.Was != "" {
				was = fmt.Sprintf(", %s now, was %s", cause.Severity, cause.Was)
			}
			s.Raw("  ", screen.Plain)
			markedText(s, 2, sign, in, fmt.Sprintf("%s (%s%s)", cause.Summary, cause.Cause, was))
		}
	}
}

func changed(s *screen.Writer, changes []Change) {
	if len(changes) == 0 {
		return
	}
	s.Blank()
	s.Paragraph("", 0, "Changed", screen.Bold)
	for _, c := range changes {
		s.Hanging(2, 4, fmt.Sprintf("%s: %s → %s", DiffWords(c.Field), cmp.Or(c.Old, "none"), cmp.Or(c.New, "none")), screen.Plain)
	}
}

// signed writes the elements of a list with a sign before each.
func signed(s *screen.Writer, sign string, in screen.Style, texts []string) {
	for _, text := range texts {
		s.Raw("  ", screen.Plain)
		markedText(s, 2, sign, in, text)
	}
}

// FieldWords are the fields that do not read as they are spelled.
var FieldWords = lazy.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{
		"target.environment": "service", "target.endpoint": "endpoint", "target.username": "username",
		"target.key_fingerprint": "key fingerprint", "host.hostname": "host", "host.local_address": "local address",
		"host.source_ip": "source address", "host.proxy": "proxy", "host.resolvers": "resolvers", "dns.used": "resolver used",
		"rules.verdict": "rules say", "tls.version": "TLS version", "tls.subject": "certificate of",
		"tls.issuer": "certificate by", "tls.sha256": "certificate's SHA-256", "tls.not_after": "certificate until",
		"call.http_status": "HTTP status", "call.response_code": "reply code", "call.response_text": "reply",
		"tool.version": "opensrs-doctor", "tool.public_roots_date": "public roots of",
		"egress.addresses": "Public addresses of this host", "target.addresses": "Addresses of the endpoint",
		"rules.rules": "Access rules", "tls.issuers": "Issuers that the service presents", "duration_ms": "the whole run",
	}
}}

// DiffWords is a field as people call it.
func DiffWords(field string) string {
	if words, known := FieldWords.Get()[field]; known {
		return words
	}
	name, _, _ := strings.Cut(field, ".")
	return name
}

package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
)

// WriteDiffText writes the differences for a person: which two runs, the causes, and then what else changed.
func WriteDiffText(w io.Writer, d *Diff, o TextOptions) error {
	s := newScreen(o)
	s.sides(d)
	for _, note := range d.Notes {
		s.paragraph("note: ", 6, note, plain)
	}
	if d.Same {
		s.blank()
		s.paragraph("", 0, "Nothing that matters differs.", bold)
	}
	s.changedCauses(d.Causes)
	s.changed(d.Changes)
	for _, list := range d.Lists {
		s.blank()
		s.paragraph("", 0, diffWords(list.Field), bold)
		s.signed("+", good, list.Added)
		s.signed("-", bad, list.Removed)
		s.signed(" ", plain, list.Kept)
	}
	if len(d.Timing) > 0 {
		s.blank()
		s.paragraph("", 0, "Times", bold)
	}
	for _, t := range d.Timing {
		s.paragraph("  ", 2, fmt.Sprintf("%s: %s → %s", diffWords(t.Field), spanMS(t.OldMS), spanMS(t.NewMS)), plain)
	}
	return s.writeTo(w)
}

func (s *screen) sides(d *Diff) {
	for _, side := range []struct {
		name string
		DiffSide
	}{{"old ", d.Old}, {"new ", d.New}} {
		sign, in := s.mark(side.Verdict)
		s.raw(side.name, plain)
		s.markedText(len(side.name), sign, in, fmt.Sprintf("%s, %s, %s", side.Verdict,
			side.StartedAt.Format("2006-01-02 15:04:05 UTC"), side.Target))
	}
}

// markedText writes a sign from the column indent, where the line has come to already, and text beside it.
func (s *screen) markedText(indent int, sign string, in style, text string) {
	s.raw(sign, in)
	rest := indent + widthOf(s.spell(sign)) + 1
	for i, line := range wrap(s.spell(clean(text)), s.room(rest)) {
		if i == 0 {
			s.out.WriteByte(' ')
		} else {
			s.out.WriteString(strings.Repeat(" ", rest))
		}
		s.raw(line, plain)
		s.end()
	}
}

// changedCauses tells which causes are new, which are gone, and which are still there.
func (s *screen) changedCauses(c Causing) {
	for _, group := range []struct {
		heading string
		causes  []CauseSeen
	}{{"New", c.Appeared}, {"Gone", c.Gone}, {"As before", c.Stayed}} {
		if len(group.causes) == 0 {
			continue
		}
		s.blank()
		s.paragraph("", 0, group.heading, bold)
		for _, cause := range group.causes {
			sign, in := s.mark(string(cause.Severity))
			was := ""
			if cause.Was != "" {
				was = fmt.Sprintf(", %s now, was %s", cause.Severity, cause.Was)
			}
			s.raw("  ", plain)
			s.markedText(2, sign, in, fmt.Sprintf("%s (%s%s)", cause.Summary, cause.Cause, was))
		}
	}
}

func (s *screen) changed(changes []Change) {
	if len(changes) == 0 {
		return
	}
	s.blank()
	s.paragraph("", 0, "Changed", bold)
	for _, c := range changes {
		s.hanging(2, 4, fmt.Sprintf("%s: %s → %s", diffWords(c.Field), cmp.Or(c.Old, "none"), cmp.Or(c.New, "none")), plain)
	}
}

// signed writes the elements of a list with a sign before each.
func (s *screen) signed(sign string, in style, texts []string) {
	for _, text := range texts {
		s.raw("  ", plain)
		s.markedText(2, sign, in, text)
	}
}

// fieldWords are the fields that do not read as they are spelled.
var fieldWords = map[string]string{
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

// diffWords is a field as people call it.
func diffWords(field string) string {
	if words, known := fieldWords[field]; known {
		return words
	}
	name, _, _ := strings.Cut(field, ".")
	return name
}

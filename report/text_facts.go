package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// fact is one line of -v: where it stands in the facts, and what it is.
type fact struct{ key, value string }

// facts writes what a probe recorded, a line a value.
func (s *screen) facts(indent int, document json.RawMessage) {
	tree, err := parseTree(document)
	if err != nil {
		return
	}
	for _, f := range factLines("", tree) {
		s.hanging(indent, indent+2, f.key+": "+f.value, faint)
	}
}

// factLines flattens facts into lines. Values that say nothing, null, "" and empty lists, are left out, and
// a certificate's PEM is told by its presence. The elements of a list take a line each, and count from 1.
func factLines(key string, value any) []fact {
	switch v := value.(type) {
	case object:
		var lines []fact
		for _, m := range v {
			lines = append(lines, factLines(join(key, m.name), m.value)...)
		}
		return lines
	case []any:
		if texts, ok := scalars(v); ok {
			return oneFact(key, strings.Join(texts, ", "))
		}
		var lines []fact
		for i, element := range v {
			lines = append(lines, oneFact(fmt.Sprintf("%s %d", key, i+1), oneLine(element))...)
		}
		return lines
	}
	text := scalar(value)
	if strings.HasSuffix(key, "pem") && text != "" {
		text = "in the JSON report"
	}
	return oneFact(key, text)
}

// oneLine is an element of a list on one line: "source https://icanhazip.com; path direct".
func oneLine(element any) string {
	var parts []string
	for _, f := range factLines("", element) {
		part := f.key + " " + f.value
		if name, ok := strings.CutSuffix(f.key, " ms"); ok {
			part = name + " " + f.value + " ms"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

func oneFact(key, value string) []fact {
	if value == "" {
		return nil
	}
	return []fact{{key, value}}
}

// join puts a member's name behind the key that it belongs to.
func join(key, name string) string {
	name = strings.ReplaceAll(name, "_", " ")
	if key == "" {
		return name
	}
	return key + ", " + name
}

// scalars gives the texts of a list that holds neither lists nor objects.
func scalars(list []any) ([]string, bool) {
	var texts []string
	for _, element := range list {
		switch element.(type) {
		case object, []any:
			return nil, false
		}
		texts = append(texts, scalar(element))
	}
	return texts, true
}

func scalar(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case json.Number:
		return v.String()
	case string:
		return v
	}
	return fmt.Sprint(value)
}

// run writes what is known of the run itself and of the host.
func (s *screen) run(r *Report) {
	s.blank()
	s.paragraph("", 0, "This run", bold)
	for _, f := range runFacts(r) {
		s.hanging(2, 4, f.key+": "+f.value, plain)
	}
}

// runFacts are the lines about the run itself and the host.
func runFacts(r *Report) []fact {
	lines := []fact{
		{"run", r.RunID},
		{"version", strings.TrimSpace(r.Tool.Name + " " + r.Tool.Version)},
		{"public roots of", r.Tool.RootsDate},
		{"started", r.StartedAt.Format(time.RFC3339)},
		{"took", spanMS(r.DurationMS)},
		{"username", r.Target.Username},
	}
	if r.Target.KeyFingerprint != nil {
		lines = append(lines, fact{"key fingerprint", *r.Target.KeyFingerprint})
	}
	if document, err := json.Marshal(r.Host); err == nil {
		if tree, err := parseTree(document); err == nil {
			lines = append(lines, factLines("", tree)...)
		}
	}
	return slices.DeleteFunc(lines, func(f fact) bool { return f.value == "" })
}

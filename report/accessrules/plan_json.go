package accessrules

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"opensrs-doctor/probes/iprules"
)

// WriteJSON writes the document without holding it in memory: a million addresses may be left out.
func (p *Plan) WriteJSON(w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	out.WriteString("{\n  \"rules\": ")
	writeTexts(out, slices.Values(ruleTexts(p.Plan.Rules())))
	fmt.Fprintf(out, ",\n  \"covered\": %d,\n  \"uncovered\": ", p.Plan.Covered)
	writeTexts(out, p.Uncovered)
	fmt.Fprintf(out, ",\n  \"excess\": %d,\n  \"rejected\": ", p.Plan.Excess)
	between := "[\n    "
	for rejected := range p.Rejected.All() {
		out.WriteString(between)
		out.Write(rejected)
		between = ",\n    "
	}
	endList(out, between)
	fmt.Fprintf(out, ",\n  \"rejected_total\": %d,\n  \"steps\": ", p.Rejected.Len())
	writeList(out, func(yield func(any) bool) {
		for i := range p.Steps {
			if !yield(&p.Steps[i]) {
				return
			}
		}
	})
	out.WriteString(",\n  \"list\": ")
	writeTexts(out, slices.Values(ruleTexts(p.Goal)))
	if reason := p.noSteps(&p.PlannedList); reason != "" {
		fmt.Fprintf(out, ",\n  \"reason\": %q", reason)
	}
	if p.Without != nil {
		document, err := json.MarshalIndent(p.without(), "  ", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintf(out, ",\n  \"without_idle_denies\": %s", document)
	}
	out.WriteString("\n}\n")
	return out.Flush()
}

// without is the other list as JSON.
func (p *Plan) without() any {
	var removed []string
	for i, rule := range p.Current {
		if slices.Contains(p.Without.Leave, i) {
			removed = append(removed, rule.String())
		}
	}
	return struct {
		Removed []string       `json:"removed"`
		Rules   []string       `json:"rules"`
		Covered uint64         `json:"covered"`
		Excess  uint64         `json:"excess"`
		Steps   []iprules.Step `json:"steps"`
		List    []string       `json:"list"`
	}{removed, ruleTexts(p.Without.Plan.Rules()), p.Without.Plan.Covered, p.Without.Plan.Excess, p.Without.Steps,
		ruleTexts(p.Without.Goal)}
}

func ruleTexts(rules []iprules.Rule) []string {
	all := []string{}
	for _, rule := range rules {
		all = append(all, rule.String())
	}
	return all
}

// writeList writes a JSON array, an item a line. The writer keeps the first error.
func writeList(out *bufio.Writer, items iter.Seq[any]) {
	between := "[\n    "
	encoder := json.NewEncoder(trimmed{out})
	encoder.SetEscapeHTML(false)
	for item := range items {
		out.WriteString(between)
		encoder.Encode(item)
		between = ",\n    "
	}
	endList(out, between)
}

// writeTexts writes a JSON array of texts that need no escapes, such as addresses.
func writeTexts(out *bufio.Writer, items iter.Seq[string]) {
	between := "[\n    "
	for item := range items {
		out.WriteString(between)
		out.WriteByte('"')
		out.WriteString(item)
		out.WriteByte('"')
		between = ",\n    "
	}
	endList(out, between)
}

func endList(out *bufio.Writer, between string) {
	if strings.HasPrefix(between, "[") {
		out.WriteString("[]")
		return
	}
	out.WriteString("\n  ]")
}

// trimmed leaves out the line end that an encoder puts behind a value.
type trimmed struct{ to io.Writer }

func (t trimmed) Write(p []byte) (int, error) {
	_, err := t.to.Write([]byte(strings.TrimSuffix(string(p), "\n")))
	return len(p), err
}

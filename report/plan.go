package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"

	"opensrs-doctor/probes/iprules"
)

// Plan is the best list for some addresses, and the way to it. As JSON it is one document with the keys rules,
// covered, uncovered, excess, rejected and steps.
type Plan struct {
	Plan       iprules.Plan
	Asked      uint64 // distinct addresses
	Uncovered  iter.Seq[string]
	Rejected   *Rejected
	Steps      []iprules.Step
	Goal       []iprules.Rule // what then stands in the panel, Deny rules too
	Limit      int
	Denies     int      // that stay, and take a place each
	CurrentOff bool     // nobody said what stands in the panel now: the steps begin with an empty list
	Notes      []string // what else is worth knowing, sentences
}

// maxNamed is how many of the addresses left out a person is told by name.
const maxNamed = 5

// WriteJSON writes the document without holding it in memory: a million addresses may be left out.
func (p *Plan) WriteJSON(w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	rules := []string{}
	for _, rule := range p.Plan.Rules() {
		rules = append(rules, rule.String())
	}
	out.WriteString("{\n  \"rules\": ")
	writeList(out, func(yield func(any) bool) {
		for _, rule := range rules {
			if !yield(rule) {
				return
			}
		}
	})
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
	out.WriteString(",\n  \"steps\": ")
	writeList(out, func(yield func(any) bool) {
		for i := range p.Steps {
			if !yield(&p.Steps[i]) {
				return
			}
		}
	})
	out.WriteString("\n}\n")
	return out.Flush()
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

// WriteText writes the plan for a person, and as a list of rules at once: whatever is no rule is a comment.
func (p *Plan) WriteText(w io.Writer, o TextOptions) error {
	c := &comments{width: o.Width}
	if c.width <= 0 {
		c.width = defaultWidth
	}
	if p.Asked == 0 {
		c.say("", "No address was asked for, so there is nothing to plan.")
	} else {
		c.say("", p.verdict())
	}
	for _, rule := range p.list() {
		c.out.WriteString(rule.String() + "\n")
	}
	p.leftOut(c)
	for _, note := range p.Notes {
		c.gap()
		c.say("", note)
	}
	p.way(c)
	_, err := io.WriteString(w, c.out.String())
	return err
}

// list is what stands in the panel in the end. Where there are only Allow rules their order means nothing, and they
// are sorted.
func (p *Plan) list() []iprules.Rule {
	if p.Denies == 0 {
		return p.Plan.Rules()
	}
	return p.Goal
}

func (p *Plan) verdict() string {
	n := len(p.Plan.Prefixes)
	whom := fmt.Sprintf("%d of %s", p.Plan.Covered, plural(p.Asked, "address", "addresses"))
	switch {
	case p.Plan.Covered == p.Asked && p.Asked == 1:
		whom = "the address"
	case p.Plan.Covered == p.Asked:
		whom = fmt.Sprintf("all %d addresses", p.Asked)
	}
	text := fmt.Sprintf("%s %s %s, and %s %s. No list of %s Allow %s does better.",
		plural(uint64(n), "rule", "rules"), verb(n, "covers", "cover"), whom, verb(n, "admits", "admit"),
		others(p.Plan.Excess), upTo(p.Limit-p.Denies), verb(p.Limit-p.Denies, "rule", "rules"))
	if p.Denies > 0 {
		text += fmt.Sprintf(" %s of now %s, and %s of the %d places.", plural(uint64(p.Denies), "Deny rule", "Deny rules"),
			verb(p.Denies, "stays", "stay"), verb(p.Denies, "takes one", fmt.Sprintf("take %d", p.Denies)), p.Limit)
	}
	return text
}

func upTo(n int) string {
	if n <= 1 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("up to %d", n)
}

func others(n uint64) string {
	switch n {
	case 0:
		return "no other"
	case 1:
		return "1 other that was not asked for"
	}
	return fmt.Sprintf("%d others that were not asked for", n)
}

func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// leftOut says what the plan cannot cover, and what really helps then.
func (p *Plan) leftOut(c *comments) {
	if left := p.Asked - p.Plan.Covered; left > 0 {
		var names []string
		more := 0
		for text := range p.Uncovered {
			if len(names) < maxNamed {
				names = append(names, text)
			} else {
				more++
			}
		}
		text := strings.Join(names, ", ")
		if more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		c.gap()
		c.say("", fmt.Sprintf("Left out: %s, %s. %s cannot follow hosts whose addresses lie far apart or change. What helps:",
			plural(left, "address", "addresses"), text, plural(uint64(p.Limit), "rule", "rules")))
		c.say("  - ", "one fixed way out for all callers: a NAT gateway or a proxy with a reserved address, and one rule for that;")
		c.say("  - ", "more rules than the five that everybody has: ask OpenSRS Support, then plan again with --max-rules.")
	}
	if n := p.Rejected.Len(); n > 0 {
		c.gap()
		c.say("", plural(uint64(n), "line asks", "lines ask")+" for no address that a rule could allow;"+
			" standard error names "+verb(n, "it", "them")+".")
	}
}

// way writes the steps.
func (p *Plan) way(c *comments) {
	if p.Asked == 0 {
		return
	}
	c.gap()
	if len(p.Steps) == 0 {
		c.say("", "The control panel has this list already: nothing is to be changed.")
		return
	}
	locked := uint64(0)
	for _, step := range p.Steps {
		locked += step.LocksOut
	}
	text := "Steps in the control panel (Account settings, API settings, IP access rules), in this order."
	switch {
	case p.CurrentOff:
		text += " They begin with an empty list; say what stands there now with --current-rule."
	case locked == 0:
		text += " No address that is allowed before and after is locked out on the way."
	default:
		text += fmt.Sprintf(" For a while they lock out %s allowed before and after; the steps say which, and why.",
			plural(locked, "address that is", "addresses that are"))
	}
	c.say("", text)
	for i, step := range p.Steps {
		what := map[string]string{
			iprules.StepRemove: "Remove " + step.Rule + ".", iprules.StepAdd: "Add " + step.Rule + ".", iprules.StepWait: "Wait",
		}[step.Action]
		c.say(fmt.Sprintf("%3d. ", i+1), what+" "+step.Why)
	}
}

// comments are lines behind a #, within a width.
type comments struct {
	out   strings.Builder
	width int
}

func (c *comments) gap() { c.out.WriteString("\n") }

func (c *comments) say(lead, text string) {
	for i, line := range wrap(clean(text), c.width-len("# ")-len(lead)) {
		if i > 0 {
			lead = strings.Repeat(" ", len(lead))
		}
		c.out.WriteString("# " + lead + line + "\n")
	}
}

package accessrules

import (
	"fmt"
	"io"
	"iter"
	"net/netip"
	"slices"
	"strings"

	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/probes/wording"
	"opensrs-doctor/report/screen"
)

// Plan is the best list for some addresses, and the way to it. As JSON it is one document with the keys rules,
// covered, uncovered, excess, rejected and steps, and besides rejected_total (rejected names up to MaxRejected), list
// (what is then in the panel, Deny rules too), reason (why there are no steps, only then; covered and excess are then those of
// what is in the panel already) and, where Deny rules meet no Allow, without_idle_denies.
type Plan struct {
	PlannedList
	Asked      uint64           // distinct addresses
	Apart      uint64           // of those left out, the ones that more rules could let in
	Uncovered  iter.Seq[string] // what is left out
	Rejected   *Rejected
	Limit      int
	Current    []iprules.Rule // what is in the panel now
	CurrentOff bool           // nobody said what is there: the steps begin with an empty list
	Notes      []string       // what else is worth knowing, sentences
	Without    *PlannedList   // the best list without the Deny rules of Idle; nil where there are none
	Idle       []IdleDenies   // those that meet no Allow of the list, then of the best list without those, and so on
}

// IdleDenies are Deny rules that meet no Allow rule of a list.
type IdleDenies struct {
	Rules   []int          // by index in the current list
	KeepOut []netip.Prefix // addresses asked for that no Allow rule can let in as long as they are there
}

// PlannedList is a list, what it is worth and the way to it.
type PlannedList struct {
	Plan   iprules.Plan
	Steps  []iprules.Step
	Goal   []iprules.Rule // what is then in the panel, Deny rules too
	Denies int            // that are kept, and use a place each
	Leave  []int          // Deny rules that are not kept, by index in the current list
}

// maxNamed is how many of the addresses left out a person is told by name.
const maxNamed = 5

// WriteText writes the plan for a person, and as a list of rules at once: whatever is not a rule is a comment.
func (p *Plan) WriteText(w io.Writer, o screen.Options) error {
	c := &comments{width: o.Width}
	if c.width <= 0 {
		c.width = screen.DefaultWidth
	}
	if p.Asked == 0 {
		c.say("", p.noSteps(&p.PlannedList))
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
	if p.Asked > 0 {
		p.way(c, &p.PlannedList, "Steps in the control panel ("+service.OpenSRS.Settings+", IP access rules), in this order.")
	}
	if p.Without != nil {
		p.otherList(c)
	}
	return screen.WriteLines(w, c.out.String())
}

// list is what is in the panel in the end. Where there are only Allow rules their order means nothing, and they
// are sorted.
func (l *PlannedList) list() []iprules.Rule {
	if l.Denies == 0 || len(l.Plan.Prefixes) == 0 {
		return l.Plan.Rules()
	}
	return l.Goal
}

// verdict is what the list is worth, and that there is no better one.
func (p *Plan) verdict() string {
	text := screen.Capital(p.worth(&p.PlannedList)) + "."
	if places := p.Limit - p.Denies; len(p.Plan.Prefixes) > 0 {
		text += fmt.Sprintf(" No list of %s Allow %s does better.", upTo(places), wording.Agree(places, "rule", "rules"))
	}
	if p.Denies > 0 {
		text += fmt.Sprintf(" %s %s kept and %s %d of %s.", screen.CountWords(p.Denies, "existing Deny rule", "existing Deny rules"),
			wording.Agree(p.Denies, "is", "are"), wording.Agree(p.Denies, "uses", "use"), p.Denies, screen.CountWords(p.Limit, "place", "places"))
	}
	return text
}

// worth is "2 rules cover 3 of 4 addresses, and admit no other".
func (p *Plan) worth(l *PlannedList) string {
	n := len(l.Plan.Prefixes)
	if n == 0 {
		if p.Asked == 1 {
			return "no Allow rule can let in the address asked for"
		}
		return fmt.Sprintf("no Allow rule can let in any of the %d addresses asked for", p.Asked)
	}
	whom := fmt.Sprintf("%d of %s", l.Plan.Covered, screen.CountWords(p.Asked, "address", "addresses"))
	switch {
	case l.Plan.Covered == p.Asked && p.Asked == 1:
		whom = "the address"
	case l.Plan.Covered == p.Asked:
		whom = fmt.Sprintf("all %d addresses", p.Asked)
	}
	return fmt.Sprintf("%s %s %s, and %s %s", screen.CountWords(n, "rule", "rules"), wording.Agree(n, "covers", "cover"), whom,
		wording.Agree(n, "admits", "admit"), others(l.Plan.Excess))
}

// otherList shows the list without the Deny rules that meet no Allow, and the way to it. All of it is a comment.
func (p *Plan) otherList(c *comments) {
	text, all := "", 0
	for round, idle := range p.Idle {
		var names []string
		for _, i := range idle.Rules {
			names = append(names, fmt.Sprintf("rule %d, %s", i+1, p.Current[i]))
		}
		n, which := len(names), strings.Join(names, "; ")
		if round == 0 {
			text = fmt.Sprintf("%s, %s no Allow rule here: %s ", screen.Capital(which), wording.Agree(n, "meets", "meet"), wording.Agree(n, "it", "they"))
			if len(idle.KeepOut) == 0 {
				text += wording.Agree(n, "changes", "change") + " nothing and "
			}
			text += fmt.Sprintf("%s %d of %s", wording.Agree(n, "uses", "use"), n, screen.CountWords(p.Limit, "place", "places"))
		} else {
			text += fmt.Sprintf(" In the best list without %s, %s %s none either", wording.Agree(all, "it", "them"), which, wording.Agree(n, "meets", "meet"))
		}
		if len(idle.KeepOut) > 0 {
			text += fmt.Sprintf(", and %s out what was asked for: %s", wording.Agree(n, "keeps", "keep"), iprules.PrefixList(idle.KeepOut))
		}
		text, all = text+".", all+n
	}
	c.gap()
	c.say("", fmt.Sprintf("%s Without %s, %s:", text, wording.Agree(all, "it", "them"), p.worth(p.Without)))
	for _, rule := range p.Without.list() {
		c.say("    ", rule.String())
	}
	instead := ", in place of those above"
	if len(p.Steps) == 0 {
		instead = ""
	}
	p.way(c, p.Without, "Steps to that list"+instead+", in this order.")
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
		text = fmt.Sprintf("Left out: %s, %s.", screen.CountWords(left, "address", "addresses"), text)
		places := p.Limit - p.Denies
		tooFew := places > 0 && p.Apart > 0
		if tooFew {
			text += fmt.Sprintf(" %s cannot follow hosts whose addresses lie far apart or change. What helps:",
				screen.CountWords(places, "Allow rule", "Allow rules"))
		}
		c.gap()
		c.say("", text)
		if tooFew {
			c.say("  - ", "one fixed address for all callers: a NAT gateway or a proxy with a reserved address, and one rule for that;")
			c.say("  - ", "more rules than the "+service.OpenSRS.Rules.MostInWords()+" that everybody has: ask OpenSRS Support, then plan again with --max-rules.")
		}
	}
	if n := p.Rejected.Len(); n > 0 {
		c.gap()
		named := wording.Agree(n, "it", "them")
		if n > MaxNotes {
			named = fmt.Sprintf("the first %d", MaxNotes)
		}
		c.say("", screen.CountWords(n, "line asks", "lines ask")+" for no address that a rule could allow; standard error names "+named+".")
	}
}

// way writes the steps to a list.
func (p *Plan) way(c *comments, l *PlannedList, text string) {
	c.gap()
	if reason := p.noSteps(l); reason != "" {
		c.say("", reason)
		return
	}
	locked, denies, dropped := uint64(0), "", false
	for _, step := range l.Steps {
		locked += step.LocksOut
		dropped = dropped || step.Drops
	}
	if slices.ContainsFunc(p.Current, func(r iprules.Rule) bool { return r.Action == iprules.Deny }) {
		denies = ", under the same reading of the list,"
	}
	switch {
	case p.CurrentOff:
		text += " They begin with an empty list; say what is there now with --current-rule."
	case locked == 0:
		text += " No address that is allowed before and after" + denies + " is locked out at any step."
	default:
		text += fmt.Sprintf(" For a while they lock out %s allowed before and after%s the steps say which, and why.",
			screen.CountWords(locked, "address that is", "addresses that are"), strings.TrimSuffix(denies, ",")+";")
	}
	if dropped {
		text += " Addresses that were asked for and that the plan leaves out lose the rule that lets them in now; the steps say which."
	}
	c.say("", text)
	for i, step := range l.Steps {
		what := map[string]string{
			iprules.StepRemove: "Remove " + step.Rule + ".", iprules.StepAdd: "Add " + step.Rule + ".", iprules.StepWait: "Wait",
		}[step.Action]
		c.say(fmt.Sprintf("%3d. ", i+1), what+" "+step.Why)
	}
}

// noSteps is why there are no steps to a list; "" where there are.
func (p *Plan) noSteps(l *PlannedList) string {
	switch {
	case p.Asked == 0:
		return "No address was asked for, so there is nothing to plan."
	case len(l.Plan.Prefixes) == 0:
		return "No steps: no Allow rule can let in what was asked for, so the list in the control panel stays as it is."
	case len(l.Steps) == 0:
		return "The control panel has this list already: nothing is to be changed."
	}
	return ""
}

// comments are lines behind a #, within a width.
type comments struct {
	out   strings.Builder
	width int
}

func (c *comments) gap() { c.out.WriteString("\n") }

func (c *comments) say(lead, text string) {
	for i, line := range screen.Wrap(screen.Clean(text), c.width-len("# ")-len(lead)) {
		if i > 0 {
			lead = strings.Repeat(" ", len(lead))
		}
		c.out.WriteString("# " + lead + line + "\n")
	}
}

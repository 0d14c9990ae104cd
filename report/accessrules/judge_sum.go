package accessrules

import (
	"fmt"
	"net/netip"
	"strconv"

	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report/screen"
)

// verdictWords is "5 allowed, 1 denied".
func verdictWords(counts iprules.Counts) string {
	words := make([]byte, 0, 64)
	for _, part := range [...]struct {
		n  uint64
		is string
	}{
		{counts.Allow, " allowed"}, {counts.Deny, " denied"}, {counts.Ambiguous, " ambiguous"}, {counts.Unknown, " unknown"},
	} {
		if part.n == 0 {
			continue
		}
		if len(words) > 0 {
			words = append(words, ", "...)
		}
		words = append(strconv.AppendUint(words, part.n, 10), part.is...)
	}
	return string(words)
}

// End writes, for a person, the addresses, the sum, why the readings disagree and the change that ends that.
func (j *Judgement) End() error {
	if !j.json {
		j.tally.all(func(ip netip.Addr, times uint32) { j.address(ip, times) }, j.badLine)
		j.screen.Out.Reset()
		j.sum()
		j.disagreements()
		j.write([]byte(j.screen.Out.String()))
	}
	return j.Flush()
}

func (j *Judgement) sum() {
	counts, bad := j.Judged()
	addresses := counts.Allow + counts.Deny + counts.Ambiguous + counts.Unknown
	if j.judged+bad < 2 {
		return
	}
	text := screen.CountWords(addresses, "address", "addresses")
	if j.judged > addresses {
		text = screen.CountWords(addresses, "distinct address", "distinct addresses") + fmt.Sprintf(" in %d lines", j.judged)
	}
	if addresses > 0 {
		text += ": " + verdictWords(counts)
	}
	if bad > 0 {
		text += "; " + screen.CountWords(bad, "line has no address", "lines have no address")
	}
	if bad > MaxNotes {
		text += fmt.Sprintf(", of which the first %d are shown", MaxNotes)
	}
	j.screen.Raw("\n", screen.Plain)
	j.screen.Paragraph("", 0, text+".", screen.Plain)
}

// maxExplained is how many different disagreements are put into words.
const maxExplained = 3

// disagreements says of each that an address met which rule each reading takes and why, and then what to change.
func (j *Judgement) disagreements() {
	rules, explained := j.matcher.Rules(), 0
	for i, n := range j.counts {
		r := j.matcher.Rulings()[i]
		if n == 0 || r.Verdict != iprules.VerdictAmbiguous || explained >= maxExplained {
			continue
		}
		if explained++; explained == 1 {
			j.screen.Raw("\n", screen.Plain)
			j.screen.Paragraph("", 0, "Which rule wins where an Allow and a Deny match is not documented:", screen.Bold)
		}
		for reading, why := range readingReasons.Get() {
			number := r.By[reading]
			j.screen.Hanging(2, 4, fmt.Sprintf("%s takes rule %d, %s, %s.", iprules.Readings[reading], number,
				rules[number-1], why[rules[number-1].Action]), screen.Plain)
		}
		j.screen.Raw("\n", screen.Plain)
	}
	if explained == 0 {
		return
	}
	best, opposite := iprules.Clarify(rules)
	if best == nil { // only IPv6 rules can do that
		return
	}
	lead := "One change makes the list mean the same in every reading:"
	if len(best.Edits) > 1 {
		lead = fmt.Sprintf("%d changes make the list mean the same in every reading:", len(best.Edits))
	}
	j.screen.Paragraph("", 0, lead, screen.Bold)
	j.screen.Paragraph("  ", 2, best.Text(), screen.Plain)
	if opposite != nil {
		j.screen.Paragraph("  ", 2, "If the opposite is meant: "+opposite.Text(), screen.Plain)
	}
}

// readingReasons are why each reading takes a rule, by the rule's type.
var readingReasons = lazy.Value[[3]map[iprules.Action]string]{Make: func() [3]map[iprules.Action]string {
	return [3]map[iprules.Action]string{
		{iprules.Allow: "the first that matches", iprules.Deny: "the first that matches"},
		{iprules.Allow: "the longest prefix that matches",
			iprules.Deny: "the longest prefix that matches (a Deny, at equal length)"},
		{iprules.Allow: "for no Deny matches", iprules.Deny: "for any Deny that matches counts"},
	}
}}

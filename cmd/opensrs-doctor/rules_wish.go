package main

import (
	"bufio"
	"fmt"
	"strconv"

	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/report"
)

// wish is what a plan is made for: the addresses of its input, and the lines that are none.
type wish struct {
	run      *rulesRun
	demand   iprules.Demand
	rejected report.Rejected
	notes    *bufio.Writer // standard error, for the rejected lines
	loose    int           // lines with host bits
	example  iprules.AddressLine
}

// add takes one line of the input.
func (w *wish) add(name string, line iprules.AddressLine) {
	switch {
	case line.Why != "":
	case !line.Prefix.Addr().Is4():
		line.Text, line.Why = line.Prefix.String(), "this is IPv6, and the control panel takes IPv4 only"
		if line.Bare {
			line.Text = line.Prefix.Addr().String()
		}
	default:
		if line.Prefix.Masked() != line.Prefix {
			if w.loose++; w.loose == 1 {
				w.example = line
			}
		}
		w.demand.Add(line.Prefix, line.Bare)
		return
	}
	if !w.run.asJSON {
		for _, part := range []string{"note: ", name, ":", strconv.Itoa(line.Number), ": ", line.Error(), "\n"} {
			w.notes.WriteString(part)
		}
	}
	w.rejected.Add(line)
}

// plan is the best list for the wish, and the way to it.
func (w *wish) plan(current ruleList, limit int) *report.Plan {
	denies := 0
	for _, rule := range current.rules {
		if rule.Action == iprules.Deny {
			denies++
		}
	}
	best := w.demand.Plan(limit - denies)
	way := iprules.NewTransition(current.rules, best.Prefixes, limit)
	result := &report.Plan{Plan: best, Asked: w.demand.Len(), Uncovered: w.demand.Uncovered(best.Prefixes),
		Rejected: &w.rejected, Limit: limit, Denies: denies, CurrentOff: !current.given, Goal: way.Goal()}
	if result.Asked == 0 {
		result.Steps = []iprules.Step{} // nothing was asked for: that is no reason to remove what is there
		return result
	}
	result.Steps = way.Steps()
	for _, denied := range way.DeniedByKept() {
		result.Notes = append(result.Notes, fmt.Sprintf("Rule %d of now, %s, stays and matches %s of the plan: calls from"+
			" there are refused in some or all ways to read the list. Remove that rule yourself, if it is not meant.",
			denied.Number, denied.Rule, iprules.PrefixList(denied.Where)))
	}
	if denies == limit {
		result.Notes = append(result.Notes, "Deny rules take every place, so that no Allow rule fits. An address without an"+
			" Allow rule is not let in anyway: remove the Deny rules that no Allow rule needs, then plan again.")
	}
	if n := w.demand.NeverPublic(); n > 0 {
		result.Notes = append(result.Notes, fmt.Sprintf("Private or reserved addresses are among those asked for, %d of"+
			" them: the service never sees a call come from there. Ask for the public addresses that the callers leave from.", n))
	}
	if w.loose > 0 {
		result.Notes = append(result.Notes, fmt.Sprintf("An address within a range counts as the whole range, as in line %d:"+
			" %s is %s. Such lines: %d.", w.example.Number, w.example.Prefix, w.example.Prefix.Masked(), w.loose))
	}
	return result
}

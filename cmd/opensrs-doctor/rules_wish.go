package main

import (
	"fmt"
	"net/netip"
	"slices"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/report/accessrules"
)

// wish is what a plan is made for: the addresses of its input, and the lines that are none.
type wish struct {
	run      *rulesRun
	demand   iprules.Demand
	rejected accessrules.Rejected
	noted    notedLines
	loose    int // lines with host bits
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
		w.noted.add(name, line)
	}
	w.rejected.Add(line)
}

// plan is the best list for the wish, and the way to it. Deny rules stay; where some of them meet no Allow of that list,
// the best list without them is beside it. Without any Allow rule to plan the panel stays as it is.
func (w *wish) plan(current config.RuleList, limit int) *accessrules.Plan {
	result := &accessrules.Plan{PlannedList: w.best(current.Rules, nil, limit), Asked: w.demand.Len(), Rejected: &w.rejected,
		Limit: limit, Current: current.Rules, CurrentOff: !current.Given}
	result.Uncovered = w.demand.Uncovered(result.Plan)
	result.Apart = result.Asked - result.Plan.Covered - w.demand.Within(notLetIn(current.Rules, nil))
	var leave []int
	for list := result.PlannedList; ; { // with more places for Allow rules, another Deny may be idle
		idle := slices.DeleteFunc(iprules.IdleDenies(current.Rules, list.Goal), func(i int) bool { return slices.Contains(leave, i) })
		if len(idle) == 0 {
			break
		}
		leave = append(leave, idle...)
		if list = w.best(current.Rules, leave, limit); len(list.Plan.Prefixes) > 0 {
			result.Without = &list
		}
		result.Idle = append(result.Idle, accessrules.IdleDenies{Rules: idle, KeepOut: w.demand.Which(prefixesOf(current.Rules, idle))})
	}
	result.Notes = w.notes(current.Rules, result.Denies == limit)
	return result
}

// best is the best list where some Deny rules are left out, by index, and the others stay.
func (w *wish) best(current []iprules.Rule, leave []int, limit int) accessrules.PlannedList {
	list := accessrules.PlannedList{Leave: leave, Goal: current, Steps: []iprules.Step{}}
	for i, rule := range current {
		if rule.Action == iprules.Deny && !slices.Contains(leave, i) {
			list.Denies++
		}
	}
	list.Plan = w.demand.Plan(limit-list.Denies, notLetIn(current, leave))
	if len(list.Plan.Prefixes) == 0 { // there is no reason to remove what is there
		everything := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
		list.Plan.Excess = iprules.NewMatcher(current).Public().Count(everything).Allow
		return list
	}
	way := iprules.NewTransition(current, leave, list.Plan.Prefixes, limit)
	way.Asked = &w.demand
	list.Goal, list.Steps = way.Goal(), way.Steps()
	return list
}

// prefixesOf are the prefixes of some of the rules, by index.
func prefixesOf(rules []iprules.Rule, some []int) (prefixes []netip.Prefix) {
	for _, i := range some {
		prefixes = append(prefixes, rules[i].Prefix)
	}
	return prefixes
}

// notLetIn are the addresses that no Allow rule lets in: those that a Deny matches which stays, and those that can never
// be public.
func notLetIn(current []iprules.Rule, leave []int) []netip.Prefix {
	without := iprules.NeverPublicRanges()
	for i, rule := range current {
		if rule.Action == iprules.Deny && !slices.Contains(leave, i) {
			without = append(without, rule.Prefix)
		}
	}
	return without
}

// notes are what else is worth knowing.
func (w *wish) notes(current []iprules.Rule, full bool) []string {
	var notes []string
	for i, rule := range current {
		if rule.Action != iprules.Deny {
			continue
		}
		if where := w.demand.Which([]netip.Prefix{rule.Prefix}); len(where) > 0 {
			notes = append(notes, fmt.Sprintf("Rule %d, %s, is kept, and refuses %s in at least one reading of the list."+
				" Remove that rule yourself if it is not meant.", i+1, rule, iprules.PrefixList(where)))
		}
	}
	if full {
		notes = append(notes, "Deny rules use every place, so no Allow rule fits.")
	}
	if w.demand.Whole {
		notes = append(notes, "A range counts only where all of it is let in (--whole).")
	}
	if never := w.demand.Which(iprules.NeverPublicRanges()); len(never) > 0 {
		notes = append(notes, fmt.Sprintf("Private or reserved addresses were asked for: %s. The service never sees a call come"+
			" from there. Ask for the public addresses that the callers leave from.", iprules.PrefixList(never)))
	}
	if w.loose > 0 {
		notes = append(notes, fmt.Sprintf("An address within a range counts as the whole range, as in line %d:"+
			" %s is %s. Such lines: %d.", w.example.Number, w.example.Prefix, w.example.Prefix.Masked(), w.loose))
	}
	return notes
}

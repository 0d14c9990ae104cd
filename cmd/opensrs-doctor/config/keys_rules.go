package config

import (
	"fmt"

	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/service"
)

// ipsKey is where a list of addresses comes from.
var ipsKey = Key{"ips", "", text, "FILE|-", groupAddresses,
	"addresses, the first IPv4 address of each line, in any column; - is standard input"}

// planKeys are the keys of plan.
func planKeys() []Key {
	all := []Key{
		{"max-rules", "", text, "N", groupRules,
			fmt.Sprintf("how many rules the control panel takes, 1 to %d (default %d)", iprules.MaxPlanned, service.OpenSRS.Rules.Most)},
		{"current-rule", "", list, "RULE", groupRules,
			"a rule that is in the control panel now; repeatable, in order"},
		{"current-rules-file", "", text, "PATH", groupRules,
			"the rules that are there now, one a line; - is standard input"},
		ipsKey,
		{"whole", "", boolean, "", groupAddresses, "an address of a range counts only where the whole range is let in"},
		{"require-all", "", boolean, "", groupAddresses, "exit status 1 where an address stays out, or a line has none"},
		dataFormat,
	}
	return append(all, viewKeys()...)
}

// mergeKeys are the keys of fleet merge.
func mergeKeys() []Key {
	form := Key{"format", "f", list, "NAME[=PATH]", groupOutput,
		"human (default), json, html, markdown or prometheus; repeatable; without PATH to standard output"}
	most := Key{"max-rules", "", text, "N", groupRules,
		fmt.Sprintf("how many rules the control panel takes, 1 to %d (default %d)", iprules.MaxPlanned, service.OpenSRS.Rules.Most)}
	current := Key{"current-rule", "", list, "RULE", groupRules,
		"a rule that is in the control panel now; repeatable, in order (default: the list in most reports)"}
	return append([]Key{current, most, form}, viewKeys()...)
}

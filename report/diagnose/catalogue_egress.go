package diagnose

import (
	"slices"

	"opensrs-doctor/report"
)

// mayNotCompare is said of a rules verdict that the API has not confirmed, where it may let in every address.
const mayNotCompare = "Whether the {unsure_env} environment takes calls from listed addresses only is not documented: " +
	"sources disagree."

// egressCauses are about the address that OpenSRS sees, and the access rules that judge it.
var egressCauses = []Cause{
	{
		ID: "egress.unknown", Probe: "egress", Severity: report.Warn,
		Summary: "This host's public address is not known",
		Explanation: []string{
			"None of the sources reported it: {sources_failed}.",
			"No source was asked, because of {none_asked}.",
			"So the access rules could not be compared with it.",
		},
		Fixes: []string{
			"Give the address yourself, if you know it: --egress-ip ADDRESS; or name a source of your own: " +
				"--egress-source https://HOST/PATH.",
			"Look it up where this network is run: the NAT gateway, the instance or the proxy " +
				"has it.",
			"Ask whoever runs {sources_opener} to allow {sources_closed}: one of them is enough." + General +
				"Allow the sources that the report names: TCP port 443 for https://, 80 for http://, UDP and TCP " +
				"port 53 for dns://. One of them is enough.",
			"Change nothing if the call succeeds: then the address is allowed, whichever it is.",
		},
		Docs: []string{DocKeyAndRules, docTroubleshooting},
		Means: "OpenSRS lets in known addresses only, and judges the one that it sees. Behind a " +
			"NAT or a proxy that is not the address that this computer has. It has to be asked " +
			"from outside, and no source outside gave an answer.",
		Recognised: "No source gave an address. It is a failure only where that leaves a failed " +
			"call unexplained, and only a note where the run was told to ask none. The service's " +
			"own replies do not contain the address.",
		When: whenEgressUnknown,
	},
	{
		ID: "egress.unstable", Probe: "egress", Severity: report.Warn,
		Summary: "This host leaves from more than one address: {egress_all}",
		Explanation: []string{
			"The sources saw different addresses within one run, so the next call may leave from " +
				"any of them.",
			"Each of them needs an Allow rule, or calls fail now and then.",
		},
		Fixes: []string{
			"Give this host one fixed address: a NAT gateway with a single reserved address, an " +
				"address of its own, or a proxy.",
			"Add Allow rules for all of them otherwise: at most five prefixes, from /25 to /32.",
			"Ask whoever runs the NAT for the whole list of its addresses: one run need not see " +
				"them all.",
			again,
		},
		Docs: []string{DocKeyAndRules},
		Means: "The network that this host leaves by has several public addresses and takes now " +
			"one, now another. OpenSRS lets in addresses that are on its list. If one of them is " +
			"not, calls fail from time to time, without anything having changed.",
		Recognised: "Sources that were asked in the same way as the call goes saw more than one " +
			"IPv4 address. Addresses seen by DNS alone do not count, since they can be the " +
			"resolver's. How many more there are cannot be seen.",
		When: whenEgressUnstable,
	},
	{
		ID: "egress.proxied", Probe: "egress", Severity: report.Info,
		Summary: "The proxy changes the public address: {egress}",
		Explanation: []string{
			"Through {proxy} the address is {egress}, without it {direct_egress}.",
			"The access rules have to allow the address that the API client leaves from.",
		},
		Fixes: []string{
			"Find out which path the API client takes: many ignore proxy settings.",
			"Allow {egress} in the access rules, if the client uses the proxy." + General +
				"Allow the address that is seen through the proxy in the access rules, if the " +
				"client uses the proxy.",
			"Allow {direct_egress} instead, if it does not." + General +
				"Allow the address that is seen without it instead, if the client does not.",
			"Change nothing if the client's calls succeed.",
		},
		Docs: []string{DocKeyAndRules},
		Means: "A proxy makes connections on behalf of this host, and the other side sees the " +
			"proxy's address. So a program that uses the proxy and one that does not come from " +
			"different addresses. Only the one that an access rule allows is let in.",
		Recognised: "The sources saw one address through the proxy and another directly. Which " +
			"path your own client takes cannot be seen from here.",
		When: whenEgressProxied,
	},
	{
		ID: "egress.split-route", Probe: "egress", Severity: report.Warn,
		Summary: "The endpoint and the egress sources are reached by different paths",
		Explanation: []string{
			"Packets to {host} leave from {local_address}, packets to the egress sources from " +
				"{source_path}.",
			"So the address that the sources saw, {egress}, may not be the one that OpenSRS sees.",
		},
		Fixes: []string{
			"Look at both routes: ip route get {address} and ip rule on Linux, route print on " +
				"Windows, route -n get {address} on macOS." + General +
				"Look at the routes to the endpoint and to the sources: ip route get and ip rule " +
				"on Linux, route print on Windows, route -n get on macOS.",
			"Remove the extra route or policy, if it is not meant: a VPN or a second interface " +
				"often adds one.",
			"Ask whoever runs the network for the public address behind {local_address}, and " +
				"check it: opensrs-doctor --egress-ip ADDRESS.",
			again,
		},
		Docs: []string{docIPRoute, docIPRule},
		Means: "This host has more than one path to the internet, and the path to OpenSRS is not the path to " +
			"the sources that report the public address. They truthfully report an address that " +
			"OpenSRS may never see. Comparing that one with the access rules can then mislead.",
		Recognised: "The operating system picks another local address or interface for the " +
			"endpoint than for the sources. Both paths may still end at the same NAT, so the " +
			"public address may be right anyway.",
		When: whenEgressSplitRoute,
	},
	{
		ID: "egress.no-ipv4", Probe: "egress", Severity: report.Fail,
		Summary: "This host reaches the internet by IPv6 only",
		Explanation: []string{
			"The sources saw {egress_all}, and no IPv4 address.",
			"Access rules are IPv4 only, so none can match this host.",
		},
		Fixes: []string{
			"Give this host IPv4 internet access: a public IPv4 address, or a NAT gateway that has one.",
			"Use NAT64 with DNS64, if the network offers it: OpenSRS then sees the gateway's " +
				"IPv4 address.",
			"Try a proxy that leaves by IPv4: opensrs-doctor --proxy http://HOST:PORT.",
			"Add an Allow rule for that IPv4 address in {panel}, Account settings, API settings.",
			again,
		},
		Docs: []string{DocKeyAndRules, rfc + "6146"},
		Hides: slices.Concat([]string{
			"host.offline", "egress.ipv6-possible", "call.ip-denied", "call.no-reply",
		}, offlineShows),
		Means: "This host has internet, but only of the newer kind, IPv6. The access rules of " +
			"OpenSRS take IPv4 addresses only. Without an IPv4 address that the calls leave " +
			"from, no rule can let it in.",
		Recognised: "Sources see an IPv6 address and never an IPv4 one, and the call fails. " +
			"Behind a gateway that translates (NAT64) the call may work, and then this is not " +
			"reported.",
		When: whenEgressNoIpv4,
	},
	{
		ID: "egress.ipv6-possible", Probe: "egress", Severity: report.Info,
		Summary: "API clients on this host may leave by IPv6",
		Explanation: []string{
			"An IPv6 address (AAAA record) exists for {host}, and this host has an IPv6 route.",
			"Access rules are IPv4 only, so a call by IPv6 can match none; this check itself " +
				"goes by IPv4.",
		},
		Fixes: []string{
			"Change nothing while the API client's calls succeed.",
			"Make the client connect by IPv4, if they do not: curl -4, or the client's own option.",
			"Prefer IPv4 for the whole Linux host otherwise, with this line in /etc/gai.conf: " +
				"precedence ::ffff:0:0/96 100.",
		},
		Docs: []string{DocKeyAndRules, docGaiConf},
		Means: "The endpoint can be reached in two ways, by IPv4 and by IPv6, and programs " +
			"choose for themselves. This check uses IPv4, because the access rules do. A program " +
			"that chooses IPv6 may be refused although this check passes.",
		Recognised: "The name has an IPv6 address, and this host has a route for IPv6. Which of " +
			"the two a program on this host takes cannot be seen from here.",
		When: whenEgressIpv6Possible,
	},
	{
		ID: "rules.invalid", Probe: "rules", Severity: report.Fail,
		Summary: "Something is wrong in the list of rules: {rule_problem}",
		Explanation: []string{
			"The list comes from {rules_source}.",
			"The control panel takes at most five rules, each an IPv4 address or a prefix from " +
				"/25 to /32, Allow or Deny.",
		},
		Fixes: []string{
			"{rule_fix}" + General +
				"Correct the rule that the report names.",
			"Run opensrs-doctor rules lint with the same rules to see every problem of the list.",
			"Compare the list with {panel}, Account settings, API settings: only what is saved there " +
				"counts.",
			"Ask OpenSRS Support for more than five rules, if they cannot cover your addresses.",
		},
		Docs: []string{DocKeyAndRules},
		Means: "The rules that were given to this check are not a list that OpenSRS would have. " +
			"So they cannot be the real list, and comparing with them can mislead. A rule that " +
			"is only written unusually, or twice, is a warning.",
		Recognised: "By the list alone: more than five rules, a prefix that is wider than /25, " +
			"an address that is not IPv4; as a warning, bits set after the prefix, or the same " +
			"rule twice. What the real list is, only the control panel shows.",
		When: whenRulesInvalid,
	},
	{
		ID: "rules.never-public", Probe: "rules", Severity: report.Fail,
		Summary: "OpenSRS never sees a call from {never_public} ({kind_of_address})",
		Explanation: []string{
			"{never_given} was given as the address that calls leave from, but the internet carries " +
				"nothing from such an address.",
			"No call can match {never_rule} in {rules_source}: OpenSRS sees the public address that " +
				"a call leaves from.",
			"That leaves {allow_left} that can let a call in.",
			mayNotCompare,
		},
		Fixes: []string{
			"Give --egress-ip the public address that the calls leave from, instead of {never_given}." + General +
				"Give --egress-ip the public address that the calls leave from.",
			"Replace {never_rule} by {rule_to_add} in {panel}, Account settings, API settings, and in " +
				"{rules_source}." + General +
				"Replace the rule by one for the public address, in {panel}, Account settings, API " +
				"settings, and in {rules_source}.",
			"Replace {never_stray} by the public address that is meant, in {panel}, Account settings, API " +
				"settings, and in {rules_source}, or remove it: it uses one of the five places." + General +
				"Remove the rule, if nothing calls from there: it uses one of the five places.",
			"Find the public address: run opensrs-doctor --only egress on the host that makes the " +
				"calls.",
			"Run opensrs-doctor --wait 20m after you change {never_rule}: that takes up to 15 minutes to " +
				"take effect." + General +
				"Run opensrs-doctor --wait 20m after a change of the rules: it takes up to 15 minutes to " +
				"take effect.",
		},
		Docs: []string{DocKeyAndRules, rfc + "6890"},
		Means: "Addresses such as 10.x, 192.168.x and 100.64.x are used in many networks at once, and " +
			"the internet carries nothing from them. A host that has one leaves by the public " +
			"address of a NAT gateway or a proxy, and that is the address that OpenSRS compares " +
			"with the access rules.",
		Recognised: "By the addresses given with --egress-ip and the Allow rules given: private, " +
			"shared by a provider's NAT (CGNAT), loopback, link-local, multicast or reserved. It " +
			"is a failure where the address asked about is one of these, or every Allow rule is; " +
			"a warning where such a rule is beside others. The ranges for documentation count as " +
			"public, and an endpoint that is itself at such an address is left out: it may see " +
			"them.",
		When: whenRulesNeverPublic,
	},
	{
		ID: "rules.not-allowed", Probe: "rules", Severity: report.Fail,
		Summary: "No Allow rule matches {egress}",
		Explanation: []string{
			"The address {egress} was seen by {sources}.",
			"None of the rules given ({rules_source}) allows it.",
			"{given_ipv6} is IPv6, and the access rules are IPv4 only: no rule can match it.",
			"OpenSRS takes calls from addresses that an Allow rule matches.",
			mayNotCompare,
		},
		Fixes: []string{
			"Give --egress-ip the IPv4 address that the calls leave from, instead of {given_ipv6}." + General,
			"Make room first: remove {rule_to_drop}; five rules are the limit." + General +
				"Make room first, if there are five rules already: remove one that is no longer " +
				"needed.",
			"Add the rule {rule_to_add} in {panel}, Account settings, API settings, IP access " +
				"rules." + General +
				"Add an Allow rule for {egress} in {panel}, Account settings, API settings, IP " +
				"access rules.",
			"Add {rule_to_add} to {rules_source} too, so that the next run compares with the real list." + General +
				"Add the same rule to {rules_source}, so that the next run compares with the real list.",
			"Run opensrs-doctor --wait 20m then: a change takes up to 15 minutes to take effect.",
			"Ask OpenSRS Support for more than five rules, if {rule_to_drop}, is still needed." + General +
				"Ask OpenSRS Support for more than five rules, if all five are still needed.",
		},
		Docs:  []string{DocKeyAndRules, docTroubleshooting},
		Hides: []string{"call.ip-denied", "call.auth-failed", "call.no-reply"},
		Means: "OpenSRS has a list of the addresses that may use the API key. The address that " +
			"this host comes from is not on it. To OpenSRS, a right username and key from an " +
			"address that is not listed look like a stranger.",
		Recognised: "The public address of this host is compared with the rules that were given; " +
			"none allows it. With the reply \"invalid IP address\" it is certain. With a failed " +
			"login or a connection that is closed without a reply it is likely, since OpenSRS " +
			"may answer so to an address that is not allowed.",
		When: whenRulesNotAllowed,
	},
	{
		ID: "rules.denied", Probe: "rules", Severity: report.Fail,
		Summary: "A Deny rule matches {egress}: {matching_rule}",
		Explanation: []string{
			"Every reading of the list denies the address.",
			mayNotCompare,
		},
		Fixes: []string{
			"Remove {matching_rule}, in {panel}, Account settings, API settings, or narrow it so " +
				"that it leaves {egress} out." + General +
				"Remove that rule in {panel}, Account settings, API settings, or narrow it so " +
				"that it leaves {egress} out.",
			"Add the rule {rule_to_add} there: no Allow rule matches the address yet." + General +
				"Add an Allow rule for the address there, if none matches it yet.",
			"Ask whoever made the Deny rule before you change it: it may be meant.",
			"Correct {rules_source} in the same way, and run opensrs-doctor --wait 20m: a change " +
				"takes up to 15 minutes to take effect.",
		},
		Docs:  []string{DocKeyAndRules},
		Hides: []string{"call.ip-denied", "call.auth-failed", "call.no-reply"},
		Means: "Access rules can allow addresses and can deny them. One of the rules denies the " +
			"address that this host comes from, and no reading of the list lets it in. Somebody " +
			"may have meant it so.",
		Recognised: "The public address is compared with the rules that were given, in the three " +
			"ways in which such a list can be read: the first match, the most specific match, " +
			"any Deny. All three deny. With the reply \"invalid IP address\" it is certain, with " +
			"other refusals likely.",
		When: whenRulesDenied,
	},
	{
		ID: "rules.ambiguous", Probe: "rules", Severity: report.Warn,
		Summary: "The rules can be read both ways for {egress}",
		Explanation: []string{
			"An Allow and a Deny both match, and OpenSRS does not document which of them wins.",
			"What each reading says: {readings}.",
			"The API answered {code}, \"{text}\".",
			mayNotCompare,
		},
		Fixes: []string{
			"Replace the list by one that reads the same either way: {clear_list}.",
			"Remove the Deny rule, if the Allow rules leave out those addresses anyway: an " +
				"address needs an Allow to be let in.",
			"Make the change in {panel}, Account settings, API settings, and in {rules_source}.",
			"Wait up to 15 minutes for it to take effect, then run opensrs-doctor again from " +
				"this host.",
		},
		Docs:  []string{DocKeyAndRules},
		Hides: []string{"call.ip-denied"},
		Means: "One rule allows the address of this host and another denies it. Which one counts " +
			"depends on how OpenSRS reads its list, and no public page says that. A list that " +
			"gives the same answer in every reading avoids the question.",
		Recognised: "The list is read in three ways: the first match, the most specific match, " +
			"any Deny. They disagree about this host's address. It is a failure when the API " +
			"refuses the address, and a warning otherwise.",
		When: whenRulesAmbiguous,
	},
	{
		ID: "rules.pool-partly-allowed", Probe: "rules", Severity: report.Fail,
		Summary: "Only some of this host's public addresses are allowed",
		Explanation: []string{
			"The rules allow {allowed} and not {not_allowed}.",
			"Which of them a call leaves from changes, so calls fail now and then.",
			mayNotCompare,
		},
		Fixes: []string{
			"Make room first: remove {rule_to_drop}; five rules are the limit." + General +
				"Make room first, if there are five rules already: remove one that is no longer " +
				"needed.",
			"Add what is missing in {panel}, Account settings, API settings: {rule_to_add}." + General +
				"Add an Allow rule for each address that is missing, in {panel}, Account " +
				"settings, API settings.",
			"Give this host one fixed address instead: a NAT gateway with a single reserved " +
				"address, or a proxy.",
			"Ask whoever runs the NAT for all its addresses: one run need not see them all.",
			"Wait up to 15 minutes for a change to take effect, then run opensrs-doctor again " +
				"from this host.",
		},
		Docs:  []string{DocKeyAndRules, docTroubleshooting},
		Hides: []string{"egress.unstable", "call.ip-denied", "call.auth-failed", "call.no-reply"},
		Means: "This host leaves now from one address, now from another, and only some of them " +
			"are on the list of OpenSRS. A call works or fails by chance. Trying again seems to " +
			"help, which makes this one hard to find.",
		Recognised: "More than one address was seen on the path that the call takes, and the " +
			"rules that were given allow some and not others. A call that succeeded once proves " +
			"nothing here. There may be more addresses than one run sees.",
		When: whenRulesPoolPartlyAllowed,
	},
	{
		ID: "rules.propagating", Probe: "rules", Severity: report.Fail, Passes: true,
		Summary: "The rules given allow {egress}, but the API does not",
		Explanation: []string{
			"It is allowed by {matching_rule}, yet the API answered {code}, \"{text}\".",
			"The rule was not saved, or is less than 15 minutes old, or is in the list of " +
				"another environment.",
		},
		Fixes: []string{
			"Check that the rule is saved in {panel}, Account settings, API settings: the list " +
				"there is the one that counts.",
			"Run opensrs-doctor --wait 20m: a saved change takes up to 15 minutes to take effect.",
			"Check that it is the list of the {environment} environment: live and test each have " +
				"their own.",
			"Send OpenSRS Support the bundle that opensrs-doctor ticket writes, if it does not work after " +
				"an hour.",
		},
		Docs:  []string{DocKeyAndRules, docTroubleshooting},
		Hides: []string{"call.ip-denied"},
		Means: "By the rules that were given to this check, this host is allowed; by the rules " +
			"that OpenSRS uses, it is not. So the two lists are not the same. Either the change " +
			"has not arrived yet, or it was not made, or it was made in another place.",
		Recognised: "The rules given allow the address, and the API answers that the address is " +
			"invalid. Which of the three reasons it is cannot be seen from outside; waiting " +
			"shows whether it is the first. OpenSRS says up to 15 minutes, an older client's " +
			"notes say an hour.",
		When: whenRulesPropagating,
	},
	{
		ID: "rules.stale", Probe: "rules", Severity: report.Warn,
		Summary: "The API lets in {egress}, which the rules given deny",
		Explanation: []string{
			"So the list in {rules_source} is not the list that OpenSRS uses.",
			"The rule that matches there is {matching_rule}.",
			"The address is let in; only the copy of the rules is out of date.",
			mayNotCompare,
		},
		Fixes: []string{
			"Copy the list from {panel}, Account settings, API settings, into {rules_source}.",
			"Compare the environment too: live and test each have a list of their own.",
			"Leave the rules in the control panel as they are: they let this address in.",
		},
		Docs:  []string{DocKeyAndRules},
		Hides: []string{"rules.never-public"},
		Means: "The call succeeds, although the rules that were given to this check would not " +
			"let it through. The real list is the one in the control panel, and the copy here " +
			"differs. Nothing is broken, but the next plan that is made with this copy may be " +
			"wrong.",
		Recognised: "The rules given deny the address that was seen, and the API accepted the " +
			"call. A change that was just made and has not taken effect yet can look the same " +
			"for some minutes.",
		When: whenRulesStale,
	},
}

package diagnose

import "opensrs-doctor/report"

// callCauses are about the signed test call and its reply.
var callCauses = []Cause{
	{
		ID: "call.ip-denied", Probe: "call", Severity: report.Fail, Passes: true,
		Summary: "OpenSRS does not let in {egress}",
		Explanation: []string{
			"The API answered {code}, \"{text}\".",
			"The address {egress} was seen by {sources}.",
			"No rules were given to compare it with ({rule_flags}).",
			"Which address this call left from is not known: {planned_egress} took the place of asking.",
		},
		Fixes: []string{
			"Run opensrs-doctor on this host without {planned_egress}, to see the address that its calls leave from." + General,
			"Look at the IP access rules in {panel}, Account settings, API settings: an Allow rule " +
				"has to match this host's public address.",
			"Add the rule allow {egress}/32 there, if none does; five rules are the limit." + General +
				"Add an Allow rule for it there, if none does; five rules are the limit.",
			"Wait up to 15 minutes for a change to take effect, then run opensrs-doctor again " +
				"from this host.",
			"Give the list to opensrs-doctor with {rule_flags}, so that it can say which rule is " +
				"missing.",
		},
		Docs: []string{DocKeyAndRules, docTroubleshooting, docCodes},
		Means: "OpenSRS has a list of the addresses that may use the API key, and says that this " +
			"one is not on it. Username and key may well be right. Add the address to the list, " +
			"or call from one that is on it.",
		Recognised: "The API's own words: \"invalid IP address\". Which address it saw it does " +
			"not say; it is most likely the one that the sources saw. Since no rules were given, " +
			"it is not known whether one is missing, denied or too new.",
		When: whenCallIpDenied,
	},
	{
		ID: "call.auth-failed", Probe: "call", Severity: report.Fail,
		Summary: "OpenSRS refuses the call: authentication failed ({code})",
		Explanation: []string{
			"The API answered {code}, \"{text}\".",
			"Ruled out already: {ruled_out}.",
			"Not ruled out: {not_ruled_out}.",
			"The key that was used has the fingerprint {fingerprint}, for comparing it with " +
				"another host's.",
		},
		Fixes: []string{
			"Copy the key once more from {panel}, Account settings, API settings, into " +
				"{key_source}.",
			"Ask whether somebody generated a new key: the old one stopped at that moment.",
			"Check that {username} is the primary reseller user of the {environment} " +
				"environment: sub-users cannot authenticate.",
			"Check that an Allow rule matches {open_address}: an address that is not allowed can " +
				"get the same answer.",
			again,
		},
		Docs: []string{docTroubleshooting, docChecklist, DocKeyAndRules, docCodes},
		Means: "OpenSRS received the call and did not accept who it is from. The key, the " +
			"username, the environment or the address is not the one that it expects. Its answer " +
			"does not say which of them, so they are checked one after the other.",
		Recognised: "The reply has the code 401 or 410. What could be ruled out was: the " +
			"signature code against a published example, the key's form, and, where rules were " +
			"given, the address. The rest only the control panel can tell.",
		When: whenCallAuthFailed,
	},
	{
		ID: "call.wrong-environment", Probe: "call", Severity: report.Fail,
		Summary: "These credentials are not for {environment} but for {other_env}" + General +
			"The credentials are for the other environment",
		Explanation: []string{
			"The same username and key are refused in {environment} and accepted in {other_env}.",
			"Each environment has an account, a key and access rules of its own.",
		},
		Fixes: []string{
			"Run opensrs-doctor --env {other_env}, if that is the environment you mean, and set " +
				"the same in the API client." + General +
				"Run opensrs-doctor with --env live or --env test, whichever the credentials are " +
				"for, if that is the environment you mean, and set the same in the API client.",
			"Take username and key for {environment} from its own control panel otherwise: " +
				"Account settings, API settings." + General +
				"Take the username and key of the environment that is called from its own control panel " +
				"otherwise: Account settings, API settings.",
			"Add the access rules there too: rules are not shared between the two.",
			again,
		},
		Docs:  []string{docQuickstart, docChecklist},
		Hides: []string{"call.auth-failed"},
		Means: "OpenSRS has a live service and a test service (Horizon), with separate accounts. " +
			"The username and key belong to the one, and the call went to the other.",
		Recognised: "The call was refused here, and one and the same call succeeded in the other " +
			"environment. That is certain. It is asked once, and only between the two public " +
			"services (--cross-check=false leaves it out).",
		When: whenCallWrongEnvironment,
	},
	{
		ID: "call.permission-denied", Probe: "call", Severity: report.Fail,
		Summary: "OpenSRS does not permit {username} to make the call" + General +
			"OpenSRS does not permit this user to make the call",
		Explanation: []string{
			"The API answered {code}, \"{text}\".",
			"OpenSRS lists such codes for sub-users and end users; the API is for the primary " +
				"reseller user.",
		},
		Fixes: []string{
			"Use the primary reseller user of the {environment} environment, with that account's " +
				"key, in place of {username}." + General +
				"Use the primary reseller user of the right environment, with that account's key.",
			"Check the account in {panel}: whether it is active, and whose key it is.",
			"Send OpenSRS Support the bundle that opensrs-doctor ticket writes, if {username} is the primary " +
				"reseller user.",
			again,
		},
		Docs: []string{docChecklist, docCodes},
		Means: "OpenSRS knows who calls, and does not allow this user to do it. Users that were " +
			"added to an account, so-called sub-users, cannot use the API.",
		Recognised: "The reply's code is one of those that OpenSRS lists for missing permission, " +
			"435 for example. Which permission is missing it does not say.",
		When: whenCallPermissionDenied,
	},
	{
		ID: "call.rate-limited", Probe: "call", Severity: report.Fail, Passes: true,
		Summary: "OpenSRS limits the calls at the moment",
		Explanation: []string{
			"The API answered {code}, \"{text}\".",
			"The code {code} is one of three: 300 is about commands in a time, 310 about " +
				"connections at once, 350 about commands on one connection. With a text about a " +
				"contact's consent, 300 is not a limit: that order waits for the contact.",
		},
		Fixes: []string{
			"Run opensrs-doctor --wait 5m: it repeats until the limit has passed.",
			"Spread the calls of your programs over time, and make fewer at once.",
			"Close each connection when it is done: one lives at most 60 seconds and 100 commands.",
			"Look for other hosts and jobs that use the account of {username}." + General +
				"Look for other hosts and jobs that use the same account.",
		},
		Docs: []string{docCodes, docOwnClient},
		Means: "The account makes more calls than OpenSRS takes at one time. This check makes a " +
			"single one, so the others come from elsewhere. A limit passes by itself when they " +
			"stop; an order that waits for a contact's consent (also code 300) does not.",
		Recognised: "The reply has the code 300, 310 or 350; of 300 the reply's text says which of " +
			"the two it is. Which host makes the other calls " +
			"cannot be seen from here.",
		When: whenCallRateLimited,
	},
	{
		ID: "call.server-error", Probe: "call", Severity: report.Fail,
		Summary: "The service answered with an error of its own",
		Explanation: []string{
			"The API answered {code}, \"{text}\".",
			"The reply was HTTP {http_status}.",
			"Such a reply comes from the service or a gateway in front of it, and says nothing " +
				"against this host.",
		},
		Fixes: []string{
			seeStatus,
			"Run opensrs-doctor again in a few minutes.",
			"Ask whoever runs {proxy} whether the error is the proxy's own." + General +
				"Ask whoever runs the proxy, if there is one, whether the error is its own.",
			"Send OpenSRS Support the bundle that opensrs-doctor ticket writes, if it stays.",
		},
		Docs:  []string{docStatus, docCodes},
		Hides: []string{"call.not-opensrs", "call.malformed-reply"},
		Means: "The call arrived, and something inside the service went wrong. Nothing on this " +
			"host can mend it. Most such errors pass after some minutes.",
		Recognised: "The reply's code is one that OpenSRS lists for trouble of its own or of a " +
			"registry (400 with \"internal\", 404, 405, 436), or the HTTP status is 500 or " +
			"above. Whether a gateway on the path made it cannot always be told.",
		When: whenCallServerError,
	},
	{
		ID: "call.no-reply", Probe: "call", Severity: report.Fail,
		Summary: "The connection ended without a reply of the API",
		Explanation: []string{
			"Clients of the service know this as its way to turn away an address that no rule " +
				"allows; OpenSRS does not document it.",
			"The address {egress} was seen by {sources}.",
			"Something on the path that cuts the connection looks the same.",
		},
		Fixes: []string{
			"Check that an Allow rule matches {egress}, in {panel}, Account settings, API " +
				"settings, IP access rules.",
			"Add the rule allow {egress}/32 there, if none does; a change takes up to 15 minutes " +
				"to take effect." + General +
				"Add an Allow rule for it there, if none does; a change takes up to 15 minutes " +
				"to take effect.",
			seeStatus,
			askSupport,
			again,
		},
		Docs: []string{DocKeyAndRules, docTroubleshooting},
		Means: "The secure connection was made and the call was sent; then the other side hung " +
			"up without a word. Most often the service does not know the address that the call " +
			"comes from. It has not said so, so it stays a likely reason.",
		Recognised: "The connection was closed or reset after the request, and not a byte of a " +
			"reply came. With rules that do not allow the address, the rules are reported as the " +
			"cause instead.",
		When: whenCallNoReply,
	},
	{
		ID: "call.not-opensrs", Probe: "call", Severity: report.Fail,
		Summary: "The reply is not the API's: {quote}",
		Explanation: []string{
			"The reply was HTTP {http_status}.",
			"A proxy, a block page, a login page or a maintenance page answers like this, the " +
				"API does not.",
		},
		Fixes: []string{
			"Read the quoted words, a proxy or a firewall often names itself there, and ask whoever " +
				"runs it to let port {port} of {host} through.",
			"Ask whoever runs {proxy} to pass {host} port {port} through untouched." + General +
				"Ask whoever runs the proxy, if there is one, to pass {host} port {port} through " +
				"untouched.",
			"Compare host, port and path of {own_endpoint}: live is " +
				"https://rr-n1-tor.opensrs.net:55443/.",
			seeStatus,
			again,
		},
		Docs:  []string{docQuickstart, docStatus},
		Hides: []string{"call.malformed-reply"},
		Means: "Something answered the call, but not in the language of the API. It is a web " +
			"page or the like. So the call reached another program than the API.",
		Recognised: "The reply is complete and is not the XML envelope that the API answers " +
			"with. Its title or first line is quoted. Who sent it only the words themselves can " +
			"tell.",
		When: whenCallNotOpensrs,
	},
	{
		ID: "call.redirected", Probe: "call", Severity: report.Fail,
		Summary: "The reply sends the call elsewhere: {location}",
		Explanation: []string{
			"The reply was HTTP {http_status}.",
			"It was not followed: a signed call goes to the endpoint that was given and to " +
				"no other.",
			"A login page, a proxy or a wrong path answers like this.",
		},
		Fixes: []string{
			"Log in or accept the network's terms, if {location} is a login page." + General +
				"Log in or accept the network's terms, if the reply leads to a login page.",
			"Correct the endpoint with --endpoint, if {location} is the right place and you " +
				"trust it." + General +
				"Correct the endpoint with --endpoint, if the reply leads to the right place and " +
				"you trust it.",
			"Ask whoever runs {proxy} to pass {host} port {port} through untouched." + General +
				"Ask whoever runs the proxy, if there is one, to pass {host} port {port} through " +
				"untouched.",
			again,
		},
		Docs:  []string{docQuickstart, rfc + "9110#section-15.4"},
		Hides: []string{"call.not-opensrs", "call.malformed-reply"},
		Means: "The answer is \"look over there\". A web browser would go; opensrs-doctor does " +
			"not, because the call is signed and meant for one place only. Usually a login page " +
			"or a proxy causes it.",
		Recognised: "The HTTP status is one of the 300s with a place to go to, which is named. " +
			"Nothing was sent there.",
		When: whenCallRedirected,
	},
	{
		ID: "call.malformed-reply", Probe: "call", Severity: report.Fail,
		Summary: "The reply is damaged or not well-formed",
		Explanation: []string{
			"What was seen: {seen}.",
			"It begins with: {quote}.",
			"A cut connection, a device that rewrites what passes, or trouble at the service can " +
				"damage a reply.",
		},
		Fixes: []string{
			"Run opensrs-doctor again, to see whether it stays.",
			"Ask whoever runs {proxy} whether it filters or rewrites XML." + General +
				"Ask whoever runs the proxy, if there is one, whether it filters or rewrites XML.",
			seeStatus,
			askSupport,
		},
		Docs: []string{docOwnClient, docStatus},
		Means: "A reply came that begins like the API's and cannot be read to its end. It is cut " +
			"short, damaged or far too big. It was put aside unread, as a safe program should.",
		Recognised: "The reply ends early, is not well-formed, uses XML features that the API " +
			"has no need for, or is over the size limit. Where the damage was done cannot be " +
			"seen from here.",
		When: whenCallMalformedReply,
	},
	{
		ID: "call.timeout", Probe: "call", Severity: report.Fail,
		Summary: "The API did not reply within {budget}",
		Explanation: []string{
			"The call was sent over a secure connection that works, and no whole reply came in " +
				"time.",
			"The service's own client waits 80 seconds, so a slow reply may still come.",
		},
		Fixes: []string{
			"Give the call more time: opensrs-doctor --timeout 100s.",
			seeStatus,
			"Ask whoever runs {proxy} whether it holds replies back." + General +
				"Ask whoever runs the proxy, if there is one, whether it holds replies back.",
			"Send OpenSRS Support the bundle that opensrs-doctor ticket writes, if it stays.",
		},
		Docs: []string{docStatus, docOwnClient},
		Means: "The call arrived as far as can be seen, and the answer did not come in time. The " +
			"service may be slow or overloaded, or something on the path holds the answer back.",
		Recognised: "The request was written and the time for the call ran out before the reply " +
			"was complete. A slow service and a lost reply look the same; segments that were " +
			"sent again point to the network.",
		When: whenCallTimeout,
	},
}

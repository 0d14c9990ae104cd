package diagnose

import (
	"slices"

	"opensrs-doctor/report"
)

// hostCauses are about this machine, what the user gave, and what the service says of itself.
var hostCauses = []Cause{
	{
		ID: "host.offline", Severity: report.Fail,
		Summary: "Nothing on the internet answers this host",
		Explanation: []string{
			"This host's own routing table has {no_route}.",
			"Neither {endpoint} nor these answer: {controls_bad}.",
			"So the trouble is at this host or in its network rather than at OpenSRS.",
		},
		Fixes: []string{
			"Check that this host has an address and a default route: ip address and ip route on " +
				"Linux, ipconfig on Windows, netstat -rn on macOS.",
			"Check the link that it leaves by: the cable, the Wi-Fi, the VPN, the virtual network.",
			"Give a cloud host or a container internet access: a route to an internet or NAT gateway, " +
				"and a security group that allows outgoing traffic.",
			"Set HTTPS_PROXY or --proxy to a proxy that answers, if hosts of this network may " +
				"leave through a proxy only.",
			again,
		},
		Docs:  []string{docChecklist, docIPRoute},
		Hides: offlineShows,
		Means: "This computer reaches nothing outside: not the API, and not the well-known peers " +
			"that are asked for comparison. Until that is mended, nothing can be said about the " +
			"account, the key or the access rules. Other programs on this host will have the " +
			"same trouble.",
		Recognised: "The operating system has no route for the endpoint's address, or the " +
			"endpoint, every control and every resolver are silent or unreachable; with a proxy, " +
			"the proxy too. A firewall that closes everything looks the same. Where a " +
			"resolver still answers, or a single control was asked, it is likely rather than " +
			"certain.",
		When: whenHostOffline,
	},
	{
		ID: "host.clock-wrong", Severity: report.Fail,
		Summary: "This host's clock is {offset}" + General +
			"This host's clock is wrong",
		Explanation: []string{
			"Other computers ({clock_peers}) agree on {true_time}; this host says {now}.",
			"A certificate counts only between its first and its last day, so a wrong clock " +
				"makes a good one look expired or not yet valid.",
		},
		Fixes: []string{
			"Switch time synchronisation on: sudo timedatectl set-ntp true on Linux with " +
				"systemd, w32tm /resync on Windows, sudo sntp -sS time.apple.com on macOS.",
			"Run sudo chronyc makestep where chrony keeps the time: it corrects a big difference " +
				"at once.",
			"Allow UDP port 123 to the time servers; timedatectl timesync-status or chronyc " +
				"sources shows whether they answer.",
			"Correct the clock of the machine underneath, if this is a container: it has no " +
				"clock of its own.",
			again,
		},
		Docs:  []string{docTimedatectl, docChrony},
		Hides: []string{"tls.expired", "tls.not-yet-valid", "egress.unknown"},
		Means: "The time of day on this computer is not the real one. Secure connections depend " +
			"on it: every certificate has a first and a last day. A few minutes do no harm yet, " +
			"but a clock that drifts goes on drifting. With a clock that is hours or years off, " +
			"all secure connections fail, and each one blames the other side.",
		Recognised: "Several peers send their time with each reply (the HTTP Date header); they " +
			"agree with each other and not with this host. It is a failure when the difference " +
			"breaks the dates of a certificate, a warning from 5 minutes on. One peer alone is " +
			"not believed.",
		When: whenHostClockWrong,
	},
	{
		ID: "host.local-firewall", Probe: "port", Severity: report.Fail,
		Summary: "This host's own firewall blocks {endpoint}",
		Explanation: []string{
			"The ICMP message \"{icmp}\" comes from {sender}, an address of this host.",
			"Packets to port {good_port} of {host} do leave, packets to port {port} do not.",
			"The first router ({hop}) would look the same, if it stopped these packets as they " +
				"arrive.",
		},
		Fixes: []string{
			"List the rules for outgoing traffic: sudo nft list ruleset or sudo iptables -S " +
				"OUTPUT on Linux, Get-NetFirewallRule -Direction Outbound on Windows, sudo pfctl " +
				"-s rules on macOS.",
			"Allow outgoing TCP to {address} port {port}, ahead of the rule that stops it.",
			"Check the network policy and the security agent too, if this host is a container, a " +
				"pod or centrally managed.",
			"Ask whoever runs the first router ({hop}), if no rule on this host stops it." + General +
				"Ask whoever runs the first router, if no rule on this host stops it.",
			again,
		},
		Docs:  []string{docNftables, docChecklist},
		Hides: slices.Concat([]string{"host.offline"}, offlineShows),
		Means: "The packets never leave this computer: a firewall that runs on it, or a policy " +
			"of its container platform or security software, stops them. OpenSRS and the network " +
			"in between have no part in it. It is mended on this host.",
		Recognised: "An ICMP error that comes from one of this host's own addresses, or the " +
			"operating system's \"not permitted\", is certain. A refusal of a packet that may " +
			"travel one step only, while the same packet to another port reaches the first " +
			"router, is likely, and so is silence there: a first router that refuses or drops as " +
			"packets arrive looks the same. The one-step packets are available on Linux only.",
		When: whenHostLocalFirewall,
	},
	{
		ID: "config.credentials-missing", Probe: "call", Severity: report.Warn,
		Summary: "No test call was made: it needs {wanted}",
		Explanation: []string{
			"Without credentials only the path to the service can be checked, not the account, " +
				"the key or the access rules.",
		},
		Fixes: []string{
			"Give {wanted}: the name with --username or OPENSRS_USERNAME, the key with " +
				"--api-key-file or OPENSRS_API_KEY.",
			"Copy the key from {panel}, Account settings, API settings, into a file that only " +
				"its owner can read (chmod 600).",
			"Use the primary reseller user of the {environment} environment: sub-users cannot " +
				"authenticate.",
			"Add --require call in a pipeline, so that a secret that is not set makes it fail.",
		},
		Docs: []string{DocKeyAndRules, docChecklist},
		Means: "The last probe makes one harmless signed call to the API, and for that it needs " +
			"the reseller's username and API key. Without them the check ends after the secure " +
			"connection. Whether OpenSRS would accept this host stays open.",
		Recognised: "No username, no key, or neither was given by flag, environment or config " +
			"file. Nothing was guessed and nothing was sent.",
		When: whenConfigCredentialsMissing,
	},
	{
		ID: "config.api-key-malformed", Probe: "call", Severity: report.Fail,
		Summary: "The API key cannot be right: {key_problem}",
		Explanation: []string{
			"The key was read from {key_source}; it was not used, and no call was made.",
			"An OpenSRS key is hexadecimal digits only, most often 112 of them.",
		},
		Fixes: []string{
			"Copy what comes after the name in {settings_file}, without quotes, into a file of its own, and give that " +
				"with --api-key-file." + General +
				"Copy what comes after the name, if it is a line of a settings file, without quotes into a file of its own, " +
				"and give that with --api-key-file.",
			"Put the key alone into {key_place}: no quotes, no spaces inside, no name before " +
				"it, no byte-order mark.",
			"Copy the key once more from {panel}, Account settings, API settings: the digits and " +
				"nothing else.",
			"Leave the key in the panel as it is: generating a new one stops the old one at " +
				"once, on every host.",
			again,
		},
		Docs: []string{DocKeyAndRules},
		Means: "The text that was given as API key has something in it that no key has: quotes, " +
			"spaces in the middle, the words of a template, or the invisible mark that some " +
			"editors put at the start of a file. A signature made with it would be refused. So " +
			"the call was not made; the rest of the check was.",
		Recognised: "By the text alone, before anything is sent. White space around the key is " +
			"cut off (config.key-line-end). An unusual length or a character that is not a hex digit is no " +
			"proof, and is reported only where the service refuses the key.",
		When: whenConfigApiKeyMalformed,
	},
	{
		ID: "config.key-line-end", Probe: "call", Severity: report.Info, Aside: true,
		Summary: "The key from {key_source} has {key_around}" + General + "There is white space around the API key",
		Explanation: []string{
			"The white space is not part of the key, and this check cuts it off.",
			"A program that takes all that is there as the key signs with it, and OpenSRS answers 401.",
		},
		Fixes: []string{
			"Remove it where a program reads the key whole: trim(file_get_contents(FILE)) in PHP, strip in Python, Ruby " +
				"and Java, trim in JavaScript.",
			"Remove it from {key_file}, if no program reads that by lines: perl -pi -e 'chomp if eof' {key_file}." + General +
				"Remove it from the key's file, if no program reads that by lines: perl -pi -e 'chomp if eof' FILE.",
			"Set {key_variable} without it: write the secret with printf %s in place of echo, which adds a line end.",
		},
		Docs: []string{docPHPTrim, docOwnClient},
		Means: "Editors and echo end each line with an invisible character, the last one too. Many programs, this " +
			"one among them, take no notice of it. A PHP script with file_get_contents or a secret that is handed over " +
			"whole makes it a part of the key, and then each call is refused with 401 although the key looks right.",
		Recognised: "There is white space before or after the key, where it was read. That is certain; whether any " +
			"program on this host reads it whole is not known, so it is information and never changes the verdict.",
		When: whenConfigKeyLineEnd,
	},
	{
		ID: "config.required-skipped", Severity: report.Fail,
		Summary: "Required, but it did not run: {required}" + General +
			"A probe that was required did not run",
		Explanation: []string{
			"With --require, a run that leaves a probe out must not count as passed.",
			"What it waited for: {waited_for}.",
		},
		Fixes: []string{
			"Give the run what the probe waited for: {waited_for}." + General +
				"Give the run what the probe waited for: its row in the report says what that is.",
			"Check that the settings and secrets of this pipeline are set and reach this step.",
			"Take the probe out of --skip, or add it to --only, if that is what left it out.",
			"Remove --require {required}, if the probe is left out on purpose." + General +
				"Remove that --require, if the probe is left out on purpose.",
		},
		Docs: []string{docQuickstart},
		Means: "Somebody asked, with --require, that this probe has to run. It did not, so its " +
			"result is neither good nor bad: it is missing. A pipeline that forgets its " +
			"credentials would otherwise pass without having checked anything that matters.",
		Recognised: "The probe is among those required and ended as skipped. The report's row " +
			"for it says what it waited for.",
		When: whenConfigRequiredSkipped,
	},
	{
		ID: "service.incident", Severity: report.Fail, Passes: true,
		Summary: "OpenSRS reports an incident: {incident}",
		Explanation: []string{
			"The status page says so: {status_url}.",
			"The step that failed here, {failed_step}, failed at the service or beyond it, where " +
				"an incident shows.",
		},
		Fixes: []string{
			"Wait, and follow {status_url}.",
			"Run opensrs-doctor --wait 20m: it repeats the check until nothing is left that can " +
				"pass by itself.",
			"Leave key, access rules and firewall as they are until the incident is over.",
			"Send OpenSRS Support the bundle that opensrs-doctor ticket writes, if the failure outlasts the " +
				"incident.",
		},
		Docs: []string{docStatus, docChecklist},
		Hides: []string{
			"port.refused", "port.unreachable", "port.filtered", "proxy.upstream-failed",
			"tls.reset", "tls.timeout", "tls.rejected", "tls.not-tls",
			"call.server-error", "call.no-reply", "call.timeout", "call.not-opensrs",
			"call.malformed-reply",
		},
		Means: "OpenSRS itself says that something is wrong on its side at the moment. A failure " +
			"during an incident looks just like a wrong setting here. Changing settings now " +
			"often breaks what was right; waiting is the remedy.",
		Recognised: "The public status page lists an incident that is not resolved, and the " +
			"failure is at the service's host or beyond it. That the two belong together is " +
			"likely, never certain: the page does not say which hosts are affected.",
		When: whenServiceIncident,
	},
}

// unexplained accuses nobody: it says what was seen and how to get help. It has no condition of its own:
// Diagnose takes it where a step failed and no other row accounts for that.
var unexplained = Cause{
	ID: "unexplained", Severity: report.Fail,
	Summary: "Failed, for a reason that is not known: {failed_step}",
	Explanation: []string{
		"What was seen: {seen}.",
		"None of the known causes fits it, so no cause is blamed here.",
	},
	Fixes: []string{
		"Run opensrs-doctor again, to see whether it stays.",
		seeStatus,
		"Compare this run with one on a host that works: opensrs-doctor -f json=FILE on both, then " +
			"opensrs-doctor diff GOOD BAD.",
		askSupport,
	},
	Docs: []string{docChecklist, docStatus},
	Means: "A step failed in a way that opensrs-doctor has no explanation for. It says what it " +
		"saw, word for word, and does not guess. Its output with -v holds all the facts " +
		"that somebody else needs to look further.",
	Recognised: "A step failed, and no other cause in the catalogue fits the evidence.",
}

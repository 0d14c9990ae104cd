package diagnose

import (
	"slices"

	"opensrs-doctor/report"
)

// portCauses are about reaching the port by TCP, directly or through a proxy.
var portCauses = []Cause{
	{
		ID: "port.refused", Probe: "port", Severity: report.Fail,
		Summary: "The connection to {endpoint} is refused",
		Explanation: []string{
			"The refusal (a TCP reset) comes from {distance} hops away, as far as the host itself.",
			"Nothing listens at {address} port {port}, or a firewall right in front of it " +
				"answers so.",
			"Port {good_port} of the same host does take connections.",
		},
		Fixes: []string{
			rightPlace,
			seeStatus,
			"Ask whoever runs the firewall of {own_network} whether it resets outgoing TCP to " +
				"port {port}.",
			"Try from another network; if it is refused there too, send OpenSRS Support the bundle that " +
				"opensrs-doctor ticket writes.",
			again,
		},
		Docs: []string{docQuickstart, docStatus, rfc + "9293"},
		Means: "The packets arrive somewhere, and the answer is a plain no: no program takes " +
			"connections on this port. The service may be down for a moment, the host or port " +
			"may be the wrong one, or a firewall answers in its name. It has nothing to do with " +
			"key or account, which have not been asked for yet.",
		Recognised: "A TCP reset in answer to the first packet, and it comes from as far away as " +
			"the host itself; a router right before the host looks the same. Where that distance " +
			"cannot be measured, this is likely only. Distances are measured on Linux only.",
		When: whenPortRefused,
	},
	{
		ID: "port.rejected-en-route", Probe: "port", Severity: report.Fail,
		Summary: "A device on the path refuses port {port}: {hop}",
		Explanation: []string{
			"The refusal (a TCP reset) comes from {hop} or from just beyond it, nearer than {host}, " +
				"which is {distance} hops away.",
			"Port {good_port} of the same host is not refused there.",
		},
		Fixes: []string{
			"Ask whoever runs {hop} to allow TCP from this host to {address} port {port}." + General +
				"Ask whoever runs that device to allow TCP from this host to {address} port " +
				"{port}.",
			"Look for a rule with \"reject\" or \"reset\" in the firewall or intrusion " +
				"prevention of this network, for outgoing port {port}.",
			"Use a proxy that may reach port {port}, if this network wants one: opensrs-doctor " +
				"--proxy http://HOST:PORT.",
			again,
		},
		Docs:  []string{docChecklist, rfc + "9293"},
		Hides: []string{"port.refused"},
		Means: "A firewall between this host and OpenSRS answers \"refused\" in the name of the " +
			"service. The service itself never saw the packet. Whoever runs that device can open " +
			"the port.",
		Recognised: "A packet that may travel only so far was refused at a distance smaller than " +
			"the host's. The hop is counted; its address is known where it answers for other " +
			"packets. This is measured on Linux only.",
		When: whenPortRejectedEnRoute,
	},
	{
		ID: "port.prohibited", Probe: "port", Severity: report.Fail,
		Summary: "A router or firewall prohibits port {port}: {sender}",
		Explanation: []string{
			"The answer was the ICMP message \"{icmp}\", sent by {sender}.",
			"Such an answer comes from a rule that somebody set, not from a fault.",
			"Port {good_port} of the same host does answer.",
		},
		Fixes: []string{
			"Ask whoever runs {sender} to allow TCP from this host to {address} port {port}.",
			"Look for it in the firewall of this network, its routers' access lists and the " +
				"container platform; cloud security groups drop in silence instead.",
			"Use a proxy that may reach port {port}, if this network wants one: opensrs-doctor " +
				"--proxy http://HOST:PORT.",
			again,
		},
		Docs: []string{docChecklist, rfc + "1812"},
		Means: "A device on the path says openly that it does not let this through. It even signs " +
			"with its address, so you know whom to ask. The service itself never saw the packet.",
		Recognised: "An ICMP message with the meaning \"administratively prohibited\", whose " +
			"sender is named. It is as sure as such a message can be; its sender is the device " +
			"with the rule.",
		When: whenPortProhibited,
	},
	{
		ID: "port.unreachable", Probe: "port", Severity: report.Fail,
		Summary: "The network has no route to {host}",
		Explanation: []string{
			"The answer was the ICMP message \"{icmp}\", sent by {sender}.",
			"A route is missing or a link is down there, or a firewall says so in place of a no.",
			"On macOS this host's own packet filter gives the same error for what it drops; " +
				"{pf_rules} lists its rules.",
			"The controls do answer ({controls_ok}), so the rest of the internet is within reach.",
		},
		Fixes: []string{
			"Ask whoever runs {sender} to look at its route to {address}.",
			"Look at this host's own route: ip route get {address} on Linux, route print on " +
				"Windows, route -n get {address} and sudo pfctl -s rules on macOS." + General +
				"Look at this host's own route to the service: ip route get on Linux, route " +
				"print on Windows, route -n get and sudo pfctl -s rules on macOS.",
			"Remove a stale route that a VPN or a second interface left behind, if it covers " +
				"{address}." + General +
				"Remove a stale route that a VPN or a second interface left behind, if it covers " +
				"the service's address.",
			seeStatus,
			again,
		},
		Docs: []string{docIPRoute, docStatus, rfc + "792"},
		Means: "A router on the path has no path to the service's address and says so. Other " +
			"places on the internet can still be reached. Such a gap can be in this network, at " +
			"the provider, or near the service.",
		Recognised: "An ICMP message \"host unreachable\" or \"network unreachable\"; its sender " +
			"is named where the system reports it. Some firewalls send the same message for what " +
			"they block, so the reason at the sender stays open.",
		When: whenPortUnreachable,
	},
	{
		ID: "port.filtered", Probe: "port", Severity: report.Fail,
		Summary: "A firewall drops TCP port {port} on the path to {host}",
		Explanation: []string{
			"Nothing came back from port {port}, while port {good_port} of the same host answers.",
			"The controls answer too: {controls_ok}.",
			"The last router that answers for port {port} is hop {last_hop_n}, {last_hop}, so it " +
				"or the next device after it drops the packets (likely).",
			"The packets come as far as the last router before the service, {beyond}: it drops them, or the " +
				"service's edge does, where this host's address may not be let in, or their answers are " +
				"dropped on the return path.",
			"No other port of {quiet_host} that was tried answers either, so it may simply be down.",
			"The position is unknown: {no_place}.",
			"A router that refuses the port with an ICMP message looks the same from here, for " +
				"reading such messages is {no_icmp}.",
		},
		Fixes: []string{
			"Ask whoever runs {last_hop} to allow TCP from this host to {address} port {port}." + General +
				"Ask whoever runs the last router that answers, if the report names one, to " +
				"allow TCP from this host to {address} port {port}.",
			"Send OpenSRS Support the bundle that opensrs-doctor ticket writes, and ask whether {egress} is " +
				"let in beyond {beyond}." + General +
				"Send OpenSRS Support the bundle that opensrs-doctor ticket writes, if every " +
				"router up to the service answers, and ask whether {egress} is let in there.",
			"Allow outgoing TCP to {address} port {port} in the firewall of this network; in a " +
				"cloud, in the security group and in the network ACL, there with the replies to " +
				"ports 1024 to 65535.",
			"Use a proxy that may reach port {port}, if this network wants one: opensrs-doctor " +
				"--proxy http://HOST:PORT.",
			again,
		},
		Docs: []string{docChecklist, docTroubleshooting},
		Means: "The packets to this port disappear without an answer. Most firewalls do that " +
			"with what they do not allow, and many networks allow only well-known ports such as " +
			"443. The API uses 55443, so it often has to be opened by name.",
		Recognised: "Silence on this port. That another port of the same host answers makes it " +
			"certain that the port is filtered; without that the host may simply be down, and it " +
			"is likely. The place is found by packets that may travel only so far, on Linux, and " +
			"is at best likely: a router that drops on arrival looks like the one before it. No " +
			"place is claimed unless another port gets further. On Windows and macOS an answer by " +
			"ICMP would not be seen, so there it is likely only.",
		When: whenPortFiltered,
	},
	{
		ID: "port.wrong-port", Probe: "port", Severity: report.Fail,
		Summary: "The API is on port 55443 of the endpoint, not on {wrong_port}",
		Explanation: []string{
			"What was asked for, {wrong_port}, does not work as the API; port 55443 of {host} " +
				"takes connections.",
			"Ports 55000 and 51000 are in old manuals and belong to older protocols.",
		},
		Fixes: []string{
			"Change the port to 55443: opensrs-doctor --endpoint https://{host}:55443.",
			"Correct the API client's settings too, and firewall rules that were made for " +
				"{wrong_port}.",
			again,
		},
		Docs:  []string{docQuickstart},
		Hides: slices.Concat([]string{"host.local-firewall"}, portFailures, strangerShows),
		Means: "The host is right and the port is not. The HTTPS API of OpenSRS is on port " +
			"55443 only. Ports 55000 and 51000 speak older protocols, and old manuals and some " +
			"client libraries still name them.",
		Recognised: "The endpoint that was given has another port, it does not work, and port " +
			"55443 of the same host accepts a connection.",
		When: whenPortWrongPort,
	},
	{
		ID: "port.lossy", Probe: "port", Severity: report.Warn,
		Summary: "Packets get lost on the path to {host}",
		Explanation: []string{
			"Segments that TCP had to send again: {retransmits}. Calls work then, but slowly, and now and then " +
				"one times out.",
		},
		Fixes: []string{
			"Run opensrs-doctor a few times: one lost packet by itself means little.",
			"Trace the path while it happens: sudo mtr -T -P {port} {host} shows where the loss " +
				"begins.",
			"Look at this host's own link first: a weak Wi-Fi, a VPN, a full uplink, a full NAT " +
				"table.",
			"Ask the network's provider, with that trace, if the loss begins further out.",
		},
		Docs:  []string{docStatus, rfc + "6298"},
		Hides: []string{"port.slow"},
		Means: "Some packets between this host and the service do not arrive and have to be sent " +
			"once more. Each one costs from a fraction of a second to several. A little loss is " +
			"normal on the internet; loss in every run is a fault worth finding.",
		Recognised: "The operating system counts the segments that were sent again on this " +
			"connection. It does not show in which direction or where they were lost. The count " +
			"is available on Linux only. Where the connection got no answer at all and one that was " +
			"made later did, it is a failure, and likely.",
		When: whenPortLossy,
	},
	{
		ID: "port.slow", Probe: "port", Severity: report.Warn,
		Summary: "Connecting to {host} took {connect_ms}",
		Explanation: []string{
			"A connect takes one round trip, and between most places that is well under half a " +
				"second.",
			"A long path, an overloaded link or a busy firewall looks the same from here.",
			"So does a lost packet that was sent again: the count of those is {no_count}.",
		},
		Fixes: []string{
			"Run opensrs-doctor a few times, at different hours, to see whether it stays.",
			"Trace the path: sudo mtr -T -P {port} {host} shows where the time is spent.",
			"Check this host's own link: a VPN that goes round the world, a satellite link, a " +
				"full uplink.",
			"Raise the client's timeout, if the path is simply long: nothing is broken then.",
		},
		Docs: []string{docStatus},
		Means: "Reaching the service takes unusually long. Calls work, but each one is slow, and " +
			"clients with short timeouts give up.",
		Recognised: "The TCP connect took more than one second, and no packet had to be sent " +
			"again as far as the system reports it: it does on Linux, elsewhere this is likely only. Where " +
			"the time goes cannot be seen from one end.",
		When: whenPortSlow,
	},
	{
		ID: "proxy.unreachable", Probe: "port", Severity: report.Fail,
		Summary: "No proxy answers at {proxy}" + General +
			"The proxy cannot be reached",
		Explanation: []string{
			"The proxy is set by {proxy_from}.",
			"No connection to it could be made: {proxy_failure}.",
			"Something listens there that does not answer as a proxy does: {proxy_reply}.",
			"Without the proxy, {direct}.",
		},
		Fixes: []string{
			"Correct the proxy's name or port in {proxy_from}, if it is out of date.",
			"Ask whoever runs {proxy} whether it is up and lets this host in.",
			"Allow TCP from this host to {proxy_host}, in the security group and the firewalls in " +
				"between.",
			withoutProxy,
			again,
		},
		Docs:  []string{docChecklist},
		Hides: slices.Concat([]string{"egress.unknown", "egress.proxied", "proxy.direct-way"}, portFailures),
		Means: "This host is set to go through a proxy, and the proxy cannot be reached. So the " +
			"call does not even start. The setting may be old, or the proxy may be down.",
		Recognised: "The connection to the proxy itself fails, before it could be asked for " +
			"anything. If nothing else can be reached either, the host counts as offline instead.",
		When: whenProxyUnreachable,
	},
	{
		ID: "proxy.denied", Probe: "port", Severity: report.Fail,
		Summary: "The proxy refuses to connect to {endpoint}",
		Explanation: []string{
			"Asked for {endpoint}, {proxy} answers: {proxy_reply}.",
			"Many proxies allow CONNECT to port 443 only, and the API is on port {port}.",
			"Without the proxy, {direct}.",
		},
		Fixes: []string{
			"Ask whoever runs {proxy} to allow CONNECT to {host} port {port}.",
			"Add the port in squid.conf, if it is Squid: acl SSL_ports port {port} and acl " +
				"Safe_ports port {port}.",
			withoutProxy,
			again,
		},
		Docs:  []string{docQuickstart, rfc + "9110#section-9.3.6"},
		Hides: []string{"egress.unknown", "egress.proxied", "proxy.direct-way"},
		Means: "The proxy works, and does not want to make this connection. Proxies have lists " +
			"of hosts and ports that they allow, and 55443 is rarely among them from the start. " +
			"Whoever runs the proxy can add it.",
		Recognised: "The proxy answered CONNECT with a refusal, or SOCKS with \"not allowed by " +
			"the rules\". It does not say whether the host or the port is the reason.",
		When: whenProxyDenied,
	},
	{
		ID: "proxy.auth-required", Probe: "port", Severity: report.Fail,
		Summary: "The proxy wants a login, or another one than it was given",
		Explanation: []string{
			"Asked for {endpoint}, {proxy} answers: {proxy_reply}.",
			"The proxy is set by {proxy_from}.",
			"It takes logins by {proxy_logins} only; this tool and most API clients know Basic alone.",
			"Without the proxy, {direct}.",
		},
		Fixes: []string{
			"Run a helper on this host that logs in by {proxy_logins} (cntlm, px), and name it as the proxy." + General +
				"Run a helper on this host that logs in by NTLM (cntlm, px), if the proxy takes " +
				"nothing else, and name it as the proxy.",
			"Put the login into HTTPS_PROXY or the config file, as " +
				"scheme://USER:PASSWORD@HOST:PORT, not on the command line. Special characters in it are " +
				"percent-encoded: @ as %40, a colon as %3A, a slash as %2F.",
			"Ask whoever runs {proxy} for a login for this host, or to let it through without one.",
			withoutProxy,
			again,
		},
		Docs:  []string{rfc + "9110#section-11.7", rfc + "1929"},
		Hides: []string{"egress.unknown", "egress.proxied", "proxy.direct-way"},
		Means: "The proxy wants to know who asks before it makes a connection. No login was " +
			"given, or the one that was given is not accepted. This is the proxy's login; the " +
			"OpenSRS key has nothing to do with it.",
		Recognised: "An HTTP proxy answers 407, a SOCKS proxy asks for a login or refuses the " +
			"one it got. Whether the name or the password is wrong it does not say.",
		When: whenProxyAuthRequired,
	},
	{
		ID: "proxy.upstream-failed", Probe: "port", Severity: report.Fail,
		Summary: "The proxy could not reach {endpoint}",
		Explanation: []string{
			"Asked for {endpoint}, {proxy} answers: {proxy_reply}.",
			"The path from this host to the proxy works; the trouble is between the proxy and the " +
				"service, or at the service.",
			"Without the proxy, {direct}.",
		},
		Fixes: []string{
			seeStatus,
			"Ask whoever runs {proxy} to try it from there: resolve {host}, and connect to port " +
				"{port}.",
			"Ask them to let the proxy itself out to {host} port {port}: the firewall after it " +
				"may allow 443 only.",
			withoutProxy,
			again,
		},
		Docs:  []string{docStatus, docQuickstart, rfc + "1928"},
		Hides: []string{"egress.unknown", "egress.proxied", "proxy.direct-way"},
		Means: "The proxy was willing, tried to reach the service, and failed. What stops it is " +
			"on the far side of the proxy, where this host cannot look. The people who run the " +
			"proxy can.",
		Recognised: "An HTTP proxy answers 502, 503 or 504, a SOCKS proxy \"network " +
			"unreachable\", \"host unreachable\" or \"connection refused\". Some proxies answer " +
			"so for hosts that they do not want to serve.",
		When: whenProxyUpstreamFailed,
	},
	{
		ID: "proxy.direct-way", Probe: "port", Severity: report.Info,
		Summary: "API clients may not use the proxy that this check used",
		Explanation: []string{
			"The proxy comes from {proxy_from}, which many API clients ignore.",
			"Without the proxy, {direct}.",
		},
		Fixes: []string{
			"Change nothing while the API client's calls succeed.",
			"Set the proxy in the API client itself, if it has to leave through it.",
			"Run opensrs-doctor --proxy none to check the direct path in full, if the client goes " +
				"without the proxy.",
		},
		Docs: []string{docQuickstart, docOwnClient},
		Means: "This check follows the proxy settings of the environment, and judges the path " +
			"through the proxy. Many programs that call the API do not look at these settings " +
			"and connect directly. For them the direct path counts, with its own firewall and its " +
			"own public address.",
		Recognised: "The proxy was taken from an environment variable, and the direct path was " +
			"tried once besides. Which path a program takes cannot be seen from here.",
		When: whenProxyDirectWay,
	},
}

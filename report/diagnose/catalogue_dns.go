package diagnose

import (
	"slices"

	"opensrs-doctor/report"
)

// dnsCauses are about turning the endpoint's name, or the proxy's, into an address.
var dnsCauses = []Cause{
	{
		ID: "dns.nxdomain", Probe: "dns", Severity: report.Fail,
		Summary: "DNS says that {name} does not exist",
		Explanation: []string{
			"The answer of the resolver {resolver} is NXDOMAIN: there is no such name.",
			"It does know {other_name}, so this name is withheld from this network, or mistyped.",
			"It does not know {other_fails} either, so it may serve internal names only.",
		},
		Fixes: []string{
			"Compare the spelling of {own_endpoint}: live is rr-n1-tor.opensrs.net, test is " +
				"horizon.opensrs.net, hosted-registrar customers have a host of their own.",
			otherDNS,
			"Ask whoever runs {resolver} to resolve {name}: a block list or an internal zone of " +
				"the same name may hide it.",
			"Run resolvectl query {name} where systemd-resolved is in use: it shows which link's " +
				"resolver answered.",
			again,
		},
		Docs:  []string{docQuickstart, docResolvectl, rfc + "8020"},
		Hides: []string{"egress.unknown"},
		Means: "DNS is the directory that turns names into addresses. The resolver, the server " +
			"that this host asks, says that the name is not in it. Either the name is written " +
			"wrongly, or this network's resolver does not know, or does not want to know, public " +
			"names.",
		Recognised: "The resolver's answer has the code NXDOMAIN. Whether another well-known " +
			"name resolves tells a wrong or blocked name from a resolver that knows internal " +
			"names only. Why a name is withheld cannot be told from outside.",
		When: whenDnsNxdomain,
	},
	{
		ID: "dns.servfail", Probe: "dns", Severity: report.Fail,
		Summary: "No resolver could resolve {name}: SERVFAIL",
		Explanation: []string{
			"{resolvers} tried and got no answer, or one that failed the DNSSEC check.",
			"The name {other_name} does resolve, so the trouble is with this name.",
			"The name {other_fails} does not resolve either, so the trouble is with the resolver " +
				"or its internet access.",
		},
		Fixes: []string{
			otherDNS,
			"Flush the local cache: sudo resolvectl flush-caches on Linux with systemd-resolved, " +
				"ipconfig /flushdns on Windows, sudo dscacheutil -flushcache on macOS.",
			"Ask whoever runs {resolvers} to look for {name} in their log, and at their own " +
				"clock: DNSSEC fails with a wrong one.",
			"Change to a resolver that works where {resolvers_by} is made: DHCP, netplan, " +
				"NetworkManager, the container's DNS setting.",
			again,
		},
		Docs:  []string{docResolvectl, docResolvConf, rfc + "8914"},
		Hides: []string{"egress.unknown"},
		Means: "The resolver is the server that this host asks for the addresses behind names. " +
			"It was reached, tried, and gave up. This can be trouble in the resolver, on its path " +
			"to the internet, or in the zone of the name itself.",
		Recognised: "Every configured resolver answers with the code SERVFAIL. Another name that " +
			"resolves narrows it to this name; another that fails points to the resolvers. The " +
			"code itself says no more.",
		When: whenDnsServfail,
	},
	{
		ID: "dns.refused", Probe: "dns", Severity: report.Fail,
		Summary: "No resolver resolves {name}: the answer is REFUSED",
		Explanation: []string{
			"The answer of {resolvers} is REFUSED: the server is up, and does not serve this " +
				"host or this name.",
			"Often such a server is for its own zones only, or {local_address} is not among the " +
				"clients that it serves.",
		},
		Fixes: []string{
			"Ask whoever runs {resolvers} to answer queries from {local_address}.",
			"Point this host to a resolver that serves it, where {resolvers_by} is made: DHCP, " +
				"netplan, NetworkManager, the cloud's own resolver.",
			"Check the forwarder, if the resolver runs on this host (127.0.0.1, 127.0.0.53): " +
				"without an upstream server it refuses too.",
			otherDNS,
			again,
		},
		Docs:  []string{docResolvConf, rfc + "8914"},
		Hides: []string{"egress.unknown"},
		Means: "The server that this host asks for addresses is there, and says no. Name servers " +
			"do that to clients that they do not know, or for names that are not theirs. The " +
			"list of resolvers of this host, or the list of clients at the resolver, has to " +
			"change.",
		Recognised: "Every configured resolver answers with the code REFUSED. Whether it refuses " +
			"this host or this name the code does not say; another name that resolves points to " +
			"the name.",
		When: whenDnsRefused,
	},
	{
		ID: "dns.resolver-unreachable", Probe: "dns", Severity: report.Fail,
		Summary: "{no_resolver}: {unanswered}",
		Explanation: []string{
			"No answer came for {silent_name}, neither over UDP nor over TCP.",
			"Where port 53 is refused, no name server runs at {refusing}, or a firewall refuses in its name.",
			"{closed_here} is this host itself, and no name server takes questions there.",
			"What {garbling} sent for {name} does not answer the question, so it may not be a name server, or " +
				"something on the path speaks in its place.",
			"Peers that were asked by address do answer ({controls_ok}), so the network works " +
				"and DNS does not.",
		},
		Fixes: []string{
			"Start the service that writes {resolvers_link}, to which {resolvers_by} is a link: sudo systemctl " +
				"enable --now systemd-resolved, or NetworkManager, or resolvconf." + General,
			"Correct {resolvers_line}: the word nameserver begins the line, and an IP address follows." + General,
			"Let every user read {resolvers_closed}: sudo chmod 644 {resolvers_closed}." + General,
			"Write a resolver into {resolvers_none}, a line nameserver with its address, where that file is made: " +
				"DHCP, netplan, NetworkManager, the container's DNS setting." + General +
				"Write a resolver into {resolvers_by}, if it is missing, cannot be read or names none: a line nameserver " +
				"with its address, where that file is made: DHCP, netplan, NetworkManager, the container's DNS setting.",
			"Restart the resolver on this host, {local_resolver}: sudo systemctl restart systemd-resolved, or " +
				"whichever program it is; resolvectl status shows its servers." + General +
				"Restart the local resolver, if it runs on this host: sudo systemctl restart systemd-resolved, or " +
				"whichever program it is; resolvectl status shows its servers.",
			"Check the addresses in {resolvers_set}: they may belong to a network or a VPN that this host is no " +
				"longer in." + General +
				"Check the addresses in {resolvers_by}: they may belong to a network or a VPN that this host is no " +
				"longer in.",
			"Ask whoever runs {refusing} whether a name server runs there, and serves this host." + General +
				"Ask whoever runs a resolver that refuses port 53 whether a name server runs there, and serves " +
				"this host.",
			"Allow UDP and TCP port 53 from this host to {silent}: security group, network ACL, firewall." + General +
				"Allow UDP and TCP port 53 from this host to the resolvers, if they are silent: security group, " +
				"network ACL, firewall.",
			"Set a resolver for the container, if it is one: --dns for Docker, dnsConfig for " +
				"Kubernetes, where CoreDNS has to run.",
			again,
		},
		Docs:  []string{docResolvConf, docResolvectl},
		Hides: []string{"egress.unknown", "dns.slow-resolver"},
		Means: "The servers that turn names into addresses do not answer this host, while other " +
			"machines on the internet do. So the network and internet access are fine; only " +
			"the lookup of names is missing. Every program that uses names has the same trouble.",
		Recognised: "Each resolver was asked over UDP and over TCP and none answered, and at " +
			"least one control that is named by its address did. Without a control that answers, " +
			"it is not told apart from a host that is offline. Where /etc/resolv.conf is missing, cannot be " +
			"read or names no resolver, 127.0.0.1 is asked, as glibc and musl do, and the report says so.",
		When: whenDnsResolverUnreachable,
	},
	{
		ID: "dns.sinkholed", Probe: "dns", Severity: report.Fail,
		Summary: "DNS sends {name} to a dead end: {answer} ({kind_of_address})",
		Explanation: []string{
			"The service has a public address; {answer} is none ({kind_of_address}), and the " +
				"service does not answer there.",
			"A DNS filter, an ad blocker or an internal zone gives such answers on purpose.",
		},
		Fixes: []string{
			"Take {name} off the block list of the DNS filter, if there is one: Pi-hole, " +
				"Umbrella, the firewall's DNS security.",
			"Ask whoever runs {resolvers} whether an internal zone answers for {name}, and to " +
				"give the public address.",
			"Connect the VPN or private link first, if {private_answer} is meant." + General +
				"Connect the VPN or private link first, if a private address is meant.",
			otherDNS,
			again,
		},
		Docs:  []string{docQuickstart, rfc + "6890"},
		Hides: slices.Concat([]string{"host.local-firewall"}, portFailures, strangerShows),
		Means: "The directory gives an address for the name, but one that leads nowhere: this " +
			"computer itself, a private network, or no place at all. Filters answer like that to " +
			"block a name without saying so. Programs then report a refused connection or a " +
			"strange certificate, which hides the real reason.",
		Recognised: "The answer is an address that is unspecified, loopback, private, shared by " +
			"a provider's NAT (CGNAT) or link-local, and the service was not found there. A " +
			"private address that does lead to the service, through a VPN for example, is fine " +
			"and is not reported. Who gives the answer cannot be seen, only which resolver " +
			"passed it on.",
		When: whenDnsSinkholed,
	},
	{
		ID: "dns.captive-portal", Probe: "dns", Severity: report.Fail,
		Summary: "DNS sends every name to {answer}, even a made-up one" + General +
			"DNS sends every name to one address, even a made-up one",
		Explanation: []string{
			"No one has registered {made_up}, yet it resolves to the same address as {name}.",
			"Networks do this until somebody logs in or accepts their terms, and some providers " +
				"for names that they do not know.",
		},
		Fixes: []string{
			"Open any http:// page in a browser on this network, and log in or accept the terms.",
			"Ask whoever runs the network to exempt this host, if it is a server without a " +
				"browser.",
			otherDNS,
			"Change to a network without a login page, if there is one.",
			again,
		},
		Docs: []string{rfc + "8952", docQuickstart},
		Hides: slices.Concat([]string{"dns.sinkholed", "egress.unknown", "host.local-firewall"},
			portFailures, strangerShows),
		Means: "This network answers every question about a name with the same address. Hotel, " +
			"guest and train networks do it to bring people to their login page. Nothing on the " +
			"internet can be reached by name until that is done.",
		Recognised: "A name that was just made up, and that no one can have registered, resolves " +
			"to the address that the endpoint resolves to. A resolver that gives a search page " +
			"for unknown names looks similar, which is why the two addresses have to be the same.",
		When: whenDnsCaptivePortal,
	},
	{
		ID: "dns.hosts-override", Probe: "dns", Severity: report.Fail,
		Summary: "The hosts file pins {name} to {hosts_address}",
		Explanation: []string{
			"The entry is {hosts_line}; programs on this host use it and do not ask DNS.",
			"DNS itself gives {dns_address}.",
		},
		Fixes: []string{
			"Remove the entry at {hosts_line}, unless it is there for a reason." + General +
				"Remove the line with {name} from the hosts file (/etc/hosts, on Windows " +
				"%SystemRoot%\\System32\\drivers\\etc\\hosts), unless it is there for a reason.",
			"Write {dns_address} in its place, if the name has to stay pinned.",
			"Look for what wrote it before it comes back: configuration management, cloud-init, " +
				"--add-host of Docker, hostAliases of Kubernetes.",
			again,
		},
		Docs: []string{docHostsFile},
		Hides: slices.Concat([]string{"dns.sinkholed", "dns.no-ipv4", "host.local-firewall"},
			portFailures, strangerShows),
		Means: "Every computer has a small file of names and addresses that goes before DNS. " +
			"Somebody put the endpoint's name into it, with an address that DNS does not give. " +
			"That works until the service moves, and then only this host fails.",
		Recognised: "The hosts file has an entry for the name, and DNS gives other addresses. It " +
			"is a failure when the pinned address does not work, a warning when it does. Where " +
			"DNS cannot be asked, there is nothing to compare with and nothing is claimed.",
		When: whenDnsHostsOverride,
	},
	{
		ID: "dns.no-ipv4", Probe: "dns", Severity: report.Fail,
		Summary: "DNS gives IPv6 addresses only for {name}",
		Explanation: []string{
			"The answer was {answer}, without an IPv4 address.",
			"Access rules are IPv4 only, so a call by IPv6 can never match one.",
		},
		Fixes: []string{
			otherDNS,
			"Ask whoever runs {resolvers} why the A record of {name} is held back: some are set " +
				"to give IPv6 answers only.",
			"Send OpenSRS Support the bundle that opensrs-doctor ticket writes, if every resolver lacks the " +
				"A record.",
			again,
		},
		Docs:  []string{DocKeyAndRules, docResolvConf},
		Hides: []string{"egress.ipv6-possible"},
		Means: "There are two kinds of addresses on the internet, IPv4 and IPv6. The access " +
			"rules of OpenSRS know the first kind only, and DNS gave this host only the second. " +
			"Over IPv6 no rule can let it in.",
		Recognised: "The answer has an AAAA record (IPv6) and no A record (IPv4). Whether the " +
			"name has none at all, or this resolver holds it back, another resolver shows.",
		When: whenDnsNoIpv4,
	},
	{
		ID: "dns.slow-resolver", Probe: "dns", Severity: report.Warn,
		Summary: "No quick answer from {resolver}, which is asked first" + General +
			"The resolver that is asked first is slow or does not answer",
		Explanation: []string{
			"The answer came from {good_resolver} instead.",
			"Waiting for {resolver} took {slow}.",
			"Whatever resolves a name on this host pays for the wait, and a client with a short " +
				"timeout fails.",
		},
		Fixes: []string{
			"Look at which servers this system asks for which names: {system_dns}." + General +
				"Look at which servers the system asks for which names: scutil --dns on macOS, " +
				"Get-DnsClientNrptPolicy on Windows.",
			"Remove {slow_server} from {resolvers_by}, or move it after {good_resolver}." + General +
				"Remove that resolver from {resolvers_by}, or move it after one that answers.",
			"Check that {slow_server} runs, and that UDP and TCP port 53 to it are open." + General +
				"Check that it runs, and that UDP and TCP port 53 to it are open.",
			"Change the list where {resolvers_by} is made, or {slow_server} comes back: DHCP, netplan, " +
				"NetworkManager, systemd-resolved.",
			again,
		},
		Docs: []string{docResolvConf, docResolvectl},
		Means: "This host has more than one resolver, and the first one is slow or dead. Each " +
			"name costs a wait before the next one is asked. It works, but calls begin seconds " +
			"late, and some programs give up before.",
		Recognised: "The first resolver in the list gave no answer in time, and a later one did. " +
			"A single late answer can be chance; run again to see whether it stays.",
		When: whenDnsSlowResolver,
	},
}

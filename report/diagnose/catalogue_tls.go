package diagnose

import (
	"slices"

	"opensrs-doctor/report"
)

// tlsCauses are about the handshake and the certificate.
var tlsCauses = []Cause{
	{
		ID: "tls.not-tls", Probe: "tls", Severity: report.Fail,
		Summary: "The peer at {endpoint} does not speak TLS",
		Explanation: []string{
			"What it said instead: \"{quote}\".",
			"Another service listens there, or a proxy or a login page answers in its place.",
		},
		Fixes: []string{
			rightPlace,
			"Read the quoted words: a proxy, a firewall or a login page often names itself.",
			"Ask whoever runs this network to let port {port} of {host} through untouched.",
			again,
		},
		Docs: []string{docQuickstart, docChecklist},
		Means: "The connection opens, but what answers is not a secure service. The API speaks " +
			"TLS from the first byte. So it is another service, or something on the path that " +
			"answers for it.",
		Recognised: "The first bytes of the answer are no TLS; they are quoted. Who sent them " +
			"cannot be told from the bytes, unless they say it.",
		When: whenTlsNotTls,
	},
	{
		ID: "tls.reset", Probe: "tls", Severity: report.Fail,
		Summary: "The connection is cut as soon as TLS begins",
		Explanation: []string{
			"The connection to {endpoint} opens, and is closed or reset at the first message of " +
				"the handshake.",
			"It is the same in {variants} of the handshake, so it is not the name, the size or the " +
				"version.",
			smallOpen,
		},
		Fixes: []string{
			seeStatus,
			"Ask whoever runs the firewall of this network whether it cuts unknown applications " +
				"on port {port}, and to let {host} through.",
			rightPlace,
			"Try from another network; if it is cut there too, send the output of opensrs-doctor " +
				"-v to OpenSRS Support.",
			again,
		},
		Docs: []string{docStatus, docChecklist},
		Means: "The port is open, but the conversation ends at the first word. Firewalls that " +
			"look at what is spoken do this, and so does a server that takes no calls at the " +
			"moment. Nothing signed was sent.",
		Recognised: "The peer closes or resets the connection on every kind of first message " +
			"that was tried. Whether the service or a device on the path does it cannot be told " +
			"from this side.",
		When: whenTlsReset,
	},
	{
		ID: "tls.sni-blocked", Probe: "tls", Severity: report.Fail,
		Summary: "TLS is cut as soon as it names {host}",
		Explanation: []string{
			"With the server name in it the handshake {cut}, without the name it goes through.",
			"A device on the path that reads the name and blocks it behaves like this.",
			smallOpen,
		},
		Fixes: []string{
			mtuTest,
			"Ask whoever runs the firewall or web filter to allow the TLS server name {host} on " +
				"port {port}.",
			"Search the filter's log for {host}: it shows the rule or the category that blocks it.",
			"Use a proxy that may reach {host}, if this network wants one: opensrs-doctor " +
				"--proxy http://HOST:PORT.",
			again,
		},
		Docs:  []string{docChecklist, rfc + "6066#section-3"},
		Hides: []string{"tls.reset", "tls.timeout"},
		Means: "The first message of a secure connection says in clear text which server is " +
			"wanted. Web filters read that name. This one is cut off when it appears and let " +
			"through when it is left out.",
		Recognised: "The same handshake was made twice, with the server name and without. Only " +
			"the one with the name is reset, or gets no answer. Which device does it cannot be seen.",
		When: whenTlsSniBlocked,
	},
	{
		ID: "tls.hello-too-big", Probe: "tls", Severity: report.Fail,
		Summary: "The handshake dies when its first message is big",
		Explanation: []string{
			"With the post-quantum key share (about 1.6 kB, two packets) it dies, with a classic " +
				"one it works.",
			"{small_fails} do not help, so it is the message's size and not the packets'.",
			"An old firewall or load balancer that expects the message in one packet behaves " +
				"like this.",
			smallOpen,
		},
		Fixes: []string{
			mtuTest,
			"Ask whoever runs the firewall or load balancer on the path to update it: first " +
				"messages in two packets are normal now.",
			exempt,
			"Switch the new key share off in the client meanwhile: GODEBUG=tlsmlkem=0 for Go " +
				"programs, Groups = X25519:P-256 in openssl.cnf for OpenSSL 3.5.",
			again,
		},
		Docs:  []string{"https://tldr.fail/", docGodebug, rfc + "8446#section-4.1.2"},
		Hides: []string{"tls.reset", "tls.timeout", "port.lossy"},
		Means: "Newer programs begin a secure connection with a bigger message than before, " +
			"because it carries a key that future computers cannot break. Some older devices " +
			"choke on it. Older programs on the same host still work, which makes this one " +
			"puzzling.",
		Recognised: "The handshake works once the big key share is left out, and with nothing " +
			"else changed. Smaller packets alone do not help, which sets it apart from a link that " +
			"swallows big packets; where they cannot be tried, as on Windows, it is likely only. " +
			"Which device does it cannot be seen.",
		When: whenTlsHelloTooBig,
	},
	{
		ID: "tls.mtu-blackhole", Probe: "tls", Severity: report.Fail,
		Summary: "Big packets vanish on the path to or from {host}",
		Explanation: []string{
			"The handshake stalls, and works as soon as TCP uses small segments (536 bytes).",
			"Most often a tunnel on the path carries less than 1500 bytes, and the ICMP message " +
				"that would say so is blocked.",
		},
		Fixes: []string{
			"Allow ICMP type 3 code 4 (fragmentation needed) in the firewalls and security " +
				"groups on the path.",
			"Lower the MTU of the interface or tunnel meanwhile: {lower_mtu}.",
			"Clamp the segment size on the router or VPN gateway: iptables -t mangle -A FORWARD " +
				"-p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu.",
			"Set the container network's MTU to the one of the link underneath: \"mtu\" in " +
				"Docker's daemon.json.",
			again,
		},
		Docs:  []string{rfc + "2923", rfc + "4821"},
		Hides: []string{"tls.timeout", "tls.hello-too-big", "tls.reset", "port.lossy"},
		Means: "Small packets get through and big ones are lost. The connection opens, then " +
			"hangs when the certificate or another big message comes. VPNs, tunnels and " +
			"container networks with a wrong MTU, the size of the biggest packet, are the usual " +
			"place.",
		Recognised: "The handshake stalls as it is and completes with small segments. Packets " +
			"may vanish in either direction, and at which link cannot be seen from here. Small " +
			"segments can be tried on Linux, and towards the server on macOS.",
		When: whenTlsMtuBlackhole,
	},
	{
		ID: "tls.rejected", Probe: "tls", Severity: report.Fail,
		Summary: "The peer ends the handshake with an alert: {alert}",
		Explanation: []string{
			"The alert came from {endpoint}, or from a device that answers in its place.",
			"It says that the handshake is not accepted; account and key have not been asked for " +
				"yet.",
		},
		Fixes: []string{
			rightPlace,
			exempt,
			seeStatus,
			askSupport,
		},
		Docs: []string{docQuickstart, rfc + "8446#section-6.2"},
		Means: "The other side speaks TLS, looked at what this host offers, and said no, with a " +
			"code. That can be the wrong server, a device on the path with rules of its own, or " +
			"trouble at the service.",
		Recognised: "A TLS alert was received in the handshake; its name is quoted. The alert's " +
			"name is all the reason that TLS gives.",
		When: whenTlsRejected,
	},
	{
		ID: "tls.timeout", Probe: "tls", Severity: report.Fail,
		Summary: "No answer to TLS from {endpoint}",
		Explanation: []string{
			"The connection opens, then nothing comes.",
			"It is the same in {variants} of the handshake.",
			"A device that holds the connection and a server that hangs look the same from here.",
			smallOpen,
		},
		Fixes: []string{
			seeStatus,
			mtuTest,
			exempt,
			"Try from another network; if it is silent there too, send OpenSRS Support the bundle " +
				"that opensrs-doctor ticket writes.",
			again,
		},
		Docs:  []string{docStatus, docChecklist},
		Hides: []string{"port.lossy"},
		Means: "The connection is accepted and then stays silent. The service may hang, or a " +
			"firewall accepts connections in its place and cannot complete them. Nothing signed " +
			"was sent.",
		Recognised: "TCP connected, and no byte came back before the time was up: not with the " +
			"name left out, not with a small first message, not with small packets. Where small " +
			"packets cannot be tried, as on Windows, it is likely only. Who is silent cannot be told.",
		When: whenTlsTimeout,
	},
	{
		ID: "tls.version-unsupported", Probe: "tls", Severity: report.Fail,
		Summary: "No TLS version in common with {endpoint}",
		Explanation: []string{
			"The peer has {tls_version}; this check, like current clients, takes TLS 1.2 and 1.3.",
			"The public service was seen with TLS 1.2 in 2026, so an old device on the path or " +
				"another server is the likely reason.",
		},
		Fixes: []string{
			rightPlace,
			"Ask whoever runs the proxy, load balancer or inspection device on the path to update " +
				"it to TLS 1.2 or newer.",
			"Leave TLS 1.0 and 1.1 switched off in clients: they are no longer safe.",
			again,
		},
		Docs:  []string{docQuickstart, rfc + "8996"},
		Hides: []string{"tls.reset", "tls.rejected"},
		Means: "TLS comes in versions, and the two sides have none in common. The other side " +
			"offers only versions that are no longer considered safe.",
		Recognised: "The handshake fails as it is and succeeds when old versions are allowed; " +
			"the version is read, nothing is sent over it. What kind of device answers cannot be " +
			"seen.",
		When: whenTlsVersionUnsupported,
	},
	{
		ID: "tls.expired", Probe: "tls", Severity: report.Fail,
		Summary: "The certificate of {host} expired on {not_after}" + General + "The certificate of {host} has expired",
		Explanation: []string{
			"The last day of the certificate of {subject} was {not_after}.",
			"Its issuer is {issuer}.",
			"A client that verifies certificates refuses it; one that does not still works, and " +
				"is not safe.",
		},
		Fixes: []string{
			"Tell whoever runs {host} to renew it; for the public service that is OpenSRS " +
				"Support (send them the bundle that opensrs-doctor ticket writes).",
			seeStatus,
			keepVerify,
			again,
		},
		Docs: []string{docStatus, docChecklist, rfc + "5280#section-4.1.2.5"},
		Means: "A certificate proves who the other side is, and it is good until a certain day. " +
			"That day is over. It has to be renewed at the service; nothing on this host is " +
			"wrong.",
		Recognised: "The certificate's last day is before now, by a clock that agrees with other " +
			"computers. Everything else about it is judged separately.",
		When: whenTlsExpired,
	},
	{
		ID: "tls.not-yet-valid", Probe: "tls", Severity: report.Fail,
		Summary: "The certificate of {host} is valid only from {not_before}" + General +
			"The certificate of {host} is not valid yet",
		Explanation: []string{
			"The first day of the certificate of {subject} is {not_before}.",
			"Its issuer is {issuer}.",
		},
		Fixes: []string{
			"Tell whoever runs {host}; for the public service that is OpenSRS Support " +
				"(send them the bundle that opensrs-doctor ticket writes).",
			"Check this host's clock anyway, with timedatectl or date -u.",
			keepVerify,
			again,
		},
		Docs: []string{docTimedatectl, docStatus, rfc + "5280#section-4.1.2.5"},
		Means: "A certificate proves who the other side is, and it is good from a certain day " +
			"on. That day has not come. Usually a clock is wrong somewhere; this host's own " +
			"clock agrees with others as far as they could be asked.",
		Recognised: "The certificate's first day is after now, by a clock that is not known to " +
			"be wrong.",
		When: whenTlsNotYetValid,
	},
	{
		ID: "tls.name-mismatch", Probe: "tls", Severity: report.Fail,
		Summary: "The certificate is for another name than {host}",
		Explanation: []string{
			"It is made out to {names}.",
			"Its issuer is {issuer}.",
			answersForAll,
			"Either {host} is not this server's name, or another server answers at {address}.",
		},
		Fixes: []string{
			"Use a name that is in the certificate, if this is the right server: opensrs-doctor " +
				"--endpoint https://NAME:{port}.",
			"Check that {address} is the address of {host}: compare it with the answer of " +
				"another resolver." + General +
				"Check the address that {host} resolves to: compare it with the answer of " +
				"another resolver.",
			"Ask whoever runs this network whether a proxy or a load balancer answers for {host}.",
			keepVerify,
			again,
		},
		Docs: []string{docQuickstart, rfc + "9525"},
		Means: "A certificate names the servers that it is good for. The server that answered " +
			"shows a good one, but for other names. It may be a neighbour's server, or this one " +
			"called by a name it does not have.",
		Recognised: "The certificate is trusted, and the endpoint's name is not among its names. " +
			"Its names usually show which server it is.",
		When: whenTlsNameMismatch,
	},
	{
		ID: "tls.self-signed", Probe: "tls", Severity: report.Fail,
		Summary: "The certificate of {host} is self-signed",
		Explanation: []string{
			"No authority vouches for it: subject and issuer are both {subject}.",
			"It is made out to {names}, valid until {not_after}.",
			answersForAll,
			"The public service shows a public authority's certificate, so something else " +
				"answers, or {or_own}.",
		},
		Fixes: []string{
			ownAuthority,
			rightPlace,
			"Ask whoever runs this network whether a device answers for {host} port {port}.",
			keepVerify,
			again,
		},
		Docs:  []string{docQuickstart, rfc + "5280"},
		Hides: slices.Concat(unprovenSays, []string{"tls.unknown-ca", "tls.incomplete-chain"}),
		Means: "A certificate is worth what its issuer is worth, and this one issued itself. " +
			"Test servers, routers and appliances do that. It does not prove that the other side " +
			"is OpenSRS, so nothing signed is sent.",
		Recognised: "The certificate is its own issuer, and neither the public roots nor this " +
			"host's own store know it. Its dates and names are not judged, since no authority vouches " +
			"for them.",
		When: whenTlsSelfSigned,
	},
	{
		ID: "tls.incomplete-chain", Probe: "tls", Severity: report.Fail,
		Summary: "A certificate is missing from the chain: {missing}",
		Explanation: []string{
			"The server should send it along with its own and does not, so the chain ends before " +
				"a known root.",
			"Another peer's certificate does verify on this host, so its roots are in order.",
			"Browsers fetch such a certificate by themselves, API clients do not.",
		},
		Fixes: []string{
			"Tell whoever runs {host} to send the whole chain; for the public service that is " +
				"OpenSRS Support (send them the bundle that opensrs-doctor ticket writes).",
			"Ask whoever runs this network whether a device that opens TLS sends this " +
				"certificate in the service's place.",
			"Check the missing certificate at {missing_url} before you install it anywhere: it " +
				"has to be the public authority's own." + General +
				"Check that the missing certificate is the public authority's own before you install " +
				"it anywhere.",
			keepVerify,
			again,
		},
		Docs: []string{docChecklist, rfc + "5280#section-6", rfc + "8446#section-4.4.2"},
		Means: "A certificate is proven by a chain: its issuer, that one's issuer, up to a root " +
			"that everybody knows. The server has to send the links in between. One link was not " +
			"sent, so the chain cannot be followed.",
		Recognised: "No root is presented, the last certificate's issuer is not known here, and " +
			"a control's certificate verifies. It is certain only where the missing issuer is " +
			"known to be a public one. The missing link is named, and not fetched.",
		When: whenTlsIncompleteChain,
	},
	{
		ID: "tls.intercepted", Probe: "tls", Severity: report.Fail,
		Summary: "TLS is intercepted, with a certificate from {issuer}",
		Explanation: []string{
			"The certificate is issued by {issuer}, which is not a public authority.",
			"No authority in {ca_file} signed it.",
			"{product} is a known inspection product.",
			"The same issuer signs for another peer, {control_same}.",
			"The public roots in this tool are {roots_age} old, so a new public authority would " +
				"look the same.",
			"The test call was not made, since whoever opens TLS would read it; {allow_flag} " +
				"makes it anyway.",
		},
		Fixes: []string{
			"Update opensrs-doctor first: its public roots are {roots_age} old." + General +
				"Update opensrs-doctor first, if its public roots are over 400 days old.",
			ownAuthority,
			"Ask whoever runs the inspection to exempt {host} port {port} from it.",
			"Give the inspection's root to the API client too, if it has to stay: " +
				"update-ca-certificates or update-ca-trust for most, keytool for Java, " +
				"REQUESTS_CA_BUNDLE for Python, NODE_EXTRA_CA_CERTS for Node.",
			"Run opensrs-doctor {allow_flag} if you accept that it is read, to see whether the " +
				"call itself works.",
			again,
		},
		Docs: []string{docChecklist, rfc + "8446#appendix-E"},
		Hides: slices.Concat(unprovenSays, []string{
			"tls.unknown-ca", "tls.self-signed", "tls.incomplete-chain", "tls.local-roots-outdated",
			"egress.unknown",
		}),
		Means: "Something between this host and OpenSRS ends the secure connection, reads it, " +
			"and makes a new one. Companies do that with a root certificate that they install on " +
			"their machines. Programs with a root store of their own refuse it, and whatever " +
			"passes can be read there. Ask for an exception: the API is made to be called " +
			"directly.",
		Recognised: "The certificate's issuer is not a public one, and this host's own store " +
			"trusts it, or its name is that of an inspection product: likely. If a well-known " +
			"peer shows the same issuer it is certain. A private server of your own, with your " +
			"own authority, looks the same, and --ca-file is for that.",
		When: whenTlsIntercepted,
	},
	{
		ID: "tls.unknown-ca", Probe: "tls", Severity: report.Fail,
		Summary: "The certificate comes from {stranger}: {issuer}" + General +
			"The certificate comes from an unknown issuer",
		Explanation: []string{
			"The certificate is issued by {issuer}; {unknown_to}.",
			"It is made out to {names}, valid until {not_after}.",
			"An inspection device whose root is not installed here, somebody else's server, or {or_own} shows such " +
				"a certificate.",
			"If {ca_file} is an older one, or lacks an authority in between, it looks the same as with a device " +
				"on the path that opens TLS.",
		},
		Fixes: []string{
			ownAuthority,
			"Ask whoever runs this network whether it opens TLS, and to exempt {host} port {port}.",
			rightPlace,
			keepVerify,
			again,
		},
		Docs:  []string{docChecklist, docQuickstart, rfc + "5280#section-6"},
		Hides: unprovenSays,
		Means: "A certificate is worth what its issuer is worth, and no store here has this " +
			"issuer. So it is not proven that the other side is OpenSRS, and nothing signed is " +
			"sent.",
		Recognised: "A root that is not public is presented; this host's own store does not have " +
			"it, and it bears no name of a known inspection product. Whose it is, its name may " +
			"tell. Without a root, and with no other peer to compare, it is possible only: the " +
			"server may have left out a certificate. With --ca-file its authority alone counts. " +
			"Dates and names are not judged.",
		When: whenTlsUnknownCa,
	},
	{
		ID: "tls.local-roots-outdated", Probe: "tls", Severity: report.Fail,
		Summary: "This host's root certificates are outdated or missing",
		Explanation: []string{
			"The public roots verify the certificate by {issuer}, this host's store does not.",
			"The reason is that {empty_store}.",
			"The test call was made, because the roots in this tool prove the peer; API clients " +
				"on this host use the store.",
		},
		Fixes: []string{
			"Install the newest package: sudo apt-get install ca-certificates, sudo dnf upgrade " +
				"ca-certificates or sudo apk add ca-certificates; on macOS and Windows the " +
				"system's updates bring it.",
			"Rebuild the store: sudo update-ca-certificates on Debian, Ubuntu, Alpine and SUSE, " +
				"sudo update-ca-trust on Red Hat, Fedora and Arch.",
			"Add the package ca-certificates to the image, if this is a container: {empty_store}." + General +
				"Add the package ca-certificates to the image, if this is a container without " +
				"root certificates.",
			"Check SSL_CERT_FILE and SSL_CERT_DIR: they may point to an old or missing file.",
			again,
		},
		Docs: []string{"https://manpages.debian.org/update-ca-certificates", docChecklist},
		Means: "Every computer has a list of root certificates that it trusts. This host's list " +
			"is too old, damaged or missing, and does not have the one that OpenSRS's " +
			"certificate leads to. Clients on this host that verify certificates refuse a " +
			"service that is in order.",
		Recognised: "The certificate is verified twice: by the public roots that opensrs-doctor " +
			"carries, and by this host's own store. The first succeeds, the second fails. " +
			"Programs with a list of their own, such as Java or Node, are not judged by this.",
		When: whenTlsLocalRootsOutdated,
	},
	{
		ID: "tls.expires-soon", Probe: "tls", Severity: report.Warn,
		Summary: "The certificate of {host} expires in {days}" + General +
			"The certificate of {host} expires soon",
		Explanation: []string{
			"Its last day is {not_after}.",
			"Calls work until then, and nothing is to be done on this host.",
		},
		Fixes: []string{
			"Change nothing on this host: the certificate is renewed at the service.",
			"Tell OpenSRS Support, or whoever runs {host}, if it is still the same certificate a " +
				"few days before.",
		},
		Docs: []string{docStatus, docChecklist},
		Means: "The service's certificate is good for some more days only. It is usually renewed " +
			"in time, without anybody noticing. If it were not, all clients that verify " +
			"certificates would fail on that day.",
		Recognised: "Less than 14 days are left, or less than a third of the lifetime of a " +
			"certificate that is issued for a shorter time.",
		When: whenTlsExpiresSoon,
	},
}

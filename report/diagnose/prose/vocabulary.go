package prose

import "opensrs-doctor/probes/lazy"

// Vocabulary is every placeholder that a row may use, with the words that take its place where there is no
// run (explain), in whatever text it is. The word is empty where only a run has one: a Summary or a fix with such a
// placeholder has words of its own for the general case (see general). A value for one run is never empty.
var Vocabulary = lazy.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{
		// Every run has these, unless the fact is unknown.
		"host":           public.Live.Host,              // the endpoint's name
		"port":           public.PortText(),             // the endpoint's port
		"endpoint":       public.Endpoint(public.Live),  // host:port
		"address":        public.Live.Host,              // of the endpoint: the one that was tried, else the first
		"own_endpoint":   "the endpoint that was given", // host:port; set only where it is none of the public services
		"ca_file":        "the file of --ca-file",       // its path; set only where it was given
		"environment":    "right",                       // "live" or "test": "the {environment} environment"
		"other_env":      "",                            // "test" where the run was about live, and the other way round
		"panel":          "the " + public.Panel,         // with the environment where it helps
		"username":       "the username",
		"fingerprint":    "",                                          // the key's fingerprint
		"key_source":     "the file or variable that it is read from", // a path, OPENSRS_API_KEY
		"egress":         "this host's public address",                // the first address seen
		"egress_all":     "",                                          // "A, B and C"
		"sources_closed": "",                                          // set only where a connection to them failed
		"sources_opener": "",                                          // the firewall of this network, or the proxy
		"none_asked":     "",                                          // the flag because of which no source was asked
		"direct_egress":  "",                                          // the address without the proxy
		"lower_mtu":      "sudo ip link set dev INTERFACE mtu 1280",
		"links_down":     "", // interfaces with an address and no link; set only where there is one
		"local_address":  "this host's local address",
		"proxy":          "the proxy",                 // scheme://host:port
		"proxy_from":     "the setting that names it", // HTTPS_PROXY, --proxy, the config file
		"proxy_host":     "the proxy's host and port",
		"resolver":       "the resolver",                          // the first one configured
		"resolvers":      "the resolvers",                         // all configured, "A and B"
		"resolvers_by":   "/etc/resolv.conf",                      // where they are configured
		"rules_source":   "the list that opensrs-doctor is given", // --rule, a path

		"tls_opener":        "",                                                     // who issued the certificate of a device that opens TLS; set only where the call was made anyway
		"not_public":        "",                                                     // the endpoint's host, where it is none of the public services and the reply may be its own
		"limit_status":      "",                                                     // "HTTP status 429"; set only where that is how the limit was said
		"no_proxy":          "No proxy answers",                                     // or what else of it fails
		"proxy_shut":        "the proxy's host and port",                            // set only where no connection to it came about
		"plain_proxy":       "http://HOST:PORT",                                     // an https proxy without TLS; set only where the handshake fails
		"proxy_certificate": "",                                                     // "The certificate of the proxy"; set only where it did not verify
		"mute_too":          "",                                                     // what the proxy said nothing about either
		"spoken":            "",                                                     // "http://": how the proxy was spoken to
		"other_kind":        "",                                                     // the proxy's URL with another scheme
		"upstream":          "between the proxy and the service, or at the service", // set only where others are not known to fail too
		"failed_too":        "",                                                     // what the proxy could not reach either
		"vague_reply":       "",                                                     // "This answer"; set only where it gives no reason
		"page_title":        "",                                                     // of the page that a network shows in the place of others
		"page_at":           "the address that it leads to",                         // of that page
		"login_reply":       "",                                                     // "HTTP status 511"; set only where the call itself was answered so
		"alive":             "another interface",                                    // by which packets do come in
		"towards":           "the service",                                          // the address that a route is for
		"blocks":            "the resolver",                                         // that gives another address than the rest
		"others":            "another resolver",                                     // that gives the right one

		"expected":     "the one that --expect-key names", // a fingerprint
		"client_file":  "the client's own settings file",  // its path
		"clients":      "a program of this host",          // "php8.2 (curl) and node"
		"clients_fail": "",                                // the same; set only where one of them fails
		"otherwise":    "",                                // of clients, those that look names up in another way, where it is not known which
		"client_step":  "",                                // a whole step, for the first of them
		"clients_pass": "",                                // those that get through
		"who_resolves": "",                                // "ruby and curl: another address"
		"searched":     "",                                // a name that libc asks for ahead of the endpoint's
		"search_in":    "/etc/resolv.conf",                // where the search list is
		"nsswitch":     "/etc/nsswitch.conf",              // and the line

		"proxy_variables": "", // that decide the proxy; set only where one differs

		// Rules.
		"rule_to_add":    "",                       // "allow 203.0.113.10/32"
		"rule_flags":     "--rule or --rules-file", // set only where no rules were given
		"planned_egress": "",                       // "--egress-ip", set only where the address that was given was not seen
		"rule_to_drop":   "",                       // set only where there are five already: "rule 3, allow 192.0.2.1/32"
		"matching_rule":  "",                       // "rule 2, deny 203.0.113.0/25"
		"rule_problem":   "",                       // what is wrong with a rule
		"rule_fix":       "",                       // a whole step: iprules.Problem.Fix
		"never_public":   "a private address",      // addresses and prefixes that can never be public
		"never_given":    "",                       // those given with --egress-ip
		"never_rule":     "",                       // those of Allow rules: "rule 1, allow 10.0.0.0/25"
		"never_stray":    "",                       // the same, where no rule to add is known
		"allow_left":     "",                       // "no Allow rule": set only where every Allow rule is one
		"other_address":  "",                       // that the call leaves by, where the sources saw another one
		"local_only":     "",                       // the local address of the call; set only where its public one is not known
		"own_allowed":    "",                       // another public address of this host that the rules let in
		"own_rule":       "",                       // the rule that does
		"call_address":   "",                       // that the call leaves by; set only where it is known to be another one
		"other_sees":     "",                       // the addresses that are allowed by the rules given
		"allowed":        "",                       // the addresses that are allowed
		"given_ipv6":     "",                       // the IPv6 addresses given with --egress-ip
		"an_ipv6":        "",                       // "an IPv6 address"; set only where one was given with --egress-ip
		"unsure_env":     "",                       // "test": set only where the environment may not go by the rules
		"not_allowed":    "",                       // the addresses that are not allowed
		"clear_list":     "Allow rules only",

		// DNS.
		"name":            public.Live.Host, // that was asked for
		"answer":          "",               // the addresses that came back
		"private_answer":  "",               // the answer; set only where a VPN could lead there
		"other_names":     "",               // "other names"; set only where another name does resolve
		"other_fails":     "",               // the same; set only where that one does not resolve either
		"kind_of_address": "",               // loopback, private, CGNAT, link-local, unspecified
		"hosts_line":      "",               // /etc/hosts:12
		"hosts_address":   "another address",
		"dns_address":     "the address that DNS gives",
		"slow_server":     "the resolver", // the one that is slow; not set where it is the system's own lookup
		"only_server":     "",             // the same, where no other answers
		"system_dns":      "",             // set only on a system that is asked itself
		"good_resolver":   "",             // a later resolver

		// Resolvers that do not answer.
		"no_resolver":      "No resolver answers", // the title's first words
		"unanswered":       "",                    // "192.0.2.53", "/etc/resolv.conf is empty"
		"refusing":         "",                    // resolvers whose port 53 is closed, those on this host left out
		"silent":           "",                    // resolvers that say nothing, those on this host left out
		"closed_here":      "",                    // a resolver on this host whose port 53 is closed: "127.0.0.53"
		"local_resolver":   "",                    // a resolver on this host: "127.0.0.53"
		"resolvers_set":    "",                    // resolvers_by; set only where it names a resolver
		"resolvers_none":   "",                    // resolvers_by; set only where it names none
		"resolvers_link":   "",                    // where resolvers_by leads as a symbolic link; set only where nothing is there
		"resolvers_line":   "",                    // "line 3 of /etc/resolv.conf"; set only where that line is wrong
		"resolvers_closed": "",                    // resolvers_by; set only where this user may not read it

		"accepting":        "", // a resolver whose TCP port took a connection
		"accepting_server": "", // "A name server"; set with accepting
		"answer_took":      "", // "6.0 s"; set only where the answer came too late

		// Port and path.
		"sender":        "the sender of the ICMP message",
		"last_hop":      "",                                // set only where a place may be claimed
		"hop":           "",                                // the hop that answered
		"wrong_port":    "the port that was given",         // "port 443"
		"arrived":       "",                                // the same, where that is a router of this network
		"or_here":       "",                                // "this host's own firewall"; set only where packets could not be counted
		"taken_by":      "a device on the path",            // takes connections in the service's name
		"taken_here":    "this host",                       // set only where this host may be what takes them
		"sidecar":       "a service mesh's sidecar",        // set only where this host may be what takes them
		"passed_on":     "",                                // "The call"; set only where it works
		"witness_open":  "",                                // a port witness that answers: HOST:PORT
		"witness_shut":  "",                                // one that does not
		"witness_url":   "",                                // one that may be asked
		"beyond":        "",                                // set only where every router before the host answers
		"no_icmp":       "",                                // set only where no ICMP message can be read
		"no_count":      "",                                // set only where nobody counts what was sent again
		"pf_rules":      "",                                // set only on macOS
		"garbling":      "",                                // set only where one sent something that is no answer
		"own_network":   "this network",                    // set only where this network itself may refuse
		"nearest":       "this host",                       // set only where the endpoint is no router away
		"quiet_host":    "",                                // set only where no other port of it answers
		"good_port":     "",                                // another port of the same host that answers
		"other_port":    "",                                // "Another port"; set only where one of the same host answers
		"peers":         "",                                // "Well-known peers"; set only where a control answers
		"resetter":      "a firewall right in front of it", // that may refuse in the service's name
		"anywhere":      "",                                // set only where it is not known how far away a refusal comes from
		"ecn":           "",                                // "net.ipv4.tcp_ecn = 1"; set only where that may be the reason
		"expires_at":    "",                                // the router at which packets run out of steps, however many they were given
		"ttl_rules":     "",                                // the commands that list rules that set how many
		"redirector":    "",                                // a device on the path that sends the packets elsewhere
		"refuser":       "",                                // hop, where a refusal comes from there or just beyond
		"taken_for":     "a machine in its own network",
		"own_address":   "",              // the endpoint's, which this host has itself
		"own_line":      "",              // the route of it, as ip route del takes it
		"served_here":   "",              // "this host"; set only where it may be meant to serve the endpoint
		"ttl_setting":   "",              // "net.ipv4.ip_default_ttl = 2"; set only where that is too few steps
		"tried_ipv6":    "",              // the service's IPv6 address and port, tried in vain
		"dead_ipv4":     "",              // a command; set only where a route over IPv4 leads to nobody
		"silent_ports":  "",              // "32801 to 45990"; set only where a range of source ports parts what fails
		"other_route":   "",              // the line by which other ports' packets leave; set only where it is another one
		"own_hops":      "",              // the line of this host's routing policy; set only where it shares connections out
		"share_address": "",              // "several servers"; set only where one of them may be down
		"connect_ms":    "over a second", // "1.4 s"

		// This host.
		"interface":      "the interface", // by which packets for the endpoint leave
		"conntrack_more": "",              // twice as many
		"stops":          "blocks",        // what this host's firewall does: "redirects"
		"sent_to":        "",              // ADDRESS:PORT that a rule of this host sends packets to
		"relay":          "",              // the same; set only where that one took the connection
		"between":        "",              // "The first router, or a bridge"; set only where the kernel was not asked
		"own_nat":        "",              // "A rule on this host"; set only where one may do so and the kernel was not asked
		"ask_kernel":     "",              // the command that asks it
		"route_line":     "a line of this host's routing policy",
		"gateway":        "",                // the first router on the way; set only where it does not answer
		"no_way":         "",                // "The network has no route"
		"route_delete":   "",                // the command that removes the line
		"route_add":      "",                // the command that adds one; set only where none is there
		"route_list":     "",                // the command that lists such lines
		"source":         "an address",      // that a route gives packets
		"own_source":     "its own address", // the interface's
		"route_own":      "",                // the command that makes the route give the interface's own address
		"prefix":         "a local network", // that an interface claims
		"unit":           "",                // a systemd unit
		"unit_cat":       "",                // the command that prints its settings
		"cgroup":         "",                // a control group's path; not set of the root
		"or_cgroup":      "",                // set only where a control group's program may do the same
		"or_rule":        "",                // set only where a rule that does not count may do the same
		"or_seccomp":     "",                // set only where a filter of system calls may do the same
		"as_root":        "",                // set only where root would see more

		"blocked":          public.Endpoint(public.Live),    // host:port of the endpoint; or the resolver, or the proxy
		"blocked_resolver": "",                              // set only where it is a resolver
		"silent_peer":      "the service",                   // whose answers are dropped; or the resolver, or the proxy
		"rule_name":        "the rule",                      // of a firewall: "inet filter output handle 6"
		"rule_list":        "",                              // the command that lists its chain
		"open_port":        "",                              // a whole step, for who manages the rules
		"denied_port":      public.PortText(),               // the endpoint's, where the proxy may refuse it for its port
		"denied_too":       "others",                        // the controls that the proxy refuses too; set only where it refuses all of them
		"denied_all":       "",                              // "Everything else that was tried"; set only with denied_too
		"few_packets":      "",                              // set only where a handshake with a small first message dies too
		"own_wait":         "80 seconds",                    // how long the service's own client waits for a reply
		"packed":           "",                              // "gzip", "UTF-16"; set only where the reply is in it
		"private_issuer":   "",                              // the issuer that is missing; set only where it is not known to be a public one
		"tls_answer":       "No answer",                     // or "No whole answer"
		"tls_silence":      "nothing",                       // set only where nothing at all came
		"half_answer":      "",                              // "a part of its answer"; set only where one came
		"own_certificate":  "",                              // "a certificate of the client's own"; set only where the peer asked for one
		"holder":           "A device",                      // that may hold the connection; set only where the other end confirmed what was sent
		"lost_hello":       "the handshake's first message", // set only where the other end's TCP did not confirm it
		"unconfirmed":      "the request",                   // set only where the other end's TCP did not confirm it
		"learned":          "",                              // how soon a learned size is forgotten; set only where one was learned in the run
		"after_opening":    "",                              // the address and port; set only where connections open, and what is then sent on them is dropped
		"below_ip":         "",                              // the commands that list what takes packets at an interface; set only where that was seen
		"own_cut":          "",                              // "this host's own firewall"; set only where what it does after a connection opened was not counted
		"source_nat":       "",                              // "A rule on this host"; set only where one may do so
		"nat_rules":        "",                              // the commands that list them; set only where one changes the packets
		"rewriting":        "",                              // "A rule on this host"; set only where one changes the packets
		"see_rule":         "",                              // set only where a trace would name the rule: the command

		// Proxy.
		"proxy_logins": "", // set only where Basic is not among them
		"own_login":    "", // "Basic"; set only with proxy_logins

		// TLS.
		"issuer":           "a private issuer",
		"not_before":       "",                    // "2026-01-31"
		"not_after":        "",                    // "2026-01-31"
		"days":             "",                    // "9 days"
		"roots_age":        "",                    // set only where the carried roots are too old to be sure: "412 days"
		"allow_flag":       "--allow-intercepted", // set only where it was not given
		"missing":          "",                    // the missing issuer
		"missing_url":      "",                    // the missing issuer's address
		"stranger":         "",                    // "an issuer that ca.pem does not hold"
		"or_own":           "",                    // set only without --ca-file
		"ca_step":          "",                    // a whole step, for an endpoint of one's own
		"same_certificate": "",                    // a control with the same certificate
		"store_step":       "",                    // a whole step, where a variable names the store
		"tls_took":         "over 3 s",            // how long the handshake took
		"device":           "",                    // "Server: squid/5.7": how a proxy in between names itself
		"alert":            "",                    // handshake_failure
		"cut":              "",                    // "gets no answer"
		"variants":         "",                    // set only where the experiments were made
		"small_fails":      "",                    // "Smaller packets"; set only where they were tried
		"no_small":         "",                    // why they were not
		"mtu_test":         "",                    // set only with no_small
		"no_common":        "",                    // "No TLS version", "No cipher suite"
		"only_suites":      "",                    // "AES in CCM mode"; set only where that is all that the peer takes
		"suite_kind":       "",                    // the same, short
		"tls_version":      "",                    // TLS 1.0 or 1.1
		"quote":            "",                    // what the peer said
		"empty_store":      "",                    // set only where the store is empty

		// Clock.
		"offset": "", // "2 h 3 min behind"

		// Call.
		"code":          "", // the reply's code
		"location":      "", // the place that it names
		"budget":        "the time that the call was given",
		"ruled_out":     "",                                          // what is ruled out already
		"not_ruled_out": "",                                          // "the key, the username and the address"
		"not_let_in":    "",                                          // "An address that is not let in"; set only where the address is not ruled out
		"open_address":  "this host's public address",                // set only where the address is not ruled out
		"wanted":        "a username and an API key",                 // config.credentials-missing: "a username", "an API key", "a username and an API key"
		"key_place":     "the file or variable that it is read from", // key_source, where only the key belongs there
		"settings_file": "",                                          // the key's file; set only where it is one of a program
		"key_around":    "",                                          // "a line end after it"
		"key_file":      "",                                          // its path; set only where the key is in a file
		"key_variable":  "OPENSRS_API_KEY",                           // set only where the key is in that
		"key_problem":   "",                                          // "it stands in quotes"

		// Status page and the rest.
		"dead_address": "", // addresses of the endpoint that fail while another one works
		"good_address": "", // that one
		"one_address":  "", // where some connections work and others fail
		"incident":     "", // the incident
		"status_url":   public.StatusPage,
		"failed_step":  "",                           // the step that failed
		"required":     "",                           // call
		"waited_for":   "",                           // in plain words: "a username and an API key"
		"direct_way":   "the path without the proxy", // set only where it is not known to fail
	}
}}

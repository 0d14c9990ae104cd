//go:build linux

package lab

// What the flags change.
var furtherOptions = []Fault{
	with("only-dns-while-the-port-is-closed", []string{"--only", "dns"}, func(w *World) { w.API.Closed = true }),
	with("only-egress-while-dns-is-dead", []string{"--only", "egress"}, func(w *World) { w.Resolvers[0].Dead = true }),
	with("only-tls-with-a-wrong-key", []string{"--only", "tls"}, outcomes["401"]),
	with("skip-call-with-a-wrong-key", []string{"--skip", "call"}, outcomes["401"]),
	with("skip-egress-and-rules", []string{"--skip", "egress", "--skip", "rules"}, func(w *World) { w.Rules = lists["no-match"] }),
	with("skip-dns-counts-nothing-of-it", []string{"--skip", "dns"}, func(w *World) {
		w.Resolvers = append(w.Resolvers, &Resolver{Address: "192.0.2.54"})
		w.Resolvers[0].Closed = true
	}),
	with("another-resolver", []string{"--resolver", "192.0.2.54"}, func(w *World) {
		w.ResolvConf = "nameserver 192.0.2.53\n"
		w.Resolvers = []*Resolver{{Address: "192.0.2.53", Dead: true}, {Address: "192.0.2.54"}}
	}),
	with("require-call-and-it-runs", []string{"--require", "call"}, func(*World) {}),
	{Cause: "port.refused", Name: "only-call", Break: func(w *World) {
		w.Flags = append(w.Flags, "--only", "call")
		w.API.Closed = true
	}},
	{Cause: "port.refused", Name: "only-port", Break: func(w *World) {
		w.Flags = append(w.Flags, "--only", "port")
		w.API.Closed = true
	}},
	{Cause: "dns.nxdomain", Name: "only-port", Break: func(w *World) {
		w.Flags = append(w.Flags, "--only", "port")
		delete(w.Zone, Host)
	}},
	{Cause: "rules.not-allowed", Name: "only-rules", Says: []string{PublicIP}, Break: func(w *World) {
		w.Flags = append(w.Flags, "--only", "rules")
		w.Rules = lists["no-match"]
	}},
	{Cause: "egress.unknown", Name: "only-egress", Verdict: "warn", Or: []string{"config.required-skipped"}, Break: func(w *World) {
		w.Flags = append(w.Flags, "--only", "egress")
		w.Sources[0].Dead, w.Sources[1].Dead = true, true
	}},
	{Cause: "tls.expired", Name: "skip-port", Break: func(w *World) {
		w.Flags = append(w.Flags, "--skip", "port")
		certificate(w, apiIssuer(), lifetime(w, -90*day, -day))
	}},
	{Cause: "config.required-skipped", Name: "rules-required-and-none-given", Break: func(w *World) {
		w.Flags = append(w.Flags, "--require", "rules")
	}},
	{Cause: "config.credentials-missing", Name: "call-required", Break: func(w *World) {
		w.Flags = append(w.Flags, "--require", "call")
		w.Key = ""
	}},
	{Cause: "port.refused", Name: "call-required", Break: func(w *World) {
		w.Flags = append(w.Flags, "--require", "call")
		w.API.Closed = true
	}},
	{Cause: "port.refused", Name: "no-key", Then: []string{"config.credentials-missing"}, Break: func(w *World) {
		w.Key, w.API.Closed = "", true
	}},
	{Cause: "dns.nxdomain", Name: "another-resolver", Says: []string{"192.0.2.54"}, Break: func(w *World) {
		w.Flags = append(w.Flags, "--resolver", "192.0.2.54")
		w.Resolvers = append(w.Resolvers, &Resolver{Address: "192.0.2.54", Rcode: 3})
	}},
	{Cause: "port.refused", Name: "nobody-else-asked", Break: func(w *World) { alone(w); w.API.Closed = true }},
	{Cause: "port.filtered", Name: "nobody-else-asked", Or: []string{"host.offline"}, Break: func(w *World) {
		alone(w)
		w.Gateway.Filter("forward", "tcp dport 55443 drop")
	}},
	{Cause: "dns.nxdomain", Name: "nobody-else-asked", Break: func(w *World) { alone(w); delete(w.Zone, Host) }},
	{Cause: "dns.resolver-unreachable", Name: "nobody-else-asked", Or: []string{"unexplained", "host.offline"}, Break: func(w *World) {
		alone(w)
		w.Resolvers[0].Dead = true
	}},
	{Name: "key-and-name-from-the-environment", Check: oneConnection, Break: func(w *World) {
		w.Env["OPENSRS_USERNAME"], w.Env["OPENSRS_API_KEY"] = w.Username, "  "+w.Key+"\n"
		w.API.Key = w.Key
		w.Username, w.Key = "", ""
	}},
	{Name: "rules-from-a-file-of-windows", Check: oneConnection, Break: func(w *World) {
		path := w.file("rules.txt", []byte("\xef\xbb\xbf# ours\r\nAllow 203.0.113.0/25 # office\r\n\r\nDENY 192.0.2.7\r\n"))
		w.Flags = append(w.Flags, "--rules-file", path)
		w.API.Allowed = onlyFrom(PublicIP)
	}},
	{Name: "all-from-a-config-file", Check: oneConnection, Break: func(w *World) {
		path := w.file("doctor.yaml", []byte("username: "+w.Username+"\nrule:\n  - allow 203.0.113.0/25\ncross-check: false\ntimeout: 20s\n"))
		w.Username = ""
		w.Flags = append(w.Flags, "--config", path)
	}},
	{Cause: "call.auth-failed", Name: "fail-on-warn", Break: func(w *World) {
		w.Flags = append(w.Flags, "--fail-on", "warn")
		outcomes["401"](w)
	}},
}

// with is a healthy world with flags.
func with(name string, flags []string, change func(*World)) Fault {
	return Fault{Name: "flags-" + name, Break: func(w *World) {
		w.Flags = append(w.Flags, flags...)
		change(w)
	}}
}

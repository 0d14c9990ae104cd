package config

import (
	"slices"
	"strings"

	"opensrs-doctor/probes/runtimes"
)

// KeysOf are the flags of a command, by its words: "check", "rules plan", "fleet deploy cron"; nil where it has none. Those
// of "check --help-all" are what the longer help of check lists.
func KeysOf(command string) []Key {
	switch command {
	case "check":
		return keys()
	case "check --help-all":
		return append(keys(), Key{"help-all", "", boolean, "", groupOutput, "this help"})
	case "ticket":
		return append(keys(), ticketKeys()...)
	case "render":
		return append(outputKeys(), Key{"no-exit-status", "", boolean, "", groupOutput, "exit 0 whatever the verdict: it has been acted on before"})
	case "clients":
		return clientsKeys()
	case "diff":
		return append([]Key{dataFormat}, viewKeys()...)
	case "explain":
		return append([]Key{{"example", "", boolean, "", groupOutput, "the screen of a recorded run with that cause"}, dataFormat}, viewKeys()...)
	case "version":
		return []Key{dataFormat}
	case "help": // a flag and not a command: whoever copied only the program reads its manual with man -l -
		return []Key{{"man", "", boolean, "", groupOutput, "as a manual page, for man: opensrs-doctor help --man check | man -l -"}}
	case "sign":
		return append([]Key{bodyKey}, commonSignKeys()...)
	case "sign verify":
		return append([]Key{bodyKey, signatureKey, requestKey}, commonSignKeys()...)
	case "sandbox":
		return sandboxKeys()
	case "rules lint", "rules check":
		return slices.Concat(keysNamed("rule", "rules-file"), []Key{ipsKey, dataFormat}, viewKeys())
	case "rules plan":
		return planKeys()
	case "fleet merge":
		return mergeKeys()
	}
	if engine, is := strings.CutPrefix(command, "fleet deploy "); is {
		return deployKeys(engine)
	}
	return nil
}

// dataFormat is the --format of commands that print data and no report.
var dataFormat = Key{"format", "f", text, "human|json", groupOutput, "human (default) or json"}

// viewKeys are the keys of check that say how words are set.
func viewKeys() []Key {
	var out []Key
	for _, key := range keys() {
		if key.Name == "color" || key.Name == "no-color" || key.Name == "ascii" {
			out = append(out, key)
		}
	}
	return out
}

// keysNamed are keys of check.
func keysNamed(names ...string) []Key {
	var out []Key
	for _, key := range keys() {
		if slices.Contains(names, key.Name) {
			out = append(out, key)
		}
	}
	return out
}

// outputKeys are the keys of check that are about the output.
func outputKeys() []Key {
	var out []Key
	for _, key := range keys() {
		if key.Group == groupOutput {
			out = append(out, key)
		}
	}
	return out
}

// ticketKeys are the flags that ticket has more than check. They are not keys of the config file: a bundle is never
// overwritten, so a path is good for one run, and so is what it is compared with.
func ticketKeys() []Key {
	return []Key{
		{"output", "", text, "PATH", groupOutput,
			"the zip to write, never overwritten (default opensrs-ticket-DATE-TIME.zip in this directory)"},
		{"compare", "", text, "FILE", groupOutput,
			"an earlier report, best one that passed: the bundle then says when it worked, and what changed since"},
	}
}

// clientsShares are the keys of check that clients takes too: they say which endpoint, and by which path.
var clientsShares = []string{"env", "endpoint", "ca-file", "resolver", "proxy", "source-ip", "public-roots", "system-roots", "as",
	"fail-on", "quiet", "verbose", "color", "no-color", "ascii"}

// clientsKeys are the flags of clients, in the order of the help.
func clientsKeys() []Key {
	only := Key{"only", "", list, "NAME", groupRun, "only these of " + strings.Join(runtimes.Families, ", ") +
		", or a name as the table has it; fpm:POOL for another pool"}
	var out []Key
	for _, one := range keys() {
		switch {
		case one.Name == "only":
			out = append(out, only)
		case one.Name == "format":
			out = append(out, dataFormat)
		case slices.Contains(clientsShares, one.Name):
			out = append(out, one)
		}
	}
	return out
}

var (
	bodyKey      = Key{"body", "", text, "FILE", groupWhat, "the body as it is sent, byte for byte; - for standard input"}
	signatureKey = Key{"signature", "", text, "TEXT", groupWhat,
		"the signature that the client made; - for standard input"}
	requestKey = Key{"request", "", text, "FILE", groupWhat, "instead of the two: a whole HTTP request as captured, " +
		"by a proxy or as text of tcpdump -A; - for standard input"}
	configKey = Key{"config", "", text, "PATH", groupConfig,
		"the config file, instead of the default one; username and api-key-file are taken from it"}
)

// commonSignKeys are those of check that tell who signs and how words are set.
func commonSignKeys() []Key {
	var common []Key
	for _, key := range keys() {
		if key.Name == "username" || key.Name == "api-key-file" || key.Name == "api-key-command" {
			common = append(common, key)
		}
	}
	return append(append(common, configKey, dataFormat), viewKeys()...)
}

// sandboxKeys are the flags of sandbox. Those that check has too mean the same there.
func sandboxKeys() []Key {
	own := []Key{
		{"listen", "", text, "IP:PORT", groupService, "where the API listens (default 127.0.0.1:0, a free port); all else is on loopback"},
		{"name", "", text, "HOST", groupService, "a host name for its URL and certificate, for clients with a built-in one"},
		{"fault", "", text, "CAUSE", groupService, "show what that cause looks like to a client"},
		{"ready-file", "", text, "PATH", groupService,
			"gets what a client has to know, as JSON, once the sandbox listens; removed at the end"},
	}
	for _, key := range keys() {
		switch key.Name {
		case "username", "api-key-file", "rule", "rules-file":
			own = append(own, key)
		}
	}
	own = append(own, dataFormat,
		Key{"log-format", "", text, "NAME", groupOutput, "the log of requests as text (default) or json, one object a line"})
	return append(own, viewKeys()...)
}

package main

import (
	"strconv"

	"github.com/spf13/pflag"
)

// kind is what a key's value looks like, on the command line and in the config file.
type kind int

const (
	text    kind = iota // one value
	list                // repeatable; in the file a sequence, or one value
	boolean             // true or false; on the command line the flag alone is true
	option              // the flag alone is a value, --name=VALUE is another
)

// key is one setting: a flag of check, and a key of the config file with the same name.
type key struct {
	name  string
	short string
	kind  kind
	arg   string // stands for the value in the help
	group string // heading in the help
	help  string
}

// isPath reports whether the value names a file to read.
func (k key) isPath() bool { return k.arg == "PATH" || k.arg == "PEM" }

// keys are all settings of check, in the order of the help.
func keys() []key {
	return []key{
		{"env", "", text, "live|test", groupService, "which service (default live)"},
		{"endpoint", "", text, "URL", groupService, "another host or port: https://HOST[:PORT]"},
		{"ca-file", "", text, "PEM", groupService,
			"the authority of an --endpoint of your own: it alone counts there"},
		{"sandbox", "", option, "FAULT", groupService,
			"run against a sandbox inside this program, healthy or with that fault: no account, no internet"},

		{"username", "", text, "NAME", groupCredentials, "the reseller's username, or OPENSRS_USERNAME"},
		{"api-key-file", "", text, "PATH", groupCredentials,
			"the file with the API key, - for standard input; or OPENSRS_API_KEY"},
		{"api-key-command", "", text, "CMD", groupCredentials,
			"the key is what this command prints, as for a secrets manager; no shell runs it"},
		{"expect-key", "", text, "FINGERPRINT", groupCredentials,
			"the key has to be the one with this fingerprint, or no call is made"},
		{"client-config", "", text, "PATH", groupCredentials,
			"user, key, host and port as a client's own settings file has them: PHP, .env, INI, YAML"},
		{"cross-check", "", boolean, "", groupCredentials,
			"after a 401, try the same credentials once in the other environment (default true)"},

		{"rule", "", list, "RULE", groupRules,
			`one access rule as in the control panel, "allow 203.0.113.0/25"; repeatable, in order`},
		{"rules-file", "", text, "PATH", groupRules, "the access rules, one a line, # comments; - is standard input"},

		{"egress-source", "", list, "URI", groupEgress,
			"who reports the public address: https://…, http://…, dns://SERVER/NAME?type=A; repeatable; none"},
		{"egress-ip", "", list, "ADDRESS", groupEgress, "do not discover, take this address; repeatable"},

		{"resolver", "", list, "IP[:PORT]", groupNetwork, "ask this name server instead of the system's"},
		{"proxy", "", text, "URL", groupNetwork,
			"http://, https:// or socks5://, or env (default: HTTPS_PROXY, NO_PROXY), or none"},
		{"source-ip", "", text, "ADDRESS", groupNetwork, "leave from this address of this host"},
		{"control", "", list, "HOST:PORT", groupNetwork,
			`well-known peers that tell "no internet" from "this service"; repeatable; none`},
		{"status-url", "", text, "URL", groupNetwork, "the service's status page, as Statuspage JSON; none"},
		{"port-witness", "", text, "URL", groupNetwork,
			"a third party that answers on the service's own port, asked after silence, a refusal or a wrong address (default none)"},
		{"no-third-parties", "", boolean, "", groupNetwork,
			"contact nothing but the service itself: no sources, controls, status page, port witness"},
		{"public-roots", "", text, "PEM", groupNetwork, "replaces the public root certificates carried inside"},
		{"system-roots", "", text, "PEM", groupNetwork, "replaces this host's own certificate store"},
		{"allow-intercepted", "", boolean, "", groupNetwork,
			"make the call even where TLS is intercepted by a root that this host trusts"},
		{"trace-firewall", "", boolean, "", groupNetwork,
			"as root, where this host drops the packets: ask the kernel which firewall rule takes them, by a table that lives for a second"},

		{"as", "", text, "TARGET", groupRun,
			"run as the client runs: PID, unit:NAME, user:NAME, process:NAME, container:ID (Linux)"},
		{"timeout", "", text, "TIME", groupRun, "for the whole run (default 30s)"},
		{"wait", "", text, "TIME", groupRun, "repeat until nothing is left that can pass by itself"},
		{"only", "", list, "PROBE", groupRun, "only these of egress, rules, dns, port, tls, call"},
		{"skip", "", list, "PROBE", groupRun, "all but these"},
		{"require", "", list, "PROBE", groupRun, "that probe being skipped is a failure; repeatable"},

		{"format", "f", list, "NAME[=PATH]", groupOutput,
			formatChoice() + "; repeatable; without PATH to standard output"},
		{"fail-on", "", text, "fail|warn", groupOutput, "the lowest verdict that exits 1 (default fail)"},
		{"anonymize", "", boolean, "", groupOutput, "replace addresses, names and the username by tokens"},
		{"quiet", "q", boolean, "", groupOutput, "only what is wrong and what to do"},
		{"verbose", "v", boolean, "", groupOutput, "the facts too"},
		{"color", "", text, "WHEN", groupOutput, "auto, always or never (default auto; also NO_COLOR, FORCE_COLOR, CLICOLOR_FORCE)"},
		{"no-color", "", boolean, "", groupOutput, "the same as --color never"},
		{"ascii", "", boolean, "", groupOutput, "no signs beyond ASCII"},
	}
}

// Headings of the help, in its order.
const (
	groupService     = "Which service"
	groupCredentials = "Credentials"
	groupRules       = "Access rules"
	groupAddresses   = "Addresses"
	groupEgress      = "Where this host comes from"
	groupNetwork     = "Network"
	groupRun         = "What runs"
	groupDeploy      = "Where and how it runs"
	groupOutput      = "Output"
)

var groups = []string{groupService, groupWhat, groupCredentials, groupRules, groupAddresses, groupEgress, groupNetwork,
	groupRun, groupDeploy, groupConfig, groupOutput}

// flagValue collects the texts that the command line gives for one key. Validation is later, at one
// place for flags, environment and file.
type flagValue struct {
	kind  kind
	texts []string
}

func (v *flagValue) Set(given string) error {
	if v.kind == boolean {
		if _, err := strconv.ParseBool(given); err != nil {
			return err
		}
	}
	if v.kind != list {
		v.texts = nil
	}
	v.texts = append(v.texts, given)
	return nil
}

// String is the default's text, for pflag.
func (v *flagValue) String() string { return "" }

// Type is the kind's name, for pflag.
func (v *flagValue) Type() string {
	if v.kind == boolean {
		return "bool"
	}
	return "string"
}

// valueForm is the annotation of a flag that holds the word which stands for its value in the help.
const valueForm = "value-form"

// addKeys defines the flags of some keys and returns where their values will be.
func addKeys(flags *pflag.FlagSet, keys []key) map[string]*flagValue {
	values := map[string]*flagValue{}
	for _, key := range keys {
		value := &flagValue{kind: key.kind}
		flag := flags.VarPF(value, key.name, key.short, key.help)
		flag.Annotations = map[string][]string{valueForm: {key.arg}}
		switch key.kind {
		case boolean:
			flag.NoOptDefVal = "true"
		case option:
			flag.NoOptDefVal = healthy
		}
		values[key.name] = value
	}
	return values
}

// listed is what --sandbox=list stands for: the faults that there are.
const listed = "list"

// healthy is what --sandbox without a fault stands for.
const healthy = "healthy"

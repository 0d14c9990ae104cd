package config

import (
	"strconv"

	"opensrs-doctor/probes/wording"

	"github.com/spf13/pflag"
)

// Kind is what a key's value looks like, on the command line and in the config file.
type kind int

const (
	text    kind = iota // one value
	list                // repeatable; in the file a sequence, or one value
	boolean             // true or false; on the command line the flag alone is true
	Option              // the flag alone is a value, --name=VALUE is another
)

// Key is one setting: a flag, and where check has it a key of the config file with the same name.
type Key struct {
	Name  string
	Short string // one letter, or ""
	Kind  kind
	Arg   string // stands for the value in the help
	Group string // heading in the help
	Help  string
}

// isPath reports whether the value names a file to read.
func (k Key) isPath() bool { return k.Arg == "PATH" || k.Arg == "PEM" }

// keys are all settings of check, in the order of the help.
func keys() []Key {
	return []Key{
		{"env", "", text, "live|test", groupService, "which service (default live)"},
		{"endpoint", "", text, "URL", groupService, "another host or port: https://HOST[:PORT]"},
		{"ca-file", "", text, "PEM", groupService,
			"the authority of an --endpoint of your own: it alone counts there"},
		{"sandbox", "", Option, "FAULT", groupService,
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

// Headings of the help.
const (
	groupService     = "Which service"
	groupCredentials = "Credentials"
	groupRules       = "Access rules"
	groupAddresses   = "Addresses"
	groupEgress      = "Where this host comes from"
	groupNetwork     = "Network"
	groupRun         = "What runs"
	groupDeploy      = "Where and how it runs"
	groupWhat        = "What to look at"
	groupConfig      = "Configuration"
	groupOutput      = "Output"
)

// Groups are the headings, in the order of the help.
var Groups = []string{groupService, groupWhat, groupCredentials, groupRules, groupAddresses, groupEgress, groupNetwork,
	groupRun, groupDeploy, groupConfig, groupOutput}

// FlagValue collects the texts that the command line gives for one key. Validation is later, at one
// place for flags, environment and file.
type FlagValue struct {
	kind  kind
	Texts []string
}

// Set takes one more text, for pflag.
func (v *FlagValue) Set(given string) error {
	if v.kind == boolean {
		if _, err := strconv.ParseBool(given); err != nil {
			return err
		}
	}
	if v.kind != list {
		v.Texts = nil
	}
	v.Texts = append(v.Texts, given)
	return nil
}

// String is the default's text, for pflag.
func (v *FlagValue) String() string { return "" }

// Type is the kind's name, for pflag.
func (v *FlagValue) Type() string {
	if v.kind == boolean {
		return "bool"
	}
	return "string"
}

// ValueForm is the annotation of a flag that holds the word which stands for its value in the help.
const ValueForm = "value-form"

// AddFlags defines the flags of a command, named as KeysOf names it, and returns where their values will be.
func AddFlags(flags *pflag.FlagSet, command string) map[string]*FlagValue {
	values := map[string]*FlagValue{}
	for _, key := range KeysOf(command) {
		value := &FlagValue{kind: key.Kind}
		flag := flags.VarPF(value, key.Name, key.Short, key.Help)
		flag.Annotations = map[string][]string{ValueForm: {key.Arg}}
		switch key.Kind {
		case boolean:
			flag.NoOptDefVal = "true"
		case Option:
			flag.NoOptDefVal = healthy
		}
		values[key.Name] = value
	}
	return values
}

// Listed is what --sandbox=list stands for: the faults that there are.
const Listed = "list"

// healthy is what --sandbox without a fault stands for.
const healthy = "healthy"

// Formats are the words that the --format of a report takes, the default first.
var Formats = []string{"human", "json", "junit", "tap", "markdown", "html", "prometheus", "nagios", "github"}

// formatChoice is what the help says of them.
func formatChoice() string {
	return wording.Join(append([]string{Formats[0] + " (default)"}, Formats[1:]...), "or")
}

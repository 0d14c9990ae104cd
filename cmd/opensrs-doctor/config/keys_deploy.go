package config

// carriedKeys are the keys of check that a deployed check is given. None of them can hold a secret that is not refused.
var carriedKeys = []string{"env", "endpoint", "ca-file", "username", "expect-key", "rule", "rules-file", "egress-source",
	"resolver", "proxy", "control", "status-url", "port-witness", "no-third-parties", "allow-intercepted", "timeout", "require"}

// deployKeys are the keys of an engine's command.
func deployKeys(engine string) []Key {
	own := map[string]Key{}
	for _, one := range []Key{
		{"binary", "", text, "PATH", groupDeploy, "where the program is (default " + installed + "; for ansible on this machine, else on each host)"},
		{"api-key-file", "", text, "PATH", groupDeploy, "the file on each host that holds the key (default " + defaultKeyFile + ")"},
		{"schedule", "", text, "TIMES", groupDeploy, map[string]string{"systemd": "as OnCalendar= has it (default hourly)"}[engine] +
			map[bool]string{true: "five fields as cron has them (default 17 * * * *)"}[engine != "systemd"]},
		{"textfile-dir", "", text, "DIR", groupDeploy, "write metrics too, into this directory of node_exporter's textfile collector"},
		{"user", "", text, "NAME", groupDeploy, "who runs the check (default root)"},
		{"hosts", "", text, "PATTERN", groupDeploy, "which hosts of the inventory (default all)"},
		{"inventory", "", text, "PATH", groupDeploy, "the inventory, for the command in the comment (default hosts.ini)"},
		{"image", "", text, "IMAGE", groupDeploy, "the image whose entry point is opensrs-doctor; needed"},
		{"pause-image", "", text, "IMAGE", groupDeploy, "what the DaemonSet's pods run once they have checked (default " + pauseImage + ")"},
		{"namespace", "", text, "NAME", groupDeploy, "the namespace (default kubectl's)"},
		{"secret", "", text, "NAME", groupDeploy, "the Secret that holds the key (default opensrs-doctor)"},
		{"key-name", "", text, "NAME", groupDeploy, map[bool]string{true: "the vault's variable that holds the key (default opensrs_api_key)",
			false: "the name of the key in the Secret (default api-key)"}[engine == "ansible"]},
		{"every", "", text, "TIME", groupDeploy, "the time between two checks of a host: three of them without one raise an alert (default 1h)"},
	} {
		own[one.Name] = one
	}
	all := keysNamed(carriedKeys...)
	names := map[string][]string{
		"ansible":    {"hosts", "inventory", "binary", "key-name"},
		"kubernetes": {"image", "pause-image", "namespace", "secret", "key-name", "schedule"},
		"systemd":    {"binary", "api-key-file", "schedule", "textfile-dir"},
		"cron":       {"binary", "api-key-file", "schedule", "user", "textfile-dir"},
		"prometheus": {"every"},
	}[engine]
	if engine == "prometheus" {
		all = keysNamed("env", "endpoint")
	}
	for _, name := range names {
		all = append(all, own[name])
	}
	return append(all,
		Key{"output", "", text, "DIR", groupOutput, "write the files into this directory; one that is there and differs is kept, and is an error"},
		Key{"overwrite", "", boolean, "", groupOutput, "with --output: replace files that are there"},
		Key{"file", "", text, "NAME", groupOutput, "only the file of that name"}, dataFormat)
}

const (
	installed      = "/usr/local/bin/opensrs-doctor"
	defaultKeyFile = "/etc/opensrs-doctor/api-key"
	pauseImage     = "registry.k8s.io/pause:3.10"
)

package config

import (
	"maps"
	"slices"
	"strings"
	"time"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report/deploy"
)

// deployment is one run of fleet deploy.
type deployment struct {
	*Settings
	engine  string
	streams *console.Streams
}

// Forms of what goes into the files. Each is narrower than what the engine takes, so that no value needs care there.
var (
	safePath      = lazy.Pattern{Text: `^/[A-Za-z0-9._/+@-]+$`}
	imageName     = lazy.Pattern{Text: `^[A-Za-z0-9][A-Za-z0-9._:/@-]*$`}
	imageDigest   = lazy.Pattern{Text: `@sha256:[0-9a-f]{64}$`}
	clusterName   = lazy.Pattern{Text: `^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`}
	secretKeyName = lazy.Pattern{Text: `^[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*$`}
	variableName  = lazy.Pattern{Text: `^[a-z_][a-z0-9_]*$`}
	userName      = lazy.Pattern{Text: `^[a-z_][a-z0-9_-]*$`}
	hostPattern   = lazy.Pattern{Text: `^[A-Za-z0-9_~*][A-Za-z0-9_.:,!&*?~/\[\]-]*$`}
)

// ForDeployment validates a run of fleet deploy, and gives what the files are filled with. No key is read.
func ForDeployment(engine string, flags map[string]*FlagValue, config string, s *console.Streams) (*Settings, deploy.Settings, error) {
	file, err := read(config, s)
	if err != nil {
		return nil, deploy.Settings{}, err
	}
	for name := range file {
		if flags[name] == nil || !slices.Contains(carriedKeys, name) && name != "api-key-file" {
			delete(file, name)
		}
	}
	d := &deployment{Settings: gather(flags, file, s), engine: engine, streams: s}
	filled, err := d.read()
	return d.Settings, filled, err
}

// read validates what is given and gives what the files are filled with.
func (d *deployment) read() (deploy.Settings, error) {
	filled := deploy.Settings{}
	if err := d.harmless(); err != nil {
		return filled, err
	}
	r := &Request{}
	for _, step := range []func(*Request) error{d.conflicts, d.target, d.deployedKey, d.misplaced, d.thirdParties, d.resolvers, d.deployedProxy, d.times,
		d.selection} {
		if err := step(r); err != nil {
			return filled, err
		}
	}
	if len(d.Text("username")) > 255 {
		return filled, d.Bad("username", 0, "a username has at most 255 bytes")
	}
	check, err := d.carried(r)
	if err != nil {
		return filled, err
	}
	filled.Check, filled.Timeout = check, r.Options.Timeout
	if d.engine != "prometheus" && !d.Given("username") {
		d.streams.Note("no username is given: the hosts check everything but the call; --username NAME")
	}
	if d.Given("env") {
		filled.Environment = r.Options.Environment
	}
	if d.Given("endpoint") {
		filled.Endpoint = netaddr.HostPort{Host: r.Options.Host, Port: r.Options.Port}.String()
	}
	for _, step := range []func(*deploy.Settings) error{d.places, d.names, d.when} {
		if err := step(&filled); err != nil {
			return filled, err
		}
	}
	if d.engine == "cron" {
		if n := len(deploy.CronLine(filled)); n > deploy.MaxCronCommand {
			return filled, console.Usagef("the line would have %d bytes, and cron reads %d", n, deploy.MaxCronCommand).
				WithHint("put rule and the like into /etc/opensrs-doctor/config.yaml of the hosts, which check reads, and leave the flags out")
		}
	}
	return filled, nil
}

// harmless refuses what no value of any file may hold: an API key, and what is not one line of printable text.
func (d *deployment) harmless() error {
	key := strings.TrimSpace(d.streams.Getenv(evidence.KeyVariable))
	for _, name := range slices.Sorted(maps.Keys(d.merged)) {
		one := d.merged[name]
		for i, value := range one.values {
			given := value.text
			if name == "image" || name == "pause-image" {
				given = imageDigest.Regexp().ReplaceAllString(given, "")
			}
			switch {
			case one.name == evidence.KeyVariable: // it is in no file
			case len(key) >= 8 && strings.Contains(given, key):
				return d.Bad(name, i, "the API key is in it, and is not shown").WithHint("no file holds the key")
			case foreign.LooksLikeKey(given):
				return d.Bad(name, i, "this looks like an API key, and is not shown").
					WithHint("no file holds the key: it comes from a vault, a Secret or a file on each host")
			case !console.Printable(given):
				return d.Bad(name, i, "the value has a character that is not printable, such as the end of a line").
					WithHint("give one line of plain text")
			}
		}
	}
	return nil
}

// deployedKey reads no key: the one of the environment is only looked for in the values.
func (d *deployment) deployedKey(r *Request) error {
	if key := strings.TrimSpace(d.streams.Getenv(evidence.KeyVariable)); key != "" {
		r.Options.SetKey([]byte(key), evidence.KeyVariable)
	}
	if d.Given("expect-key") {
		fingerprint := d.Text("expect-key")
		if len(fingerprint) != 8 || strings.Trim(strings.ToLower(fingerprint), "0123456789abcdef") != "" {
			return d.Bad("expect-key", 0, "a fingerprint is 8 hex digits, as key_fingerprint in the JSON report has it")
		}
	}
	return nil
}

// deployedProxy refuses a login, which would be in the file.
func (d *deployment) deployedProxy(r *Request) error {
	if !d.Given("proxy") || d.Text("proxy") == "env" {
		return nil
	}
	if err := d.proxy(r); err != nil {
		return err
	}
	if u := r.Options.Proxy.URL; u != nil && u.User != nil {
		return d.Bad("proxy", 0, "a login would be in the file").
			WithHint("leave it out; set HTTPS_PROXY on the hosts, in a place that others cannot read")
	}
	return nil
}

// carried are the settings of the check itself, in the order of its help.
func (d *deployment) carried(r *Request) ([]deploy.Setting, error) {
	var all []deploy.Setting
	for _, key := range keysNamed(carriedKeys...) {
		if !d.Given(key.Name) {
			continue
		}
		one := deploy.Setting{Name: key.Name, List: key.Kind == list, Switch: key.Kind == boolean}
		for i, value := range d.merged[key.Name].values {
			given := strings.TrimSpace(value.text)
			if one.Switch {
				given = map[bool]string{true: "true", false: "false"}[d.Bool(key.Name)]
			}
			if given == "" {
				return nil, d.Bad(key.Name, i, "the value is empty")
			}
			one.Values = append(one.Values, given)
		}
		if key.Name == "ca-file" && !safePath.Regexp().MatchString(one.Values[0]) {
			return nil, d.Bad("ca-file", 0, "%s is not a path on the hosts", console.ShownPath(one.Values[0])).
				WithHint("give the whole path, from /, in letters, digits and . _ + @ -")
		}
		if key.Name == "rules-file" { // the hosts need not have the file
			one.Name, one.List, one.Values = "rule", true, nil
		}
		all = append(all, one)
	}
	return all, d.carriedRules(r, all)
}

// carriedRules puts the rules of a list or a file into their setting, as they are read.
func (d *deployment) carriedRules(r *Request, all []deploy.Setting) error {
	if err := d.rules(r); err != nil {
		return err
	}
	for i := range all {
		if all[i].Name != "rule" {
			continue
		}
		all[i].Values = nil
		for _, rule := range r.Options.Rules {
			all[i].Values = append(all[i].Values, rule.String())
		}
		if len(all[i].Values) == 0 {
			return console.Usagef("the list of rules is empty").WithHint("give the rules as they are in the control panel, or none")
		}
	}
	return nil
}

// places are the paths on the hosts.
func (d *deployment) places(filled *deploy.Settings) error {
	for _, one := range []struct {
		name, standard string
		to             *string
	}{{"binary", installed, &filled.Binary}, {"api-key-file", defaultKeyFile, &filled.KeyFile}, {"textfile-dir", "", &filled.TextfileDir}} {
		*one.to = one.standard
		if !d.Given(one.name) || d.merged[one.name].from == "environment" {
			continue
		}
		*one.to = strings.TrimRight(d.Text(one.name), "/")
		if one.name == "binary" && d.engine == "ansible" && *one.to != "" {
			continue
		}
		if !safePath.Regexp().MatchString(*one.to) {
			return d.Bad(one.name, 0, "%s is not a path on the hosts", console.ShownPath(d.Text(one.name))).
				WithHint("give the whole path, from /, in letters, digits and . _ + @ -")
		}
	}
	return nil
}

// names are the words that an engine knows things by.
func (d *deployment) names(filled *deploy.Settings) error {
	keyName, form, words := "api-key", secretKeyName.Regexp, "letters, digits, - _ and ."
	if d.engine == "ansible" {
		keyName, form, words = "opensrs_api_key", variableName.Regexp, "small letters, digits and _"
	}
	const cluster = "small letters, digits, - and ."
	for _, one := range []struct {
		name, standard string
		form           func(string) bool
		words          string
		to             *string
	}{
		{"key-name", keyName, form().MatchString, words, &filled.KeyName},
		{"secret", "opensrs-doctor", clusterName.Regexp().MatchString, cluster, &filled.Secret},
		{"namespace", "", clusterName.Regexp().MatchString, cluster, &filled.Namespace},
		{"image", "", imageName.Regexp().MatchString, "REGISTRY/NAME:TAG or NAME@sha256:DIGEST", &filled.Image},
		{"pause-image", pauseImage, imageName.Regexp().MatchString, "REGISTRY/NAME:TAG or NAME@sha256:DIGEST", &filled.PauseImage},
		{"user", "root", userName.Regexp().MatchString, "small letters, digits, - and _", &filled.User},
		{"hosts", "all", hostPattern.Regexp().MatchString, "names, groups and . : , ! & * ? ~ / [ ] -, without spaces", &filled.Hosts},
		{"inventory", "hosts.ini", func(given string) bool { return given != "" }, "a path", &filled.Inventory},
	} {
		*one.to = one.standard
		if !d.Given(one.name) {
			continue
		}
		if *one.to = d.Text(one.name); !one.form(*one.to) || len(*one.to) > 253 {
			return d.Bad(one.name, 0, "%s is not a name that goes there", console.Shown(*one.to)).WithHint("it has %s", one.words)
		}
	}
	if d.engine == "kubernetes" && filled.Image == "" {
		return console.Usagef("--image is missing: the image whose entry point is opensrs-doctor").
			WithHint("make dist makes one for a registry of your own; then --image REGISTRY/opensrs-doctor:TAG")
	}
	return nil
}

// when is how often a host checks.
func (d *deployment) when(filled *deploy.Settings) (err error) {
	filled.Every, filled.Schedule = time.Hour, "17 * * * *"
	if d.Given("every") {
		if filled.Every, err = d.duration("every", time.Minute); err != nil {
			return err
		}
		if filled.Every%time.Minute != 0 {
			return d.Bad("every", 0, "%s is not a number of whole minutes", d.Text("every"))
		}
	}
	if d.engine == "systemd" {
		filled.Schedule = "hourly"
	}
	if !d.Given("schedule") {
		return nil
	}
	filled.Schedule = strings.Join(strings.Fields(d.Text("schedule")), " ")
	if d.engine == "systemd" {
		err = calendar(filled.Schedule)
	} else {
		err = fiveFields(filled.Schedule)
	}
	if err != nil {
		return d.Bad("schedule", 0, "%s", err)
	}
	return nil
}

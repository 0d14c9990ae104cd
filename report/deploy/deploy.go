// Package deploy writes the files with which engines that people already run start the check on many hosts: a
// playbook, manifests, units, a line for cron, and alert rules for what comes back.
//
//	Settings   what the files are filled with; the caller has checked it
//	Files      the files of one engine
//	quote.go   a word as each of the engines reads it, whatever is in it
//	templates  the files themselves, with @placeholders@
//
// None of the files holds an API key: each names the place where the engine keeps it.
package deploy

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Engines are those that files are written for, in the order of the help.
var Engines = []string{"ansible", "kubernetes", "systemd", "cron", "prometheus"}

// File is one ready file.
type File struct {
	Name    string `json:"name"`
	Content string `json:"content"`
}

// Setting is a flag of check, which is a key of its config file too, with its values.
type Setting struct {
	Name   string
	Values []string
	List   bool // a sequence in the config file
	Switch bool // true or false
}

// Settings fill the files. Which of them an engine needs, its template says.
type Settings struct {
	Check   []Setting     // what every check is to be run with
	Timeout time.Duration // of one check
	Binary  string        // where the program is: on each host, for ansible on the controller
	KeyFile string        // systemd and cron: the file on the host that holds the key

	Schedule    string        // systemd: as OnCalendar= has it; cron and kubernetes: five fields
	Every       time.Duration // prometheus: the longest time between two checks of a host
	TextfileDir string        // systemd and cron: of node_exporter, or ""
	User        string        // cron: who runs the check

	Environment string // prometheus: alerts of this environment only, or ""
	Endpoint    string // prometheus: alerts of this HOST:PORT only, or ""

	Image, PauseImage string // kubernetes
	Namespace         string // kubernetes, or ""
	Secret            string // kubernetes: the name of the Secret
	KeyName           string // kubernetes: the key's name in it; ansible: the variable's name

	Hosts     string // ansible: the pattern of hosts
	Inventory string // ansible: for the command in a comment
}

// Files are the ready files of an engine, the first to be used first. An engine that is none panics.
func Files(engine string, s Settings) []File {
	switch engine {
	case "ansible":
		return ansible(s)
	case "kubernetes":
		return kubernetes(s)
	case "systemd":
		return systemd(s)
	case "cron":
		return cron(s)
	case "prometheus":
		return prometheus(s)
	}
	panic("no engine " + engine)
}

// words are the settings as a command line.
func (s Settings) words() []string {
	var words []string
	for _, one := range s.Check {
		for _, value := range one.Values {
			if one.Switch {
				words = append(words, "--"+one.Name+"="+value)
			} else {
				words = append(words, "--"+one.Name, value)
			}
		}
	}
	return words
}

// config is the settings as a config file.
func (s Settings) config() string {
	lines := []string{"# Written by opensrs-doctor fleet deploy ansible."}
	for _, one := range s.Check {
		switch {
		case one.List:
			lines = append(lines, one.Name+":")
			for _, value := range one.Values {
				lines = append(lines, "  - "+yamlText(value))
			}
		case one.Switch:
			lines = append(lines, one.Name+": "+one.Values[0])
		default:
			lines = append(lines, one.Name+": "+yamlText(one.Values[0]))
		}
	}
	return strings.Join(lines, "\n")
}

// limit is after how long an engine ends a check that has not ended itself, in seconds.
func (s Settings) limit() string {
	return strconv.Itoa(int((s.Timeout + 30*time.Second).Seconds()))
}

func ansible(s Settings) []File {
	return []File{{"opensrs-doctor.yml", fill("opensrs-doctor.yml", values{
		"binary": shellWord(s.Binary), "binary_text": unsafeText(s.Binary), "config": s.config(), "limit": s.limit(),
		"hosts": yamlText(s.Hosts), "inventory": shellWord(s.Inventory),
		"key_name": s.KeyName,
	})}}
}

// keyDirectory is where a container finds the key.
const keyDirectory = "/run/secrets/opensrs-doctor"

func kubernetes(s Settings) []File {
	v := values{
		"image": yamlText(s.Image), "pause_image": yamlText(s.PauseImage), "schedule": yamlText(s.Schedule),
		"key_directory": keyDirectory, "limit": s.limit(),
		"secret": yamlText(s.Secret), "secret_word": s.Secret, "key_name": yamlText(s.KeyName), "key_name_word": s.KeyName,
		"namespace": "", "namespace_flag": "",
	}
	if s.Namespace != "" {
		v["namespace"], v["namespace_flag"] = yamlText(s.Namespace), " -n "+s.Namespace
	}
	v["pod"] = fill("pod", v)
	var files []File
	for _, one := range []struct{ name, format string }{{"job.yaml", "human"}, {"cronjob.yaml", "json"}, {"daemonset.yaml", "json"}} {
		var arguments []string
		for _, word := range slices.Concat([]string{"check"}, s.words(),
			[]string{"--api-key-file", keyDirectory + "/api-key", "-f", one.format}) {
			arguments = append(arguments, "- "+yamlText(kubernetesWord(word)))
		}
		v["arguments"] = strings.Join(arguments, "\n")
		v["container"] = fill("container", v)
		files = append(files, File{one.name, fill(one.name, v)})
	}
	return files
}

func systemd(s Settings) []File {
	const state = "/var/lib/opensrs-doctor"
	formats := []string{"-f", "human", "-f", "json=" + state + "/report.json"}
	if s.TextfileDir != "" {
		formats = append(formats, "-f", "prometheus="+s.TextfileDir+"/opensrs-doctor.prom")
	}
	var command []string
	for _, word := range slices.Concat([]string{s.Binary, "check", "--config", "/dev/null"}, s.words()) {
		command = append(command, systemdWord(word))
	}
	command = append(command, "--api-key-file", "${CREDENTIALS_DIRECTORY}/api-key")
	command = append(command, formats...)
	v := values{
		"binary": s.Binary, "key_file": s.KeyFile, "command": strings.Join(command, " "), "limit": s.limit(),
		"textfile": s.TextfileDir, "schedule": s.Schedule, "schedule_shell": shellWord(s.Schedule),
	}
	return []File{{"opensrs-doctor.service", fill("opensrs-doctor.service", v)}, {"opensrs-doctor.timer", fill("opensrs-doctor.timer", v)}}
}

func cron(s Settings) []File {
	root := ""
	if s.User == "root" {
		root = "root"
	}
	return []File{{"opensrs-doctor.cron", fill("cron", values{
		"binary": s.Binary, "key_file": s.KeyFile, "user": s.User, "textfile": s.TextfileDir, "root": root, "line": CronLine(s),
	})}}
}

// MaxCronCommand is the longest command that cron reads, in bytes: Debian's MAX_COMMAND less its end.
const MaxCronCommand = 998

// CronCommand is what cron hands to the shell. A host waits for as many seconds as the checksum of its name says, so that
// a fleet does not ask all at once.
func CronCommand(s Settings) string {
	words := slices.Concat([]string{s.Binary, "check"}, s.words(), []string{"--api-key-file", s.KeyFile, "-q"})
	if s.TextfileDir != "" {
		words = append(words, "-f", "human", "-f", "prometheus="+s.TextfileDir+"/opensrs-doctor.prom")
	}
	for i, word := range words {
		words[i] = shellWord(word)
	}
	const wait = `sleep $(($(uname -n | cksum | cut -d" " -f1) % 300)); `
	return wait + strings.Join(words, " ")
}

// CronLine is the line of a file in /etc/cron.d. Cron takes a bare % for the end of a line.
func CronLine(s Settings) string {
	return s.Schedule + " " + s.User + " " + strings.ReplaceAll(CronCommand(s), "%", `\%`)
}

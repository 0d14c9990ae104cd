package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/infile"
	"opensrs-doctor/cmd/opensrs-doctor/outfile"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/report"
	"opensrs-doctor/report/deploy"
)

// carriedKeys are the keys of check that a deployed check is given. None of them can hold a secret that is not refused.
var carriedKeys = []string{"env", "endpoint", "ca-file", "username", "expect-key", "rule", "rules-file", "egress-source",
	"resolver", "proxy", "control", "status-url", "port-witness", "no-third-parties", "allow-intercepted", "timeout", "require"}

// engineWords are what each engine's command is for.
var engineWords = map[string]string{
	"ansible":    "a playbook: check every host, fetch the reports, make one answer",
	"kubernetes": "a Job for a first try, a CronJob, and a DaemonSet for every node",
	"systemd":    "a service and a timer for each host",
	"cron":       "a file for /etc/cron.d of each host",
	"prometheus": "alert rules for what check -f prometheus writes, and their tests",
}

// deployKeys are the keys of an engine's command.
func deployKeys(engine string) []key {
	own := map[string]key{}
	for _, one := range []key{
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
		own[one.name] = one
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
		key{"output", "", text, "DIR", groupOutput, "write the files into this directory; one that is there and differs is kept, and is an error"},
		key{"overwrite", "", boolean, "", groupOutput, "with --output: replace files that are there"},
		key{"file", "", text, "NAME", groupOutput, "only the file of that name"}, dataFormat)
}

const (
	installed      = "/usr/local/bin/opensrs-doctor"
	defaultKeyFile = "/etc/opensrs-doctor/api-key"
	pauseImage     = "registry.k8s.io/pause:3.10"
)

// fleetDeployCommand prints ready files. Nothing is contacted, and no key is read.
func fleetDeployCommand(s *console.Streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "deploy " + strings.Join(deploy.Engines, "|"),
		Short: "ready files for the engines that run the check on every host",
	}
	for _, engine := range deploy.Engines {
		below := &cobra.Command{Use: engine, Short: engineWords[engine], Args: noWords}
		flags := addKeys(below.Flags(), deployKeys(engine))
		config := below.Flags().String("config", "", "the config file, instead of the default one")
		below.RunE = func(*cobra.Command, []string) error { return writeDeployment(engine, flags, *config, s) }
		command.AddCommand(below)
	}
	oneOf(command)
	return command
}

// writeDeployment fills the files of an engine and writes them.
func writeDeployment(engine string, flags map[string]*flagValue, config string, s *console.Streams) error {
	asJSON, err := wantsJSON(flags, s)
	if err != nil {
		return err
	}
	file, err := readConfig(config, s)
	if err != nil {
		return err
	}
	for name := range file {
		if flags[name] == nil || !slices.Contains(carriedKeys, name) && name != "api-key-file" {
			delete(file, name)
		}
	}
	d := &deployment{settings: gather(flags, file, s), engine: engine, streams: s}
	filled, err := d.read()
	if err != nil {
		return err
	}
	files := deploy.Files(engine, filled)
	if d.given("file") {
		if files, err = d.only(files); err != nil {
			return err
		}
	}
	switch {
	case d.given("output"):
		return d.save(files, asJSON)
	case d.bool("overwrite"):
		return console.Usagef("--overwrite goes with --output, which writes files").WithHint("--output DIR")
	case asJSON:
		err = report.WriteDocument(s.Stdout, map[string]any{"schema": "opensrs-doctor/deploy/v1", "files": files})
	default:
		err = printFiles(s.Stdout, files, engine == "kubernetes")
	}
	if err != nil {
		return fmt.Errorf("the files could not be written: %s", console.Plain(err))
	}
	return nil
}

// only is the one file that --file names.
func (d *deployment) only(files []deploy.File) ([]deploy.File, error) {
	var names []string
	for _, file := range files {
		if file.Name == d.text("file") {
			return []deploy.File{file}, nil
		}
		names = append(names, file.Name)
	}
	return nil, d.bad("file", 0, "%s is not one of %s", console.Shown(d.text("file")), strings.Join(names, ", ")).
		WithNearest(d.text("file"), names)
}

// printFiles prints one file as it is. Of several each has its name before it: as YAML's documents, which kubectl takes
// all at once, or as a comment.
func printFiles(w io.Writer, files []deploy.File, documents bool) error {
	for i, file := range files {
		head := ""
		switch {
		case len(files) == 1:
		case documents && i > 0:
			head = "---\n"
		case !documents && i > 0:
			head = "\n# ----- " + file.Name + " -----\n"
		case !documents:
			head = "# ----- " + file.Name + " -----\n"
		}
		if _, err := io.WriteString(w, head+file.Content); err != nil {
			return err
		}
	}
	return nil
}

// save writes the files into the directory of --output. All are looked at before the first is written.
func (d *deployment) save(files []deploy.File, asJSON bool) error {
	directory := d.text("output")
	bad := func(path, why string) *console.UsageError {
		return d.bad("output", 0, "%s: %s", console.ShownPath(path), why)
	}
	if directory == "" || !console.Printable(directory) {
		return d.bad("output", 0, "the path is empty, or not printable").WithHint("name a directory, as in --output fleet")
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return bad(directory, console.Plain(err))
	}
	there := map[string]bool{}
	for _, file := range files {
		path := filepath.Join(directory, file.Name)
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return bad(path, console.Plain(err))
		case !info.Mode().IsRegular():
			return bad(path, "something else than a file is there")
		}
		old, err := infile.Read(path, 1<<20)
		switch {
		case err == nil && string(old) == file.Content:
			there[file.Name] = true
		case !d.bool("overwrite"):
			return bad(path, "it exists already, and differs").WithHint("--overwrite replaces it; or name another directory")
		}
	}
	var paths []string
	for _, file := range files {
		path := filepath.Join(directory, file.Name)
		paths = append(paths, path)
		if there[file.Name] {
			continue
		}
		if err := writeDeployed(path, file.Content); err != nil {
			return fmt.Errorf("%s: %s", console.ShownPath(path), console.Plain(err))
		}
	}
	if asJSON {
		return report.WriteDocument(d.streams.Stdout, map[string]any{"schema": "opensrs-doctor/deploy/v1", "paths": paths})
	}
	for _, path := range paths {
		if _, err := fmt.Fprintln(d.streams.Stdout, foreign.Disarm(console.ShownPath(path))); err != nil {
			return err
		}
	}
	return nil
}

// writeDeployed puts a file there as a whole; others may read it, for no secret is in it.
func writeDeployed(path, content string) error {
	file, err := outfile.Open(context.Background(), path, time.Now().Add(time.Second))
	if err != nil {
		return err
	}
	defer file.Discard()
	if _, err := file.Write([]byte(content)); err != nil {
		return err
	}
	return file.Commit()
}

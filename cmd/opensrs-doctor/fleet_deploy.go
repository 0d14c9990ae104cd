package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/help"
	"opensrs-doctor/cmd/opensrs-doctor/infile"
	"opensrs-doctor/cmd/opensrs-doctor/outfile"
	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report"
	"opensrs-doctor/report/deploy"
)

// engineWords are what each engine's command is for.
var engineWords = lazy.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{
		"ansible":    "a playbook: check every host, fetch the reports, make one answer",
		"kubernetes": "a Job for a first try, a CronJob, and a DaemonSet for every node",
		"systemd":    "a service and a timer for each host",
		"cron":       "a file for /etc/cron.d of each host",
		"prometheus": "alert rules for what check -f prometheus writes, and their tests",
	}
}}

// fleetDeployCommand prints ready files. Nothing is contacted, and no key is read.
func fleetDeployCommand(s *console.Streams) *cobra.Command {
	command := &cobra.Command{
		Use:   "deploy " + strings.Join(deploy.Engines, "|"),
		Short: "ready files for the engines that run the check on every host",
	}
	for _, engine := range deploy.Engines {
		below := &cobra.Command{Use: engine, Short: engineWords.Get()[engine], Args: help.NoWords}
		flags := config.AddFlags(below.Flags(), "fleet deploy "+engine)
		path := below.Flags().String("config", "", "the config file, instead of the default one")
		below.RunE = func(*cobra.Command, []string) error { return writeDeployment(engine, flags, *path, s) }
		command.AddCommand(below)
	}
	oneOf(command)
	return command
}

// writeDeployment fills the files of an engine and writes them.
func writeDeployment(engine string, flags map[string]*config.FlagValue, path string, s *console.Streams) error {
	asJSON, err := wantsJSON(flags, s)
	if err != nil {
		return err
	}
	d, filled, err := config.ForDeployment(engine, flags, path, s)
	if err != nil {
		return err
	}
	files := deploy.Files(engine, filled)
	if d.Given("file") {
		if files, err = onlyFile(d, files); err != nil {
			return err
		}
	}
	switch {
	case d.Given("output"):
		return saveFiles(d, files, asJSON, s.Stdout)
	case d.Bool("overwrite"):
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

// onlyFile is the one file that --file names.
func onlyFile(d *config.Settings, files []deploy.File) ([]deploy.File, error) {
	var names []string
	for _, file := range files {
		if file.Name == d.Text("file") {
			return []deploy.File{file}, nil
		}
		names = append(names, file.Name)
	}
	return nil, d.Bad("file", 0, "%s is not one of %s", console.Shown(d.Text("file")), strings.Join(names, ", ")).
		WithNearest(d.Text("file"), names)
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

// saveFiles writes the files into the directory of --output. All are looked at before the first is written.
func saveFiles(d *config.Settings, files []deploy.File, asJSON bool, stdout io.Writer) error {
	directory := d.Text("output")
	bad := func(path, why string) *console.UsageError {
		return d.Bad("output", 0, "%s: %s", console.ShownPath(path), why)
	}
	if directory == "" || !console.Printable(directory) {
		return d.Bad("output", 0, "the path is empty, or not printable").WithHint("name a directory, as in --output fleet")
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
		case !d.Bool("overwrite"):
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
		return report.WriteDocument(stdout, map[string]any{"schema": "opensrs-doctor/deploy/v1", "paths": paths})
	}
	for _, path := range paths {
		if _, err := fmt.Fprintln(stdout, foreign.Disarm(console.ShownPath(path))); err != nil {
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

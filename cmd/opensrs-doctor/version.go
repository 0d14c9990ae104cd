package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"opensrs-doctor/probes/trust"
	"opensrs-doctor/report"
)

// version is set by the linker, see the Makefile; without it the module's own version counts.
var version = ""

// ownVersion is the version of this program.
func ownVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "unreleased"
}

// rootsDate is the day of the carried public roots, YYYY-MM-DD, or "" where the build does not tell.
func rootsDate() string {
	if day := trust.RootsDate(); !day.IsZero() {
		return day.Format(time.DateOnly)
	}
	return ""
}

// versionInfo is what version prints.
type versionInfo struct {
	Version   string `json:"version"`
	Commit    string `json:"commit,omitempty"`
	Go        string `json:"go"`
	OS        string `json:"os"` // "linux/amd64"
	RootsDate string `json:"public_roots_date,omitempty"`
}

func versionCommand(s *streams) *cobra.Command {
	command := &cobra.Command{Use: "version", Short: "version, and date of the carried root certificates", Args: noWords}
	flags := addKeys(command.Flags(), []key{dataFormat})
	command.RunE = func(*cobra.Command, []string) error {
		asJSON, err := wantsJSON(flags, s)
		if err != nil {
			return err
		}
		return writeVersion(s.stdout, asJSON)
	}
	return command
}

// addVersionFlag lets the root print its version as other programs do: with --version or -V, whatever else is asked.
func addVersionFlag(root *cobra.Command, s *streams) {
	root.Flags().BoolP("version", "V", false, "print the version")
	run := root.RunE
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if wanted, _ := cmd.Flags().GetBool("version"); !wanted {
			return run(cmd, args)
		}
		format, _ := cmd.Flags().Lookup("format").Value.(*flagValue)
		return writeVersion(s.stdout, format != nil && slices.Contains(format.texts, "json"))
	}
}

func writeVersion(w io.Writer, asJSON bool) error {
	info := versionInfo{ownVersion(), "", runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, rootsDate()}
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range build.Settings {
			if setting.Key == "vcs.revision" {
				info.Commit = setting.Value
			}
		}
	}
	if asJSON {
		return report.WriteDocument(w, info)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "opensrs-doctor %s\n", info.Version)
	if info.Commit != "" {
		fmt.Fprintf(&out, "commit %s\n", info.Commit)
	}
	fmt.Fprintf(&out, "%s, %s\n", info.Go, info.OS)
	if info.RootsDate != "" {
		fmt.Fprintf(&out, "public root certificates of %s\n", info.RootsDate)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// dataFormat is the --format of commands that print data and no report.
var dataFormat = key{"format", "f", text, "human|json", groupOutput, "human (default) or json"}

// wantsJSON reads the --format of a command that prints data.
func wantsJSON(flags map[string]*flagValue, s *streams) (bool, error) {
	name, err := gather(flags, nil, s).choice("format", "human", "json")
	return name == "json", err
}

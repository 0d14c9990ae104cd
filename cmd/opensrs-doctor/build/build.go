// Package build is what this binary says of itself: its version, the source that it was made of, and the date of the root
// certificates that it carries.
package build

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"opensrs-doctor/probes"
	"opensrs-doctor/probes/trust"
	"opensrs-doctor/report"
)

// linked is set by the linker, see the Makefile; without it the module's own version counts.
var linked = ""

// Version is the version of this program.
func Version() string {
	if linked != "" {
		return linked
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "unreleased"
}

// RootsDate is the day of the carried public roots, YYYY-MM-DD, or "" where the build does not tell.
func RootsDate() string {
	if day := trust.RootsDate(); !day.IsZero() {
		return day.Format(time.DateOnly)
	}
	return ""
}

// info is what version prints.
type info struct {
	Version   string `json:"version"`
	Commit    string `json:"commit,omitempty"`
	Go        string `json:"go"`
	OS        string `json:"os"` // "linux/amd64"
	RootsDate string `json:"public_roots_date,omitempty"`
}

// Write prints all of it, for a person or as JSON.
func Write(w io.Writer, asJSON bool) error {
	info := info{Version(), "", runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, RootsDate()}
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

// Tool is what the report says of this program.
func Tool(o probes.Options) report.Tool {
	t := report.Tool{Name: "opensrs-doctor", Version: o.Version}
	if o.PublicRoots == nil {
		t.RootsDate = RootsDate()
	}
	return t
}

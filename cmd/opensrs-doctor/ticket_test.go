package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/report"
	"opensrs-doctor/report/ticket"
)

// ticketNames are the files of every bundle, in their order. Some have a chain and a table of runtimes before the last.
var ticketNames = []string{"report.json", "report.md", "report.html", "README.txt"}

// unpacked reads a bundle: these files and no other, each of the report's own time.
func unpacked(path string) (map[string][]byte, error) {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	var names []string
	files := map[string][]byte{}
	for _, entry := range archive.File {
		folder, name, _ := strings.Cut(entry.Name, "/")
		if folder != strings.TrimSuffix(filepath.Base(path), ".zip") {
			return nil, console.Usagef("%s is in another folder", entry.Name)
		}
		names = append(names, name)
		from, err := entry.Open()
		if err != nil {
			return nil, err
		}
		if files[name], err = io.ReadAll(from); err != nil {
			return nil, err
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "clients.txt" || name == "chain.pem" || name == "changes.txt" })
	if !slices.Equal(names, ticketNames) {
		return nil, &console.UsageError{Text: "the bundle holds other files"}
	}
	saved, err := report.Read(bytes.NewReader(files["report.json"]))
	if err != nil {
		return nil, err
	}
	for _, entry := range archive.File {
		if !entry.Modified.Equal(saved.StartedAt.Truncate(time.Second)) {
			return nil, console.Usagef("%s is of %s, the report of %s", entry.Name, entry.Modified, saved.StartedAt)
		}
	}
	return files, nil
}

// openBundle ZIP: the bundle is whole and its owner's alone; its files then stand in the current directory.
func openBundle(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	info, err := os.Stat(path)
	ts.Check(err)
	if runtime.GOOS != "windows" && info.Mode() != 0o600 {
		ts.Fatalf("the mode of %s is %s", args[0], info.Mode())
	}
	files, err := unpacked(path)
	ts.Check(err)
	for name, content := range files {
		ts.Check(os.WriteFile(ts.MkAbs(name), content, 0o600))
	}
}

// TestBundleIsReproducible: the same report gives the same bytes, also where the clock stands before zips.
func TestBundleIsReproducible(t *testing.T) {
	r := &report.Report{Schema: report.Schema, Verdict: report.VerdictPass, StartedAt: time.Date(2026, 11, 24, 18, 15, 1, 7, time.UTC)}
	files, err := ticket.TicketFiles(r, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	first, err := zipOf("ticket", files, r.StartedAt)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := zipOf("ticket", files, r.StartedAt)
	if !bytes.Equal(first, again) {
		t.Error("two bundles of one report differ")
	}
	old, err := zipOf("ticket", files, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(old), int64(len(old)))
	if err != nil {
		t.Fatal(err)
	}
	if year := archive.File[0].Modified.UTC().Year(); year != 1980 {
		t.Errorf("a file of the year %d", year)
	}
}

// TestPluginLineAfterAFailedBundle: a bundle that could not be written leaves standard output to the plugin's line
// about that; the verdict's line before it would be taken for the state.
func TestPluginLineAfterAFailedBundle(t *testing.T) {
	var stdout bytes.Buffer
	out := outputs{{format: formats()[slices.IndexFunc(formats(), func(f format) bool { return f.name == "nagios" })]}}
	failed := errors.New("t.zip: no space left on device")
	s := &console.Streams{Stdout: &stdout, Lookup: func(string) (string, bool) { return "", false }}
	if err := out.write(&report.Report{Verdict: report.VerdictPass}, console.View{}, s, failed); !errors.Is(err, failed) {
		t.Errorf("error %v", err)
	}
	if stdout.Len() > 0 {
		t.Errorf("standard output: %q", stdout.String())
	}
}

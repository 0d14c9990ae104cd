package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func someRelease(t *testing.T) *release {
	t.Helper()
	r := &release{version: "1.2.3", time: time.Unix(1700000000, 0).UTC(), source: "../..", dist: t.TempDir(),
		completion: map[string][]byte{}, maintainer: "Somebody <somebody@example.com>",
		manuals: []file{{"man/opensrs-doctor.1", 0o644, []byte(".TH X 1\n"), false}}}
	for _, script := range []string{name + ".bash", "_" + name, name + ".fish", name + ".ps1"} {
		r.completion[script] = []byte("# " + script + "\n")
	}
	return r
}

// TestArchives reads what is written for a system of each kind: names, modes, times, and that the order is always the same.
func TestArchives(t *testing.T) {
	r := someRelease(t)
	r.programs = []program{{"linux", "amd64", []byte("program")}, {"windows", "arm64", []byte("program.exe")}}
	if err := r.writeArchives(); err != nil {
		t.Fatal(err)
	}
	packed, err := os.Open(filepath.Join(r.dist, "opensrs-doctor-1.2.3-linux-amd64.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for reader := tar.NewReader(unpacked); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
		if !header.ModTime.Equal(r.time) || header.Uid != 0 || header.Uname != "" {
			t.Errorf("%+v", header)
		}
		if strings.HasSuffix(header.Name, "/opensrs-doctor") && header.Mode != 0o755 {
			t.Errorf("%s: mode %o", header.Name, header.Mode)
		}
	}
	want := []string{"opensrs-doctor-1.2.3/", "opensrs-doctor-1.2.3/README.md", "opensrs-doctor-1.2.3/completions/",
		"opensrs-doctor-1.2.3/completions/_opensrs-doctor", "opensrs-doctor-1.2.3/completions/opensrs-doctor.bash",
		"opensrs-doctor-1.2.3/completions/opensrs-doctor.fish", "opensrs-doctor-1.2.3/config.example.yaml", "opensrs-doctor-1.2.3/man/",
		"opensrs-doctor-1.2.3/man/opensrs-doctor.1", "opensrs-doctor-1.2.3/opensrs-doctor", "opensrs-doctor-1.2.3/systemd/",
		"opensrs-doctor-1.2.3/systemd/opensrs-doctor.service", "opensrs-doctor-1.2.3/systemd/opensrs-doctor.timer"}
	if !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
	zipped, err := zip.OpenReader(filepath.Join(r.dist, "opensrs-doctor-1.2.3-windows-arm64.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer zipped.Close()
	names = nil
	for _, one := range zipped.File {
		names = append(names, one.Name)
		if !one.Modified.Equal(r.time) {
			t.Errorf("%s: %s", one.Name, one.Modified)
		}
	}
	if !slices.Contains(names, "opensrs-doctor-1.2.3/opensrs-doctor.exe") || !slices.Contains(names, "opensrs-doctor-1.2.3/completions/opensrs-doctor.ps1") {
		t.Errorf("%q", names)
	}
}

// TestNotes: a version's own notes, those of the next one for what comes before it, and no text of another heading.
func TestNotes(t *testing.T) {
	readme := "# x\n\n## Release notes\n\nText.\n\n### 1.1.0\n\n- new\n  and more\n- newer\n\n### 1.0.0, 2026-12-01\n\n- old\n\n## Else\n\n- no note\n"
	for version, want := range map[string]string{
		"1.1.0": "new and more|newer", "1.0.0": "old", "1.0.0+5.gabc": "old", "1.2.0-dev+gabc": "new and more|newer",
	} {
		if got := strings.Join(notesOf(readme, version), "|"); got != want {
			t.Errorf("%s: %q, want %q", version, got, want)
		}
	}
	if got := notesOf("# x\n\n## Release notes\n", "1.0.0"); got != nil {
		t.Errorf("%q", got)
	}
	// README has notes for what the source is on the way to.
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	_, next, _ := strings.Cut(string(makefile), "\nNEXT ")
	next = strings.TrimSpace(strings.TrimLeft(strings.SplitN(next, "\n", 2)[0], " ="))
	readme2, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme2), "\n### "+next) || len(notesOf(string(readme2), next)) == 0 {
		t.Errorf("README.md has no release notes for %s", next)
	}
}

// TestVersion tries .ci/version in a repository of its own.
func TestVersion(t *testing.T) {
	script, err := filepath.Abs("../version")
	if err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	run := func(words ...string) string {
		t.Helper()
		command := exec.Command(words[0], words[1:]...)
		command.Dir = directory
		command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CEILING_DIRECTORIES="+filepath.Dir(directory),
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
		out, err := command.Output()
		if err != nil {
			t.Fatalf("%q: %v", words, err)
		}
		return strings.TrimSpace(string(out))
	}
	is := func(want string) {
		t.Helper()
		if commit := filepath.Join(directory, ".git"); strings.Contains(want, "HASH") {
			if _, err := os.Stat(commit); err == nil {
				want = strings.ReplaceAll(want, "HASH", run("git", "rev-parse", "--short=7", "HEAD"))
			}
		}
		if got := run(script, "9.9.9"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(directory, "file"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	is("9.9.9-dev")
	write("1")
	run("git", "init", "-q")
	run("git", "add", ".")
	run("git", "commit", "-qm", "first")
	is("9.9.9-dev+gHASH")
	write("2")
	is("9.9.9-dev+gHASH.dirty")
	run("git", "commit", "-qam", "second")
	run("git", "tag", "v1.2.3")
	is("1.2.3")
	write("3")
	is("1.2.3+dirty")
	run("git", "commit", "-qam", "third")
	is("1.2.3+1.gHASH")
	write("4")
	is("1.2.3+1.gHASH.dirty")
	run("git", "commit", "-qam", "fourth")
	run("git", "tag", "v2.0.0-rc.1")
	is("2.0.0-rc.1")
}

// TestRootsAreThoseOfTheProgram: the image's certificates and the program's come from the same version of their module.
func TestRootsAreThoseOfTheProgram(t *testing.T) {
	line := func(path string) string {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(content)) {
			if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == "golang.org/x/crypto/x509roots/fallback" {
				return fields[1]
			}
		}
		return ""
	}
	if own, program := line("go.mod"), line("../../go.mod"); own == "" || own != program {
		t.Errorf("the image's are of %s, the program's of %s: go get golang.org/x/crypto/x509roots/fallback@%[2]s", own, program)
	}
	if n := bytes.Count(publicRoots(), []byte("BEGIN CERTIFICATE")); n < 100 {
		t.Errorf("%d root certificates", n)
	}
}

// TestMaterials: the bill of this test's own program lists what it is made of.
func TestMaterials(t *testing.T) {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := someRelease(t)
	r.programs = []program{{"linux", "amd64", content}}
	if err := r.writeMaterials(); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(r.dist, "opensrs-doctor-1.2.3.cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		BOMFormat, SpecVersion string
		Components             []component
	}
	if err := json.Unmarshal(written, &document); err != nil {
		t.Fatal(err)
	}
	if document.BOMFormat != "CycloneDX" || !slices.ContainsFunc(document.Components, func(c component) bool { return c.Name == "std" }) ||
		!slices.ContainsFunc(document.Components, func(c component) bool { return c.Name == "github.com/goreleaser/nfpm/v2" && c.Version != "" }) {
		t.Errorf("%s", written)
	}
}

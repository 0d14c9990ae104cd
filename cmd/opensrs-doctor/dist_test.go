//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestDistIsReproducible makes a release twice, in two directories and with two environments: everything in it is the
// same. One system stands for all, this one, for which the libraries are compiled already.
func TestDistIsReproducible(t *testing.T) {
	t.Parallel()
	gmake := program(t, "make")
	offline := exec.Command("go", "list", "-deps", ".")
	offline.Dir, offline.Env = filepath.Join("..", "..", ".ci", "package"), append(os.Environ(), "GOPROXY=off", "GOFLAGS=")
	if words, err := offline.CombinedOutput(); err != nil {
		t.Skipf("the modules that make packages are not here; cd .ci/package && go mod download gets them: %s", words)
	}
	system := runtime.GOOS + "/" + runtime.GOARCH
	var made [2]map[string][]byte
	for i, environment := range [][]string{{"GOFLAGS=", "TZ=UTC"}, {"GOFLAGS=-tags=unused", "TZ=America/Toronto", "LC_ALL=C"}} {
		source := filepath.Join(t.TempDir(), strings.Repeat("deeper/", i), "source")
		for _, part := range []string{"cmd", "probes", "report", "go.mod", "go.sum", "Makefile", "README.md", ".ci/package"} {
			copyOf(t, filepath.Join("..", "..", part), filepath.Join(source, part))
		}
		command := exec.Command(gmake, "dist", "PLATFORMS="+system, "VERSION=0.0.1", "SOURCE_DATE_EPOCH=1700000000")
		command.Dir, command.Env = source, append(os.Environ(), environment...)
		if words, err := command.CombinedOutput(); err != nil {
			t.Fatalf("make dist: %v\n%s", err, words)
		}
		made[i] = contents(t, filepath.Join(source, "dist"))
	}
	for name, content := range made[0] {
		if !bytes.Equal(content, made[1][name]) {
			t.Errorf("%s differs", name)
		}
	}
	base := "opensrs-doctor-0.0.1"
	want := []string{"opensrs-doctor-" + strings.ReplaceAll(system, "/", "-"), "completions/opensrs-doctor.bash",
		"completions/_opensrs-doctor", "completions/opensrs-doctor.fish", "completions/opensrs-doctor.ps1",
		"man/opensrs-doctor.1", "man/opensrs-doctor-rules-plan.1", base + "-" + strings.ReplaceAll(system, "/", "-") + ".tar.gz",
		base + ".cdx.json"}
	if system == "linux/amd64" {
		want = append(want, "opensrs-doctor_0.0.1-1_amd64.deb", base+"-1.x86_64.rpm", base+"-image-amd64.tar")
	}
	for _, name := range want {
		if len(made[0][name]) == 0 {
			t.Errorf("no %s", name)
		}
	}
	for name := range made[0] {
		if name != "SHA256SUMS" && !bytes.Contains(made[0]["SHA256SUMS"], []byte("  "+name+"\n")) {
			t.Errorf("no checksum of %s", name)
		}
	}
	if len(made[0]) != len(made[1]) {
		t.Errorf("%d and %d files", len(made[0]), len(made[1]))
	}
}

// copyOf copies a file or a directory.
func copyOf(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Stat(from)
	if err != nil {
		t.Fatal(err)
	}
	if info.IsDir() {
		err = os.CopyFS(to, os.DirFS(from))
	} else if err = os.MkdirAll(filepath.Dir(to), 0o755); err == nil {
		content, _ := os.ReadFile(from)
		err = os.WriteFile(to, content, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// contents are the files of a directory, by their paths in it.
func contents(t *testing.T, directory string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, pattern := range []string{"*", "*/*"} {
		found, _ := filepath.Glob(filepath.Join(directory, pattern))
		for _, path := range found {
			name, _ := filepath.Rel(directory, path)
			if content, err := os.ReadFile(path); err == nil {
				files[filepath.ToSlash(name)] = content
			}
		}
	}
	return files
}

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
	system := runtime.GOOS + "/" + runtime.GOARCH
	var made [2]map[string][]byte
	for i, environment := range []string{"GOFLAGS=", "GOFLAGS=-tags=unused"} {
		source := filepath.Join(t.TempDir(), strings.Repeat("deeper/", i), "source")
		for _, part := range []string{"cmd", "probes", "report", "go.mod", "go.sum", "Makefile"} {
			copyOf(t, filepath.Join("..", "..", part), filepath.Join(source, part))
		}
		command := exec.Command(gmake, "dist", "PLATFORMS="+system, "VERSION=v0.0.1")
		command.Dir, command.Env = source, append(os.Environ(), environment)
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
	for _, name := range []string{"opensrs-doctor-" + strings.ReplaceAll(system, "/", "-"), "completions/opensrs-doctor.bash",
		"completions/_opensrs-doctor", "completions/opensrs-doctor.fish", "completions/opensrs-doctor.ps1"} {
		if len(made[0][name]) == 0 {
			t.Errorf("no %s", name)
		}
		if !bytes.Contains(made[0]["SHA256SUMS"], []byte("  "+name+"\n")) {
			t.Errorf("no checksum of %s", name)
		}
	}
	if len(made[0]) != 6 || len(made[1]) != 6 {
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

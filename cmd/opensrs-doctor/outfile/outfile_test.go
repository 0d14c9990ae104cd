package outfile

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func soon() time.Time { return time.Now().Add(5 * time.Second) }

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// put writes text to path by Open and Commit.
func put(path, text string) error {
	file, err := Open(context.Background(), path, soon())
	if err != nil {
		return err
	}
	defer file.Discard()
	if _, err := io.WriteString(file, text); err != nil {
		return err
	}
	return file.Commit()
}

func TestFileAppearsWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report")
	for _, text := range []string{"first", "second"} {
		file, err := Open(t.Context(), path, soon())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(file, text)
		if before, err := os.ReadFile(path); err == nil && string(before) == text {
			t.Error("it is there before it is complete")
		}
		if err := file.Commit(); err != nil || read(t, path) != text {
			t.Errorf("%q, %v", read(t, path), err)
		}
		file.Discard()
	}
	left, err := Open(t.Context(), path, soon())
	if err != nil {
		t.Fatal(err)
	}
	left.Discard()
	if read(t, path) != "second" || len(names(t, dir)) != 1 {
		t.Errorf("discarded, and there is %v", names(t, dir))
	}
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

func TestNewNeverReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ticket.zip")
	file, err := New(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, "somebody's")
	if err := file.Publish(); !errors.Is(err, fs.ErrExist) || read(t, path) != "somebody's" {
		t.Errorf("%v, and there is %q", err, read(t, path))
	}
	if _, err := New(path); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	if len(names(t, filepath.Dir(path))) != 1 {
		t.Errorf("left: %v", names(t, filepath.Dir(path)))
	}
}

// Where the file system has no links, an empty file claims the name first.
func TestClaim(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ticket.zip")
	for _, text := range []string{"first", "second"} {
		file, err := newAt(path)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(file, text)
		if err := file.end(file.claimByName); (err == nil) != (text == "first") || err != nil && !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if read(t, path) != "first" || len(names(t, filepath.Dir(path))) != 1 {
		t.Errorf("it holds %q, there are %v", read(t, path), names(t, filepath.Dir(path)))
	}
}

// newAt is New, also where something is at path already.
func newAt(path string) (*File, error) {
	at, _, err := find(path)
	if err != nil {
		return nil, err
	}
	return at.beside(0o600)
}

func TestRemoveTakesOnlyItsOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ready")
	for _, replaced := range []bool{false, true} {
		file, err := Open(t.Context(), path, soon())
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Commit(); err != nil {
			t.Fatal(err)
		}
		if replaced {
			write(t, path+".new", "another sandbox's")
			if err := os.Rename(path+".new", path); err != nil {
				t.Fatal(err)
			}
		}
		file.Remove()
		if _, err := os.Stat(path); (err == nil) != replaced {
			t.Errorf("replaced %v: %v", replaced, err)
		}
	}
}

func TestBadPaths(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "")
	for _, path := range []string{"", dir, dir + "/", filepath.Join(dir, "none", "x"), filepath.Join(dir, "file", "x"), dir + "/new/"} {
		if err := put(path, "x"); err == nil {
			t.Errorf("%q is written", path)
		}
	}
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("left: %v", got)
	}
}

func TestKeyIsThatOfTheFile(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, exists := range []bool{false, true} {
		if exists {
			write(t, "a", "")
		}
		if Key("a") != Key(filepath.Join(dir, "a")) || Key("a") == Key("b") || Key("./a") != Key("a") {
			t.Errorf("exists %v: %s %s %s", exists, Key("a"), Key(filepath.Join(dir, "a")), Key("b"))
		}
	}
}

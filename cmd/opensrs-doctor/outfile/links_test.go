//go:build linux || darwin

package outfile

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const stranger = 65534

func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: the files are another user's")
	}
}

// open makes a directory that everybody can write, as /tmp is.
func openToAll(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	return dir
}

func symlink(t *testing.T, target, path string, owner int) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
	if owner >= 0 {
		if err := os.Lchown(path, owner, -1); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLinks(t *testing.T) {
	asRoot(t)
	private, shared, theirs := t.TempDir(), openToAll(t), t.TempDir()
	if err := os.Chown(theirs, stranger, -1); err != nil {
		t.Fatal(err)
	}
	victim := filepath.Join(private, "victim")
	for _, dir := range []string{private, shared, theirs} {
		symlink(t, victim, filepath.Join(dir, "own"), -1)
		symlink(t, victim, filepath.Join(dir, "foreign"), stranger)
		symlink(t, private, filepath.Join(dir, "way"), -1)
		symlink(t, private, filepath.Join(dir, "foreign-way"), stranger)
	}
	symlink(t, "own", filepath.Join(private, "twice"), -1)
	symlink(t, "loop", filepath.Join(private, "loop"), -1)
	symlink(t, "../"+filepath.Base(private)+"/victim", filepath.Join(private, "up"), -1)
	for path, followed := range map[string]bool{
		private + "/own": true, private + "/way/victim": true, private + "/twice": true, private + "/up": true,
		private + "/way/way/own": true, private + "/loop": false,
		private + "/foreign": false, private + "/foreign-way/victim": false, private + "/way/foreign": false,
		shared + "/own": false, shared + "/foreign": false, shared + "/way/victim": false, shared + "/foreign-way/victim": false,
		theirs + "/own": false, theirs + "/foreign": false, theirs + "/way/victim": false,
	} {
		write(t, victim, "precious")
		err := put(path, "written")
		if got := read(t, victim); (got == "written") != followed || (err == nil) != followed {
			t.Errorf("%s: the file holds %q, %v", path, got, err)
		}
		if err != nil && !strings.Contains(err.Error(), "link") {
			t.Errorf("%s: %v", path, err)
		}
		if fresh, err := New(path + ".zip"); err == nil {
			fresh.Discard()
		} else if followed {
			t.Errorf("%s.zip: %v", path, err)
		}
		_ = Append(path, []byte("x"))
		if got := read(t, victim); strings.HasSuffix(got, "x") != followed {
			t.Errorf("%s: appended, the file holds %q", path, got)
		}
	}
	if target, err := os.Readlink(private + "/own"); err != nil || target != victim {
		t.Error("the link is gone")
	}
}

// A private file is so from the moment that it has any name: whoever opened it then could read it later.
func TestPrivateFromTheStart(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ready")
	write(t, path, "old")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := OpenPrivate(path, soon())
	if err != nil {
		t.Fatal(err)
	}
	defer file.Discard()
	for _, name := range names(t, dir) {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || name != "ready" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	if err := file.Commit(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	silent, err := Open(t.Context(), pipe, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := silent.Commit(); err == nil || !strings.Contains(err.Error(), "no process reads") {
		t.Errorf("a pipe without a reader: %v", err)
	}
	got := make(chan string)
	go func() {
		content, _ := os.ReadFile(pipe)
		got <- string(content)
	}()
	if err := put(pipe, "through the pipe"); err != nil || <-got != "through the pipe" {
		t.Error(err)
	}
	if err := put("/dev/null", "x"); err != nil {
		t.Error(err)
	}
	listener, err := listen(filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if err := put(filepath.Join(dir, "socket"), "x"); err == nil {
		t.Error("a socket is written")
	}
}

func TestForeignPipe(t *testing.T) {
	asRoot(t)
	pipe := filepath.Join(openToAll(t), "pipe")
	if err := errors.Join(syscall.Mkfifo(pipe, 0o666), os.Chown(pipe, stranger, -1)); err != nil {
		t.Fatal(err)
	}
	if err := put(pipe, "x"); err == nil || !strings.Contains(err.Error(), "another user's pipe") {
		t.Error(err)
	}
}

// A reader that opens a pipe and never reads costs no longer than the deadline.
func TestPipeThatIsNotRead(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	file, err := Open(t.Context(), pipe, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(file, strings.Repeat("x", 1<<20))
	if err := file.Commit(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestDescriptors(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	path := "/dev/fd/" + strconv.Itoa(int(writer.Fd()))
	if err := put(path, "by number"); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	if got, _ := io.ReadAll(reader); string(got) != "by number" {
		t.Errorf("%q", got)
	}
	if err := put("/dev/fd/999", "x"); err == nil || !strings.Contains(err.Error(), "999") {
		t.Error(err)
	}
}

func TestForeignFile(t *testing.T) {
	asRoot(t)
	dir := openToAll(t)
	path := filepath.Join(dir, "report")
	write(t, path, "theirs")
	if err := errors.Join(os.Chmod(path, 0o666), os.Chown(path, stranger, -1)); err != nil {
		t.Fatal(err)
	}
	theirs, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := put(path, "ours"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o022 != 0 || info.Sys().(*syscall.Stat_t).Uid != 0 {
		t.Errorf("mode %v", info.Mode())
	}
	if old, _ := io.ReadAll(theirs); string(old) != "theirs" {
		t.Errorf("written in place: %q", old)
	}
	// One file with two names may be the victim of a hard link.
	write(t, path+"-victim", "precious")
	if err := os.Link(path+"-victim", path+"-other"); err != nil {
		t.Fatal(err)
	}
	if err := Append(path+"-other", []byte("x")); err == nil || read(t, path+"-victim") != "precious" {
		t.Errorf("appended to a file with two names: %v", err)
	}
}

// TestSwapped lets another user swap a directory and a file on the path for links all the while.
func TestSwapped(t *testing.T) {
	asRoot(t)
	private, shared := t.TempDir(), openToAll(t)
	victim := filepath.Join(private, "report")
	write(t, victim, "precious")
	before, err := os.Stat(victim)
	if err != nil {
		t.Fatal(err)
	}
	way := filepath.Join(shared, "way")
	stop, swapping := make(chan struct{}), sync.WaitGroup{}
	swapping.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			os.Remove(filepath.Join(way, "report"))
			os.Symlink(victim, way+"-link")
			os.Lchown(way+"-link", stranger, -1)
			os.Rename(way+"-link", filepath.Join(way, "report"))
			os.RemoveAll(way)
			os.Symlink(private, way)
			os.Lchown(way, stranger, -1)
			os.Remove(way)
			os.Mkdir(way, 0o777)
			os.Chown(way, stranger, -1)
		}
	})
	written := 0
	for range 3000 {
		if put(filepath.Join(way, "report"), "written") == nil {
			written++
		}
		_ = Append(filepath.Join(way, "report"), []byte("x"))
	}
	close(stop)
	swapping.Wait()
	after, err := os.Stat(victim)
	if err != nil || !os.SameFile(before, after) || read(t, victim) != "precious" {
		t.Errorf("the victim was reached: %v", err)
	}
	if left := names(t, private); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
	t.Logf("%d of 3000 were written in between", written)
}

func listen(path string) (io.Closer, error) { return net.Listen("unix", path) }

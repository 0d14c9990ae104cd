//go:build unix

package runtimes

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"opensrs-doctor/probes/foreign"
)

// nonBlock keeps a pipe that somebody put in a file's place from holding the run.
const nonBlock = syscall.O_NONBLOCK

// scriptFiles are the directories with the script that php-fpm is given, which are removed in the end. A worker runs as
// another user and has to read it: 0711, a random name, and as root only where nobody else can write on the way.
type scriptFiles struct {
	mu   sync.Mutex
	made map[string]string // the directory that it was made in, and the path of the script
}

// sticky is the one directory where others can write and yet not take away or replace what root made.
const sticky = "/tmp"

// put gives the script's path as the pool sees it.
func (f *scriptFiles) put(pool fpmPool) (seen string, why foreign.Text) {
	places := []string{"/run", sticky} // /tmp is another one for a unit with PrivateTmp
	if !asRoot() {
		places = []string{os.TempDir()}
	}
	root := ""
	if pool.Chroot != "" {
		root = filepath.Clean(pool.Chroot)
		places = []string{root}
	} else if len(pool.basedir) > 0 {
		places = pool.basedir
	}
	for _, place := range places {
		if !filepath.IsAbs(place) || asRoot() && filepath.Clean(place) != sticky && untrusted(place) != "" {
			continue
		}
		if path, err := f.in(place); err == nil {
			return "/" + strings.TrimPrefix(strings.TrimPrefix(path, root), "/"), foreign.Text{}
		}
	}
	switch {
	case root != "":
		why = foreign.Ours("not asked: others can write in its chroot, where the test script would have to be")
	case len(pool.basedir) > 0:
		why = foreign.Ours("not asked: no directory of its open_basedir is root's alone, where the test script would have to be")
	default:
		why = foreign.Ours("not asked: the test script could not be written to /run")
	}
	return "", why
}

// in makes the script's directory within another one, once.
func (f *scriptFiles) in(place string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if path := f.made[place]; path != "" {
		return path, nil
	}
	dir, err := os.MkdirTemp(place, "opensrs-doctor-")
	if err != nil {
		return "", err
	}
	script, err := scripts.ReadFile("scripts/look.php")
	if err != nil {
		panic(err)
	}
	path := filepath.Join(dir, "look.php")
	err = os.Chmod(dir, 0o711)
	if err == nil {
		err = writeNew(path, script)
	}
	if err != nil {
		os.RemoveAll(dir)
		return "", err
	}
	if f.made == nil {
		f.made = map[string]string{}
	}
	f.made[place] = path
	return path, nil
}

// writeNew writes a file that was not there, for all to read.
func writeNew(path string, content []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if mode := file.Chmod(0o644); err == nil { // whatever the umask is
		err = mode
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

// remove takes them away again.
func (f *scriptFiles) remove() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, path := range f.made {
		os.RemoveAll(filepath.Dir(path))
	}
	f.made = nil
}

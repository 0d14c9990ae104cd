package infile

import (
	"io"
	"os"
	"runtime"

	"opensrs-doctor/cmd/opensrs-doctor/console"
)

// Read reads a whole file of at most limit bytes. What is not a file to read is a usage error whose text goes
// on after the path.
func Read(path string, limit int64) ([]byte, error) {
	file, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return ReadBounded(file, limit)
}

// ReadBounded reads to the end, at most limit bytes; of more it is a usage error as that of Read.
func ReadBounded(from io.Reader, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(from, limit+1))
	if err == nil && int64(len(content)) > limit {
		return nil, console.Usagef("is larger than %d KiB", limit>>10)
	}
	return content, err
}

// ReadableByOthers reports whether the file's mode lets everybody read it. A group may: that is how a web server gets its
// key (0640 root:www-data). On a read-only mount, such as a container's secret, nobody can do anything about it; Windows
// has no such mode.
func ReadableByOthers(path string) bool {
	info, err := os.Stat(path)
	return runtime.GOOS != "windows" && err == nil && info.Mode().IsRegular() &&
		info.Mode().Perm()&0o004 != 0 && !onReadOnlyMount(path)
}

package outfile

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ownStream is standard output or standard error where info is the file that it goes to, else nil.
func ownStream(info *facts) *os.File {
	for _, stream := range []*os.File{os.Stdout, os.Stderr} {
		if own, err := factsOf(stream); err == nil && own.same(info) {
			return stream
		}
	}
	return nil
}

// given is what this process was given as a descriptor and path names by its number; nil where it names none.
func given(path string) (*File, error) {
	n, is := descriptor(path)
	switch {
	case !is:
		return nil, nil
	case n == 1:
		return &File{file: os.Stdout, shared: true}, nil
	case n == 2:
		return &File{file: os.Stderr, shared: true}, nil
	}
	file, err := duplicate(n)
	if err != nil {
		return nil, fmt.Errorf("this process has no open descriptor %d", n)
	}
	return &File{file: file}, nil
}

// descriptor is the number in /dev/fd/N and its like.
func descriptor(path string) (n int, is bool) {
	switch path {
	case "/dev/stdin", "/dev/stdout", "/dev/stderr":
		return map[string]int{"in": 0, "out": 1, "err": 2}[strings.TrimPrefix(path, "/dev/std")], descriptors
	}
	for _, directory := range []string{"/dev/fd/", "/proc/self/fd/"} {
		if text, found := strings.CutPrefix(path, directory); found {
			n, err := strconv.Atoi(text)
			return n, descriptors && err == nil && n >= 0
		}
	}
	return 0, false
}

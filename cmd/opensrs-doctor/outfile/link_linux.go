package outfile

import (
	"errors"

	"golang.org/x/sys/unix"
)

// search opens a directory for what is in it, which takes no right to list it.
const search = unix.O_PATH

// readLink gives a link's target and owner. Both are of the one link that is held open, whatever takes its name.
func readLink(directory int, name string) (target string, owner uint32, err error) {
	fd, err := unix.Openat(directory, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", 0, err
	}
	defer unix.Close(fd)
	var stat unix.Stat_t
	switch err := unix.Fstat(fd, &stat); {
	case err != nil:
		return "", 0, err
	case stat.Mode&unix.S_IFMT != unix.S_IFLNK:
		return "", 0, errSwapped
	}
	buffer := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(fd, "", buffer)
	if err == nil && n == len(buffer) {
		err = errors.New("the link's target is too long")
	}
	return string(buffer[:max(n, 0)]), stat.Uid, err
}

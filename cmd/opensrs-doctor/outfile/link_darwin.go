package outfile

import "golang.org/x/sys/unix"

// search opens a directory for what is in it, which takes no right to list it.
const search = unix.O_SEARCH

// readLink gives a link's target and owner. This system reads a link by its name only, so it is looked at before and
// after.
func readLink(directory int, name string) (target string, owner uint32, err error) {
	at := &place{directory, name}
	before, err := at.look(name)
	if err != nil {
		return "", 0, err
	}
	buffer := make([]byte, 1024)
	n, err := unix.Readlinkat(directory, name, buffer)
	if err != nil {
		return "", 0, err
	}
	after, err := at.look(name)
	switch {
	case err != nil:
		return "", 0, err
	case !before.same(after):
		return "", 0, errSwapped
	}
	return string(buffer[:n]), after.owner, nil
}

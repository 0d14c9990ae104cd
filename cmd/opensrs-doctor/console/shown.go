package console

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"opensrs-doctor/probes/foreign"
)

// Shown quotes a value that the user gave, for an error. A value that could hold a secret, such as a URL
// with a login, a run of hex digits or any other token, is not repeated: errors end up in logs.
func Shown(text string) string {
	switch {
	case foreign.MayBeSecret(text):
		return "[not shown, it may hold a secret]"
	case len(text) > 80:
		text = text[:80] + "…"
	}
	return strconv.Quote(text)
}

// ShownPath is a path for an error. A key or a URL that was given in a path's place is not repeated; an error
// about a real path names it, in quotes where it is not printable.
func ShownPath(text string) string {
	if strings.Contains(text, "://") || !strings.ContainsAny(text, "/\\.") && strings.HasPrefix(Shown(text), "[") {
		return "[not shown, it may hold a secret]"
	}
	if !Printable(text) {
		return strconv.Quote(text)
	}
	return text
}

// Plain is the innermost text of a file error: the message has the path already.
func Plain(err error) string {
	var (
		path *fs.PathError
		link *os.LinkError
	)
	if errors.As(err, &path) {
		err = path.Err
	} else if errors.As(err, &link) {
		err = link.Err
	}
	return err.Error()
}

package config

import (
	"errors"
	"fmt"
	"io"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/infile"
	"opensrs-doctor/probes/evidence"
)

// maxKey is the largest key file, in bytes. A key has 112.
const maxKey = 64 << 10

// readKey reads the API key from a file, or from standard input for "-". note is a word about who else can read
// the file. Errors name the path and none of the content.
func readKey(path string, stdin io.Reader) (content []byte, source, note string, err error) {
	if path == "" {
		return nil, "", "", errors.New("the path is empty")
	}
	source = path
	if path == "-" {
		source = evidence.KeyFromStdin
		content, err = infile.ReadBounded(stdin, maxKey)
	} else {
		content, err = infile.Read(path, maxKey)
	}
	var usage *console.UsageError
	switch {
	case errors.As(err, &usage):
		return nil, "", "", fmt.Errorf("%s %s; it should hold the API key and nothing else", console.ShownPath(source), usage.Text)
	case err != nil:
		return nil, "", "", fmt.Errorf("cannot read %s: %s", console.ShownPath(source), console.Plain(err))
	}
	if path != "-" && infile.ReadableByOthers(path) {
		note = fmt.Sprintf("others on this host can read %s; chmod 600 keeps it to its owner, chmod 640 to a group too", path)
	}
	return content, source, note, nil
}

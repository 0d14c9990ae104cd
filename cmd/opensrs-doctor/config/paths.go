package config

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"opensrs-doctor/cmd/opensrs-doctor/console"
)

// resolvePaths turns the paths in a config file into those that it means: ~ is the home directory, and a file to read
// that is not absolute lies beside the config file, from wherever the program is run. Where a report is written to stays
// relative to the working directory: it belongs to the run.
func resolvePaths(settings map[string]setting, config string, s *console.Streams) error {
	beside := filepath.Dir(config)
	if info, err := os.Stat(config); err != nil || !info.Mode().IsRegular() {
		beside = "" // a pipe lies nowhere
	}
	for _, key := range keys() {
		for i := range settings[key.Name].values {
			one := &settings[key.Name].values[i]
			name, path, isOutput := strings.Cut(one.text, "=")
			var err error
			switch {
			case key.isPath():
				one.text, err = located(strings.TrimSpace(one.text), beside, s)
			case key.Name == "format" && isOutput:
				path, err = located(strings.TrimSpace(path), "", s)
				one.text = name + "=" + path
			}
			if err != nil {
				return console.Usagef("%s: %s", settings[key.Name].place(i), err).
					WithHint("~ alone is the home directory of the user who runs this; write another path out")
			}
		}
	}
	return nil
}

// located is the path that a text in a config file means. Nothing, and - for standard input, are not paths.
func located(text, beside string, s *console.Streams) (string, error) {
	if text == "" || text == "-" || filepath.IsAbs(text) {
		return text, nil
	}
	user, rest := text, ""
	if at := strings.IndexFunc(text, func(r rune) bool { return r < 0x80 && os.IsPathSeparator(uint8(r)) }); at >= 0 {
		user, rest = text[:at], text[at+1:]
	}
	switch {
	case user == "~":
		variable := "HOME"
		if runtime.GOOS == "windows" {
			variable = "USERPROFILE"
		}
		home := s.Getenv(variable)
		if home == "" {
			return "", console.Usagef("%s names the home directory, and %s is not set", console.ShownPath(text), variable)
		}
		return filepath.Join(home, rest), nil
	case strings.HasPrefix(user, "~"):
		return "", console.Usagef("%s is the home directory of another user, which is not looked up", console.ShownPath(user))
	case beside == "":
		return text, nil
	}
	path := filepath.Join(beside, text)
	if _, err := os.Stat(path); err != nil && console.ShownPath(text) != text {
		return text, nil // it may be the key itself: no error shows it as it stands
	}
	return path, nil
}

package config

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/cmd/opensrs-doctor/infile"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/typo"
)

// maxConfig is the largest config file, in bytes.
const maxConfig = 64 << 10

// value is one text of a setting, and the line that it is on (0: not in a file).
type value struct {
	text string
	line int
}

// setting is what one source says of one key.
type setting struct {
	from   string // "flag", "environment" or "file"
	name   string // "--timeout", "OPENSRS_USERNAME", "timeout"
	file   string // the path, of a file
	values []value
}

// place names where the i-th value of a setting is, for an error.
func (s setting) place(i int) string {
	if s.from != "file" {
		return s.name
	}
	line := 0
	if i < len(s.values) {
		line = s.values[i].line
	}
	return s.file + ":" + strconv.Itoa(line) + ": " + s.name
}

// systemConfig is this host's config file, which is read where the user has none.
var systemConfig = "/etc/opensrs-doctor/config.yaml"

// configPath is the config file to read, and whether it was named: a default one may be missing.
func configPath(flag string, s *console.Streams) (path string, named bool) {
	if flag != "" {
		return flag, true
	}
	if path := s.Getenv("OPENSRS_CONFIG"); path != "" {
		return path, true
	}
	base := s.Getenv("XDG_CONFIG_HOME")
	switch home := s.Getenv("HOME"); {
	case filepath.IsAbs(base): // the specification says to ignore a relative one
	case runtime.GOOS == "windows":
		base = s.Getenv("AppData")
	case home != "":
		base = filepath.Join(home, ".config")
	default:
		base = ""
	}
	if base != "" {
		path = filepath.Join(base, "opensrs-doctor", "config.yaml")
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) || runtime.GOOS == "windows" {
			return path, false
		}
	}
	if runtime.GOOS == "windows" {
		return "", false
	}
	return systemConfig, false
}

// read reads the config file that flag names, or the default one: key by key, with the line of each.
func read(flag string, s *console.Streams) (map[string]setting, error) {
	path, named := configPath(flag, s)
	settings, err := parseConfigAt(path, named)
	if !named && path == systemConfig && errors.Is(err, fs.ErrPermission) {
		// It is for the service and for root: whoever it is not for runs without it, as where there is none.
		s.Note("%s is not read: permission denied", path)
		return nil, nil
	}
	if err == nil {
		err = resolvePaths(settings, path, s)
	}
	return settings, err
}

func parseConfigAt(path string, named bool) (map[string]setting, error) {
	read := infile.Read
	if !named {
		read = infile.ReadTrusted
	}
	document, err := read(path, maxConfig)
	var usage *console.UsageError
	switch {
	case path == "" || !named && errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.As(err, &usage):
		return nil, console.Usagef("config file %s %s", console.ShownPath(path), usage.Text).WithHint("%s", usage.Hint)
	case err != nil:
		failed := console.Usagef("config file %s: %s", console.ShownPath(path), console.Plain(err))
		failed.Cause = err
		return nil, failed
	}
	return parseConfig(document, console.ShownPath(path))
}

// brokenYAML is the library's word for what it cannot read; quoted are the parts that repeat the file.
var (
	brokenYAML = lazy.Pattern{Text: `^yaml: (?:line ([0-9]+): )?(.*)`}
	quoted     = lazy.Pattern{Text: "[\"'`][^\"'`]*[\"'`]"}
)

// Bounds of a config file's shape, far beyond what its keys need.
const (
	maxConfigDepth = 8
	maxConfigKeys  = 200
)

// parseConfig gives what is right in a config file also where something else in it is wrong.
func parseConfig(document []byte, path string) (map[string]setting, error) {
	settings := map[string]setting{}
	decoder := yaml.NewDecoder(bytes.NewReader(document))
	for documents := 0; ; {
		var file yaml.Node
		switch err := decoder.Decode(&file); {
		case err == io.EOF:
			return settings, nil
		case err != nil:
			return nil, notYAML(err, path)
		}
		if len(file.Content) == 0 || file.Content[0].ShortTag() == "!!null" {
			continue
		}
		body := file.Content[0]
		if documents++; documents > 1 {
			return nil, console.Usagef("%s:%d: the file holds more than one document", path, body.Line)
		}
		keys := 0
		if err := checkShape(body, path, 1, &keys); err != nil {
			return nil, err
		}
		if err := readMapping(body, path, settings); err != nil {
			return settings, err
		}
	}
}

func notYAML(err error, path string) error {
	parts := brokenYAML.Regexp().FindStringSubmatch(err.Error())
	if parts == nil {
		return console.Usagef("%s: not valid YAML", path)
	}
	if parts[1] != "" {
		path += ":" + parts[1]
	}
	return console.Usagef("%s: not valid YAML: %s", path, quoted.Regexp().ReplaceAllString(parts[2], "…"))
}

// checkShape refuses what no key needs: deep nesting, very many keys, and anchors, which make much of little.
func checkShape(node *yaml.Node, path string, depth int, keys *int) error {
	switch {
	case node.Anchor != "" || node.Kind == yaml.AliasNode || node.ShortTag() == "!!merge":
		return console.Usagef("%s:%d: anchors and aliases are not supported", path, node.Line).WithHint("write the value out where it is used")
	case len(node.Content) > 0 && depth > maxConfigDepth:
		return console.Usagef("%s:%d: lists and mappings nest more than %d deep", path, node.Line, maxConfigDepth)
	}
	for i, inner := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 0 {
			if *keys++; *keys > maxConfigKeys {
				return console.Usagef("%s:%d: more than %d keys", path, inner.Line, maxConfigKeys)
			}
		}
		if err := checkShape(inner, path, depth+1, keys); err != nil {
			return err
		}
	}
	return nil
}

// readMapping reads key by key. Its error is the first; what is right is in the settings anyway.
func readMapping(body *yaml.Node, path string, settings map[string]setting) (first error) {
	if body.Kind != yaml.MappingNode {
		return console.Usagef("%s:%d: a config file holds keys and values, as in \"env: test\"", path, body.Line)
	}
	known := map[string]Key{}
	for _, key := range keys() {
		known[key.Name] = key
	}
	for i := 0; i+1 < len(body.Content); i += 2 {
		if err := readEntry(body.Content[i], body.Content[i+1], path, known, settings); first == nil {
			first = err
		}
	}
	return first
}

func readEntry(name, content *yaml.Node, path string, known map[string]Key, settings map[string]setting) error {
	key, found := known[name.Value]
	if !found || name.Kind != yaml.ScalarNode {
		err := console.Usagef("%s:%d: unknown key %s", path, name.Line, console.Shown(name.Value))
		if near := typo.Nearest(name.Value, slices.Sorted(maps.Keys(known))); near != "" {
			return err.WithHint("did you mean %s?", near)
		}
		return err.WithHint("the keys are the names of the flags: opensrs-doctor check --help")
	}
	if earlier, twice := settings[name.Value]; twice {
		return console.Usagef("%s:%d: %s is already on line %d", path, name.Line, name.Value, earlier.values[0].line).
			WithHint("remove one of the two")
	}
	values, err := valuesOf(content, key)
	if err != nil {
		return console.Usagef("%s:%d: %s: %s", path, name.Line, name.Value, err)
	}
	settings[name.Value] = setting{from: "file", name: name.Value, file: path, values: values}
	return nil
}

// valuesOf checks the type of a key's value. Its errors do not repeat the value.
func valuesOf(node *yaml.Node, key Key) ([]value, error) {
	if node.Kind != yaml.SequenceNode {
		one, err := scalar(node, key.Kind)
		return []value{one}, err
	}
	if key.Kind != list {
		return nil, errors.New("one value is expected, this is a list")
	}
	if len(node.Content) == 0 {
		return nil, errors.New("the list is empty; leave the key out instead")
	}
	var values []value
	for _, item := range node.Content {
		one, err := scalar(item, text)
		if err != nil {
			return nil, err
		}
		values = append(values, one)
	}
	return values, nil
}

func scalar(node *yaml.Node, kind kind) (value, error) {
	if node.Kind == yaml.MappingNode {
		return value{}, errors.New("a text is expected, this is a mapping")
	}
	switch tag := node.ShortTag(); {
	case node.Kind != yaml.ScalarNode:
		return value{}, errors.New("a plain value is expected")
	case tag == "!!null":
		return value{}, errors.New("the value is missing")
	case tag == "!!bool" && kind != boolean && kind != Option:
		return value{}, errors.New("a text is expected, this is true or false; put it in quotes if it is meant")
	case tag == "!!bool":
		on, err := strconv.ParseBool(strings.ToLower(node.Value))
		return value{strconv.FormatBool(on), node.Line}, err
	case kind == boolean && (tag == "!!int" || tag == "!!float"):
		return value{}, errors.New("true or false is expected, this is a number")
	case kind == boolean && node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return value{}, errors.New("true or false is expected")
	case kind == boolean:
		return value{}, errors.New("true or false is expected, without quotes")
	case tag == "!!int" || tag == "!!float":
		return value{}, errors.New("a text is expected, this is a number; put it in quotes if it is meant, and a time needs its unit, as in 30s")
	case tag == "!!str" || tag == "!!timestamp":
		return value{node.Value, node.Line}, nil
	}
	return value{}, errors.New("a plain value is expected")
}

// FormatsOfFile are the formats in a config file, which may be wrong in any other way.
func FormatsOfFile(flag string, s *console.Streams) (formats []string) {
	path, named := configPath(flag, s)
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil // what a pipe held has been read
	}
	settings, _ := parseConfigAt(path, named)
	for _, format := range settings["format"].values {
		formats = append(formats, format.text)
	}
	return formats
}

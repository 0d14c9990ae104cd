package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
)

// maxConfig is the largest config file, in bytes.
const maxConfig = 64 << 10

// value is one text of a setting, and the line that it stands in (0: not in a file).
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

// place names where the i-th value of a setting stands, for an error.
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
func configPath(flag string, s *streams) (path string, named bool) {
	if flag != "" {
		return flag, true
	}
	if path := s.getenv("OPENSRS_CONFIG"); path != "" {
		return path, true
	}
	base := s.getenv("XDG_CONFIG_HOME")
	switch home := s.getenv("HOME"); {
	case filepath.IsAbs(base): // the specification says to ignore a relative one
	case runtime.GOOS == "windows":
		base = s.getenv("AppData")
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

// readConfig reads the config file that flag names, or the default one: key by key, with the line of each.
func readConfig(flag string, s *streams) (map[string]setting, error) {
	path, named := configPath(flag, s)
	settings, err := parseConfigAt(path, named)
	if err == nil {
		err = resolvePaths(settings, path, s)
	}
	return settings, err
}

func parseConfigAt(path string, named bool) (map[string]setting, error) {
	read := readFile
	if !named {
		read = readTrusted
	}
	document, err := read(path, maxConfig)
	var usage *usageError
	switch {
	case path == "" || !named && errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.As(err, &usage):
		return nil, usagef("config file %s %s", shownPath(path), usage.text).withHint("%s", usage.hint)
	case err != nil:
		return nil, usagef("config file %s: %s", shownPath(path), plain(err))
	}
	return parseConfig(document, shownPath(path))
}

// quoted are the parts of a YAML message that repeat the file.
var quoted = regexp.MustCompile("[\"'`][^\"'`]*[\"'`]")

// parseConfig gives what is right in a config file also where something else in it is wrong.
func parseConfig(document []byte, path string) (map[string]setting, error) {
	tokens := lexer.Tokenize(string(bytes.TrimPrefix(document, []byte("\ufeff"))))
	if err := checkShape(tokens, document, path); err != nil {
		return nil, err
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var broken yaml.Error
		if errors.As(err, &broken) && broken.GetToken() != nil {
			return nil, usagef("%s:%d: not valid YAML: %s", path, broken.GetToken().Position.Line,
				quoted.ReplaceAllString(broken.GetMessage(), "…"))
		}
		return nil, usagef("%s: not valid YAML", path)
	}
	settings := map[string]setting{}
	documents := 0
	for _, document := range file.Docs {
		if document.Body == nil || document.Body.Type() == ast.NullType ||
			document.Body.Type() == ast.CommentType {
			continue
		}
		if documents++; documents > 1 {
			return nil, usagef("%s:%d: the file holds more than one document", path, lineOf(document.Body))
		}
		if err := readMapping(document.Body, path, settings); err != nil {
			return settings, err
		}
	}
	return settings, nil
}

// readMapping reads key by key. Its error is the first; what is right is in the settings anyway.
func readMapping(body ast.Node, path string, settings map[string]setting) (first error) {
	var entries []*ast.MappingValueNode
	switch body := body.(type) {
	case *ast.MappingNode:
		entries = body.Values
	case *ast.MappingValueNode:
		entries = []*ast.MappingValueNode{body}
	default:
		return usagef("%s:%d: a config file holds keys and values, as in \"env: test\"", path, lineOf(body))
	}
	known := map[string]key{}
	for _, key := range keys() {
		known[key.name] = key
	}
	for _, entry := range entries {
		if err := readEntry(entry, path, known, settings); first == nil {
			first = err
		}
	}
	return first
}

func readEntry(entry *ast.MappingValueNode, path string, known map[string]key, settings map[string]setting) error {
	name, line := keyText(entry.Key), lineOf(entry.Key)
	key, found := known[name]
	if !found {
		err := usagef("%s:%d: unknown key %s", path, line, shown(name))
		if near := nearest(name, slices.Sorted(maps.Keys(known))); near != "" {
			return err.withHint("did you mean %s?", near)
		}
		return err.withHint("the keys are the names of the flags: opensrs-doctor check --help")
	}
	if earlier, twice := settings[name]; twice {
		return usagef("%s:%d: %s is already on line %d", path, line, name, earlier.values[0].line).
			withHint("remove one of the two")
	}
	values, err := valuesOf(entry.Value, key)
	if err != nil {
		return usagef("%s:%d: %s: %s", path, line, name, err)
	}
	settings[name] = setting{from: "file", name: name, file: path, values: values}
	return nil
}

func keyText(node ast.MapKeyNode) string {
	if text, isText := node.(*ast.StringNode); isText {
		return text.Value
	}
	return node.String()
}

// valuesOf checks the type of a key's value. Its errors do not repeat the value.
func valuesOf(node ast.Node, key key) ([]value, error) {
	sequence, isSequence := node.(*ast.SequenceNode)
	if !isSequence {
		one, err := scalar(node, key.kind)
		return []value{one}, err
	}
	if key.kind != list {
		return nil, errors.New("one value is expected, this is a list")
	}
	if len(sequence.Values) == 0 {
		return nil, errors.New("the list is empty; leave the key out instead")
	}
	var values []value
	for _, item := range sequence.Values {
		one, err := scalar(item, text)
		if err != nil {
			return nil, err
		}
		values = append(values, one)
	}
	return values, nil
}

func scalar(node ast.Node, kind kind) (value, error) {
	line := lineOf(node)
	switch node := node.(type) {
	case *ast.BoolNode:
		if kind == boolean || kind == option {
			return value{strconv.FormatBool(node.Value), line}, nil
		}
		return value{}, errors.New("a text is expected, this is true or false; put it in quotes if it is meant")
	case *ast.StringNode:
		if kind == boolean {
			return value{}, errors.New("true or false is expected, without quotes")
		}
		return value{node.Value, line}, nil
	case *ast.LiteralNode:
		if kind == boolean {
			return value{}, errors.New("true or false is expected")
		}
		return value{node.Value.Value, line}, nil
	case *ast.NullNode:
		return value{}, errors.New("the value is missing")
	case *ast.IntegerNode, *ast.FloatNode:
		if kind == boolean {
			return value{}, errors.New("true or false is expected, this is a number")
		}
		return value{}, errors.New("a text is expected, this is a number; put it in quotes if it is meant, and a time needs its unit, as in 30s")
	case *ast.MappingNode, *ast.MappingValueNode:
		return value{}, errors.New("a text is expected, this is a mapping")
	}
	return value{}, errors.New("a plain value is expected")
}

func lineOf(node ast.Node) int {
	if node == nil || node.GetToken() == nil {
		return 1
	}
	return node.GetToken().Position.Line
}

// readFile reads a whole file of at most limit bytes. What is no file to read is a usage error whose text goes
// on after the path.
func readFile(path string, limit int64) ([]byte, error) {
	file, err := openInput(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readBounded(file, limit)
}

func readBounded(from io.Reader, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(from, limit+1))
	if err == nil && int64(len(content)) > limit {
		return nil, usagef("is larger than %d KiB", limit>>10)
	}
	return content, err
}

// plain is the innermost text of a file error: the path stands in the message already.
func plain(err error) string {
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

package report_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// unEnglish are phrases that sound translated, and what to write.
var unEnglish = []struct {
	phrase *regexp.Regexp
	but    string
}{
	{regexp.MustCompile(`(?i)\b(?:it|this|that|which|%s|%q|name|value|file|host|port) (?:is|was|are) no (?:[a-km-z]|l[^o]|lo[^n])`), "is not a"},
	{regexp.MustCompile(`(?i)\bstands? (?:in|beside|behind|there|before|after|on|where)\b|\bstood\b|\bstands? alone\b`), "is in, is on, is next to"},
	{regexp.MustCompile(`(?i)\b(?:comes?|goes|body|key|it|headers|prefix|server|them|head|right|or) behind\b|\bbehind (?:it|them|the (?:body|key|prefix|headers|server|slash))\b`), "after, beyond"},
	{regexp.MustCompile(`(?i)\ball the same\b`), "anyway"},
	{regexp.MustCompile(`(?i)\b(?:a|no|IPv4|more than one) way out\b|\bway to the (?:internet|service|API)\b|\bon the way\b`), "path, internet access"},
	{regexp.MustCompile(`(?i)\bnobody\b`), "no one, or who it is"},
	{regexp.MustCompile(`(?i)\b(?:tells|told) (?:the|an|its|it)\b|\baccuses\b|\btakes no words\b`), "reports, shows, says"},
	{regexp.MustCompile(`(?i)taken off in silence|was to be asked|lives shorter|\ban information\b|cable and the way|behind the door|nowhere else`), "plain English"},
}

// TestVoice reads every text of two words or more that the program can print, and the documents.
func TestVoice(t *testing.T) {
	judge := func(where, text string) {
		for _, u := range unEnglish {
			for _, found := range u.phrase.FindAllString(text, -1) {
				t.Errorf("%s: %q in %q; write: %s", where, found, text, u.but)
			}
		}
	}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "lab" || entry.Name() == ".git"):
			return filepath.SkipDir
		case strings.HasSuffix(path, "_test.go") || entry.IsDir():
		case strings.HasSuffix(path, ".go"):
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if text, is := n.(*ast.BasicLit); is && text.Kind == token.STRING && strings.Contains(text.Value, " ") {
					judge(set.Position(text.Pos()).String(), strings.ReplaceAll(text.Value, "\n", " "))
				}
				return true
			})
		case entry.Name() == "README.md" || strings.HasSuffix(path, ".tmpl"):
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			judge(path, strings.ReplaceAll(string(text), "\n", " "))
		case strings.HasSuffix(path, ".txt"):
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if filepath.Base(filepath.Dir(path)) == "causes" {
				for _, paragraph := range strings.Split(string(text), "\n\n") {
					judge(path, strings.Join(strings.Fields(paragraph), " "))
				}
				return nil
			}
			for _, line := range strings.Split(string(text), "\n") {
				if key, words, _ := strings.Cut(line, ": "); key == "means" || key == "cause" || key == "also" || key == "do" {
					judge(path, words)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

package service

import (
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// typed is what only the profile may hold. The prefix of an example, 203.0.113.0/25, is no limit.
var typed = regexp.MustCompile(`\b(55443|55000|51000)\b|opensrs\.(net|com|guide)\b|Reseller Control Panel|Account settings|` +
	`(?i:\bfive\s+(rules|places|prefixes)\b)|\b15 minutes|(^|[^0-9])/25\b`)

// exempt are the places that have it anyway, each with its reason.
var exempt = map[string]string{
	"probes/service":          "the profile",
	"probes/lab":              "a world for tests: it must not move with a mistake in the profile",
	"probes/iprules/parse.go": "it shows how a prefix length is written, /25 and not a netmask",
	".ci":                     "it makes packages, and is no part of the program",
}

// TestTypedOnce: no other file of the program, be it Go or a text that the program carries, holds a name or a limit of the
// service. Comments may, where they explain.
func TestTypedOnce(t *testing.T) {
	house := os.DirFS("../..")
	read := 0
	err := fs.WalkDir(house, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if exempt[name] != "" || d.IsDir() && (d.Name() == "testdata" || name == ".git" || name == "bin") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		ofProgram := strings.HasPrefix(name, "cmd/") || strings.HasPrefix(name, "probes/") || strings.HasPrefix(name, "report/")
		if d.IsDir() || !ofProgram || strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, ".gz") {
			return nil
		}
		text, err := fs.ReadFile(house, name)
		if err != nil {
			return err
		}
		read++
		literals := []string{string(text)}
		if path.Ext(name) == ".go" {
			literals = literalsOf(text)
		}
		for _, literal := range literals {
			if found := typed.FindString(literal); found != "" {
				t.Errorf("%s holds %q, which is the profile's", name, strings.TrimSpace(found))
			}
		}
		return nil
	})
	if err != nil || read < 300 {
		t.Errorf("%d files were read, %v", read, err)
	}
	for name := range exempt {
		if _, err := fs.Stat(house, name); err != nil {
			t.Errorf("exempt without being there: %v", err)
		}
	}
}

// literalsOf are the strings and numbers of a Go file, tags and comments left out.
func literalsOf(text []byte) (literals []string) {
	set := token.NewFileSet()
	var s scanner.Scanner
	s.Init(set.AddFile("", set.Base(), len(text)), text, nil, 0)
	for {
		_, kind, literal := s.Scan()
		switch kind {
		case token.EOF:
			return literals
		case token.STRING, token.INT:
			literals = append(literals, strings.ReplaceAll(literal, "_", ""))
		}
	}
}

// What the profile is asked: by flags, by the cross-check, by prose.
func TestProfile(t *testing.T) {
	p := &OpenSRS
	for host, want := range map[string]string{
		p.Live.Host: p.Live.Name, strings.ToUpper(p.Test.Host): p.Test.Name, "www." + p.Domain: "", "": "",
	} {
		if got := p.EnvironmentOf(host); got != want {
			t.Errorf("%q is of %q, want %q", host, got, want)
		}
	}
	if p.Other(p.Live.Name) != p.Test || p.Other(p.Test.Name) != p.Live {
		t.Error("the other environment of one is not the other one")
	}
	if !p.Old(int(p.OldPorts[0])) || !p.Old(int(p.OldPorts[1])) || p.Old(int(p.Port)) {
		t.Error("the port of now is told from those of old wrongly")
	}
	for most, want := range map[int]string{1: "one", 5: "five", 10: "ten", 11: "11"} {
		if got := (Rules{Most: most}).MostInWords(); got != want {
			t.Errorf("%d rules are %q", most, got)
		}
	}
	if p.Rules.Widest > p.Rules.Narrowest || p.Live.Host == p.Test.Host || !strings.HasSuffix(p.Live.Host, "."+p.Domain) {
		t.Errorf("%+v", p)
	}
}

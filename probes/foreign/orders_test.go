package foreign

import (
	"regexp"
	"strings"
	"testing"
)

func TestDisarm(t *testing.T) {
	for text, want := range map[string]string{
		"::error::x":                    ": :error::x",
		"a ::stop-commands::t":          "a : :stop-commands::t",
		"a\n\t::set-output name=x::y":   "a\n\t: :set-output name=x::y",
		":::debug::":                    ": : :debug::",
		"::::x":                         ": : : :x",
		"日::error::x":                   "日: :error::x",
		"…::error::x":                   "…: :error::x",
		"##[error]x":                    "# #[error]x",
		"a##vso[task.complete]":         "a# #vso[task.complete]",
		"(##VSO[x]":                     "(# #VSO[x]",
		"##teamcity[buildStop]":         "# #teamcity[buildStop]",
		"####[command]":                 "### #[command]",
		"###vso[a]##vso[b]":             "## #vso[a]# #vso[b]",
		"<0>down":                       "< 0>down",
		"a <191>b":                      "a < 191>b",
		"::1 and ::ffff:192.0.2.1.":     "::1 and ::ffff:192.0.2.1.",
		"::/0, ::":                      "::/0, ::",
		"::1%error::x":                  ": :1%error::x",
		"::dead::x":                     ": :dead::x",
		"::add mask::x, ::ad0":          ": :add mask::x, ::ad0",
		"std::string, [::1]:443, a::b":  "std::string, [::1]:443, a::b",
		"## a heading [x], # 1, #[x]":   "## a heading [x], # 1, #[x]",
		"<html> <1234> <> <a>":          "<html> <1234> <> <a>",
		"2001:db8::1 CN=*.example :x :": "2001:db8::1 CN=*.example :x :",
		"":                              "",
	} {
		got := Disarm(text)
		if got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
		if again := Disarm(got); again != got {
			t.Errorf("%q became %q, and once more %q", text, got, again)
		}
	}
}

// obeyed are lines that a reader of logs obeys, written another way than Disarm looks for them.
var obeyed = regexp.MustCompile(`(?m)^\s*::[^:\s][^\n]*::|##[A-Za-z]*\[|^\s*<[0-9]{1,3}>`)

func FuzzDisarm(f *testing.F) {
	f.Add("a ::error::##vso[x]<0>")
	f.Add("\u00a0::debug::x")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4<<10 {
			return
		}
		got := Disarm(text)
		for _, order := range obeyed.FindAllString(got, -1) {
			if !isAddress(strings.TrimSpace(order)) && !isAddress(strings.TrimSpace(got[strings.Index(got, order):])) {
				t.Errorf("%q became %q", text, got)
			}
		}
		if unspaced(got) != unspaced(text) {
			t.Errorf("%q became %q, and lost something", text, got)
		}
		if Disarm(got) != got {
			t.Errorf("%q: not the same a second time: %q", text, got)
		}
		for _, word := range strings.Fields(got) { // wrapped as narrow as can be
			if again := Disarm(word); again != word {
				t.Errorf("%q became %q, and wrapped it holds %q", text, got, word)
			}
		}
	})
}

func unspaced(text string) string { return strings.ReplaceAll(text, " ", "") }

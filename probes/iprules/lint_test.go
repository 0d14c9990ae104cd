package iprules

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
)

func TestLint(t *testing.T) {
	for _, c := range []struct {
		name  string
		rules string // separated by commas
		want  string // "severity id rule" separated by commas
		says  string // in the text or the fix of the first
	}{
		{"healthy", "allow 203.0.113.0/25,allow 198.51.100.7,allow 192.0.2.1", "", ""},
		{"five", "allow 192.0.2.1,allow 192.0.2.2,allow 192.0.2.3,allow 192.0.2.4,allow 192.0.2.5", "", ""},
		{"six", "allow 192.0.2.1,allow 192.0.2.2,allow 192.0.2.3,allow 192.0.2.4,allow 192.0.2.5,allow 192.0.2.6",
			"error too-many 0", "Remove 1 of them"},
		{"a /24", "allow 203.0.113.0/24", "error too-wide 1", "allow 203.0.113.0/25 and allow 203.0.113.128/25"},
		{"a wide one", "allow 0.0.0.0/0", "error too-wide 1", "/25 to /32"},
		{"IPv6", "allow 2001:db8::1", "error not-ipv4 1", "IPv4 only"},
		{"host bits", "allow 203.0.113.77/25", "warning host-bits 1", "allow 203.0.113.0/25 for the network, or allow 203.0.113.77/32"},
		{"a duplicate", "allow 203.0.113.7,allow 203.0.113.7/32", "warning duplicate 2", "same as rule 1"},
		{"a duplicate by network", "allow 203.0.113.0/25,allow 203.0.113.9/25",
			"warning host-bits 2,warning duplicate 2", ""},
		{"private", "allow 10.1.2.3", "warning never-public 1", "private"},
		{"CGNAT", "allow 100.64.0.1", "warning never-public 1", "CGNAT"},
		{"loopback", "allow 127.0.0.1", "warning never-public 1", "loopback"},
		{"multicast", "allow 224.0.0.1", "warning never-public 1", "multicast"},
		{"a wide one is not also private", "allow 10.0.0.0/8", "error too-wide 1", ""},
		{"shadowed", "allow 203.0.113.0/25,allow 203.0.113.7", "warning shadowed 2", "rule 1, allow 203.0.113.0/25, covers it"},
		{"shadowed by a later one", "allow 203.0.113.7,allow 203.0.113.0/25", "warning shadowed 1", "rule 2"},
		{"covered by two", "allow 203.0.113.0/26,allow 203.0.113.64/26,allow 203.0.113.0/25",
			"warning shadowed 1,warning shadowed 2", "rule 3"},
		{"an exception of a Deny is no shadow", "allow 203.0.113.7,deny 203.0.113.0/28,allow 203.0.113.0/25",
			"warning ambiguous 0,warning cancelled 1", "Remove rule 1, allow 203.0.113.7/32. Then every reading denies 203.0.113.7."},
		{"a Deny where nothing is allowed", "allow 203.0.113.0/25,deny 198.51.100.1", "warning idle-deny 2", "uses one of the 5 places"},
		{"only a Deny", "deny 198.51.100.1", "warning idle-deny 1", "Add an Allow rule"},
		{"cancelled", "deny 203.0.113.7,allow 203.0.113.7", "warning cancelled 2", "under every reading"},
		{"cancelled by a wider Deny", "allow 203.0.113.7,deny 203.0.113.0/25", "warning ambiguous 0,warning cancelled 1",
			"Remove rule 2, deny 203.0.113.0/25. Then every reading allows 203.0.113.7."},
		{"cancelled by two", "deny 203.0.113.0/26,deny 203.0.113.64/26,allow 203.0.113.0/25", "warning cancelled 3", "rule 1, deny 203.0.113.0/26; rule 2"},
		{"partly denied", "deny 203.0.113.7,allow 203.0.113.0/25", "", ""},
	} {
		var got []string
		problems := Lint(mustRules(t, strings.Split(c.rules, ",")...))
		for _, p := range problems {
			got = append(got, fmt.Sprintf("%s %s %d", p.Severity, p.ID, p.Rule))
			if !unicode.IsUpper(rune(p.Fix[0])) || !strings.HasSuffix(p.Fix, ".") {
				t.Errorf("%s: the fix is no sentence: %q", c.name, p.Fix)
			}
		}
		if strings.Join(got, ",") != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
			continue
		}
		if c.says != "" && !strings.Contains(problems[0].Text+" "+problems[0].Fix, c.says) {
			t.Errorf("%s: %q, %q do not say %q", c.name, problems[0].Text, problems[0].Fix, c.says)
		}
	}
}

func TestLintOfManyRules(t *testing.T) {
	var rules []Rule
	for range 5000 {
		rules = append(rules, mustRules(t, "allow 203.0.113.7")...)
	}
	if problems := Lint(rules); len(problems) != 5000 { // too many, and 4999 duplicates
		t.Errorf("%d problems", len(problems))
	}
	if problems := Lint(make([]Rule, 3)); len(problems) == 0 {
		t.Error("rules without a prefix pass")
	}
	if Lint(nil) != nil {
		t.Error("an empty list has no problems")
	}
}

// A list that lets nobody in fails a gate, as check fails it.
func TestLintNobody(t *testing.T) {
	for _, c := range []struct {
		rules string
		want  bool
	}{
		{"allow 10.0.0.0/25", true},
		{"deny 203.0.113.0/25,allow 10.0.0.0/25,allow 127.0.0.1", true},
		{"allow 2001:db8::1", true},
		{"allow 203.0.113.7,deny 203.0.113.7", false}, // under one reading it does
		{"deny 203.0.113.7,allow 203.0.113.7", true},
		{"allow 10.0.0.0/25,allow 203.0.113.7", false},
		{"allow 0.0.0.0/0", false},
		{"deny 203.0.113.7", false}, // what a list without an Allow means is not documented
	} {
		if got := LintNobody(mustRules(t, strings.Split(c.rules, ",")...)); len(got) > 0 != c.want {
			t.Errorf("%s: %v", c.rules, got)
		}
	}
}

package iprules

import (
	"net/netip"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"allow 203.0.113.0/25", "allow 203.0.113.0/25"},
		{"  DENY\t203.0.113.7 ", "deny 203.0.113.7/32"},
		{"Allow 203.0.113.77/25", "allow 203.0.113.77/25"},
		{"allow 203.0.113.0/8", "allow 203.0.113.0/8"},
		{"allow 0.0.0.0/0", "allow 0.0.0.0/0"},
		{"allow ::ffff:203.0.113.7", "allow 203.0.113.7/32"},
		{"allow ::ffff:203.0.113.0/121", "allow 203.0.113.0/25"},
		{"allow 2001:db8::1", "allow 2001:db8::1/128"},
		{"deny 2001:db8::/64", "deny 2001:db8::/64"},
	} {
		rule, err := Parse(c.text)
		if err != nil || rule.String() != c.want {
			t.Errorf("Parse(%q) = %v, %v; want %s", c.text, rule, err, c.want)
		}
		if rule.Text != strings.TrimSpace(c.text) {
			t.Errorf("Parse(%q).Text = %q", c.text, rule.Text)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "empty"},
		{"203.0.113.0/25", "action is missing"},
		{"2001:db8::1", "action is missing"},
		{"permit 203.0.113.7", `begins with "allow" or "deny"`},
		{"allow", "address is missing"},
		{"allow 203.0.113.7 203.0.113.8", "one address or prefix per rule"},
		{"allow 203.0.113.07", "leading zero"},
		{"allow 203.0.113.256", "0 to 255"},
		{"allow 203.0.113", "four numbers"},
		{"allow 203.0.113.0/33", "up to 32"},
		{"allow 203.0.113.0/025", "leading zeros"},
		{"allow 203.0.113.0/-1", "up to 32"},
		{"allow 203.0.113.0/+25", "up to 32"},
		{"allow 203.0.113.0/", "up to 32"},
		{"allow 203.0.113.0/255.255.255.128", "not a netmask"},
		{"allow 203.0.113.1-203.0.113.9", "without ranges"},
		{"allow 203.0.113.*", "without ranges"},
		{"allow www.example.com", "not names"},
		{"allow 2001:db8::g", "not an IPv6 address"},
		{"allow fe80::1%eth0", "zone"},
	} {
		rule, err := Parse(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Parse(%q) = %v, %v; want an error with %q", c.text, rule, err, c.want)
		}
	}
}

func TestParseErrorDoesNotRepeatAKey(t *testing.T) {
	key := strings.Repeat("0123456789abcdef", 7)
	for _, text := range []string{key, "allow " + key, `"` + key + `"`, key[:16]} {
		_, err := Parse(text)
		if err == nil || strings.Contains(err.Error(), key[:8]) {
			t.Errorf("Parse of a key: %v", err)
		}
	}
}

func TestParseList(t *testing.T) {
	text := "\xef\xbb\xbf# office\r\nallow 203.0.113.0/25 # the NAT\r\n\r\n" +
		"alow 203.0.113.7\n  Deny 203.0.113.7#late\n# " + strings.Repeat("long ", 1000) + "\nallow 198.51.100.1"
	rules, bad := ParseList(strings.NewReader(text), "rules.txt")
	var got []string
	for _, rule := range rules {
		got = append(got, rule.String())
		if rule.Source != "rules.txt" {
			t.Errorf("%s has source %q", rule, rule.Source)
		}
	}
	want := "allow 203.0.113.0/25, deny 203.0.113.7/32, allow 198.51.100.1/32"
	if strings.Join(got, ", ") != want {
		t.Errorf("rules %q, want %s", got, want)
	}
	if rules[0].Line != 2 || rules[1].Line != 5 || rules[2].Line != 7 {
		t.Errorf("lines %d, %d, %d, want 2, 5, 7", rules[0].Line, rules[1].Line, rules[2].Line)
	}
	if len(bad) != 1 {
		t.Fatalf("bad lines %v, want one", bad)
	}
	want = `rules.txt:4: "alow 203.0.113.7": a rule begins with "allow" or "deny", as in "allow 203.0.113.0/25"`
	if bad[0].Error() != want {
		t.Errorf("error  %s\nwant   %s", bad[0].Error(), want)
	}
}

// endless is a list without an end: one line, or many.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

// A spreadsheet may end its lines in CR alone.
func TestParseListWithCRAlone(t *testing.T) {
	rules, bad := ParseList(strings.NewReader("# office\rallow 203.0.113.0/25\ralow x\rdeny 203.0.113.7\r"), "f")
	if len(rules) != 2 || rules[1].Line != 4 || len(bad) != 1 || bad[0].Line != 3 {
		t.Errorf("%v, %v", rules, bad)
	}
}

func TestParseListIsBounded(t *testing.T) {
	for _, c := range []struct {
		name string
		list endless
		want string
	}{
		{"one endless line", 'x', "line is longer"},
		{"zeros", 0, "line is longer"},
		{"an endless comment", '#', "line is longer"},
		{"endless empty lines", '\n', "longer than 1 MiB"},
	} {
		_, bad := ParseList(c.list, "f")
		if len(bad) != 1 || !strings.Contains(bad[0].Why, c.want) {
			t.Errorf("%s: %v, want %q", c.name, bad, c.want)
		}
	}
	_, bad := ParseList(strings.NewReader(strings.Repeat("x\n", 1000)), "f")
	if len(bad) != MaxUnreadable {
		t.Errorf("%d bad lines told, want %d", len(bad), MaxUnreadable)
	}
	_, bad = ParseList(strings.NewReader("\xff\xfea\x00"), "f")
	if len(bad) != 1 || !strings.Contains(bad[0].Why, "UTF-16") {
		t.Errorf("UTF-16: %v", bad)
	}
	_, bad = ParseList(strings.NewReader("allow 203.0.113.7 "+strings.Repeat(" ", 2000)), "f")
	if len(bad) != 1 || len(bad[0].Error()) > 300 {
		t.Errorf("long line: %v", bad)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"allow 203.0.113.0/25", "deny ::ffff:1.2.3.4/96", "allow", "Allow 1.2.3.04", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rule, err := Parse(text)
		if err != nil {
			if len(err.Error()) > 1000 {
				t.Fatalf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		again, err := Parse(rule.String())
		if err != nil || again.Prefix != rule.Prefix || again.Action != rule.Action {
			t.Fatalf("%q reads as %s, which reads as %s, %v", text, rule, again, err)
		}
		if !Evaluate([]Rule{rule}, rule.Prefix.Addr()).IP.IsValid() {
			t.Fatalf("%q: the address got lost", text)
		}
		Lint([]Rule{rule, rule})
	})
}

func FuzzParseList(f *testing.F) {
	f.Add("allow 203.0.113.0/25 # x\r\ndeny 203.0.113.7\n\nbad")
	f.Fuzz(func(t *testing.T, text string) {
		rules, bad := ParseList(strings.NewReader(text), "f")
		line := 0
		for _, rule := range rules {
			if rule.Line <= line {
				t.Fatalf("line %d after line %d", rule.Line, line)
			}
			line = rule.Line
		}
		for i := range bad {
			if !strings.HasPrefix(bad[i].Error(), "f:") {
				t.Fatalf("no place: %s", bad[i].Error())
			}
		}
	})
}

func mustRules(t testing.TB, texts ...string) []Rule {
	t.Helper()
	var rules []Rule
	for _, text := range texts {
		rule, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, rule)
	}
	return rules
}

func addresses(texts ...string) []netip.Addr {
	var all []netip.Addr
	for _, text := range texts {
		all = append(all, netip.MustParseAddr(text))
	}
	return all
}

// TestParseOfExportedRules: the error says what stands between the parts, and how to write the rule.
func TestParseOfExportedRules(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"allow,203.0.113.11", `write "allow 203.0.113.11": the action, a space and the address, without the comma`},
		{"Allow: 203.0.113.11", `write "allow 203.0.113.11": the action, a space and the address, without the colon`},
		{"allow:203.0.113.11", "without the colon"},
		{"DENY;203.0.113.0/25", `write "deny 203.0.113.0/25": the action, a space and the address, without the semicolon`},
		{`"Allow","203.0.113.11"`, "without the comma and quotation marks"},
		{"allow|203.0.113.11", "without the bar"},
		{"allow=203.0.113.11", "without the equals sign"},
		{"203.0.113.11,Allow", `write "allow 203.0.113.11"`},
		{"203.0.113.11 allow", `write "allow 203.0.113.11": the action, a space and the address`},
		{"1;Allow;203.0.113.11;office", `write "allow 203.0.113.11"`},
		{"allow 203.0.113.11,", "without the comma"},
		{"allow: 2001:db8::1", `write "allow 2001:db8::1"`},
		{"allow 203.0.113.7, allow 203.0.113.8", "one address or prefix per rule"},
	} {
		if _, err := Parse(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Parse(%q): %v; want %s", c.text, err, c.want)
		}
	}
}

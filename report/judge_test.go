package report_test

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/report/accessrules"
	"opensrs-doctor/report/diagnose/call"
	"opensrs-doctor/report/explain"
	"opensrs-doctor/report/screen"
)

func rulesOf(t testing.TB, texts ...string) []iprules.Rule {
	t.Helper()
	var rules []iprules.Rule
	for _, text := range texts {
		rule, err := iprules.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, rule)
	}
	return rules
}

// TestJudgementLines compares the lines that are put together by hand with the evaluator's result in JSON.
func TestJudgementLines(t *testing.T) {
	for _, rules := range [][]string{
		nil, {"allow 203.0.113.0/25"}, {"deny 203.0.113.0/25", "allow 203.0.113.7", "deny 203.0.113.8/29"},
		{"allow 203.0.113.7", "deny 203.0.113.7", "allow 2001:db8::/32", "deny 2001:db8::1"},
	} {
		list := rulesOf(t, rules...)
		var out strings.Builder
		j := accessrules.NewJudgement(&out, iprules.NewMatcher(list), true, screen.Options{})
		asked := []string{"203.0.113.7", "203.0.113.8", "203.0.113.99", "9.9.9.9", "2001:db8::1", "2001:db8::2", "::ffff:203.0.113.7"}
		all := len(list) > 0
		for _, text := range asked {
			j.Address(netip.MustParseAddr(text))
		}
		if err := j.End(); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != len(asked) {
			t.Fatalf("%d lines for %d addresses", len(lines), len(asked))
		}
		for i, line := range lines {
			result := iprules.Evaluate(list, netip.MustParseAddr(asked[i]))
			all = all && result.Verdict == iprules.VerdictAllow
			want, err := json.Marshal(result)
			if err != nil {
				t.Fatal(err)
			}
			var a, b any
			if json.Unmarshal([]byte(line), &a) != nil || json.Unmarshal(want, &b) != nil || !sameJSON(a, b) {
				t.Errorf("%v on %s: %s, want %s", rules, asked[i], line, want)
			}
		}
		if j.AllAllowed() != all {
			t.Errorf("%v: all allowed: %v", rules, j.AllAllowed())
		}
	}
}

func sameJSON(a, b any) bool {
	left, _ := json.Marshal(a)
	right, _ := json.Marshal(b)
	return string(left) == string(right)
}

// TestJudgementOfAddressesThatAreNeverPublic: the readings stay, the verdict is deny and says why.
func TestJudgementOfAddressesThatAreNeverPublic(t *testing.T) {
	var out strings.Builder
	list := rulesOf(t, "allow 10.0.0.0/25", "allow 203.0.113.0/25", "allow fc00::/7")
	j := accessrules.NewJudgement(&out, iprules.NewMatcher(list).Public(), true, screen.Options{})
	never := []string{"10.0.0.1", "10.0.0.128", "0.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.1.1", "172.31.0.1", "192.0.0.8",
		"192.168.1.1", "198.19.255.255", "224.0.0.1", "240.0.0.1", "255.255.255.255", "fd00::1", "fe80::1", "::1"}
	asked := append([]string{"9.255.255.255", "11.0.0.0", "203.0.113.1", "192.0.2.1", "198.51.100.1", "100.63.255.255",
		"172.32.0.1", "192.0.1.0", "198.20.0.0", "223.255.255.255", "2001:db8::1", "2606:4700::1"}, never...)
	for _, text := range asked {
		j.Address(netip.MustParseAddr(text))
	}
	if err := j.End(); err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		result := iprules.EvaluatePublic(list, netip.MustParseAddr(asked[i]))
		want, _ := json.Marshal(result)
		var a, b any
		if json.Unmarshal([]byte(line), &a) != nil || json.Unmarshal(want, &b) != nil || !sameJSON(a, b) {
			t.Errorf("%s: %s, want %s", asked[i], line, want)
		}
		if (result.Reason == iprules.ReasonNeverPublic) != slices.Contains(never, asked[i]) {
			t.Errorf("%s: reason %q", asked[i], result.Reason)
		}
	}
	if j.AllAllowed() {
		t.Error("all are allowed")
	}
}

// TestJudgementForAPerson: distinct addresses with counts in the order in which they came, and 20 notes.
func TestJudgementForAPerson(t *testing.T) {
	var out strings.Builder
	j := accessrules.NewJudgement(&out, iprules.NewMatcher(rulesOf(t, "allow 203.0.113.0/25")).Public(), false, screen.Options{Width: 80})
	for i := range 1000 {
		j.Address(netip.AddrFrom4([4]byte{203, 0, 113, byte(i % 3)}))
		j.Address(netip.MustParseAddr("2001:db8::1"))
		j.Bad(iprules.AddressLine{Number: i + 1, Text: "junk", Why: "not an address"})
	}
	if err := j.End(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for i, want := range []string{"203.0.113.0      allow      rule 1, allow 203.0.113.0/25 (334 lines)",
		"2001:db8::1      deny       no rule matches: the control panel takes IPv4 only (1000 lines)", "line 1"} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("line %d is %q, want %q", i+1, lines[i], want)
		}
	}
	if n := len(lines); n != 4+accessrules.MaxNotes+3 || !strings.HasPrefix(lines[n-2], "4 distinct addresses in 2000 lines: 3 allowed, 1") {
		t.Errorf("%d lines:\n%s", n, out.String())
	}
}

func TestRejectedRoundTrip(t *testing.T) {
	var rejected accessrules.Rejected
	var want []iprules.AddressLine
	for i := range 20000 {
		text := []string{"junk", `quo"ted\`, "\x00\xff", "…", strings.Repeat("z", 500), "0123456789abcdef0123"}[i%6]
		line := iprules.AddressLine{Number: i + 1, Text: text, Why: []string{"one", "two: \"x\""}[i%2]}
		rejected.Add(line)
		want = append(want, line)
	}
	i := 0
	for object := range rejected.All() {
		var got struct {
			Line        int
			Text, Error string
		}
		if err := json.Unmarshal(object, &got); err != nil {
			t.Fatalf("%s: %v", object, err)
		}
		if got.Line != i+1 || got.Error != want[i].Why || got.Text != strings.ToValidUTF8(want[i].Shown(), "\ufffd") {
			t.Fatalf("%s, want %+v", object, want[i])
		}
		if strings.Contains(got.Text, "0123456789") {
			t.Fatal("what looks like a key is repeated")
		}
		i++
	}
	if i != accessrules.MaxRejected || rejected.Len() != len(want) {
		t.Errorf("%d objects of %d, Len %d", i, len(want), rejected.Len())
	}
}

// TestLessonFitsOnAScreen: 24 lines of 80 columns, and a program gets all of it.
func TestLessonFitsOnAScreen(t *testing.T) {
	for _, o := range []screen.Options{{}, {ASCII: true}} {
		var out strings.Builder
		if err := explain.ExplainTopic(&out, "rules", o); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) > 24 {
			t.Errorf("%d lines", len(lines))
		}
		for _, line := range lines {
			if screen.WidthOf(line) > 80 {
				t.Errorf("%d columns: %s", screen.WidthOf(line), line)
			}
		}
	}
	var out strings.Builder
	if err := explain.ExplainTopicJSON(&out, "rules"); err != nil || !json.Valid([]byte(out.String())) {
		t.Errorf("%v: %s", err, out.String())
	}
	if explain.ExplainTopic(&out, "nonsense", screen.Options{}) == nil {
		t.Error("a topic that there is none of")
	}
}

// TestPoolBeyondItsPlaces: where the refused addresses are more than there are places, the rules to add are the
// best for that number.
func TestPoolBeyondItsPlaces(t *testing.T) {
	r := call.Ruling{Rules: rulesOf(t, "allow 192.0.2.1", "allow 192.0.2.2", "allow 192.0.2.3", "allow 203.0.113.1")}
	e := healthy()
	refused := []netip.Addr{netip.MustParseAddr("203.0.113.8"), netip.MustParseAddr("203.0.113.9")}
	e.Egress.IPv4 = append([]netip.Addr{netip.MustParseAddr("203.0.113.1")}, refused...)
	if got := r.Addition(e, refused)["rule_to_add"]; got != "allow 203.0.113.8/31" {
		t.Errorf("one place: %s", got)
	}
	r.Rules = r.Rules[:2]
	if got := r.Addition(e, refused)["rule_to_add"]; got != "allow 203.0.113.8/32 and allow 203.0.113.9/32" {
		t.Errorf("three places: %s", got)
	}
	r.Rules = append(r.Rules, rulesOf(t, "allow 192.0.2.3", "allow 192.0.2.4", "allow 203.0.113.1")...)
	values := r.Addition(e, refused)
	if values["rule_to_add"] != "allow 203.0.113.8/31" || values["rule_to_drop"] != "rule 4, allow 192.0.2.4/32" {
		t.Errorf("none: %v", values)
	}
}

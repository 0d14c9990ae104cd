package iprules

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestEvaluate(t *testing.T) {
	for _, c := range []struct {
		name    string
		rules   []string
		ip      string
		verdict string
		rule    int // 0: none
		says    string
	}{
		{"empty", nil, "203.0.113.7", "unknown", 0, ""},
		{"inside", []string{"allow 203.0.113.0/25"}, "203.0.113.10", "allow", 1, "allow allow allow"},
		{"first of the prefix", []string{"allow 203.0.113.0/25"}, "203.0.113.0", "allow", 1, "allow allow allow"},
		{"last of the prefix", []string{"allow 203.0.113.0/25"}, "203.0.113.127", "allow", 1, "allow allow allow"},
		{"after the prefix", []string{"allow 203.0.113.0/25"}, "203.0.113.128", "deny", 0, "deny deny deny"},
		{"host bits", []string{"allow 203.0.113.77/25"}, "203.0.113.1", "allow", 1, "allow allow allow"},
		{"4-in-6", []string{"allow 203.0.113.7"}, "::ffff:203.0.113.7", "allow", 1, "allow allow allow"},
		{"IPv6", []string{"allow 203.0.113.7"}, "2001:db8::7", "deny", 0, "deny deny deny"},
		{"IPv6 everything is no IPv4", []string{"allow ::/0"}, "203.0.113.7", "deny", 0, "deny deny deny"},
		{"only Deny, elsewhere", []string{"deny 203.0.113.7"}, "203.0.113.8", "deny", 0, "deny deny deny"},
		{"wide Allow first", []string{"allow 203.0.113.0/25", "deny 203.0.113.7"}, "203.0.113.7",
			"ambiguous", 1, "allow deny deny"},
		{"narrow Deny first", []string{"deny 203.0.113.7", "allow 203.0.113.0/25"}, "203.0.113.7",
			"deny", 1, "deny deny deny"},
		{"wide Deny first", []string{"deny 203.0.113.0/25", "allow 203.0.113.7"}, "203.0.113.7",
			"ambiguous", 1, "deny allow deny"},
		{"wide Deny last", []string{"allow 203.0.113.7", "deny 203.0.113.0/25"}, "203.0.113.7",
			"ambiguous", 1, "allow allow deny"},
		{"equal length, Allow first", []string{"allow 203.0.113.7", "deny 203.0.113.7"}, "203.0.113.7",
			"ambiguous", 1, "allow deny deny"},
		{"equal length, Deny first", []string{"deny 203.0.113.7", "allow 203.0.113.7"}, "203.0.113.7",
			"deny", 1, "deny deny deny"},
		{"second rule", []string{"allow 198.51.100.1", "allow 203.0.113.7"}, "203.0.113.7",
			"allow", 2, "allow allow allow"},
	} {
		result := Evaluate(mustRules(t, c.rules...), netip.MustParseAddr(c.ip))
		number := 0
		if result.Rule != nil {
			number = *result.Rule
		}
		says := ""
		if result.Readings != nil {
			says = result.Readings[FirstMatch] + " " + result.Readings[MostSpecific] + " " + result.Readings[DenyWins]
		}
		if result.Verdict != c.verdict || number != c.rule || says != c.says {
			t.Errorf("%s: %s by rule %d (%s), want %s by rule %d (%s)", c.name,
				result.Verdict, number, says, c.verdict, c.rule, c.says)
		}
	}
}

func TestResultJSON(t *testing.T) {
	for _, c := range []struct {
		rules []string
		want  string
	}{
		{nil, `{"ip":"203.0.113.7","verdict":"unknown","rule":null,"readings":null}`},
		{[]string{"allow 203.0.113.7"}, `{"ip":"203.0.113.7","verdict":"allow","rule":1,"readings":` +
			`{"deny-wins":"allow","first-match":"allow","most-specific":"allow"}}`},
	} {
		got, err := json.Marshal(Evaluate(mustRules(t, c.rules...), netip.MustParseAddr("::ffff:203.0.113.7")))
		if err != nil || string(got) != c.want {
			t.Errorf("%s, %v\nwant %s", got, err, c.want)
		}
	}
}

// naive is the contract's text once more, as directly as it can be written, over the last byte of an
// address only: first match, most specific, deny wins.
func naive(rules []Rule, last byte) (first, specific, denyWins string) {
	in := func(rule Rule) bool {
		size := 1 << (32 - rule.Prefix.Bits())
		from := int(rule.Prefix.Addr().As4()[3]) / size * size
		return int(last) >= from && int(last) < from+size
	}
	first, specific, denyWins = "deny", "deny", "deny"
	var matching []Rule
	for _, rule := range rules {
		if in(rule) {
			matching = append(matching, rule)
		}
	}
	if len(matching) == 0 {
		return first, specific, denyWins
	}
	first = string(matching[0].Action)
	slices.SortStableFunc(matching, func(a, b Rule) int {
		if a.Prefix.Bits() != b.Prefix.Bits() {
			return b.Prefix.Bits() - a.Prefix.Bits()
		}
		return strings.Compare(string(b.Action), string(a.Action)) // deny before allow
	})
	specific = string(matching[0].Action)
	if !slices.ContainsFunc(matching, func(r Rule) bool { return r.Action == Deny }) {
		denyWins = "allow"
	}
	return first, specific, denyWins
}

func TestEvaluateAgainstNaive(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		rules := randomRules(random)
		last := byte(random.IntN(256))
		ip := netip.AddrFrom4([4]byte{203, 0, 113, last})
		result := Evaluate(rules, ip)
		first, specific, denyWins := naive(rules, last)
		verdict := "ambiguous"
		if first == specific && specific == denyWins {
			verdict = first
		}
		got := result.Readings
		if got[FirstMatch] != first || got[MostSpecific] != specific || got[DenyWins] != denyWins ||
			result.Verdict != verdict {
			t.Fatalf("%v on %s: %s %v, want %s: %s %s %s", rules, ip, result.Verdict, got, verdict,
				first, specific, denyWins)
		}
	}
}

// TestShadowedRulesAreNotNeeded takes every rule that Lint calls a duplicate or shadowed out at once, and asks
// the naive evaluator whether anything changed.
func TestShadowedRulesAreNotNeeded(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		rules := randomRules(random)
		drop := map[int]bool{}
		for _, problem := range Lint(rules) {
			if problem.ID == Shadowed {
				drop[problem.Rule-1] = true
			}
		}
		var kept []Rule
		for i, rule := range rules {
			if !drop[i] {
				kept = append(kept, rule)
			}
		}
		for last := range 256 {
			a1, b1, c1 := naive(rules, byte(last))
			a2, b2, c2 := naive(kept, byte(last))
			if a1 != a2 || b1 != b2 || c1 != c2 {
				t.Fatalf("%v and %v differ on 203.0.113.%d", rules, kept, last)
			}
		}
	}
}

func randomRules(random *rand.Rand) []Rule {
	rules := make([]Rule, 1+random.IntN(6))
	for i := range rules {
		rules[i].Action = []Action{Allow, Deny}[random.IntN(2)]
		address := netip.AddrFrom4([4]byte{203, 0, 113, byte(random.IntN(32) * 8)})
		rules[i].Prefix = netip.PrefixFrom(address, 25+random.IntN(8))
	}
	return rules
}

func TestVerdict(t *testing.T) {
	for want, lists := range map[string][]string{
		"unknown":   {"", "unknown", "unknown unknown"},
		"allow":     {"allow", "allow allow"},
		"deny":      {"deny", "deny deny"},
		"partly":    {"allow deny", "deny allow allow", "allow ambiguous deny"},
		"ambiguous": {"ambiguous", "allow ambiguous", "deny ambiguous"},
	} {
		for _, list := range lists {
			var results []Result
			for _, verdict := range strings.Fields(list) {
				results = append(results, Result{Verdict: verdict})
			}
			if got := Verdict(results); got != want {
				t.Errorf("Verdict(%s) = %s, want %s", list, got, want)
			}
		}
	}
}

func TestLeastUseful(t *testing.T) {
	seen := addresses("203.0.113.10", "203.0.113.11", "::ffff:198.51.100.1")
	for _, c := range []struct {
		rules []string
		want  int
	}{
		{nil, 0},
		{[]string{"deny 203.0.113.0/25"}, 0},
		{[]string{"allow 203.0.113.0/25", "allow 198.51.100.1"}, 2},
		{[]string{"allow 203.0.113.0/25", "allow 192.0.2.0/25", "allow 198.51.100.1", "deny 192.0.2.9"}, 2},
		{[]string{"allow 192.0.2.1", "allow 192.0.2.0/25"}, 1},
		{[]string{"allow 192.0.2.1", "allow 192.0.2.2", "allow 192.0.2.128/25"}, 2},
	} {
		if got := LeastUseful(mustRules(t, c.rules...), seen); got != c.want {
			t.Errorf("LeastUseful(%v) = %d, want %d", c.rules, got, c.want)
		}
	}
}

func TestUnambiguous(t *testing.T) {
	rules := mustRules(t, "allow 203.0.113.0/25", "deny 203.0.113.7", "deny 203.0.113.9", "deny 203.0.113.0/28")
	ip := netip.MustParseAddr("203.0.113.7")
	clear := Unambiguous(rules, ip)
	if fmt.Sprint(clear) != "[allow 203.0.113.0/25 deny 203.0.113.9/32]" {
		t.Errorf("got %v", clear)
	}
	if got := Evaluate(clear, ip).Verdict; got != VerdictAllow {
		t.Errorf("the clear list says %s", got)
	}
}

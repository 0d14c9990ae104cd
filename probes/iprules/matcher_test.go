package iprules

import (
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
)

// sameAsEvaluate compares the matcher with the evaluator that asks every rule.
func sameAsEvaluate(t testing.TB, m *Matcher, rules []Rule, ip netip.Addr) {
	t.Helper()
	got, want := m.Ruling(ip), Evaluate(rules, ip)
	by := 0
	if want.Rule != nil {
		by = *want.Rule
	}
	if got.Verdict != want.Verdict || got.By[0] != by {
		t.Fatalf("%v on %s: %s by rule %d, want %s by rule %d", rules, ip, got.Verdict, got.By[0], want.Verdict, by)
	}
	for i, reading := range Readings {
		if string(got.Says[i]) != want.Readings[reading] {
			t.Fatalf("%v on %s: %s says %s, want %s", rules, ip, reading, got.Says[i], want.Readings[reading])
		}
		if number := got.By[i]; number > 0 {
			if rule := rules[number-1]; rule.Action != got.Says[i] || !rule.Prefix.Contains(ip.Unmap()) {
				t.Fatalf("%v on %s: %s by rule %d, which does not say that", rules, ip, reading, number)
			}
		}
	}
}

func TestMatcherAgainstEvaluate(t *testing.T) {
	random := rand.New(rand.NewPCG(15, 16))
	for range 3000 {
		rules := randomRules(random)
		m := NewMatcher(rules)
		for last := range 256 {
			ip := netip.AddrFrom4([4]byte{203, 0, 113, byte(last)})
			sameAsEvaluate(t, m, rules, ip)
			first, specific, denyWins := naive(rules, byte(last))
			if r := m.Ruling(ip); len(rules) > 0 && r.Says != [3]Action{Action(first), Action(specific), Action(denyWins)} {
				t.Fatalf("%v on %s: %v, the naive evaluator says %s %s %s", rules, ip, r.Says, first, specific, denyWins)
			}
		}
	}
}

func TestMatcherOfOddLists(t *testing.T) {
	for _, list := range [][]string{
		nil, {"allow 0.0.0.0/0"}, {"deny 255.255.255.255", "allow 255.255.255.128/25"}, {"allow ::/0"},
		{"allow 2001:db8::/32", "deny 2001:db8::1", "allow 203.0.113.7"}, {"deny 2001:db8::1", "allow 2001:db8::1"},
		{"allow 0.0.0.0/0", "deny 128.0.0.0/1", "allow 255.255.255.255"},
	} {
		rules := mustRules(t, list...)
		m := NewMatcher(rules)
		for _, ip := range addresses("0.0.0.0", "203.0.113.7", "127.255.255.255", "128.0.0.0", "255.255.255.254",
			"255.255.255.255", "::ffff:203.0.113.7", "2001:db8::1", "2001:db8::2", "::") {
			sameAsEvaluate(t, m, rules, ip)
		}
	}
}

func FuzzMatcher(f *testing.F) {
	f.Add("allow 203.0.113.0/25\ndeny 203.0.113.7\nallow 203.0.113.0/29", uint32(0xcb007107))
	f.Add("deny 0.0.0.0/0\nallow 255.255.255.255", uint32(0xffffffff))
	f.Fuzz(func(t *testing.T, list string, ip uint32) {
		rules, _ := ParseList(strings.NewReader(list), "f")
		if len(rules) > 200 {
			return
		}
		m := NewMatcher(rules)
		sameAsEvaluate(t, m, rules, address(ip))
		for _, point := range representatives(rules) {
			sameAsEvaluate(t, m, rules, point)
		}
	})
}

// TestClarify: the change makes the list clear, does to each address what it says, and no other single removal or
// move would go less against most readings.
func TestClarify(t *testing.T) {
	random := rand.New(rand.NewPCG(17, 18))
	ambiguous := 0
	for range 3000 {
		rules := randomRules(random)
		before := NewMatcher(rules)
		best, opposite := Clarify(rules)
		if (best == nil) != before.clear() {
			t.Fatalf("%v: clear %v, a change %v", rules, before.clear(), best)
		}
		if best == nil {
			continue
		}
		ambiguous++
		against := checkChange(t, rules, best)
		if opposite != nil {
			checkChange(t, rules, opposite)
		}
		for i := range rules {
			without := append(append([]Rule{}, rules[:i]...), rules[i+1:]...)
			cost, clear := compareLists(rules, without)
			if clear && hasAllow(without) && cost < against && hasAllow(best.Rules) {
				t.Fatalf("%v: %v goes against %d, without rule %d it is %d", rules, best.Edits, against, i+1, cost)
			}
			for j := range rules {
				cost, clear := compareLists(rules, move(rules, i, j))
				if clear && cost < against {
					t.Fatalf("%v: %v goes against %d, with rule %d at %d it is %d", rules, best.Edits, against, i+1, j+1, cost)
				}
			}
		}
	}
	if ambiguous < 500 {
		t.Errorf("only %d lists were ambiguous", ambiguous)
	}
}

func hasAllow(rules []Rule) bool {
	for _, rule := range rules {
		if rule.Action == Allow {
			return true
		}
	}
	return false
}

// compareLists counts the addresses that are judged otherwise than most readings judged them.
func compareLists(before, after []Rule) (against uint64, clear bool) {
	for last := range 256 {
		ip := netip.AddrFrom4([4]byte{203, 0, 113, byte(last)})
		was, now := Evaluate(before, ip), Evaluate(after, ip)
		if now.Verdict == VerdictAmbiguous || now.Verdict == VerdictUnknown {
			return 0, false
		}
		allows := 0
		for _, says := range was.Readings {
			if says == VerdictAllow {
				allows++
			}
		}
		if (allows >= 2) != (now.Verdict == VerdictAllow) {
			against++
		}
	}
	return against, true
}

func checkChange(t *testing.T, rules []Rule, c *Change) uint64 {
	t.Helper()
	against, clear := compareLists(rules, c.Rules)
	if !clear || against != c.Against || len(c.Edits) == 0 {
		t.Fatalf("%v: after %v it is %v, clear %v, against %d (it says %d)", rules, c.Edits, c.Rules, clear, against, c.Against)
	}
	for last := range 256 {
		ip := netip.AddrFrom4([4]byte{203, 0, 113, byte(last)})
		was, now := Evaluate(rules, ip).Verdict, Evaluate(c.Rules, ip).Verdict
		in := func(prefixes []netip.Prefix) bool {
			for _, p := range prefixes {
				if p.Contains(ip) {
					return true
				}
			}
			return false
		}
		if in(c.Allows) != (was != now && now == VerdictAllow) || in(c.Denies) != (was != now && now == VerdictDeny) {
			t.Fatalf("%v: %s was %s and is %s; told: allows %v, denies %v", rules, ip, was, now, c.Allows, c.Denies)
		}
	}
	return against
}

func TestClarifyWords(t *testing.T) {
	for _, c := range []struct{ rules, best, opposite string }{
		{"allow 203.0.113.0/25,deny 203.0.113.7",
			"Move rule 2, deny 203.0.113.7/32, in front of rule 1, allow 203.0.113.0/25. Then every reading denies 203.0.113.7.",
			"Remove rule 2, deny 203.0.113.7/32. Then every reading allows 203.0.113.7."},
		{"deny 203.0.113.0/25,allow 203.0.113.7", "Remove rule 1, deny 203.0.113.0/25. Then every reading allows 203.0.113.7.", ""},
		{"allow 203.0.113.0/26,deny 203.0.113.0/25", "Remove rule 2, deny 203.0.113.0/25. Then every reading allows 203.0.113.0/26.", ""},
		{"deny 203.0.113.0/25,allow 203.0.113.7,deny 198.51.100.0/25,allow 198.51.100.7",
			"Remove rule 1, deny 203.0.113.0/25. Remove rule 4, allow 198.51.100.7/32. " +
				"Then every reading denies 198.51.100.7 and allows 203.0.113.7.",
			"Remove rule 2, allow 203.0.113.7/32. Remove rule 3, deny 198.51.100.0/25. " +
				"Then every reading denies 203.0.113.7 and allows 198.51.100.7."},
	} {
		best, opposite := Clarify(mustRules(t, strings.Split(c.rules, ",")...))
		got := ""
		if opposite != nil {
			got = opposite.Text()
		}
		if best.Text() != c.best || got != c.opposite {
			t.Errorf("%s:\n%s\n%s", c.rules, best.Text(), got)
		}
	}
	var long []Rule
	for i := range 30 {
		long = append(long, mustRules(t, "deny 203.0.113.0/25", "allow 203.0.113."+string(rune('0'+i%10)))...)
	}
	if best, _ := Clarify(long); best == nil || !NewMatcher(best.Rules).clear() {
		t.Errorf("a long list stays ambiguous: %v", best)
	}
}

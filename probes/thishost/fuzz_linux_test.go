package thishost

import (
	"encoding/binary"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// attribute is one netlink attribute, padded.
func attribute(kind uint16, value string) string {
	head := binary.NativeEndian.AppendUint16(nil, uint16(unix.SizeofNlAttr+len(value)))
	head = binary.NativeEndian.AppendUint16(head, kind)
	return string(head) + value + strings.Repeat("\x00", -len(value)&3)
}

// FuzzRuleExpression: whatever comes as an expression of a rule is read within its bytes, and ends.
func FuzzRuleExpression(f *testing.F) {
	verdict := attribute(unix.NFTA_DATA_VERDICT, attribute(unix.NFTA_VERDICT_CODE, "\x00\x00\x00\x00"))
	drop := attribute(unix.NFTA_EXPR_NAME, "immediate\x00") +
		attribute(unix.NFTA_EXPR_DATA, attribute(unix.NFTA_IMMEDIATE_DATA, verdict))
	f.Add([]byte(drop))
	f.Add([]byte(attribute(unix.NFTA_EXPR_NAME, "counter\x00") +
		attribute(unix.NFTA_EXPR_DATA, attribute(unix.NFTA_COUNTER_PACKETS, "\x00\x00\x00\x00\x00\x00\x00\x07"))))
	f.Add([]byte(attribute(unix.NFTA_EXPR_NAME, "target\x00") + attribute(unix.NFTA_EXPR_DATA, attribute(unix.NFTA_TARGET_NAME, "REJECT\x00"))))
	var rule filterRule
	if rule.read([]byte(drop)); rule.Verdict != "drop" {
		f.Fatalf("the seed reads as %+v", rule)
	}
	f.Fuzz(func(t *testing.T, expression []byte) {
		seen := 0
		attributes(expression, func(_ uint16, value []byte) { seen += unix.SizeofNlAttr + len(value) })
		if seen > len(expression) {
			t.Errorf("%d bytes read of %d", seen, len(expression))
		}
		var rule filterRule
		rule.read(expression)
		switch rule.Verdict {
		case "", "drop", "reject":
		default:
			t.Errorf("verdict %q", rule.Verdict)
		}
	})
}

// FuzzSavedRules: of what iptables-save prints, every rule that is read is a line of it, and has a place of its own.
func FuzzSavedRules(f *testing.F) {
	f.Add("*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT DROP [20:1200]\n:f2b - [0:0]\n[5:300] -A OUTPUT -o lo -j ACCEPT\n" +
		"[2:120] -A OUTPUT -p tcp -m tcp --dport 55443 -j REJECT --reject-with tcp-reset\n[0:0] -A INPUT -g f2b\nCOMMIT\n")
	f.Add("[99999999999999999999:1] -A X -j\n[1 -A \n:A B\n*\n")
	f.Fuzz(func(t *testing.T, saved string) {
		all, places := savedRules(saved, "iptables"), map[string]bool{}
		for _, rule := range all.rules {
			if !strings.Contains(saved, rule.Text) || !strings.HasPrefix(rule.Text, "-A "+rule.Chain) {
				t.Errorf("%q is not a line of %q", rule.Text, saved)
			}
			if name := nameOf(rule.FirewallRule); places[name] {
				t.Errorf("two rules are %q", name)
			} else {
				places[name] = true
			}
		}
		for _, chain := range all.bases {
			if chain.Verdict != "" && chain.Verdict != "drop" {
				t.Errorf("policy %q", chain.Verdict)
			}
		}
	})
}

//go:build linux

package lab

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// restore loads rules as iptables-save prints them; tool is iptables-nft or iptables-legacy.
func restore(w *World, tool, rules string) {
	w.tb.Helper()
	needRoot(w.tb, tool+"-restore")
	if err := w.Client.tool(rules, tool+"-restore"); err != nil {
		w.tb.Fatal(err)
	}
}

// csf are rules as ConfigServer's firewall writes them, with TCP_OUT as it comes; deny is an address of its list.
func csf(w *World, tool, last, deny string) {
	denied := ""
	if deny != "" {
		denied = "-A DENYOUT -d " + deny + "/32 ! -o lo -j LOGDROPOUT\n"
	}
	restore(w, tool, `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
:DENYOUT - [0:0]
:LOCALOUTPUT - [0:0]
:LOGDROPOUT - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A OUTPUT ! -o lo -p udp -m udp --dport 53 -j ACCEPT
-A OUTPUT ! -o lo -j LOCALOUTPUT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT ! -o lo -p icmp -j ACCEPT
-A OUTPUT ! -o lo -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT ! -o lo -p tcp -m conntrack --ctstate NEW -m tcp -m multiport --dports 20,21,22,25,53,80,110,113,443,587,993,995 -j ACCEPT
-A OUTPUT ! -o lo -j LOGDROPOUT
-A LOCALOUTPUT ! -o lo -j DENYOUT
`+denied+`-A LOGDROPOUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m limit --limit 30/min -j LOG --log-prefix "Firewall: *TCP_OUT Blocked* " --log-uid
-A LOGDROPOUT -j `+last+`
COMMIT
`)
}

// culprit looks for the very thing to change.
func culprit(kind, name, manager, text string) func(*testing.T, *World, Result) {
	return func(t *testing.T, _ *World, result Result) {
		if len(result.Report.Diagnoses) == 0 {
			t.Fatal("no diagnosis")
		}
		c := result.Report.Diagnoses[0].Culprit
		if c.Kind != kind || !strings.Contains(c.Name, name) || c.Manager != manager || !strings.Contains(c.Text, text) {
			t.Errorf("the culprit is %+v", c)
		}
	}
}

// unknown is for worlds in which no rule can be named: that is said, with what would name it.
func unknown(says string) func(*testing.T, *World, Result) {
	return func(t *testing.T, _ *World, result Result) {
		if len(result.Report.Diagnoses) == 0 {
			t.Fatal("no diagnosis")
		}
		if d := result.Report.Diagnoses[0]; d.Culprit.Kind != "" || !strings.Contains(strings.Join(d.NotEvaluated, "\n"), says) {
			t.Errorf("the culprit is %+v, and not evaluated %q", d.Culprit, d.NotEvaluated)
		}
	}
}

// ufwChains are the chains of ufw, as far as it matters; first is a rule that somebody put before them.
func ufwChains(first, policy string) string {
	return "*filter\n:OUTPUT " + policy + " [0:0]\n:ufw-before-output - [0:0]\n:ufw-user-output - [0:0]\n" + first +
		"-A OUTPUT -j ufw-before-output\n-A ufw-before-output -o lo -j ACCEPT\n-A ufw-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n" +
		"-A ufw-before-output -j ufw-user-output\n-A ufw-user-output -p tcp -m multiport --dports 80,443 -j ACCEPT\n" +
		"-A ufw-user-output -p udp -m udp --dport 53 -j ACCEPT\nCOMMIT\n"
}

// traced gives --trace-firewall.
func traced(breaks func(*World)) func(*World) {
	return func(w *World) {
		w.Flags = append(w.Flags, "--trace-firewall")
		breaks(w)
	}
}

// quietTable has rules that do not count: they jump, look a port up in a set, and drop.
const quietTable = `table inet site {
	set egress_ok {
		type inet_service
		elements = { 80, 443 }
	}
	chain egress {
		tcp dport != @egress_ok drop comment "only web out"
	}
	chain out {
		type filter hook output priority filter
		oif lo accept
		meta l4proto tcp ct state new jump egress
	}
	chain other {
		type filter hook input priority filter
		udp dport 9 drop
	}
}
`

// culpritFaults are about the rule that is named. What is feared is a wrong one, or a command that does not help.
var culpritFaults = []Fault{
	{Cause: "host.local-firewall", Name: "csf-drops", Confidence: "certain", Says: []string{"Add 55443 to TCP_OUT in /etc/csf/csf.conf", "csf -r"},
		Check: culprit("iptables-rule", "filter LOGDROPOUT 2", "csf", "-A LOGDROPOUT -j DROP"), Break: func(w *World) { csf(w, "iptables-nft", "DROP", "") }},
	{Cause: "host.local-firewall", Name: "csf-rejects", Confidence: "certain", Says: []string{"TCP_OUT"},
		Check: culprit("iptables-rule", "filter LOGDROPOUT 2", "csf", "-j REJECT"), Break: func(w *World) { csf(w, "iptables-nft", "REJECT", "") }},
	{Cause: "host.local-firewall", Name: "csf-denies-the-address", Confidence: "certain", Says: []string{"csf -dr " + HostIP}, Never: []string{"TCP_OUT"},
		Check: culprit("iptables-rule", "filter LOGDROPOUT 2", "csf", "DROP"), Break: func(w *World) { csf(w, "iptables-nft", "DROP", HostIP) }},
	{Cause: "host.local-firewall", Name: "csf-in-legacy-tables", Confidence: "certain", Says: []string{"TCP_OUT", "sudo iptables-legacy -t filter -S LOGDROPOUT"},
		Check: culprit("iptables-rule", "filter LOGDROPOUT 2", "csf", "-A LOGDROPOUT -j DROP"), Break: func(w *World) { csf(w, "iptables-legacy", "DROP", "") }},
	{Cause: "host.local-firewall", Name: "csf-rejects-in-legacy-tables", Confidence: "certain", Says: []string{"TCP_OUT"},
		Check: culprit("iptables-rule", "filter LOGDROPOUT 2", "csf", "REJECT"), Break: func(w *World) { csf(w, "iptables-legacy", "REJECT", "") }},
	{Cause: "host.local-firewall", Name: "one-of-very-many-rules", Confidence: "certain", Check: func(t *testing.T, w *World, result Result) {
		d := result.Report.Diagnoses[0]
		if d.Culprit.Kind == "" && !strings.Contains(strings.Join(d.NotEvaluated, "\n"), "too many rules") {
			t.Errorf("the culprit is %+v, and not evaluated %q", d.Culprit, d.NotEvaluated)
		}
	}, Break: func(w *World) {
		var rules strings.Builder
		rules.WriteString("*filter\n:OUTPUT ACCEPT [0:0]\n")
		for i := range 100_000 {
			fmt.Fprintf(&rules, "-A OUTPUT -d 10.%d.%d.%d/32 -j DROP\n", 2+i>>16, i>>8&255, i&255)
		}
		restore(w, "iptables-nft", rules.String()+"-A OUTPUT -p tcp -m tcp --dport 55443 -j DROP\nCOMMIT\n")
	}},
	{Cause: "host.local-firewall", Name: "a-policy-of-iptables-legacy", Confidence: "certain",
		Check: culprit("iptables-rule", "filter OUTPUT", "ufw", "policy drop"), Break: func(w *World) { restore(w, "iptables-legacy", ufwChains("", "DROP")) }},
	{Cause: "host.local-firewall", Name: "an-own-rule-before-ufw", Confidence: "certain", Never: []string{"ufw allow"},
		Check: culprit("iptables-rule", "filter OUTPUT 1", "", "--dport 55443 -j DROP"),
		Break: func(w *World) {
			restore(w, "iptables-nft", ufwChains("-A OUTPUT -p tcp -m tcp --dport 55443 -j DROP\n", "ACCEPT"))
		}},
	{Cause: "host.local-firewall", Name: "an-own-table-beside-ufw", Confidence: "certain", Never: []string{"ufw allow"},
		Check: culprit("nft-rule", "ip fault output handle", "", "drop"), Break: func(w *World) {
			restore(w, "iptables-nft", ufwChains("", "ACCEPT"))
			w.Client.Filter("output", "tcp dport 55443 counter drop")
		}},
	{Cause: "host.local-firewall", Name: "a-counter-before-the-condition", Confidence: "certain", Says: []string{"--trace-firewall"},
		Check: unknown("no count shows it"), Break: func(w *World) {
			w.Client.Filter("output", "counter tcp dport 9 drop", "tcp dport 55443 drop")
		}},
	{Cause: "host.local-firewall", Name: "a-map-of-verdicts", Confidence: "certain", Says: []string{"--trace-firewall"}, Check: unknown("no count shows it"),
		Break: func(w *World) {
			w.Client.NFT("table inet fault {\n chain out {\n type filter hook output priority filter; policy drop;\n oif lo accept\n meta l4proto { udp, icmp } accept\n" +
				" tcp dport vmap { 80 : accept, 443 : accept, 55443 : drop }\n }\n}\n")
		}},
	{Cause: "host.local-firewall", Name: "a-program-decides", Confidence: "certain", Check: unknown("no count shows it"), Break: func(w *World) {
		restore(w, "iptables-nft", "*filter\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -m tcp --dport 55443 -j NFQUEUE --queue-num 7\nCOMMIT\n")
	}},
	{Cause: "host.local-firewall", Name: "a-rule-for-others-counts-too", Confidence: "certain", Check: culprit("nft-rule", "ip fault output handle", "", "drop"),
		Break: func(w *World) {
			w.Client.Filter("input", "ip daddr != "+ClientIP+" counter drop", "tcp dport 1-1000 drop")
			w.Client.Filter("output", "tcp dport 55443 counter drop")
		}},
	{Cause: "host.local-firewall", Name: "rules-that-do-not-count", Confidence: "certain", Says: []string{"--trace-firewall"}, Check: unknown("no count shows it"),
		Break: func(w *World) { w.Client.NFT(quietTable) }},
	{Cause: "host.local-firewall", Name: "rules-not-read-by-an-ordinary-user", Check: unknown("sudo opensrs-doctor"), Break: traced(func(w *World) {
		w.User = ordinary
		w.Client.NFT(quietTable)
	})},

	{Cause: "host.local-firewall", Name: "traced", Confidence: "certain", Check: func(t *testing.T, w *World, result Result) {
		culprit("nft-rule", "inet site egress handle", "", `drop comment "only web out"`)(t, w, result)
		if err := w.Client.Do(func() error {
			out, err := exec.Command("nft", "list", "tables").CombinedOutput()
			if string(out) != "table inet site\n" {
				t.Errorf("what is left: %s", out)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	},
		Break: traced(func(w *World) { w.Client.NFT(quietTable) })},
	{Cause: "host.local-firewall", Name: "traced-map-of-verdicts", Confidence: "certain", Check: culprit("nft-rule", "inet fault out handle", "", "drop"),
		Break: traced(func(w *World) {
			w.Client.NFT("table inet fault {\n chain out {\n type filter hook output priority filter; policy drop;\n oif lo accept\n meta l4proto { udp, icmp } accept\n" +
				" tcp dport vmap { 80 : accept, 443 : accept, 55443 : drop }\n }\n}\n")
		})},
	{Cause: "host.local-firewall", Name: "traced-policy", Confidence: "certain", Check: culprit("nft-policy", "inet fault out", "", "policy drop"), Break: traced(func(w *World) {
		w.Client.NFT("table inet fault {\n chain out {\n type filter hook output priority filter; policy drop;\n oif lo accept\n meta l4proto { udp, icmp } accept\n tcp dport { 80, 443 } accept\n tcp dport 9 drop\n }\n}\n")
	})},
	{Cause: "host.local-firewall", Name: "traced-refusal-of-iptables", Confidence: "certain", Check: culprit("iptables-rule", "filter OUTPUT 1", "", "-j REJECT"),
		Break: traced(func(w *World) {
			restore(w, "iptables-nft", "*filter\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -m tcp --dport 55443 -j REJECT\nCOMMIT\n")
		})},
	{Cause: "host.reply-dropped", Name: "traced", Confidence: "certain", Check: culprit("nft-rule", "ip fault input handle", "", "drop"), Break: traced(func(w *World) {
		w.Client.Filter("input", "udp dport 9 drop", "tcp sport 55443 drop")
	})},
	{Cause: "host.reply-dropped", Name: "traced-policy", Confidence: "certain", Check: culprit("nft-policy", "inet fault in", "", "policy drop"),
		Break: traced(firewalled("meta l4proto { udp, icmp } accept", "udp dport 9 drop"))},
	{Cause: "port.filtered", Name: "traced-for-nothing", Break: traced(func(w *World) { w.ISP.Filter("forward", "tcp dport 55443 drop") })},
	{Name: "traced-for-nothing", Verdict: "pass", Break: traced(func(w *World) {
		w.Client.NFT("table inet site {\n chain out {\n type filter hook output priority filter;\n tcp dport 9 drop\n }\n}\n")
	})},
}

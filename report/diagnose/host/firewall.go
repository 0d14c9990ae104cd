package host

import (
	"fmt"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/condition"
	"opensrs-doctor/report/screen"
)

// byRule names the rule, or the policy, that took the packets, the line that a person edits, and what could not be read.
func byRule(f *condition.Finding, e *evidence.Evidence) {
	if e.ThisHost == nil || e.ThisHost.Firewall == nil {
		return
	}
	firewall := e.ThisHost.Firewall
	tracing, asks := "sudo opensrs-doctor --trace-firewall", " asks the kernel which one did."
	place, _ := e.ThisHost.Hellos.Lost()
	later := place != evidence.LostNowhere // which is not traced: the trace is of first packets
	if later {
		tracing, asks = "sudo nft list ruleset", " prints them."
	}
	if firewall.Why != "" {
		reads := "sudo nft list ruleset prints them."
		switch {
		case firewall.Why == evidence.OnlyRoot:
			reads = "sudo opensrs-doctor reads them."
		case e.ThisHost.Container:
			reads = "sudo nft list ruleset prints them, in this container's network namespace on the machine that runs it."
		}
		f.Unread = append(f.Unread, "This host's firewall rules were not read ("+firewall.Why+"): "+reads)
	}
	if firewall.Legacy != "" {
		f.Unread = append(f.Unread, "The rules of iptables-legacy were not read ("+firewall.Legacy+"): sudo iptables-legacy-save -c prints them with their counts.")
	}
	if firewall.Untraced != "" {
		f.Unread = append(f.Unread, "The packets were not traced ("+firewall.Untraced+"): sudo nft list ruleset prints the rules.")
	}
	var rule evidence.FirewallRule
	switch {
	case len(firewall.Took) == 1 || len(firewall.Took) > 1 && firewall.Traced:
		rule = firewall.Took[0]
	case len(firewall.Took) == 0 && len(firewall.Policies) == 1 && firewall.Uncounted == 0 && firewall.Legacy == "":
		rule = firewall.Policies[0]
	case firewall.Traced:
		f.Unread = append(f.Unread, "The kernel's trace names no rule of nftables for these packets.")
		return
	default:
		if firewall.Uncounted > 0 && firewall.Untraced == "" {
			if !later {
				f.Values["see_rule"] = tracing
			}
			f.Unread = append(f.Unread, screen.CountWords(firewall.Uncounted, "firewall rule may have taken these packets, and no count shows it",
				"firewall rules may have taken these packets, and no count shows it")+": "+tracing+asks)
		}
		return
	}
	culprit(f, rule, firewall.Traced)
	ledger := e.Ledger()
	if later {
		ledger = e.ThisHost.Hellos
	}
	if rule.Manager == "" || ledger == nil {
		return
	}
	f.Culprit.Manager = &rule.Manager
	var step string
	f.Culprit.File, step = edits(rule, ledger)
	if place, _ := ledger.Lost(); place != evidence.LostComingIn && step != "" {
		f.Values["open_port"] = step
	} else if place == evidence.LostComingIn && rule.File == "" {
		f.Culprit.File = "" // that opens what goes out
	}
}

// culprit says which rule it is, and how to list it.
func culprit(f *condition.Finding, rule evidence.FirewallRule, traced bool) {
	chain := strings.Join([]string{rule.Family, rule.Table, rule.Chain}, " ")
	c := &report.Culprit{Kind: "nft-rule", Name: rule.Name(), At: chain, Text: rule.Verdict}
	f.Values["rule_list"] = "sudo nft -a list chain " + chain
	if rule.Comment != "" {
		c.Text = fmt.Sprintf("%s comment %q", rule.Verdict, rule.Comment)
	}
	if rule.Tool != "" {
		c.Kind, c.At, c.Text = "iptables-rule", rule.Table+" "+rule.Chain, rule.Text
		f.Values["rule_list"] = fmt.Sprintf("sudo %s -t %s -S %s", rule.Tool, rule.Table, rule.Chain)
		if rule.Tool == "iptables" {
			f.Values["rule_list"] = fmt.Sprintf("sudo iptables -t %s -S %s", rule.Table, rule.Chain)
		}
	}
	if rule.Handle == 0 {
		c.Name, c.Text = c.At, "policy "+rule.Verdict
		if rule.Tool == "" {
			c.Kind = "nft-policy"
		}
	}
	f.Culprit, f.Values["rule_name"] = c, c.Name
	what := "The firewall rule " + c.Name
	if rule.Handle == 0 {
		what = "The policy of the chain " + c.Name
	}
	switch {
	case traced && rule.Tool != "iptables-legacy":
		f.Evidence = append(f.Evidence, fmt.Sprintf("The kernel's trace: %s (%s) took the packets.", lowerFirst(what), c.Text))
	case f.Values["sent_to"] != "":
		f.Evidence = append(f.Evidence, fmt.Sprintf("%s (%s) sends packets there.", what, c.Text))
	case rule.Grew > 0:
		f.Evidence = append(f.Evidence, fmt.Sprintf("%s (%s) counted %d of these packets.", what, c.Text, rule.Grew))
	default:
		f.Evidence = append(f.Evidence, fmt.Sprintf("No rule that counts took these packets; the policy of the chain %s is drop.", c.Name))
	}
}

func lowerFirst(text string) string { return strings.ToLower(text[:1]) + text[1:] }

// Names that managers give to chains, with what is chosen by their users in them.
var (
	firewalldPolicy = lazy.Pattern{Text: `^filter_OUT_policy_(.+)$`}
	shorewallZones  = lazy.Pattern{Text: `^([A-Za-z]\w*?)(?:-|2)([A-Za-z]\w*)$`}
)

// edits are the file and setting from which a manager wrote a rule, and the step that lets packets for the port out: the
// command, how it takes effect, how it is undone. The step is empty where that is not known.
func edits(rule evidence.FirewallRule, ledger *evidence.Ledger) (file, step string) {
	address, port, _ := strings.Cut(ledger.To, ":")
	protocol := evidence.LedgerTCP
	if ledger.Protocol == evidence.LedgerUDP {
		protocol = ledger.Protocol
	}
	chains := append(slices.Clone(rule.Path), rule.Chain)
	switch rule.Manager {
	case "csf":
		if slices.Contains(chains, "DENYOUT") {
			return "/etc/csf/csf.deny", fmt.Sprintf("Take %s off the list of denied addresses: sudo csf -dr %s, or sudo csf -tr %s if the ban is a temporary one. To undo it, run sudo csf -d %s.",
				address, address, address, address)
		}
		setting := strings.ToUpper(protocol) + "_OUT"
		return "/etc/csf/csf.conf, " + setting, fmt.Sprintf("Add %s to %s in /etc/csf/csf.conf, then run sudo csf -r. To undo it, take it out and run that again.", port, setting)
	case "ufw":
		if rule.Handle != 0 && !slices.Contains([]string{"ufw-user-output", "ufw-reject-output"}, rule.Chain) {
			return "/etc/ufw, before.rules or after.rules", "" // written by hand
		}
		words := strings.Fields(rule.Text)
		what, verb := fmt.Sprintf("out %s/%s", port, protocol), "allow"
		switch own := slices.Contains(words, "-p") && slices.Contains(words, port); {
		case rule.Chain == "ufw-user-output" && own && !slices.Contains(words, "-d") && !slices.Contains(words, "-s"):
			denied := map[string]string{"reject": "reject", "drop": "deny"}[rule.Verdict]
			return "/etc/ufw/user.rules", fmt.Sprintf("Run sudo ufw allow %s, which takes the place of the rule that denies it and works at once. To undo it, run sudo ufw %s %s.", what, denied, what)
		case rule.Chain == "ufw-user-output":
			verb = "prepend allow" // ahead of the rule that denies it
		}
		file = "/etc/ufw/user.rules"
		if rule.Chain != "ufw-user-output" {
			file = "/etc/default/ufw, DEFAULT_OUTPUT_POLICY"
		}
		return file, fmt.Sprintf("Run sudo ufw %s %s, which works at once. To undo it, run sudo ufw delete allow %s.", verb, what, what)
	case "firewalld":
		if rule.File != "" {
			accept := fmt.Sprintf("rule ipv4 %s %s -1000 -p %s --dport %s -j ACCEPT", rule.Table, rule.Chain, protocol, port)
			return rule.File, permanently("--direct", accept)
		}
		name := firewalldPolicy.Regexp().FindStringSubmatch(rule.Chain)
		if name == nil {
			return "", ""
		}
		for _, part := range []string{"_pre", "_deny", "_post"} {
			if policy, is := strings.CutSuffix(name[1], part); is { // a rich rule, which comes before the ports
				return "/etc/firewalld/policies/" + policy + ".xml", ""
			}
		}
		return "/etc/firewalld/policies/" + name[1] + ".xml", permanently("--policy "+name[1], "port "+port+"/"+protocol)
	case "shorewall":
		for _, chain := range chains {
			if zones := shorewallZones.Regexp().FindStringSubmatch(chain); zones != nil {
				return "/etc/shorewall/rules", fmt.Sprintf("Add the line ACCEPT $FW %s %s %s to /etc/shorewall/rules, in the section NEW and ahead of any line that denies it, then run sudo shorewall reload. To undo it, remove the line and run that again.", zones[2], protocol, port)
			}
		}
		return "/etc/shorewall/policy", ""
	}
	return "", ""
}

// permanently is the step that adds something to firewalld's settings.
func permanently(where, what string) string {
	reload := ", then sudo firewall-cmd --reload. "
	return "Run sudo firewall-cmd --permanent " + where + " --add-" + what + reload +
		"To undo it, run sudo firewall-cmd --permanent " + where + " --remove-" + what + strings.TrimSpace(reload)
}

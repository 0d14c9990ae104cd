package thishost

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"opensrs-doctor/probes/evidence"
)

// iptablesTables are those that iptables knows.
var iptablesTables = []string{"filter", "mangle", "raw", "nat", "security"}

// saved are the rules as iptables-save prints them for iptables-legacy, whose rules nftables does not show, or for
// iptables (iptables-nft): of all tables, or of one.
func saved(deadline time.Time, tool string, table ...string) (ruleset, error) {
	name := map[string]string{"iptables-legacy": "iptables-legacy-save", "iptables": "iptables-nft-save"}[tool]
	path, err := systemProgram(name)
	if err != nil {
		return ruleset{}, err
	}
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	args := []string{"-c"}
	for _, one := range table {
		args = append(args, "-t", one)
	}
	text := atMost{left: rulesBytes}
	command := exec.CommandContext(ctx, path, args...)
	command.Dir, command.Env, command.Stdout, command.WaitDelay = "/", []string{"LC_ALL=C", "PATH=/usr/sbin:/sbin:/usr/bin:/bin"}, &text, readTime
	if err := command.Run(); err != nil {
		if ctx.Err() != nil || errors.Is(err, errTooManyRules) {
			err = errTooManyRules
		}
		return ruleset{}, fmt.Errorf("%s: %w", name, err)
	}
	return savedRules(text.kept.String(), tool), nil
}

// atMost keeps what fits. The buffer is not embedded: its ReadFrom would pass by the limit.
type atMost struct {
	kept bytes.Buffer
	left int
}

func (b *atMost) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errTooManyRules
	}
	return b.kept.Write(p)
}

// systemProgram is a program of the system by its name: as root no other is run than one that root alone can change.
func systemProgram(name string) (string, error) {
	for _, dir := range []string{"/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/"} {
		var file unix.Stat_t
		if unix.Stat(dir+name, &file) == nil && file.Uid == 0 && file.Mode&0o022 == 0 && file.Mode&unix.S_IFMT == unix.S_IFREG {
			return dir + name, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, os.ErrNotExist)
}

// savedRules reads what iptables-save -c prints: for each table a line "*filter", its chains as ":OUTPUT DROP [20:1200]"
// with policy, packets and bytes, and its rules as "[5:300] -A OUTPUT -o lo -j ACCEPT".
func savedRules(saved, tool string) ruleset {
	var all ruleset
	table, places := "", map[string]uint64{}
	for line := range strings.Lines(saved) {
		line = strings.TrimSpace(line)
		if name, is := strings.CutPrefix(line, "*"); is {
			table = name
			continue
		}
		rule := filterRule{counted: true, FirewallRule: evidence.FirewallRule{Family: "ip", Table: table, Tool: tool}}
		if chain, is := strings.CutPrefix(line, ":"); is {
			if words := strings.Fields(chain); len(words) == 3 && words[1] != "-" {
				base := baseChain{FirewallRule: rule.FirewallRule, counted: true, packets: countOf(words[2])}
				if base.Chain, base.Hook = words[0], strings.ToLower(words[0]); words[1] == "DROP" {
					base.Verdict = "drop"
				}
				all.bases = append(all.bases, base)
			}
			continue
		}
		count, text, is := strings.Cut(line, " -A ")
		if !is || !strings.HasPrefix(count, "[") {
			continue
		}
		rule.packets, rule.Text = countOf(count), "-A "+text
		rule.Chain, text, _ = strings.Cut(text, " ")
		place := chainOf(rule.Family, table, rule.Chain)
		places[place]++
		rule.Handle = places[place]
		words := strings.Fields(text)
		for i, word := range words[:max(len(words)-1, 0)] {
			switch word {
			case "-j", "--jump", "-g", "--goto":
				switch target := words[i+1]; target {
				case "DROP", "REJECT":
					rule.Verdict = strings.ToLower(target)
				case "NFQUEUE", "QUEUE":
					rule.opaque = true
				case "DNAT":
					rule.nat = natTarget
				case "REDIRECT":
					rule.nat = natRedirect
				default:
					rule.jump = target
				}
			}
		}
		all.rules = append(all.rules, rule)
	}
	return all
}

// countOf reads packets out of "[20:1200]".
func countOf(counts string) uint64 {
	packets, _, _ := strings.Cut(strings.TrimPrefix(counts, "["), ":")
	n, _ := strconv.ParseUint(packets, 10, 64)
	return n
}

// spell gives a rule that iptables wrote into nftables the words and the place that iptables lists it with.
func spell(r *evidence.FirewallRule, all ruleset) {
	if r.Tool != "" || r.Family != "ip" || r.Handle == 0 || !slices.Contains(iptablesTables, r.Table) {
		return
	}
	of := func(rules []filterRule) (chain []filterRule) {
		for _, one := range rules {
			if one.Family == r.Family && one.Table == r.Table && one.Chain == r.Chain {
				chain = append(chain, one)
			}
		}
		return chain
	}
	listed, err := saved(time.Now().Add(readTime), "iptables", r.Table)
	if err != nil {
		return
	}
	was, is := of(all.rules), of(listed.rules)
	place := slices.IndexFunc(was, func(one filterRule) bool { return one.Handle == r.Handle })
	if place < 0 || len(was) != len(is) || is[place].Verdict != r.Verdict {
		return // a table that iptables cannot show
	}
	r.Tool, r.Handle, r.Text = "iptables", uint64(place+1), is[place].Text
}

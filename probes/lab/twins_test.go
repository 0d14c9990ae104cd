//go:build linux

package lab

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"opensrs-doctor/probes/iprules"
)

// twins are worlds whose evidence is the same, as far as a diagnosis may go by it. Where two of them have different
// truths, neither may be certain.
var twins families

type families struct {
	mu  sync.Mutex
	all map[string][]twin // by class
}

// twin is one world: what is broken in it, what else is as right, and what was said.
type twin struct {
	fault             Fault
	found, confidence string
}

func (f *families) add(fault Fault, w *World, result Result) {
	class, err := classOf(w, result)
	if err != nil {
		return // the fault itself has failed for that
	}
	one := twin{fault: fault}
	for _, d := range result.Report.Diagnoses {
		if d.Severity != "info" {
			one.found, one.confidence = d.Cause, d.Confidence
			break
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all == nil {
		f.all = map[string][]twin{}
	}
	f.all[class] = append(f.all[class], one)
}

// differ reports whether two worlds have different truths, none of which is as right for the other.
func differ(a, b twin) bool {
	return a.fault.Cause != b.fault.Cause && !slices.Contains(a.fault.Or, b.fault.Cause) && !slices.Contains(b.fault.Or, a.fault.Cause)
}

// check prints the classes with more than one truth, and fails where one of its worlds was called certain.
func (f *families) check(t *testing.T) {
	f.mu.Lock()
	defer f.mu.Unlock()
	worlds, shared := 0, 0
	for _, class := range f.all {
		worlds += len(class)
		slices.SortFunc(class, func(a, b twin) int { return cmp.Compare(a.fault.path(), b.fault.path()) })
		var lines []string
		certain := false
		for _, one := range class {
			if slices.ContainsFunc(class, func(other twin) bool { return differ(one, other) }) {
				lines = append(lines, fmt.Sprintf("  %-70s %s %s", one.fault.path(), cmp.Or(one.found, "nothing"), one.confidence))
				certain = certain || one.confidence == "certain"
			}
		}
		if len(lines) == 0 {
			continue
		}
		shared++
		text := "one class of evidence, and more than one truth:\n" + strings.Join(lines, "\n")
		if certain {
			t.Error(text)
		} else {
			fmt.Println(text)
		}
	}
	fmt.Printf("twins: %d worlds, %d classes of evidence, %d with more than one truth\n", worlds, len(f.all), shared)
}

// telling are the members of facts whose words a diagnosis may go by: they are of closed lists. Of other texts it counts
// whether they are there. Names, addresses, times and counts are dropped.
var telling = []string{"kind", "answer", "rcode", "class", "verdict", "transport", "alert", "version", "path", "id", "severity", "protocol",
	"not_made", "name", "op", "went_out", "indicator", "code", "status", "waited_for"}

func reduce(key string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for name, member := range value {
			if reduced := reduce(name, member); reduced != nil {
				kept[name] = reduced
			}
		}
		return kept
	case []any: // as a set: how many there are, and in which order, tells nothing
		var kept []string
		for _, member := range value {
			text, _ := json.Marshal(reduce(key, member))
			kept = append(kept, string(text))
		}
		slices.Sort(kept)
		return slices.Compact(kept)
	case string:
		if slices.Contains(telling, key) && len(value) < 40 {
			return value
		}
		return value != ""
	case float64:
		switch {
		case (key == "http_status" || key == "code") && value == http.StatusNetworkAuthenticationRequired: // which says what it is about
			return value
		case key == "http_status":
			return int(value) / 100
		case key == "icmp_type" || key == "icmp_code":
			return value
		case strings.HasSuffix(key, "_ms") || key == "ttl" || key == "port":
			return nil
		}
		return value > 0
	case nil:
		return "unknown"
	}
	return value
}

// evidence is what the dimensions below read of a report.
type evidence struct {
	StartedAt time.Time `json:"started_at"`
	Target    struct {
		Port      int          `json:"port"`
		Addresses []netip.Addr `json:"addresses"`
	} `json:"target"`
	Host struct {
		LocalAddress netip.Addr `json:"local_address"`
	} `json:"host"`
	Probes []struct {
		Name       string         `json:"name"`
		Status     string         `json:"status"`
		WaitedFor  string         `json:"waited_for"`
		DurationMS float64        `json:"duration_ms"`
		Facts      map[string]any `json:"facts"`
	} `json:"probes"`
}

// greets tells how servers of mail and shells begin.
var greets = regexp.MustCompile(`^(220 |\* |\+OK|SSH-)`)

// words tells a line of words from other quotes.
var words = regexp.MustCompile(`^[\w ,.:;!?'-]+$`)

// classOf is what is left of a world's evidence without times, addresses, counts and names, and with what follows from
// them: where on the path something answers, which clock and dates are right, which addresses are the same.
func classOf(w *World, result Result) (string, error) {
	var report evidence
	var whole map[string]any
	if err := json.Unmarshal(result.Stdout, &report); err != nil {
		return "", err
	}
	if err := json.Unmarshal(result.Stdout, &whole); err != nil {
		return "", err
	}
	host, _ := whole["host"].(map[string]any)
	class := []any{report.Target.Port == 55443, requires(w), reduce("proxy", host["proxy"]),
		host["has_ipv4_route"], host["has_ipv6_route"], reduce("resolvers_problem", host["resolvers_problem"])}
	clock := 0.0
	for _, probe := range report.Probes {
		if seen, ok := probe.Facts["clock"].(map[string]any); ok {
			clock, _ = seen["offset_ms"].(float64)
		}
		class = append(class, probe.Name, probe.Status, probe.WaitedFor, reduce("facts", probe.Facts), probe.DurationMS > 3000)
	}
	offset := time.Duration(clock) * time.Millisecond
	class = append(class, offset > 5*time.Minute, offset < -5*time.Minute)
	var seen []netip.Addr
	for _, probe := range report.Probes {
		facts := probe.Facts
		switch probe.Name {
		case "egress":
			v4, byDNS := addressesIn(facts["ipv4"]), addressesIn(facts["dns_seen"])
			seen = append(v4, addressesIn(members(facts["from_call"], "address"))...)
			class = append(class, len(v4) > 1, slices.ContainsFunc(byDNS, func(a netip.Addr) bool { return !slices.Contains(v4, a) }),
				slices.Contains(addressesIn(members(facts["sightings"], "local_address")), report.Host.LocalAddress))
		case "rules":
			class = append(class, verdicts(w.Rules, seen))
		case "dns":
			pinned, given := addressesIn(facts["hosts_addresses"]), []netip.Addr{}
			for _, answer := range list(facts["answers"]) {
				given = append(given, addressesIn(answer["a"])...)
			}
			class = append(class, slices.ContainsFunc(pinned, func(a netip.Addr) bool { return !slices.Contains(given, a) }),
				slices.ContainsFunc(addressesIn(facts["ipv4"]), func(a netip.Addr) bool { return iprules.NeverPublic(a) != "" }))
		case "port":
			path, _ := facts["path"].(map[string]any)
			connect, _ := facts["connect_ms"].(float64)
			witness, _ := facts["witness"].(map[string]any)
			class = append(class, walked(path["port"], report.Target.Addresses), walked(path["compare"], report.Target.Addresses), path["distance"],
				connect > 1000, slices.Contains(seen, firstIn(addressesIn([]any{witness["address"]}))))
		case "tls":
			now := report.StartedAt
			for _, certificate := range list(facts["chain"]) {
				from, until := timeIn(certificate["not_before"]), timeIn(certificate["not_after"])
				right := now.Add(offset)
				class = append(class, right.Before(from), right.After(until), now.Before(from), now.After(until), until.Sub(right) < 14*day)
			}
		case "call":
			quote, _ := facts["quote"].(string)
			class = append(class, strings.Contains(quote, "<"), words.MatchString(quote), greets.MatchString(quote))
		}
	}
	text, err := json.Marshal(class)
	return string(text), err
}

// requires are the probes that have to run.
func requires(w *World) (probes []string) {
	for i, flag := range w.Flags {
		if flag == "--require" && i+1 < len(w.Flags) {
			probes = append(probes, w.Flags[i+1])
		}
	}
	return probes
}

func list(of any) (members []map[string]any) {
	all, _ := of.([]any)
	for _, one := range all {
		if member, ok := one.(map[string]any); ok {
			members = append(members, member)
		}
	}
	return members
}

func members(of any, name string) (values []any) {
	for _, member := range list(of) {
		values = append(values, member[name])
	}
	return values
}

func addressesIn(of any) (found []netip.Addr) {
	all, _ := of.([]any)
	for _, one := range all {
		text, _ := one.(string)
		if address, err := netip.ParseAddr(text); err == nil {
			found = append(found, address)
		}
	}
	return found
}

func firstIn(addresses []netip.Addr) netip.Addr {
	if len(addresses) == 0 {
		return netip.Addr{}
	}
	return addresses[0]
}

func timeIn(of any) time.Time {
	text, _ := of.(string)
	at, _ := time.Parse(time.RFC3339, text)
	return at
}

// walked is a walk by what answers at each hop, and who that is.
func walked(hops any, host []netip.Addr) (answers []string) {
	for _, hop := range list(hops) {
		who, from := "", firstIn(addressesIn([]any{hop["from"]}))
		switch {
		case hop["from_self"] == true:
			who = "this host"
		case slices.Contains(host, from):
			who = "the host"
		case from.IsPrivate():
			who = "near"
		case from.IsValid():
			who = "far"
		}
		answers = append(answers, fmt.Sprint(hop["answer"], " ", who))
	}
	return answers
}

// verdicts are those of a list for some addresses.
func verdicts(list []string, addresses []netip.Addr) (found []string) {
	var rules []iprules.Rule
	for _, text := range list {
		if rule, err := iprules.Parse(text); err == nil {
			rules = append(rules, rule)
		}
	}
	for _, address := range addresses {
		found = append(found, string(iprules.Evaluate(rules, address).Verdict))
	}
	slices.Sort(found)
	return slices.Compact(found)
}

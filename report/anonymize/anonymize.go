// Package anonymize replaces addresses, names and the username in a report by tokens that stay the same within it.
package anonymize

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// Anonymize is a deep copy of the report without what tells whose it is: addresses other than loopback,
// host names other than the public services' and the default sources', the username, the host's name, paths that not every
// system has, names that somebody gave to interfaces, chains and units, and the names in certificates that are no public
// authority's. In their place stand tokens, "address-1", "private-1" (an address of a private network), "host-1", "user-1",
// "path-1", "certificate-1": the same one for the same thing wherever it stands, also inside sentences and prefixes.
//
// What a text is, its field's tag says (see kinds). Certificates in PEM, and members of the facts that no field is for,
// are left out.
func Anonymize(r *report.Report) *report.Report {
	anonymous, err := anonymized(r)
	if err != nil {
		// Never give out the original instead: the shape of the report, without a word of it.
		return Bare(r)
	}
	return anonymous
}

func anonymized(r *report.Report) (*report.Report, error) {
	document, err := json.Marshal(report.Complete(r))
	if err != nil {
		return nil, err
	}
	tree, err := report.ParseTree(document)
	if err != nil {
		return nil, err
	}
	names := NewTokens()
	names.private = r.Tool.RootsDate == ""
	known, _ := wholeReport.Get().known(tree)
	names.collect(known, false)
	names.Sort()
	var out bytes.Buffer
	if err := report.WriteTree(&out, names.replaced(known)); err != nil {
		return nil, err
	}
	anonymous := new(report.Report)
	if err := json.Unmarshal(out.Bytes(), anonymous); err != nil {
		return nil, err
	}
	return anonymous, nil
}

// Bare is a report's verdict, causes and statuses.
func Bare(r *report.Report) *report.Report {
	out := &report.Report{Schema: r.Schema, Tool: r.Tool, RunID: r.RunID, StartedAt: r.StartedAt,
		DurationMS: r.DurationMS, Verdict: r.Verdict, Interrupted: r.Interrupted}
	out.Target.Environment = r.Target.Environment
	out.Target.Port = r.Target.Port
	for _, d := range r.Diagnoses {
		out.Diagnoses = append(out.Diagnoses, report.Diagnosis{Cause: d.Cause, Severity: d.Severity,
			Confidence: d.Confidence, Probe: d.Probe, Summary: d.Cause})
	}
	for _, row := range r.Probes {
		out.Probes = append(out.Probes, report.Probe{Name: row.Name, Status: row.Status, Summary: string(row.Status),
			DurationMS: row.DurationMS, WaitedFor: row.WaitedFor, Facts: json.RawMessage("{}")})
	}
	return out
}

// tokens are what stands for what. A known name whose token is itself stays.
type tokens struct {
	names   map[string]string // in lower case -> token
	sorted  []string          // the names
	shorter []int             // of each sorted name the longest other one that it begins with, -1 where there is none
	begins  [256]bool         // first bytes of names
	count   map[string]int    // tokens given out, by kind
	private bool              // --public-roots: what leads to those is no public authority
}

// NewTokens knows the names that are the same in everybody's report, and no others. Sort comes before Replace.
func NewTokens() *tokens {
	t := &tokens{names: map[string]string{}, count: map[string]int{}}
	for _, name := range publicNames() {
		t.names[name] = ""
	}
	return t
}

// longestName is more than any host name or distinguished name of a sane certificate, in bytes.
const longestName = 512

// add gives a name its token, unless it has one or is an address: addresses are found wherever they stand.
func (t *tokens) add(kind, name string) {
	name = screen.Lower(strings.TrimSpace(name))
	if name == "" || len(name) > longestName {
		return
	}
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return
	}
	if _, known := t.names[name]; !known {
		t.count[kind]++
		t.names[name] = fmt.Sprintf("%s-%d", kind, t.count[kind])
	}
}

// Sort makes the names ready to be found. A report may hold as many as it has values, each beginning like the next: so
// that a place in a text costs one search, and not one for every length.
func (t *tokens) Sort() {
	t.sorted = slices.Sorted(maps.Keys(t.names))
	t.shorter = make([]int, len(t.sorted))
	for i, name := range t.sorted {
		t.begins[name[0]] = true
		at := i - 1
		for at >= 0 && !strings.HasPrefix(name, t.sorted[at]) {
			at = t.shorter[at]
		}
		t.shorter[i] = at
	}
}

// address gives an address its token. IPv4 inside IPv6 is the same as IPv4, and the zone does not count. Whether a hop is
// within the caller's network or carrier is what a path is read for, so a private address (CGNAT too) stays recognisable.
func (t *tokens) address(a netip.Addr) string {
	key := a.Unmap().WithZone("").String()
	if t.names[key] == "" {
		kind := netaddr.TokenAddress
		switch iprules.NeverPublic(a) {
		case "private", "CGNAT":
			kind = netaddr.TokenPrivate
		}
		t.count[kind]++
		t.names[key] = fmt.Sprint(kind, t.count[kind])
	}
	return t.names[key]
}

// replaced is the tree with tokens in the place of names and addresses. Words of a closed list stay: a
// host may be called "test".
func (t *tokens) replaced(value any) any {
	switch v := value.(type) {
	case report.Object:
		out := report.Object{}
		for _, m := range v {
			out = append(out, report.Member{Name: m.Name, Value: t.replaced(m.Value)})
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, element := range v {
			out = append(out, t.replaced(element))
		}
		return out
	case leaf:
		if v.kind == kindKeep {
			return v.text
		}
		return t.Replace(v.text)
	}
	return value
}

// Replace puts tokens in the place of every known name and every address of a text.
func (t *tokens) Replace(text string) string {
	var out strings.Builder
	small := screen.Lower(text)
	for i := 0; i < len(text); {
		if n := t.nameAt(small, i); n > 0 {
			if token := t.names[small[i:i+n]]; token != "" {
				out.WriteString(token)
			} else {
				out.WriteString(text[i : i+n])
			}
			i += n
			continue
		}
		if address, n := addressAt(text, i); n > 0 {
			if address.Unmap().IsLoopback() {
				out.WriteString(text[i : i+n])
			} else {
				out.WriteString(t.address(address))
			}
			i += n
			continue
		}
		out.WriteByte(text[i])
		i++
	}
	return out.String()
}

// nameAt is the length of the longest known name that begins at i, 0 where none does. A name is not
// found inside a longer word.
func (t *tokens) nameAt(small string, i int) int {
	if !t.begins[small[i]] || i > 0 && nameByte(small[i-1]) && nameByte(small[i]) {
		return 0
	}
	rest := small[i:min(i+longestName, len(small))]
	at, same := slices.BinarySearch(t.sorted, rest)
	if !same {
		at-- // the last name before it: every name that it begins with, that one begins with too
	}
	common := 0
	if at >= 0 {
		name := t.sorted[at]
		for common < len(name) && common < len(rest) && name[common] == rest[common] {
			common++
		}
	}
	for ; at >= 0; at = t.shorter[at] {
		if n := len(t.sorted[at]); n <= common && wholeWord(small, i, i+n) {
			return n
		}
	}
	return 0
}

// wholeWord reports whether text[from:to] neither begins nor ends inside a word.
func wholeWord(text string, from, to int) bool {
	return (from == 0 || !nameByte(text[from-1]) || !nameByte(text[from])) &&
		(to == len(text) || !nameByte(text[to]) || !nameByte(text[to-1]))
}

func nameByte(c byte) bool { return c != '-' && screen.WordByte(c) }

// longestAddress is the longest text form of an address without its zone, in bytes.
const longestAddress = 45

// addressAt reads the longest address that begins at i, and its length in the text with the zone; 0 where
// none begins there.
func addressAt(text string, i int) (netip.Addr, int) {
	if !addressByte(text[i]) || i > 0 && screen.WordByte(text[i-1]) && text[i-1] != '-' {
		return netip.Addr{}, 0
	}
	if i > 1 && text[i-1] == '.' && screen.Digit(text[i-2]) { // inside a longer dotted number
		return netip.Addr{}, 0
	}
	end := i
	for end < len(text) && end < i+longestAddress && addressByte(text[end]) {
		end++
	}
	run := text[i:end]
	if strings.Count(run, ":") < 2 && strings.Count(run, ".") < 3 {
		return netip.Addr{}, 0
	}
	for ; end > i+1; end-- {
		switch {
		case end < len(text) && nameByte(text[end]):
		case end+1 < len(text) && text[end] == '.' && screen.Digit(text[end+1]):
		default:
			if address, err := netip.ParseAddr(text[i:end]); err == nil {
				return address, end - i + zoneLength(text[end:])
			}
		}
	}
	return netip.Addr{}, 0
}

// zoneLength is the length of a zone, "%eth0", at the beginning of the text.
func zoneLength(text string) int {
	if !strings.HasPrefix(text, "%") {
		return 0
	}
	n := 1
	for n < len(text) && text[n] < 0x80 && screen.WordByte(text[n]) {
		n++
	}
	return n
}

func addressByte(c byte) bool {
	return screen.Digit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' || c == ':' || c == '.'
}

// Package accessrules writes what rules check, rules lint and rules plan have found, for people and as JSON.
package accessrules

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"

	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report/screen"
)

// Judgement writes what a list of rules says of addresses. As JSON it is a line each, as fast as they come; for a person
// it is a line for each distinct address, in the order in which they came, once there are no more. What it says depends
// on where an address lies, not on the address, so that the words of a line are put together once.
type Judgement struct {
	out     *bufio.Writer
	matcher *iprules.Matcher
	json    bool
	screen  *screen.Writer

	heads, tails [][]byte // by the matcher's rulings: what comes before and after the address
	counts       []uint64 // by the matcher's rulings; for a person of distinct addresses
	judged, bad  uint64   // lines with an address, and without
	failed       []byte   // what comes before a bad line's number
	line         []byte
	err          error

	tally *tally // for a person
}

// NewJudgement writes to w, as JSON lines or for a person.
func NewJudgement(w io.Writer, m *iprules.Matcher, asJSON bool, o screen.Options) *Judgement {
	return &Judgement{out: bufio.NewWriterSize(w, 64<<10), matcher: m, json: asJSON, screen: screen.New(o),
		tally: newTally()}
}

// Address judges one address.
func (j *Judgement) Address(ip netip.Addr) {
	ip = ip.Unmap()
	j.judged++
	if j.json {
		index := j.address(ip, 1)
		j.counts[index]++
	} else if j.tally.address(ip) {
		index := j.ruling(ip)
		j.counts[index]++
	}
}

// ruling is the place of what the list says of the address, whose words are then ready.
func (j *Judgement) ruling(ip netip.Addr) int {
	index := j.matcher.Index(ip)
	for index >= len(j.tails) {
		head, tail := j.words(len(j.tails))
		j.heads, j.tails, j.counts = append(j.heads, head), append(j.tails, tail), append(j.counts, 0)
	}
	return index
}

// address writes the line of one address, which was met so many times, and gives the place of the ruling on it.
func (j *Judgement) address(ip netip.Addr, times uint32) (ruling int) {
	index := j.ruling(ip)
	j.line = append(j.line[:0], j.heads[index]...)
	start := len(j.line)
	j.line = ip.AppendTo(j.line)
	for !j.json && len(j.line)-start < addressWidth {
		j.line = append(j.line, ' ')
	}
	j.line = append(j.line, j.tails[index]...)
	if !j.json {
		j.line = j.line[:len(j.line)-1]
		if ip.Is6() && j.matcher.Rulings()[index] == nothingMatches {
			j.line = append(j.line, ": the control panel takes IPv4 only"...)
		}
		if times > 1 {
			j.line = append(j.line, " ("...)
			j.line = append(strconv.AppendUint(j.line, uint64(times), 10), " lines)"...)
		}
		j.line = append(j.line, '\n')
	}
	j.write(j.line)
	return index
}

// nothingMatches is the ruling of a list with rules none of which matches.
var nothingMatches = iprules.Ruling{Verdict: iprules.VerdictDeny,
	Says: [3]iprules.Action{iprules.Deny, iprules.Deny, iprules.Deny}}

// addressWidth is the column of an IPv4 address; a longer one pushes the rest to the right.
const addressWidth = len("255.255.255.255")

func (j *Judgement) write(line []byte) {
	if _, err := j.out.Write(line); err != nil && j.err == nil {
		j.err = err
	}
}

// words are what comes before and after an address with that ruling.
func (j *Judgement) words(index int) (head, tail []byte) {
	r := j.matcher.Rulings()[index]
	if j.json {
		return []byte(`{"ip":"`), jsonTail(r)
	}
	mark, in := j.screen.Mark(verdictMarks.Get()[r.Verdict])
	j.screen.Out.Reset()
	j.screen.Raw(mark, in)
	head = []byte(j.screen.Out.String() + " ")
	verdict := r.Verdict + strings.Repeat(" ", max(0, len(iprules.VerdictAmbiguous)-len(r.Verdict)))
	return head, []byte("  " + verdict + "  " + rulingWords(r, j.matcher.Rules()) + "\n")
}

// verdictMarks are the signs of the verdicts, by the name of a status.
var verdictMarks = lazy.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{
		iprules.VerdictAllow: "pass", iprules.VerdictDeny: "fail",
		iprules.VerdictAmbiguous: "warn", iprules.VerdictUnknown: "warn",
	}
}}

// jsonTail is a line of the contract from behind the address.
func jsonTail(r iprules.Ruling) []byte {
	tail := []byte(`","verdict":"` + r.Verdict + `",`)
	if r.NeverPublic != "" {
		tail = append(tail, `"reason":"`+iprules.ReasonNeverPublic+`",`...)
	}
	tail = append(tail, `"rule":`...)
	if r.By[0] == 0 {
		tail = append(tail, "null"...)
	} else {
		tail = strconv.AppendInt(tail, int64(r.By[0]), 10)
	}
	if r.Says[0] == "" {
		return append(tail, `,"readings":null}`+"\n"...)
	}
	tail = append(tail, `,"readings":{`...)
	for i, reading := range iprules.Readings {
		if i > 0 {
			tail = append(tail, ',')
		}
		tail = append(tail, `"`+reading+`":"`+string(r.Says[i])+`"`...)
	}
	return append(tail, "}}\n"...)
}

// rulingWords says which rule decides, under each reading where they differ.
func rulingWords(r iprules.Ruling, rules []iprules.Rule) string {
	switch {
	case r.NeverPublic != "" && r.By[0] > 0:
		return fmt.Sprintf("never public (%s), though rule %d, %s, matches", r.NeverPublic, r.By[0], rules[r.By[0]-1])
	case r.NeverPublic != "":
		return "never public (" + r.NeverPublic + ")"
	case r.Verdict == iprules.VerdictUnknown:
		return "there are no rules"
	case r.Verdict == iprules.VerdictAmbiguous:
		return groups(r, "; ", func(i int) string { return string(r.Says[i]) }, nil)
	case r.By[0] == 0:
		return "no rule matches"
	}
	words := fmt.Sprintf("rule %d, %s", r.By[0], rules[r.By[0]-1])
	if r.By[1] != r.By[0] || r.By[2] != r.By[0] {
		words += "; " + groups(r, "; ", func(i int) string { return "rule " + strconv.Itoa(r.By[i]) },
			func(i int) bool { return r.By[i] != r.By[0] })
	}
	return words
}

// groups puts the readings together of which the same is said: "first-match: allow; most-specific, deny-wins: deny".
func groups(r iprules.Ruling, between string, say func(int) string, which func(int) bool) string {
	var said []string
	names := map[string][]string{}
	for i, reading := range iprules.Readings {
		if which != nil && !which(i) {
			continue
		}
		text := say(i)
		if names[text] == nil {
			said = append(said, text)
		}
		names[text] = append(names[text], reading)
	}
	for i, text := range said {
		said[i] = strings.Join(names[text], ", ") + ": " + text
	}
	return strings.Join(said, between)
}

// Bad tells of a line that is not an address.
func (j *Judgement) Bad(line iprules.AddressLine) {
	j.bad++
	if !j.json {
		j.tally.badLine(line)
		return
	}
	j.line = append(j.line[:0], `{"line":`...)
	j.line = strconv.AppendInt(j.line, int64(line.Number), 10)
	j.line = append(j.line, `,"error":`...)
	j.line = appendJSON(j.line, line.Error())
	j.write(append(j.line, "}\n"...))
}

// badLine writes the line of one that is not an address.
func (j *Judgement) badLine(line iprules.AddressLine) {
	if j.failed == nil {
		mark, in := j.screen.Mark("fail")
		j.screen.Out.Reset()
		j.screen.Raw(mark, in)
		j.failed = []byte(j.screen.Out.String() + " line ")
	}
	j.line = append(j.line[:0], j.failed...)
	start := len(j.line) - len("line ")
	j.line = strconv.AppendInt(j.line, int64(line.Number), 10)
	for len(j.line)-start < addressWidth {
		j.line = append(j.line, ' ')
	}
	j.line = append(j.line, "  no address  "...)
	j.line = append(j.line, j.screen.Spell(foreign.Disarm(line.Error()))...) // clean: it quotes what was given, with escapes
	j.write(append(j.line, '\n'))
}

// Range tells of a line that is more than one address: check judges them one by one.
func (j *Judgement) Range(line iprules.AddressLine) { j.Bad(RangeLine(j.matcher, line)) }

// RangeLine makes a bad line of one that holds a range, and says what the list says of the range as a whole.
func RangeLine(m *iprules.Matcher, line iprules.AddressLine) iprules.AddressLine {
	line.Text = line.Prefix.String()
	if !line.Prefix.Addr().Is4() {
		line.Why = "this is a range; check takes single addresses, and no rule can match an IPv6 one"
		return line
	}
	line.Why = "this is a range of " + strconv.FormatUint(1<<(32-line.Prefix.Bits()), 10) + " addresses (" +
		verdictWords(m.Count(line.Prefix)) + "), and check takes single ones; rules plan takes ranges"
	return line
}

// Flush passes on what was written so far.
func (j *Judgement) Flush() error {
	if err := j.out.Flush(); err != nil && j.err == nil {
		j.err = err
	}
	return j.err
}

// Judged is how many addresses got each verdict (for a person, distinct ones), and how many lines were no addresses.
func (j *Judgement) Judged() (counts iprules.Counts, bad uint64) {
	for i, n := range j.counts {
		counts.Add(j.matcher.Rulings()[i].Verdict, n)
	}
	return counts, j.bad
}

// AllAllowed reports whether there was an address, and every reading allows every one, and no line was bad.
func (j *Judgement) AllAllowed() bool {
	counts, bad := j.Judged()
	return bad == 0 && counts.Allow > 0 && counts == iprules.Counts{Allow: counts.Allow}
}

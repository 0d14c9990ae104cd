package iprules

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"opensrs-doctor/probes/foreign"
)

// Bounds of a list: whatever is longer is not a list of access rules.
const (
	maxLine  = 1024    // bytes of one line
	maxList  = 1 << 20 // bytes of a whole list
	maxQuote = 80      // bytes of a value that an error repeats
)

// MaxUnreadable is after how many bad lines ParseList stops.
const MaxUnreadable = 100

// ParseError is one rule that could not be read.
type ParseError struct {
	Source string // a path, "--rule", "config"; empty where the caller has not said
	Line   int    // in Source, from 1; 0: none
	Text   string // as given, trimmed
	Why    string // what is wrong and what to write instead
}

// Error names the place, the value and the way out: `rules.txt:3: "alow 192.0.2.1": …`.
func (e *ParseError) Error() string {
	place := e.Source
	if e.Line > 0 {
		place += ":" + strconv.Itoa(e.Line)
	}
	if place != "" {
		place += ": "
	}
	return place + quote(e.Text) + ": " + e.Why
}

// quote repeats a value within bounds. What looks like an API key is not repeated at all: a path to
// the key given as a list of rules must not print the key.
func quote(text string) string {
	shown := scrub(text)
	if shown == notShown {
		return shown
	}
	return strconv.Quote(shown)
}

// notShown replaces what may be a secret.
const notShown = "[not shown, it may hold a secret]"

// scrub is what may be repeated of a value, without quotes.
func scrub(text string) string {
	switch {
	case foreign.MayBeSecret(text):
		return notShown
	case len(text) > maxQuote:
		return text[:maxQuote] + "…"
	}
	return text
}

// Parse reads one rule, "allow 203.0.113.0/25": an action in any case, and an address or a prefix. A bare
// address is a /32 (an IPv6 one a /128); a 4-in-6 address counts as its IPv4 address. What the control
// panel would refuse, such as a /24, parses: that is for Lint. The error is a *ParseError.
func Parse(text string) (Rule, error) {
	text = strings.TrimSpace(text)
	bad := func(format string, args ...any) (Rule, error) {
		why := exportedRule(text)
		if why == "" {
			why = fmt.Sprintf(format, args...)
		}
		return Rule{}, &ParseError{Text: text, Why: why}
	}
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return bad(`the rule is empty; write it as in the control panel, "allow 203.0.113.0/25"`)
	}
	action := Action(strings.ToLower(fields[0]))
	switch {
	case action == Allow || action == Deny:
	case len(fields) == 1 && strings.ContainsAny(fields[0], ".:"):
		return bad(`the action is missing; write "allow" or "deny" in front of the address`)
	default:
		return bad(`a rule begins with "allow" or "deny", as in "allow 203.0.113.0/25"`)
	}
	switch len(fields) {
	case 1:
		return bad(`the address is missing; write it as in "%s 203.0.113.0/25"`, action)
	case 2:
	default:
		return bad("one address or prefix per rule; take out what follows it, or make it a rule of its own")
	}
	prefix, why := parsePrefix(fields[1])
	if why != "" {
		return bad("%s", why)
	}
	return Rule{Action: action, Prefix: prefix, Text: text}, nil
}

// separators are what exports put between the parts of a rule, by their names in an error.
var separators = []struct{ sign, name string }{
	{",", "comma"}, {";", "semicolon"}, {":", "colon"}, {"|", "bar"}, {"=", "equals sign"},
	{`"`, "quotation marks"}, {"'", "quotation marks"},
}

// exportedRule says how to write a rule that has its two parts, and something else than a space between them, such as
// "allow,203.0.113.11" or "Allow: 203.0.113.11"; "" where it is not such a rule.
func exportedRule(text string) string {
	var action, address string
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\t' || strings.ContainsRune(`,;|="'`, r) })
	for _, part := range parts {
		part = strings.Trim(part, ":")
		if word := strings.ToLower(part); word == string(Allow) || word == string(Deny) {
			if action != "" {
				return ""
			}
			action = word
		} else if head, rest, _ := strings.Cut(word, ":"); action == "" && (head == string(Allow) || head == string(Deny)) {
			action, part = head, rest
		}
		if _, why := parsePrefix(part); why == "" {
			if address != "" {
				return ""
			}
			address = part
		}
	}
	if action == "" || address == "" {
		return ""
	}
	var without []string
	for _, separator := range separators {
		if strings.Contains(strings.ReplaceAll(text, address, ""), separator.sign) && !slices.Contains(without, separator.name) {
			without = append(without, separator.name)
		}
	}
	why := fmt.Sprintf("write %q: the action, a space and the address", action+" "+address)
	if len(without) > 0 {
		why += ", without the " + strings.Join(without, " and ")
	}
	return why
}

// parsePrefix reads an address or prefix; why is "" where it is one.
func parsePrefix(text string) (prefix netip.Prefix, why string) {
	address, length, sliced := strings.Cut(text, "/")
	if strings.IndexByte(address, '.') < 0 && strings.IndexByte(address, ':') < 0 {
		return prefix, whyNoAddress(address)
	}
	ip, err := netip.ParseAddr(address)
	switch {
	case err != nil:
		return prefix, whyNoAddress(address)
	case ip.Zone() != "":
		return prefix, "an address with a zone is link-local and never public; give the public address"
	}
	bits := ip.BitLen()
	if sliced {
		bits, err = strconv.Atoi(length)
		switch {
		case strings.Contains(length, "."):
			return prefix, "write the prefix length after the slash, as in /25, not a netmask"
		case err != nil || bits < 0 || bits > ip.BitLen() || strconv.Itoa(bits) != length:
			return prefix, fmt.Sprintf("the prefix length is a number up to %d, without leading zeros;"+
				" the control panel takes /%d to /%d", ip.BitLen(), limits.Widest, limits.Narrowest)
		}
	}
	if ip.Is4In6() && bits >= 96 {
		ip, bits = ip.Unmap(), bits-96
	}
	return netip.PrefixFrom(ip, bits), ""
}

// whyNoAddress tells the usual ways to miss an address apart.
func whyNoAddress(text string) string {
	digits := strings.Trim(text, "0123456789.") == ""
	switch {
	case strings.IndexByte(text, '-') >= 0, strings.IndexByte(text, ',') >= 0, strings.IndexByte(text, '*') >= 0:
		return "not an address; write one address or a prefix such as 203.0.113.0/25, without ranges and wildcards"
	case digits && strings.Count(text, ".") == 3:
		for _, octet := range strings.Split(text, ".") {
			if len(octet) > 1 && octet[0] == '0' {
				return "a number with a leading zero is octal to some programs; write it without the zero"
			}
		}
		return "the four numbers of an address are 0 to 255"
	case digits:
		return "an IPv4 address has four numbers, as in 203.0.113.10"
	case strings.Contains(text, ":"):
		return "not an IPv6 address, and the control panel takes IPv4 only, as in 203.0.113.10"
	}
	return "not an address; the control panel takes IPv4 addresses, not names, as in 203.0.113.10"
}

// ParseList reads one rule a line: empty lines and what follows a # are skipped, lines may end in LF, CRLF
// or CR, and a byte-order mark is not a rule. Every line that cannot be read is told, the others are returned; source
// is the name that rules and errors carry. It reads at most 1 MiB and stops after 100 bad lines.
func ParseList(r io.Reader, source string) ([]Rule, []ParseError) {
	var (
		rules []Rule
		bad   []ParseError
		total int
		in    = bufio.NewReaderSize(&lineEnds{from: r}, maxLine)
	)
	for line := 1; ; line++ {
		text, n, err := readLine(in)
		if line == 1 {
			if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
				return nil, []ParseError{{source, 1, "", "the file is UTF-16; save it as UTF-8"}}
			}
			text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
		}
		text, _, _ = bytes.Cut(text, []byte("#"))
		text = bytes.TrimSpace(text)
		total += n
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return rules, append(bad, ParseError{source, line, string(text),
				fmt.Sprintf("the line is longer than %d bytes; not a list of access rules", maxLine)})
		case err != nil && err != io.EOF:
			return rules, append(bad, ParseError{source, line, "", "reading failed: " + err.Error()})
		case total > maxList:
			return rules, append(bad, ParseError{source, line, "",
				"the list is longer than 1 MiB; not a list of access rules"})
		case len(text) > 0:
			rule, parseErr := Parse(string(text))
			if parseErr == nil {
				rule.Source, rule.Line = source, line
				rules = append(rules, rule)
				break
			}
			var failed *ParseError
			errors.As(parseErr, &failed)
			bad = append(bad, ParseError{source, line, failed.Text, failed.Why})
		}
		if err == io.EOF || len(bad) >= MaxUnreadable {
			return rules, bad
		}
	}
}

// readLine gives one line without its end; io.EOF comes with the last one. A comment may be as long as
// it likes: what does not fit is skipped, within the list's bound. n counts the bytes that were read.
func readLine(in *bufio.Reader) (text []byte, n int, err error) {
	slice, err := in.ReadSlice('\n')
	text, n = bytes.Clone(slice), len(slice)
	for err == bufio.ErrBufferFull && bytes.IndexByte(text, '#') >= 0 && n <= maxList {
		slice, err = in.ReadSlice('\n')
		n += len(slice)
	}
	return text, n, err
}

package iprules

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"strings"
)

// maxAddressLine is how much of a line is looked at for an address, in bytes. The rest of a longer line is skipped.
const maxAddressLine = 64 << 10

// AddressLine is one line of a list of addresses, such as an access log. The address is the line's first word;
// what follows it is not looked at, unless it is a second address.
type AddressLine struct {
	Number int          // from 1
	Prefix netip.Prefix // a bare address is a /32 (an IPv6 one a /128); host bits are kept
	Bare   bool         // written without a prefix length
	Text   string       // of a bad line: its first word or words, as given
	Why    string       // of a bad line: what is wrong; "" for a good one
}

// Error says what is wrong with a bad line, with the value and without the place.
func (l AddressLine) Error() string {
	if l.Text == "" {
		return l.Why
	}
	return quote(l.Text) + ": " + l.Why
}

// Shown is what may be repeated of a bad line's text.
func (l AddressLine) Shown() string { return scrub(l.Text) }

// ParseAddressLine reads one line; said is false where it is empty or a comment.
func ParseAddressLine(text string) (line AddressLine, said bool) {
	return parseAddressLine([]byte(text), false)
}

// AddressReader reads a list of addresses line by line, in the memory of one line. Empty lines and what follows
// a # are skipped, lines may end in CRLF, and a byte-order mark is no address.
type AddressReader struct {
	in     *bufio.Reader
	number int
	err    error
}

// NewAddressReader reads from r.
func NewAddressReader(r io.Reader) *AddressReader {
	return &AddressReader{in: bufio.NewReaderSize(r, maxAddressLine)}
}

// Lines is how many lines were read.
func (a *AddressReader) Lines() int { return a.number }

// Err is the error that ended the reading; nil at the end of the list.
func (a *AddressReader) Err() error {
	if a.err == io.EOF {
		return nil
	}
	return a.err
}

// Next is the next line that says something, good or bad. It is false at the end, and after an error.
func (a *AddressReader) Next() (AddressLine, bool) {
	for a.err == nil {
		text, long := a.readLine()
		if a.err != nil && len(text) == 0 {
			break // after the last line's end there is no further line
		}
		a.number++
		if a.number == 1 {
			if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
				a.err = io.EOF
				return AddressLine{Number: 1, Why: "the file is UTF-16, and none of it was read; save it as UTF-8"}, true
			}
			text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
		}
		if line, said := parseAddressLine(text, long); said {
			line.Number = a.number
			return line, true
		}
	}
	return AddressLine{}, false
}

// readLine gives one line without its end, or the head of one that is too long to keep; what is left of that is
// skipped.
func (a *AddressReader) readLine() (text []byte, long bool) {
	text, a.err = a.in.ReadSlice('\n')
	if a.err != bufio.ErrBufferFull {
		return bytes.TrimSuffix(text, []byte("\n")), false
	}
	head := bytes.Clone(text[:maxAddressLine/2])
	for a.err == bufio.ErrBufferFull {
		_, a.err = a.in.ReadSlice('\n')
	}
	return head, true
}

// parseAddressLine reads one line; said is false where it is empty or a comment.
func parseAddressLine(text []byte, long bool) (line AddressLine, said bool) {
	if ip, n, ok := fastIPv4(text); ok {
		bits, length := fastLength(text[n:])
		if n += length; n == len(text) || plainRest(text[n:]) {
			return AddressLine{Prefix: netip.PrefixFrom(netip.AddrFrom4(ip), bits), Bare: length == 0}, true
		}
	}
	text, _, comment := bytes.Cut(text, []byte("#"))
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		if long && !comment {
			return AddressLine{Why: fmt.Sprintf("the line begins with more than %d KiB of white space",
				maxAddressLine/2>>10)}, true
		}
		return AddressLine{}, false
	}
	first, rest := cutWord(text)
	prefix, why := parsePrefix(first)
	if why != "" {
		return AddressLine{Text: first, Why: why}, true
	}
	second, rest := cutWord([]byte(rest))
	if second == "-" { // a log's empty field, or a range
		second, _ = cutWord([]byte(rest))
	}
	if second != "" {
		if _, why := parsePrefix(second); why == "" {
			return AddressLine{Text: first + " " + second,
				Why: "two addresses stand in the line; write one address or prefix a line"}, true
		}
	}
	return AddressLine{Prefix: prefix, Bare: !strings.Contains(first, "/")}, true
}

// cutWord splits off the first word, which is no longer than an error shows.
func cutWord(text []byte) (word, rest string) {
	text = bytes.TrimSpace(text)
	end := bytes.IndexAny(text, " \t\r\v\f")
	if end < 0 {
		end = len(text)
	}
	after := text[end:]
	return string(text[:min(end, maxWord)]), string(after[:min(len(after), maxWord)])
}

// maxWord is longer than any address, and than what an error repeats, in bytes.
const maxWord = 256

// plainRest reports whether what follows an address is of no interest: it begins with white space, and the next
// word, not counting a log's dashes, begins like no address. About others the slow way looks again.
func plainRest(rest []byte) bool {
	if rest[0] != ' ' && rest[0] != '\t' && rest[0] != '\r' {
		return false
	}
	dashes := false
	for _, c := range rest {
		switch {
		case c == ' ', c == '\t', c == '\r':
		case c == '-':
			dashes = true
		case c >= '0' && c <= '9', c == ':':
			return false
		case c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
			return dashes
		default:
			return true
		}
	}
	return true
}

// fastIPv4 reads the IPv4 address that the text begins with, and says how long it is. It takes what netip takes:
// four numbers without leading zeros. What it does not take may still be an address.
func fastIPv4(text []byte) (ip [4]byte, n int, ok bool) {
	for octet := range 4 {
		if octet > 0 {
			if n >= len(text) || text[n] != '.' {
				return ip, 0, false
			}
			n++
		}
		start, value := n, 0
		for n < len(text) && n < start+3 && text[n]-'0' <= 9 {
			value = value*10 + int(text[n]-'0')
			n++
		}
		if n == start || value > 255 || text[start] == '0' && n > start+1 {
			return ip, 0, false
		}
		ip[octet] = byte(value)
	}
	return ip, n, true
}

// fastLength reads the prefix length that the text begins with, "/25", and says how many bytes it takes: none where
// there is no slash. What it cannot read, it takes nothing of.
func fastLength(text []byte) (bits, n int) {
	if len(text) < 2 || text[0] != '/' {
		return 32, 0
	}
	for n = 1; n < len(text) && n <= 2 && text[n]-'0' <= 9; n++ {
		bits = bits*10 + int(text[n]-'0')
	}
	if n == 1 || bits > 32 || n > 2 && text[1] == '0' {
		return 32, 0
	}
	return bits, n
}

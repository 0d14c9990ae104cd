package iprules

import (
	"bufio"
	"bytes"
	"io"
	"net/netip"
	"strings"
)

// maxAddressLine is how much of a line is looked at for an address, in bytes. The rest of a longer line is skipped.
const maxAddressLine = 64 << 10

// AddressLine is one line of a list of addresses as people have it: a plain list, CSV, a log. The address is the first
// IPv4 address of the line, wherever it stands: in any column, with a port, within a URL. A line that begins with an
// IPv6 address, as of a log, is about that one where no word or column of it is an IPv4 address.
type AddressLine struct {
	Number int          // from 1
	Prefix netip.Prefix // a bare address is a /32 (an IPv6 one a /128); host bits are kept
	Bare   bool         // written without a prefix length
	More   bool         // another IPv4 address or prefix than this follows, and does not count
	Text   string       // of a bad line: what is taken for the address, or its first word
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

// ParseAddress reads an address or prefix alone, as on a command line. The line is a bad one where it is anything else.
func ParseAddress(text string) AddressLine {
	text = strings.TrimSpace(text)
	prefix, why := parsePrefix(text)
	if why != "" {
		return AddressLine{Text: text, Why: why}
	}
	return AddressLine{Prefix: prefix, Bare: !strings.Contains(text, "/")}
}

// AddressReader reads a list of addresses line by line, in the memory of one line. Empty lines, comments (from a # at
// the beginning of a word) and lines drawn in a table are skipped, and so are headers: the lines before the first address
// that name a column for one. Lines may end in LF, CRLF or CR, and a byte-order mark is not an address.
type AddressReader struct {
	in     *bufio.Reader
	number int
	begun  bool // an address was read
	err    error
}

// NewAddressReader reads from r.
func NewAddressReader(r io.Reader) *AddressReader {
	return &AddressReader{in: bufio.NewReaderSize(&lineEnds{from: r}, maxAddressLine)}
}

// lineEnds makes a line feed of each way to end a line: LF, CRLF, and CR alone, as some spreadsheets write it.
type lineEnds struct {
	from io.Reader
	cr   bool // the last byte was a CR: an LF now is the rest of its CRLF
}

func (l *lineEnds) Read(p []byte) (int, error) {
	for {
		n, err := l.from.Read(p)
		if n > 0 && (l.cr || bytes.IndexByte(p[:n], '\r') >= 0) {
			n = l.convert(p[:n])
		} else if n == 0 {
			return n, err
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// convert does so in place, and gives the length of what is left.
func (l *lineEnds) convert(text []byte) int {
	kept := 0
	for _, c := range text {
		rest := l.cr && c == '\n'
		if l.cr = c == '\r'; l.cr {
			c = '\n'
		}
		if !rest {
			text[kept] = c
			kept++
		}
	}
	return kept
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
		line, said := parseAddressLine(text, long)
		a.begun = a.begun || said && line.Why == ""
		if said && (a.begun || !isHeader(text)) {
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

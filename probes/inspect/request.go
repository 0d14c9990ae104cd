package inspect

import (
	"bytes"
	"fmt"
	"strings"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/mistakes"
	"opensrs-doctor/probes/opensrs"
)

// Captured is an HTTP/1 request as somebody captured it.
type Captured struct {
	Head
	Bodies []Reading // what the body may have been, at least one
	AsText bool      // tcpdump wrote it as text: bytes beyond ASCII are lost
	More   bool      // something else follows that is not part of it
}

// Reading is one way to read the bytes behind a head. A capture may have gained or lost a line end that
// was never, or always, on the wire.
type Reading struct {
	Body []byte
	Came int64 // the bytes that were on the wire, to be compared with Content-Length
}

// Error says that there is no request to be read. Its text is our own: a capture may hold a key.
type Error struct {
	Line int // from 1; 0 where it is about the whole
	Why  string
	Hint string // what to do, or ""
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Why
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Why)
}

// Limits of a head. A real one has less than a thousand bytes.
const (
	maxHead    = 64 << 10 // bytes
	maxHeaders = 200
)

// Parse reads a request out of a capture: the bytes as they were, or the text that tcpdump -A makes
// of them, with CRLF, LF or tcpdump's dot and LF behind each line of the head. Of several requests the first
// counts, CONNECT aside. Errors are *Error.
func Parse(raw []byte) (Captured, error) {
	if _, known := foreignTo(raw, inBytes); known {
		return Captured{}, noRequest(raw) // also where the bytes of a request can be found in it
	}
	text, fromPackets := joinPackets(raw)
	at := findRequestLine(text)
	for at >= 0 && bytes.HasPrefix(text[at:], []byte("CONNECT ")) {
		behind := at + len(firstLine(text[at:]))
		next := findRequestLine(text[behind:])
		if next < 0 {
			break
		}
		at = behind + next
	}
	if at < 0 {
		return Captured{}, noRequest(raw)
	}
	p := headParser{rest: text[at:], line: 1 + bytes.Count(text[:at], []byte("\n")), exact: !fromPackets}
	request, err := p.parse()
	if err != nil {
		if _, known := foreignTo(raw, printed); known {
			return Captured{}, noRequest(raw)
		}
		return Captured{}, err
	}
	request.AsText = fromPackets || p.end == ".\n" || at > 0
	err = request.readBody(p.rest, p.end)
	return request, err
}

const methods = `(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH)`

var (
	requestLine = lazy.Pattern{Text: `(?:^[!#$%&'*+.^_|~0-9A-Za-z-]+|` + methods + `) +[^ \r\n]+ HTTP/[0-9](?:\.[0-9])?[.\r]?$`}
	knownMethod = lazy.Pattern{Text: methods + ` +[^ \r\n]+ HTTP/[0-9](?:\.[0-9])?[.\r]?$`}
	headerLine  = lazy.Pattern{Text: `^[A-Za-z][A-Za-z0-9_-]*[ \t]*:`}
)

// findRequestLine gives where the first request begins, -1 where none does. Packet headers may come before it
// on its line. Behind it comes a header or an empty line: a line about a request is none.
func findRequestLine(text []byte) int {
	for from := 0; ; {
		at := bytes.Index(text[from:], []byte(" HTTP/"))
		if at < 0 {
			return -1
		}
		at += from
		from = at + 1
		end := bytes.IndexByte(text[at:min(len(text), at+12)], '\n')
		if end < 0 {
			continue
		}
		start := bytes.LastIndexByte(text[:at], '\n') + 1
		line, next := text[start:at+end], text[at+end+1:]
		if len(line) > maxHead || !requestLine.Regexp().Match(line) || bytes.HasPrefix(line, []byte("PRI * ")) {
			continue
		}
		next = next[:min(len(next), 256)]
		if !headerLine.Regexp().Match(next) && len(bytes.TrimLeft(firstLine(next), ".\r")) > 0 {
			continue
		}
		// A known method that comes late in the line had a packet's header before it.
		if found := knownMethod.Regexp().FindIndex(line); found != nil {
			start += found[0]
		}
		return start
	}
}

func firstLine(text []byte) []byte {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return line
}

// headParser reads the head line by line.
type headParser struct {
	rest  []byte
	line  int
	exact bool   // the line numbers are those of the file
	end   string // how the first line ends: "\r\n", "\n", ".\n"
}

func (p *headParser) fail(why string) *Error {
	if !p.exact {
		return &Error{Why: why}
	}
	return &Error{Line: p.line, Why: why}
}

// next gives the next line without its end; false where there is no end any more.
func (p *headParser) next() (string, bool) {
	at := bytes.IndexByte(p.rest, '\n')
	if at < 0 {
		return "", false
	}
	line := string(p.rest[:at])
	p.rest = p.rest[at+1:]
	p.line++
	if p.end == ".\n" {
		return strings.TrimSuffix(line, "."), true
	}
	return strings.TrimSuffix(line, "\r"), true
}

func (p *headParser) parse() (request Captured, err error) {
	first := firstLine(p.rest)
	switch {
	case bytes.HasSuffix(first, []byte("\r")):
		p.end = "\r\n"
	case bytes.HasSuffix(first, []byte(".")):
		p.end = ".\n"
	default:
		p.end = "\n"
	}
	line, _ := p.next()
	words := strings.Fields(line)
	request.Method, request.Target = words[0], words[1]
	for size := len(line); ; {
		number := p.line
		line, ok := p.next()
		if !ok {
			return request, &Error{Why: "it ends within the headers: no empty line follows them",
				Hint: "capture the whole request, with its body"}
		}
		if line == "" {
			return request, nil
		}
		if size += len(line); size > maxHead || len(request.Headers) >= maxHeaders {
			return request, &Error{Why: fmt.Sprintf("its head is over %d headers or %d KiB", maxHeaders, maxHead>>10)}
		}
		p.line = number
		name, value, isHeader := strings.Cut(line, ":")
		switch {
		case line[0] == ' ' || line[0] == '\t':
			return request, p.fail("a header goes on in a second line; HTTP has no such lines any more")
		case !isHeader || name == "":
			return request, p.fail("it is not a header, as in \"Name: value\", and no empty line came before it")
		}
		p.line = number + 1
		header := Header{Name: name, Value: strings.Trim(value, " \t"), Line: number}
		if err := request.twice(header); err != nil {
			return request, err
		}
		request.Headers = append(request.Headers, header)
	}
}

// twice refuses a second name or signature that differs from the first.
func (r *Captured) twice(header Header) error {
	for _, name := range []string{opensrs.HeaderUsername, opensrs.HeaderSignature} {
		if !strings.EqualFold(header.Name, name) {
			continue
		}
		for _, earlier := range r.Headers {
			if strings.EqualFold(earlier.Name, name) && earlier.Value != header.Value {
				return &Error{Line: header.Line, Hint: "a call has one of each; leave the one that counts",
					Why: fmt.Sprintf("%s is already on line %d, with another value", name, earlier.Line)}
			}
		}
	}
	return nil
}

// Inspect finds what is wrong with a captured request besides its signature, in the reading of its body that
// fits its head best.
func (r Captured) Inspect() []Finding {
	body, best := r.Bodies[0].Body, Request(r.Head, r.Bodies[0].Came)
	for _, reading := range r.Bodies[1:] {
		if other := Request(r.Head, reading.Came); len(other) < len(best) {
			body, best = reading.Body, other
		}
	}
	return append(best, Body(body, mistakes.Verdict{}, best)...)
}

// Explain finds what is wrong with a captured request under a key, in the reading of its body that needs the
// fewest mistakes. name is taken where the request has none. checked is false where it has no signature.
func (r Captured) Explain(key []byte, name string) (verdict mistakes.Verdict, findings []Finding, checked bool) {
	if own := r.Username(); own != "" {
		name = own
	}
	best, body := -1, []byte(nil)
	for _, reading := range r.Bodies {
		seen := Request(r.Head, reading.Came)
		signature := r.Signature()
		if signature == "" {
			return mistakes.Verdict{}, r.Inspect(), false
		}
		one := mistakes.ExplainSignature(mistakes.Attempt{Body: reading.Body, Key: key, Username: name, Signature: signature})
		size := len(one.Mistakes) + len(seen)
		if one.Unexplained() {
			size += len(mistakes.Mistakes()) // more than any set that explains it
		}
		if best < 0 || size < best {
			verdict, findings, best, body = one, seen, size, reading.Body
		}
		if size == 0 {
			break
		}
	}
	return verdict, append(findings, Body(body, verdict, findings)...), true
}

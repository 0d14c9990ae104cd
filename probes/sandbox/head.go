package sandbox

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"opensrs-doctor/probes/observed"
	"opensrs-doctor/probes/opensrs"
)

// The head of a request, judged before anything is made of it. Where two servers would read two different requests,
// or find a second one in what the first takes for a body (RFC 9112, 11.2: request smuggling), the sandbox reads none:
// one reply, and the connection ends. Many servers cope with some of this; a client that works here shall not depend
// on it.

// flaw is why a head is not read.
type flaw struct {
	id     string // of a Problem
	detail string // which, in our own words: of what the client wrote only the names below
	status int
}

// maxHeaders is how many a head may have. A call has some ten.
const maxHeaders = 200

// once are the headers that a request has at most one of. Of those with framing set a second one is a flaw even if it
// says the same, for proxies join the two to "5, 5".
var once = []struct {
	name    string
	framing bool
}{
	{"Content-Length", true}, {"Transfer-Encoding", true}, {"Host", true},
	{opensrs.HeaderUsername, false}, {opensrs.HeaderSignature, false}, {"Content-Type", false},
}

// headField is one of these headers as it was met.
type headField struct {
	value string
	line  int // 0: not met
}

// judgeHead finds the first flaw of a head, given with the empty line that ends it. Nil: there is none.
func judgeHead(head []byte) *flaw {
	fields := map[string]headField{}
	old := false // HTTP/1.0
	for number := 1; len(head) > 0; number++ {
		line, rest, _ := bytes.Cut(head, []byte("\n"))
		head = rest
		line, crlf := bytes.CutSuffix(line, []byte("\r"))
		found := flawOfLine(line, number)
		switch {
		case found != nil:
			return found
		case !crlf:
			return notHTTP("line %d ends with LF alone", number)
		case number == 1:
			old = bytes.HasSuffix(line, []byte(" HTTP/1.0"))
			continue
		case len(line) == 0:
			return flawOfFraming(fields, old)
		case number > maxHeaders+1:
			return &flaw{observed.HeadTooBig, "", http.StatusRequestHeaderFieldsTooLarge}
		}
		name, value, _ := strings.Cut(string(line), ":")
		if found := fieldTwice(fields, name, strings.Trim(value, " \t"), number); found != nil {
			return found
		}
	}
	return notHTTP("no empty line ends it")
}

func notHTTP(format string, values ...any) *flaw {
	return &flaw{observed.NotHTTP, "(" + fmt.Sprintf(format, values...) + ")", http.StatusBadRequest}
}

func twoWays(format string, values ...any) *flaw {
	return &flaw{observed.AmbiguousHead, fmt.Sprintf(format, values...), http.StatusBadRequest}
}

// flawOfLine judges the form of one line: the request line, a header, or the empty line.
func flawOfLine(line []byte, number int) *flaw {
	name, _, isHeader := bytes.Cut(line, []byte(":"))
	bare := bytes.TrimRight(name, " \t")
	switch {
	case bytes.IndexByte(line, '\r') >= 0:
		return notHTTP("line %d has a CR inside", number)
	case bytes.ContainsFunc(line, isControl):
		return notHTTP("line %d has a control character", number)
	case len(line) > 0 && number > 1 && (line[0] == ' ' || line[0] == '\t'):
		return notHTTP("line %d begins with a blank, as if it went on from the line above", number)
	case number == 1 && (len(line) == 0 || line[0] == ' ' || line[0] == '\t'):
		return notHTTP("line 1 begins with a blank")
	case number == 1 && (bytes.Count(line, []byte(" ")) != 2 || bytes.IndexByte(line, '\t') >= 0):
		return notHTTP("line 1 is not a method, a path and HTTP/1.1, with one space between them")
	case number == 1 && !bytes.HasSuffix(line, []byte(" HTTP/1.0")) && !bytes.HasSuffix(line, []byte(" HTTP/1.1")):
		f := notHTTP("the end of line 1 is not HTTP/1.0 or HTTP/1.1")
		f.status = http.StatusHTTPVersionNotSupported
		return f
	case number == 1 && !isTarget(strings.Fields(string(line))):
		return notHTTP("line 1 asks for neither a path nor a URL")
	case number == 1, len(line) == 0:
		return nil
	case !isHeader:
		return notHTTP("line %d has no colon", number)
	case len(bare) < len(name) && isToken(bare):
		return notHTTP("there is a blank before the colon of %s line %d", headerOn(string(bare)), number)
	case !isToken(name):
		return notHTTP("the name of the header on line %d is empty, or has a character that no name may have", number)
	}
	return nil
}

// isTarget reports whether the second word of a request line may stand there (RFC 9112, 3.2): a host alone only with CONNECT.
func isTarget(words []string) bool {
	if len(words) < 2 || words[0] == http.MethodConnect {
		return true
	}
	_, err := url.ParseRequestURI(words[1])
	return err == nil
}

// headerOn names a header where it is one of ours: nothing else of a head is repeated.
func headerOn(name string) string {
	for _, known := range once {
		if strings.EqualFold(known.name, name) {
			return known.name + " on"
		}
	}
	return "the header on"
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// isToken reports whether a header may have that name (RFC 9110, 5.6.2).
func isToken(name []byte) bool {
	for _, c := range name {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9'
		if !letter && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return len(name) > 0
}

// fieldTwice takes a header note, and finds that there is another one.
func fieldTwice(fields map[string]headField, name, value string, number int) *flaw {
	for _, known := range once {
		if !strings.EqualFold(known.name, name) {
			continue
		}
		earlier := fields[known.name]
		switch {
		case earlier.line == 0:
			fields[known.name] = headField{value, number}
		case known.framing:
			return twoWays("%s is there twice, on lines %d and %d", known.name, earlier.line, number)
		case earlier.value != value:
			return twoWays("%s has two values, on lines %d and %d", known.name, earlier.line, number)
		}
	}
	return nil
}

// flawOfFraming finds where the end of the body could be taken for another one.
func flawOfFraming(fields map[string]headField, old bool) *flaw {
	length, coding := fields["Content-Length"], fields["Transfer-Encoding"]
	switch {
	case length.line > 0 && coding.line > 0:
		return twoWays("Content-Length and Transfer-Encoding are both there, on lines %d and %d", length.line, coding.line)
	case coding.line > 0 && old:
		return twoWays("HTTP/1.0 has no Transfer-Encoding, and there is one on line %d", coding.line)
	case coding.line > 0 && !strings.EqualFold(coding.value, "chunked"):
		return twoWays("Transfer-Encoding on line %d is something else than chunked", coding.line)
	case length.line == 0:
		return nil
	}
	if _, err := strconv.ParseUint(length.value, 10, 63); err != nil { // which takes digits alone, without a sign
		return twoWays("Content-Length on line %d is not a number of bytes", length.line)
	}
	return nil
}

package inspect

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// readBody finds out what of the rest is the body.
func (r *Captured) readBody(rest []byte, lineEnd string) error {
	if r.Chunked() {
		body, err := dechunk(rest)
		r.Bodies = []Reading{{body, int64(len(body))}}
		return err
	}
	length, announced := r.Length()
	there := int64(len(rest))
	add := func(body []byte, came int64) { r.Bodies = append(r.Bodies, Reading{body, came}) }
	switch {
	case !announced || length < 0 || length == there:
		add(rest, there)
	case there == 0:
		return &Error{Why: fmt.Sprintf("it ends after the headers, and a body of %d bytes is announced", length),
			Hint: "capture the whole request, with its body"}
	case there > length:
		body, behind := rest[:length], rest[length:]
		switch {
		case len(bytes.Trim(behind, "\r\n")) == 0:
			// Bytes of the client, or the line end that editors put behind everything.
			add(rest, there)
			add(body, length)
		case r.AsText || findRequestLine(bytes.TrimLeft(behind, "\r\n")) == 0 || bytes.HasPrefix(bytes.TrimLeft(behind, "\r\n"), []byte("HTTP/1.")):
			r.More = true
			add(body, length)
		default:
			add(rest, there)
			add(body, there)
		}
	default:
		for _, text := range [][]byte{rest, bytes.TrimSuffix(rest, []byte("\n"))} {
			// The capture has lost every CR, those of the head too, and may have gained a line end.
			if whole := bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")); lineEnd == "\n" && int64(len(whole)) == length {
				add(whole, length)
				break
			}
		}
		add(rest, there)
	}
	if lineEnd == ".\n" {
		for _, reading := range r.Bodies {
			if body := bytes.ReplaceAll(reading.Body, []byte(".\n"), []byte("\r\n")); !bytes.Equal(body, reading.Body) {
				add(body, reading.Came)
			}
		}
	}
	return nil
}

// dechunk puts the chunks of a body together (RFC 9112, 7.1). What does not begin with one is taken as it is:
// some proxies show the body as they have put it together.
func dechunk(rest []byte) ([]byte, error) {
	var body []byte
	for number := 1; ; number++ {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		digits, _, _ := bytes.Cut(bytes.TrimRight(line, "\r."), []byte(";"))
		size, err := strconv.ParseUint(strings.TrimSpace(string(digits[:min(len(digits), 64)])), 16, 62)
		switch {
		case err != nil && number == 1:
			return rest, nil
		case err != nil:
			return nil, &Error{Why: fmt.Sprintf("chunk %d of the body has no size", number)}
		case size == 0:
			return body, nil
		case uint64(len(after)) < size:
			return nil, &Error{Why: fmt.Sprintf("chunk %d of the body is to have %d bytes, and %d are there",
				number, size, len(after))}
		}
		body = append(body, after[:size]...)
		rest = after[size:]
		if end := bytes.IndexByte(rest[:min(len(rest), 3)], '\n'); end >= 0 {
			rest = rest[end+1:]
		}
	}
}

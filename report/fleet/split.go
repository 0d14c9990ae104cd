package fleet

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"

	"opensrs-doctor/report"
)

// Document is one JSON document of a file.
type Document struct {
	File string
	Line int // from 1, in a file with one a line; else 0
	Text []byte
}

// Split gives the documents of a file: one, several behind one another, or one a line, plain or compressed by gzip. What is
// none is named to bad, and where the rest can still be told apart it goes on. It ends where keep returns false.
func Split(name string, from io.Reader, keep func(Document) bool, bad func(Unreadable)) {
	in := bufio.NewReaderSize(from, 64<<10)
	if head, _ := in.Peek(2); len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b {
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			bad(Unreadable{name, 0, "it begins as gzip and is none: " + err.Error()})
			return
		}
		in = bufio.NewReaderSize(unzipped, 64<<10)
	}
	if head, _ := in.Peek(3); bytes.Equal(head, []byte("\ufeff")) {
		_, _ = in.Discard(3)
	}
	first, whole, err := line(in)
	switch {
	case err != nil && len(bytes.TrimSpace(first)) == 0:
		if err != io.EOF {
			bad(Unreadable{name, 0, "it cannot be read: " + err.Error()})
			return
		}
		bad(Unreadable{name, 0, "the file is empty"})
	case whole && json.Valid(first):
		lines(name, first, in, keep, bad)
	default:
		documents(name, io.MultiReader(bytes.NewReader(first), in), keep, bad)
	}
}

// line reads one line of at most report.MaxBytes. whole is false where it is longer, or blank.
func line(in *bufio.Reader) (text []byte, whole bool, err error) {
	for len(text) <= report.MaxBytes {
		part, err := in.ReadSlice('\n')
		text = append(text, part...)
		if err == bufio.ErrBufferFull {
			continue
		}
		return text, len(bytes.TrimSpace(text)) > 0, err
	}
	return text, false, nil
}

// lines gives a document a line; a bad one does not stop the rest.
func lines(name string, first []byte, in *bufio.Reader, keep func(Document) bool, bad func(Unreadable)) {
	text, number := first, 1
	for {
		if len(bytes.TrimSpace(text)) > 0 && !keep(Document{name, number, bytes.Clone(text)}) {
			return
		}
		var err error
		var whole bool
		text, whole, err = line(in)
		number++
		if !whole && len(text) > report.MaxBytes {
			bad(Unreadable{name, number, fmt.Sprintf("a line of more than %d MiB", report.MaxBytes>>20)})
			return
		}
		if err != nil && len(bytes.TrimSpace(text)) == 0 {
			if err != io.EOF {
				bad(Unreadable{name, number, "the rest cannot be read: " + err.Error()})
			}
			return
		}
	}
}

// documents gives the documents that follow one another.
func documents(name string, in io.Reader, keep func(Document) bool, bad func(Unreadable)) {
	limited := &io.LimitedReader{R: in}
	decoder := json.NewDecoder(limited)
	for n := 0; ; n++ {
		limited.N = report.MaxBytes + 1
		var text json.RawMessage
		err := decoder.Decode(&text)
		switch {
		case err == io.EOF && n > 0 && limited.N > 0:
			return
		case limited.N <= 0:
			bad(Unreadable{name, 0, fmt.Sprintf("larger than %d MiB", report.MaxBytes>>20)})
			return
		case err == io.ErrUnexpectedEOF || err == io.EOF:
			bad(Unreadable{name, 0, "it is cut short: the document does not end"})
			return
		case err != nil:
			bad(Unreadable{name, 0, "not JSON: " + err.Error()})
			return
		}
		if !keep(Document{name, 0, text}) {
			return
		}
	}
}

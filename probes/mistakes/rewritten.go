package mistakes

import (
	"bytes"
	"encoding/hex"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/xmltext"
)

// A body that an XML library read and wrote anew after signing, or before: for a log, in a proxy, to add a value. The
// library writes its own declaration, document type, empty elements and white space, several of them at once, so that no
// two mistakes of the table explain it; and it keeps the rest. So what was signed is looked for among the ways to write
// those: declarations of programs and libraries, with their signs and blanks.

// maxRewritten is the largest body for which that is looked for, in bytes: it takes a hundred thousand digests. Calls have
// about one kilobyte.
const maxRewritten = 8 << 10

var (
	wholeProlog = lazy.Pattern{Text: `^\s*(?:<\?xml[^>]*\?>\s*)?(?:<!DOCTYPE[^>]*>\s*)?`}
	rootName    = lazy.Pattern{Text: `^<([\w:.-]+)`}
	closedEmpty = lazy.Pattern{Text: `<([\w:.-]+)((?:\s+[^<>]*?[^\s<>/])?)\s*/>`}
	inSingle    = lazy.Pattern{Text: `='([^'"<>]*)'`}
	inDouble    = lazy.Pattern{Text: `="([^'"<>]*)"`}
	openEmpty   = lazy.Pattern{Text: `<([\w:.-]+)((?:\s[^<>]*)?)></([\w:.-]+)>`}
)

// elsewhere is the form of BodyReindented that is looked for here.
const elsewhere = "rewritten"

// signedElsewhere looks for a body that another program would have written of the same content, for which the signature is
// right.
func (s *search) signedElsewhere(sent, key []byte) {
	if len(sent) > maxRewritten || !xmltext.IsMarkup(sent) || len(s.targets) == 0 || len(s.targets[0].ids) > 0 {
		return
	}
	signature := hex.EncodeToString(s.targets[0].digest)
	elements := sent[len(wholeProlog.Regexp().Find(sent)):]
	name := rootName.Regexp().FindSubmatch(elements)
	if name == nil {
		return
	}
	prologs := prologsOf(string(name[1]))
	var body []byte
	for _, written := range writings(elements) {
		for _, prolog := range prologs {
			for _, end := range []string{"", "\n"} {
				body = append(append(append(body[:0], prolog...), written...), end...)
				if opensrs.Sign(body, key) == signature {
					s.best = []step{{BodyReindented, elsewhere}}
					return
				}
			}
		}
	}
}

// prologsOf are the ways to begin a document: no declaration or one of those that clients and libraries write, then no
// document type or one.
func prologsOf(root string) (prologs []string) {
	declarations := []string{""}
	for _, quotes := range []string{`''`, `""`, `'"`} {
		first, second := quotes[:1], quotes[1:]
		for _, encoding := range []string{"", "UTF-8", "utf-8"} {
			for _, standalone := range []string{"", "no", "yes"} {
				one := "<?xml version=" + first + "1.0" + first
				if encoding != "" {
					one += " encoding=" + second + encoding + second
				}
				if standalone != "" {
					one += " standalone=" + second + standalone + second
				}
				declarations = append(declarations, one+"?>", one+" ?>")
			}
		}
	}
	types := []string{"", "<!DOCTYPE " + root + ` SYSTEM "ops.dtd">`, "<!DOCTYPE " + root + " SYSTEM 'ops.dtd'>",
		"<!DOCTYPE " + root + "\n  SYSTEM 'ops.dtd'>"}
	known := map[string]bool{}
	for _, declaration := range declarations {
		for _, kind := range types {
			for _, ends := range [][2]string{{"", ""}, {"\n", "\n"}, {"\r\n", "\r\n"}, {"\n", ""}, {"", "\n"}} {
				one := ""
				if declaration != "" {
					one = declaration + ends[0]
				}
				if kind != "" {
					one += kind + ends[1]
				}
				if !known[one] {
					known[one] = true
					prologs = append(prologs, one)
				}
			}
		}
	}
	return prologs
}

// writings are the ways to write the elements: as they are, and laid out, each with the three forms of an empty one,
// and with the other quotation marks around values.
func writings(elements []byte) (all [][]byte) {
	elements = bytes.TrimRight(elements, spaces)
	opened := closedEmpty.Regexp().ReplaceAll(elements, []byte("<$1$2></$1>"))
	known := map[string]bool{}
	add := func(one []byte) {
		if one = bytes.TrimRight(one, spaces); !known[string(one)] {
			known[string(one)] = true
			all = append(all, one)
		}
	}
	forms := [][]byte{elements, opened, closed(opened, "/>"), closed(opened, " />")}
	for _, form := range forms {
		forms = append(forms, inSingle.Regexp().ReplaceAll(form, []byte(`="$1"`)))
	}
	forms = append(forms, inDouble.Regexp().ReplaceAll(closed(opened, "/>"), []byte("='$1'"))) // as Ruby's REXML
	for _, form := range forms {
		add(form)
		for _, one := range layouts() {
			if one.body == nil {
				continue
			}
			if content := one.body(form); content != nil {
				made := &bodyForm{content: content}
				add(made.bytes())
			}
		}
	}
	return all
}

// closed writes elements that hold nothing as one tag.
func closed(elements []byte, end string) []byte {
	return openEmpty.Regexp().ReplaceAllFunc(elements, func(match []byte) []byte {
		found := openEmpty.Regexp().FindSubmatch(match)
		if !bytes.Equal(found[1], found[3]) {
			return match
		}
		return bytes.Join([][]byte{[]byte("<"), found[1], found[2], []byte(end)}, nil)
	})
}

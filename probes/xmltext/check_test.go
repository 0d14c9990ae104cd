package xmltext

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
)

// commandBody is a command over several lines, with a line for each item.
//
//go:embed testdata/command.xml
var commandBody string

// edited is the command with one text, which has to be in it, replaced.
func edited(t *testing.T, old, now string) string {
	t.Helper()
	if !strings.Contains(commandBody, old) {
		t.Fatalf("there is no %q in the body", old)
	}
	return strings.Replace(commandBody, old, now, 1)
}

// inUTF16 is a text in UTF-16, the lower byte first.
func inUTF16(text string) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return string(out)
}

func TestCheck(t *testing.T) {
	edit := func(old, now string) string { return edited(t, old, now) }
	latin1 := strings.ReplaceAll(commandBody, "ä", "\xe4")
	for _, test := range []struct {
		name, body string
		want       Fault
	}{
		{"right", commandBody, Fault{}},
		{"a mark before", "\ufeff" + commandBody, Fault{}},
		{"CRLF", strings.ReplaceAll(commandBody, "\n", "\r\n"), Fault{}},
		{"Latin-1, declared", strings.Replace(latin1, "UTF-8", "ISO-8859-1", 1), Fault{}},
		{"UTF-16", inUTF16("\ufeff" + strings.Replace(commandBody, "UTF-8", "UTF-16", 1)), Fault{}},
		{"CDATA, comment, references", edit("LOOKUP", "<![CDATA[a & <b>]]><!-- & < -->&amp;&#x4c;&#76;<?php x?>"), Fault{}},
		{"own entities", edit(` SYSTEM "ops.dtd"`, ` [<!ENTITY a "]>"><!-- ' -->]`), Fault{}},
		{"comments around", strings.Replace(commandBody, "<!DOC", "<!-- a --><!DOC", 1) + "<!-- b -->\n<?c d?>\n", Fault{}},

		{"unescaped &", edit("exämple", "a & b"), Fault{Kind: Ampersand, Line: 10, Tag: "item", Opened: 10}},
		{"unescaped & in a URL", edit("exämple", "?a=1&b=2"), Fault{Kind: Ampersand, Line: 10, Tag: "item", Opened: 10}},
		{"unescaped & in an attribute", edit(`"domain"`, `"a&b"`), Fault{Kind: Ampersand, Line: 10, Tag: "item", Opened: 10}},
		{"&nbsp;", edit("exämple", "a&nbsp;b"), Fault{Kind: Entity, Line: 10, Tag: "item", Opened: 10, Met: "nbsp"}},
		{"&#0;", edit("exämple", "a&#0;b"), Fault{Kind: Ampersand, Line: 10, Tag: "item", Opened: 10}},
		{"unescaped <", edit("exämple", "a < b"), Fault{Kind: LessThan, Line: 10, Tag: "item", Opened: 10}},
		{"missing end tag", edit("LOOKUP</item>", "LOOKUP"), Fault{Kind: WrongEnd, Line: 12, Tag: "item", Opened: 7, Met: "dt_assoc"}},
		{"wrong end tag", edit("LOOKUP</item>", "LOOKUP</dt_assoc>"), Fault{Kind: WrongEnd, Line: 7, Tag: "item", Opened: 7, Met: "dt_assoc"}},
		{"capital letters", edit("LOOKUP</item>", "LOOKUP</Item>"), Fault{Kind: WrongEnd, Line: 7, Tag: "item", Opened: 7, Met: "Item"}},
		{"one end too many", commandBody + "</OPS_envelope>", Fault{Kind: StrayEnd, Line: 14, Tag: "OPS_envelope", Met: "OPS_envelope"}},
		{"cut in a text", commandBody[:strings.Index(commandBody, "LOOKUP")+3], Fault{Kind: Cut, Line: 7, Tag: "item", Opened: 7}},
		{"cut in a tag", commandBody[:strings.Index(commandBody, "<data_block")+4], Fault{Kind: Cut, Line: 5, Tag: "body", Opened: 5}},
		{"cut behind the declaration", commandBody[:60], Fault{Kind: Cut, Line: 2}},
		{"two documents", commandBody + commandBody, Fault{Kind: SecondRoot, Line: 14, Tag: "OPS_envelope"}},
		{"two roots", commandBody + "<OPS_envelope/>", Fault{Kind: SecondRoot, Line: 14, Tag: "OPS_envelope"}},
		{"nothing", "", Fault{Kind: Empty, Line: 1}},
		{"white space", " \n", Fault{Kind: Empty, Line: 1}},
		{"a mark alone", "\ufeff", Fault{Kind: Empty, Line: 1}},
		{"a control character", edit("exämple", "a\x0bb"), Fault{Kind: Character, Line: 10, Tag: "item", Opened: 10, Met: "U+000B"}},
		{"a NUL behind", commandBody + "\x00", Fault{Kind: Character, Line: 14, Tag: "OPS_envelope", Met: "U+0000"}},
		{"text behind", commandBody + "\nok\n", Fault{Kind: TextAfter, Line: 15, Tag: "OPS_envelope"}},
		{"text before", "xml: " + commandBody, Fault{Kind: TextBefore, Line: 1}},
		{"an empty line before", "\n" + commandBody, Fault{Kind: DeclaredLate, Line: 2}},
		{"a declaration inside", edit("<dt_assoc>\n   <item", "<?xml version='1.0'?>\n   <item"), Fault{Kind: DeclaredLate, Line: 9, Tag: "item", Opened: 9}},
		{"version without quotation marks", edit(`"1.0"`, "1.0"), Fault{Kind: Declaration, Line: 1}},
		{"encoding before version", edit(`version="1.0" encoding="UTF-8"`, `encoding="UTF-8" version="1.0"`), Fault{Kind: Declaration, Line: 1}},
		{"an attribute without quotation marks", edit(`"domain"`, "domain"), Fault{Kind: Attribute, Line: 10, Tag: "item", Opened: 10, Met: "key"}},
		{"an attribute without a value", edit(`key="domain"`, "domain"), Fault{Kind: Attribute, Line: 10, Tag: "item", Opened: 10, Met: "domain"}},
		{"a quotation mark missing", edit(`"domain"`, `"domain`), Fault{Kind: Attribute, Line: 10, Tag: "item", Opened: 10, Met: "key"}},
		{"an attribute twice", edit(`key="domain"`, `key="domain" key="x"`), Fault{Kind: Twice, Line: 10, Tag: "item", Opened: 10, Met: "key"}},
		{"attributes without a space", edit(`key="domain"`, `key="domain"x="x"`), Fault{Kind: Attribute, Line: 10, Tag: "item", Opened: 10, Met: "x"}},
		{"a tag without its end", edit(`key="domain">`, `key="domain"<`), Fault{Kind: Attribute, Line: 10, Tag: "item", Opened: 10}},
		{"Latin-1 that declares UTF-8", latin1, Fault{Kind: Encoding, Line: 10, Met: "UTF-8"}},
		{"Latin-1 that declares nothing", strings.Replace(latin1, ` encoding="UTF-8"`, "", 1), Fault{Kind: Encoding, Line: 10, Met: "UTF-8"}},
		{"UTF-8 that declares ASCII", edit("UTF-8", "US-ASCII"), Fault{Kind: Encoding, Line: 10, Met: "ASCII"}},
		{"UTF-8 that declares UTF-16", edit("UTF-8", "UTF-16"), Fault{Kind: Encoding, Line: 1, Met: "UTF-16"}},
		{"no end of the declaration", edit("?>", ">"), Fault{Kind: Declaration, Line: 1}},
		{"no end of the DOCTYPE", edit(`ops.dtd">`, `ops.dtd>`), Fault{Kind: Other, Line: 2}},
		{"a DOCTYPE without a word", edit("SYSTEM ", ""), Fault{Kind: Other, Line: 2}},
		{"-- in a comment", edit("exämple", "<!-- a -- b -->"), Fault{Kind: Other, Line: 10, Tag: "item", Opened: 10}},
		{"]]> in a text", edit("exämple", "a]]>b"), Fault{Kind: Other, Line: 10, Tag: "item", Opened: 10}},
		{"a DOCTYPE inside", edit("exämple", "<!DOCTYPE x>"), Fault{Kind: Other, Line: 10, Tag: "item", Opened: 10}},
		{"a name that may be a part of a key", edit("<header>", "<a5c7e0d91b2a4f6385c7e>"), Fault{Kind: WrongEnd, Line: 4, Opened: 4, Met: "header"}},
	} {
		if got := Check([]byte(test.body)); got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
}

var xmllintLine = regexp.MustCompile(`(?m)^(\d+)\.xml:(\d+): parser error`)

// TestCheckAsXmllint: what libxml's reader says of thousands of spoilt bodies is said here too, and the line is the
// same where the fault is one of those that people make.
func TestCheckAsXmllint(t *testing.T) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed")
	}
	const seed, bodies = 7, 3000
	random, dir := rand.New(rand.NewPCG(seed, seed)), t.TempDir()
	pieces := []string{"<", ">", "&", "&amp;", "&#65;", "&x", ";", "\"", "'", "/", "</item>", "<item key='a'>", "<item/>", "]]>", "<!--",
		"-->", "--", "<![CDATA[", "<?x y?>", "?>", "=", " ", "\n", "x", "\x01", "\xe4", "ä", "</OPS_envelope>", "<OPS_envelope>", "key=\"a\""}
	// What is above the first tag has its rules of its own, and xmllint goes on behind some faults there.
	head := strings.Index(commandBody, "<OPS_envelope>")
	made := make([]string, bodies)
	files := make([]string, bodies)
	for i := range made {
		body := commandBody
		for range 1 + random.IntN(2) {
			at := head + random.IntN(len(body)-head)
			gone := 0
			if random.IntN(2) == 0 {
				gone = random.IntN(min(8, len(body)-at))
			}
			piece := ""
			if gone == 0 || random.IntN(2) == 0 {
				piece = pieces[random.IntN(len(pieces))]
			}
			body = body[:at] + piece + body[at+gone:]
		}
		made[i], files[i] = body, strconv.Itoa(i)+".xml"
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command(xmllint, append([]string{"--noout", "--nonet", "--nowarning"}, files...)...)
	command.Dir = dir
	out, _ := command.CombinedOutput() // its status only says that there are faults
	refused := map[int]int{}
	for _, match := range xmllintLine.FindAllSubmatch(out, -1) {
		number, _ := strconv.Atoi(string(match[1]))
		line, _ := strconv.Atoi(string(match[2]))
		if _, known := refused[number]; !known {
			refused[number] = line
		}
	}
	wrong, otherLine := 0, 0
	for i, body := range made {
		fault := Check([]byte(body))
		line, spoilt := refused[i]
		switch {
		case spoilt != (fault.Kind != ""):
			if wrong++; wrong < 10 {
				t.Errorf("xmllint says %v, in line %d; %+v of\n%s", spoilt, line, fault, firstDifference(body))
			}
		case spoilt && line != fault.Line:
			otherLine++
		}
	}
	t.Logf("%d bodies, %d of them refused by xmllint; %d judged otherwise, %d faults in another line", bodies, len(refused), wrong, otherLine)
	if len(refused) < bodies/4 || len(refused) == bodies || otherLine*20 > len(refused) {
		t.Error("these bodies prove nothing, or the lines differ")
	}
}

// firstDifference shows where a body leaves the right one.
func firstDifference(body string) string {
	at := 0
	for at < min(len(body), len(commandBody)) && body[at] == commandBody[at] {
		at++
	}
	return fmt.Sprintf("…%q", body[max(0, at-40):min(len(body), at+60)])
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte(commandBody))
	f.Add([]byte("<a b='&#x41;'><!-- --><![CDATA[]]></a>"))
	f.Add([]byte("<!DOCTYPE a [<!-- ]> --><!ENTITY b 'c'>]><a>&b;</a>"))
	f.Add([]byte("\xff\xfe<\x00a\x00/\x00>\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		fault := Check(body)
		if fault.Kind != "" && (fault.Line < 1 || fault.Line > 1+bytes.Count(body, []byte("\n"))) {
			t.Errorf("%+v", fault)
		}
	})
}

package mistakes

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// commandBody is a command over several lines, with a line for each item.
const commandBody = `<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!DOCTYPE OPS_envelope SYSTEM "ops.dtd">
<OPS_envelope>
 <header><version>0.9</version></header>
 <body><data_block><dt_assoc>
  <item key="protocol">XCP</item>
  <item key="action">LOOKUP</item>
  <item key="object">DOMAIN</item>
  <item key="attributes"><dt_assoc>
   <item key="domain">exämple.com</item>
  </dt_assoc></item>
 </dt_assoc></data_block></body>
</OPS_envelope>
`

// edited is the command with one text, which has to be in it, replaced.
func edited(t *testing.T, old, now string) string {
	t.Helper()
	if !strings.Contains(commandBody, old) {
		t.Fatalf("there is no %q in the body", old)
	}
	return strings.Replace(commandBody, old, now, 1)
}

func TestCheckXML(t *testing.T) {
	edit := func(old, now string) string { return edited(t, old, now) }
	latin1 := strings.ReplaceAll(commandBody, "ä", "\xe4")
	for _, test := range []struct {
		name, body string
		want       XMLFault
	}{
		{"right", commandBody, XMLFault{}},
		{"a mark before", "\ufeff" + commandBody, XMLFault{}},
		{"CRLF", strings.ReplaceAll(commandBody, "\n", "\r\n"), XMLFault{}},
		{"Latin-1, declared", strings.Replace(latin1, "UTF-8", "ISO-8859-1", 1), XMLFault{}},
		{"UTF-16", wideOf("\ufeff"+strings.Replace(commandBody, "UTF-8", "UTF-16", 1), false), XMLFault{}},
		{"CDATA, comment, references", edit("LOOKUP", "<![CDATA[a & <b>]]><!-- & < -->&amp;&#x4c;&#76;<?php x?>"), XMLFault{}},
		{"own entities", edit(` SYSTEM "ops.dtd"`, ` [<!ENTITY a "]>"><!-- ' -->]`), XMLFault{}},
		{"comments around", strings.Replace(commandBody, "<!DOC", "<!-- a --><!DOC", 1) + "<!-- b -->\n<?c d?>\n", XMLFault{}},

		{"unescaped &", edit("exämple", "a & b"), XMLFault{Kind: XMLAmpersand, Line: 10, Tag: "item", Opened: 10}},
		{"unescaped & in a URL", edit("exämple", "?a=1&b=2"), XMLFault{Kind: XMLAmpersand, Line: 10, Tag: "item", Opened: 10}},
		{"unescaped & in an attribute", edit(`"domain"`, `"a&b"`), XMLFault{Kind: XMLAmpersand, Line: 10, Tag: "item", Opened: 10}},
		{"&nbsp;", edit("exämple", "a&nbsp;b"), XMLFault{Kind: XMLEntity, Line: 10, Tag: "item", Opened: 10, Met: "nbsp"}},
		{"&#0;", edit("exämple", "a&#0;b"), XMLFault{Kind: XMLAmpersand, Line: 10, Tag: "item", Opened: 10}},
		{"unescaped <", edit("exämple", "a < b"), XMLFault{Kind: XMLLessThan, Line: 10, Tag: "item", Opened: 10}},
		{"missing end tag", edit("LOOKUP</item>", "LOOKUP"), XMLFault{Kind: XMLWrongEnd, Line: 12, Tag: "item", Opened: 7, Met: "dt_assoc"}},
		{"wrong end tag", edit("LOOKUP</item>", "LOOKUP</dt_assoc>"), XMLFault{Kind: XMLWrongEnd, Line: 7, Tag: "item", Opened: 7, Met: "dt_assoc"}},
		{"capital letters", edit("LOOKUP</item>", "LOOKUP</Item>"), XMLFault{Kind: XMLWrongEnd, Line: 7, Tag: "item", Opened: 7, Met: "Item"}},
		{"one end too many", commandBody + "</OPS_envelope>", XMLFault{Kind: XMLStrayEnd, Line: 14, Tag: "OPS_envelope", Met: "OPS_envelope"}},
		{"cut in a text", commandBody[:strings.Index(commandBody, "LOOKUP")+3], XMLFault{Kind: XMLCut, Line: 7, Tag: "item", Opened: 7}},
		{"cut in a tag", commandBody[:strings.Index(commandBody, "<data_block")+4], XMLFault{Kind: XMLCut, Line: 5, Tag: "body", Opened: 5}},
		{"cut behind the declaration", commandBody[:60], XMLFault{Kind: XMLCut, Line: 2}},
		{"two documents", commandBody + commandBody, XMLFault{Kind: XMLSecondRoot, Line: 14, Tag: "OPS_envelope"}},
		{"two roots", commandBody + "<OPS_envelope/>", XMLFault{Kind: XMLSecondRoot, Line: 14, Tag: "OPS_envelope"}},
		{"nothing", "", XMLFault{Kind: XMLEmpty, Line: 1}},
		{"white space", " \n", XMLFault{Kind: XMLEmpty, Line: 1}},
		{"a mark alone", "\ufeff", XMLFault{Kind: XMLEmpty, Line: 1}},
		{"a control character", edit("exämple", "a\x0bb"), XMLFault{Kind: XMLCharacter, Line: 10, Tag: "item", Opened: 10, Met: "U+000B"}},
		{"a NUL behind", commandBody + "\x00", XMLFault{Kind: XMLCharacter, Line: 14, Tag: "OPS_envelope", Met: "U+0000"}},
		{"text behind", commandBody + "\nok\n", XMLFault{Kind: XMLTextAfter, Line: 15, Tag: "OPS_envelope"}},
		{"text before", "xml: " + commandBody, XMLFault{Kind: XMLTextBefore, Line: 1}},
		{"an empty line before", "\n" + commandBody, XMLFault{Kind: XMLDeclaredLate, Line: 2}},
		{"a declaration inside", edit("<dt_assoc>\n   <item", "<?xml version='1.0'?>\n   <item"), XMLFault{Kind: XMLDeclaredLate, Line: 9, Tag: "item", Opened: 9}},
		{"version without quotation marks", edit(`"1.0"`, "1.0"), XMLFault{Kind: XMLDeclaration, Line: 1}},
		{"encoding before version", edit(`version="1.0" encoding="UTF-8"`, `encoding="UTF-8" version="1.0"`), XMLFault{Kind: XMLDeclaration, Line: 1}},
		{"an attribute without quotation marks", edit(`"domain"`, "domain"), XMLFault{Kind: XMLAttribute, Line: 10, Tag: "item", Opened: 10, Met: "key"}},
		{"an attribute without a value", edit(`key="domain"`, "domain"), XMLFault{Kind: XMLAttribute, Line: 10, Tag: "item", Opened: 10, Met: "domain"}},
		{"a quotation mark missing", edit(`"domain"`, `"domain`), XMLFault{Kind: XMLAttribute, Line: 10, Tag: "item", Opened: 10, Met: "key"}},
		{"an attribute twice", edit(`key="domain"`, `key="domain" key="x"`), XMLFault{Kind: XMLTwice, Line: 10, Tag: "item", Opened: 10, Met: "key"}},
		{"attributes without a space", edit(`key="domain"`, `key="domain"x="x"`), XMLFault{Kind: XMLAttribute, Line: 10, Tag: "item", Opened: 10, Met: "x"}},
		{"a tag without its end", edit(`key="domain">`, `key="domain"<`), XMLFault{Kind: XMLAttribute, Line: 10, Tag: "item", Opened: 10}},
		{"Latin-1 that declares UTF-8", latin1, XMLFault{Kind: XMLEncoding, Line: 10, Met: "UTF-8"}},
		{"Latin-1 that declares nothing", strings.Replace(latin1, ` encoding="UTF-8"`, "", 1), XMLFault{Kind: XMLEncoding, Line: 10, Met: "UTF-8"}},
		{"UTF-8 that declares ASCII", edit("UTF-8", "US-ASCII"), XMLFault{Kind: XMLEncoding, Line: 10, Met: "ASCII"}},
		{"UTF-8 that declares UTF-16", edit("UTF-8", "UTF-16"), XMLFault{Kind: XMLEncoding, Line: 1, Met: "UTF-16"}},
		{"no end of the declaration", edit("?>", ">"), XMLFault{Kind: XMLDeclaration, Line: 1}},
		{"no end of the DOCTYPE", edit(`ops.dtd">`, `ops.dtd>`), XMLFault{Kind: XMLOther, Line: 2}},
		{"a DOCTYPE without a word", edit("SYSTEM ", ""), XMLFault{Kind: XMLOther, Line: 2}},
		{"-- in a comment", edit("exämple", "<!-- a -- b -->"), XMLFault{Kind: XMLOther, Line: 10, Tag: "item", Opened: 10}},
		{"]]> in a text", edit("exämple", "a]]>b"), XMLFault{Kind: XMLOther, Line: 10, Tag: "item", Opened: 10}},
		{"a DOCTYPE inside", edit("exämple", "<!DOCTYPE x>"), XMLFault{Kind: XMLOther, Line: 10, Tag: "item", Opened: 10}},
		{"a name that may be a part of a key", edit("<header>", "<a"+clientKey[:20]+">"), XMLFault{Kind: XMLWrongEnd, Line: 4, Opened: 4, Met: "header"}},
	} {
		if got := CheckXML([]byte(test.body)); got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
}

var xmllintLine = regexp.MustCompile(`(?m)^(\d+)\.xml:(\d+): parser error`)

// TestCheckXMLAsXmllint: what libxml's reader says of thousands of spoilt bodies is said here too, and the line is the
// same where the fault is one of those that people make.
func TestCheckXMLAsXmllint(t *testing.T) {
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
		fault := CheckXML([]byte(body))
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

func FuzzCheckXML(f *testing.F) {
	f.Add([]byte(commandBody))
	f.Add([]byte("<a b='&#x41;'><!-- --><![CDATA[]]></a>"))
	f.Add([]byte("<!DOCTYPE a [<!-- ]> --><!ENTITY b 'c'>]><a>&b;</a>"))
	f.Add([]byte("\xff\xfe<\x00a\x00/\x00>\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		fault := CheckXML(body)
		if fault.Kind != "" && (fault.Line < 1 || fault.Line > 1+bytes.Count(body, []byte("\n"))) {
			t.Errorf("%+v", fault)
		}
		InspectBody(body, Verdict{}, nil)
	})
}

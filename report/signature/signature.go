// Package signature writes what is wrong with a client's signature or request, and the sandbox's log of requests.
package signature

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"opensrs-doctor/probes/inspect"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/mistakes"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/report"
	"opensrs-doctor/report/render"
	"opensrs-doctor/report/screen"
)

// SignatureCheck is what was found out about a client's signature, or about its whole request.
type SignatureCheck struct {
	Verdict   mistakes.Verdict  // where Checked
	Findings  []inspect.Finding // about the request, and in the sandbox about its body too
	Body      []inspect.Finding // about the body: told, and no part of Match, because any bytes can be signed right
	Shape     mistakes.SignatureShape
	Request   bool // a whole request was looked at
	Checked   bool // the signature was checked
	KeyGiven  bool
	NameKnown bool
	AsText    bool // the request comes from text in which bytes beyond ASCII are lost

	// Fingerprint is that of the key, nil where it has none: hosts can compare their keys by it.
	Fingerprint *string
}

// Match reports whether all that was looked at is right, the signature included.
func (c SignatureCheck) Match() bool { return c.Checked && c.Verdict.Match && len(c.Findings) == 0 }

// toldMistake is one mistake in words.
type toldMistake struct {
	id, summary, explanation string
	fix                      Fix
}

// told puts every mistake into words, each once: those of the signature first, then those of the request.
func (c SignatureCheck) told() []toldMistake {
	var told []toldMistake
	if c.Checked {
		for i, id := range c.Verdict.Mistakes {
			words, _ := wordsFor(id)
			explanation := words.means
			if more := words.forms[c.Verdict.Forms[i]]; more != "" {
				explanation += " " + more
			}
			fix := words.fixes()
			switch id {
			case mistakes.SignatureMalformed:
				explanation += " " + c.shapeWords()
			case mistakes.SignatureFormat:
				if !c.Request {
					explanation += " If that comes from where the signature was copied, the signature itself is right."
				}
			case mistakes.WrongKey:
				explanation = c.unexplained(explanation)
				if c.Fingerprint != nil {
					fix.Text += " That of the key given here is " + *c.Fingerprint + "."
				}
			}
			told = append(told, toldMistake{id, words.summary, explanation, fix})
		}
	}
	told = tell(told, c.Findings)
	for i := range told {
		for _, finding := range c.Body {
			if finding.ID == told[i].id {
				told[i].explanation += " " + findingDetail(finding)
			}
		}
	}
	return told
}

// toldOfBody are the mistakes that the body alone shows, those aside that its signature shows too.
func (c SignatureCheck) toldOfBody() []toldMistake {
	var others []inspect.Finding
	for _, finding := range c.Body {
		if !slices.Contains(c.Verdict.Mistakes, finding.ID) {
			others = append(others, finding)
		}
	}
	return tell(nil, others)
}

// tell puts findings into words behind what was told. Two of one mistake, as for both headers, are told once.
func tell(told []toldMistake, findings []inspect.Finding) []toldMistake {
	for _, finding := range findings {
		same := func(one toldMistake) bool { return one.id == finding.ID }
		if at := slices.IndexFunc(told, same); at >= 0 {
			told[at].explanation = strings.TrimSpace(told[at].explanation + " " + findingDetail(finding))
			continue
		}
		words, _ := wordsFor(finding.ID)
		told = append(told, toldMistake{finding.ID, words.summary, ExplainFinding(finding), words.fixes()})
	}
	return told
}

// digestLengths are what is known by its number of hex digits.
var digestLengths = lazy.Value[map[int]string]{Make: func() map[int]string {
	return map[int]string{40: "SHA-1", 56: "SHA-224", 64: "SHA-256", 96: "SHA-384", 128: "SHA-512"}
}}

// shapeWords say what a signature is that is not a digest.
func (c SignatureCheck) shapeWords() string {
	shape := c.Shape
	switch {
	case shape.Hex && digestLengths.Get()[shape.Length] != "":
		return fmt.Sprintf("It has %d hex digits, as a %s digest has.", shape.Length, digestLengths.Get()[shape.Length])
	case shape.Hex:
		return fmt.Sprintf("It has %s.", screen.CountWords(shape.Length, "hex digit", "hex digits"))
	}
	return fmt.Sprintf("It has %s, and %d of them can't be in a hex number.",
		screen.CountWords(shape.Length, "character", "characters"), shape.Others)
}

// neitherOneNorTwo begins the words about a signature that nothing explains.
const neitherOneNorTwo = "Neither a known mistake nor two of them together give this signature."

// unexplained says what can be said where no mistake was found.
func (c SignatureCheck) unexplained(means string) string {
	var more []string
	if c.Verdict.NoPairs {
		means = strings.Replace(means, neitherOneNorTwo, "No single known mistake gives this signature.", 1)
	}
	if !c.NameKnown {
		more = append(more, "That the username was hashed too was not tried: no username is known here; --username gives it.")
	}
	if c.AsText {
		more = append(more, "The capture is text, in which bytes beyond ASCII are lost: if the body has letters beyond "+
			"ASCII, no signature can be right for it. Capture its bytes, with a proxy or in the client.")
	}
	return strings.Join(append([]string{means}, more...), " ")
}

// pairsUntried is said where the bound on large bodies may have kept a smaller explanation back.
func pairsUntried() string {
	return fmt.Sprintf("Pairs of mistakes were not tried, because the body is over %d MiB. Have the same client sign a "+
		"small body, such as GET_BALANCE, and verify that.", mistakes.MaxPaired>>20)
}

// state says what is known of the signature where no mistake does, and what was not tried.
func (c SignatureCheck) state() string {
	switch {
	case c.Checked && c.Verdict.Match:
		return "The signature itself is right for the body and the key."
	case c.Checked && c.Verdict.NoPairs:
		return pairsUntried()
	case c.Checked:
		return ""
	case !c.KeyGiven:
		return "The signature was not checked: no API key was given."
	}
	return "The signature was not checked: the request has none."
}

// together introduces mistakes that only give the signature as a whole.
func (c SignatureCheck) together() string {
	if c.Checked && len(c.Verdict.Mistakes) > 1 {
		return fmt.Sprintf("%s mistakes made together give this signature.", map[int]string{2: "Two", 3: "Three", 4: "Four"}[len(c.Verdict.Mistakes)])
	}
	return ""
}

// WriteSignatureJSON writes the outcome as one JSON document.
func WriteSignatureJSON(w io.Writer, c SignatureCheck) error {
	var body *mistakesJSON
	if told := c.toldOfBody(); len(told) > 0 {
		body = mistakesAsJSON("", told, "")
	}
	if c.Match() {
		return report.WriteDocument(w, struct {
			Match bool          `json:"match"`
			Body  *mistakesJSON `json:"body,omitempty"`
		}{true, body})
	}
	return report.WriteDocument(w, struct {
		Match bool `json:"match"`
		*mistakesJSON
		NoPairs bool          `json:"pairs_not_tried,omitempty"` // the body is over mistakes.MaxPaired
		Body    *mistakesJSON `json:"body,omitempty"`
	}{false, mistakesAsJSON(c.together(), c.told(), c.state()), c.Verdict.NoPairs, body})
}

// mistakesJSON is how mistakes are told in JSON: those of the signature and the request, and in "body" those that the
// body shows besides.
type mistakesJSON struct {
	Mistakes    []string `json:"mistakes"`
	Explanation string   `json:"explanation"`
	Fixes       []string `json:"fixes"`
}

func mistakesAsJSON(before string, told []toldMistake, behind string) *mistakesJSON {
	document := &mistakesJSON{Mistakes: []string{}}
	texts := []string{before}
	var fixes []Fix
	for _, one := range told {
		document.Mistakes = append(document.Mistakes, one.id)
		texts = append(texts, one.explanation)
		fixes = append(fixes, one.fix)
	}
	document.Explanation = strings.Join(strings.Fields(strings.Join(append(texts, behind), " ")), " ")
	document.Fixes = flatFixes(fixes)
	return document
}

// WriteSignatureText writes the outcome for a person: each mistake, what it means and what to do.
func WriteSignatureText(w io.Writer, c SignatureCheck, o screen.Options) error {
	s := screen.New(o)
	ofBody := c.toldOfBody()
	if c.Match() {
		sign, in := s.Mark("pass")
		s.Raw(sign, in)
		switch {
		case c.Request && len(ofBody) == 0:
			s.Paragraph(" ", 1, "The request is right: its signature, its headers and its length.", screen.Bold)
		case c.Request:
			s.Paragraph(" ", 1, "The signature, the headers and the length are right, and the body is not:", screen.Bold)
		default:
			s.Paragraph(" ", 1, "The signature is right for this body and this key.", screen.Bold)
		}
		writeMistakes(s, "warn", ofBody)
		return s.Print(w)
	}
	s.Paragraph("", 0, c.together(), screen.Plain)
	writeMistakes(s, "fail", c.told())
	writeMistakes(s, "warn", ofBody)
	if state := c.state(); state != "" {
		s.Blank()
		sign, in := s.Mark("skip")
		if c.Checked && c.Verdict.Match {
			sign, in = s.Mark("pass")
		}
		s.Raw(sign, in)
		s.Paragraph(" ", 1, state, screen.Plain)
	}
	return s.Print(w)
}

// writeMistakes writes each mistake, what it means and what to do.
func writeMistakes(s *screen.Writer, status string, told []toldMistake) {
	for _, one := range told {
		s.Blank()
		sign, in := s.Mark(status)
		render.Headline(s, 0, sign, in, in, report.Diagnosis{Summary: sentence(one.summary), Cause: one.id})
		s.Paragraph("  ", 2, one.explanation, screen.Plain)
		s.Blank()
		fix(s, one.fix)
	}
}

// fix writes what to do, and below it a line a language.
func fix(s *screen.Writer, fix Fix) {
	s.Paragraph("  ", 2, fix.Text, screen.Plain)
	const column = 10
	for _, one := range fix.Languages {
		s.Paragraph("    "+one.Language, 4+column, one.Text, screen.Plain)
	}
}

func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// SignedCall is what a right call of a body looks like. It holds the signature: of all commands only sign
// prints it.
type SignedCall struct {
	Username  string // "" where none is known
	Signature string
	Length    int // of the body, in bytes
}

func (c SignedCall) headers() [][2]string {
	headers := [][2]string{{"Content-Type", opensrs.ContentType}}
	if c.Username != "" {
		headers = append(headers, [2]string{opensrs.HeaderUsername, c.Username})
	}
	return append(headers, [2]string{opensrs.HeaderSignature, c.Signature},
		[2]string{"Content-Length", fmt.Sprint(c.Length)})
}

// WriteSignedJSON writes the call as one JSON document.
func WriteSignedJSON(w io.Writer, c SignedCall) error {
	headers := map[string]string{}
	for _, header := range c.headers() {
		headers[header[0]] = header[1]
	}
	return report.WriteDocument(w, struct {
		Signature string            `json:"signature"`
		Headers   map[string]string `json:"headers"`
	}{c.Signature, headers})
}

// WriteSignedText writes the headers of the call, one a line, as HTTP has them: for copying.
func WriteSignedText(w io.Writer, c SignedCall) error {
	var lines strings.Builder
	for _, header := range c.headers() {
		fmt.Fprintf(&lines, "%s: %s\n", header[0], header[1])
	}
	return screen.WriteLines(w, lines.String())
}

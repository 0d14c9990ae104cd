package report

import (
	"fmt"
	"io"
	"strings"

	"opensrs-doctor/probes/opensrs"
)

// SignatureCheck is what was found out about a client's signature, or about its whole request.
type SignatureCheck struct {
	Verdict   opensrs.Verdict // where Checked
	Findings  []opensrs.Finding
	Shape     opensrs.SignatureShape
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
			if id == opensrs.WrongKey {
				explanation = c.unexplained(explanation)
				if c.Fingerprint != nil {
					fix.Text += " That of the key given here is " + *c.Fingerprint + "."
				}
			}
			told = append(told, toldMistake{id, words.summary, explanation, fix})
		}
	}
	for _, finding := range c.Findings {
		if last := len(told) - 1; last >= 0 && told[last].id == finding.ID { // both headers: one mistake
			told[last].explanation += " " + findingDetail(finding)
			continue
		}
		words, _ := wordsFor(finding.ID)
		told = append(told, toldMistake{finding.ID, words.summary, ExplainFinding(finding), words.fixes()})
	}
	return told
}

// digestLengths are what is known by its number of hex digits.
var digestLengths = map[int]string{40: "SHA-1", 56: "SHA-224", 64: "SHA-256", 96: "SHA-384", 128: "SHA-512"}

// unexplained says what can be said where no mistake was found.
func (c SignatureCheck) unexplained(means string) string {
	var more []string
	switch shape := c.Shape; {
	case shape.Hex && digestLengths[shape.Length] != "":
		more = append(more, fmt.Sprintf("The signature has %d hex digits, as a %s digest has; a right one has 32.",
			shape.Length, digestLengths[shape.Length]))
	case shape.Hex && shape.Length != 32:
		more = append(more, fmt.Sprintf("The signature has %d hex digits; a right one has 32.", shape.Length))
	case !shape.Readable:
		more = append(more, fmt.Sprintf("The signature has %d characters and can't be read as a digest; a right one has 32 hex digits.",
			shape.Length))
	}
	if !c.Shape.Readable {
		means = "Nothing known explains this signature."
	}
	if !c.NameKnown {
		more = append(more, "That the username was hashed too was not tried: no username is known here; --username gives it.")
	}
	if c.AsText {
		more = append(more, "The capture is text, in which bytes beyond ASCII are lost: if the body has letters beyond "+
			"ASCII, no signature can be right for it. Capture its bytes, with a proxy or in the client.")
	}
	if c.Verdict.Cut {
		more = append(more, "The body is so large that not all pairs of mistakes were tried; a small body of the same client tells more.")
	}
	return strings.Join(append([]string{means}, more...), " ")
}

// state says how it stands with the signature where no mistake does.
func (c SignatureCheck) state() string {
	switch {
	case c.Checked && c.Verdict.Match:
		return "The signature itself is right for the body and the key."
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
	if c.Match() {
		return writePage(w, struct {
			Match bool `json:"match"`
		}{true})
	}
	document := struct {
		Match       bool     `json:"match"`
		Mistakes    []string `json:"mistakes"`
		Explanation string   `json:"explanation"`
		Fixes       []string `json:"fixes"`
	}{Mistakes: []string{}}
	texts := []string{c.together()}
	var fixes []Fix
	for _, one := range c.told() {
		document.Mistakes = append(document.Mistakes, one.id)
		texts = append(texts, one.explanation)
		fixes = append(fixes, one.fix)
	}
	texts = append(texts, c.state())
	document.Explanation = strings.Join(strings.Fields(strings.Join(texts, " ")), " ")
	document.Fixes = flatFixes(fixes)
	return writePage(w, document)
}

// WriteSignatureText writes the outcome for a person: each mistake, what it means and what to do.
func WriteSignatureText(w io.Writer, c SignatureCheck, o TextOptions) error {
	s := newScreen(o)
	if c.Match() {
		sign, in := s.mark("pass")
		s.raw(sign, in)
		if c.Request {
			s.paragraph(" ", 1, "The request is right: its signature, its headers and its length.", bold)
		} else {
			s.paragraph(" ", 1, "The signature is right for this body and this key.", bold)
		}
		return s.writeTo(w)
	}
	s.paragraph("", 0, c.together(), plain)
	for _, one := range c.told() {
		s.blank()
		sign, in := s.mark("fail")
		s.headline(0, sign, in, in, Diagnosis{Summary: sentence(one.summary), Cause: one.id})
		s.paragraph("  ", 2, one.explanation, plain)
		s.blank()
		s.fix(one.fix)
	}
	if state := c.state(); state != "" {
		s.blank()
		sign, in := s.mark("skip")
		if c.Checked {
			sign, in = s.mark("pass")
		}
		s.raw(sign, in)
		s.paragraph(" ", 1, state, plain)
	}
	return s.writeTo(w)
}

// fix writes what to do, and below it a line a language.
func (s *screen) fix(fix Fix) {
	s.paragraph("  ", 2, fix.Text, plain)
	const column = 10
	for _, one := range fix.Languages {
		s.paragraph("    "+one.Language, 4+column, one.Text, plain)
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
	return writePage(w, struct {
		Signature string            `json:"signature"`
		Headers   map[string]string `json:"headers"`
	}{c.Signature, headers})
}

// WriteSignedText writes the headers of the call, one a line, as HTTP has them: for copying.
func WriteSignedText(w io.Writer, c SignedCall) error {
	for _, header := range c.headers() {
		if _, err := fmt.Fprintf(w, "%s: %s\n", header[0], header[1]); err != nil {
			return err
		}
	}
	return nil
}

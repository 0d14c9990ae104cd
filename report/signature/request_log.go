package signature

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/probes/inspect"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/observed"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/report/screen"
)

// RequestLog is how the sandbox's log reads: an entry a request, with what is wrong, why, and what helps. What
// helps in each language is told once; later entries point back to it, so every entry has to be printed. Not for
// several goroutines at once.
type RequestLog struct {
	options screen.Options
	told    map[string]int // the request at which a mistake was explained
}

// NewRequestLog begins a log in which nothing was explained yet.
func NewRequestLog(o screen.Options) *RequestLog { return &RequestLog{o, map[string]int{}} }

// Entry is the text for one observation, with an empty line behind it.
func (l *RequestLog) Entry(o observed.Observation) string {
	s := screen.New(l.options)
	clock := o.At.Format(time.TimeOnly) + "  "
	if o.Broken != "" {
		s.Paragraph(clock, len(clock), "A connection without a request: "+brokenOff(o), screen.Plain)
		s.End()
		return foreign.Disarm(s.Out.String())
	}
	s.Paragraph(clock, len(clock), fmt.Sprintf("request %d from %s: %s", o.Number, o.Caller, outcomeWords(o)), screen.Bold)
	for _, one := range mistakesIn(o) {
		l.mistake(s, o.Number, one)
	}
	if text := refusedWords(o); text != "" {
		l.wrong(s, "address", text)
	}
	if right := rightIn(o); len(right) > 0 {
		l.line(s, "pass", strings.Join(right, ", "), screen.Plain)
	}
	s.End()
	return foreign.Disarm(s.Out.String())
}

// wrong is the line that names something wrong.
func (l *RequestLog) wrong(s *screen.Writer, id, summary string) {
	l.line(s, "fail", id+": "+summary, screen.Bold)
}

// line is one with a mark before it; its further lines begin where its text does.
func (l *RequestLog) line(s *screen.Writer, status, text string, in screen.Style) {
	sign, colour := s.Mark(status)
	indent := 2 + screen.WidthOf(sign) + 1
	s.Raw("  ", screen.Plain)
	s.Raw(sign, colour)
	s.Raw(" ", screen.Plain)
	for i, line := range screen.Wrap(s.Spell(screen.Clean(text)), s.Room(indent)) {
		if i > 0 {
			s.Raw(strings.Repeat(" ", indent), screen.Plain)
		}
		s.Raw(line, in)
		s.End()
	}
}

// mistakesIn puts everything that is wrong with a request into words, the address aside.
func mistakesIn(o observed.Observation) []toldMistake {
	told := checkOf(o).told()
	for _, problem := range o.Problems {
		told = append(told, problemIn(o, problem))
	}
	return told
}

// checkOf is what "sign verify" would be told of the request.
func checkOf(o observed.Observation) SignatureCheck {
	check := SignatureCheck{Findings: o.Findings, Request: true, KeyGiven: true, NameKnown: true}
	if o.Signature != nil {
		check.Verdict, check.Shape, check.Checked = *o.Signature, o.Shape, true
	}
	return check
}

// mistake names a mistake in the words of "sign verify".
func (l *RequestLog) mistake(s *screen.Writer, request int, one toldMistake) {
	l.wrong(s, one.id, one.summary)
	s.Paragraph("    ", 4, one.explanation, screen.Plain)
	if at, told := l.told[one.id]; told && len(one.fix.Languages) > 0 {
		s.Paragraph("    ", 4, fmt.Sprintf("What helps: see request %d.", at), screen.Faint)
		return
	}
	l.told[one.id] = request
	s.Paragraph("    ", 4, one.fix.Text, screen.Plain)
	for _, in := range one.fix.Languages {
		s.Paragraph("      "+in.Language, 14, in.Text, screen.Plain)
	}
}

// outcomeWords say what came of a request.
func outcomeWords(o observed.Observation) string {
	answer := "HTTP " + strconv.Itoa(o.Status) + " " + o.Text
	switch {
	case o.Status == 0:
		answer = "no answer"
	case o.Code != 0:
		answer = strconv.Itoa(o.Code) + " " + o.Text
	}
	switch {
	case o.Fault != "":
		return answer + ", as the fault " + o.Fault + " wants it"
	case o.Command != "" && o.Command != "other":
		return o.Command + ", " + answer
	}
	return answer
}

// rightIn names what was looked at and is right.
func rightIn(o observed.Observation) []string {
	if o.Command == observed.WhoAmI {
		return nil
	}
	wrong := map[string]bool{}
	for _, id := range o.Mistakes() {
		wrong[id] = true
	}
	headers := map[string]bool{}
	for _, finding := range o.Findings {
		headers[finding.Header] = true
	}
	var right []string
	add := func(ok bool, words string) {
		if ok {
			right = append(right, words)
		}
	}
	readable := !wrong[observed.NotHTTP] && !wrong[observed.AmbiguousHead] && !wrong[observed.HeadTooBig] && !wrong[observed.Unfinished]
	add(readable && !wrong[inspect.WrongMethod] && !wrong[inspect.WrongPath], "POST /")
	add(readable && !wrong[inspect.WrongContentType], "content type")
	add(o.Bytes > 0 && !headers["Content-Length"] && !headers["Transfer-Encoding"], fmt.Sprintf("length (%d bytes)", o.Bytes))
	add(readable && !headers[opensrs.HeaderUsername] && !wrong[observed.Username], "username")
	add(o.Signature != nil && o.Signature.Match && !headers[opensrs.HeaderSignature], "signature")
	switch {
	case o.Address.Verdict == iprules.VerdictUnknown:
		add(true, "address (no rules)")
	case o.Address.Verdict == iprules.VerdictAllow:
		add(true, fmt.Sprintf("address (rule %d, %s)", o.Address.Rule, o.Address.Text))
	}
	return right
}

// refusedWords say why the caller's address is refused, "" where it is not.
func refusedWords(o observed.Observation) string {
	switch {
	case o.Address.Verdict == iprules.VerdictAmbiguous:
		return fmt.Sprintf("the rules can be read both ways for %s, and the sandbox takes that as a refusal", o.Caller)
	case o.Address.Verdict != iprules.VerdictDeny:
		return ""
	case o.Address.Rule > 0:
		return fmt.Sprintf("rule %d, %s, refuses %s", o.Address.Rule, o.Address.Text, o.Caller)
	}
	return fmt.Sprintf("no rule allows %s", o.Caller)
}

// NotShown is the entry that stands for those which nobody took in time.
func NotShown(requests int64) string {
	return fmt.Sprintf("%d more entries, which could not be written in time\n\n", requests)
}

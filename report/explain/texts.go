package explain

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/diagnose/prose"
)

// textFiles is the table of what clients, systems and the service say when a call fails. One entry:
//
//	[TITLE]              what is printed of it; a paste itself is never repeated
//	from:                who says it
//	level: stage         says where it failed and not why; "wrapper" says only that it failed; "vague" says nothing
//	                     beside any other text, and is left out there; "peer" says that it failed with somebody
//	                     else than the service, so that reasons beside it are about that one; "answer" is what
//	                     that one said itself
//	text:                what to find, as words: letters and digits count, case and all between does not.
//	                     "..." is up to twelve words, <path> a file's name, <url> a URL, <n> a number
//	ours:                the same for words that others use too: only next to a word of OpenSRS, or alone
//	error:               the same for words that people use too: only near a word of an error, or alone
//	alone:               the same, only where nothing else was pasted
//	code: curl 60        a number, and whose (see codeLeads)
//	with: 400 555        reply codes that come with this text: with another code it is about something else, and beside
//	                     an entry of such a code this one says more
//	means:               one or two sentences
//	cause: ID why        in order of likelihood; "-" where the catalogue has no row for it, and ID? for a row that
//	                     is left out of the line as long as the catalogue has none
//	also:                what else gives this text, or has to be known
//	run: COMMAND | what it shows
//	same: TITLE          takes means, causes, also and run from that entry
//
// A line that begins with # is a comment.
//
//go:embed texts/*.txt
var textFiles embed.FS

// Levels of a text: how near it is to the reason.
const (
	levelAnswer = iota - 2
	levelPeer
	levelReason // where an entry names none
	levelStage
	levelVague
	levelWrapper
)

var levelsByName = lazy.Value[map[string]int]{Make: func() map[string]int {
	return map[string]int{
		"answer": levelAnswer, "peer": levelPeer, "stage": levelStage, "vague": levelVague, "wrapper": levelWrapper,
	}
}}

// knownText is one entry of the table.
type knownText struct {
	title, from, means string
	level              int
	forms              []textForm
	codes              []textCode
	with               []int // reply codes that come with it
	causes             []textCause
	also               []string
	run                textRun
	same               string
	hoped              []string // IDs of causes that the catalogue may get
}

// textForm is what is looked for, in words.
type textForm struct {
	words []string // lower case; gapWord, pathWord, urlWord and numberWord match what they say
	where formPlace
	reply int // the reply code that the form names, or 0
}

// formPlace is where a form counts.
type formPlace int

const (
	anywhere  formPlace = iota
	nextToOur           // only beside a word of OpenSRS, or alone
	nearError           // only near a word of an error, or alone
	byItself            // only alone
)

// textCode is a number, with whose it is.
type textCode struct {
	of     string // a key of codeLeads
	number int
}

type textCause struct {
	ID  string // "" where the catalogue has no row
	Why string
}

type textRun struct {
	Command, Why string
}

// codeLeads are the words after which a number is one of a kind. The order is that of likelihood, for a number
// that was pasted without any word.
var codeLeads = []struct {
	of, called string // called: how a person names it; "" where a number alone is not read so
	leads      []string
	behind     []string // words that come after such a number
}{
	{"reply", "a reply code of OpenSRS", []string{"response code", "opensrs error", "osrs error", "opensrs error code",
		"opensrs code", "opensrs returned", "opensrs response", "reply code", "result code", "osrs error code"}, nil},
	{"http", "an HTTP status", []string{"http", "http/1.1", "http/1.0", "http/2", "http status", "http code", "http error",
		"http status code", "http response code", "status code", "statuscode", "http response", "error returned status",
		"requested url returned error", "server returned an error", "server returned http response code", "server error",
		"client error", "resulted in a", "response status code does not indicate success"},
		[]string{"server error ... for url", "client error ... for url"}},
	{"curl", "a cURL error", []string{"curl error", "curl", "curl errno", "curl error code", "curl error number", "pycurl error",
		"libcurl error", "curlexception", "curl returned error", "error code 60 error message"}, nil},
	{"errno", "a number of the system (errno)", []string{"errno", "os error", "socketexception", "socket error",
		"unable to establish socket", "error number", "connect failed with error"}, nil},
	{"winsock", "a number of Windows", []string{"errno", "os error", "socketexception", "socket error", "winerror", "wsa",
		"wsa error", "error", "error code", "code", "winhttp", "win32 error", "unable to establish socket"}, nil},
	{"proxy", "", []string{"tunnel connection failed", "connect tunnel failed response", "received http code",
		"tunneling socket could not be established statuscode", "proxy returns http/1.1", "proxy returns http/1.0",
		"proxy response", "proxy <url> failed with status code", "establishing ssl tunnel failed"}, nil},
	{"verify", "a verify code of OpenSSL", []string{"verify return code", "verify error num", "verify error", "verify result",
		"certificate verify failed verify error"}, nil},
}

// textTable is the whole table, read once, when it is needed first.
var textTable = lazy.Value[[]*knownText]{Make: func() []*knownText {
	table, err := loadTexts()
	if err != nil {
		panic(err) // the table is part of the binary, and a test reads it
	}
	return table
}}

func loadTexts() ([]*knownText, error) {
	files, err := textFiles.ReadDir("texts")
	if err != nil {
		return nil, err
	}
	var table []*knownText
	for _, file := range files {
		content, err := textFiles.ReadFile("texts/" + file.Name())
		if err != nil {
			return nil, err
		}
		for number, line := range strings.Split(prose.OfService(string(content)), "\n") {
			if table, err = addTextLine(table, line); err != nil {
				return nil, fmt.Errorf("%s line %d: %w", file.Name(), number+1, err)
			}
		}
	}
	for _, entry := range table {
		entry.addCodedForms()
		if entry.same == "" {
			continue
		}
		at := slices.IndexFunc(table, func(other *knownText) bool { return other.title == entry.same })
		if at < 0 {
			return nil, fmt.Errorf("%s: no entry is called %s", entry.title, entry.same)
		}
		entry.means, entry.causes, entry.also, entry.run = table[at].means, table[at].causes, table[at].also, table[at].run
	}
	return table, nil
}

// addTextLine adds one line of a file to the table.
func addTextLine(table []*knownText, line string) ([]*knownText, error) {
	if line == "" || line[0] == '#' {
		return table, nil
	}
	if title, is := strings.CutPrefix(line, "["); is {
		return append(table, &knownText{title: strings.TrimSuffix(title, "]")}), nil
	}
	name, value, found := strings.Cut(line, ": ")
	if !found || len(table) == 0 {
		return nil, fmt.Errorf("not a line of an entry: %q", line)
	}
	entry := table[len(table)-1]
	switch name {
	case "from":
		entry.from = value
	case "level":
		level, known := levelsByName.Get()[value]
		if !known {
			return nil, fmt.Errorf("no level is called %q", value)
		}
		entry.level = level
	case "text":
		entry.forms = append(entry.forms, textForm{words: formWords(value)})
	case "ours":
		entry.forms = append(entry.forms, textForm{words: formWords(value), where: nextToOur})
	case "error":
		entry.forms = append(entry.forms, textForm{words: formWords(value), where: nearError})
	case "alone":
		entry.forms = append(entry.forms, textForm{words: formWords(value), where: byItself})
	case "code":
		return table, entry.addCode(value)
	case "with":
		for _, digits := range strings.Fields(value) {
			number, err := strconv.Atoi(digits)
			if err != nil {
				return nil, fmt.Errorf("not a number: %q", digits)
			}
			entry.with = append(entry.with, number)
		}
	case "means":
		entry.means = value
	case "cause":
		entry.addCause(value)
	case "also":
		entry.also = append(entry.also, value)
	case "run":
		command, why, _ := strings.Cut(value, " | ")
		entry.run = textRun{command, why}
	case "same":
		entry.same = value
	default:
		return nil, fmt.Errorf("no field is called %q", name)
	}
	return table, nil
}

// addCode adds a number, and the forms in which it is written.
func (t *knownText) addCode(value string) error {
	of, digits, _ := strings.Cut(value, " ")
	number, err := strconv.Atoi(digits)
	if err != nil {
		return fmt.Errorf("not a number: %q", value)
	}
	for _, kind := range codeLeads {
		if kind.of != of {
			continue
		}
		t.codes = append(t.codes, textCode{of, number})
		for _, lead := range kind.leads {
			form := textForm{words: formWords(lead + " " + digits)}
			if of == "reply" {
				form.reply = number
			}
			t.forms = append(t.forms, form)
		}
		for _, behind := range kind.behind {
			t.forms = append(t.forms, textForm{words: formWords(digits + " " + behind)})
		}
		return nil
	}
	return fmt.Errorf("no number is of %q", of)
}

// addCodedForms adds what the service says together with its code, as clients print the two: "401: Authentication
// failed", "Authentication failed (Code 401)". Words that others use too are the service's beside its code.
func (t *knownText) addCodedForms() {
	for _, form := range slices.Clone(t.forms) {
		for _, code := range t.codes {
			if code.of != "reply" || form.reply != 0 {
				continue
			}
			digits := strconv.Itoa(code.number)
			t.forms = append(t.forms, textForm{words: append([]string{digits}, form.words...), reply: code.number},
				textForm{words: append(slices.Clone(form.words), "code", digits), reply: code.number})
		}
	}
}

func (t *knownText) addCause(value string) {
	id, why, _ := strings.Cut(value, " ")
	if maybe, is := strings.CutSuffix(id, "?"); is {
		t.hoped = append(t.hoped, maybe)
		id = "-"
		if _, known := diagnose.Lookup(maybe); known {
			id = maybe
		}
	}
	t.causes = append(t.causes, textCause{strings.TrimPrefix(id, "-"), why})
}

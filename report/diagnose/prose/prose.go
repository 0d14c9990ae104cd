// Package prose holds what the causes say, one file a cause, and fills it with what a run saw.
package prose

import (
	"embed"
	"fmt"
	"strings"

	"opensrs-doctor/probes/lazy"
)

// files hold what a row says, one file a cause:
//
//	# Summary: what a person sees first, the thing that was found, with its address, port or rule
//	## Explanation    sentences: why the evidence points there
//	## Fixes          steps, in order
//	## Docs           links
//	## Means          explain: for somebody who meets it the first time
//	## Recognised     explain: which evidence makes the tool say so
//
// An item of a list begins with "- "; "- @name" is the text of that name in shared.txt, and "- @rfc9293" that RFC.
//
// Words in {braces} are filled from the run (see vocabulary), but for what the service has of its own (see OfService). A sentence or step with a word that the run does not
// know is left out, so every sentence stands alone, and a step that is right only sometimes carries a word that is
// known only then: {rule_to_drop} exists only where there are five rules already. Where there is no run, the
// vocabulary's own words fill Summary and Fixes. Where a text reads wrong with them, or is right only sometimes, a line
// "In general:" follows with its words for that case: they invent no address, line, date or hop, and say with an if
// what is right only sometimes. With no words after it, the text is for a run only.
//
// Confidence below certain is said beside the row; so its words name what was found, and a guess at place or culprit
// reads as one. A row says what to change and whom to ask. What OpenSRS does not document, it says.
//
//go:embed causes
var files embed.FS

// Texts are the words of a cause. They hold {placeholders} that a run's Values fill (see Vocabulary); a sentence or a step
// with a placeholder that has no value is left out, so that it reads well with whatever is known. A Summary or a step that
// reads wrong without a run has its words for that case too (see General).
type Texts struct {
	Summary     string   // one line, no full stop: what is wrong
	Explanation []string // sentences: why the evidence says so
	Fixes       []string // steps, each begins with a verb
	Docs        []string // links

	Means      string // explain: what it means, for somebody who meets it the first time
	Recognised string // explain: which evidence makes the tool say so
}

// Of are the words of a cause. A cause without a file is a mistake in the program: it panics.
func Of(id string) Texts {
	parts := sections(read(id))
	return Texts{
		Summary:     strings.TrimPrefix(parts[""], "# "),
		Explanation: items(parts["Explanation"]),
		Fixes:       items(parts["Fixes"]),
		Docs:        items(parts["Docs"]),
		Means:       parts["Means"],
		Recognised:  parts["Recognised"],
	}
}

var shared = lazy.Value[map[string]string]{Make: func() map[string]string { return sections(read("shared")) }}

func read(name string) string {
	text, err := files.ReadFile("causes/" + name + ".txt")
	if err != nil {
		panic(err)
	}
	return OfService(string(text))
}

// sections splits a text at its "## " headings; what is before the first has the name "". The lines of a section are
// joined, except where an item or the words for no run begin.
func sections(text string) map[string]string {
	parts, name := map[string]string{}, ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if heading, is := strings.CutPrefix(line, "## "); is {
			name = heading
			continue
		}
		switch {
		case line == "":
		case parts[name] == "":
			parts[name] = line
		case strings.HasPrefix(line, "- "), strings.HasPrefix("\n"+line, General):
			parts[name] += "\n" + line
		default:
			parts[name] += " " + line
		}
	}
	return parts
}

// Link is the address of the page that shared.txt has under that name.
func Link(name string) string { return shared.Get()[name] }

// items are the texts of a list.
func items(list string) []string {
	var texts []string
	for _, text := range strings.Split(strings.TrimPrefix(list, "- "), "\n- ") {
		name, named := strings.CutPrefix(text, "@")
		number, isRFC := strings.CutPrefix(name, "rfc")
		switch {
		case text == "":
			continue
		case named && isRFC:
			text = "https://www.rfc-editor.org/rfc/rfc" + number
		case named:
			if text = shared.Get()[name]; text == "" {
				panic(fmt.Sprintf("no shared text is named %q", name))
			}
		}
		texts = append(texts, text)
	}
	return texts
}

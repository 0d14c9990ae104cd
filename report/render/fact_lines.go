package render

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// Fact is what something is about, and what was seen.
type Fact struct{ Key, Value string }

// FactLine is one line of what a run recorded, in words. One of its two texts may be empty. Facts are written once, in
// fact_probes.go and fact_words.go; a screen, Markdown and the page lay them out. They are read from the report's JSON,
// so that a saved, an anonymized and a foreign report read alike.
type FactLine struct {
	Fact
	Depth int // how deep it is nested, 0 to deepest
}

// Deepest bounds the indent of facts that a foreign report nests without end.
const Deepest = 4

// factList collects facts.
type factList struct {
	lines   []FactLine
	depth   int
	Unknown []string // members that no words are known for: of a newer release, or written by hand
}

// say adds a line; without a value there is none.
func (l *factList) say(key, value string) {
	if value != "" {
		l.lines = append(l.lines, FactLine{Fact{key, value}, min(l.depth, Deepest)})
	}
}

// under adds a line and what belongs below it; without a value and without lines below there is none.
func (l *factList) under(key, value string, below func()) {
	at := len(l.lines)
	l.lines = append(l.lines, FactLine{Fact{key, value}, min(l.depth, Deepest)})
	l.depth++
	below()
	if l.depth--; value == "" && len(l.lines) == at+1 {
		l.lines = l.lines[:at]
	}
}

// item adds a line about an object, and below it what the line did not take from it.
func (l *factList) item(key, value string, of *factReader) {
	l.under(key, value, func() { l.rest(of) })
}

// each adds an item for every object of a list, below a line of their own.
func (l *factList) each(key string, of []*factReader, words func(*factReader) (key, value string)) {
	l.under(key, "", func() {
		for _, one := range of {
			key, value := words(one)
			l.item(key, value, one)
		}
	})
}

// rest adds the members of an object that nobody has taken, under their own names.
func (l *factList) rest(of *factReader) {
	if of == nil {
		return
	}
	for _, m := range of.members {
		if inner := of.inside[m.Name]; inner != nil {
			l.under(labelOf(m.Name), "", func() { l.rest(inner) })
		} else if !of.taken[m.Name] {
			of.taken[m.Name] = true // whoever asks for the rest again gets none of it twice
			before := len(l.lines)
			if l.plain(m.Name, m.Value); len(l.lines) > before {
				l.Unknown = append(l.Unknown, m.Name)
			}
		}
	}
}

// plain is a member without words: its name, and its value as one reads it.
func (l *factList) plain(name string, value any) {
	switch v := value.(type) {
	case report.Object:
		l.under(labelOf(name), "", func() {
			for _, m := range v {
				l.plain(m.Name, m.Value)
			}
		})
	case []any:
		if texts, ok := scalars(v); ok {
			l.say(labelOf(name), strings.Join(texts, ", "))
			return
		}
		l.under(labelOf(name), "", func() {
			for i, element := range v {
				l.plain(strconv.Itoa(i+1), element)
			}
		})
	default:
		l.say(labelOf(name), scalar(name, value))
	}
}

// labelOf is a member's name as words: "took" of took_ms, whose unit its value has.
func labelOf(name string) string {
	for _, unit := range []string{"_ms", "_bytes"} {
		name = strings.TrimSuffix(name, unit)
	}
	return strings.ReplaceAll(name, "_", " ")
}

// scalar is a value that is neither an object nor a list, with its unit; "" for one that says nothing.
func scalar(name string, value any) string {
	switch v := value.(type) {
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case json.Number:
		switch {
		case strings.HasSuffix(name, "_ms"):
			if ms, err := v.Float64(); err == nil && ms >= 0 {
				return screen.SpanMS(screen.Sane(ms))
			}
			return v.String() + " ms"
		case strings.HasSuffix(name, "_bytes"):
			return v.String() + " bytes"
		}
		return v.String()
	case string:
		if name == "pem" && v != "" {
			return "in the JSON report"
		}
		return v
	}
	return ""
}

// scalars gives the texts of a list that holds neither lists nor objects, empty ones left out.
func scalars(list []any) (texts []string, ok bool) {
	for _, element := range list {
		switch element.(type) {
		case report.Object, []any:
			return nil, false
		}
		if text := scalar("", element); text != "" {
			texts = append(texts, text)
		}
	}
	return texts, true
}

// factReader is an object of the facts that words are made of. Members that have another type than expected are not taken,
// so that they are shown as they are. A nil factReader has no members.
type factReader struct {
	members report.Object
	taken   map[string]bool
	inside  map[string]*factReader
}

func read(value any) *factReader {
	members, ok := value.(report.Object)
	if !ok {
		return nil
	}
	return &factReader{members: members, taken: map[string]bool{}, inside: map[string]*factReader{}}
}

func (r *factReader) get(name string) any {
	if r == nil {
		return nil
	}
	return r.members.Get(name)
}

// drop takes members that need no words here.
func (r *factReader) drop(names ...string) {
	for _, name := range names {
		if r != nil {
			r.taken[name] = true
		}
	}
}

// text takes a string or a number; "" for an empty one, and where there is none.
func (r *factReader) text(name string) string {
	switch v := r.get(name).(type) {
	case string, json.Number:
		r.drop(name)
		return scalar(name, v)
	case nil:
		r.drop(name)
	}
	return ""
}

// number takes a number.
func (r *factReader) number(name string) (n float64, ok bool) {
	v, _ := r.get(name).(json.Number)
	if n, err := v.Float64(); err == nil {
		r.drop(name)
		return n, true
	}
	return 0, false
}

// flag takes a yes or no.
func (r *factReader) flag(name string) (yes, known bool) {
	yes, known = r.get(name).(bool)
	if known {
		r.drop(name)
	}
	return yes, known
}

// is takes a yes or no, and reports whether it is yes.
func (r *factReader) is(name string) bool {
	yes, _ := r.flag(name)
	return yes
}

// pick takes a yes or no, and gives the words for it; "" where it is not known.
func (r *factReader) pick(name, yes, no string) string {
	switch is, known := r.flag(name); {
	case is:
		return yes
	case known:
		return no
	}
	return ""
}

// texts takes a list of scalars.
func (r *factReader) texts(name string) []string {
	list, _ := r.get(name).([]any)
	texts, ok := scalars(list)
	if ok && list != nil {
		r.drop(name)
	}
	return texts
}

// object takes a member that is an object; what is not taken from it in turn is its rest.
func (r *factReader) object(name string) *factReader {
	inner := read(r.get(name))
	if inner != nil {
		r.drop(name)
		r.inside[name] = inner
	}
	return inner
}

// objects takes a list of nothing but objects. Whoever takes it shows the rest of each.
func (r *factReader) objects(name string) []*factReader {
	list, _ := r.get(name).([]any)
	var all []*factReader
	for _, element := range list {
		one := read(element)
		if one == nil {
			return nil
		}
		all = append(all, one)
	}
	if list != nil {
		r.drop(name)
	}
	return all
}

// day takes a time, and gives its date; another text as it is.
func (r *factReader) day(name string) string {
	text := r.text(name)
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return screen.Day(at)
	}
	return text
}

// joinedWords are the parts of a line, without empty ones.
func joinedWords(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ", ")
}

// prefixed is "" for an empty text.
func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

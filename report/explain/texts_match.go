package explain

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"opensrs-doctor/probes/lazy"
)

// textMatch is a form that was recognised in a paste.
type textMatch struct {
	entry    *knownText
	from, to int  // words
	weight   int  // how many of them the form names
	brief    bool // another one near it says more
	reply    int  // the reply code that it is, or 0
	level    int  // the entry's, or lower down where another one near it decides what it means
}

// recognise finds the entries of the table in a text: the deepest reason first, then what says less. ways are the
// readings of a number that was pasted by itself, the likeliest first.
func recognise(text string) (matches []textMatch, ways []textCode) {
	text = readable(text)
	pasted := splitWords(text)
	matches, ways = byNumber(tellingWords(pasted.words))
	if matches != nil && !strings.HasPrefix(strings.TrimSpace(text), "-") {
		return matches, ways
	}
	all := searchTexts(pasted)
	if again := unwrapped(text); again != "" {
		for _, f := range searchTexts(splitWords(again)) {
			if !slices.ContainsFunc(all, func(other textMatch) bool { return other.entry == f.entry }) {
				f.from += len(pasted.words) // its place is not comparable
				f.to += len(pasted.words)
				all = append(all, f)
			}
		}
	}
	if len(all) == 0 {
		all = searchCut(pasted)
	}
	return inOrder(all, slices.Contains(pasted.words, "caused")), nil
}

// longestMatch is how many words a form can span, gaps and all.
const longestMatch = 48

// maxByItself is how many words a paste may have that is nothing but one form and what says nothing.
const maxByItself = 24

// entryForm is a form with its entry.
type entryForm struct {
	textForm
	entry *knownText
}

// formsByWord are the forms by their first word.
var formsByWord = lazy.Value[map[string][]entryForm]{Make: func() map[string][]entryForm {
	index := map[string][]entryForm{}
	for _, entry := range textTable.Get() {
		for _, form := range entry.forms {
			index[form.words[0]] = append(index[form.words[0]], entryForm{form, entry})
		}
	}
	return index
}}

// weight is how many words a form names.
func (f textForm) weight() int {
	weight := 0
	for _, word := range f.words {
		if word != gapWord {
			weight++
		}
	}
	return weight
}

// formsByItself are the forms that count where nothing else was pasted.
var formsByItself = lazy.Value[[]entryForm]{Make: func() []entryForm {
	var out []entryForm
	for _, forms := range formsByWord.Get() {
		for _, form := range forms {
			if form.where != anywhere {
				out = append(out, form)
			}
		}
	}
	return out
}}

// searchTexts finds every form in the words, without those that lie within a longer one.
func searchTexts(pasted pastedWords) []textMatch {
	var all, whole []textMatch
	code, number, words := numbered(pasted.words)
	for _, form := range formsByItself.Get() {
		if len(pasted.words) > maxByItself {
			break
		}
		switch {
		case form.isAll(pasted.words):
			whole = append(whole, textMatch{entry: form.entry, to: len(pasted.words), weight: form.weight()})
		case code != nil && form.isAll(words):
			whole = append(whole, textMatch{entry: form.entry, to: len(pasted.words), weight: form.weight()},
				textMatch{entry: code, to: len(pasted.words), weight: form.weight(), reply: number})
		}
	}
	for at, word := range pasted.words {
		for _, form := range formsByWord.Get()[word] {
			if !pasted.counts(form.where, at) {
				continue
			}
			if end := follow(pasted.words, at, form.words); end > 0 {
				all = append(all, textMatch{entry: form.entry, from: at, to: end, weight: form.weight(), reply: form.reply})
			}
		}
	}
	outer := slices.Clone(all) // in the order of from
	whole = slices.DeleteFunc(whole, func(f textMatch) bool { return slices.ContainsFunc(outer, f.liesWithin) })
	all = slices.DeleteFunc(all, func(f textMatch) bool {
		if slices.ContainsFunc(whole, f.liesWithin) || slices.ContainsFunc(outer, func(o textMatch) bool { return f.leadsTo(o, pasted.words) }) {
			return true
		}
		next, _ := slices.BinarySearchFunc(outer, f.from-longestMatch, func(o textMatch, from int) int { return o.from - from })
		for ; next < len(outer) && outer[next].from <= f.from; next++ {
			if f.liesWithin(outer[next]) {
				return true
			}
		}
		return false
	})
	return asReplied(append(whole, all...), pasted)
}

// isAll reports whether words are the form and else nothing that says what went wrong.
func (f textForm) isAll(words []string) bool {
	rest := tellingWords(words, f.words...)
	return len(rest) > 0 && follow(rest, 0, f.words) == len(rest)
}

// liesWithin reports whether another match says the same and more.
func (f textMatch) liesWithin(other textMatch) bool {
	return other.from <= f.from && f.to <= other.to && other.weight > f.weight
}

// leadsTo reports whether a match ends with the number that another begins with: the 500 of Perl's LWP in "500 Can't
// connect" is no status that anybody sent.
func (f textMatch) leadsTo(other textMatch, words []string) bool {
	number, err := strconv.Atoi(words[max(0, f.to-1)])
	return err == nil && f.entry.hasCode("http", number) && other.from == f.to-1 && other.to > f.to && other.reply == 0 &&
		!slices.ContainsFunc(other.entry.codes, func(code textCode) bool { return code.of == "http" })
}

// follow gives the place after the words of a form that begins at a place, or -1.
func follow(words []string, at int, form []string) int {
	for i, want := range form {
		if want == gapWord {
			for skip := 0; skip <= maxGap && at+skip < len(words); skip++ {
				if end := follow(words, at+skip, form[i+1:]); end >= 0 {
					return end
				}
			}
			return -1
		}
		if at >= len(words) || words[at] != want && !(want == numberWord && isNumber(words[at])) {
			return -1
		}
		at++
	}
	return at
}

// searchCut finds a text whose end is missing: at least three words and 14 letters of it come right before the end of
// the paste or an ellipsis, and no other entry begins so.
func searchCut(pasted pastedWords) []textMatch {
	var only textMatch
	for at, word := range pasted.words {
		for _, form := range formsByWord.Get()[word] {
			if !pasted.counts(form.where, at) || !pasted.breaksOff(at, form.words) {
				continue
			}
			if only.entry != nil && only.entry != form.entry {
				return nil
			}
			only = textMatch{entry: form.entry, from: at, to: len(pasted.words)}
		}
	}
	if only.entry == nil {
		return nil
	}
	return []textMatch{only}
}

// breaksOff reports whether the words from a place on are the beginning of a form, up to where the paste is cut.
func (p pastedWords) breaksOff(at int, form []string) bool {
	letters := 0
	for i, want := range form {
		if want == gapWord || at >= len(p.words) {
			return false
		}
		word := p.words[at]
		at++
		if p.cut[at] && strings.HasPrefix(want, word) && (word != want || i < len(form)-1) {
			return i >= 2 && letters+len(word) >= 14
		}
		if word != want {
			return false
		}
		letters += len(word)
	}
	return false
}

// nearWords is how far apart words can be that are about one failure.
const nearWords = 25

// near reports whether two matches are about one failure.
func (f textMatch) near(other textMatch) bool {
	return other.from-f.to < nearWords && f.from-other.to < nearWords
}

// inOrder gives each entry once, sorted by depth: reasons first, then what says where it failed, then wrappings; as
// they come in the text, or the other way round where one is said to be caused by the next. A wrapping beside
// anything else is brief, and anything is near what lies deeper; what is vague is left out there.
func inOrder(all []textMatch, causedBy bool) []textMatch {
	telling := slices.DeleteFunc(slices.Clone(all), func(f textMatch) bool { return f.entry.with == nil })
	for i, f := range all {
		all[i].level = f.entry.level
		if f.entry.level == levelReason && slices.ContainsFunc(telling, func(o textMatch) bool { return o.decides(f) }) {
			all[i].level = levelStage
		}
	}
	slices.SortStableFunc(all, func(a, b textMatch) int {
		place := cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.weight, a.weight))
		if causedBy {
			place = cmp.Or(cmp.Compare(b.from, a.from), cmp.Compare(b.weight, a.weight))
		}
		return cmp.Or(cmp.Compare(a.level, b.level), place)
	})
	var once []textMatch
	for _, f := range all {
		if slices.ContainsFunc(once, func(other textMatch) bool { return other.entry == f.entry }) {
			continue
		}
		f.brief = f.level == levelWrapper && all[0].level < levelWrapper ||
			f.level < levelWrapper && slices.ContainsFunc(once, func(o textMatch) bool { return o.level < f.level && o.near(f) })
		if !f.brief || f.level != levelVague {
			once = append(once, f)
		}
	}
	return once
}

const fillers = " error errors err code codes no nr num number status the a an got i get gets we it is was response reply " +
	"opensrs osrs api returned returns return says said exception failed fatal warning php e what does mean means why "

// isOneOf reports whether a word is in a list whose words have a space on both sides.
func isOneOf(list, word string) bool { return strings.Contains(list, " "+word+" ") }

// tellingWords are the words without those that say nothing of what went wrong, but for some to keep.
func tellingWords(words []string, keep ...string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(word string) bool {
		called := strings.HasSuffix(word, "exception") || strings.HasSuffix(word, "error") // as a program calls its errors
		return (called || isOneOf(fillers, word)) && !slices.Contains(keep, word)
	})
}

// byNumber gives the entries for a paste that is one number and nothing else, by likelihood.
func byNumber(words []string) (matches []textMatch, ways []textCode) {
	if len(words) != 1 || !isNumber(words[0]) {
		return nil, nil
	}
	for _, kind := range codeLeads {
		for _, entry := range textTable.Get() {
			for _, code := range entry.codes {
				if kind.called != "" && code.of == kind.of && words[0] == strconv.Itoa(code.number) {
					matches = append(matches, textMatch{entry: entry})
					ways = append(ways, code)
				}
			}
		}
	}
	return matches, ways
}

func isNumber(word string) bool {
	return word != "" && strings.Trim(word, "0123456789") == ""
}

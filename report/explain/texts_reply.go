package explain

import (
	"slices"
	"strconv"
	"strings"
)

// errorWords are words of an error, beside which other words are more than talk. Names that end in error or exception
// are as well.
const errorWords = " err errno errors failed failure fatal warning socket write send recv ssl tls tcp http https curl connect " +
	"connection fopen fsockopen fwrite net io " + urlWord + " "

// counts reports whether a form of that place counts at a word.
func (p pastedWords) counts(where formPlace, at int) bool {
	const around = 8
	switch where {
	case byItself:
		return false
	case nextToOur:
		return p.ours
	case nearError:
		return p.ours || slices.ContainsFunc(p.words[max(0, at-around):min(at+around, len(p.words))], func(word string) bool {
			return isOneOf(errorWords, word) || strings.HasSuffix(word, "error") || strings.HasSuffix(word, "exception")
		})
	}
	return true
}

// asReplied reads the code and the text of a reply together: what is said in a reply belongs to its code, unless it
// is what the service says with that code.
func asReplied(all []textMatch, p pastedWords) []textMatch {
	codes := slices.DeleteFunc(slices.Clone(all), func(f textMatch) bool { return f.reply == 0 })
	return slices.DeleteFunc(all, func(f textMatch) bool {
		mine, others := false, false
		for _, code := range codes {
			if f.reply != 0 || !p.belongs(f, code) {
				continue
			}
			if slices.Contains(f.entry.with, code.reply) || f.entry.hasCode("reply", code.reply) {
				mine = true
			} else {
				others = true
			}
		}
		return others && !mine
	})
}

// belongs reports whether a text is said in the reply of a code: on its line or within its envelope, and what only the
// service says near it as well. An HTTP status is around a reply and not in it.
func (p pastedWords) belongs(f, code textMatch) bool {
	said, by := p.places[f.from], p.places[code.from]
	if said.reply != by.reply || !said.within && !f.near(code) || f.entry.hasCode("http", 0) {
		return false
	}
	return said.within || said.line == by.line || len(f.entry.with) > 0 || f.entry.hasCode("reply", 0)
}

// hasCode reports whether an entry has a number of that kind; 0 is any.
func (t *knownText) hasCode(of string, number int) bool {
	return slices.ContainsFunc(t.codes, func(code textCode) bool {
		return code.of == of && (number == 0 || code.number == number)
	})
}

// decides reports whether this text says what another one with a reply code means.
func (f textMatch) decides(other textMatch) bool {
	return f.entry != other.entry && f.near(other) && slices.ContainsFunc(f.entry.with, func(number int) bool {
		return other.entry.hasCode("reply", number)
	})
}

// numbered takes a reply code off the beginning or the end of words, as in "Error: 415 Authentication Error"; entry is
// the code's, or nil where there is none.
func numbered(words []string) (entry *knownText, number int, rest []string) {
	first, last := 0, len(words)-1
	for first < last && isOneOf(fillers, words[first]) {
		first++
	}
	for first < last && isOneOf(fillers, words[last]) {
		last--
	}
	if first >= last {
		return nil, 0, words
	}
	for _, at := range []int{first, last} {
		rest := words[first+1:]
		if at == last {
			rest = words[first:last]
		}
		for _, entry := range textTable.Get() {
			for _, code := range entry.codes {
				if code.of == "reply" && words[at] == strconv.Itoa(code.number) {
					return entry, code.number, rest
				}
			}
		}
	}
	return nil, 0, words
}

// aboutOpenSRS reports whether the words are about this service, so that words which others use too count.
func aboutOpenSRS(words []string) bool {
	for i, word := range words {
		switch word {
		case "opensrs", "osrs", "tucows", "xcp", "opensrspro":
			return true
		case "response":
			if i+1 < len(words) && (words[i+1] == "code" || words[i+1] == "text") {
				return true
			}
		}
	}
	return false
}

package foreign

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"opensrs-doctor/probes/lazy"
)

// money is how amounts are told from other numbers. It is made when the first number is met: most replies have none.
var money = lazy.Value[moneyPatterns]{Make: func() (m moneyPatterns) {
	const (
		currency = `(?:\p{Sc}|\b(?:US|CA|AU|NZ|HK|[CAR])\$|\b(?i:USD|CAD|EUR|GBP|AUD|NZD|CHF|JPY|CNY|SEK|NOK|DKK|PLN|CZK|HUF|INR|` +
			`BRL|MXN|ZAR|SGD|HKD|dollars?|euros?|pounds?|cents?|bucks|(?:US|Canadian|Australian)[ -]dollars?)\b)`
		between = `(?:<[^<>]*>|[^0-9A-Za-z<])*` // what may be between a number and what it is a number of
	)
	m.figure = regexp.MustCompile(`[0-9](?:[0-9]|[.,'’_][0-9]|[ \x{a0}][0-9]{3}\b)*`)
	m.priced = regexp.MustCompile(`^(?:[0-9]{1,3}(?:[.,'’_ \x{a0}]?[0-9]{3})*|[0-9]+)[.,][0-9]{2}$`)
	m.afterCurrency = regexp.MustCompile(currency + between + `$`)
	m.beforeMoney = regexp.MustCompile(`^` + between + currency)
	m.afterBalance = regexp.MustCompile(`(?i)\b(?:balance|funds|credits?|saldo|solde|guthaben)\b(?:<[^<>]*>|[^0-9<]){0,24}$`)
	m.afterVersion = regexp.MustCompile(`(?i)(?:[a-z]/|\b(?:version|release|ver\.?|v|tls|ssl|http|protocol)[ -]?)$`)
	m.clock = regexp.MustCompile(`^(?:[0-9]{1,4}[-/.:][0-9]{1,2}[-/.:][0-9]{1,4}|[0-9]{1,2}:[0-9]{2}|v?[0-9]+(?:\.[0-9]+){2,})` +
		`(?:[.,T][0-9:.,]*Z?)?$`)
	return m
}}

type moneyPatterns struct {
	figure        *regexp.Regexp // a number as people write it, with marks between thousands and before decimals
	priced        *regexp.Regexp // of a whole figure: what makes it an amount of money by itself
	afterCurrency *regexp.Regexp // of what is before a figure
	beforeMoney   *regexp.Regexp // of what is after it
	afterBalance  *regexp.Regexp
	afterVersion  *regexp.Regexp
	clock         *regexp.Regexp // of the word that a figure is part of: a date, a time or a version
}

// hideAmounts takes the amounts given out of a text, and every other number that looks like an amount of money: with
// two decimals, beside a currency, or called a balance. What is part of an address, a version, a date or a time stays.
func hideAmounts(text string, amounts []string) string {
	text = plainDigits(text)
	if len(digitsOf(text)) == 0 {
		return text
	}
	dressed := &Scrubber{}
	for _, amount := range amounts {
		if len(digitsOf(amount)) >= tellingAmount {
			dressed.Add(amount)
		}
	}
	telling := func(number string) bool { return len(digitsOf(number)) >= tellingAmount && isOneOf(amounts, number) }
	return hideFigures(text, dressed.find(text), telling, func(before, number, after string) bool {
		m := money.Get()
		return isOneOf(amounts, number) || m.priced.MatchString(number) || m.afterBalance.MatchString(tail(before)) ||
			m.afterCurrency.MatchString(tail(before)) || m.beforeMoney.MatchString(after[:min(len(after), nearby)])
	})
}

// hideKnownAmounts is for the words of peers that do not know the account: only the amounts given, and no short ones,
// which may be any number.
func hideKnownAmounts(text string, amounts []string) string {
	plain := ""
	for _, amount := range amounts {
		digits := digitsOf(amount)
		if len(digits) < tellingAmount {
			continue
		}
		if plain == "" {
			plain = digitsOf(text)
		}
		if strings.Contains(plain, digits) {
			same := func(number string) bool { return digitsOf(number) == digits }
			text = hideFigures(text, nil, same, func(_, number, _ string) bool { return same(number) })
		}
	}
	return text
}

// tellingAmount is from how many digits on an amount is hardly any other number.
const tellingAmount = 5

// hideFigures takes out of a text what is hit, and the numbers that hide says of, unless they are part of something
// else. telling is for numbers that are no chance, whatever they are part of.
func hideFigures(text string, hit []bool, telling func(number string) bool, hide func(before, number, after string) bool) string {
	if hit == nil {
		hit = make([]bool, len(text))
	}
	for _, at := range money.Get().figure.FindAllStringIndex(text, -1) {
		from, to := at[0], at[1]
		switch {
		case partOfOther(text, from, to) && (!telling(text[from:to]) || isIPAddress(wordAt(text, from, to))):
			clear(hit[from:to])
		case hide(text[:from], text[from:to], text[to:]):
			for i := from; i < to; i++ {
				hit[i] = true
			}
		}
	}
	return redact(text, hit)
}

// isOneOf reports whether a number is one of the amounts, or one without its decimals.
func isOneOf(amounts []string, number string) bool {
	digits := digitsOf(number)
	for _, amount := range amounts {
		whole, _, _ := strings.Cut(amount, ".")
		if all := digitsOf(amount); len(all) >= tellingAmount && len(digits) >= max(tellingAmount, len(all)-5) && rounded(all, digits) {
			return true
		}
		if all := digitsOf(amount); len(all) >= 3 && digits == all || len(digitsOf(whole)) >= 3 && digits == digitsOf(whole) {
			return true
		}
	}
	return false
}

// rounded reports whether some digits are an amount's first ones, the last of them rounded up or not.
func rounded(amount, digits string) bool {
	if len(digits) > len(amount) {
		return false
	}
	first, err := strconv.ParseUint(amount[:len(digits)], 10, 64)
	given, errGiven := strconv.ParseUint(digits, 10, 64)
	return err == nil && errGiven == nil && (given == first || given == first+1)
}

// nearby is how many bytes before or after a number decide what it is.
const nearby = 200

func tail(text string) string { return text[max(0, len(text)-nearby):] }

// partOfOther reports whether the number at text[from:to] is part of an address, a version, a date or a time.
func partOfOther(text string, from, to int) bool {
	if money.Get().afterVersion.MatchString(tail(text[:from])) {
		return true
	}
	word := wordAt(text, from, to)
	return known(word) || money.Get().clock.MatchString(word)
}

// wordAt is the word that text[from:to] is part of, without the punctuation around it.
func wordAt(text string, from, to int) string {
	first, last := strings.LastIndexByte(text[:from], ' ')+1, len(text)
	if space := strings.IndexByte(text[to:], ' '); space >= 0 {
		last = to + space
	}
	return strings.Trim(text[first:last], `.,;:!?()[]{}<>"'`+"`“”‘’„«»")
}

// isIPAddress reports whether a word is an IP address, a prefix, or an address with a port.
func isIPAddress(word string) bool {
	_, err := netip.ParseAddr(word)
	_, errPort := netip.ParseAddrPort(word)
	_, errPrefix := netip.ParsePrefix(word)
	return err == nil || errPort == nil || errPrefix == nil
}

// plainDigits writes the digits of other scripts as those of ASCII.
func plainDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII && unicode.IsDigit(r) {
			return []rune(plainForm(r))[0]
		}
		return r
	}, text)
}

func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, text)
}

// Package wording puts numbers and lists into sentences, for every room that has words.
package wording

import (
	"strconv"
	"strings"
)

// Number is what can be counted.
type Number interface{ ~int | ~uint64 }

// Count is "1 address", "2 addresses".
func Count[N Number](n N, one, many string) string {
	return strconv.FormatUint(uint64(n), 10) + " " + Agree(n, one, many)
}

// Agree is the form of a word that goes with so many: "is", "are".
func Agree[N Number](n N, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// Join is "A", "A and B", "A, B and C" with the conjunction "and"; "" of none.
func Join(items []string, conjunction string) string {
	last := len(items) - 1
	if last < 1 {
		return strings.Join(items, "")
	}
	return strings.Join(items[:last], ", ") + " " + conjunction + " " + items[last]
}

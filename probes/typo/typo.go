// Package typo says how far a word is from the one that was meant.
package typo

import "strings"

// longest is how many bytes of a word count. What is longer is no slip of anything.
const longest = 64

// Distance counts the bytes to insert, delete, replace or swap with the next one until a is b. Where one of them has more
// than 64 bytes it is 64.
func Distance(a, b string) int {
	if len(a) > longest || len(b) > longest {
		return longest
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// Nearest is the known word that looks most like the given one, or "" where none looks like it.
func Nearest(word string, known []string) string {
	best, least := "", 0
	for _, candidate := range known {
		distance := Distance(strings.ToLower(word), candidate)
		allowed := max(len(candidate), len(word))/3 + 1
		if strings.HasPrefix(candidate, word) && len(word) >= 3 {
			distance = min(distance, 1)
		}
		if distance <= allowed && (best == "" || distance < least || distance == least && len(candidate) < len(best)) {
			best, least = candidate, distance
		}
	}
	return best
}

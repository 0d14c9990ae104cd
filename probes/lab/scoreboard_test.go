//go:build linux

package lab

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// scores is the scoreboard of one run.
var scores scoreboard

type scoreboard struct {
	mu    sync.Mutex
	lines []score
}

// score is one fault: what it was, what was to be found, what was found and how long the tool took.
type score struct {
	fault, expected, found string // expected and found: the first cause above info, "" for none; found: all of them
	good                   bool
	took                   time.Duration
}

// first is the root cause that was named.
func (s score) first() string {
	first, _, _ := strings.Cut(s.found, " ")
	return first
}

func (s *scoreboard) add(line score) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line)
}

// print writes a line a fault, then which causes were mixed up, how long the faults took, and the sum.
func (s *scoreboard) print() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if unavailable != "" {
		fmt.Printf("lab: 0 faults ran (%s)\n", unavailable)
		return
	}
	slices.SortFunc(s.lines, func(a, b score) int { return strings.Compare(a.fault, b.fault) })
	good := 0
	for _, line := range s.lines {
		mark := "WRONG"
		if line.good {
			mark = "ok"
			good++
		}
		fmt.Printf("%-5s %-60s expected %-28s found %-40s %6d ms\n",
			mark, line.fault, line.expected, line.found, line.took.Milliseconds())
	}
	writeConfusion(os.Stdout, s.lines)
	writeTimes(os.Stdout, s.lines)
	fmt.Printf("lab: %d faults ran, %d as expected\n", len(s.lines), good)
}

// writeConfusion writes a row for each pair of causes of which one was expected and the other found: in the wrong,
// or where both are as right.
func writeConfusion(w io.Writer, lines []score) {
	type pair struct{ expected, found string }
	wrong, either := map[pair][]string{}, map[pair][]string{}
	causes := map[string]bool{}
	for _, line := range lines {
		causes[line.expected] = true
		at := pair{line.expected, line.first()}
		switch {
		case line.expected == line.first():
		case line.good:
			either[at] = append(either[at], line.fault)
		default:
			wrong[at] = append(wrong[at], line.fault)
		}
	}
	named := func(cause string) string { return cmp.Or(cause, "healthy") }
	write := func(title string, table map[pair][]string) {
		if len(table) == 0 {
			fmt.Fprintf(w, "%s: none, among %d causes\n", title, len(causes))
			return
		}
		fmt.Fprintf(w, "%s:\n", title)
		pairs := make([]pair, 0, len(table))
		for at := range table {
			pairs = append(pairs, at)
		}
		slices.SortFunc(pairs, func(a, b pair) int {
			return cmp.Or(strings.Compare(a.expected, b.expected), strings.Compare(a.found, b.found))
		})
		for _, at := range pairs {
			fmt.Fprintf(w, "  %-28s taken for %-28s %3d  %s\n", named(at.expected), named(at.found), len(table[at]),
				strings.Join(table[at], " "))
		}
	}
	write("causes that were mixed up", wrong)
	write("causes of which either is right", either)
}

// writeTimes writes how many faults took how long.
func writeTimes(w io.Writer, lines []score) {
	if len(lines) == 0 {
		return
	}
	took := make([]time.Duration, 0, len(lines))
	for _, line := range lines {
		took = append(took, line.took)
	}
	slices.Sort(took)
	under := func(limit time.Duration) int {
		n, _ := slices.BinarySearch(took, limit)
		return n
	}
	fmt.Fprintf(w, "time: median %d ms, %d of %d under 3 s, %d under 6 s, %d under 12 s, longest %d ms\n",
		took[len(took)/2].Milliseconds(), under(3*time.Second), len(took), under(6*time.Second), under(12*time.Second),
		took[len(took)-1].Milliseconds())
}

package fleet

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// oldAfter is by how much a report may be older than the newest one until that is said.
const oldAfter = 24 * time.Hour

// Merger takes reports one after the other. Its methods may be used by several goroutines.
type Merger struct {
	mu         sync.Mutex
	table      *table
	hosts      map[machine]*entry
	runs       map[uint64]string // digests of run IDs -> the file, of several the first by name
	twice      map[uint64]bool   // of those given more than once
	words      map[string]string // one copy of each text
	lists      map[string][]string
	kept       int // bytes of words and lists
	doubled    int
	replaced   int
	anonymous  int
	unreadable []Unreadable
	unread     int
}

// machine is what tells machines apart. Its own address is "" where nothing was connected.
type machine struct{ same, local string }

// entry is a host with its facts numbered.
type entry struct {
	host
	run   uint64
	facts []factID
}

// newer reports whether this run counts, of two of one machine: so that the order in which they come does not matter.
func (e *entry) newer(than *entry) bool {
	return e.at.After(than.at) || e.at.Equal(than.at) && e.run > than.run
}

func (e *entry) newest(other *entry) *entry {
	if e.newer(other) {
		return e
	}
	return other
}

// NewMerger is an empty fleet.
func NewMerger() *Merger {
	return &Merger{table: newTable(), hosts: map[machine]*entry{}, runs: map[uint64]string{}, twice: map[uint64]bool{},
		words: map[string]string{}, lists: map[string][]string{}}
}

// Add takes a document. One that is not a report is named in the answer.
func (m *Merger) Add(d Document) {
	r, err := report.ReadDocument(d.Text)
	if err != nil {
		m.Bad(Unreadable{d.File, d.Line, err.Error()})
		return
	}
	m.put(hostOf(r, d))
}

// put takes what is compared of a report.
func (m *Merger) put(h *host) {
	m.mu.Lock()
	defer m.mu.Unlock()
	run := digest(h.runID)
	if first, again := m.runs[run]; again && h.runID != "" {
		m.doubled++
		m.twice[run] = true
		m.runs[run] = min(first, m.word(h.file))
		return
	}
	m.runs[run] = m.word(h.file)
	e := &entry{host: *h, run: run, facts: make([]factID, 0, len(h.facts))}
	e.host.facts, e.host.runID = nil, ""
	for _, f := range h.facts {
		if id, kept := m.table.id(f); kept {
			e.facts = append(e.facts, id)
		}
	}
	m.share(e)
	if h.anonymous {
		m.anonymous++
	}
	at := machine{h.same, h.local}
	if before := m.hosts[at]; before != nil {
		m.replaced++
		if !e.newer(before) {
			return
		}
	}
	m.hosts[at] = e
}

// machines are all hosts, in their order. A run that connected nothing does not know its own address: it is of the machine
// of that name where there is only one. replaced is how many of these were left out for a newer one.
func (m *Merger) machines() (all []*entry, replaced int) {
	all = slices.Collect(maps.Values(m.hosts))
	slices.SortFunc(all, func(a, b *entry) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.same, b.same), strings.Compare(a.local, b.local))
	})
	kept := all[:0]
	for from := 0; from < len(all); {
		to := from + 1
		for to < len(all) && all[to].same == all[from].same {
			to++
		}
		if to == from+2 && all[from].local == "" {
			replaced++
			all[to-1] = all[from].newest(all[to-1])
			from++
		}
		kept, from = append(kept, all[from:to]...), to
	}
	return kept, replaced
}

// Bounds of the texts that are kept beside the facts.
const (
	mostWords   = 32 << 20 // bytes
	longestLate = 24       // columns of one that comes after that
)

// word gives the one copy of a text.
func (m *Merger) word(text string) string {
	if one, known := m.words[text]; known {
		return one
	}
	if m.kept > mostWords { // only reports that are made for it come here
		return strings.Clone(screen.Clip(text, longestLate))
	}
	text = strings.Clone(text)
	m.words[text] = text
	m.kept += len(text)
	return text
}

// share lets a host's texts be the copies that others have too.
func (m *Merger) share(e *entry) {
	for _, text := range []*string{&e.file, &e.verdict, &e.cause, &e.severity, &e.summary, &e.fix, &e.key, &e.keySource, &e.rules, &e.issuer, &e.version} {
		*text = m.word(*text)
	}
	for _, texts := range []*[]string{&e.egress, &e.ruleList, &e.causes} {
		if len(*texts) == 0 {
			continue
		}
		name := strings.Join(*texts, "\n")
		list, known := m.lists[name]
		if !known && m.kept > mostWords {
			list = []string{m.word((*texts)[0])}
		} else if !known {
			m.kept += len(name)
			for _, text := range *texts {
				list = append(list, m.word(text))
			}
			m.lists[name] = list
		}
		*texts = list
	}
}

// Bad names what is not a report.
func (m *Merger) Bad(u Unreadable) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.unread++; len(m.unreadable) < MaxUnreadable {
		u.File, u.Why = screen.Clip(screen.Clean(u.File), longestValue), screen.Clip(screen.Clean(u.Why), longestValue)
		m.unreadable = append(m.unreadable, u)
	}
}

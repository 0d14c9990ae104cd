package fleet

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"strconv"
	"strings"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/anonymize"
	"opensrs-doctor/report/screen"
)

// host is what is kept of one report.
type host struct {
	name      string // of the machine; with the file where it is a token
	file      string
	line      int
	runID     string
	at        time.Time
	verdict   string
	cause     string // the root cause; "" where all is well
	severity  string
	probe     int // of the cause: its place among the probes, -1 for none
	causes    []string
	summary   string
	fix       string
	key       string
	keySource string
	egress    []string
	rules     string // their verdict
	ruleList  []string
	issuer    string
	version   string
	offsetMS  float64
	anonymous bool
	same      string // what tells it from another machine, besides its address
	local     string // its own address; "" where nothing was connected
	facts     []fact
}

// fact is one value of a host.
type fact struct {
	name, value string
	probe       int  // that found it, by its place; -1: known without any
	identity    bool // it says who somebody is, and not how it went: it may part hosts also where it was found late
}

// place is the file of the host's report, or the host's name where that file holds several.
func (h *host) place() string {
	if h.line > 0 {
		return h.name
	}
	return h.file
}

// Bounds of what is kept of one host.
const (
	longestValue = 200 // columns of a text
	mostListed   = 32  // elements of a list
	mostFacts    = 200 // facts; a real report has some 60
)

// hostOf keeps what is compared of a report.
func hostOf(r *report.Report, document Document) *host {
	h := &host{file: screen.Clean(document.File), line: document.Line, runID: r.RunID, at: r.StartedAt, verdict: r.Verdict, probe: -1,
		version: short(r.Tool.Version), keySource: short(r.Target.KeySource), local: short(r.Host.LocalAddress)}
	h.anonymous = anonymize.Anonymous(r)
	h.name = screen.Clip(cmp.Or(screen.Clean(r.Host.Hostname), "(no name)"), 100)
	target := ""
	if r.As != nil {
		target = r.As.Target
	}
	h.same = fmt.Sprintf("%s %016x", h.name, digest(r.Host.Hostname, r.Target.Environment, r.Target.Host, strconv.Itoa(int(r.Target.Port)), r.Target.Username, target))
	if h.anonymous { // host-1 is another host in each report
		h.name += " (" + h.file + ")"
		h.same = fmt.Sprintf("%s %016x", h.name, digest(r.RunID))
	}
	if len(r.Diagnoses) > 0 && r.Found() != report.VerdictPass {
		d := r.Diagnoses[0]
		h.cause, h.severity = short(d.Cause), string(d.Severity)
		h.summary = screen.Clip(screen.Clean(cmp.Or(d.Summary, d.Cause)), longestValue)
		if len(d.Fixes) > 0 {
			h.fix = screen.Clip(screen.Clean(d.Fixes[0]), 300)
		}
		for i, name := range evidence.Names {
			if name == d.Probe {
				h.probe = i
			}
		}
		for _, d := range r.Diagnoses {
			if d.Severity != report.Info && len(h.causes) < 20 {
				h.causes = append(h.causes, short(d.Cause))
			}
		}
	}
	if r.Target.KeyFingerprint != nil {
		h.key = screen.Clip(screen.Clean(*r.Target.KeyFingerprint), 20)
	}
	h.gather(r)
	return h
}

// digest is a short one of some texts.
func digest(texts ...string) uint64 {
	sum := fnv.New64a()
	for _, text := range texts {
		_, _ = io.WriteString(sum, text+"\x00")
	}
	return sum.Sum64()
}

// short is a text that is safe to print and to keep.
func short(text string) string {
	if text = screen.Clean(text); len(text) > longestValue {
		text = screen.Clip(text, longestValue)
	}
	return text
}

func cleaned(texts []string) []string {
	var all []string
	for _, text := range texts {
		if text = short(text); text != "" && len(all) < mostListed {
			all = append(all, text)
		}
	}
	return all
}

// look takes what the answer lists from a fact of a probe: addresses, rules, the chain's issuer, the clock.
func (h *host) look(name string, value json.RawMessage) {
	switch name {
	case "egress.ipv4":
		h.egress = h.named(cleaned(texts(value)))
	case "rules.rules":
		h.ruleList = h.named(cleaned(texts(value)))
	case "rules.verdict":
		h.rules = strings.Join(h.named(cleaned(scalars(value))), " ")
	case "tls.chain":
		for member, value := range report.Members(report.Last(value)) {
			if member != "issuer" {
				continue
			}
			if issuer := h.named(cleaned(scalars(value))); len(issuer) == 1 {
				h.issuer = issuer[0]
			}
		}
	case "tls.clock", "call.clock":
		for member, value := range report.Members(value) {
			if offset, err := strconv.ParseFloat(string(value), 64); member == "offset_ms" && err == nil && h.offsetMS == 0 {
				h.offsetMS = offset
			}
		}
	}
}

// named are the texts, or none in an anonymized report: a token is the same thing within one report only.
func (h *host) named(texts []string) []string {
	if h.anonymous {
		return nil
	}
	return texts
}

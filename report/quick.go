package report

import (
	"encoding/json"
	"strconv"

	"opensrs-doctor/probes/evidence"
)

// Most of a report is facts, which stay as they are until somebody asks for one. So a report is read quickly: one walk
// finds the probes, and only the rest goes through the decoder. The walk knows the reports that this tool writes; of
// any other it makes nothing, and the decoder gets the whole document.

// decodeQuickly decodes a document as json.Unmarshal does, or reports false. The facts are parts of the document.
func decodeQuickly(document []byte, r *Report) bool {
	from, to := 0, 0 // the list of probes
	var rows []Probe
	end := walkObject(document, blanks(document, 0), func(name []byte, at int) int {
		if string(name) != "probes" {
			return valueEnd(document, at, 1)
		}
		if to > 0 {
			return -1
		}
		from, to = at, walkList(document, at, func(at int) int {
			row := Probe{}
			at = row.decodeQuickly(document, at)
			rows = append(rows, row)
			return at
		})
		return to
	})
	if to <= 0 || end < 0 || blanks(document, end) != len(document) {
		return false
	}
	rest := make([]byte, 0, len(document)-(to-from)+2)
	rest = append(append(append(rest, document[:from]...), "[]"...), document[to:]...)
	if json.Unmarshal(rest, r) != nil {
		return false
	}
	r.Probes = rows
	return true
}

// decodeQuickly reads the probe that begins at a place, and gives its end; -1: not one as this tool writes it.
func (p *Probe) decodeQuickly(document []byte, at int) int {
	var status string
	texts := map[string]*string{"name": &p.Name, "status": &status, "summary": &p.Summary, "waited_for": &p.WaitedFor}
	seen := map[string]bool{}
	at = walkObject(document, at, func(name []byte, at int) int {
		end := valueEnd(document, at, 3)
		if end < 0 || seen[string(name)] {
			return -1
		}
		seen[string(name)] = true
		value := document[at:end:end]
		switch text := texts[string(name)]; {
		case text != nil:
			var ok bool
			if *text, ok = Text(value); !ok {
				return -1
			}
		case string(name) == "duration_ms":
			number, err := strconv.ParseFloat(string(value), 64)
			if err != nil || value[0] != '-' && (value[0] < '0' || value[0] > '9') {
				return -1
			}
			p.DurationMS = number
		case string(name) == "facts":
			p.Facts = json.RawMessage(value)
		}
		return end
	})
	p.Status = evidence.Status(status)
	return at
}

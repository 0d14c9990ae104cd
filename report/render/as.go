package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"opensrs-doctor/report"
	"opensrs-doctor/report/screen"
)

// AsWords say as whom the check was made and how that differs from this shell: a headline, and a line for each difference.
// "" where it was made as this shell.
func AsWords(r *report.Report) (headline string, lines []string) {
	as := r.As
	if as == nil {
		return "", nil
	}
	name := screen.Clean(as.Name)
	if r.Found() == report.VerdictPass {
		return "", nil
	}
	reason := "see below"
	if len(r.Diagnoses) > 0 {
		reason = strings.TrimSuffix(HeadlineOf(r.Diagnoses[0]), ".")
	}
	switch here := as.Here; {
	case here == nil:
		headline = fmt.Sprintf("Checked as %s, and not from this shell: no time was left.", name)
	case here.Verdict == report.VerdictPass && r.Found() == report.VerdictFail:
		headline = fmt.Sprintf("From this shell it works. As %s it does not: %s.", name, reason)
	case here.Verdict == report.VerdictPass:
		headline = fmt.Sprintf("From this shell all is well. As %s it works, with a warning: %s.", name, reason)
	case len(r.Diagnoses) > 0 && here.Cause == r.Diagnoses[0].Cause:
		headline = fmt.Sprintf("The same from this shell and as %s: %s.", name, reason)
	default:
		headline = fmt.Sprintf("As %s: %s. From this shell it ends another way: %s.", name, reason, screen.Clean(here.Cause))
	}
	for _, d := range as.Differences {
		lines = append(lines, fmt.Sprintf("%s: %s here, %s there", screen.Clean(d.What), orNone(d.Here), orNone(d.There)))
	}
	return headline, lines
}

func orNone(text string) string {
	return cmp.Or(screen.Clip(screen.Clean(text), 100), "none")
}

// SpeaksFor says for whom a pass speaks, and what else to ask; "" where the report does not know.
func SpeaksFor(r *report.Report) string {
	who := screen.Clean(r.Host.User)
	if who == "" {
		return ""
	}
	words := []string{"As " + who, "from this shell"}
	if as := r.As; as != nil {
		words = []string{"As " + screen.Clean(as.Name)}
		if len(as.TakenOver) > 0 {
			words = append(words, "with its "+screen.List(cleaned(as.TakenOver)))
		}
	}
	if p := r.Host.Proxy; p != nil {
		words = append(words, "through "+screen.Clean(p.URL))
	} else {
		words = append(words, "without a proxy")
	}
	if store := screen.Clean(r.Host.Store); store != "" {
		words = append(words, "trusting "+store)
	}
	other := " Other programs: opensrs-doctor clients, or --as TARGET."
	if r.As != nil {
		other = ""
	}
	return strings.Join(words, ", ") + "." + other
}

func cleaned(texts []string) []string {
	texts = slices.Clone(texts)
	for i := range texts {
		texts[i] = screen.Clean(texts[i])
	}
	return texts
}

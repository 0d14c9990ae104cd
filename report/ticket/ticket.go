// Package ticket writes the files of a support ticket's bundle.
package ticket

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"slices"
	"strings"

	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diff"
	"opensrs-doctor/report/render"
	"opensrs-doctor/report/render/page"
	"opensrs-doctor/report/screen"
)

// TicketFile is one file of the bundle for a support ticket.
type TicketFile struct {
	Name    string
	About   string // what it is, for people
	Content []byte
}

// TicketFiles are all files of a bundle, in their order, for a report as it is to be shown. There is a chain where the
// service presented one; not where anonymized says that Anonymize made the report: certificates hold the names and
// addresses that it hides.
// Of beside everything may be missing, and so may it itself.
func TicketFiles(r *report.Report, anonymized bool, beside *Beside) ([]TicketFile, error) {
	if beside == nil {
		beside = &Beside{}
	}
	toRead := forSupport(r)
	files := []TicketFile{
		{Name: "report.json", About: "the whole report for programs; opensrs-doctor render shows it in any format"},
		{Name: "report.md", About: "the report as text, to paste into a ticket"},
		{Name: "report.html", About: "the report as a page that loads nothing from elsewhere"},
		{Name: "README.txt", About: "for the support engineer: what was found, and which file has what"},
	}
	writers := []func(io.Writer) error{
		func(w io.Writer) error { return report.WriteJSON(w, r) },
		func(w io.Writer) error { return render.WriteMarkdown(w, toRead) },
		func(w io.Writer) error { return page.WriteHTML(w, toRead) },
		func(w io.Writer) error { return writeReadme(w, r, files, anonymized, beside.Earlier) },
	}
	add := func(name, about string, write func(io.Writer) error) {
		files = slices.Insert(files, len(files)-1, TicketFile{Name: name, About: about})
		writers = slices.Insert(writers, len(writers)-1, write)
	}
	if len(report.Chain(r)) > 0 && !anonymized {
		add("chain.pem", "the certificates that the service presented", func(w io.Writer) error { return WriteChain(w, r) })
	}
	if clients := beside.Clients; clients != nil {
		add("clients.txt", "how far each language runtime of this host gets, with its own TLS library",
			func(w io.Writer) error { _, err := w.Write(clients); return err })
	}
	if beside.Earlier != nil {
		add("changes.txt", "what changed since an earlier report",
			func(w io.Writer) error {
				return diff.WriteDiffText(w, diff.Compare(beside.Earlier, r), screen.Options{})
			})
	}
	for i, write := range writers {
		var content bytes.Buffer
		if err := write(&content); err != nil {
			return nil, fmt.Errorf("%s: %w", files[i].Name, err)
		}
		files[i].Content = content.Bytes()
		if files[i].Name == "clients.txt" || files[i].Name == "changes.txt" { // not of this run's evidence, which is searched as it comes in
			files[i].Content = []byte(beside.Secrets.ScrubBeside(content.String(), string(files[0].Content)))
		}
	}
	return files, nil
}

// Beside is what a bundle may hold next to the report.
type Beside struct {
	Clients []byte            // the table of the host's language runtimes, as the command clients prints it; nil: none was made
	Earlier *report.Report    // an earlier report, as it is to be shown, to tell what changed since; nil: none was given
	Secrets *foreign.Scrubber // of this run: they may be in the two above; nil: there are none
}

// forSupport is the report as support reads it, who have the bundle already: no step asks to send it. What is for programs
// stays the report itself.
func forSupport(r *report.Report) *report.Report {
	out := *r
	out.Diagnoses = slices.Clone(r.Diagnoses)
	for i := range out.Diagnoses {
		out.Diagnoses[i].Fixes = withoutSending(out.Diagnoses[i].Fixes)
	}
	return &out
}

// withoutSending leaves out the steps that are nothing but sending the bundle, unless no other is left; in the others
// the bundle is the one at hand.
func withoutSending(fixes []string) []string {
	const bundle = "the bundle that opensrs-doctor ticket writes"
	kept := make([]string, 0, len(fixes))
	for _, fix := range fixes {
		rest, sends := strings.CutPrefix(fix, "Send OpenSRS Support "+bundle)
		question, asks := strings.CutPrefix(rest, ", and ask ")
		switch {
		case sends && asks:
			kept = append(kept, "Ask OpenSRS Support "+question)
		case !sends:
			kept = append(kept, strings.ReplaceAll(fix, bundle, "this bundle"))
		}
	}
	if len(kept) == 0 && len(fixes) > 0 {
		return []string{"This is for OpenSRS Support to look into."}
	}
	return kept
}

// ticketRedacted is what a bundle never holds, and what it does hold on purpose.
func ticketRedacted(anonymized bool) []string {
	never := "Not in it: the API key, the signature, proxy passwords and the account balance; of a reply only its code and text."
	if anonymized {
		return []string{never, "IP addresses, host names and the username are replaced by tokens, the same one for the same thing " +
			"everywhere (--anonymize), and the certificates are left out. What the tokens stand for is written nowhere."}
	}
	return []string{never, "In it, because a ticket is useless without them: IP addresses, host names and the username. " +
		"opensrs-doctor ticket --anonymize replaces them."}
}

// WriteTicketNote tells the user what a bundle is and what is in it. path is where it was written. Quiet, it is the
// path alone.
func WriteTicketNote(w io.Writer, path string, files []TicketFile, anonymized bool, o screen.Options) error {
	s := screen.New(o)
	if o.Quiet {
		s.Raw("Wrote "+screen.Clean(path), screen.Plain)
		s.End()
		return s.Print(w)
	}
	s.Raw("Wrote "+screen.Clean(path)+", for the support ticket:", screen.Bold)
	s.End()
	fileList(s, files)
	for _, text := range ticketRedacted(anonymized) {
		s.Paragraph("  ", 2, text, screen.Plain)
	}
	return s.Print(w)
}

// fileList names the files, and behind each what it is.
func fileList(s *screen.Writer, files []TicketFile) {
	for _, file := range files {
		s.Paragraph("  "+file.Name, 16, file.About, screen.Plain)
	}
}

// WriteChain writes the presented certificates, the service's own first, each behind a line that says whose it is.
// Programs that read PEM pass over such lines.
func WriteChain(w io.Writer, r *report.Report) error {
	var out strings.Builder
	chain := report.Chain(r)
	for i, one := range chain {
		block, _ := pem.Decode([]byte(one.PEM.String()))
		if block == nil {
			fmt.Fprintf(&out, "# %d of %d: %s, issued by %s: left out, because a secret is in it, or because of its size\n",
				i+1, len(chain), one.Subject, one.Issuer)
			continue
		}
		fmt.Fprintf(&out, "# %d of %d: %s, issued by %s\n", i+1, len(chain), one.Subject, one.Issuer)
		out.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: block.Bytes}))
	}
	return screen.WriteLines(w, out.String())
}

// probeSummary is the sentence of a probe's row.
func probeSummary(r *report.Report, name string) string {
	for _, row := range r.Probes {
		if row.Name == name {
			return row.Summary
		}
	}
	return "not run"
}

package report

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"strings"
)

// TicketFile is one file of the bundle for a support ticket.
type TicketFile struct {
	Name    string
	About   string // what it is, for people
	Content []byte
}

// TicketFiles are all files of a bundle, always these and in this order, for a report as it is to be shown.
// anonymized says that Anonymize made it: then the certificates themselves are left out, because they hold the
// names and addresses that the report hides.
func TicketFiles(r *Report, anonymized bool) ([]TicketFile, error) {
	files := []TicketFile{
		{Name: "report.json", About: "the whole report for programs; opensrs-doctor render shows it in any format"},
		{Name: "report.md", About: "the report as text, to paste into a ticket"},
		{Name: "report.html", About: "the report as a page that loads nothing from elsewhere"},
		{Name: "chain.pem", About: "the certificates that the service presented"},
		{Name: "README.txt", About: "for the support engineer: what was found, and what stands where"},
	}
	writers := []func(io.Writer) error{
		func(w io.Writer) error { return WriteJSON(w, r) },
		func(w io.Writer) error { return WriteMarkdown(w, r) },
		func(w io.Writer) error { return WriteHTML(w, r) },
		func(w io.Writer) error { return writeChain(w, r, anonymized) },
		func(w io.Writer) error { return writeTicketReadme(w, r, files, anonymized) },
	}
	for i, write := range writers {
		var content bytes.Buffer
		if err := write(&content); err != nil {
			return nil, fmt.Errorf("%s: %w", files[i].Name, err)
		}
		files[i].Content = content.Bytes()
	}
	return files, nil
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
func WriteTicketNote(w io.Writer, path string, files []TicketFile, anonymized bool, o TextOptions) error {
	s := newScreen(o)
	if o.Quiet {
		s.raw("Wrote "+clean(path), plain)
		s.end()
		return s.writeTo(w)
	}
	s.raw("Wrote "+clean(path)+", for the support ticket:", bold)
	s.end()
	s.fileList(files)
	for _, text := range ticketRedacted(anonymized) {
		s.paragraph("  ", 2, text, plain)
	}
	return s.writeTo(w)
}

// fileList names the files, and behind each what it is.
func (s *screen) fileList(files []TicketFile) {
	for _, file := range files {
		s.paragraph("  "+file.Name, 16, file.About, plain)
	}
}

// writeChain writes the presented certificates, the service's own first, each behind a line that says whose it is.
// Programs that read PEM pass over such lines.
func writeChain(w io.Writer, r *Report, anonymized bool) error {
	var out strings.Builder
	chain := seen[presentedChain](r, "tls").Chain
	switch {
	case len(chain) == 0:
		fmt.Fprintf(&out, "# No certificate was presented: %s.\n", clean(probeSummary(r, "tls")))
	case anonymized:
		fmt.Fprintf(&out, "# %d presented, and left out because of --anonymize: a certificate holds names.\n", len(chain))
	}
	for i, one := range chain {
		block, _ := pem.Decode([]byte(one.PEM))
		switch {
		case anonymized:
			continue
		case block == nil:
			fmt.Fprintf(&out, "# %d of %d: %s, issued by %s: left out, because a secret is in it, or because of its size\n",
				i+1, len(chain), clean(one.Subject), clean(one.Issuer))
			continue
		}
		fmt.Fprintf(&out, "# %d of %d: %s, issued by %s\n", i+1, len(chain), clean(one.Subject), clean(one.Issuer))
		out.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: block.Bytes}))
	}
	return writeLines(w, out.String())
}

// probeSummary is the sentence of a probe's row.
func probeSummary(r *Report, name string) string {
	for _, row := range r.Probes {
		if row.Name == name {
			return row.Summary
		}
	}
	return "not run"
}

// Package page writes a report as one HTML page that loads nothing, and draws the path to the service and the place
// where it breaks.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"strings"
	"sync"

	"opensrs-doctor/report"
)

//go:embed html.tmpl
var pageTemplate string

//go:embed html.css
var PageStyle string

// WriteHTML writes the report as one page that needs nothing else: no script, no font, no request. It draws the
// way to the API with the break in it, and where the time went; then it tells the causes as the screen does.
// Texts that came from elsewhere are cleaned, clipped and escaped, and of long lists the beginning is shown: the
// page stays below 8 MiB whatever the report holds, and is mostly of some 30 kB.
func WriteHTML(w io.Writer, r *report.Report) error {
	parsed, err := parsedPage()
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, newPage(r)); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = w.Write(out.Bytes())
	return err
}

// parsedPage parses the template when the first page is written: most runs write none.
var parsedPage = sync.OnceValues(func() (*template.Template, error) {
	return template.New("page").Funcs(template.FuncMap{"words": markWords, "kept": kept}).Parse(pageTemplate)
})

// whole are words that are hard to read when a line ends inside them.
var whole = regexp.MustCompile(`opensrs-doctor|--[a-z]+(?:-[a-z]+){0,3}`)

// kept escapes a text and keeps such words whole.
func kept(text string) template.HTML {
	var out strings.Builder
	last := 0
	for _, at := range whole.FindAllStringIndex(text, -1) {
		out.WriteString(template.HTMLEscapeString(text[last:at[0]]))
		if last = at[1]; at[1]-at[0] > 24 {
			out.WriteString(text[at[0]:at[1]])
			continue
		}
		out.WriteString(`<span class="keep">` + text[at[0]:at[1]] + `</span>`)
	}
	out.WriteString(template.HTMLEscapeString(text[last:]))
	return template.HTML(out.String())
}

// markWords say what a sign means to somebody who does not see it.
func markWords(m any) string {
	switch mark(fmt.Sprint(m)) {
	case markOpen:
		return "in order"
	case markDoubt:
		return "to be looked at"
	case MarkStop:
		return "failed"
	case markInfo:
		return "for information"
	}
	return "not reached or not asked"
}

// markInfo is the sign of a diagnosis that is information only.
const markInfo mark = "info"

// PagePolicy allows the one style of the page, by its digest, and nothing else. An empty icon keeps a browser
// from asking for one.
func PagePolicy() string {
	digest := sha256.Sum256([]byte(PageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) +
		"'; img-src data:; base-uri 'none'; form-action 'none'"
}

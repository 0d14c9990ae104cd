// Package page writes a report as one HTML page that loads nothing, and draws the path to the service and the place
// where it breaks.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io"

	"opensrs-doctor/report"
)

//go:embed html.css
var PageStyle string

// WriteHTML writes the report as one page that needs nothing else: no script, no font, no request. It draws the
// way to the API with the break in it, and where the time went; then it tells the causes as the screen does.
// Texts that came from elsewhere are cleaned, clipped and escaped, and of long lists the beginning is shown: the
// page stays below 8 MiB whatever the report holds, and is mostly of some 30 kB.
func WriteHTML(w io.Writer, r *report.Report) error {
	var out bytes.Buffer
	if err := document(newPage(r)).Render(&out); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err := w.Write(out.Bytes())
	return err
}

// markWords say what a sign means to somebody who does not see it.
func markWords(m mark) string {
	switch m {
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

package clients

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/client"
	"opensrs-doctor/report/render"
	"opensrs-doctor/report/screen"
)

// complete is a copy with empty lists in the place of nil ones.
func complete(r *Report) *Report { return report.Listed(reflect.ValueOf(r)).Interface().(*Report) }

func header(s *screen.Writer, r *Report) {
	dot := " · "
	if s.Options.ASCII {
		dot = " - "
	}
	service := r.Target.Environment
	if r.Target.CustomEndpoint {
		service += " (custom endpoint)"
	}
	endpoint := netaddr.HostPort{Host: screen.Clean(r.Target.Host), Port: r.Target.Port}
	s.Paragraph("", 0, "opensrs-doctor clients"+dot+screen.Clean(service)+dot+endpoint.String(), screen.Bold)
	if r.As != nil {
		s.Paragraph("", 0, "as "+screen.Clean(r.As.Name), screen.Faint)
	}
	s.End()
}

// row is one line of the table.
type row struct {
	status evidence.Status
	name   string
	text   string
	more   []string // with -v
}

// table writes this tool's own look, and a row a client.
func table(s *screen.Writer, r *Report) {
	rows := []row{{status: r.Own.Status, name: "this check", text: ownWords(r)}}
	for i := range r.Clients {
		c := &r.Clients[i]
		rows = append(rows, row{c.Status, client.Title(c), joined(clientWords(c), place(r, c)), details(c)})
	}
	markWidth, names := 1, 0
	if s.Options.ASCII {
		markWidth = 2
	}
	for _, one := range rows {
		names = max(names, screen.WidthOf(one.name))
	}
	indent := 2 + markWidth + 1 + min(names, 34) + 2
	for _, one := range rows {
		sign, in := s.Mark(string(one.status))
		s.Out.WriteString("  ")
		s.Raw(fmt.Sprintf("%-*s ", markWidth, sign), in)
		s.Raw(one.name+strings.Repeat(" ", max(indent-3-markWidth-screen.WidthOf(one.name), 2)), screen.Plain)
		room := max(s.Options.Width-indent-2, 18)
		s.Raw(s.Spell(screen.Clip(shortened(screen.Clean(one.text), room), room)), style(one.status))
		s.End()
		if s.Options.Verbose {
			for _, line := range one.more {
				s.Hanging(indent, indent+2, line, screen.Faint)
			}
		}
	}
}

// shortened leaves the middle of a long error out: its beginning is the stage and the number, its end the reason. Where
// both do not fit, the reason counts; curl's number is what people look for.
func shortened(text string, room int) string {
	parts := strings.Split(text, ": ")
	if screen.WidthOf(text) <= room || len(parts) < 3 {
		return text
	}
	last := parts[len(parts)-1]
	short := strings.Join([]string{parts[0], parts[1], last}, ": ")
	if strings.HasPrefix(parts[1], "cURL error") || screen.WidthOf(short) <= room && !strings.HasPrefix(parts[1], "[") {
		return short
	}
	return parts[0] + ": " + last
}

func style(status evidence.Status) screen.Style {
	if status == evidence.Skip {
		return screen.Faint
	}
	return screen.Plain
}

// place is where a program is, if others have its name.
func place(r *Report, c *evidence.Client) string {
	for i := range r.Clients {
		other := &r.Clients[i]
		if other.Path != c.Path && client.Title(other) == client.Title(c) {
			return c.Path
		}
	}
	return ""
}

func ownWords(r *Report) string {
	own := r.Own
	switch {
	case own.Status == evidence.Pass:
		return joined(own.Address, own.TLSVersion, "certificate trusted")
	case own.Stage == evidence.StageVerify:
		return joined(own.Address, own.TLSVersion, "this host does not trust the certificate")
	case own.Stage == evidence.StageTLS:
		return joined(own.Address, "no TLS")
	case own.Stage == evidence.StageConnect:
		return joined(own.Address, "no connection")
	}
	return "no address for " + screen.Clean(r.Target.Host)
}

func clientWords(c *evidence.Client) string {
	switch {
	case c.Status == evidence.Skip:
		return c.Error.String()
	case !c.Missing.Empty():
		return c.Error.String()
	case c.Status == evidence.Fail:
		return string(c.Stage) + ": " + strings.TrimPrefix(c.Error.String(), c.Name+": ")
	case c.Stage == evidence.StageResolve:
		return joined(netaddr.Text(c.Address), "the address only: it goes no further")
	case c.Unverified:
		return joined(netaddr.Text(c.Address), c.TLSVersion.String(), "checks no certificate")
	}
	way := netaddr.Text(c.Address)
	if !c.Proxy.Empty() {
		way = "through " + c.Proxy.String()
	}
	return joined(way, c.TLSVersion.String())
}

func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ", ")
}

// details are the facts that decide the way, for -v.
func details(c *evidence.Client) []string {
	lines := []string{joined(screen.Clean(c.Path), "version "+c.Version.String(), c.Library.String(), screen.SpanMS(screen.Sane(c.TookMS)))}
	if c.Version.Empty() {
		lines[0] = joined(screen.Clean(c.Path), c.Library.String(), screen.SpanMS(screen.Sane(c.TookMS)))
	}
	if c.Pool != nil {
		lines = append(lines, joined("pool "+c.Pool.Name, c.Pool.File, "user "+c.Pool.User))
	}
	var stores []string
	for _, store := range c.TrustStore {
		stores = append(stores, store.String())
	}
	if len(stores) > 0 {
		lines = append(lines, "trusts "+screen.List(stores))
	}
	for _, one := range c.Settings {
		lines = append(lines, one.Name.String()+" = "+one.Value.String())
	}
	return lines
}

// verdict writes the causes, or what was seen where there is none.
func verdict(s *screen.Writer, r *Report) {
	shown := r.Diagnoses
	if s.Options.Quiet {
		shown = slices.DeleteFunc(slices.Clone(shown), func(d report.Diagnosis) bool { return d.Severity == report.Info })
	}
	s.Blank()
	if len(shown) == 0 {
		passed(s, r)
	} else {
		render.Diagnoses(s, shown)
	}
	if r.Interrupted() {
		s.Blank()
		s.Paragraph("", 0, "The run was cut short: what the others would have shown is not known.", screen.Doubtful)
	}
}

func passed(s *screen.Writer, r *Report) {
	asked := 0
	for _, c := range r.Clients {
		if c.Status == evidence.Pass {
			asked++
		}
	}
	sign, in := s.Mark("pass")
	text := "Every runtime that was asked gets through as this check does."
	switch {
	case asked == 0 && len(r.Clients) == 0:
		sign, in = s.Mark("skip")
		text = "No runtime was found on this host."
	case asked == 0:
		sign, in = s.Mark("skip")
		text = "No runtime answered."
	}
	s.Marked(sign, in, text, screen.Bold)
	if asked > 0 && !s.Options.Quiet {
		s.Paragraph("  ", 2, "No key was used and no request was made: opensrs-doctor check tries the call.", screen.Plain)
	}
}

package diff

import (
	"strconv"
	"strings"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/render"
	"opensrs-doctor/report/screen"
)

// compared is one value of a report.
type compared struct {
	field, text string
	names       bool // a name, an address or a digest: --anonymize replaces it
	probed      bool // found by a probe, which may not have come that far
}

// valuesOf are the single values to compare, always the same ones in the same order.
func valuesOf(r *report.Report) []compared {
	seen := r.Evidence()
	var leaf evidence.Certificate
	tls, call := report.Known(seen.TLS), report.Known(seen.Call)
	if len(tls.Chain) > 0 {
		leaf = tls.Chain[0]
	}
	proxy, key := "", ""
	if p := r.Host.Proxy; p != nil {
		proxy = strings.TrimSpace(p.URL + " (" + p.From + ")")
	}
	if r.Target.KeyFingerprint != nil {
		key = *r.Target.KeyFingerprint
	}
	all := []compared{{field: "verdict", text: r.Verdict}}
	for _, row := range r.Probes {
		status := string(row.Status)
		if row.Status == evidence.Skip && row.WaitedFor != "" {
			status += ", " + render.Waited(row)
		}
		all = append(all, compared{field: row.Name + ".status", text: status})
	}
	all = append(all, []compared{
		{"target.environment", render.Service(r), false, false},
		{"target.endpoint", render.Endpoint(r), true, false},
		{"target.username", r.Target.Username, true, false},
		{"target.key_fingerprint", key, true, false},
		{"host.hostname", r.Host.Hostname, true, false},
		{"host.local_address", r.Host.LocalAddress, true, false},
		{"host.source_ip", r.Host.SourceIP, true, false},
		{"host.proxy", proxy, true, false},
		{"host.resolvers", strings.Join(r.Host.Resolvers, ", "), true, false},
		{"dns.used", report.Known(seen.DNS).Used, true, true},
		{"rules.verdict", report.Known(seen.Rules).Verdict, false, true},
		{"tls.version", tls.Version, false, true},
		{"tls.subject", leaf.Subject.String(), true, true},
		{"tls.issuer", leaf.Issuer.String(), true, true},
		{"tls.sha256", leaf.SHA256, true, true},
		{"tls.not_after", moment(leaf.NotAfter), false, true},
		{"call.http_status", number(call.HTTPStatus), false, true},
		{"call.response_code", call.Code.String(), false, true},
		{"call.response_text", call.Text.String(), true, true},
		{"tool.version", r.Tool.Version, false, false},
		{"tool.public_roots_date", r.Tool.RootsDate, false, false},
	}...)
	for i := range all {
		all[i].text = screen.Clean(all[i].text)
	}
	return all
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// comparedList is one list of a report.
type comparedList struct {
	field string
	texts []string
}

// listsOf are the lists to compare, always the same ones in the same order. The service's own certificate is
// compared field by field, so only its issuers are here.
func listsOf(r *report.Report) []comparedList {
	var issuers []string
	for i, certificate := range report.Chain(r) {
		if i > 0 {
			issuers = append(issuers, strings.TrimSuffix(certificate.Subject.String()+", until "+moment(certificate.NotAfter)+
				", SHA-256 "+certificate.SHA256, ", SHA-256 "))
		}
	}
	return []comparedList{
		{"egress.addresses", report.SeenFrom(r)},
		{"target.addresses", r.Target.Addresses},
		{"rules.rules", report.Known(report.Seen[report.RulesFacts](r, "rules").Rules).Rules},
		{"tls.issuers", issuers},
	}
}

package report_test

import (
	"slices"
	"strings"
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report/anonymize"
	"opensrs-doctor/report/reading"
)

func TestNames(t *testing.T) {
	for _, test := range []struct{ whole, common, organization, full, short string }{
		{`CN=Go Daddy Secure Certificate Authority - G2,OU=http://certs.godaddy.com/repository/,O=GoDaddy.com\, Inc.,C=US`, "", "",
			"Go Daddy Secure Certificate Authority - G2 (GoDaddy.com, Inc.)", "Go Daddy Secure Certificate Authority - G2"},
		{`CN=Entrust Certification Authority - L1K,OU=(c) 2012 Entrust\, Inc. - for authorized use only,O=Entrust\, Inc.`, "", "",
			"Entrust Certification Authority - L1K (Entrust, Inc.)", "Entrust Certification Authority - L1K"},
		{`OU=Class 2\, public,O=The Go Daddy Group\, Inc.`, "", "", "The Go Daddy Group, Inc.", "The Go Daddy Group, Inc."},
		{`O=Smith \+ Sons\2C Ltd.+CN=a\=b\\`, "", "", `a=b\ (Smith + Sons, Ltd.)`, `a=b\`},
		{"CN=cut off,O=Cut off Tru", "cut off", "Cut off Trust, Inc.", "cut off (Cut off Trust, Inc.)", "cut off"},
		{"certificate-1", "", "", "certificate-1", "certificate-1"},
		{"OU=nobody", "", "", "OU=nobody", "OU=nobody"},
		{`CN=ends in a backslash\`, "", "", `ends in a backslash\`, `ends in a backslash\`},
		{"", "", "", "", "an unnamed issuer"},
	} {
		if got := reading.FullName(test.whole, test.common, test.organization); got != test.full {
			t.Errorf("%s: got %q, want %q", test.whole, got, test.full)
		}
		if got := reading.ShortName(test.whole, test.common, test.organization); got != test.short {
			t.Errorf("%s: in a row it is %q, want %q", test.whole, got, test.short)
		}
	}
}

// Whoever reads the row, the diagnosis or the drawing reads the same name, and none ends in a backslash; a report of an
// older release, which has the whole name alone, is drawn with it too. Anonymized, no part of it is left.
func TestNamesOnTheScreen(t *testing.T) {
	const whole = `CN=Acme Inspection\, G2,O=Acme\, Inc.,C=US`
	for _, typed := range []bool{true, false} {
		e := fixtureOf(t, "tls.intercepted")
		leaf := &e.TLS.Chain[0]
		leaf.Issuer, leaf.IssuerOrg, e.TLS.Trust.Issuer = said(whole), said("Acme, Inc."), said(whole)
		if typed {
			leaf.IssuerCN = said("Acme Inspection, G2")
			e.TLS.Trust.IssuerCN, e.TLS.Trust.IssuerOrg = leaf.IssuerCN, leaf.IssuerOrg
		}
		r := reportOf(e)
		validate(t, "names", jsonOf(t, r))
		const want = "Acme Inspection, G2 (Acme, Inc.)"
		if d := r.Diagnoses[0]; !strings.Contains(d.Summary, want) {
			t.Errorf("the summary is %q", d.Summary)
		}
		if row := r.Probes[slices.Index(evidence.Names, "tls")].Summary; !strings.Contains(row, "certificate by Acme, Inc., not") {
			t.Errorf("the row is %q", row)
		}
		if got := drawn(r); !strings.Contains(got, "TLS inspection / "+want) || strings.Contains(got, `\`) {
			t.Errorf("the drawing is\n%s", got)
		}
		if left := strings.ToLower(string(jsonOf(t, anonymize.Anonymize(r)))); strings.Contains(left, "acme") {
			t.Errorf("anonymized, a name is left:\n%s", left)
		}
	}
}

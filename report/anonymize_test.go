package report_test

import (
	"bytes"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/anonymize"
	"opensrs-doctor/report/internal/golden"
	"opensrs-doctor/report/screen"
)

// interceptedEvidence names about everything that can tell whose report it is.
func interceptedEvidence() *evidence.Evidence {
	e := filteredEvidence()
	e.Target.Host, e.Target.CustomEndpoint = "api.acme.example", true
	e.DNS.Name, e.DNS.Answers[0].Resolver = "api.acme.example", "10.20.0.2:53"
	e.Host.Proxy = &evidence.Proxy{URL: "http://proxy.acme.example:3128", From: "HTTPS_PROXY",
		Addrs: []netip.Addr{ip("10.20.0.9")}}
	e.Host.Resolvers = []string{"127.0.0.53:53", "[2001:db8:7::53]:53", "[fe80::1%eth0]:53"}
	e.Egress.IPv6 = []netip.Addr{ip("2001:db8:7::15")}
	e.Egress.Sightings[1].Source = "https://myip.acme.example/v4"
	e.TLS = &evidence.TLS{Connected: true, Version: "TLS 1.2",
		Chain: []evidence.Certificate{
			{Subject: said("CN=api.acme.example,O=Acme Corp,C=US"), Issuer: said("CN=Acme Inspection CA,O=Acme Corp,C=US"),
				IssuerOrg: said("Acme Corp"), Names: saidAll("api.acme.example", "*.acme.example", "10.20.0.15"),
				SHA256: strings.Repeat("ab", 32), AuthorityKeyID: said("c0ffee00"), PEM: pemOf("-----BEGIN CERTIFICATE-----\nQUNNRQ==\n")},
		},
		Trust: &evidence.Trust{System: true, Issuer: said("CN=Acme Inspection CA,O=Acme Corp,C=US"), Product: "Zscaler"}}
	e.Call = &evidence.Call{HTTPStatus: 302, Location: said("https://login.acme.example/?back=203.0.113.10"),
		Quote: said("Welcome anna, see intranet.acme.example")}
	return e
}

func interceptedReport(t *testing.T) *report.Report {
	d := filteredDiagnosis()
	d.Explanation = "acme-reseller on web1.acme.example leaves from 203.0.113.10 (203.0.113.10/32 in 203.0.113.0/25); " +
		"10.1.0.1 is a router, ::ffff:203.0.113.10 the same address, 2001:db8:7::15 the other one."
	d.Evidence = []string{
		"Acme Inspection CA issued the certificate of api.acme.example, at 12:34:56 with code 1.2.3.4.5.",
		"The proxy is http://proxy.acme.example:3128, redirected to https://login.acme.example/.",
		"127.0.0.1 and [::1]:443 are this host; rr-n1-tor.opensrs.net and icanhazip.com are everybody's.",
	}
	d.Fixes = []string{"Add allow 203.0.113.10/32 to /home/anna/rules.txt, then run opensrs-doctor again."}
	return saved(t, interceptedEvidence(), d)
}

func TestAnonymize(t *testing.T) {
	r := interceptedReport(t)
	before := jsonOf(t, r)
	anonymous := anonymize.Anonymize(r)
	document := jsonOf(t, anonymous)
	text := string(document)

	for _, telling := range []string{"203.0.113", "198.51.100", "10.20.0", "10.1.0.1", "192.0.2.77", "2001:db8", "fe80",
		"acme", "Acme", "anna", "web1", "c0ffee", "abab", "BEGIN CERT", "1.1.1.1", "8.8.8.8"} {
		if strings.Contains(text, telling) {
			t.Errorf("%q is still there: %s", telling, regexp.MustCompile(`.{0,60}`+regexp.QuoteMeta(telling)+`.{0,30}`).FindString(text))
		}
	}
	for _, kept := range []string{"127.0.0.53:53", "127.0.0.1 and [::1]:443", "https://icanhazip.com", "rr-n1-tor.opensrs.net",
		"12:34:56", "1.2.3.4.5", "Zscaler", `"cause": "port.filtered"`, "TLS 1.2", `"schema": "` + report.Schema + `"`, "0a1b2c3d"} {
		if !strings.Contains(text, kept) {
			t.Errorf("%q is gone", kept)
		}
	}
	validate(t, "anonymized", document)
	if !bytes.Equal(before, jsonOf(t, r)) {
		t.Error("the original was changed")
	}
	if _, err := report.Read(bytes.NewReader(document)); err != nil {
		t.Errorf("cannot be read again: %v", err)
	}
	if !bytes.Equal(document, jsonOf(t, anonymize.Anonymize(r))) {
		t.Error("twice gives two reports")
	}
	golden.Check(t, "screen-anonymized.txt", screenOf(t, anonymous, screen.Options{}))
}

// The same thing has the same token wherever it stands, and different things have different ones.
func TestTokensAreConsistent(t *testing.T) {
	anonymous := anonymize.Anonymize(interceptedReport(t))
	words := anonymous.Diagnoses[0].Explanation
	shape := regexp.MustCompile(`^(user-\d+) on (host-\d+) leaves from (address-\d+) \((address-\d+)/32 in (address-\d+)/25\); ` +
		`(private-\d+) is a router, (address-\d+) the same address, (address-\d+) the other one\.$`)
	m := shape.FindStringSubmatch(words)
	if m == nil {
		t.Fatalf("explanation: %s", words)
	}
	if m[1] != anonymous.Target.Username || m[2] != anonymous.Host.Hostname {
		t.Errorf("user and host differ from the fields: %s", words)
	}
	if m[3] != m[4] || m[3] != m[7] || m[3] == m[5] || m[3] == m[6] || m[3] == m[8] {
		t.Errorf("tokens: %s", words)
	}
	if !strings.HasPrefix(anonymous.Probes[0].Summary, m[3]+" is this host's") {
		t.Errorf("the row of egress: %s", anonymous.Probes[0].Summary)
	}
	if !strings.Contains(string(anonymous.Probes[0].Facts), `"ipv4":["`+m[3]+`"]`) {
		t.Errorf("the facts of egress: %s", anonymous.Probes[0].Facts)
	}
}

// A username or a host that is called like a word of the report leaves its closed lists alone.
func TestAnonymizeWordsAsNames(t *testing.T) {
	e := filteredEvidence()
	e.Target.Username, e.Host.Hostname, e.Target.Environment = "port", "test", "test"
	r := saved(t, e, filteredDiagnosis())
	document := jsonOf(t, anonymize.Anonymize(r))
	validate(t, "names that are words", document)
	if !strings.Contains(string(document), `"environment": "test"`) || strings.Contains(string(document), `"username": "port"`) {
		t.Error("a word and a name were mixed up")
	}
}

// A report that cannot be anonymized gives out nothing rather than the original.
func TestAnonymizeBrokenFacts(t *testing.T) {
	r := interceptedReport(t)
	r.Probes[0].Facts = []byte(`{"broken": 203.0.113.10`)
	anonymous := anonymize.Anonymize(r)
	text := string(jsonOf(t, anonymous))
	if strings.Contains(text, "203.0.113.10") || strings.Contains(text, "acme") || anonymous.Verdict != r.Verdict {
		t.Errorf("got %s", text)
	}
}

func TestAddressAt(t *testing.T) {
	for text, want := range map[string]string{
		"203.0.113.10":                "address-1",
		"203.0.113.10.":               "address-1.",
		"203.0.113.10:55443":          "address-1:55443",
		"[2001:db8::1]:443":           "[address-1]:443",
		"at 2001:db8::1: yes":         "at address-1: yes",
		"fe80::1%eth0 here":           "address-1 here",
		"peer:203.0.113.10,192.0.2.1": "peer:address-1,address-2",
		"v1.2.3.4 and 1.2.3.4.5":      "v1.2.3.4 and 1.2.3.4.5",
		"300.1.1.1 at 12:34:56":       "300.1.1.1 at 12:34:56",
		"127.0.0.1 ::1":               "127.0.0.1 ::1",
		"203.0.113.0/25":              "address-1/25",
		"10.1.0.1, 203.0.113.10":      "private-1, address-1",
		"::ffff:10.1.0.1 100.64.0.9":  "private-1 private-2",
		"de:ad:be:ef:00:11":           "de:ad:be:ef:00:11",
	} {
		tokens := anonymize.NewTokens()
		tokens.Sort()
		if got := tokens.Replace(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

package report_test

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/explain"
)

// released are the IDs that the tool may report. They never change and never go away.
var released = strings.Fields(`
	host.offline host.clock-wrong host.local-firewall
	config.credentials-missing config.api-key-malformed config.required-skipped
	service.incident
	dns.nxdomain dns.servfail dns.refused dns.resolver-unreachable dns.sinkholed dns.captive-portal
	dns.hosts-override dns.no-ipv4 dns.slow-resolver
	egress.unknown egress.unstable egress.proxied egress.split-route egress.no-ipv4 egress.ipv6-possible
	config.key-line-end
	rules.invalid rules.not-allowed rules.denied rules.ambiguous rules.pool-partly-allowed
	rules.propagating rules.other-address port.all-filtered service.partly-down rules.stale rules.never-public
	port.refused port.rejected-en-route port.prohibited port.unreachable port.filtered port.wrong-port
	port.lossy port.slow
	proxy.unreachable proxy.denied proxy.auth-required proxy.upstream-failed proxy.direct-way
	tls.not-tls tls.reset tls.sni-blocked tls.hello-too-big tls.mtu-blackhole tls.rejected tls.timeout
	tls.version-unsupported tls.expired tls.not-yet-valid tls.name-mismatch tls.self-signed
	tls.incomplete-chain tls.intercepted tls.unknown-ca tls.local-roots-outdated tls.expires-soon
	call.ip-denied call.auth-failed call.wrong-environment call.permission-denied call.rate-limited
	call.server-error call.no-reply call.not-opensrs call.redirected call.malformed-reply call.timeout
	client.dns-differs client.store-differs client.tls-too-old client.strict client.path-differs client.blocked
	client.missing-extension config.unexpected-key config.client-settings host.dead-tunnel network.login-required dns.blocked-page host.source-address
	unexplained`)

// verbs are the words with which a step may begin: it tells the reader what to do.
var verbs = strings.Fields(`
	Add Allow Ask Change Check Clamp Close Compare Connect Copy Correct Find Flush Give Install Leave Let
	List Log Look Lower Make Open Point Prefer Put Raise Read Rebuild Remove Replace Restart Run Search Send Set
	Spread Start Switch Take Tell Trace Try Update Use Wait Write`)

func TestCatalogueIsComplete(t *testing.T) {
	var ids []string
	for _, cause := range diagnose.Causes() {
		ids = append(ids, cause.ID)
	}
	for i, id := range ids {
		if slices.Index(ids, id) != i {
			t.Errorf("%s stands in the catalogue twice", id)
		}
	}
	for _, id := range released {
		if _, found := diagnose.Lookup(id); !found {
			t.Errorf("%s has no row", id)
		}
	}
	if last := ids[len(ids)-1]; last != "unexplained" {
		t.Errorf("the last row is %s, not unexplained", last)
	}
}

func TestEveryRowHasItsTexts(t *testing.T) {
	for _, c := range diagnose.Causes() {
		if c.Summary == "" || len(c.Explanation) == 0 || c.Means == "" || c.Recognised == "" {
			t.Errorf("%s: a text is missing", c.ID)
		}
		if n := len(explain.PageOf(c).Fixes); n < 2 || n > 7 {
			t.Errorf("%s: %d fixes without a run, want 2 to 7", c.ID, n)
		}
		if !slices.Contains([]report.Severity{report.Fail, report.Warn, report.Info}, c.Severity) {
			t.Errorf("%s: severity %q", c.ID, c.Severity)
		}
		if c.Probe != "" && !slices.Contains(evidence.Names, c.Probe) {
			t.Errorf("%s: no probe is called %q", c.ID, c.Probe)
		}
		if c.When == nil && c.ID != "unexplained" {
			t.Errorf("%s: no condition", c.ID)
		}
		if strings.HasSuffix(c.Summary, ".") {
			t.Errorf("%s: the summary ends with a full stop", c.ID)
		}
		if n := utf8.RuneCountInString(prose.FillGeneric(c.Summary, nil)); n > 75 {
			t.Errorf("%s: the summary has %d characters: %s", c.ID, n, prose.FillGeneric(c.Summary, nil))
		}
		for _, sentence := range slices.Concat(c.Explanation, []string{c.Means, c.Recognised}) {
			if !strings.HasSuffix(sentence, ".") {
				t.Errorf("%s: no full stop: %s", c.ID, sentence)
			}
		}
	}
}

func TestEveryFixBeginsWithAVerb(t *testing.T) {
	for _, c := range diagnose.Causes() {
		always := 0
		for _, fix := range c.Fixes {
			text := cmp.Or(prose.FillGeneric(fix, nil), prose.ForRun(fix))
			if first, _, _ := strings.Cut(text, " "); !slices.Contains(verbs, strings.TrimSuffix(first, ",")) {
				t.Errorf("%s: a fix does not begin with a known verb: %s", c.ID, text)
			}
			if !strings.HasSuffix(text, ".") {
				t.Errorf("%s: no full stop: %s", c.ID, text)
			}
			if !strings.Contains(fix, "{") {
				always++
			}
		}
		if always == 0 {
			t.Errorf("%s: every fix hangs on a placeholder, so a run may have none", c.ID)
		}
	}
}

func TestPlaceholdersAreInTheVocabulary(t *testing.T) {
	braces := regexp.MustCompile(`\{[^}]*\}?`)
	for _, c := range diagnose.Causes() {
		for _, text := range slices.Concat([]string{c.Summary}, c.Explanation, c.Fixes) {
			for _, found := range braces.FindAllString(text, -1) {
				if _, known := prose.Vocabulary.Get()[strings.Trim(found, "{}")]; !known || !prose.Placeholder.Regexp().MatchString(found) {
					t.Errorf("%s: %s is not in the vocabulary", c.ID, found)
				}
			}
		}
		if strings.ContainsAny(c.Means+c.Recognised+strings.Join(c.Docs, ""), "{}") {
			t.Errorf("%s: a page or link about no run holds a placeholder", c.ID)
		}
	}
}

// Every sentence stands alone, so each begins like one whether or not the others are there.
func TestSentencesBeginAsSentences(t *testing.T) {
	for _, c := range diagnose.Causes() {
		for _, text := range slices.Concat(c.Explanation, []string{c.Means, c.Recognised, c.Summary}) {
			if first := text[0]; first >= 'a' && first <= 'z' {
				t.Errorf("%s: begins with a small letter: %s", c.ID, text)
			}
		}
	}
}

func TestHidesNamesRowsWithoutCircles(t *testing.T) {
	var visit func(id string, path []string)
	visit = func(id string, path []string) {
		if slices.Contains(path, id) {
			t.Fatalf("causes hide each other: %s", strings.Join(append(path, id), " > "))
		}
		cause, found := diagnose.Lookup(id)
		if !found {
			t.Errorf("%s hides %s, which has no row", path[len(path)-1], id)
		}
		for i, hidden := range cause.Hides {
			if slices.Index(cause.Hides, hidden) != i {
				t.Errorf("%s hides %s twice", id, hidden)
			}
			visit(hidden, append(slices.Clone(path), id))
		}
	}
	for _, c := range diagnose.Causes() {
		visit(c.ID, nil)
	}
	for _, c := range diagnose.Causes() {
		if slices.Contains(c.Hides, "unexplained") {
			t.Errorf("%s hides unexplained, which is there only where nothing else is", c.ID)
		}
	}
}

func TestDocsArePublicLinks(t *testing.T) {
	for _, c := range diagnose.Causes() {
		if len(c.Docs) == 0 {
			t.Errorf("%s: no link", c.ID)
		}
		for i, link := range c.Docs {
			at, err := url.Parse(link)
			if err != nil || at.Scheme != "https" || !strings.Contains(at.Host, ".") {
				t.Errorf("%s: no public link: %s", c.ID, link)
			}
			if slices.Index(c.Docs, link) != i {
				t.Errorf("%s: links twice to %s", c.ID, link)
			}
		}
	}
}

func TestCanPass(t *testing.T) {
	var passing []string
	for _, c := range diagnose.Causes() {
		report := &report.Report{Diagnoses: []report.Diagnosis{{Cause: "port.lossy"}, {Cause: c.ID}}}
		if diagnose.CanPass(report) {
			passing = append(passing, c.ID)
		}
	}
	want := []string{"service.incident", "rules.propagating", "call.ip-denied", "call.rate-limited"}
	if !slices.Equal(passing, want) {
		t.Errorf("can pass by themselves: %v, want %v", passing, want)
	}
	if diagnose.CanPass(&report.Report{}) || diagnose.CanPass(&report.Report{Diagnoses: []report.Diagnosis{{Cause: "of-a-newer-version"}}}) {
		t.Error("nothing there can pass")
	}
}

func TestCausesIsACopy(t *testing.T) {
	diagnose.Causes()[0].ID = "changed"
	if diagnose.Causes()[0].ID == "changed" {
		t.Error("a caller can change the catalogue")
	}
	if _, found := diagnose.Lookup("no.such-cause"); found {
		t.Error("Lookup finds what is not there")
	}
}

package report_test

import (
	"encoding/json"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"opensrs-doctor/probes/inspect"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/mistakes"
	"opensrs-doctor/probes/observed"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/sandbox"
	"opensrs-doctor/probes/xmltext"
	"opensrs-doctor/report/internal/golden"
	"opensrs-doctor/report/screen"
	"opensrs-doctor/report/signature"
)

// observations are those of a client that is corrected step by step, and what else can be seen.
func observations() []observed.Observation {
	at := time.Date(2026, 3, 1, 14, 2, 11, 0, time.UTC)
	seen := func(change func(*observed.Observation)) observed.Observation {
		o := observed.Observation{At: at, Caller: netip.MustParseAddr("203.0.113.10"), User: "sandbox-reseller",
			Bytes: 439, Status: 200, Code: 401, Text: "Authentication failed", Signature: &mistakes.Verdict{Match: true},
			Address: observed.AddressVerdict{Verdict: iprules.VerdictAllow, Rule: 1, Text: "allow 203.0.113.0/25"}}
		change(&o)
		return o
	}
	all := []observed.Observation{
		seen(func(o *observed.Observation) { o.Broken = observed.BrokenUntrusted }),
		seen(func(o *observed.Observation) {
			o.Signature = &mistakes.Verdict{Mistakes: []string{mistakes.SingleMD5, mistakes.KeyTrailingNewline}, Forms: []string{"", "crlf"}}
			o.Findings = []inspect.Finding{{ID: inspect.HeaderName, Header: opensrs.HeaderUsername, Found: "X_Username"}}
		}),
		seen(func(o *observed.Observation) {
			o.Signature = &mistakes.Verdict{Mistakes: []string{mistakes.SingleMD5}, Forms: []string{""}}
			o.Problems = []observed.Problem{{ID: observed.Username}}
		}),
		seen(func(o *observed.Observation) {
			o.Code, o.Text = 400, "Access denied: invalid IP address"
			o.Address = observed.AddressVerdict{Verdict: iprules.VerdictDeny}
		}),
		seen(func(o *observed.Observation) {
			o.Status, o.Code, o.Text, o.Signature, o.Bytes = 411, 0, "Length Required", nil, 0
			o.Findings = []inspect.Finding{{ID: inspect.ContentLengthMissing, Header: "Content-Length"}}
		}),
		seen(func(o *observed.Observation) {
			o.Signature, o.Problems = nil, []observed.Problem{{ID: observed.SignatureUnexplained, Detail: "(the body is over 64 KiB)"}}
		}),
		seen(func(o *observed.Observation) {
			o.Status, o.Code, o.Text, o.Signature, o.Bytes = 400, 0, "Bad Request", nil, 0
			o.Problems = []observed.Problem{{ID: observed.AmbiguousHead, Detail: "Content-Length is there twice, on lines 6 and 7"}}
		}),
		seen(func(o *observed.Observation) {
			o.Status, o.Code, o.Text, o.Signature, o.Bytes = 400, 0, "Bad Request", nil, 0
			o.Problems = []observed.Problem{{ID: observed.NotHTTP, Detail: "(there is a blank before the colon of Transfer-Encoding on line 7)"}}
		}),
		seen(func(o *observed.Observation) {
			o.Code, o.Text, o.Findings = 400, "Invalid Command", []inspect.Finding{{ID: inspect.BodyNotWellFormed,
				XML: xmltext.Fault{Kind: xmltext.WrongEnd, Line: 7, Tag: "item", Opened: 7, Met: "dt_assoc"}}}
		}),
		seen(func(o *observed.Observation) {
			o.Status, o.Code, o.Text, o.Fault = 0, 0, "", "call.no-reply"
		}),
		seen(func(o *observed.Observation) {
			o.Code, o.Text, o.Command = 200, "Command successful", "GET_BALANCE"
		}),
		seen(func(o *observed.Observation) {
			o.Code, o.Text, o.Command, o.Dummy = 200, "Command successful; dummy values of a sandbox", "GET_PRICE", true
		}),
		seen(func(o *observed.Observation) {
			o.Code, o.Text = 400, "Invalid Command: searchstring is missing"
			o.Command = "NAME_SUGGEST"
			o.Problems = []observed.Problem{{ID: observed.Attribute, Detail: "searchstring is missing"}}
		}),
		seen(func(o *observed.Observation) {
			o.Code, o.Text, o.Command, o.Address, o.Signature, o.Bytes = 0, "OK", observed.WhoAmI, observed.AddressVerdict{}, nil, 0
		}),
		seen(func(o *observed.Observation) {
			o.Code, o.Text, o.Command, o.Refusable = 200, "Command successful", "GET_BALANCE", "tls.self-signed"
			o.Problems = []observed.Problem{{ID: observed.Unverified}}
		}),
		seen(func(o *observed.Observation) {
			o.Code, o.Text, o.Command, o.Refusable = 200, "Command successful", "GET_BALANCE", "tls.self-signed"
			o.Problems = []observed.Problem{{ID: observed.Unverified}}
		}),
		seen(func(o *observed.Observation) { o.Broken, o.Refusable = observed.BrokenUntrusted, "tls.self-signed" }),
		seen(func(o *observed.Observation) { o.Broken, o.Refusable = observed.BrokenHungUp, "tls.name-mismatch" }),
	}
	number := 0
	for i := range all {
		if all[i].Broken == "" {
			number++
			all[i].Number = number
		}
	}
	return all
}

func TestRequestLog(t *testing.T) {
	for name, o := range map[string]screen.Options{"request-log.txt": {}, "request-log-ascii.txt": {ASCII: true, Width: 60}} {
		log := signature.NewRequestLog(o)
		var text strings.Builder
		for _, observation := range observations() {
			text.WriteString(log.Entry(observation))
		}
		golden.Check(t, name, text.String())
	}
}

// TestRequestRecords: as JSON, each entry is one object on one line, complete by itself.
func TestRequestRecords(t *testing.T) {
	var text strings.Builder
	for _, observation := range observations() {
		record := signature.NewRequestRecord(observation)
		line := record.Line()
		if strings.Count(line, "\n") != 1 || !json.Valid([]byte(line)) {
			t.Errorf("not one line: %s", line)
		}
		if record.OK == strings.Contains(line, `"mistakes"`) && record.Connection == "" {
			t.Errorf("ok is %v: %s", record.OK, line)
		}
		if strings.Contains(line, "see request") {
			t.Errorf("it points elsewhere: %s", line)
		}
		text.WriteString(line)
	}
	text.WriteString(signature.NotShownLine(observations()[0].At, 3))
	golden.Check(t, "request-log.jsonl", text.String())
}

// TestRequestLogReferences: what an entry refers to is an earlier entry that holds it.
func TestRequestLogReferences(t *testing.T) {
	log, printed := signature.NewRequestLog(screen.Options{}), map[string]string{}
	for _, observation := range observations() {
		entry := log.Entry(observation)
		printed[strconv.Itoa(observation.Number)] = entry
		for _, match := range regexp.MustCompile(`What helps: see request (\d+)\.`).FindAllStringSubmatch(entry, -1) {
			if earlier := printed[match[1]]; match[1] == strconv.Itoa(observation.Number) || !strings.Contains(earlier, "      PHP ") {
				t.Errorf("request %s does not say what helps:\n%s", match[1], entry)
			}
		}
	}
}

// TestSandboxWords: everything that the sandbox can notice has words.
func TestSandboxWords(t *testing.T) {
	for _, id := range observed.ProblemIDs {
		if words := signature.ProblemWords.Get()[id]; words.Summary == "" || words.Fix == "" {
			t.Errorf("%s has no words", id)
		}
	}
	if len(signature.ProblemWords.Get()) != len(observed.ProblemIDs) {
		t.Error("there are words for what no sandbox notices")
	}
	for _, fault := range sandbox.RefusableFaults() {
		if signature.RefusableWords.Get()[fault] == "" {
			t.Errorf("%s has no words", fault)
		}
	}
	if len(signature.RefusableWords.Get()) != len(sandbox.RefusableFaults()) {
		t.Error("there are words for a fault that no client has to refuse")
	}
	for _, broken := range observed.BrokenWays {
		if signature.BrokenWords.Get()[broken] == "" {
			t.Errorf("%s has no words", broken)
		}
	}
}

func TestSandboxScreen(t *testing.T) {
	set := signature.SandboxSetting{
		URL: "https://127.0.0.1:8443/", CAFile: "/tmp/opensrs-doctor-sandbox-1/ca.pem", Username: "sandbox-reseller",
		APIKeyFile: "/tmp/opensrs-doctor-sandbox-1/api-key", EgressSources: []string{"http://127.0.0.1:8081/ip", "http://127.0.0.1:8082/ip"},
		StatusURL: "http://127.0.0.1:8083/api/v2/summary.json", Caller: "203.0.113.10",
		Command: "/usr/bin/opensrs-doctor check --endpoint https://127.0.0.1:8443/ --rule 'allow 203.0.113.0/25' --proxy none",
	}
	for name, change := range map[string]func(*signature.SandboxSetting){
		"sandbox-healthy.txt": func(*signature.SandboxSetting) {},
		"sandbox-fault.txt": func(s *signature.SandboxSetting) {
			s.Fault, s.Resolvers, s.Rules = "dns.nxdomain", []string{"127.0.0.1:5353"}, []string{"allow 203.0.113.0/25", "deny 203.0.113.77/32"}
		},
		"sandbox-name.txt": func(s *signature.SandboxSetting) {
			s.URL, s.HostsLine = "https://rr-n1-tor.opensrs.net:55443/", "127.0.0.1 rr-n1-tor.opensrs.net"
		},
		"sandbox-rules.txt": func(s *signature.SandboxSetting) {
			s.Fault, s.RulesOfFault = "call.ip-denied", true
		},
	} {
		changed, text := set, strings.Builder{}
		change(&changed)
		if err := signature.WriteSandbox(&text, changed, screen.Options{}); err != nil {
			t.Fatal(err)
		}
		golden.Check(t, name, text.String())
	}
}

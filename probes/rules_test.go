package probes

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/service"
)

// TestRulesForAnEndpointInside: an address that can never be public is refused, unless the endpoint is at such an address
// itself, which may turn out only when its name has been resolved.
func TestRulesForAnEndpointInside(t *testing.T) {
	rule, err := iprules.Parse("allow 10.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		host   string
		only   []string
		reason string
		status evidence.Status
	}{
		{service.OpenSRS.Live.Host, []string{"rules"}, iprules.ReasonNeverPublic, evidence.Fail},
		{"192.0.2.1", []string{"rules"}, iprules.ReasonNeverPublic, evidence.Fail},
		{"127.0.0.1", []string{"rules"}, "", evidence.Pass},
		{"10.9.8.7", []string{"rules"}, "", evidence.Pass},
		{"localhost", []string{"rules", "dns"}, "", evidence.Pass},
	} {
		ev := Run(context.Background(), Options{Environment: "live", Host: c.host, Port: service.OpenSRS.Port, Custom: true,
			Rules: []iprules.Rule{rule}, RulesGiven: true, EgressIPs: []netip.Addr{netip.MustParseAddr("10.0.0.1")},
			Proxy: ProxyChoice{Mode: "none"}, Only: c.only, Timeout: 5 * time.Second}, nil)
		if c.host == "localhost" && len(ev.Target.Addresses) == 0 {
			t.Log("localhost is not in the hosts file here")
			continue
		}
		if got := ev.Rules.Results[0]; got.Reason != c.reason || ev.Step("rules").Status != c.status {
			t.Errorf("%s: %+v, %s", c.host, got, ev.Step("rules").Status)
		}
	}
}

// TestRulesJudgeEveryAddressGiven: no IPv4 rule matches an IPv6 address, so that none of them goes unjudged.
func TestRulesJudgeEveryAddressGiven(t *testing.T) {
	rule, err := iprules.Parse("allow 203.0.113.0/25")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		given   []string
		verdict string
		status  evidence.Status
	}{
		{[]string{"::1"}, iprules.VerdictDeny, evidence.Fail},
		{[]string{"fd00::1"}, iprules.VerdictDeny, evidence.Fail},
		{[]string{"2001:db8::1"}, iprules.VerdictDeny, evidence.Fail},
		{[]string{"64:ff9b::cb00:7105"}, iprules.VerdictDeny, evidence.Fail},
		{[]string{"2001:db8::1", "203.0.113.5"}, iprules.VerdictPartly, evidence.Fail},
		{[]string{"::ffff:203.0.113.5"}, iprules.VerdictAllow, evidence.Pass},
	} {
		var given []netip.Addr
		for _, text := range c.given {
			given = append(given, netip.MustParseAddr(text))
		}
		ev := Run(context.Background(), Options{Environment: "live", Host: service.OpenSRS.Live.Host, Port: service.OpenSRS.Port, EgressIPs: given,
			Rules: []iprules.Rule{rule}, RulesGiven: true, Proxy: ProxyChoice{Mode: "none"}, Only: []string{"rules"},
			Timeout: 5 * time.Second}, nil)
		if got := ev.Rules; got.Verdict != c.verdict || len(got.Results) != len(given) || ev.Step("rules").Status != c.status {
			t.Errorf("%v: %+v, %+v", c.given, got, ev.Step("rules"))
		}
	}
}

// TestRulesSayWhatTheyWaitedFor: where sources see IPv6 alone, there is nothing to judge, and the row says so.
func TestRulesSayWhatTheyWaitedFor(t *testing.T) {
	source := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "2001:db8::1") }))
	defer source.Close()
	from, err := ParseSource(source.URL)
	if err != nil {
		t.Fatal(err)
	}
	rule, _ := iprules.Parse("allow 203.0.113.0/25")
	ev := Run(context.Background(), Options{Environment: "live", Host: service.OpenSRS.Live.Host, Port: service.OpenSRS.Port, EgressSources: []Source{from},
		Rules: []iprules.Rule{rule}, RulesGiven: true, Proxy: ProxyChoice{Mode: "none"}, Only: []string{"rules"},
		Timeout: 5 * time.Second}, nil)
	if step := ev.Step("rules"); step.Status != evidence.Skip || step.WaitedFor != "egress" || len(ev.Egress.IPv6) != 1 {
		t.Errorf("%+v, %+v", step, ev.Egress)
	}
}

package probes

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"opensrs-doctor/probes/iprules"
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
		status Status
	}{
		{LiveHost, []string{"rules"}, iprules.ReasonNeverPublic, Fail},
		{"192.0.2.1", []string{"rules"}, iprules.ReasonNeverPublic, Fail},
		{"127.0.0.1", []string{"rules"}, "", Pass},
		{"10.9.8.7", []string{"rules"}, "", Pass},
		{"localhost", []string{"rules", "dns"}, "", Pass},
	} {
		ev := Run(context.Background(), Options{Environment: "live", Host: c.host, Port: ServicePort, Custom: true,
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

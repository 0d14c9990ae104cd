package probes

import (
	"context"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/netaddr"
)

// When the sightings are enough to go on with.
func TestEnough(t *testing.T) {
	a, b, six := netip.MustParseAddr("203.0.113.10"), netip.MustParseAddr("203.0.113.11"), netip.MustParseAddr("2001:db8::1")
	web := func(address netip.Addr) evidence.Sighting {
		return evidence.Sighting{Path: evidence.WayDirect, Address: address}
	}
	byDNS := func(address netip.Addr) evidence.Sighting {
		return evidence.Sighting{Path: evidence.WayDNS, Address: address}
	}
	proxied := func(address netip.Addr) evidence.Sighting {
		return evidence.Sighting{Path: evidence.WayProxy, Address: address}
	}
	for name, test := range map[string]struct {
		came    []evidence.Sighting
		pending map[evidence.Way]int
		path    evidence.Way
		quick   bool // and all DNS servers are given by address
		enough  bool
		some    bool
	}{
		"nothing yet":                   {nil, map[evidence.Way]int{evidence.WayDirect: 1}, evidence.WayDirect, false, false, false},
		"nobody left":                   {nil, nil, evidence.WayDirect, false, true, false},
		"one of two":                    {[]evidence.Sighting{web(a)}, map[evidence.Way]int{evidence.WayDirect: 1}, evidence.WayDirect, false, false, true},
		"two agree":                     {[]evidence.Sighting{web(a), web(a)}, map[evidence.Way]int{evidence.WayDirect: 1}, evidence.WayDirect, false, true, true},
		"two differ":                    {[]evidence.Sighting{web(a), web(b)}, map[evidence.Way]int{evidence.WayDirect: 1}, evidence.WayDirect, false, false, true},
		"two differ, nobody left":       {[]evidence.Sighting{web(a), web(b)}, nil, evidence.WayDirect, false, true, true},
		"the web and DNS agree":         {[]evidence.Sighting{web(a), byDNS(a)}, map[evidence.Way]int{evidence.WayDirect: 1}, evidence.WayDirect, false, true, true},
		"DNS alone agrees":              {[]evidence.Sighting{byDNS(a), byDNS(a)}, map[evidence.Way]int{evidence.WayDirect: 1}, evidence.WayDirect, false, false, false},
		"DNS alone, web silent":         {[]evidence.Sighting{byDNS(a), byDNS(a)}, nil, evidence.WayDirect, false, true, false},
		"DNS alone, where it is enough": {[]evidence.Sighting{byDNS(a), byDNS(a)}, map[evidence.Way]int{evidence.WayDirect: 1}, evidence.WayDirect, true, true, false},
		"DNS differs":                   {[]evidence.Sighting{byDNS(a), byDNS(b)}, map[evidence.Way]int{evidence.WayDirect: 1}, evidence.WayDirect, true, false, false},
		"DNS agrees, the web does not":  {[]evidence.Sighting{byDNS(a), byDNS(a), web(b)}, map[evidence.Way]int{evidence.WayDirect: 1}, evidence.WayDirect, true, false, true},
		"IPv6 does not count":           {[]evidence.Sighting{web(six), web(six)}, map[evidence.Way]int{evidence.WayDirect: 1}, evidence.WayDirect, false, false, false},
		"failures do not count":         {[]evidence.Sighting{{Path: evidence.WayDirect}, {Path: evidence.WayDirect}}, map[evidence.Way]int{evidence.WayDirect: 1}, evidence.WayDirect, false, false, false},
		"through the proxy":             {[]evidence.Sighting{proxied(a), proxied(a), web(b)}, map[evidence.Way]int{evidence.WayDirect: 1, evidence.WayProxy: 1}, evidence.WayProxy, false, true, true},
		"beside the proxy":              {[]evidence.Sighting{web(a), web(a), byDNS(a)}, map[evidence.Way]int{evidence.WayProxy: 1}, evidence.WayProxy, false, false, false},
	} {
		r := &egressRun{sights: test.came, pending: test.pending, quick: test.quick, literal: map[int]bool{}}
		for i := range test.came {
			r.came = append(r.came, i)
			r.literal[i] = test.quick && test.came[i].Path == evidence.WayDNS
		}
		if enough, some := r.enough(test.path); enough != test.enough || some != test.some {
			t.Errorf("%s: enough %v, some %v", name, enough, some)
		}
	}
}

func TestEgressStatus(t *testing.T) {
	a, b := netip.MustParseAddr("203.0.113.10"), netip.MustParseAddr("203.0.113.11")
	silent := evidence.Sighting{Failure: &evidence.Failure{Kind: evidence.KindTimeout}}
	refused := evidence.Sighting{Failure: &evidence.Failure{Kind: evidence.KindRefused}}
	for name, test := range map[string]struct {
		facts  evidence.Egress
		status evidence.Status
		kind   evidence.Kind
	}{
		"one":           {evidence.Egress{IPv4: []netip.Addr{a}}, evidence.Pass, ""},
		"two":           {evidence.Egress{IPv4: []netip.Addr{a, b}}, evidence.Warn, ""},
		"two given":     {evidence.Egress{IPv4: []netip.Addr{a, b}, Given: true}, evidence.Pass, ""},
		"by DNS":        {evidence.Egress{DNSSeen: []netip.Addr{a}}, evidence.Pass, ""},
		"none":          {evidence.Egress{}, evidence.Fail, evidence.KindTimeout},
		"all silent":    {evidence.Egress{Sightings: []evidence.Sighting{silent, silent}}, evidence.Fail, evidence.KindTimeout},
		"one says more": {evidence.Egress{Sightings: []evidence.Sighting{silent, refused}}, evidence.Fail, evidence.KindRefused},
	} {
		if status, failure := egressStatus(&test.facts); status != test.status || kindOfFailure(failure) != test.kind {
			t.Errorf("%s: %s, %v", name, status, failure)
		}
	}
}

func TestRulesStatus(t *testing.T) {
	warning, bad := iprules.Problem{Severity: "warning", ID: iprules.Duplicate}, iprules.Problem{Severity: iprules.SeverityError}
	generous := iprules.Problem{Severity: "warning", ID: iprules.TooGenerous}
	for _, test := range []struct {
		verdict  string
		problems []iprules.Problem
		want     evidence.Status
	}{
		{iprules.VerdictAllow, nil, evidence.Pass}, {iprules.VerdictDeny, nil, evidence.Fail}, {iprules.VerdictPartly, nil, evidence.Fail},
		{iprules.VerdictAmbiguous, nil, evidence.Warn}, {"", nil, evidence.Skip},
		{iprules.VerdictAllow, []iprules.Problem{warning}, evidence.Warn}, {iprules.VerdictAllow, []iprules.Problem{generous}, evidence.Pass},
		{iprules.VerdictAllow, []iprules.Problem{warning, bad}, evidence.Fail}, {iprules.VerdictDeny, []iprules.Problem{warning}, evidence.Fail},
	} {
		if got := rulesStatus(&evidence.Rules{Verdict: test.verdict, Problems: test.problems}); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

// Whether the call may be made after this handshake, and what the row says.
func TestTLSStatus(t *testing.T) {
	start := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	soon := &evidence.Certificate{NotBefore: start.AddDate(-1, 0, 0), NotAfter: start.AddDate(0, 0, 3)}
	good := evidence.Trust{Public: true, System: true, NameOK: true, DatesOK: true}
	for name, test := range map[string]struct {
		change func(*evidence.Trust)
		allow  bool // --allow-intercepted
		may    bool
		status evidence.Status
	}{
		"good":                       {func(*evidence.Trust) {}, false, true, evidence.Pass},
		"it ends soon":               {func(c *evidence.Trust) { c.FirstToEnd = soon }, false, true, evidence.Warn},
		"the host's store is old":    {func(c *evidence.Trust) { c.System = false }, false, true, evidence.Fail},
		"by an authority of its own": {func(c *evidence.Trust) { c.Own, c.Public, c.System = new(true), false, false }, false, true, evidence.Pass},
		"not by its own":             {func(c *evidence.Trust) { c.Own = new(false) }, false, false, evidence.Fail},
		"intercepted":                {func(c *evidence.Trust) { c.Public = false }, false, false, evidence.Fail},
		"intercepted, and allowed":   {func(c *evidence.Trust) { c.Public = false }, true, true, evidence.Warn},
		"another name, and allowed":  {func(c *evidence.Trust) { c.Public, c.NameOK = false, false }, true, false, evidence.Fail},
		"ended, and allowed":         {func(c *evidence.Trust) { c.Public, c.DatesOK = false, false }, true, false, evidence.Fail},
		"another name":               {func(c *evidence.Trust) { c.NameOK = false }, false, false, evidence.Fail},
		"ended":                      {func(c *evidence.Trust) { c.DatesOK = false }, false, false, evidence.Fail},
		"nobody's":                   {func(c *evidence.Trust) { c.Public, c.System = false, false }, true, false, evidence.Fail},
	} {
		trust := good
		test.change(&trust)
		facts := &evidence.TLS{Trust: &trust, Failure: &evidence.Failure{Kind: evidence.KindUntrusted}}
		r := &run{o: Options{AllowIntercepted: test.allow}, ev: &evidence.Evidence{StartedAt: start}}
		if status, _ := r.tlsStatus(facts); status != test.status || facts.CallAllowed != test.may {
			t.Errorf("%s: %s, the call may be made: %v", name, status, facts.CallAllowed)
		}
	}
	facts := &evidence.TLS{Failure: &evidence.Failure{Kind: evidence.KindReset}}
	if status, failure := (&run{}).tlsStatus(facts); status != evidence.Fail || failure != facts.Failure || facts.CallAllowed {
		t.Errorf("no handshake: %s, %v", status, failure)
	}
}

// Without all of its credentials no call is made, and with others than expected neither.
func TestWithoutCredentials(t *testing.T) {
	key := NewSecret([]byte(exampleKey + "0"))
	fingerprint := *SignedBy(key).Fingerprint
	for name, test := range map[string]struct {
		o    Options
		asks evidence.Asked
		want evidence.Wait
	}{
		"all":               {Options{Username: "joe", Key: key, KeySource: "file"}, evidence.Asked{KeyGiven: true}, ""},
		"no user":           {Options{Key: key}, evidence.Asked{KeyGiven: true}, "credentials"},
		"no key":            {Options{Username: "joe"}, evidence.Asked{}, "credentials"},
		"a broken key":      {Options{Username: "joe"}, evidence.Asked{KeyGiven: true, KeyProblems: []string{"x"}}, "api-key"},
		"a header's end":    {Options{Username: "joe\r\nX: y", Key: key}, evidence.Asked{KeyGiven: true}, "api-key"},
		"the expected key":  {Options{Username: "joe", Key: key, KeySource: "file", ExpectKey: fingerprint}, evidence.Asked{KeyGiven: true}, ""},
		"an unexpected key": {Options{Username: "joe", Key: key, KeySource: "file", ExpectKey: "00000000"}, evidence.Asked{KeyGiven: true}, evidence.WaitExpectedKey},
	} {
		r := &run{o: test.o, ev: &evidence.Evidence{Asked: test.asks}}
		if got := r.withoutCredentials(); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// Whom the follow-ups ask: never this host itself, nor a name where an address is needed.
func TestWhomFollowUpsAsk(t *testing.T) {
	port := func(text string) netip.AddrPort { return netip.MustParseAddrPort(text) }
	r := &run{w: worldOf(t, Options{}), ev: &evidence.Evidence{}, target: target{addresses: []netip.AddrPort{port("192.0.2.1:55443"), port("192.0.2.2:55443")}}}
	if _, ok := r.distantResolver(); ok {
		t.Error("there is no resolver")
	}
	r.w.resolver.servers = []netip.AddrPort{port("127.0.0.53:53"), port("[2001:db8::53]:53"), port("192.0.2.53:53")}
	if got, ok := r.distantResolver(); !ok || got != port("192.0.2.53:53") {
		t.Errorf("resolver %s, %v", got, ok)
	}
	if _, ok := r.literalControl(); ok {
		t.Error("there is no control")
	}
	r.o.Controls = []netaddr.HostPort{{Host: "peer.example", Port: 443}, {Host: "2001:db8::1", Port: 443}, {Host: "192.0.2.9", Port: 80}}
	if got, ok := r.literalControl(); !ok || got != port("192.0.2.9:80") {
		t.Errorf("control %s, %v", got, ok)
	}
	if got := r.otherName(); got != "" {
		t.Errorf("another name: %q", got)
	}
	r.o.Host = "status.example"
	r.o.StatusURL = &url.URL{Scheme: "https", Host: "status.example"}
	r.o.EgressSources = []Source{{URL: &url.URL{Scheme: "http", Host: "192.0.2.8"}}, {URL: &url.URL{Scheme: "https", Host: "ip.example:8443"}}}
	if got := r.otherName(); got != "ip.example" {
		t.Errorf("another name: %q", got)
	}

	failure, other := &evidence.Failure{}, &evidence.Failure{}
	if got := r.failedAddress(failure); got != port("192.0.2.1:55443") {
		t.Errorf("nothing was tried, and %s failed", got)
	}
	r.ev.Port = &evidence.Port{Attempts: []evidence.Attempt{{Address: port("192.0.2.1:55443"), Failure: other}, {Address: port("192.0.2.2:55443"), Failure: failure}}}
	if got := r.failedAddress(failure); got != port("192.0.2.2:55443") {
		t.Errorf("%s failed", got)
	}
	if got := r.connectedTarget(); len(got.addresses) != 2 {
		t.Errorf("nothing is connected, and the target is %v", got.addresses)
	}
	r.ev.Port.Connected = port("192.0.2.2:55443")
	if got := r.connectedTarget(); len(got.addresses) != 1 || got.addresses[0] != port("192.0.2.2:55443") {
		t.Errorf("connected, and the target is %v", got.addresses)
	}
}

// Another address than the one in use, where DNS or another resolver gives one; none where they agree on any.
func TestOtherByDNS(t *testing.T) {
	used, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	answer := func(by string, addresses ...netip.Addr) evidence.DNSAnswer {
		return evidence.DNSAnswer{Resolver: by, A: addresses}
	}
	for name, test := range map[string]struct {
		by      string
		answers []evidence.DNSAnswer
		want    bool
	}{
		"pinned, DNS differs":       {evidence.UsedHosts, []evidence.DNSAnswer{answer("a", other)}, true},
		"pinned, DNS agrees":        {evidence.UsedHosts, []evidence.DNSAnswer{answer("a", used)}, false},
		"pinned, one of two agrees": {evidence.UsedHosts, []evidence.DNSAnswer{answer("a", other, used)}, false},
		"pinned, DNS is silent":     {evidence.UsedHosts, []evidence.DNSAnswer{answer("a")}, false},
		"two resolvers differ":      {"a", []evidence.DNSAnswer{answer("a", used), answer("b", other)}, true},
		"two resolvers agree":       {"a", []evidence.DNSAnswer{answer("a", used), answer("b", used)}, false},
		"one resolver":              {"a", []evidence.DNSAnswer{answer("a", used)}, false},
	} {
		r := &run{o: Options{Port: 55443}, dns: &dnsRun{asks: &resolver{}, facts: evidence.DNS{Used: test.by, IPv4: []netip.Addr{used}, Answers: test.answers}}}
		got, ok := r.otherByDNS()
		if ok != test.want || ok && got != netip.AddrPortFrom(other, 55443) {
			t.Errorf("%s: %s, %v", name, got, ok)
		}
	}
	if _, ok := (&run{}).otherByDNS(); ok {
		t.Error("no name was looked up")
	}
}

// Packets are counted where nobody answers for the port, or somebody who may be this host.
func TestWorthCounting(t *testing.T) {
	hop := func(answer string, self bool) evidence.Hop {
		return evidence.Hop{TTL: 1, Answer: answer, FromSelf: self}
	}
	for name, test := range map[string]struct {
		answer *evidence.Hop
		first  *evidence.Hop
		want   bool
	}{
		"nothing seen":           {nil, nil, true},
		"silence":                {new(hop(evidence.HopSilence, false)), new(hop(evidence.HopTimeExceeded, false)), true},
		"a refusal from here":    {new(hop(evidence.HopRefused, true)), new(hop(evidence.HopTimeExceeded, false)), true},
		"a refusal from afar":    {new(hop(evidence.HopRefused, false)), new(hop(evidence.HopTimeExceeded, false)), false},
		"afar, no router seen":   {new(hop(evidence.HopRefused, false)), new(hop(evidence.HopSilence, false)), false},
		"refused at once":        {new(hop(evidence.HopRefused, false)), new(hop(evidence.HopRefused, false)), true},
		"the first hop is this":  {new(hop(evidence.HopProhibited, false)), new(hop(evidence.HopTimeExceeded, true)), true},
		"a refusal without hops": {new(hop(evidence.HopRefused, false)), nil, false},
	} {
		path := &evidence.Path{Answer: test.answer}
		if test.first != nil {
			path.Port = []evidence.Hop{*test.first}
		}
		if got := worthCounting(path); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// An answer may take twice as long as the slowest of the walk, and silence is none.
func TestAnswerTime(t *testing.T) {
	for slowest, want := range map[float64]time.Duration{0: 100 * time.Millisecond, 20: 100 * time.Millisecond, 80: 160 * time.Millisecond, 900: 700 * time.Millisecond} {
		path := &evidence.Path{Port: []evidence.Hop{{Answer: evidence.HopTimeExceeded, TookMS: slowest}, {Answer: evidence.HopSilence, TookMS: 2000}},
			Compare: []evidence.Hop{{Answer: evidence.HopConnected, TookMS: 1}}}
		if got := answerTime(path); got != want {
			t.Errorf("%.0f ms: %s, want %s", slowest, got, want)
		}
	}
}

// A follow-up begins once, and not at all when the run is over; later does nothing then.
func TestOnce(t *testing.T) {
	x := begunExperiments(t, nil)
	begun := make(chan string, 3)
	x.once("a", time.Minute, func(context.Context) { begun <- "a" })
	x.once("a", time.Minute, func(context.Context) { begun <- "a again" })
	x.later(0, func() { begun <- "later" })
	x.wait(t.Context())
	if got := []string{<-begun, <-begun}; got[0] == got[1] || got[0] == "a again" || got[1] == "a again" || len(begun) > 0 {
		t.Errorf("begun: %v and %d more", got, len(begun))
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	x.ctx = over
	x.once("b", time.Minute, func(context.Context) { t.Error("begun after the end") })
	x.wait(t.Context())
}

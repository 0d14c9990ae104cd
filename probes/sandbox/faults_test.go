package sandbox

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"opensrs-doctor/probes/observed"
	"opensrs-doctor/probes/opensrs"
)

// seen is what a client meets on the wire, for each fault.
var seen = map[string]string{
	"": "200 accepted",

	"config.api-key-malformed":   "key: quotes",
	"config.credentials-missing": "no credentials",
	"host.clock-wrong":           "not yet valid; 200 accepted",
	"service.incident":           "HTTP 503",
	"egress.unknown":             "200 accepted",
	"egress.unstable":            "200 accepted",
	"egress.proxied":             "200 accepted",
	"port.refused":               "connect: refused",
	"unexplained":                "400 unknown",

	"dns.nxdomain":             "dns: NXDOMAIN",
	"dns.servfail":             "dns: SERVFAIL",
	"dns.refused":              "dns: REFUSED",
	"dns.no-ipv4":              "dns: no A",
	"dns.sinkholed":            "connect: refused",
	"dns.captive-portal":       "handshake: no TLS",
	"dns.resolver-unreachable": "dns: refused",
	"dns.slow-resolver":        "200 accepted",

	"rules.not-allowed":         "400 ip-denied",
	"rules.denied":              "400 ip-denied",
	"rules.ambiguous":           "400 ip-denied",
	"rules.propagating":         "400 ip-denied",
	"rules.stale":               "200 accepted",
	"rules.invalid":             "200 accepted",
	"rules.pool-partly-allowed": "200 accepted",

	"proxy.unreachable":     "proxy: refused",
	"proxy.denied":          "proxy: 403",
	"proxy.upstream-failed": "proxy: 502",
	"proxy.auth-required":   "proxy: 407",

	"tls.expired":              "expired; 200 accepted",
	"tls.not-yet-valid":        "not yet valid; 200 accepted",
	"tls.expires-soon":         "ends soon; 200 accepted",
	"tls.name-mismatch":        "name; 200 accepted",
	"tls.self-signed":          "not public, not in the store; 200 accepted",
	"tls.unknown-ca":           "not public, not in the store; 200 accepted",
	"tls.incomplete-chain":     "not public, not in the store; 200 accepted",
	"tls.intercepted":          "not public; 200 accepted",
	"tls.local-roots-outdated": "not in the store; 200 accepted",
	"tls.not-tls":              "handshake: no TLS",
	"tls.reset":                "handshake: reset",
	"tls.timeout":              "handshake: silence",
	"tls.rejected":             "handshake: tls: handshake failure",
	"tls.hello-too-big":        "handshake: silence",
	"tls.sni-blocked":          "handshake: reset",
	"tls.version-unsupported":  "handshake: tls: protocol version not supported",

	"call.ip-denied":         "400 ip-denied",
	"call.auth-failed":       "401 auth-failed",
	"call.permission-denied": "435 permission-denied",
	"call.rate-limited":      "310 rate-limited",
	"call.server-error":      "HTTP 502",
	"call.no-reply":          "call: hung up",
	"call.timeout":           "call: silence",
	"call.not-opensrs":       "call: not an OPS envelope",
	"call.redirected":        "HTTP 302",
	"call.malformed-reply":   "call: malformed OPS envelope: it is cut short",
}

func TestFaults(t *testing.T) {
	for _, id := range append([]string{""}, Faults()...) {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			want, known := seen[id]
			if !known {
				t.Fatal("nobody says what this fault looks like")
			}
			o := observer{t: t, client: byAddress(start(t, Config{Fault: id})), patience: longPatience}
			if strings.Contains(want, "silence") {
				o.patience = 200 * time.Millisecond
			}
			if got := o.observe(); got != want {
				t.Errorf("met %q, want %q", got, want)
			}
		})
	}
	if len(seen) != len(Faults())+1 {
		t.Errorf("%d faults are expected, %d are there", len(seen)-1, len(Faults()))
	}
}

// What is changed in a follow-up makes the difference where that is the fault.
func TestFaultsThatDependOnTheHello(t *testing.T) {
	classic := func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256} }
	noName := func(c *tls.Config) { c.ServerName = "" }
	old := func(c *tls.Config) { c.MinVersion = tls.VersionTLS10 }
	for _, test := range []struct {
		fault  string
		change func(*tls.Config)
		works  bool
	}{
		{"tls.hello-too-big", classic, true},
		{"tls.hello-too-big", noName, false},
		{"tls.sni-blocked", noName, true},
		{"tls.sni-blocked", classic, false},
		{"tls.version-unsupported", old, true},
		{"tls.version-unsupported", classic, false},
	} {
		o := observer{t: t, client: byAddress(start(t, Config{Fault: test.fault})), patience: longPatience,
			change: test.change}
		if test.fault == "tls.hello-too-big" && !test.works {
			o.patience = 200 * time.Millisecond
		}
		if got := o.observe(); (got == "200 accepted") != test.works {
			t.Errorf("%s: met %q", test.fault, got)
		}
	}
}

// egressOf asks every source of a client, and gives the addresses told; "" for one that tells none.
func egressOf(t *testing.T, client Client) []string {
	t.Helper()
	var told []string
	for _, source := range client.EgressSources {
		u, err := url.Parse(source)
		if err != nil {
			t.Fatal(err)
		}
		if u.Scheme == "dns" {
			told = append(told, whoami(t, u))
			continue
		}
		transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
		if client.Proxy != "" {
			transport.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(client.Proxy) }
		}
		response, err := (&http.Client{Transport: transport}).Get(source)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		transport.CloseIdleConnections()
		if response.StatusCode != 200 {
			body = nil
		}
		told = append(told, strings.TrimSpace(string(body)))
	}
	return told
}

func whoami(t *testing.T, u *url.URL) string {
	t.Helper()
	kind := dns.StringToType[u.Query().Get("type")]
	question := new(dns.Msg).SetQuestion(dns.Fqdn(strings.TrimPrefix(u.Path, "/")), kind)
	reply, err := dns.Exchange(question, u.Host)
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range reply.Answer {
		switch record := record.(type) {
		case *dns.A:
			return record.A.String()
		case *dns.TXT:
			return record.Txt[0]
		}
	}
	return ""
}

// No name leaves the machine: a check that has a sandbox's setting knows every name, or asks the sandbox for it.
func TestNamesStayInside(t *testing.T) {
	for _, fault := range append([]string{""}, Faults()...) {
		c := start(t, Config{Fault: fault}).Client()
		for _, text := range append([]string{c.StatusURL}, c.EgressSources...) {
			u, err := url.Parse(text)
			if err != nil || !strings.HasSuffix(u.Hostname(), ".sandbox.test") || !c.Names[u.Hostname()].IsLoopback() {
				t.Errorf("%s: %s is at %v, %v", fault, text, c.Names, err)
			}
		}
		endpoint, _ := url.Parse(c.URL)
		if c.Proxy != "" || endpoint.Hostname() == Name {
			if len(c.Resolvers) == 0 {
				t.Errorf("%s: a name, and no resolver that knows it", fault)
			}
		}
		for _, resolver := range c.Resolvers {
			if !netip.MustParseAddrPort(resolver).Addr().IsLoopback() {
				t.Errorf("%s: the resolver %s", fault, resolver)
			}
		}
	}
}

func TestEgressSources(t *testing.T) {
	for fault, want := range map[string]string{
		"":                          "203.0.113.10 203.0.113.10 203.0.113.10 203.0.113.10 203.0.113.10",
		"egress.unstable":           "203.0.113.10 203.0.113.11",
		"rules.pool-partly-allowed": "203.0.113.10 203.0.113.11",
		"egress.unknown":            "    ",
		"egress.proxied":            "203.0.113.11 203.0.113.11 203.0.113.11 203.0.113.10 203.0.113.10",
	} {
		if got := strings.Join(egressOf(t, byAddress(start(t, Config{Fault: fault}))), " "); got != want {
			t.Errorf("%q: %s", fault, got)
		}
	}
}

// A clock is wrong only where everybody else agrees.
func TestClockWrong(t *testing.T) {
	s := start(t, Config{Fault: "host.clock-wrong"})
	urls := []string{s.URL, s.StatusURL, s.EgressSources[0], s.EgressSources[2]}
	for _, control := range s.Controls {
		urls = append(urls, "https://"+control+"/")
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		DisableKeepAlives: true}}
	for _, u := range urls {
		response, err := client.Head(u)
		if err != nil {
			t.Fatal(err)
		}
		date, err := http.ParseTime(response.Header.Get("Date"))
		if ahead := time.Until(date); err != nil || ahead < clockAhead-time.Hour || ahead > clockAhead+time.Hour {
			t.Errorf("%s tells %v, %v", u, date, err)
		}
	}
}

func TestUnknownFault(t *testing.T) {
	if err := UnknownFault("tls.expired"); err != nil {
		t.Error(err)
	}
	for word, nearest := range map[string]string{
		"tls.expird": "tls.expired", "nxdomain": "dns.nxdomain", "intercepted": "tls.intercepted",
		"call.autfailed": "call.auth-failed",
	} {
		err := UnknownFault(word)
		if err == nil || !strings.Contains(err.Error(), "it can show "+nearest+",") {
			t.Errorf("%s: %v", word, err)
		}
	}
	if _, err := Start(Config{Fault: "port.filtered"}); err == nil {
		t.Error("a fault that cannot be shown starts")
	}
	if err := UnknownFault("tls.intercepted", ServerFaults()...); err == nil {
		t.Error("tls.intercepted hangs on the client's store, and a server claims to show it")
	}
}

// TestUnverified: over a certificate that should not verify, a request is a mistake and a refusal is none.
func TestUnverified(t *testing.T) {
	for fault, proof := range map[string]bool{
		"": false, "tls.expired": true, "tls.self-signed": true, "tls.name-mismatch": true, "tls.unknown-ca": true,
		"tls.not-yet-valid": true, "host.clock-wrong": true, "tls.expires-soon": false, "tls.incomplete-chain": false,
		"call.auth-failed": false,
	} {
		var log logged
		s := start(t, Config{Fault: fault, Log: log.add})
		if _, err := toolkitSays(t, s, toolkit{s.Username, s.Key}.request(opensrs.GetBalanceBody())); err != nil {
			t.Fatal(err)
		}
		last := log.last()
		if got := wrong(last); (got == observed.Unverified) != proof || last.Wrong() != proof {
			t.Errorf("%s: a request: %q", fault, got)
		}
		// A client that knows no authority at all refuses every certificate.
		_, port, _ := net.SplitHostPort(strings.Trim(strings.TrimPrefix(s.URL, "https:"), "/"))
		if _, err := tls.Dial("tcp", "127.0.0.1:"+port, &tls.Config{}); err == nil {
			t.Fatal("a client that verifies goes on")
		}
		refused := log.await(t, func(o observed.Observation) bool { return o.Broken != "" })
		if right := proof || fault == "tls.incomplete-chain"; refused.Wrong() == right {
			t.Errorf("%s: a refusal: %+v", fault, refused)
		}
	}
}

// await gives the first observation that is wanted.
func (l *logged) await(t *testing.T, wanted func(observed.Observation) bool) observed.Observation {
	t.Helper()
	for end := time.Now().Add(longPatience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		l.mu.Lock()
		for _, o := range l.seen {
			if wanted(o) {
				l.mu.Unlock()
				return o
			}
		}
		l.mu.Unlock()
	}
	t.Fatal("nothing of the kind was observed")
	return observed.Observation{}
}

// TestNamed: with a name of one's own the URL and the certificate have it, and every fault is met as without.
func TestNamed(t *testing.T) {
	const name = "rr-n1-tor.opensrs.net"
	for _, id := range append([]string{""}, ServerFaults()...) {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			s := start(t, Config{Fault: id, Name: name})
			_, port, _ := net.SplitHostPort(strings.Trim(strings.TrimPrefix(s.URL, "https:"), "/"))
			if s.URL != "https://"+name+":"+port+"/" {
				t.Errorf("URL %s", s.URL)
			}
			if is := s.HostsLine == "127.0.0.1 "+name; is == strings.HasPrefix(id, "dns.") {
				t.Errorf("the line of the hosts file: %q", s.HostsLine)
			}
			client := byAddress(s)
			for _, url := range []string{client.URL, s.URL} { // as the check calls it, and as other clients do
				client.URL = url
				o := observer{t: t, client: client, patience: longPatience, name: name}
				if url == s.URL && len(client.Resolvers) == 0 {
					o.at = "127.0.0.1"
				}
				if strings.Contains(seen[id], "silence") {
					o.patience = 200 * time.Millisecond
				}
				if got := o.observe(); got != seen[id] {
					t.Errorf("%s: met %q, want %q", url, got, seen[id])
				}
			}
		})
	}
	for _, name := range []string{"www.example.net", "example.net"} {
		s := start(t, Config{Fault: "tls.name-mismatch", Name: name})
		o := observer{t: t, client: s.Client(), patience: longPatience, name: name, at: "127.0.0.1"}
		o.client.URL = s.URL
		if got := o.observe(); got != seen["tls.name-mismatch"] {
			t.Errorf("%s: met %q", name, got)
		}
	}
}

package sandbox

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"opensrs-doctor/probes/observed"
	"opensrs-doctor/probes/opensrs"
)

func start(t *testing.T, config Config) *Sandbox {
	t.Helper()
	s, err := Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// logged collects what a sandbox observes.
type logged struct {
	mu   sync.Mutex
	seen []observed.Observation
}

func (l *logged) add(o observed.Observation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, o)
}

func (l *logged) last() observed.Observation {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.seen) == 0 {
		return observed.Observation{}
	}
	return l.seen[len(l.seen)-1]
}

// wrong names what an observation found.
func wrong(o observed.Observation) string { return strings.Join(o.Mistakes(), " ") }

func httpsClient(s *Sandbox) *http.Client {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.CAPEM)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
}

// request makes a signed request; change spoils it.
func request(t *testing.T, s *Sandbox, body []byte, change func(*http.Request)) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, s.URL, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "text/xml")
	r.Header.Set("X-Username", s.Username)
	r.Header.Set("X-Signature", opensrs.Sign(body, s.Key))
	if change != nil {
		change(r)
	}
	return r
}

// ask sends a request and gives the HTTP status, or the reply's code.
func ask(t *testing.T, client *http.Client, r *http.Request) string {
	t.Helper()
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != 200 {
		return fmt.Sprint("HTTP ", response.StatusCode)
	}
	reply, err := opensrs.ParseReply(body)
	if err != nil {
		t.Fatal(err)
	}
	return reply.Code
}

func TestRequests(t *testing.T) {
	var log logged
	s := start(t, Config{Log: log.add})
	client := httpsClient(s)
	good := opensrs.GetBalanceBody()
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	tests := []struct {
		name   string
		body   []byte
		change func(*http.Request)
		want   string
		says   string
	}{
		{"good", good, nil, "200", ""},
		{"username", good, set("X-Username", "somebody"), "401", "username"},
		{"signature", good, set("X-Signature", opensrs.Sign(good, []byte("other"))), "401", "wrong-key"},
		{"capitals", good, set("X-Signature", strings.ToUpper(opensrs.Sign(good, s.Key))), "401", "uppercase-hex"},
		{"once", good, set("X-Signature", opensrs.Sign(good, nil)), "401", "key-empty"},
		{"no hex", good, set("X-Signature", "zzz"), "401", "signature-malformed"},
		{"cut off", good, set("X-Signature", opensrs.Sign(good, s.Key)[:20]), "401", "signature-cut"},
		{"no signature", good, func(r *http.Request) { r.Header.Del("X-Signature") }, "401", "header-missing"},
		{"misspelt", good, func(r *http.Request) {
			r.Header.Del("X-Username")
			r.Header.Set("X-User-Name", "sandbox-reseller")
		}, "401", "header-name"},
		{"content type", good, set("Content-Type", "application/json"), "200", "content-type"},
		{"path", good, func(r *http.Request) { r.URL.Path = "/api" }, "HTTP 404", "path"},
		{"method", good, func(r *http.Request) { r.Method = "PUT" }, "HTTP 405", "method"},
		{"chunked", good, func(r *http.Request) { r.ContentLength = -1 }, "HTTP 411", "chunked-body"},
		{"no XML", []byte("hello"), nil, "400", "body-not-xml"},
		{"no envelope", []byte("<methodCall/>"), nil, "400", "no-envelope"},
		{"an empty envelope", []byte("<OPS_envelope/>"), nil, "400", "bad-envelope"},
		{"cut short", good[:len(good)/2], nil, "400", "body-not-well-formed"},
		{"two documents", slices.Concat(good, good), nil, "400", "body-not-well-formed"},
		{"cut short, and signed wrong", good[:len(good)/2], set("X-Signature", strings.Repeat("0", 32)), "401", "body-not-well-formed wrong-key"},
		{"a form", []byte("xml=" + url.QueryEscape(string(good))), nil, "400", "body-form-encoded"},
		{"a form, and the XML signed", []byte("xml=" + url.QueryEscape(string(good))), set("X-Signature", opensrs.Sign(good, s.Key)), "401",
			"body-form-encoded"},
		{"JSON", []byte(`{"protocol": "XCP"}`), nil, "400", "body-json"},
		{"no protocol", without(good, "protocol"), nil, "500", "protocol-missing"},
		{"no action", without(good, "action"), nil, "400", "command-missing"},
		{"no object", without(good, "object"), nil, "400", "command-missing"},
		{"header behind the body", headerLast(good), nil, "500", "envelope-order"},
		{"UTF-8 that declares Latin-1", bytes.Replace(lookupBody("é.example"), []byte("UTF-8"), []byte("ISO-8859-1"), 1), nil, "210", "body-encoding"},
		{"too big", bytes.Repeat([]byte(" "), opensrs.MaxReply+1), nil, "HTTP 413", "body-too-big"},
		{"free name", lookupBody("free.example"), nil, "210", ""},
		{"taken name", lookupBody("taken1.example"), nil, "211", ""},
		{"taken by rule", lookupBody("Example.COM"), nil, "211", ""},
		{"no name", lookupBody("nodots"), nil, "400", "no-domain"},
		{"unknown command", command("SW_REGISTER", "DOMAIN", nil), nil, "430", "unknown-command"},
		{"balance, as the guide has it", command("get_balance", "domain", nil), nil, "200", ""},
	}
	for _, test := range tests {
		got := ask(t, client, request(t, s, test.body, test.change))
		if seen := log.last(); got != test.want || wrong(seen) != test.says {
			t.Errorf("%s: %s and %q, want %s and %q", test.name, got, wrong(seen), test.want, test.says)
		}
	}
	everything := fmt.Sprintf("%+v", log.seen)
	for _, secret := range []string{string(s.Key), opensrs.Sign(good, s.Key), Balance, HoldBalance} {
		if strings.Contains(everything, secret[:min(len(secret), 8)]) {
			t.Error("a secret in what was observed")
		}
	}
}

func command(action, object string, attributes map[string]string) []byte {
	return opensrs.Encode(opensrs.Value{Shape: opensrs.Assoc, Items: []opensrs.Item{
		{Key: "protocol", Value: opensrs.TextOf("XCP")},
		{Key: "action", Value: opensrs.TextOf(action)},
		{Key: "object", Value: opensrs.TextOf(object)},
		{Key: "attributes", Value: opensrs.AssocOf(attributes)},
	}})
}

// without takes an item out of a body.
func without(body []byte, key string) []byte {
	return regexp.MustCompile(`(?m)^.*<item key="`+key+`">.*\n`).ReplaceAll(body, nil)
}

// headerLast moves the header behind the body.
func headerLast(body []byte) []byte {
	header := regexp.MustCompile(`(?s) <header>.*</header>\n`).Find(body)
	return bytes.Replace(bytes.Replace(body, header, nil, 1), []byte(" </body>\n"), append([]byte(" </body>\n"), header...), 1)
}

func lookupBody(domain string) []byte {
	return command("LOOKUP", "DOMAIN", map[string]string{"domain": domain})
}

// Old clients speak HTTP/1.0, with and without keep-alive, and may leave the length out.
func TestHTTP10(t *testing.T) {
	s := start(t, Config{})
	dial := func() *tls.Conn {
		conn, err := tls.Dial("tcp", strings.Trim(strings.TrimPrefix(s.URL, "https:"), "/"),
			&tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	body := opensrs.GetBalanceBody()
	head := "POST / HTTP/1.0\r\nContent-Type: text/xml\r\nX-Username: " + s.Username + "\r\nX-Signature: " +
		opensrs.Sign(body, s.Key) + "\r\n"
	length := fmt.Sprintf("Content-Length: %d\r\n", len(body))

	conn := dial()
	reader := bufio.NewReader(conn)
	for range 2 {
		fmt.Fprintf(conn, "%s%sConnection: keep-alive\r\n\r\n%s", head, length, body)
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		reply, _ := io.ReadAll(response.Body)
		if response.ContentLength <= 0 || !bytes.Contains(reply, []byte(`<item key="response_code">200</item>`)) {
			t.Errorf("%d %s", response.StatusCode, reply)
		}
	}

	conn = dial()
	fmt.Fprintf(conn, "%s\r\n%s", head, body)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || response.StatusCode != http.StatusLengthRequired {
		t.Errorf("without a length: %v, %v", response, err)
	}

	conn = dial()
	fmt.Fprintf(conn, "%s%s\r\n%s", head, length, body[:10])
	conn.CloseWrite()
	if response, err = http.ReadResponse(bufio.NewReader(conn), nil); err == nil && response.StatusCode != 400 {
		t.Errorf("a body that breaks off: %d", response.StatusCode)
	}
}

// TestBetweenRequests: a NUL behind a body that was not counted is not a request, and of a head that breaks off no
// header is said to be missing.
func TestBetweenRequests(t *testing.T) {
	var log logged
	s := start(t, Config{Log: log.add})
	conn, err := tls.Dial("tcp", strings.Trim(strings.TrimPrefix(s.URL, "https:"), "/"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for range 2 {
		r := request(t, s, opensrs.GetBalanceBody(), nil)
		if err := r.Write(conn); err != nil {
			t.Fatal(err)
		}
		conn.Write([]byte{0})
		response, err := http.ReadResponse(reader, r)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatal(response, err)
		}
		io.Copy(io.Discard, response.Body)
		if got := wrong(log.last()); got != "" {
			t.Errorf("a NUL behind the body: %s", got)
		}
	}
	io.WriteString(conn, "POST / HTTP/1.1\r\nHost")
	conn.CloseWrite()
	if response, err := http.ReadResponse(reader, nil); err != nil || response.StatusCode != http.StatusBadRequest {
		t.Error(response, err)
	}
	if got := wrong(log.last()); got != observed.Unfinished {
		t.Errorf("a head that breaks off: %s", got)
	}
}

func TestCommandsPerConnection(t *testing.T) {
	s := start(t, Config{})
	client := httpsClient(s)
	for range maxCommands {
		if got := ask(t, client, request(t, s, opensrs.GetBalanceBody(), nil)); got != "200" {
			t.Fatal(got)
		}
	}
	if got := ask(t, client, request(t, s, opensrs.GetBalanceBody(), nil)); got != "350" {
		t.Errorf("the next one: %s", got)
	}
	if got := ask(t, client, request(t, s, opensrs.GetBalanceBody(), nil)); got != "200" {
		t.Errorf("on a new connection: %s", got)
	}
}

func TestRules(t *testing.T) {
	for _, test := range []struct {
		rules []string
		want  string
		says  string
	}{
		{nil, "200", "unknown 0 "},
		{allowed, "200", "allow 1 allow 203.0.113.0/25"},
		{notThisAddress, "400", "deny 0 "},
		{denied, "400", "deny 1 deny 203.0.113.10/32"},
		{ambiguous, "400", "ambiguous 1 allow 203.0.113.0/25"},
	} {
		var log logged
		s := start(t, Config{Rules: rulesOf(test.rules...), Log: log.add})
		got := ask(t, httpsClient(s), request(t, s, opensrs.GetBalanceBody(), nil))
		seen := log.last()
		judged := fmt.Sprint(seen.Address.Verdict, " ", seen.Address.Rule, " ", seen.Address.Text)
		if got != test.want || judged != test.says {
			t.Errorf("%v: %s, %s", test.rules, got, judged)
		}
		if client := s.Client(); strings.Join(client.Rules, ";") != strings.Join(test.rules, ";") || client.RulesGiven {
			t.Errorf("the client's rules: %v", client.Rules)
		}
	}
}

func TestGivenCredentials(t *testing.T) {
	key := []byte(strings.Repeat("ab", 56))
	s := start(t, Config{Username: "me", Key: key})
	client := s.Client()
	if s.Username != "me" || client.Username != "me" || !bytes.Equal(client.Key, key) {
		t.Error("the given user and key are not taken")
	}
	if made := start(t, Config{}); !opensrs.FormOf(made.Key).Usual() {
		t.Error("the made key is not like a real one")
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		text := fmt.Sprintf(format, s) + fmt.Sprintf(format, client) + fmt.Sprintf(format, &client)
		if strings.Contains(text, "abab") || strings.Contains(text, "97 98") || strings.Contains(text, "6162") {
			t.Errorf("%s prints the key", format)
		}
	}
}

func TestStatusPage(t *testing.T) {
	for fault, want := range map[string]string{"": "none", "service.incident": "major"} {
		response, err := http.Get(start(t, Config{Fault: fault}).StatusURL)
		if err != nil {
			t.Fatal(err)
		}
		var page struct {
			Status    struct{ Indicator string }
			Incidents []struct{ Name string }
		}
		err = json.NewDecoder(response.Body).Decode(&page)
		response.Body.Close()
		if err != nil || page.Status.Indicator != want || len(page.Incidents) != map[string]int{"major": 1}[want] {
			t.Errorf("%q: %+v, %v", fault, page, err)
		}
	}
}

func TestMissingIssuerCanBeHad(t *testing.T) {
	s := start(t, Config{Fault: "tls.incomplete-chain"})
	conn, err := tls.Dial("tcp", strings.Trim(strings.TrimPrefix(s.URL, "https:"), "/"),
		&tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	leaf := conn.ConnectionState().PeerCertificates[0]
	response, err := http.Get(leaf.IssuingCertificateURL[0])
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	der, _ := io.ReadAll(response.Body)
	issuer, err := x509.ParseCertificate(der)
	if err != nil || leaf.CheckSignatureFrom(issuer) != nil || issuer.CheckSignatureFrom(s.CA) != nil {
		t.Errorf("the issuer at the URL does not fit: %v", err)
	}
	for _, control := range s.Controls {
		roots := x509.NewCertPool()
		roots.AddCert(s.CA)
		conn, err := tls.Dial("tcp", control, &tls.Config{RootCAs: roots})
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
}

// The proxy is no way to anywhere else.
func TestProxyStaysInside(t *testing.T) {
	other := start(t, Config{})
	s := start(t, Config{Fault: "proxy.denied"})
	for target, want := range map[string]int{
		s.Controls[0]: 200, other.Controls[0]: 403, "192.0.2.1:443": 403,
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.Proxy, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		if got := connectThrough(t, conn, target); got != want {
			t.Errorf("%s: %d", target, got)
		}
		conn.Close()
	}
}

func TestListen(t *testing.T) {
	for _, address := range []string{"nowhere", "sandbox.example:1", "127.0.0.1:x", "127.0.0.1:70000"} {
		if _, err := Start(Config{Listen: address}); err == nil {
			t.Errorf("%s is listened on", address)
		}
	}
	s := start(t, Config{Listen: "127.0.0.1:0"})
	address := strings.Trim(strings.TrimPrefix(s.URL, "https:"), "/")
	if _, err := Start(Config{Listen: address}); err == nil {
		t.Error("a port that is taken is no error")
	}
}

// Close ends what is under way, and a second Close does no harm.
func TestClose(t *testing.T) {
	for _, fault := range []string{"", "call.timeout", "tls.timeout", "tls.hello-too-big", "proxy.denied"} {
		s := start(t, Config{Fault: fault})
		address := strings.Trim(strings.TrimPrefix(s.URL, "https:"), "/")
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			o := observer{t: t, client: byAddress(s), patience: longPatience}
			o.observe()
		}()
		conn.Write([]byte{22, 3, 1}) // half a handshake
		if fault == "" || fault == "proxy.denied" {
			<-ended
		}
		s.Close()
		<-ended
		s.Close()
		if _, err := io.ReadAll(conn); err != nil && words(err) != "reset" {
			t.Errorf("%q: %v", fault, err)
		}
		if again, err := net.Dial("tcp", address); err == nil {
			again.Close()
			t.Errorf("%q: somebody still listens", fault)
		}
		conn.Close()
	}
}

// A service that never answers does not answer when it ends either.
func TestCloseWithoutReply(t *testing.T) {
	arrived := make(chan observed.Observation, 1)
	s := start(t, Config{Fault: "call.timeout", Log: func(o observed.Observation) { arrived <- o }})
	met := make(chan string, 1)
	go func() { met <- observer{t: t, client: byAddress(s), patience: longPatience}.observe() }()
	<-arrived
	s.Close()
	if got := <-met; got != "call: hung up" && got != "call: reset" {
		t.Errorf("met %q", got)
	}
}

// Why a handshake broke off is worth a line: most authors of clients meet this first.
func TestBrokenHandshakes(t *testing.T) {
	seen := make(chan observed.Observation, 4)
	s := start(t, Config{Log: func(o observed.Observation) { seen <- o }})
	address := strings.Trim(strings.TrimPrefix(s.URL, "https:"), "/")
	for want, try := range map[observed.Broken]func(){
		observed.BrokenUntrusted: func() { tls.Dial("tcp", address, &tls.Config{}) },
		observed.BrokenNoVersion: func() {
			tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10,
				MaxVersion: tls.VersionTLS11})
		},
		observed.BrokenNotTLS: func() {
			response, err := http.Get("http://" + address)
			if err != nil || response.StatusCode != 400 {
				t.Errorf("plain HTTP: %v, %v", response, err)
			}
		},
		observed.BrokenHungUp: func() {
			if conn, err := net.Dial("tcp", address); err == nil {
				conn.Close()
			}
		},
	} {
		try()
		if got := <-seen; got.Broken != want || got.Number != 0 {
			t.Errorf("%s: %+v", want, got)
		}
	}
}

// A port that connections of a moment ago were made to can be held closed at once.
func TestRefusesWhereOthersHaveJustBeen(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("such a port is free at once there")
	}
	first := start(t, Config{})
	url := first.URL
	conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(url, "https://"), "/"))
	if err != nil {
		t.Fatal(err)
	}
	at := conn.RemoteAddr().String()
	if _, err := conn.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil { // no TLS: the sandbox hangs up first
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Logf("it hangs up with %v", err)
	}
	conn.Close()
	first.Close()
	start(t, Config{Listen: at, Fault: "port.refused"})
}

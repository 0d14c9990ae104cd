//go:build unix

package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/miekg/dns"
	"golang.org/x/text/unicode/norm"

	"opensrs-doctor/probes"
	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/foreign/dressed"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/sandbox"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/report"
	"opensrs-doctor/report/anonymize"
	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/screen"
	"opensrs-doctor/report/ticket"
)

// hostileWorld is loopback, on which every peer of a run says what it is told to.
type hostileWorld struct {
	mu    sync.Mutex
	words string // that all say
	reply string // of the endpoint, in which WORDS stands for them
	proxy string // of the proxy to CONNECT; "": it connects
	page  string // of a web page asked for without TLS

	public, endpoint *sandbox.Authority
	options          probes.Options
}

func (w *hostileWorld) fill(form string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.ReplaceAll(form, "WORDS", w.words)
}

func newHostileWorld(t testing.TB) *hostileWorld {
	w := &hostileWorld{public: sandbox.NewAuthority("Example Public Root")}
	w.endpoint = w.public
	port := func(at string) uint16 { return netip.MustParseAddrPort(at).Port() }
	web := port(listenFor(t, func(conn net.Conn) {
		readRequest(conn)
		io.WriteString(conn, w.fill(w.page))
	}))
	api := port(listenFor(t, w.answerCall))
	proxy := listenFor(t, w.answerProxy)
	status, _ := url.Parse(fmt.Sprintf("http://127.0.0.1:%d/status", web))
	source, err := probes.ParseSource(fmt.Sprintf("http://127.0.0.1:%d/ip", web))
	if err != nil {
		t.Fatal(err)
	}
	names := w.nameServer(t)
	text, err := probes.ParseSource("dns://" + names.String() + "/me.example?type=TXT")
	if err != nil {
		t.Fatal(err)
	}
	w.options = probes.Options{Version: "test", Environment: service.OpenSRS.Live.Name, Host: "api.opensrs.test", Port: api, Custom: true,
		Path: "/", Username: plantedUser, Key: probes.NewSecret([]byte(plantedKey)), KeySource: evidence.KeyVariable,
		EgressSources: []probes.Source{source, text}, StatusURL: status, Resolvers: []netip.AddrPort{names},
		PublicRoots: []*x509.Certificate{w.public.Certificate}, SystemRoots: []*x509.Certificate{w.public.Certificate},
		Proxy: probes.ProxyChoice{Mode: "none"}, Timeout: probes.DefaultTimeout}
	w.options.Proxy.URL = &url.URL{Scheme: "http", Host: proxy}
	return w
}

// nameServer answers with an alias that says the words, and with an address that is right.
func (w *hostileWorld) nameServer(t testing.TB) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: conn, Handler: dns.HandlerFunc(func(out dns.ResponseWriter, asked *dns.Msg) {
		reply := new(dns.Msg)
		reply.SetReply(asked)
		question := asked.Question[0]
		head := dns.RR_Header{Name: question.Name, Rrtype: question.Qtype, Class: dns.ClassINET, Ttl: 60}
		alias := head
		alias.Rrtype = dns.TypeCNAME
		if words := w.fill("WORDS"); len(words) <= 240 {
			reply.Answer = append(reply.Answer, &dns.CNAME{Hdr: alias, Target: inLabels(words)})
		}
		switch question.Qtype {
		case dns.TypeA:
			reply.Answer = append(reply.Answer, &dns.A{Hdr: head, A: net.IPv4(127, 0, 0, 1)})
		case dns.TypeTXT:
			words := w.fill("WORDS")
			reply.Answer = append(reply.Answer, &dns.TXT{Hdr: head, Txt: []string{strings.ReplaceAll(words[:min(len(words), 200)], `\`, `\\`)}})
		}
		out.WriteMsg(reply)
	})}
	started := make(chan struct{})
	server.NotifyStartedFunc = func() { close(started) }
	go server.ActivateAndServe()
	<-started
	t.Cleanup(func() { server.Shutdown() })
	return netip.MustParseAddrPort(conn.LocalAddr().String())
}

// inLabels writes bytes as a host name in the form that package dns packs.
func inLabels(words string) string {
	var name strings.Builder
	for i, b := range []byte(words) {
		if i%50 == 49 {
			name.WriteByte('.')
		}
		fmt.Fprintf(&name, "\\%03d", b)
	}
	return name.String() + "."
}

// answerCall speaks TLS with a certificate that says the words wherever one can, unless the world's reply is plain text.
func (w *hostileWorld) answerCall(conn net.Conn) {
	said := w.fill("WORDS")
	if plainText, found := strings.CutPrefix(w.reply, "PLAIN "); found {
		io.WriteString(conn, w.fill(plainText))
		conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, conn)
		return
	}
	if !utf8.ValidString(said) { // as certificates have it
		said = strings.ToValidUTF8(said, "\x00")
	}
	template := sandbox.Template{CommonName: said, Organization: said, Names: []string{"api.opensrs.test", "127.0.0.1"}, WithRoot: true}
	if !strings.ContainsFunc(said, func(r rune) bool { return r > '~' || r < ' ' }) {
		template.Names, template.IssuerURL = append(template.Names, said), "http://"+said
	}
	stream := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{w.endpoint.Issue(template)}})
	if stream.Handshake() != nil {
		return
	}
	if readRequest(stream) != "" {
		io.WriteString(stream, w.fill(w.reply))
	}
	stream.CloseWrite()
	io.Copy(io.Discard, stream)
}

func (w *hostileWorld) answerProxy(conn net.Conn) {
	asked := readRequest(conn)
	if w.proxy != "" || !strings.HasPrefix(asked, "CONNECT") {
		io.WriteString(conn, w.fill(map[bool]string{true: w.proxy, false: w.page}[strings.HasPrefix(asked, "CONNECT")]))
		return
	}
	io.WriteString(conn, "HTTP/1.1 200 "+w.fill("WORDS")+"\r\n\r\n")
	w.answerCall(conn)
}

// place is where the words are said.
type place struct {
	reply, proxy, page string
	through            bool // the proxy, with a login
	intercepted        bool // by an authority with the words as its name
}

var wordsOnPage = httpReply("200 WORDS", "Content-Type: text/plain; charset=WORDS\r\n", "WORDS")

var places = map[string]place{
	"text":          {reply: okReply(envelope("401", "WORDS")), page: wordsOnPage},
	"code":          {reply: okReply(envelope("WORDS", "no"))},
	"title":         {reply: httpReply("200 WORDS", "Content-Type: WORDS\r\n", "<html><title>WORDS</title>WORDS</html>")},
	"line":          {reply: httpReply("503 WORDS", "Content-Type: text/html; x=WORDS\r\n", "WORDS\nWORDS"), page: incidentPage("WORDS")},
	"location":      {reply: httpReply("302 WORDS", "Location: https://WORDS/WORDS?WORDS\r\n", "")},
	"no HTTP":       {reply: "WORDS\r\n"},
	"bad head":      {reply: "HTTP/1.1 200 OK\r\nWORDS\r\nContent-Length: WORDS\r\n\r\n"},
	"no TLS":        {reply: "PLAIN WORDS\r\n"},
	"certificate":   {reply: okReply(envelope("200", "Command successful")), intercepted: true},
	"proxy denies":  {proxy: "HTTP/1.1 403 WORDS\r\nContent-Length: 0\r\n\r\n", page: wordsOnPage, through: true},
	"proxy login":   {proxy: "HTTP/1.1 407 WORDS\r\nProxy-Authenticate: WORDS realm=\"WORDS\"\r\nContent-Length: 0\r\n\r\n", through: true},
	"proxy no HTTP": {proxy: "WORDS\r\n\r\n", through: true},
	"behind proxy":  {reply: "PLAIN WORDS\r\n", page: incidentPage("WORDS"), through: true},
}

// incidentPage is a status page with an incident.
func incidentPage(words string) string {
	return httpReply("200 OK", "Content-Type: application/json\r\n",
		`{"status": {"indicator": "WORDS", "description": "WORDS"}, "incidents": [{"name": "WORDS", "status": "open"}]}`)
}

// say sets the world up for one place. A page's and a reply's lengths come after the words.
func (w *hostileWorld) say(at place, words string) probes.Options {
	lengths := func(form, words string) string {
		head, body, found := strings.Cut(form, "\r\n\r\n")
		if before, length, has := strings.Cut(head, "Content-Length: "); found && has && !strings.HasPrefix(length, "WORDS") {
			_, rest, _ := strings.Cut(length, "\r\n")
			head = before + "Content-Length: " + strconv.Itoa(len(strings.ReplaceAll(body, "WORDS", words))) + "\r\n" + rest
			return head + "\r\n\r\n" + body
		}
		return form
	}
	quoted, _ := json.Marshal(words)
	page := strings.ReplaceAll(at.page, `"WORDS"`, string(quoted))
	w.mu.Lock()
	w.words, w.reply, w.page, w.proxy = words, lengths(at.reply, words), lengths(page, words), at.proxy
	w.mu.Unlock()
	o := w.options
	if w.endpoint = w.public; at.intercepted {
		w.endpoint = sandbox.NewRoot(sandbox.Template{CommonName: strings.ToValidUTF8(words, "\x00")})
		o.SystemRoots = append(slices.Clone(o.SystemRoots), w.endpoint.Certificate)
	}
	return o
}

// outputs are those of a run in which all peers say the words at their places.
func (w *hostileWorld) outputs(t testing.TB, at place, words string) map[string]string {
	t.Helper()
	o := w.say(at, words)
	if at.through {
		proxy := *o.Proxy.URL
		proxy.User = url.UserPassword(plantedLogin, plantedLong)
		o.Proxy = probes.ProxyChoice{Mode: "url", URL: &proxy, From: "--proxy"}
	}
	return outputsOf(t, diagnose.New(probes.Run(t.Context(), o, nil), report.Tool{Name: "opensrs-doctor", Version: "test"}))
}

// outputsOf are all that a run may leave behind: every format, of the report as it is, as it is read again and made
// anonymous, and the files of the bundle.
func outputsOf(t testing.TB, r *report.Report) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, one := range formats() {
		for i, options := range []screen.Options{{Verbose: true, Width: 70}, {Quiet: true}} {
			var out bytes.Buffer
			if err := one.write(&out, r, options); err != nil {
				t.Fatal(err)
			}
			all[fmt.Sprint(one.name, i)] = out.String()
		}
	}
	for _, anonymized := range []bool{false, true} {
		shown := r
		if anonymized {
			shown = anonymize.Anonymize(r)
		}
		files, err := ticket.TicketFiles(shown, anonymized, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			all[fmt.Sprint(file.Name, anonymized)] = string(file.Content)
		}
	}
	return all
}

// bare is a text's letters and digits, in the plain form: what is left of it whatever a format puts between them.
func bare(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKD.String(text))
}

// parts are the stretches of a text that long, every third of them: a longer one that comes out holds one of them.
func parts(text string, length int) map[string]bool {
	all := map[string]bool{}
	for i := 0; i+length <= len(text); i += 3 {
		all[text[i:i+length]] = true
	}
	return all
}

func holdsPart(output string, parts map[string]bool, length int) string {
	for i := 0; len(parts) > 0 && i+length <= len(output); i++ {
		if parts[output[i:i+length]] {
			return output[i : i+length]
		}
	}
	return ""
}

// leak looks for a part of a secret, bare or as it was dressed, in all outputs.
func leak(outputs map[string]string, secret, dress string) (output, found string) {
	dress = bare(dress)
	length := max(10, len(dress)*10/len(secret)+3)
	for output, text := range outputs {
		plain := bare(html.UnescapeString(text))
		if found := holdsPart(plain, parts(bare(secret), 10), 10); found != "" {
			return output, found
		}
		if found := holdsPart(plain, parts(dress, length), length); found != "" {
			return output, found
		}
	}
	return "", ""
}

// TestAttempts lets every peer of a run say a secret in every dressing, at every place at which its words are taken,
// and looks for it in all that is written. What is dressed is looked for dressed and bare.
func TestAttempts(t *testing.T) {
	t.Parallel()
	basic := base64.StdEncoding.EncodeToString([]byte(plantedLogin + ":" + plantedLong))
	ways := dressed.Ways()
	ways["as a page in UTF-16"] = func(secret string) string {
		var page strings.Builder
		page.WriteString("\xff\xfe")
		for _, unit := range utf16.Encode([]rune("<title>" + secret + "</title>")) {
			page.Write([]byte{byte(unit), byte(unit >> 8)})
		}
		return page.String()
	}
	names := sortedNames(ways)
	count := 0
	var mu sync.Mutex
	atOnce(t, sortedNames(places), func(t *testing.T, name string) {
		w, at := newHostileWorld(t), places[name]
		secrets := []string{plantedKey, plantedSignature}
		if at.through {
			secrets = append(secrets, plantedLong, basic)
		}
		if shown := w.outputs(t, at, "zebra crossing"); !strings.Contains(shown["json0"], "zebra crossing") {
			t.Errorf("%s: nothing of what the peers say is shown: %s", name, shown["json0"])
		}
		for i, way := range names {
			chosen := []string{secrets[i%len(secrets)]}
			if !testing.Short() && slices.Contains([]string{"text", "certificate", "proxy denies"}, name) {
				chosen = secrets
			}
			for _, secret := range chosen {
				outputs := w.outputs(t, at, "ref "+ways[way](secret)+" end")
				if output, found := leak(outputs, secret, ways[way](secret)); found != "" {
					t.Errorf("%s, %s: a part of %.12s… is in %s: %s", name, way, secret, output, found)
				}
				mu.Lock()
				count += len(outputs)
				mu.Unlock()
			}
		}
	})
	t.Logf("%d ways at %d places: %d outputs were searched", len(ways), len(places), count)
	if !bytes.Equal([]byte(opensrs.Sign(opensrs.GetBalanceBody(), []byte(plantedKey))), []byte(plantedSignature)) {
		t.Error("the signature looked for is another one")
	}
}

// TestWordsKeptWhole: what looks like a token, and is what somebody is asked for, is shown, by peers that were sent a
// secret too.
func TestWordsKeptWhole(t *testing.T) {
	t.Parallel()
	w := newHostileWorld(t)
	for name, words := range map[string][]string{
		"certificate": {"FGT61FTK20012345678901", "Let's Encrypt Authority X3", "C3D4E5F60718293A4B5C6D7E8F90A1B2C3D4E5F6"},
		"title": {"Ray ID: 8f3a2b1c9d4e5f60", "Ray ID: 8f3a2b1c9d4e5f60-YYZ", "Your support ID is: 12345678901234567890",
			"from 2001:db8:85a3:1234:5678:8a2e:370:7334", "at 2026-11-26T05:44:58Z", "ec2-203-0-113-10.compute-1.amazonaws.com"},
		"proxy denies": {"Blocked by proxy1-frankfurt-2.example.internal:3128", "203.0.113.10 at 2026-11-26T05:44:58.123Z"},
	} {
		for _, said := range words {
			outputs := w.outputs(t, places[name], said)
			if !strings.Contains(html.UnescapeString(outputs["html0"]), said) || !strings.Contains(outputs["json0"], said) {
				t.Errorf("%s: %q is not shown whole: %s", name, said, outputs["json0"])
			}
		}
	}
	if outputs := w.outputs(t, places["certificate"], plantedKey); strings.Count(outputs["chain.pemfalse"], "left out") != 2 ||
		strings.Contains(outputs["chain.pemfalse"], "BEGIN") {
		t.Errorf("a certificate with a secret in it is kept: %s", outputs["chain.pemfalse"])
	}
}

// TestOrdinaryPasswords: a password that is a word of ours, a number or a part of an address changes no word of a report
// in which no peer says it.
func TestOrdinaryPasswords(t *testing.T) {
	t.Parallel()
	w := newHostileWorld(t)
	for _, name := range []string{"proxy denies", "proxy login", "proxy no HTTP", "behind proxy"} {
		for _, password := range []string{"call", "443", "true", "127", "proxy", "tcp", "fail", "403", "json", "address", "opensrs",
			"answer", "timeout", "NOERROR", "api"} {
			o := w.say(places[name], "no entry")
			proxy := *o.Proxy.URL
			proxy.User = url.UserPassword(plantedLogin, password)
			o.Proxy = probes.ProxyChoice{Mode: "url", URL: &proxy, From: "--proxy"}
			outputs := outputsOf(t, diagnose.New(probes.Run(t.Context(), o, nil), report.Tool{}))
			if _, err := report.Read(strings.NewReader(outputs["json0"])); err != nil {
				t.Error(err)
			}
			for output, text := range outputs {
				if at := strings.Index(text, "[redacted]"); at >= 0 {
					t.Errorf("%s: the password %s is taken out of words of ours in %s: %s", name, password, output,
						text[max(0, at-80):min(len(text), at+40)])
				}
			}
		}
	}
}

// FuzzAttempts puts a secret, or a part of it, dressed, between any other words, and has a peer say that.
func FuzzAttempts(f *testing.F) {
	w, ways := newHostileWorld(f), dressed.Ways()
	names, at := sortedNames(ways), sortedNames(places)
	f.Add("ref ", " end", uint8(0), uint8(0), uint8(0), uint8(32))
	f.Add("\x1b[1m\ufdd0", "::error::", uint8(3), uint8(40), uint8(7), uint8(9))
	f.Add("&#", "\\u", uint8(6), uint8(11), uint8(2), uint8(16))
	f.Fuzz(func(t *testing.T, before, after string, place, way, from, length uint8) {
		if len(before)+len(after) > 1<<10 {
			return
		}
		secret := plantedSignature + plantedKey[:32]
		first := int(from) % (len(secret) - 12)
		secret = secret[first:min(first+12+int(length)%40, len(secret))]
		dress := ways[names[int(way)%len(names)]](secret)
		outputs := w.outputs(t, places[at[int(place)%len(at)]], before+dress+after)
		if output, found := leak(outputs, secret, ""); found != "" {
			t.Errorf("%s, %s: %s is in %s", at[int(place)%len(at)], names[int(way)%len(names)], found, output)
		}
	})
}

//go:build unix

package main

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"opensrs-doctor/cmd/opensrs-doctor/config"
	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/probes/sandbox"
)

// What is planted, and must come out nowhere. The key repeats itself so that few different parts of it could
// also turn up in a report's digests by chance.
const (
	plantedUser    = "reseller"
	plantedLogin   = "proxyuser"
	plantedLong    = "gl4ss-0nion%walrus/7" // of a proxy; every part of 8 counts
	plantedShort   = "w@lrus-9x"            // short enough to be known as a whole only
	plantedBalance = "73519.42"
	plantedHold    = "8841.07"
)

var (
	plantedKey       = strings.Repeat("5c7e0d91b2a4f638", 7)
	plantedSignature = opensrs.Sign(opensrs.GetBalanceBody(), []byte(plantedKey))
	plantedNumbers   = regexp.MustCompile(`\b(73519\.42|8841\.07)\b`)
)

// revealsNothing fails the test where text holds a part of something planted, or one of the
// signatures that servers saw.
func revealsNothing(t *testing.T, text string, signatures ...string) {
	t.Helper()
	lower := strings.ToLower(text)
	search := func(what, secret string, window int) {
		t.Helper()
		secret = strings.ToLower(secret)
		window = min(window, len(secret))
		for at := 0; at+window <= len(secret); at++ {
			if found := strings.Index(lower, secret[at:at+window]); found >= 0 {
				t.Errorf("a part of %s was written: …%s…", what, text[max(0, found-60):min(len(text), found+60)])
				return
			}
		}
	}
	search("the API key", plantedKey, 8)
	for _, signature := range append(signatures, plantedSignature) {
		search("a signature", signature, 12)
	}
	for _, password := range []string{plantedLong, plantedShort} {
		basic := base64.StdEncoding.EncodeToString([]byte(plantedLogin + ":" + password))
		search("a proxy's login", basic[len(basic)/2:], 10)
		for _, form := range []string{password, url.QueryEscape(password), url.PathEscape(password)} {
			search("a proxy's password", form, 8)
		}
	}
	if found := plantedNumbers.FindString(text); found != "" {
		t.Errorf("a balance was written: %s", found)
	}
}

// everyFormat runs the command in all formats, and with -v and -q, and looks for secrets in all that was
// written. It gives the JSON run, and the files of that run by their formats.
func everyFormat(t *testing.T, c invocation, signatures func() []string, args ...string) (outcome, map[string]string) {
	t.Helper()
	directory, files := t.TempDir(), map[string]string{}
	all := append([]string{"-v"}, args...)
	for _, format := range formats() {
		if format.name != "json" {
			files[format.name] = filepath.Join(directory, format.name)
			all = append(all, "-f", format.name+"="+files[format.name])
		}
	}
	c.environment = append(c.environment, stepSummary+"="+filepath.Join(directory, "summary"))
	got := c.run(t, append(all, "-f", "json")...)
	texts := got.stdout + got.stderr
	for _, more := range [][]string{{"-q"}, {"-f", "human"}} {
		again := c.run(t, append(append([]string{}, args...), more...)...)
		texts += again.stdout + again.stderr
	}
	written, _ := filepath.Glob(filepath.Join(directory, "*"))
	for _, file := range written {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts += string(content)
	}
	if len(written) != len(formats()) {
		t.Errorf("the run wrote %q, exit status %d, %q", written, got.status, got.stderr)
	}
	revealsNothing(t, texts, signatures()...)
	sameAgain(t, got.stdout, files)
	return got, files
}

func noSignatures() []string { return nil }

// credentialsIn plants the user and the key in the environment.
func credentialsIn() []string {
	return []string{"OPENSRS_USERNAME=" + plantedUser, "OPENSRS_API_KEY=" + plantedKey}
}

// envelope is a reply of the service with the planted balance.
func envelope(code, text string) string {
	success := "0"
	if code == "200" {
		success = "1"
	}
	return `<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE OPS_envelope SYSTEM "ops.dtd"><OPS_envelope>` +
		`<header><version>0.9</version></header><body><data_block><dt_assoc>` +
		`<item key="protocol">XCP</item><item key="action">REPLY</item><item key="is_success">` + success +
		`</item><item key="response_code">` + code + `</item><item key="response_text">` + text + `</item>` +
		`<item key="attributes"><dt_assoc><item key="balance">` + plantedBalance + `</item><item key="hold_balance">` +
		plantedHold + `</item></dt_assoc></item></dt_assoc></data_block></body></OPS_envelope>`
}

// okReply is an HTTP reply with a length.
func okReply(body string) string { return httpReply("200 OK", "Content-Type: text/xml\r\n", body) }

func httpReply(status, headers, body string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\n%sContent-Length: %d\r\nConnection: close\r\n\r\n%s", status, headers, len(body), body)
}

// references spells a text as character references, which HTML and XML read as the text.
func references(text string) string {
	var out strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&out, "&#%d;", c)
	}
	return out.String()
}

// echoes are servers that tell what they were sent, each in another place. "SIG" stands for the signature,
// "KEY" for the API key, "ASKED" for the whole request in one line.
var echoes = map[string]string{
	"text":              okReply(envelope("401", "bad signature SIG, your key is KEY, balance "+plantedBalance)),
	"text-accepted":     okReply(envelope("200", "welcome, SIG KEY, you have $"+plantedBalance+" and "+plantedHold)),
	"text-request":      okReply(envelope("400", "I was sent ASKED")),
	"text-references":   okReply(envelope("401", references("SIG")+" and "+references("KEY"))),
	"text-cdata":        okReply(envelope("401", "<![CDATA[SIG KEY]]>")),
	"text-at-the-cut":   okReply(envelope("401", strings.Repeat("x", 290)+"SIG")),
	"code":              okReply(envelope("SIG", "the code is it")),
	"code-cut":          okReply(envelope("4010000000000SIG", "the code is it")),
	"title":             okReply("<html><head><title>SIG KEY</title></head><body>SIG</body></html>"),
	"title-references":  okReply("<html><title>" + references("SIG") + references("KEY") + "</title></html>"),
	"title-at-the-cut":  okReply("<html><title>" + strings.Repeat("x", 90) + "SIG</title></html>"),
	"title-request":     okReply("<html><title>ASKED</title></html>"),
	"line":              okReply("you sent SIG\nand ASKED"),
	"location":          httpReply("302 Found", "Location: https://portal.example/?sig=SIG&key=KEY\r\n", ""),
	"location-cut":      httpReply("302 Found", "Location: https://portal.example/"+strings.Repeat("x", 160)+"SIG\r\n", ""),
	"status-line":       httpReply("500 SIG KEY", "", "SIG"),
	"status-line-bad":   "HTTP/1.1 SIG KEY\r\n\r\n",
	"no-http":           "ERR SIG KEY\r\n",
	"no-http-cut":       strings.Repeat(" ", 1004) + "SIG",
	"headers":           httpReply("200 OK", "Content-Type: SIG\r\nServer: KEY\r\nDate: SIG\r\nX-Signature: SIG\r\n", "SIG"),
	"header-bad":        "HTTP/1.1 200 OK\r\nSIG KEY\r\n\r\n",
	"length-bad":        "HTTP/1.1 200 OK\r\nContent-Length: SIG\r\n\r\n",
	"encoding-bad":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: SIG\r\n\r\n",
	"chunk-bad":         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nSIG\r\nKEY\r\n",
	"server-error":      httpReply("502 Bad Gateway", "", envelope("502", "SIG")[:450]),
	"error-balance":     httpReply("503 Unavailable", "", `<item key="balance">`+plantedBalance+`</item>`),
	"bare-envelope":     "<OPS_envelope><body><dt_assoc><item key=\"balance\">" + plantedBalance + "</item>\r\n",
	"balance-elsewhere": okReply(`<item key="balance">` + plantedBalance + `</item><item key="hold_balance">` + plantedHold),
	"refused-balance":   okReply(envelope("310", "no more calls, your balance is "+plantedBalance+" ("+plantedHold+")")),
}

// TestSecretsEchoed: what a hostile server echoes is not passed on.
func TestSecretsEchoed(t *testing.T) {
	t.Parallel()
	atOnce(t, sortedNames(echoes), func(t *testing.T, name string) {
		w := newLAN(t)
		server := w.serve(t, w.good(), func(conn net.Conn, asked string) {
			signature := headerOf(asked, "X-Signature")
			line := strings.NewReplacer("\r\n", " ", "<", "&lt;", ">", "&gt;", `"`, "'").Replace(asked)
			said := strings.NewReplacer("ASKED", line, "KEY", plantedKey, "SIG", signature,
				references("KEY"), references(plantedKey), references("SIG"), references(signature)).Replace(echoes[name])
			if head, body, found := strings.Cut(said, "\r\n\r\n"); found { // the length after what was put in
				length := regexp.MustCompile(`Content-Length: \d+`)
				said = length.ReplaceAllString(head, fmt.Sprintf("Content-Length: %d", len(body))) + "\r\n\r\n" + body
			}
			conn.Write([]byte(said))
		})
		c := invocation{environment: credentialsIn()}
		got, _ := everyFormat(t, c, server.signatures, w.flags(server.url)...)
		if len(server.signatures()) != 3 {
			t.Errorf("the server saw %d signatures, want one of each run", len(server.signatures()))
		}
		got.report(t)
	})
}

// proxyEchoes are proxies that tell what they were sent: the words of a CONNECT reply, and what follows it.
// "LOGIN" stands for the password and for the whole login as it came.
var proxyEchoes = map[string]string{
	"reason":         "HTTP/1.1 403 LOGIN\r\nContent-Length: 0\r\n\r\n",
	"reason-cut":     "HTTP/1.1 403 " + strings.Repeat("x", 72) + "LOGIN\r\nContent-Length: 0\r\n\r\n",
	"login-wanted":   "HTTP/1.1 407 LOGIN\r\nProxy-Authenticate: LOGIN\r\nContent-Length: 5\r\n\r\nLOGIN",
	"upstream":       "HTTP/1.1 502 LOGIN\r\n\r\nLOGIN",
	"status-bad":     "HTTP/1.1 LOGIN\r\n\r\n",
	"no-http":        "LOGIN\r\n\r\n",
	"header-bad":     "HTTP/1.1 200 OK\r\nLOGIN\r\n\r\n",
	"then-plaintext": "HTTP/1.1 200 OK\r\n\r\nLOGIN LOGIN\r\n",
	"then-cut":       "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat(" ", 505) + "LOGIN",
}

// TestSecretsOfProxies: a proxy's login comes out nowhere, whichever way it was given and whatever the proxy,
// or a source that is asked through it, makes of it.
func TestSecretsOfProxies(t *testing.T) {
	t.Parallel()
	atOnce(t, sortedNames(proxyEchoes), func(t *testing.T, name string) {
		for _, password := range []string{plantedLong, plantedShort} {
			w := newLAN(t)
			told := func(asked string) string {
				said := password + " " + strings.TrimPrefix(headerOf(asked, "Proxy-Authorization"), "Basic ")
				if strings.HasPrefix(asked, "GET ") { // an egress source or the status page, asked through the proxy
					return okReply(strings.Repeat(" ", 4090) + said)
				}
				return strings.ReplaceAll(proxyEchoes[name], "LOGIN", said)
			}
			at := listenFor(t, func(conn net.Conn) { conn.Write([]byte(told(readRequest(conn)))) })
			address := "http://" + url.UserPassword(plantedLogin, password).String() + "@" + at
			args := append(w.flags("https://api.opensrs.test:55443/", "--egress-source", "http://192.0.2.1/ip",
				"--status-url", "http://192.0.2.1/status"), "--timeout", "3s")
			config := filepath.Join(t.TempDir(), "config.yaml")
			if err := os.WriteFile(config, []byte("proxy: '"+address+"'\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, way := range []struct {
				environment []string
				args        []string
			}{
				{append(credentialsIn(), "HTTPS_PROXY="+address), args},
				{credentialsIn(), slices.Concat(args, []string{"--proxy", address})},
				{append(credentialsIn(), "OPENSRS_CONFIG="+config), args},
			} {
				got, _ := everyFormat(t, invocation{environment: way.environment}, noSignatures, way.args...)
				if got.status != console.ExitFail {
					t.Errorf("exit status %d, want %d: %s", got.status, console.ExitFail, got.stderr)
				}
				if report := got.report(t); report.Host.Proxy == nil {
					t.Errorf("the proxy was not used: %s", got.stdout)
				}
			}
		}
	})
}

// TestSecretsMistaken gives secrets to every setting that does not want them, on the command line, in the
// environment and in the file: no error repeats them.
func TestSecretsMistaken(t *testing.T) {
	t.Parallel()
	closed := listenFor(t, func(net.Conn) {})
	quick := []string{"--endpoint", "https://" + closed, "--no-third-parties", "--timeout", "1s"}
	broken := "http://" + plantedLogin + ":" + plantedShort + " " + plantedLong + "@[bad:port/%zz"
	values := []string{plantedKey, broken, "http://" + plantedLogin + ":" + url.QueryEscape(plantedLong) + "@127.0.0.1:1/x"}
	var settings []string
	for _, setting := range config.KeysOf("check") {
		if setting.Name != "username" && setting.Name != "sandbox" { // a username may be written, whatever it is
			settings = append(settings, setting.Name)
		}
	}
	atOnce(t, append(settings, "config", "word"), func(t *testing.T, name string) {
		for _, value := range values {
			c := invocation{}
			if name == "word" {
				got := c.run(t, value)
				revealsNothing(t, got.stdout+got.stderr)
				got = c.run(t, "explain", value)
				revealsNothing(t, got.stdout+got.stderr)
				continue
			}
			got := c.run(t, append(quick, "--"+name+"="+value)...)
			revealsNothing(t, got.stdout+got.stderr)
			for _, line := range []string{name + ": " + value, name + ": '" + value + "'", name + ":\n  - \"" + value + "\"",
				name + ": {" + value, name + ": *" + value, value + ": " + name, "'" + value + "': x\n- " + name} {
				c.environment = []string{"OPENSRS_CONFIG=" + filepath.Join(t.TempDir(), "config.yaml")}
				path := strings.TrimPrefix(c.environment[0], "OPENSRS_CONFIG=")
				if err := os.WriteFile(path, []byte(line+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				got := c.run(t, quick...)
				revealsNothing(t, got.stdout+got.stderr)
			}
		}
	})
	for _, variable := range []string{"HTTPS_PROXY", "https_proxy"} {
		got := invocation{environment: []string{variable + "=" + broken}}.run(t, "--resolver", "127.0.0.1:9", "--no-third-parties",
			"--endpoint", "https://api.opensrs.test", "--timeout", "1s")
		revealsNothing(t, got.stdout+got.stderr)
		if got.status != console.ExitUsage {
			t.Errorf("%s: exit status %d, want %d", variable, got.status, console.ExitUsage)
		}
	}
}

// TestSecretsInDump: the dump of a program that is killed while it waits for the reply holds no secret.
func TestSecretsInDump(t *testing.T) {
	t.Parallel()
	w := newLAN(t)
	asked := make(chan struct{}, 1)
	server := w.serve(t, w.good(), func(conn net.Conn, _ string) {
		asked <- struct{}{}
		conn.Read(make([]byte, 1))
	})
	c := invocation{environment: append(credentialsIn(), "GOTRACEBACK=all"), started: func(process *os.Process) {
		<-asked
		process.Signal(syscall.SIGQUIT)
	}}
	got := c.run(t, w.flags(server.url)...)
	if !strings.Contains(got.stderr, "goroutine") {
		t.Errorf("no dump: %s", got.stderr)
	}
	revealsNothing(t, got.stdout+got.stderr, server.signatures()...)
}

// TestFingerprint: the first 8 hex digits of the key's SHA-256, and null where it would give a guessable text
// away.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte(plantedKey))
	long := hex.EncodeToString(sum[:])[:8]
	upper := strings.ToUpper(plantedKey)
	sum = sha256.Sum256([]byte(upper))
	for key, want := range map[string]string{
		plantedKey: long, " " + plantedKey + "\r\n": long, upper: hex.EncodeToString(sum[:])[:8],
		plantedKey[:31]: "", plantedKey[:16]: "", plantedKey[:111]: "", "your-api-key": "", `"` + plantedKey + `"`: "",
		plantedKey[:50] + "g" + plantedKey[51:]: "",
	} {
		file := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(file, []byte(key), 0o600); err != nil {
			t.Fatal(err)
		}
		got := invocation{}.run(t, "--endpoint", "https://127.0.0.1:1", "--no-third-parties", "--username", plantedUser,
			"--api-key-file", file, "--proxy", "none", "--timeout", "1s", "-f", "json")
		shown := ""
		if fingerprint := got.report(t).Target.KeyFingerprint; fingerprint != nil {
			shown = *fingerprint
		}
		if shown != want {
			t.Errorf("a key of %d bytes: fingerprint %q, want %q", len(key), shown, want)
		}
	}
}

// TestNothingBeforeProof: no byte of the application reaches a peer whose certificate did not verify, on any
// connection, and the signed call reaches an intercepting one only by --allow-intercepted and only where this
// host's store vouches for it.
func TestNothingBeforeProof(t *testing.T) {
	t.Parallel()
	gateway := sandbox.NewRoot(sandbox.Template{CommonName: "Example Gateway", Organization: "Example Ltd"})
	stranger := sandbox.NewAuthority("Stranger Root")
	between := func(w *lan) *sandbox.Authority { return w.ca.Intermediate(sandbox.Template{CommonName: "Between"}) }
	type peerCase struct {
		cause string
		issue func(w *lan, t sandbox.Template) tls.Certificate
		sent  bool
		allow bool
	}
	good := func(by *sandbox.Authority) func(*lan, sandbox.Template) tls.Certificate {
		return func(_ *lan, t sandbox.Template) tls.Certificate { return by.Issue(t) }
	}
	dated := func(by *sandbox.Authority, fromDay, toDay int) func(*lan, sandbox.Template) tls.Certificate {
		return func(w *lan, t sandbox.Template) tls.Certificate {
			t.NotBefore, t.NotAfter = inDays(fromDay), inDays(toDay)
			if by == nil {
				by = w.ca
			}
			return by.Issue(t)
		}
	}
	misnamed := func(by *sandbox.Authority) func(*lan, sandbox.Template) tls.Certificate {
		return func(w *lan, t sandbox.Template) tls.Certificate {
			t.Names = []string{"www.example.net", "127.0.0.9"}
			if by == nil {
				by = w.ca
			}
			return by.Issue(t)
		}
	}
	self := func(_ *lan, t sandbox.Template) tls.Certificate { return sandbox.SelfSigned(t) }
	cases := map[string]peerCase{
		"expired":       {cause: "tls.expired", issue: dated(nil, -90, -2)},
		"not-yet-valid": {cause: "tls.not-yet-valid", issue: dated(nil, 2, 90)},
		"wrong-name":    {cause: "tls.name-mismatch", issue: misnamed(nil)},
		"self-signed":   {cause: "tls.self-signed", issue: self},
		"unknown-root": {cause: "tls.unknown-ca", issue: func(_ *lan, t sandbox.Template) tls.Certificate {
			t.WithRoot = true
			return stranger.Issue(t)
		}},
		"incomplete": {cause: "tls.incomplete-chain", issue: func(w *lan, t sandbox.Template) tls.Certificate {
			t.Alone = true
			return between(w).Issue(t)
		}},
		"intercepted":          {cause: "tls.intercepted", issue: good(gateway)},
		"intercepted-allowed":  {cause: "tls.intercepted", issue: good(gateway), allow: true, sent: true},
		"allowed-expired":      {cause: "tls.expired", issue: dated(gateway, -90, -2), allow: true},
		"allowed-not-yet":      {cause: "tls.not-yet-valid", issue: dated(gateway, 2, 90), allow: true},
		"allowed-wrong-name":   {cause: "tls.name-mismatch", issue: misnamed(gateway), allow: true},
		"allowed-self-signed":  {cause: "tls.self-signed", issue: self, allow: true},
		"allowed-unknown-root": {issue: good(stranger), allow: true},
		"good":                 {issue: func(w *lan, t sandbox.Template) tls.Certificate { return w.ca.Issue(t) }, sent: true},
	}
	atOnce(t, sortedNames(cases), func(t *testing.T, name string) {
		one := cases[name]
		w := newLAN(t)
		w.trustLocally(t, gateway)
		server := w.serve(t, one.issue(w, w.template()), func(conn net.Conn, _ string) {
			conn.Write([]byte(okReply(envelope("200", "Command successful"))))
		})
		control := w.serve(t, between(w).Issue(w.template()), says(okReply("a control")))
		args := w.flags(server.url, "-f", "json", "--control", strings.Trim(control.url, "htps:/"))
		if one.allow {
			args = append(args, "--allow-intercepted")
		}
		got := invocation{environment: credentialsIn()}.run(t, args...)
		said := server.said()
		if sent := strings.Contains(said, "X-Signature: "+plantedSignature); sent != one.sent {
			t.Errorf("signed call made: %v, want %v", sent, one.sent)
		}
		if !one.sent && said != "" {
			t.Errorf("bytes before proof: %q", said)
		}
		if report := got.report(t); one.cause != "" && report.cause() != one.cause {
			t.Errorf("cause %s, want %s: %s %+v", report.cause(), one.cause, report.Verdict, report.Diagnoses)
		}
		revealsNothing(t, got.stdout+got.stderr)
	})
}

// TestRedirectNotFollowed: where a proven peer sends the caller elsewhere, nothing goes there.
func TestRedirectNotFollowed(t *testing.T) {
	t.Parallel()
	w := newLAN(t)
	elsewhere := w.serve(t, w.good(), func(conn net.Conn, _ string) {})
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect} {
		server := w.serve(t, w.good(), func(conn net.Conn, _ string) {
			conn.Write([]byte(httpReply(fmt.Sprint(status, " Elsewhere"), "Location: "+elsewhere.url+"\r\n", "")))
		})
		got := invocation{environment: credentialsIn()}.run(t, w.flags(server.url, "-f", "json")...)
		if cause := got.report(t).cause(); cause != "call.redirected" {
			t.Errorf("cause %s", cause)
		}
	}
	if elsewhere.connections() != 0 {
		t.Error("the redirect was followed")
	}
}

package runtimes

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/lazy"
)

// noPin is a public key that no server has. curl compares it after it has verified the certificate and before it sends
// anything: "pinned key does not match" says that all went well, and no request was made.
const noPin = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

// curl's exit statuses (curl(1), "EXIT CODES"), by the stage that they are about. 90 is noPin's: all went well.
var curlStages = lazy.Value[map[int]evidence.Stage]{Make: func() map[int]evidence.Stage {
	return map[int]evidence.Stage{
		5: evidence.StageResolve, 6: evidence.StageResolve,
		35: evidence.StageTLS, 53: evidence.StageTLS, 54: evidence.StageTLS, 58: evidence.StageTLS, 59: evidence.StageTLS, 80: evidence.StageTLS,
		51: evidence.StageVerify, 60: evidence.StageVerify, 77: evidence.StageVerify, 82: evidence.StageVerify, 83: evidence.StageVerify,
		90: evidence.StageVerify,
	}
}}

const curlVerified = 90

// What curl -v says, in one place: compiled when curl is there.
var curlSays = lazy.Value[map[string]*regexp.Regexp]{Make: func() map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{
		"tls":     regexp.MustCompile(`(?m)^\* SSL connection using (\S+)`),
		"store":   regexp.MustCompile(`(?m)^\*\s+CA(?:file|path): (\S+)`),
		"proxy":   regexp.MustCompile(`(?m)^\* Uses proxy env variable (?:https|HTTPS|all|ALL)_(?:proxy|PROXY) == '([^']*)'`),
		"version": regexp.MustCompile(`^curl (\S+)`),
		"error":   regexp.MustCompile(`(?m)^curl: \(\d+\) (.*)$`),
	}
}}

// curlVersionWait is how long curl may take to tell its version. Where it is built with OpenLDAP it looks up this host's
// name for that, which takes long where no resolver answers.
const curlVersionWait = time.Second

// askCurl asks the command curl.
func (r *run) askCurl(ctx context.Context, l *looker) []evidence.Client {
	short, cancel := context.WithTimeout(ctx, curlVersionWait)
	defer cancel()
	about := r.program(short, l.path, nil, "--version")
	version, library := "", "curl"
	if match := curlSays.Get()["version"].FindSubmatch(about.output); match != nil {
		version = string(match[1])
		library = "curl " + version + ", " + firstTLS(about.output)
	} else if short.Err() == nil || ctx.Err() != nil {
		return []evidence.Client{r.skipped(l, about.why)}
	}
	host := r.o.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	wait := strconv.Itoa(max(r.scriptWait(l)-int(curlVersionWait/time.Second), 1))
	end := r.program(ctx, l.path, nil, "-sS", "-v", "-o", os.DevNull, "--max-time", wait, "--connect-timeout", wait,
		"--pinnedpubkey", noPin, "-w", `\n{"look":1,"address":"%{remote_ip}","local_address":"%{local_ip}"}\n`,
		fmt.Sprintf("https://%s:%d/", host, r.o.Port))
	found := answers(end.output)
	if len(found) == 0 || end.code < 0 {
		return []evidence.Client{r.skipped(l, end.why)}
	}
	a := found[0]
	a.Version, a.Library, a.Errno = version, library, end.code
	r.readVerbose(&a, end)
	return []evidence.Client{r.client(l, a)}
}

// readVerbose adds what curl said on its standard error.
func (r *run) readVerbose(a *answer, end ending) {
	stage, known := curlStages.Get()[end.code]
	if !known {
		stage = evidence.StageConnect
		if end.code == 28 && bytes.Contains(end.words, []byte("* Connected to")) {
			stage = evidence.StageTLS
		}
	}
	a.Stage = string(stage)
	if match := curlSays.Get()["error"].FindSubmatch(end.words); end.code != curlVerified && match != nil {
		a.Error = fmt.Sprintf("curl: (%d) %s", end.code, match[1])
	} else if end.code != curlVerified {
		a.Error = fmt.Sprintf("curl ended with exit status %d", end.code)
	}
	if match := curlSays.Get()["tls"].FindSubmatch(end.words); match != nil {
		a.TLSVersion = string(match[1])
	}
	for _, match := range curlSays.Get()["store"].FindAllSubmatch(end.words, 4) {
		if store := string(match[1]); store != "none" {
			a.TrustStore = append(a.TrustStore, store)
		}
	}
	if match := curlSays.Get()["proxy"].FindSubmatch(end.words); match != nil {
		a.Proxy = string(match[1])
	}
	a.Unverified = bytes.Contains(end.words, []byte("continuing anyway")) || bytes.Contains(end.words, []byte("skipping SSL peer certificate verification"))
	a.Settings = map[string]string{}
	for _, name := range []string{"CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_HOME", "OPENSSL_CONF",
		"https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"} {
		if value := r.variable(name); value != "" {
			a.Settings["env "+name] = value
		}
	}
}

// firstTLS is the TLS library in the words of curl --version: "OpenSSL/3.0.17".
func firstTLS(about []byte) string {
	for _, word := range strings.Fields(string(about)) {
		for _, name := range []string{"OpenSSL/", "GnuTLS/", "NSS/", "LibreSSL/", "mbedTLS/", "wolfSSL/", "BoringSSL", "rustls", "Schannel", "SecureTransport"} {
			if strings.HasPrefix(strings.TrimPrefix(word, "("), name) {
				return strings.Trim(word, "()")
			}
		}
	}
	return "no TLS library"
}

// askGetent asks libc's resolver, as most programs of this host do. It goes no further than addresses.
func (r *run) askGetent(ctx context.Context, l *looker) []evidence.Client {
	end := r.program(ctx, l.path, nil, "ahosts", r.o.Host)
	a := answer{Look: 1, Library: "libc's resolver", Stage: string(evidence.StageResolve)}
	switch {
	case end.code == 0:
		for line := range bytes.Lines(end.output) {
			if words := bytes.Fields(line); len(words) > 1 && addressOf(string(words[0])).IsValid() {
				a.Address = string(words[0])
				break
			}
		}
		if a.Address == "" {
			return []evidence.Client{r.skipped(l, end.why)}
		}
	case end.code == 2: // getent(1): one or more keys could not be found
		a.Error = "no address for this name"
	default:
		return []evidence.Client{r.skipped(l, end.why)}
	}
	return []evidence.Client{r.client(l, a)}
}

//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/opensrs"
)

// These tests point clients at the sandbox that nobody here wrote, or that are written on the libraries of their
// language: testdata/clients. A test whose interpreter is not installed is skipped.

// with is the command that runs one of the clients. check is a command that ends well where all is there that the
// client needs.
func with(t *testing.T, client string, check ...string) []string {
	t.Helper()
	interpreter := program(t, check[0])
	if words, err := exec.Command(interpreter, check[1:]...).CombinedOutput(); err != nil {
		t.Skipf("%s has not all that the client needs: %s", check[0], words)
	}
	return []string{interpreter, filepath.Join("testdata", "clients", client)}
}

// call runs a client against a sandbox with these arguments behind the usual ones, and gives what it printed.
func (l *liveSandbox) call(t *testing.T, client []string, more ...string) string {
	t.Helper()
	return l.callAs(t, client, l.CAFile, l.APIKeyFile, more...)
}

func (l *liveSandbox) callAs(t *testing.T, client []string, caFile, keyFile string, more ...string) string {
	t.Helper()
	args := append(slices.Clone(client[1:]), l.URL, caFile, l.Username, keyFile)
	ctx, cancel := context.WithTimeout(t.Context(), 2*longestWait)
	defer cancel()
	var printed bytes.Buffer
	command := exec.CommandContext(ctx, client[0], append(args, more...)...)
	command.Stdout, command.Stderr = &printed, &printed
	var exited *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	return strings.TrimSpace(printed.String())
}

// The mistakes that are natural in every language, and those that only some make easy.
var (
	everywhere = strings.Fields("single-md5 missing-second-key key-first raw-digest hmac-md5 sha1 base64-digest uppercase-hex " +
		"username-in-hash key-trailing-newline key-quoted key-spaces key-uppercase key-hex-decoded wrong-key " +
		"body-html-escaped body-url-encoded body-latin1 body-crlf body-missing-trailing-newline body-reindented " +
		"body-form-encoded body-json body-not-xml body-not-well-formed body-encoding protocol-missing command-missing " +
		"signature-cut signature-malformed " +
		"content-type header-missing header-name chunked-body content-length-wrong method path username")
	languages = map[string]struct {
		client string
		check  []string // what the client needs
		more   string   // mistakes besides
	}{
		"PHP": {"client.php", []string{"php", "-r", `extension_loaded("curl") && extension_loaded("dom") || exit(1);`},
			"triple-md5 key-empty body-trailing-newline body-without-declaration content-length-missing empty-body"},
		"Python": {"client.py", []string{"python3", "-c", "import ssl"},
			"sha256 triple-md5 body-utf16 body-bom body-without-declaration empty-body"},
		"Ruby": {"client.rb", []string{"ruby", "-e", "require 'rexml/document'; require 'net/http'"},
			"sha256 body-utf16 body-bom body-without-declaration empty-body"},
		"Node": {"client.js", []string{"node", "-e", "require('https')"},
			"sha256 key-empty body-utf16 body-bom body-trailing-newline body-trailing-nul"},
	}
	// answers are the codes of those mistakes that are not met with 401.
	answers = map[string]string{
		"right": "200", "content-type": "200", "chunked-body": "HTTP 411", "content-length-missing": "HTTP 411",
		"method": "HTTP 405", "path": "HTTP 404",
		"body-not-xml": "400", "body-not-well-formed": "400", "body-encoding": "400", "protocol-missing": "500", "command-missing": "400",
	}
)

var named = regexp.MustCompile(`(?m)^  ✗ ([a-z0-9-]+):`)

// namedIn are the mistakes that an entry of the log names.
func namedIn(entry string) (ids []string) {
	for _, match := range named.FindAllStringSubmatch(entry, -1) {
		if !slices.Contains(ids, match[1]) {
			ids = append(ids, match[1])
		}
	}
	return ids
}

// TestClients: in each language a client that follows the guide is right, and each mistake is named, alone.
func TestClients(t *testing.T) {
	t.Parallel()
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte(plantedKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, language := range sortedNames(languages) {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			in := languages[language]
			client := with(t, in.client, in.check...)
			l := startSandbox(t, "--username", plantedUser, "--api-key-file", keyFile)
			mistakes := append(append([]string{"right"}, everywhere...), strings.Fields(in.more)...)
			codes := strings.Split(l.call(t, client, mistakes...), "\n")
			if len(codes) != len(mistakes) {
				t.Fatalf("%d answers to %d requests: %s", len(codes), len(mistakes), codes)
			}
			for i, mistake := range mistakes {
				code, special := answers[mistake]
				if !special {
					code = "401"
				}
				entry := l.request(t)
				want := strings.TrimSuffix(mistake, "right")
				if got := strings.Join(namedIn(entry), " "); codes[i] != code || got != want {
					t.Errorf("%s: the client says %q, want %s; the log names %q\n%s", mistake, codes[i], code, got, entry)
				}
			}
			revealsNothing(t, l.said())
		})
	}
}

// netOpenSRS is Debian's libnet-opensrs-perl, a client of the live service.
func netOpenSRS(t *testing.T) []string {
	t.Helper()
	return with(t, "client.pl", "perl", "-MNet::OpenSRS", "-e", "1")
}

// TestNetOpenSRS: it works against the sandbox, and fails as it does against the service.
func TestNetOpenSRS(t *testing.T) {
	t.Parallel()
	client := netOpenSRS(t)
	l := startSandbox(t)
	says := func(l *liveSandbox, got string, wanted ...string) {
		t.Helper()
		for _, want := range wanted {
			if !strings.Contains(got, want) {
				t.Errorf("the client does not say %q:\n%s\n%s", want, got, l.said())
			}
		}
	}
	says(l, l.call(t, client, "balance"), "HTTP result: 200 OK", "answered", "last response: 200: Command successful")
	says(l, l.call(t, client, "lookup", "example.com", "free-name.com"), "example.com: taken", "free-name.com: available",
		"last response: 210: Domain available")
	says(l, l.call(t, client, "transfer", "example.com"), "last response: 430: Unsupported action or object")
	for range 4 {
		if entry := l.request(t); len(namedIn(entry)) > 0 && !strings.Contains(entry, "430 ") {
			t.Error(entry)
		}
	}

	other := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(other, []byte(plantedKey), 0o600); err != nil {
		t.Fatal(err)
	}
	says(l, l.callAs(t, client, l.CAFile, other, "balance"), "last response: 401: Authentication failed")
	if entry := l.request(t); !slices.Equal(namedIn(entry), []string{"wrong-key"}) {
		t.Error(entry)
	}
	says(l, l.callAs(t, client, "", l.APIKeyFile, "balance"), "HTTP error: 500", "certificate verify failed", "no answer")
	if entry := l.entry(t); !strings.Contains(entry, "A connection without a request: the client does not trust the") {
		t.Error(entry)
	}

	refused := startSandbox(t, "--rule", "allow 198.51.100.0/25")
	says(refused, refused.call(t, client, "balance"), "last response: 400: Access denied: invalid IP address")
	if entry := refused.request(t); !strings.Contains(entry, "✗ address: no rule allows 203.0.113.10") {
		t.Error(entry)
	}
	for fault, said := range map[string]string{
		"call.no-reply":     "HTTP error: 500",
		"tls.expired":       "certificate verify failed",
		"tls.self-signed":   "certificate verify failed",
		"port.refused":      "Connection refused",
		"call.rate-limited": "last response: 310: ",
	} {
		faulty := startSandbox(t, "--fault", fault)
		says(faulty, faulty.call(t, client, "balance"), said)
	}
}

// TestToolkit: a client with the reader of the service's own PHP toolkit gets through, finding the sandbox and its CA in
// its environment, and the log finds nothing wrong with it.
func TestToolkit(t *testing.T) {
	t.Parallel()
	client := with(t, "toolkit.php", "php", "-r", `in_array("ssl", stream_get_transports()) || exit(1);`)
	commands := []string{"GET_BALANCE BALANCE", "LOOKUP DOMAIN domain=free.example", "NAME_SUGGEST DOMAIN searchstring=free",
		"GET_PRICE DOMAIN domain=free.example", "GET DOMAIN domain=free.example type=all_info",
		"GET_DOMAINS_BY_EXPIREDATE DOMAIN exp_from=2026-01-01 exp_to=2026-12-31"}
	got := invocation{}.run(t, append(append([]string{"sandbox", "--"}, client...), commands...)...)
	if got.status != console.ExitOK || got.stdout != "200\n210\n200\n200\n200\n200\n" || strings.Contains(got.stderr, "✗") {
		t.Errorf("exit status %d\n%s%s", got.status, got.stdout, got.stderr)
	}
	// What it meets under a fault is in its own words.
	for fault, says := range map[string]string{
		"call.auth-failed": "401\n", "call.server-error": "no response_code\n",
		"call.no-reply": "UNEXPECTED READ: Unable to parse HTTP response code.\n",
		"tls.expired":   "Unable to establish socket: (0) \n",
	} {
		got := invocation{}.run(t, append(append([]string{"sandbox", "--fault", fault, "--"}, client...), commands[0])...)
		if got.stdout != says || strings.Contains(got.stderr, "✗") {
			t.Errorf("%s: %s%s", fault, got.stdout, got.stderr)
		}
	}
}

// TestCurlAsForms: ways in which curl sends something else than the file that was signed.
func TestCurlAsForms(t *testing.T) {
	t.Parallel()
	curl := program(t, "curl")
	l := startSandbox(t)
	body := filepath.Join(t.TempDir(), "body.xml")
	if err := os.WriteFile(body, opensrs.GetBalanceBody(), 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(l.APIKeyFile)
	if err != nil {
		t.Fatal(err)
	}
	headers := []string{curl, "-sS", "--cacert", l.CAFile, "-H", "X-Username: " + l.Username,
		"-H", "X-Signature: " + opensrs.Sign(opensrs.GetBalanceBody(), bytes.TrimSpace(key))}
	for _, test := range []struct{ how, with, says string }{
		{"--data-binary", "@" + body, "content-type"},
		{"-d", "@" + body, "body-reindented content-type"},
		{"--data-urlencode", "xml@" + body, "body-form-encoded content-type"},
		{"--data-urlencode", "@" + body, "body-url-encoded content-type"},
		{"-F", "xml=<" + body, "body-form-encoded content-type"},
	} {
		got := shell(t, shellLine(append(slices.Clone(headers), test.how, test.with, l.URL)))
		entry := l.request(t)
		if says := strings.Join(namedIn(entry), " "); got.status != 0 || says != test.says {
			t.Errorf("%s %s: %q, want %q\n%s", test.how, test.with, says, test.says, entry)
		}
	}
}

// TestCurlAndOpenSSL: curl with the headers that "sign" prints, in both versions of HTTP, and openssl's own client.
func TestCurlAndOpenSSL(t *testing.T) {
	t.Parallel()
	curl, openssl := program(t, "curl"), program(t, "openssl")
	l := startSandbox(t)
	body := filepath.Join("testdata", "clients", "get-balance.xml")
	for _, version := range []string{"--http1.0", "--http1.1"} {
		binary, err := theBinary()
		if err != nil {
			t.Fatal(err)
		}
		headers := shell(t, shellLine([]string{binary, "sign", "--body", body, "--api-key-file", l.APIKeyFile, "--username", l.Username}))
		if headers.status != console.ExitOK {
			t.Fatal(headers.stderr)
		}
		args := []string{curl, "-sS", version, "--cacert", l.CAFile, "--data-binary", "@" + body}
		for _, line := range strings.Split(strings.TrimSpace(headers.stdout), "\n") {
			if !strings.HasPrefix(line, "Content-Length") {
				args = append(args, "-H", line)
			}
		}
		// Twice on one connection.
		got := shell(t, shellLine(append(args, l.URL, l.URL)))
		if got.status != 0 || strings.Count(got.stdout, `<item key="response_code">200</item>`) != 2 {
			t.Errorf("%s: %d %s%s", version, got.status, got.stdout, got.stderr)
		}
		for range 2 {
			if entry := l.request(t); len(namedIn(entry)) > 0 || !strings.Contains(entry, "signature") {
				t.Error(entry)
			}
		}
	}
	if got := shell(t, shellLine([]string{curl, "-sS", l.URL})); got.status != 60 {
		t.Errorf("without the CA: %d %s", got.status, got.stderr)
	}
	address := strings.Trim(strings.TrimPrefix(l.URL, "https:"), "/")
	got := shell(t, shellLine([]string{openssl, "s_client", "-connect", address, "-CAfile", l.CAFile, "-verify_ip", "127.0.0.1",
		"-verify_return_error"})+" </dev/null")
	if got.status != 0 || !strings.Contains(got.stdout, "Verify return code: 0 (ok)") {
		t.Errorf("openssl: %d %s%s", got.status, got.stdout, got.stderr)
	}
}

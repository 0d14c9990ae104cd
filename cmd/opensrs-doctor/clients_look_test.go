//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/sandbox"
)

// lookDocument is what the tests need of the JSON of clients.
type lookDocument struct {
	Verdict   string
	Own       struct{ Status, Stage string }
	Diagnoses []struct {
		Cause, Severity, Confidence, Summary string
		Evidence, Fixes                      []string
	}
	Clients []lookedClient
}

type lookedClient struct{ Name, Library, Status, Stage, Error string }

// look runs clients against the embedded sandbox, with nothing in the environment but what is given.
func look(t *testing.T, environment map[string]string, args ...string) (status int, found lookDocument, errs string) {
	t.Helper()
	for _, name := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
		"https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "PHP_INI_SCAN_DIR"} {
		t.Setenv(name, "") // so that it is put back
		os.Unsetenv(name)
	}
	t.Setenv("PATH", "/usr/bin:/bin")
	for name, value := range environment {
		t.Setenv(name, value)
	}
	var out, words bytes.Buffer
	s := &console.Streams{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &words, Lookup: os.LookupEnv}
	status = run(append([]string{"clients", "--config", os.DevNull, "-f", "json"}, args...), s)
	if out.Len() == 0 {
		return status, found, words.String()
	}
	compiled, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "report", "clients", "schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(instance); err != nil {
		t.Error(err)
	}
	if err := json.Unmarshal(out.Bytes(), &found); err != nil {
		t.Fatal(err)
	}
	return status, found, words.String()
}

// startLook is a healthy sandbox and the flags that point at it.
func startLook(t *testing.T) (ca string, flags []string) {
	t.Helper()
	inside, err := sandbox.Start(sandbox.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { inside.Close() })
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, inside.CAPEM, 0o644); err != nil {
		t.Fatal(err)
	}
	return ca, []string{"--endpoint", inside.Client().URL, "--ca-file", ca, "--proxy", "none"}
}

// The world in which WHMCS says cURL error 60 and this check is green.
func TestClientsWithAnotherStore(t *testing.T) {
	program(t, "php")
	program(t, "python3")
	ca, flags := startLook(t)
	status, found, errs := look(t, map[string]string{"SSL_CERT_FILE": ca, "OPENSRS_API_KEY": strings.Repeat("ab", 56)},
		append(flags, "--only", "php,python3,curl,getent")...)
	if status != console.ExitFail || found.Verdict != "fail" || found.Own.Status != "pass" || errs != "" {
		t.Fatalf("status %d, %+v, %s", status, found, errs)
	}
	first := found.Diagnoses[0]
	if first.Cause != "client.store-differs" || !strings.Contains(strings.Join(first.Fixes, " "), "curl.cainfo = "+ca) {
		t.Errorf("%+v", first)
	}
	if !slices.ContainsFunc(first.Evidence, func(line string) bool { return strings.Contains(line, "cURL error 60") }) {
		t.Errorf("%v", first.Evidence)
	}
	status, found, _ = look(t, map[string]string{"SSL_CERT_FILE": ca, "PERL_LWP_SSL_CA_FILE": ca}, append(flags, "--only", "perl,getent")...)
	if status != console.ExitOK || found.Verdict != "pass" || len(found.Clients) < 2 {
		t.Errorf("status %d, %+v", status, found)
	}
}

// Without --ca-file this host does not know the authority either: its own cause explains the runtimes.
func TestClientsWhereThisHostFailsToo(t *testing.T) {
	_, flags := startLook(t)
	status, found, _ := look(t, nil, append(flags[:2], "--only", "python3,curl")...)
	if status != console.ExitFail || len(found.Diagnoses) != 1 || !strings.HasPrefix(found.Diagnoses[0].Cause, "tls.") || found.Own.Stage != "verify" {
		t.Errorf("status %d, %+v", status, found)
	}
}

func TestClientsUsage(t *testing.T) {
	for args, want := range map[string]string{
		"--only phyton3":           "did you mean python3?",
		"--only fpm:none-such":     "no runtime of this host is called fpm:none-such",
		"--api-key-file x":         "unknown flag --api-key-file",
		"--format xml":             "not one of human, json",
		"--endpoint ftp://a.b":     "the API speaks https only",
		"word":                     "clients takes no arguments",
		"--env test --env=nowhere": "not one of live, test",
	} {
		status, _, errs := look(t, nil, strings.Fields(args)...)
		if status != console.ExitUsage || !strings.Contains(errs, want) {
			t.Errorf("%s: status %d: %s", args, status, errs)
		}
	}
}

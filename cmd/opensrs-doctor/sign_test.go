package main

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"opensrs-doctor/cmd/opensrs-doctor/console"
	"opensrs-doctor/probes/mistakes"
	"opensrs-doctor/probes/opensrs"
)

// signedHere runs the program inside this process, with a key and a body in the places of KEY and BODY.
func signedHere(t *testing.T, key, body string, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"key": key, "body": body} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args = slices.Clone(args)
	for i, arg := range args {
		if arg == "KEY" || arg == "BODY" {
			args[i] = filepath.Join(dir, strings.ToLower(arg))
		}
	}
	var out, words bytes.Buffer
	status = run(args, &console.Streams{Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &words, Lookup: func(string) (string, bool) { return "", false }})
	hide := strings.NewReplacer(dir, "DIR")
	return status, hide.Replace(out.String()), hide.Replace(words.String())
}

// digits are longer than a fingerprint and than anything else that may be printed in hex.
var digits = regexp.MustCompile(`(?i)[0-9a-f]{9,}`)

// TestVerifyGivesNothingAway: whatever is wrong, no output of sign verify holds the right signature, a part of
// the key or any other digest, also where the client's signature is one of those in between.
func TestVerifyGivesNothingAway(t *testing.T) {
	key := strings.Repeat("5c7e0d91b2a4f638", 7)
	body := string(opensrs.GetBalanceBody())
	m := func(text string) string { return fmt.Sprintf("%x", md5.Sum([]byte(text))) }
	right := opensrs.Sign([]byte(body), []byte(key))
	signatures := map[string]string{
		"":                                right,
		"uppercase-hex":                   strings.ToUpper(right),
		"signature-format":                "0x" + right,
		"single-md5":                      m(body + key),
		"missing-second-key":              m(m(body + key)),
		"key-first":                       m(key + m(key+body)),
		"body-trailing-newline":           opensrs.Sign([]byte(body+"\n"), []byte(key)),
		"key-quoted":                      opensrs.Sign([]byte(body), []byte(`"`+key+`"`)),
		"body-trailing-nul key-uppercase": opensrs.Sign([]byte(body+"\x00"), []byte(strings.ToUpper(key))),
		"wrong-key":                       m("something else"),
		"signature-malformed":             key,
		"signature-malformed ":            "<script>\x1b[31m" + key[:20],
		"signature-cut":                   right[:31],
	}
	raw := md5.Sum([]byte(m(body+key) + key))
	based := base64.StdEncoding.EncodeToString(raw[:])
	signatures["base64-digest"] = based
	for mistakes, signature := range signatures {
		request := "POST / HTTP/1.1\r\nContent-Type: text/xml\r\nX-Username: bob\r\nX-Signature: " + signature +
			fmt.Sprintf("\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		broken := strings.Replace(strings.Replace(request, "POST / ", "POST /"+key+" ", 1), "text/xml", key, 1)
		for _, way := range []struct {
			body, stdin string
			args        []string
		}{
			{body, "", []string{"sign", "verify", "--body", "BODY", "--signature", signature, "--api-key-file", "KEY"}},
			{body, signature, []string{"sign", "verify", "--body", "BODY", "--signature", "-", "--api-key-file", "KEY"}},
			{request, "", []string{"sign", "verify", "--request", "BODY", "--api-key-file", "KEY"}},
			{request, key, []string{"sign", "verify", "--request", "BODY", "--api-key-file", "-"}},
			{broken, "", []string{"sign", "verify", "--request", "BODY", "--api-key-file", "KEY", "--username", "alice"}},
			{broken, "", []string{"sign", "verify", "--request", "BODY"}},
			{strings.Replace(request, "\r\n\r\n", "\r\n", 1), "", []string{"sign", "verify", "--request", "BODY", "--api-key-file", "KEY"}},
		} {
			for _, format := range [][]string{nil, {"-f", "json"}, {"--ascii"}} {
				status, stdout, stderr := signedHere(t, key, way.body, way.stdin, slices.Concat(way.args, format)...)
				printed := stdout + stderr
				if found := digits.FindString(printed); found != "" || strings.Contains(printed, based) {
					t.Errorf("%q: %s stands in\n%s", mistakes, found, printed)
				}
				if strings.Contains(printed, "\x1b") {
					t.Errorf("%q: a control character in %q", mistakes, printed)
				}
				if status == console.ExitInternal || way.body == body && status == console.ExitUsage {
					t.Errorf("%q: exit status %d: %s", mistakes, status, stderr)
				}
				if format == nil || format[0] != "-f" || way.body != body {
					continue
				}
				var got struct {
					Match    bool
					Mistakes []string
				}
				if err := json.Unmarshal([]byte(stdout), &got); err != nil {
					t.Fatalf("%v: %s", err, stdout)
				}
				if want := strings.Fields(mistakes); got.Match != (len(want) == 0) || !slices.Equal(got.Mistakes, want) ||
					status != map[bool]int{true: console.ExitOK, false: console.ExitFail}[got.Match] {
					t.Errorf("%q: %+v, exit status %d", mistakes, got, status)
				}
			}
		}
	}
}

// TestTooLargeIsNotRead: a file that is too large by its size is refused before it fills the memory.
func TestTooLargeIsNotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, maxBody+1); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := readWhole(path, nil)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; err == nil || took > 1<<20 {
		t.Errorf("%v, with %d bytes of memory", err, took)
	}
}

// TestVerifySaysWhatWasNotTried: of a body over 1 MiB, for people in a sentence and in JSON in pairs_not_tried, and only
// where nothing explains the signature.
func TestVerifySaysWhatWasNotTried(t *testing.T) {
	key := strings.Repeat("5c7e0d91b2a4f638", 7)
	large := strings.Repeat("<item key=\"domain\">example</item>\n", mistakes.MaxPaired/34+1)
	small := string(opensrs.GetBalanceBody())
	for _, test := range []struct {
		name, body, signature string
		said                  bool
	}{
		{"large, nothing explains it", large, strings.Repeat("0", 32), true},
		{"large, one mistake", large, opensrs.Sign([]byte(large+"\n"), []byte(key)), false},
		{"large and right", large, opensrs.Sign([]byte(large), []byte(key)), false},
		{"small, nothing explains it", small, strings.Repeat("0", 32), false},
	} {
		arguments := []string{"sign", "verify", "--body", "BODY", "--signature", test.signature, "--api-key-file", "KEY"}
		_, human, _ := signedHere(t, key, test.body, "", arguments...)
		_, document, _ := signedHere(t, key, test.body, "", append(arguments, "-f", "json")...)
		var got struct {
			Explanation string
			NotTried    bool `json:"pairs_not_tried"`
		}
		if err := json.Unmarshal([]byte(document), &got); err != nil {
			t.Fatal(err)
		}
		const sentence = "Pairs of mistakes were not tried, because the body is over 1 MiB."
		if got.NotTried != test.said || strings.Contains(got.Explanation, sentence) != test.said ||
			strings.Contains(strings.Join(strings.Fields(human), " "), "– "+sentence) != test.said ||
			test.said && strings.Contains(document, "nor two of them") {
			t.Errorf("%s:\n%s\n%s", test.name, human, document)
		}
	}
}

// TestVerifyLarge: bodies and captures of 100 MB, binary ones too, get their answer.
func TestVerifyLarge(t *testing.T) {
	key := strings.Repeat("5c7e0d91b2a4f638", 7)
	const size = 100 << 20
	body := strings.Repeat("<item key=\"domain\">example &amp; x</item>\n\x00\xff", size/43)
	once := fmt.Sprintf("%x", md5.Sum([]byte(body+key)))
	status, stdout, stderr := signedHere(t, key, body, "", "sign", "verify", "--body", "BODY", "--signature", once, "--api-key-file", "KEY")
	if status != console.ExitFail || !strings.Contains(stdout, "single-md5") {
		t.Errorf("exit status %d: %s%s", status, stdout, stderr)
	}
	status, stdout, stderr = signedHere(t, key, body, "", "sign", "verify", "--request", "BODY", "--api-key-file", "KEY")
	if status != console.ExitUsage || !strings.Contains(stderr, "no HTTP request is in it") {
		t.Errorf("exit status %d: %s%s", status, stdout, stderr)
	}
	head := "POST / HTTP/1.1\nContent-Type: text/xml\nX-Username: bob\nX-Signature: " + opensrs.Sign([]byte(body), []byte(key)) +
		fmt.Sprintf("\nContent-Length: %d\n\n", len(body))
	status, stdout, stderr = signedHere(t, key, head+body, "", "sign", "verify", "--request", "BODY", "--api-key-file", "KEY")
	if status != console.ExitOK {
		t.Errorf("exit status %d: %s%s", status, stdout, stderr)
	}
	status, stdout, stderr = signedHere(t, key, body+body, "", "sign", "verify", "--body", "BODY", "--signature", once, "--api-key-file", "KEY")
	if status != console.ExitUsage || !strings.Contains(stderr, "is larger than 128 MiB") {
		t.Errorf("exit status %d: %s%s", status, stdout, stderr)
	}
}

package explain

import (
	"encoding/json"
	"fmt"
	"html"
	"slices"
	"strings"
	"testing"

	"opensrs-doctor/report/diagnose"
	"opensrs-doctor/report/diagnose/prose"
	"opensrs-doctor/report/screen"
)

// hopedCauses are the causes that the vocabulary names and that the catalogue has not got everywhere yet.
var hopedCauses = []string{
	"host.selinux-denied", "host.route-denied", "host.unit-denied", "host.ports-exhausted", "host.conntrack-full",
	"host.descriptors-exhausted", "host.attached-network", "host.dead-tunnel", "host.reply-dropped",
	"host.reverse-path-filter", "network.login-required", "port.answered-nearby", "tls.version-intolerant",
	"rules.other-address", "config.key-line-end", "call.answered-by-device",
}

// TestTextTable keeps the table whole: known causes, sentences, no text twice, and each form finds its own entry.
func TestTextTable(t *testing.T) {
	table, err := loadTexts()
	if err != nil {
		t.Fatal(err)
	}
	if len(table) < 180 {
		t.Errorf("%d entries", len(table))
	}
	titles, forms := map[string]bool{}, map[string]string{}
	for _, entry := range table {
		if entry.title == "" || entry.from == "" || entry.means == "" || len(entry.forms) == 0 || titles[entry.title] {
			t.Errorf("%q: something is missing, or it is there twice", entry.title)
		}
		titles[entry.title] = true
		sentences := append([]string{entry.means}, entry.also...)
		for _, cause := range entry.causes {
			sentences = append(sentences, cause.Why)
			if _, found := diagnose.Lookup(cause.ID); cause.ID != "" && !found {
				t.Errorf("%s: no cause is called %q", entry.title, cause.ID)
			}
		}
		for _, id := range entry.hoped {
			if _, found := diagnose.Lookup(id); !found && !slices.Contains(hopedCauses, id) {
				t.Errorf("%s: no cause is called %q, nor will be", entry.title, id)
			}
		}
		for _, sentence := range sentences {
			if !strings.HasSuffix(sentence, ".") && !strings.HasSuffix(sentence, `."`) || sentence != screen.Clean(sentence) {
				t.Errorf("%s: not a sentence: %q", entry.title, sentence)
			}
		}
		if !strings.HasPrefix(entry.run.Command, "opensrs-doctor") || entry.run.Why == "" {
			t.Errorf("%s: no command to run", entry.title)
		}
		for _, form := range entry.forms {
			spelled := strings.Join(form.words, " ")
			if other, twice := forms[spelled]; twice && other != entry.title {
				t.Errorf("%q is both %s and %s", spelled, other, entry.title)
			}
			forms[spelled] = entry.title
			if form.words[0] == gapWord || form.words[len(form.words)-1] == gapWord {
				t.Errorf("%s: %q has nothing at one end", entry.title, spelled)
			}
			text := strings.NewReplacer(gapWord, "x y", urlWord, "ssl://h:1", pathWord, "/var/x", numberWord, "7").Replace(spelled)
			if !slices.ContainsFunc(ReadText(text).Texts, func(k KnownText) bool { return k.Text == entry.title }) {
				t.Errorf("%q does not find %s", text, entry.title)
			}
		}
	}
}

// noises are what a text goes through before somebody pastes it.
var noises = map[string]func(string) string{
	"as it is": func(s string) string { return s },
	"a log line": func(s string) string {
		return "[Tue Nov 24 10:15:02.123456 2026] [php:warn] [pid 4242] " + s + " in /var/www/html/modules/registrars/opensrspro/opensrs/openSRS_base.php on line 90, referer: https://shop.example/cart.php?a=add"
	},
	"a syslog": func(s string) string { return "2026-11-24T10:15:02+00:00 web1 php-fpm[812]: " + s + "\n" },
	"quoted":   func(s string) string { return "“" + s + "”" },
	"capitals": strings.ToUpper,
	"small":    strings.ToLower,
	"HTML":     func(s string) string { return "<pre>" + html.EscapeString(html.EscapeString(s)) + "</pre>" },
	"JSON": func(s string) string {
		text, _ := json.Marshal("x\n" + s + "\n")
		return `{"level":"error","msg":` + string(text) + `}`
	},
	"colours": func(s string) string {
		return "\x1b[31;1merror\x1b[0m: " + strings.ReplaceAll(s, " ", "\x1b[0m \x1b[1m")
	},
	"colour text": func(s string) string { return "^[[31m" + s + "^[[0m" },
	"wrapped":     func(s string) string { return hardWrapped(s, 23) },
	"lines":       func(s string) string { return strings.ReplaceAll(s, " ", "\r\n  ") },
	"curly":       func(s string) string { return strings.NewReplacer("'", "’", `"`, "”").Replace(s) },
	"reply":       func(s string) string { return "> " + strings.ReplaceAll(s, "\n", "\n> ") },
}

func hardWrapped(text string, width int) string {
	var out strings.Builder
	for i, r := range []rune(text) {
		if i > 0 && i%width == 0 {
			out.WriteByte('\n')
		}
		out.WriteRune(r)
	}
	return out.String()
}

// TestTextsOfFacts: every row that the service's fact sheet lists is found, however it comes.
func TestTextsOfFacts(t *testing.T) {
	for text, want := range map[string]string{ // the title, and the likeliest cause
		"oSRS Error - UNEXPECTED READ: Unable to parse HTTP response code. Please make sure IP is whitelisted in RWI.":                                                           "UNEXPECTED READ: Unable to parse HTTP response code | call.no-reply",
		"oSRS Error - UNEXPECTED ERROR: No Content-Length header provided! Please make sure IP is whitelisted in RWI.":                                                           "UNEXPECTED ERROR: No Content-Length header provided | call.no-reply",
		"oSRS Error - UNEXPECTED READ: Error reading HTTP header.":                                                                                                               "UNEXPECTED READ: Error reading HTTP header | call.no-reply",
		"oSRS Error - Read buffer is empty.  Please make sure IP is whitelisted in RWI.":                                                                                         "Read buffer is empty | call.no-reply",
		"oSRS Error - Unable to establish socket: (110) Connection timed out":                                                                                                    "Connection timed out | port.filtered",
		"oSRS Error - Unable to establish socket: (110)":                                                                                                                         "Connection timed out | port.filtered",
		"oSRS Error - Unable to establish socket: (111) Connection refused":                                                                                                      "Connection refused | port.refused",
		"oSRS Error - Unable to establish socket: (113) No route to host":                                                                                                        "No route to host | host.local-firewall",
		"oSRS Error - Unable to establish socket: (13) Permission denied":                                                                                                        "Permission denied on a connection | ",
		"oSRS Error - Unable to establish socket: (0) ":                                                                                                                          "Unable to establish socket: (0) | tls.local-roots-outdated",
		"oSRS Error - Reseller username or OSRS_KEY is incorrect, please check your config file.":                                                                                "Reseller username or OSRS_KEY is incorrect | call.auth-failed",
		"stream_socket_client(): Failed to enable crypto":                                                                                                                        "Failed to enable crypto | tls.local-roots-outdated",
		"stream_socket_client(): SSL operation failed with code 1. OpenSSL Error messages: error:1416F086:SSL routines:tls_process_server_certificate:certificate verify failed": "Certificate verify failed | tls.local-roots-outdated",
		"cURL error 60": "cURL error 60 | tls.local-roots-outdated",
		"cURL error 77: error setting certificate verify locations": "Error setting certificate verify locations | client.store-differs",
		"cURL error 7": "Could not connect to server, cURL error 7 | port.refused",
		"cURL error 28: Operation timed out after 5001 milliseconds with 0 bytes received": "Operation timed out with 0 bytes received | call.timeout",
		"cURL error 28":                                    "Timed out, cURL error 28 | port.filtered",
		"cURL error 35":                                    "SSL connect error, cURL error 35 | tls.reset",
		"cURL error 56":                                    "Failed sending or receiving data, cURL error 55 or 56 | call.no-reply",
		"[Errno 13] Permission denied":                     "Permission denied on a connection | ",
		"Permission denied (13)":                           "Permission denied on a connection | ",
		"Cannot assign requested address":                  "Cannot assign requested address | ",
		"PKIX path building failed":                        "PKIX path building failed | tls.local-roots-outdated",
		"unable to get local issuer certificate":           "Unable to get local issuer certificate | tls.local-roots-outdated",
		"UNABLE_TO_VERIFY_LEAF_SIGNATURE":                  "Unable to verify the first certificate | tls.incomplete-chain",
		"unsafe legacy renegotiation disabled":             "Unsafe legacy renegotiation disabled | tls.intercepted",
		"dh key too small":                                 "DH key too small | tls.intercepted",
		"ca md too weak":                                   "CA signature too weak | tls.intercepted",
		"Missing Authority Key Identifier":                 "Missing Authority Key Identifier | tls.intercepted",
		"Basic Constraints of CA cert not marked critical": "Missing Authority Key Identifier | tls.intercepted",
		"ECONNRESET":                                       "Connection reset by peer | call.no-reply",
		"socket hang up":                                   "Socket hang up | call.no-reply",
		"Could not resolve host":                           "Could not resolve host | dns.resolver-unreachable",
		"Temporary failure in name resolution":             "Temporary failure in name resolution | dns.resolver-unreachable",
		"getaddrinfo EAI_AGAIN":                            "Temporary failure in name resolution | dns.resolver-unreachable",
		"Access denied: invalid IP address":                "Access denied: invalid IP address | rules.not-allowed",
		"OpenSRS says: Authentication Error.":              "401 Authentication error | call.auth-failed",
		"response_text: Unrecognized protocol":             "500 Unrecognized protocol | ",
		"OpenSRS: Invalid command":                         "430 Invalid command | ",
		"Invalid encryption method; try -des":              "Invalid encryption method; try -des | port.wrong-port",
		"EACCES":                                           "Permission denied on a connection | ",
	} {
		for name, noise := range noises {
			if got := likeliest(ReadText(noise(text))); got != want {
				t.Errorf("%s: %q\ngot  %s\nwant %s", name, noise(text), got, want)
			}
		}
	}
}

// likeliest is the first text of a reading, and its likeliest cause that has an ID.
func likeliest(r TextReading) string {
	if !r.Known {
		return "not known"
	}
	for _, cause := range r.Texts[0].Causes {
		if cause.Cause != nil && !slices.Contains(hopedCauses, *cause.Cause) {
			return r.Texts[0].Text + " | " + *cause.Cause
		}
	}
	return r.Texts[0].Text + " | "
}

// TestReplyCodes: every code that matters is known in the forms in which replies and clients write it, and a bare
// number gets every reading.
func TestReplyCodes(t *testing.T) {
	for code, readings := range map[int]int{200: 2, 210: 1, 211: 1, 250: 1, 300: 1, 310: 1, 350: 1, 400: 2, 401: 2, 404: 2, 405: 2, 410: 1, 415: 2,
		420: 1, 430: 1, 435: 1, 436: 1, 437: 1, 440: 1, 460: 1, 465: 1, 480: 1, 485: 1, 486: 1, 487: 1, 500: 2, 541: 1, 552: 1,
		555: 1, 701: 1, 702: 1, 703: 1, 704: 1, 705: 1, 720: 1, 60: 2, 7: 1, 35: 1, 28: 1, 13: 1, 110: 1, 111: 1, 61: 2,
		10061: 1, 21: 1, 403: 1, 407: 1, 502: 1} {
		r := ReadText(fmt.Sprintf("error %d", code))
		if len(r.Texts) != readings || r.Texts[0].Reading == "" {
			t.Errorf("%d has %d readings, want %d", code, len(r.Texts), readings)
		}
		if code < 200 || code > 720 || code == 403 || code == 407 || code == 502 {
			continue
		}
		for _, form := range []string{`<item key="response_code">%d</item>`, `&lt;item key=&quot;response_code&quot;&gt;%d&lt;/item&gt;`,
			`"response_code": "%d"`, "[response_code] => %d", "OpenSRS error (%d): x", `{\"response_code\":\"%d\"}`} {
			got := ReadText(fmt.Sprintf(form, code))
			if !got.Known || got.Texts[0].Text != r.Texts[0].Text {
				t.Errorf("%s: %s", fmt.Sprintf(form, code), likeliest(got))
			}
		}
	}
	for _, number := range []string{"12345678", "999", "0", "-1004", "20261124", "4242"} {
		if r := ReadText(number); r.Known {
			t.Errorf("%s: %s", number, likeliest(r))
		}
	}
}

// A name in braces that the profile of the service does not know would be printed as it is.
func TestTextsAreFilled(t *testing.T) {
	files, err := textFiles.ReadDir("texts")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := textFiles.ReadFile("texts/" + file.Name())
		if err != nil {
			t.Fatal(err)
		}
		if left := prose.Placeholder.Regexp().FindString(prose.OfService(string(content))); left != "" {
			t.Errorf("%s: %s is not known", file.Name(), left)
		}
	}
}

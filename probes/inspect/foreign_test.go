package inspect

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"strings"
	"testing"

	"opensrs-doctor/probes/opensrs"
)

// foreignFiles are the beginnings of what the named programs write. tcpdump 4.99, tshark 4.0, curl 7.88 and strace 6.1
// (Debian 12) were run, and their output shortened; the others were not run: these follow the formats' known beginnings.
var foreignFiles = []struct {
	name, start, why string
	notAsBody        bool // it may have been sent as a body
}{
	{"tshark's hex", "\n===================================================================\nFollow: tcp,hex\nFilter: tcp.stream eq 0\n" +
		"Node 0: 127.0.0.1:37864\nNode 1: 127.0.0.1:28080\n00000000  50 4f 53 54 20 2f 20 48  54 54 50 2f 31 2e 31 0d  POST / H TTP/1.1.\n", "a stream as Wireshark shows it", false},
	{"tshark's raw", "\n===================================================================\nFollow: tcp,raw\nFilter: tcp.stream eq 0\n" +
		"Node 0: 127.0.0.1:37864\nNode 1: 127.0.0.1:28080\n504f5354202f20485454502f312e310d0a\n", "a stream as Wireshark shows it", false},
	{"tshark's YAML", "peers:\n  - peer: 0\n    host: 127.0.0.1\n    port: 37864\n", "saved as YAML", false},
	{"Wireshark's C arrays, from its documentation", "char peer0_0[] = { /* Packet 4 */\n0x50, 0x4f, 0x53, 0x54,", "C arrays", false},
	{"tshark -V", "Frame 1: 74 bytes on wire (592 bits), 74 bytes captured (592 bits)\n    Encapsulation type: Ethernet (1)\n", "tshark -V", false},
	{"tshark", "    1   0.000000    127.0.0.1 → 127.0.0.1    TCP 74 37864 → 28080 [SYN] Seq=0\n", "a list of packets", false},
	{"tshark -T json", "[\n  {\n    \"_index\": \"packets-2026-11-26\",\n    \"_type\": \"doc\",\n", "tshark writes as JSON", false},
	{"tshark -T pdml", "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<?xml-stylesheet type=\"text/xsl\" href=\"pdml2html.xsl\"?>\n" +
		"<!-- You can find pdml2html.xsl in /usr/share/wireshark or at https://gitlab.com/wireshark. -->\n<pdml version=\"0\" creator=\"wireshark/4.0.17\">", "tshark writes as XML", false},
	{"tshark -T psml", "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<psml version=\"0\" creator=\"wireshark/4.0.17\">\n", "tshark writes as XML", false},
	{"tshark -x", "0000  00 00 00 00 00 00 00 00 00 00 00 00 08 00 45 00   ..............E.\n", "a hex dump", false},
	{"xxd", "00000000: d4c3 b2a1 0200 0400 0000 0000 0000 0000  ................\n", "a hex dump", false},
	{"hexdump -C", "00000000  d4 c3 b2 a1 02 00 04 00  00 00 00 00 00 00 00 00  |................|\n", "a hex dump", false},
	{"tcpdump", "06:37:21.181692 IP localhost.37864 > localhost.28080: Flags [S], seq 3087706421, win 65495, length 0\n" +
		"06:37:21.181703 IP localhost.28080 > localhost.37864: Flags [S.], seq 3580098035, ack 3087706422, length 0\n", "packets as tcpdump lists them", false},
	{"tcpdump -X", "06:37:21.181692 IP localhost.37864 > localhost.28080: Flags [S], length 0\n\t0x0000:  4500 003c aff8 4000 4006 8cc1 7f00 0001  E..<\n", "a hex dump of packets", false},
	{"curl -v", "*   Trying 127.0.0.1:28080...\n* Connected to 127.0.0.1 (127.0.0.1) port 28080 (#0)\n> POST / HTTP/1.1\r\n> Host: 127.0.0.1\r\n", "what curl prints", false},
	{"curl --trace-ascii", "06:37:21.181 == Info:   Trying 127.0.0.1:28080...\n06:37:21.182 => Send header, 160 bytes (0xa0)\n0000: POST / HTTP/1.1\n", "what curl prints", false},
	{"strace -f", "12345 execve(\"/usr/bin/curl\", [\"curl\"], 0x7ffd /* 20 vars */) = 0\n", "strace", false},
	{"strace -p", "sendto(5, \"POST / HTTP/1.1\\r\\nHost: 127.0.0.1\"..., 228, MSG_NOSIGNAL, NULL, 0) = 228\n", "strace", false},
	{"Chrome's copy as cURL", "curl 'https://rr-n1-tor.opensrs.net:55443/' \\\n  -H 'content-type: text/xml' \\\n  --data-raw $'<?xml'", "a curl command", false},
	{"Chrome's copy as cURL (cmd)", "curl ^\"https://rr-n1-tor.opensrs.net:55443/^\" ^\n  -H ^\"content-type: text/xml^\"", "a curl command", false},
	{"Postman's curl", "curl --location 'https://rr-n1-tor.opensrs.net:55443/' \\\n--header 'X-Username: bob' \\\n--data '<?xml'", "a curl command", false},
	{"Chrome's copy as fetch", "fetch(\"https://rr-n1-tor.opensrs.net:55443/\", {\n  \"headers\": {", "a fetch() call", false},
	{"HAR", "{\n  \"log\": {\n    \"version\": \"1.2\",\n    \"creator\": {\"name\": \"WebInspector\", \"version\": \"537.36\"},\n    \"entries\": []", "a HAR file", false},
	{"HAR in one line", `{"log":{"version":"1.2","creator":{"name":"Firefox","version":"140.0"},"entries":[]}}`, "a HAR file", false},
	{"a report of ours", "{\n  \"schema\": \"opensrs-doctor/report/v1\",\n", "a report of opensrs-doctor", false},
	{"PNG", "\x89PNG\r\n\x1a\n", "a picture", false},
	{"JPEG", "\xff\xd8\xff\xe0\x00\x10JFIF", "a picture", false},
	{"PDF", "%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a PDF document", false},
	{"zip", "PK\x03\x04\x14\x00", "a zip archive", false},
	{"zstd", "\x28\xb5\x2f\xfd\x04", "it is compressed", false},
	{"TLS, a handshake", "\x16\x03\x01\x02\x00\x01\x00", "encrypted TLS", false},
	{"TLS, data", "\x17\x03\x03\x00\x45\x9a", "encrypted TLS", false},
	{"HTML", "<!DOCTYPE html>\n<html lang=\"en\">", "a web page", true},
	{"nginx's log", "203.0.113.9 - - [26/Nov/2026:06:37:21 +0000] \"POST / HTTP/1.1\" 200 512 \"-\" \"curl/7.88.1\"\n", "access log", false},
	{"syslog", "Nov 26 06:37:21 web1 php-fpm[812]: POST / HTTP/1.1\n", "a system log", false},
	{"WHMCS, mysqldump", "-- MySQL dump 10.13\n\nDROP TABLE IF EXISTS `tblmodulelog`;\n", "WHMCS's module log", false},
	{"WHMCS, phpMyAdmin", "\"id\",\"date\",\"module\",\"action\",\"request\",\"response\",\"arrdata\"\n\"1\",", "WHMCS's module log", false},
	{"mitmproxy, from its documentation", "1842:9:websocket;0:~8:response;1200:", "mitmproxy", false},
	{"Burp, from its documentation", "<?xml version=\"1.0\"?>\n<!DOCTYPE items [\n<!ELEMENT items (item*)>\n]>\n<items burpVersion=\"2026.1\">", "Burp", false},
	{"SSLKEYLOGFILE", "CLIENT_RANDOM " + strings.Repeat("0a", 32) + " " + strings.Repeat("0b", 48) + "\n", "a log of TLS keys", false},
	{"openssl s_client", "CONNECTED(00000003)\n---\nCertificate chain\n", "openssl s_client", false},
	{"PEM", "-----BEGIN CERTIFICATE-----\nMIIB\n", "a PEM file", false},
}

// TestForeign: what is not a request, and no body, is named, and something is said of what to give instead.
func TestForeign(t *testing.T) {
	named := func(name string, raw []byte, why string, notAsBody bool) {
		t.Helper()
		_, asRequest := Parse(raw)
		for as, err := range map[string]error{"request": asRequest, "body": NotABody(raw)} {
			if as == "body" && notAsBody {
				if err != nil {
					t.Errorf("%s as a body: %v", name, err)
				}
				continue
			}
			var capture *Error
			if !errors.As(err, &capture) || !strings.Contains(capture.Why, why) || capture.Hint == "" {
				t.Errorf("%s as a %s: %v, want %q", name, as, err, why)
			}
		}
	}
	for _, file := range foreignFiles {
		named(file.name, []byte(file.start), file.why, file.notAsBody)
	}
	for _, name := range []string{"call.pcap", "call.pcapng"} { // of a call without TLS: its bytes can be read in them
		raw, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		named(name, raw, "a packet capture in binary", false)
	}
	var zipped bytes.Buffer
	packer := gzip.NewWriter(&zipped)
	packer.Write([]byte(captured()))
	packer.Close()
	named("gzip", zipped.Bytes(), "compressed with gzip", true)
	if _, err := Parse([]byte("\xff\xfeP\x00O\x00")); err == nil || !strings.Contains(err.Error(), "UTF-16") {
		t.Errorf("PowerShell's text: %v", err)
	}
	for name, raw := range map[string]string{"a request": captured(), "tcpdump -A": "06:37:21.181692 IP a.1 > b.2: Flags [P.], length 9: HTTP\nE..." + captured()} {
		if err := NotABody([]byte(raw)); err == nil || !strings.Contains(err.Error(), "a whole HTTP request") {
			t.Errorf("%s as a body: %v", name, err)
		}
	}
}

// TestOwn: nothing that clients send, and no capture that can be read, is taken for something else.
func TestOwn(t *testing.T) {
	for _, body := range []string{commandBody, requestBody, "<?xml version='1.0' encoding=\"UTF-8\"?>\n<a b='c d/~e'>é€ &amp; (f)</a>\n",
		"<?xml version=\"1.0\"?>\r\n<a>\r\nx*y ü</a>", string(opensrs.GetBalanceBody()), "", "hello", "xml=%3C", `{"a": 1}`, "\xff\xfe<\x00",
		commandBody + "\n> POST / HTTP/1.1\n", "<a>`x` id,date\n[pid] write(</a>"} {
		if err := NotABody([]byte(body)); err != nil && !strings.Contains(body, "> POST") {
			t.Errorf("%q: %v", body, err)
		}
	}
	for _, name := range []string{"tcpdump-lf.txt", "tcpdump-crlf.txt", "tshark-follow.txt"} {
		raw, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		request, err := Parse(raw)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		verdict, findings, _ := request.Explain([]byte(strings.Repeat("5c7e0d91b2a4f638", 7)), "")
		if !verdict.Match || name == "tshark-follow.txt" && len(findings) > 0 {
			t.Errorf("%s: %+v %+v", name, verdict, findings)
		}
	}
}

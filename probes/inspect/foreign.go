package inspect

import (
	"bytes"
	"slices"
	"strings"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/xmltext"
)

// What people have at hand instead of a request or a body: captures in other forms, logs, pictures. Each is known by
// its start or by a line that nothing else has; what is not known surely is not named.

// otherForm is one such thing.
type otherForm struct {
	kind foreignKind
	why  string
	hint string
	is   func() matcher
}

type foreignKind int

const (
	printed  foreignKind = iota // text: a request may be found in it
	inBytes                     // bytes
	sendable                    // it may have been sent as a body too: as a body it is not a mistake of whoever asks
)

// peek is how much of a file is looked at, in bytes.
const peek = 64 << 10

// What to do with most of them.
const (
	giveBody = "give the body that the client sends with --body, byte for byte, and the value of X-Signature " +
		"with --signature"
	beforeTLS = "a call over TLS is encrypted in it: capture before encryption, or point the client at " +
		"opensrs-doctor sandbox"
	followStream = "tshark -r CAPTURE -q -z follow,tcp,ascii,0 prints the request as text"
)

var foreigners = lazy.Value[[]otherForm]{Make: func() []otherForm {
	return []otherForm{
		{inBytes, "it is a packet capture in binary", "tcpdump -A -r FILE prints it as text; " + beforeTLS,
			anyOf("\xd4\xc3\xb2\xa1", "\xa1\xb2\xc3\xd4", "\x4d\x3c\xb2\xa1", "\xa1\xb2\x3c\x4d", "\x0a\x0d\x0d\x0a")},
		{inBytes, "it is encrypted TLS", "capture before encryption, with a proxy or in the client, or point the " +
			"client at opensrs-doctor sandbox", expression(`^[\x14-\x17]\x03[\x00-\x04]`)},
		{sendable, "it is compressed with gzip", "unpack it first, with gunzip", anyOf("\x1f\x8b")},
		{inBytes, "it is compressed", "unpack it first", anyOf("\x28\xb5\x2f\xfd", "\xfd7zXZ\x00", "BZh91AY")},
		{inBytes, "it is a zip archive", "unpack it first; in Fiddler's .saz the requests are raw/*_c.txt",
			anyOf("PK\x03\x04")},
		{inBytes, "it is a PDF document", giveBody, anyOf("%PDF-")},
		{inBytes, "it is a picture", giveBody, anyOf("\x89PNG\r\n", "\xff\xd8\xff", "GIF87a", "GIF89a")},
		{printed, "it is a PEM file, as certificates and keys are", giveBody, anyOf("-----BEGIN ")},
		{sendable, "it is a web page", giveBody, expression(`(?i)^\s*(?:<!doctype html|<html[\s>])`)},
		{printed, "it is a HAR file, which a browser or proxy exports", "take postData.text of the request as the file " +
			"for --body, with jq -j '.log.entries[0].request.postData.text', and the value of X-Signature for --signature",
			expression(`^\s*\{\s*"log"\s*:\s*\{(?s:.*)"(?:creator|entries)"\s*:`)},
		{printed, "it is a report of opensrs-doctor", "opensrs-doctor render FILE shows it",
			expression(`^\s*\{\s*"schema"\s*:\s*"opensrs-doctor/`)},
		{printed, "it is what tshark writes as JSON", followStream, expression(`^\[\s*\{\s*"_index"\s*:\s*"packets-`)},
		{printed, "it is what tshark writes as XML", followStream,
			expression(`^<\?xml[^>]*>\s*(?:<\?xml-stylesheet[^>]*>\s*|<!--[^>]*>\s*)*<p[ds]ml[\s>]`)},
		{printed, "it is a stream as Wireshark shows it, and not as text", "choose ASCII; " + followStream,
			expression(`^\s*=+\s*Follow: [a-z]+,(?:hex|raw|ebcdic|yaml|carray)`)},
		{printed, "it is a stream that Wireshark saved as YAML", "choose ASCII; " + followStream,
			expression(`^peers:\s+- peer: 0`)},
		{printed, "it is a stream that Wireshark saved as C arrays", "choose ASCII; " + followStream,
			expression(`^(?:/\*[^\n]*\*/\s*)?(?:unsigned )?char peer[01]_[0-9]+\[\]`)},
		{printed, "it is what tshark -V says about packets, and not their bytes", followStream,
			expression(`^Frame 1: [0-9]+ bytes on wire`)},
		{printed, "it is a list of packets without their bytes", followStream,
			expression(`^ *1 +[0-9.]+ +\S+ +(?:→|->) \S+ +[A-Z]`)},
		{printed, "it is packets as tcpdump lists them, without the bytes of a request", "tcpdump -A prints them; " + beforeTLS,
			expression(`^[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]+ IP6? \S+ > \S+: .*\n(?:[0-9]{2}:|$)`)},
		{printed, "it is a hex dump of packets", "tcpdump -A prints them as text, instead of -x or -X",
			expression(`(?m)^[ \t]+0x[0-9a-f]{4}:  [0-9a-f]{4}`)},
		{printed, "it is a hex dump", "where xxd made it, xxd -r turns it back into bytes",
			expression(`^(?:0{4,8}: (?:[0-9a-f]{4} ){2}|0{4,8}  ?(?:[0-9a-f]{2} ){4})`)},
		{printed, "it is what curl prints about a request, and not the request's bytes",
			"give the file that curl sends with --body, and the signature with --signature",
			expression(`(?m)^(?:> [A-Z]{1,20} \S+ HTTP/[0-9.]+\r?$|(?:[0-9:.]+ )?=> Send header, )`)},
		{printed, "it is a curl command, as a browser copies one", "put what comes after --data-raw or --data-binary into " +
			"a file for --body, and give the value of X-Signature with --signature",
			expression(`(?s)^\s*curl(?:\.exe)? (?:\S*https?:|.*\s(?:-H|--header|-d|--data[a-z-]*)\s)`)},
		{printed, "it is a fetch() call, as a browser copies one", "put the value of body into a file for --body, and give " +
			"the value of X-Signature with --signature", expression(`^\s*(?:await )?fetch\(["']https?:`)},
		{printed, "it is what strace prints, which cuts texts and escapes them", giveBody,
			expression(`(?m)^(?:\[pid +[0-9]+\] |[0-9]+ +)?(?:[0-9:.]+ )?(?:write|writev|send|sendto|sendmsg|execve)\(`)},
		{printed, "it is a web server's access log, which has no bodies", giveBody,
			expression(`^\S+ \S+ \S+ \[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:`)},
		{printed, "it is a system log", giveBody,
			expression(`^(?:<[0-9]{1,3}>)?[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} \S+ [^ :]+: `)},
		{printed, "it is WHMCS's module log", "WHMCS takes usernames and passwords out of what it logs, so that a signature " +
			"cannot be checked by it; point the module at opensrs-doctor sandbox, whose log shows what is wrong",
			expression("(?:`tblmodulelog`|" +
				"^\"?id\"?[,;]\"?date\"?[,;]\"?module\"?[,;]\"?action\"?[,;]\"?request\"?[,;]\"?response\"?)")},
		{printed, "it is a file of mitmproxy", "export the request as raw_request", expression(`^[0-9]{1,9}:[0-9]{1,3}:[a-z_]+[;,]`)},
		{printed, "it is Burp's XML", "save the request alone, with Copy to file", expression(`<items burpVersion=`)},
		{printed, "it is a log of TLS keys", "it decrypts a capture in Wireshark, and holds no request; keep it to yourself",
			expression(`(?m)^(?:CLIENT_RANDOM|CLIENT_TRAFFIC_SECRET_0|SERVER_HANDSHAKE_TRAFFIC_SECRET) [0-9a-f]{64} `)},
		{printed, "it is what openssl s_client prints", giveBody, anyOf("CONNECTED(0")},
	}
}}

// foreignTo names a file that is none of what was asked for, where it is of one of these kinds; false where it is not
// known.
func foreignTo(raw []byte, kinds ...foreignKind) (otherForm, bool) {
	start := raw[:min(len(raw), peek)]
	for _, one := range foreigners.Get() {
		if slices.Contains(kinds, one.kind) && one.is().Match(start) {
			return one, true
		}
	}
	return otherForm{}, false
}

// NotABody names a file that was given as a body and is something else: an *Error, or nil where nothing is known
// against it.
func NotABody(raw []byte) error {
	if one, known := foreignTo(raw, inBytes, printed); known {
		return &Error{Why: one.why, Hint: one.hint}
	}
	if !xmltext.IsMarkup(raw) && findRequestLine(raw[:min(len(raw), peek)]) >= 0 {
		return &Error{Why: "it is a whole HTTP request", Hint: "give it with --request, and leave --signature out"}
	}
	return nil
}

// noRequest says what a capture without a request looks like.
func noRequest(raw []byte) *Error {
	start := string(raw[:min(len(raw), 24)])
	begins := func(texts ...string) bool {
		for _, text := range texts {
			if strings.HasPrefix(start, text) {
				return true
			}
		}
		return false
	}
	one, known := foreignTo(raw, inBytes, printed, sendable)
	switch {
	case len(bytes.TrimSpace(raw)) == 0:
		return &Error{Why: "it is empty"}
	case begins("PRI * HTTP/2"):
		return &Error{Why: "it is HTTP/2", Hint: "have the client speak HTTP/1.1"}
	case begins("HTTP/"):
		return &Error{Why: "it is a reply, and the request is asked for"}
	case begins("<OPS_", "<!DOCTYPE OPS_"), begins("<?xml", "\xEF\xBB\xBF<?xml") && !known:
		return &Error{Why: "it is a body without its request", Hint: "give it with --body, and the signature with --signature"}
	case begins("\xff\xfe", "\xfe\xff"):
		return &Error{Why: "it is text in UTF-16, as > writes it in PowerShell", Hint: "save it as UTF-8"}
	case known:
		return &Error{Why: one.why, Hint: one.hint}
	}
	return &Error{Why: "no HTTP request is in it: no line such as \"POST / HTTP/1.1\" with headers below"}
}

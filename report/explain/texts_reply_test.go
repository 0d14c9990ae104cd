package explain

import (
	"slices"
	"strings"
	"testing"
)

// shownTitles are the texts that a reading has, with a + before those that are explained in full.
func shownTitles(r TextReading) []string {
	titles := []string{}
	for _, text := range r.Texts {
		if text.brief {
			titles = append(titles, text.Text)
		} else {
			titles = append(titles, "+"+text.Text)
		}
	}
	return titles
}

// TestCodeAndText: what a reply says is read with its code: the text decides where the service says so, and is no
// failure of a connection.
func TestCodeAndText(t *testing.T) {
	type reply struct{ code, text, want string }
	for _, c := range []reply{
		{"415", "Authentication Error.", "415 Registrant authentication error"},
		{"410", "Authentication Error.", "410 Reseller authentication error"},
		{"401", "Authentication Error.", "401 Authentication error"},
		{"465", "Invalid IP address", "465 Invalid data"},
		{"465", "name or service not known: ns1.example.com", "465 Invalid data"},
		{"486", "connection refused by registry", "486 Already being processed"},
		{"436", "Connection timed out at the registry", "436 Registry trouble"},
		{"200", "Command successful", "200 Command successful"},
		{"400", "Access denied: invalid IP address", "Access denied: invalid IP address"},
		{"400", "Invalid Command", "430 Invalid command"},
		{"400", "Domain already renewed.", "Domain already renewed"},
		{"400", "Internal server error", "Internal server error of the service"},
		{"400", "something new", "400, without its text"},
		{"300", "Exceeded max command rate", "300 Exceeded max command rate"},
		{"300", "Registration is pending contact agreeing to share information", "300 Registration is pending a contact's agreement"},
		{"300", "", "300, without its text"},
	} {
		for _, form := range []string{
			"response_code: CODE response_text: TEXT", "response_code: CODE\nresponse_text: TEXT",
			`<item key="response_code">CODE</item><item key="response_text">TEXT</item>`,
			"<item key=\"response_text\">TEXT</item>\n<item key=\"is_success\">0</item>\n<item key=\"response_code\">CODE</item>",
			`{"is_success":"0","response_text":"TEXT","response_code":"CODE"}`,
			"Array\n(\n    [response_code] => CODE\n    [response_text] => TEXT\n)\n",
			"<OPS_envelope><body><dt_assoc>\n<item key=\"response_code\">CODE</item>\n\n<item key=\"response_text\">TEXT</item>\n" +
				"<item key=\"attributes\"><dt_assoc>" + strings.Repeat("<item key=\"a\">b</item>\n", 20) +
				"<item key=\"log\">2026-11-24 10:15:02 connection refused</item>\n</dt_assoc></item></dt_assoc></body></OPS_envelope>",
		} {
			pasted := strings.NewReplacer("CODE", c.code, "TEXT", c.text).Replace(form)
			if got := shownTitles(ReadText(pasted)); !slices.Equal(got, []string{"+" + c.want}) {
				t.Errorf("%s\ngot  %q\nwant %q", pasted, got, c.want)
			}
		}
	}
	for text, want := range map[string][]string{
		"Error: 415 Authentication Error":       {"+415 Registrant authentication error"},
		"Response: 415 Authentication Error":    {"+415 Registrant authentication error"},
		"415: Authentication Error.":            {"+415 Registrant authentication error"},
		"Authentication Error (415)":            {"+415 Registrant authentication error"},
		"Error 401: Authentication Error":       {"+401 Authentication error"},
		"400 Access denied: invalid IP address": {"+Access denied: invalid IP address"},
		// The address decides what a 401 means.
		"OpenSRS: Authentication Error. Invalid IP Address": {"+Access denied: invalid IP address", "401 Authentication error"},
		"response_code: 401 response_text: Authentication Error. Invalid IP Address": {
			"+Access denied: invalid IP address", "401 Authentication error"},
		// A reply, and after it another failure.
		"[24-Nov-2026 10:15:02] response_code: 200 response_text: Command successful\n[24-Nov-2026 10:15:09] connect: Connection refused": {
			"+Connection refused", "200 Command successful"},
		"response_code: 200 response_text: Command successful\nfsockopen(): Connection refused": {
			"+Connection refused", "200 Command successful"},
		"response_code: 415 response_text: Authentication Error.\nresponse_code: 400 response_text: Access denied: invalid IP address": {
			"+415 Registrant authentication error", "+Access denied: invalid IP address"},
	} {
		got := shownTitles(ReadText(text))
		if !slices.Equal(got, want) {
			t.Errorf("%s\ngot  %q\nwant %q", text, got, want)
		}
	}
}

// TestWhoseFailure: what failed with a proxy, a resolver or the user's own program is not the service's port, and the
// errno beside it is brief; words that say nothing more are left out.
func TestWhoseFailure(t *testing.T) {
	for text, want := range map[string]string{
		`Post "https://x/": proxyconnect tcp: dial tcp 10.0.0.1:3128: connect: connection refused`:                                 "Cannot connect to the proxy",
		"ProxyError('Unable to connect to proxy', NewConnectionError('<x>: Failed to establish: [Errno 111] Connection refused'))": "Cannot connect to the proxy",
		"ProxyError('Cannot connect to proxy.', NewConnectionError('[Errno 110] Connection timed out'))":                           "Cannot connect to the proxy",
		"ProxyError('Cannot connect to proxy.', NewConnectionError('[Errno -2] Name or service not known'))":                       "Cannot connect to the proxy",
		"tunneling socket could not be established, cause=connect ECONNREFUSED 10.0.0.1:3128":                                      "Cannot connect to the proxy",
		"curl: (7) Failed to connect to proxy.corp port 3128 after 3 ms: Connection refused":                                       "Cannot connect to the proxy",
		"curl: (7) Failed to connect to 10.0.0.1 port 3128 after 3 ms: Couldn't connect to server":                                 "Cannot connect to the proxy",
		"socks connect tcp 10.0.0.1:1080->h.example:55443: dial tcp 10.0.0.1:1080: connect: connection refused":                    "Cannot connect to the proxy",
		"ProxyConnectionError: Error connecting to SOCKS5 proxy 10.0.0.1:1080: [Errno 111] Connection refused":                     "Cannot connect to the proxy",
		"ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 403 Forbidden'))":                               "The proxy refuses to connect",
		"tunneling socket could not be established, statusCode=403":                                                                "The proxy refuses to connect",
		"Unable to tunnel through proxy. Proxy returns \"HTTP/1.1 503 Service Unavailable\"":                                       "The proxy could not reach the service",
		"The proxy tunnel request to proxy 'http://10.0.0.1:3128/' failed with status code '407'.":                                 "HTTP 407",
		"socks connect tcp 10.0.0.1:1080->rr-n1-tor.opensrs.net:55443: general SOCKS server failure":                               "The proxy could not reach the service",
		"dial tcp: lookup rr-n1-tor.opensrs.net on 10.0.0.2:53: read udp 10.0.0.5:41234->10.0.0.2:53: i/o timeout":                 "No DNS servers could be reached",
		"lookup rr-n1-tor.opensrs.net on [::1]:53: read udp [::1]:3333->[::1]:53: read: connection refused":                        "No DNS servers could be reached",
		"Error: queryA ETIMEOUT rr-n1-tor.opensrs.net":                                                                             "No DNS servers could be reached",
		"LOOKUP of example.com: dial tcp 198.51.100.10:55443: i/o timeout":                                                         "Connect timeout",
		"curl: (35) schannel: failed to receive handshake, SSL/TLS connection failed":                                              "Unexpected EOF while TLS was set up",
		"OpenSRS: schannel: failed to receive handshake, SSL/TLS connection failed":                                                "Unexpected EOF while TLS was set up",
		"ConnectionRefusedError: [Errno 111] Connect call failed ('198.51.100.10', 55443)":                                         "Connection refused",
		"OSError: [Errno 113] Connect call failed ('198.51.100.10', 55443)":                                                        "No route to host",
		"Connect call failed ('198.51.100.10', 55443)":                                                                             "Unable to connect",
		"upstream timed out (110: Connection timed out) while reading response header from upstream, client: 203.0.113.7":          "Upstream timed out",
		"java.net.SocketTimeoutException: Read timed out":                                                                          "Read timed out",
		"java.net.SocketTimeoutException: connect timed out":                                                                       "Connection timed out",
		"Net::OpenTimeout: execution expired":                                                                                      "Connect timeout",
		"TimeoutError: [WinError 10060] A connection attempt failed":                                                               "Connection timed out",
		"ERROR: cannot verify rr-n1-tor.opensrs.net's certificate, issued by 'CN=FortiGate CA':":                                   "The certificate's issuer is an inspection product",
		"ERROR: cannot verify rr-n1-tor.opensrs.net's certificate, issued by 'CN=Some CA':":                                        "Certificate signed by unknown authority",
		"org.apache.http.NoHttpResponseException: rr-n1-tor.opensrs.net:55443 failed to respond":                                   "Empty reply from server",
		"Caused by: java.io.EOFException: SSL peer shut down incorrectly":                                                          "Unexpected EOF while TLS was set up",
		"NET::ERR_CERT_AUTHORITY_INVALID":                                                                                          "Certificate signed by unknown authority",
		"NET::ERR_CERT_COMMON_NAME_INVALID":                                                                                        "Certificate is for another name",
		"Error code: SSL_ERROR_RX_RECORD_TOO_LONG":                                                                                 "Wrong version number",
		"Net::OpenSRS: Can't connect": "Unable to connect",
		"PHP Parse error:  syntax error, unexpected token \"{\", expecting \",\" or \";\" in /www/opensrs/Base.php on line 267":         "Array and string offset access syntax with curly braces",
		"PHP Fatal error: Uncaught TypeError: count(): Argument #1 must be of type Countable|array, null given in /www/opensrs/x.php:9": "PHP finds null where the reply should be",
		"fwrite(): Send of 812 bytes failed with errno=32 Broken pipe":                                                                  "Broken pipe",
		"write tcp 10.0.0.5:1->198.51.100.10:55443: write: broken pipe":                                                                 "Broken pipe",
		"AxiosError: Network Error": "fetch failed",
	} {
		r := ReadText(text)
		titles := shownTitles(r)
		if len(titles) == 0 || titles[0] != "+"+want {
			t.Errorf("%s\ngot  %q\nwant %s", text, titles, want)
			continue
		}
		for _, other := range titles[1:] {
			if other[0] == '+' || strings.Contains(other, "without") {
				t.Errorf("%s\nbeside it: %s", text, other)
			}
		}
	}
}

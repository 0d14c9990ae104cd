package explain

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"opensrs-doctor/probes/foreign"
	"opensrs-doctor/report/internal/golden"
	"opensrs-doctor/report/screen"
)

// TestPastes: what real clients print, as people paste it: the first text, the likeliest cause, and the command.
func TestPastes(t *testing.T) {
	for text, want := range map[string]string{
		// PHP streams and the toolkit, several warnings in one paste.
		"PHP Warning:  fsockopen(): SSL operation failed with code 1. OpenSSL Error messages:\nerror:0A000086:SSL routines::certificate verify failed in /x/Base.php on line 133\nPHP Warning:  fsockopen(): Failed to enable crypto in /x/Base.php on line 133\nPHP Warning:  fsockopen(): Unable to connect to ssl://rr-n1-tor.opensrs.net:55443 (Unknown error) in /x/Base.php on line 133\nPHP Fatal error:  Uncaught opensrs\\Exception: oSRS Error - Unable to establish socket: (0)  in /x/Base.php:90": "Certificate verify failed | tls.local-roots-outdated",
		"Warning: fsockopen(): SSL operation failed with code 1. OpenSSL Error messages:\nerror:0A00010B:SSL routines::wrong version number in Command line code on line 1":                                                   "Wrong version number | tls.not-tls",
		"fsockopen(): SSL: Handshake timed out\nfsockopen(): Failed to enable crypto\nfsockopen(): Unable to connect to ssl://rr-n1-tor.opensrs.net:55443 (Unknown error)":                                                    "TLS handshake timed out | tls.mtu-blackhole",
		"fsockopen(): php_network_getaddresses: getaddrinfo for rr-n1-tor.opensrs.net failed: Name or service not known":                                                                                                      "Name or service not known | dns.nxdomain",
		"fsockopen(): Unable to connect to ssl://rr-n1-tor.opensrs.net:55443 (Permission denied)":                                                                                                                             "Permission denied on a connection | ",
		"oSRS Error - UNEXPECTED READ: Unable to parse HTTP response code. Please make sure IP is whitelisted in RWI.\noSRS Error - UNEXPECTED ERROR: No Content-Length header provided!\noSRS Error - Read buffer is empty.": "UNEXPECTED READ: Unable to parse HTTP response code | call.no-reply",
		"PHP Fatal error:  Array and string offset access syntax with curly braces is no longer supported in /x/opensrs/Base.php on line 267":                                                                                 "Array and string offset access syntax with curly braces | ",
		"Fatal error: Uncaught Error: Call to undefined function curl_init()":                                                                                                                                                 "Call to undefined function curl_init() | client.missing-extension",
		"fsockopen() has been disabled for security reasons in /home/u/public_html/x.php on line 3":                                                                                                                           "Disabled for security reasons | client.missing-extension",
		"fsockopen(): Unable to find the socket transport \"sslv3\" - did you forget to enable it when you configured PHP?":                                                                                                   "Unable to find the socket transport \"ssl\" | client.missing-extension",
		"SimpleXMLElement::__construct(): Entity: line 1: parser error : Start tag expected, '<' not found":                                                                                                                   "The reply is not well-formed XML | call.no-reply",
		"Peer certificate CN=`proxy.corp.example' did not match expected CN=`rr-n1-tor.opensrs.net'":                                                                                                                          "Certificate is for another name | tls.name-mismatch",
		"Maximum execution time of 30 seconds exceeded in /x/Base.php on line 275":                                                                                                                                            "Read timed out | call.timeout",
		// curl, PHP curl and Guzzle.
		"curl: (60) SSL certificate problem: unable to get local issuer certificate\nMore details here: https://curl.se/docs/sslcerts.html":                         "Unable to get local issuer certificate | tls.local-roots-outdated",
		"GuzzleHttp\\Exception\\RequestException: cURL error 60: SSL certificate problem: self-signed certificate in certificate chain (see https://curl.haxx.se/)": "Self-signed certificate in certificate chain | tls.intercepted",
		"CURL Error: 60 - SSL certificate problem: certificate has expired":                                                                                         "Certificate has expired | tls.local-roots-outdated",
		"curl: (35) OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to rr-n1-tor.opensrs.net:55443":                                                            "Unexpected EOF while TLS was set up | tls.reset",
		"curl: (35) OpenSSL SSL_connect: Connection reset by peer in connection to rr-n1-tor.opensrs.net:55443":                                                     "Connection reset while TLS was set up | tls.reset",
		"curl: (35) Recv failure: Connection reset by peer":                                                                                                         "Connection reset while TLS was set up | tls.reset",
		"curl: (56) Recv failure: Connection reset by peer":                                                                                                         "Connection reset by peer | call.no-reply",
		"curl: (28) Failed to connect to rr-n1-tor.opensrs.net port 55443 after 130561 ms: Connection timed out":                                                    "Connection timed out after some milliseconds | port.filtered",
		"curl: (28) Connection timed out after 5001 milliseconds":                                                                                                   "Connection timed out after some milliseconds | port.filtered",
		"cURL error 28: Resolving timed out after 5000 milliseconds":                                                                                                "Resolving timed out | dns.resolver-unreachable",
		"cURL error 28: SSL connection timeout":                                                                                                                     "TLS handshake timed out | tls.mtu-blackhole",
		"curl: (7) Failed to connect to rr-n1-tor.opensrs.net port 55443: Connection refused":                                                                       "Connection refused | port.refused",
		"curl: (7) Failed to connect to rr-n1-tor.opensrs.net port 55443 after 9 ms: Couldn't connect to server":                                                    "Could not connect to server, cURL error 7 | port.refused",
		"curl: (52) Empty reply from server":                                                                                                                        "Empty reply from server | call.no-reply",
		"curl: (56) Received HTTP code 403 from proxy after CONNECT":                                                                                                "The proxy refuses to connect | proxy.denied",
		"curl: (56) CONNECT tunnel failed, response 407":                                                                                                            "HTTP 407 | proxy.auth-required",
		"curl: (5) Could not resolve proxy: proxy.corp.example":                                                                                                     "Could not resolve proxy | proxy.unreachable",
		"curl: (6) Could not resolve host: rr-n1-tor.opensrs.net":                                                                                                   "Could not resolve host | dns.resolver-unreachable",
		"curl: (22) The requested URL returned error: 503":                                                                                                          "HTTP 502, 503 or 504 | call.server-error",
		"curl: (90) SSL: public key does not match pinned public key":                                                                                               "Public key does not match pinned public key | tls.intercepted",
		"curl: (35) schannel: next InitializeSecurityContext failed: SEC_E_UNTRUSTED_ROOT (0x80090325)":                                                             "PartialChain or UntrustedRoot | tls.local-roots-outdated",
		"Unable to resolve host rr-n1-tor.opensrs.net:55443":                                                                                                        "Name or service not known | dns.nxdomain",
		// Python.
		"requests.exceptions.ConnectionError: HTTPSConnectionPool(host='rr-n1-tor.opensrs.net', port=55443): Max retries exceeded with url: / (Caused by NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x7f2c3a>: Failed to establish a new connection: [Errno 111] Connection refused'))": "Connection refused | port.refused",
		"requests.exceptions.SSLError: HTTPSConnectionPool(host='rr-n1-tor.opensrs.net', port=55443): Max retries exceeded with url: / (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate (_ssl.c:1007)')))":  "Unable to get local issuer certificate | tls.local-roots-outdated",
		"('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))":                                                               "Empty reply from server | call.no-reply",
		"('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))":                                                                             "Connection reset by peer | call.no-reply",
		"HTTPSConnectionPool(host='rr-n1-tor.opensrs.net', port=55443): Read timed out. (read timeout=10)":                                                           "Read timed out | call.timeout",
		"(Caused by ConnectTimeoutError(<urllib3.connection.HTTPSConnection object at 0x7f>, 'Connection to rr-n1-tor.opensrs.net timed out. (connect timeout=5)'))": "Connect timeout | port.filtered",
		"<urlopen error [SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol (_ssl.c:1006)>":                                                    "Unexpected EOF while TLS was set up | tls.reset",
		"URLError(gaierror(-2, 'Name or service not known'))":                                                                                                        "Name or service not known | dns.nxdomain",
		"OSError: Tunnel connection failed: 403 Forbidden":                                                                                                           "The proxy refuses to connect | proxy.denied",
		"xml.etree.ElementTree.ParseError: no element found: line 1, column 0":                                                                                       "The reply is not well-formed XML | call.no-reply",
		"PermissionError: [Errno 13] Permission denied":                                                                                                              "Permission denied on a connection | ",
		"PermissionError: [Errno 13] Permission denied: '/etc/opensrs/key'":                                                                                          "Permission denied for a file | ",
		// A reply's code and text, as libraries write the two.
		"RuntimeError: Authentication failed (Code 401)":                      "401 Authentication error | call.auth-failed",
		"POST https://198.51.100.10:55443: 401 Authentication failed":         "401 Authentication error | call.auth-failed",
		"last answer 401: Authentication failed":                              "401 Authentication error | call.auth-failed",
		"DomainException: Authentication failed":                              "401 Authentication error | call.auth-failed",
		"Access denied: invalid IP address (Code 400)":                        "Access denied: invalid IP address | rules.not-allowed",
		"Permission denied (Code 435)":                                        "435 Permission denied by the service | call.permission-denied",
		"oSRS Error Code #310: too many at once.":                             "310 Exceeded max simultaneous connections | call.rate-limited",
		"{\"response_text\":\"Internal Server Error\",\"response_code\":500}": "Internal Server Error with code 500 | call.not-opensrs",
		"{\"response_text\":\"Unrecognized protocol\",\"response_code\":500}": "500 Unrecognized protocol | ",
		// What comes back is no envelope.
		"expected element type <OPS_envelope> but have <html>":                         "The client finds nothing where the reply should be | call.not-opensrs",
		"TypeError: Cannot read properties of undefined (reading 'is_success')":        "The client finds nothing where the reply should be | call.not-opensrs",
		"opensrs/client.py line 86\nTypeError: 'NoneType' object is not subscriptable": "The client finds nothing where the reply should be | call.not-opensrs",
		"opensrs/reply.rb:30:in `[]': no implicit conversion of String into Integer":   "The client finds nothing where the reply should be | call.not-opensrs",
		"XML syntax error on line 13: unexpected EOF":                                  "The reply is not well-formed XML | call.no-reply",
		"xml.etree.ElementTree.ParseError: unclosed token: line 13, column 4":          "The reply is not well-formed XML | call.no-reply",
		// HTTP.
		"requests.exceptions.HTTPError: 502 Server Error: Bad Gateway for url: https://x/":  "HTTP 502, 503 or 504 | call.server-error",
		"requests.exceptions.HTTPError: 403 Client Error: Forbidden for url: https://x/":    "HTTP 403 | proxy.denied",
		"httpx.HTTPStatusError: Server error '502 Bad Gateway' for url 'https://x/'":        "HTTP 502, 503 or 504 | call.server-error",
		"Response status code does not indicate success: 503 (Service Unavailable).":        "HTTP 502, 503 or 504 | call.server-error",
		"file_get_contents(https://x/): Failed to open stream: HTTP request failed! in x":   "HTTP request failed | call.no-reply",
		"Failed to open stream: HTTP request failed! HTTP/1.1 502 Bad Gateway in x on line": "HTTP 502, 503 or 504 | call.server-error",
		"RuntimeException: Empty response":                                                  "Empty reply from server | call.no-reply",
		"OpenSRSHTTPException: DNS is not working for us.":                                  "DNS is not working for us | dns.resolver-unreachable",
		"ServerNotFoundError: Unable to find the server at x":                               "DNS is not working for us | dns.resolver-unreachable",
		"OpenSRSHTTPException: Are we offline?":                                             "Are we offline? | port.filtered",
		"httpx.ConnectError: All connection attempts failed":                                "Unable to connect | port.filtered",
		"client error (Connect): invalid peer certificate: UnknownIssuer":                   "Certificate signed by unknown authority | tls.local-roots-outdated",
		"TypeError: terminated": "Empty reply from server | call.no-reply",
		// Ruby, Perl.
		"HTTP error: 500 Can't connect to x:55443 (certificate verify failed)":   "Certificate verify failed | tls.local-roots-outdated",
		"HTTP error: 500 Can't connect to x:55443 (Connection refused)":          "Connection refused | port.refused",
		"HTTP error: 500 Server closed connection without sending any data back": "Empty reply from server | call.no-reply",
		"500 Can't connect to x": "Unable to connect | port.filtered",
		"SSL_read: unexpected eof while reading (OpenSSL::SSL::SSLError)":                                                                                      "Empty reply from server | call.no-reply",
		"SSL_connect returned=1 errno=0 state=error: unexpected eof while reading":                                                                             "Unexpected EOF while TLS was set up | tls.reset",
		"in `rescue in call': Net::OpenTimeout (OpenSRS::TimeoutError)\nin `ssl_socket_connect': Net::OpenTimeout":                                             "TLS handshake timed out | tls.mtu-blackhole",
		"Net::OpenTimeout (OpenSRS::TimeoutError)":                                                                                                             "Net::OpenTimeout in OpenSRS::TimeoutError | port.filtered",
		"OpenSSL::SSL::SSLError: SSL_connect returned=1 errno=0 peeraddr=198.51.100.10:55443 state=error: certificate verify failed (self-signed certificate)": "Self-signed certificate | tls.self-signed",
		"OpenSSL::SSL::SSLError (SSL_connect SYSCALL returned=5 errno=0 state=SSLv2/v3 read server hello A)":                                                   "Unexpected EOF while TLS was set up | tls.reset",
		"Errno::ECONNREFUSED: Failed to open TCP connection to rr-n1-tor.opensrs.net:55443 (Connection refused - connect(2) for 198.51.100.10:55443)":          "Connection refused | port.refused",
		"OpenSRS::BadResponse: Received a bad response from OpenSRS. Please check that your IP address is added to the whitelist, and try again.":              "Received a bad response from OpenSRS | call.no-reply",
		"Net::OpenTimeout: execution expired":                                               "Connect timeout | port.filtered",
		"500 Can't connect to rr-n1-tor.opensrs.net:55443 (certificate verify failed)":      "Certificate verify failed | tls.local-roots-outdated",
		"500 Can't connect to rr-n1-tor.opensrs.net:55443 (Connection timed out)":           "Connection timed out | port.filtered",
		"500 Server closed connection without sending any data back":                        "Empty reply from server | call.no-reply",
		"501 Protocol scheme 'https' is not supported (LWP::Protocol::https not installed)": "Unsupported protocol, cURL error 1 | ",
		"401: Authentication Error.":                                                        "401 Authentication error | call.auth-failed",
		// Node.
		"Error: connect ECONNREFUSED 198.51.100.10:55443\n    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1494:16) {\n  errno: -111,\n  code: 'ECONNREFUSED'": "Connection refused | port.refused",
		"TypeError: fetch failed\n  [cause]: ConnectTimeoutError: Connect Timeout Error\n  code: 'UND_ERR_CONNECT_TIMEOUT'":                                                "Connect timeout | port.filtered",
		"Error: write EPROTO 80CC2259787F0000:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/openssl/openssl/ssl/record/ssl3_record.c:350:":      "Wrong version number | tls.not-tls",
		"Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: Host: rr-n1-tor.opensrs.net. is not in the cert's altnames":              "Certificate is for another name | tls.name-mismatch",
		"Error: Client network socket disconnected before secure TLS connection was established":                                                                           "Unexpected EOF while TLS was set up | tls.reset",
		"AxiosError: Request failed with status code 502":    "HTTP 502, 503 or 504 | call.server-error",
		"AxiosError: timeout of 5000ms exceeded":             "Read timed out | call.timeout",
		"Error: getaddrinfo ENOTFOUND rr-n1-tor.opensrs.net": "Name or service not known | dns.nxdomain",
		"Error: Parse Error: Expected HTTP/":                 "Not an HTTP reply | call.no-reply",
		// Java, Go, .NET.
		"javax.net.ssl.SSLHandshakeException: PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target": "PKIX path building failed | tls.local-roots-outdated",
		"java.net.ConnectException: Connection refused (Connection refused)":                                                      "Connection refused | port.refused",
		"java.net.SocketTimeoutException: connect timed out":                                                                      "Connection timed out | port.filtered",
		"java.net.SocketTimeoutException: Read timed out":                                                                         "Read timed out | call.timeout",
		"java.net.NoRouteToHostException: No route to host (Host unreachable)":                                                    "No route to host | host.local-firewall",
		"javax.net.ssl.SSLHandshakeException: Received fatal alert: protocol_version":                                             "Protocol version not supported | tls.version-unsupported",
		"java.io.IOException: Unable to tunnel through proxy. Proxy returns \"HTTP/1.1 403 Forbidden\"":                           "The proxy refuses to connect | proxy.denied",
		"javax.xml.bind.X\n Caused by: java.net.UnknownHostException: rr-n1-tor.opensrs.net":                                      "Name or service not known | dns.nxdomain",
		"Post \"https://rr-n1-tor.opensrs.net:55443/\": dial tcp 198.51.100.10:55443: i/o timeout":                                "Connect timeout | port.filtered",
		"Post \"https://rr-n1-tor.opensrs.net:55443/\": dial tcp 198.51.100.10:55443: connect: no route to host":                  "No route to host | host.local-firewall",
		"Post \"https://rr-n1-tor.opensrs.net:55443/\": EOF":                                                                      "Empty reply from server | call.no-reply",
		"dial tcp: lookup rr-n1-tor.opensrs.net on 10.0.0.2:53: server misbehaving":                                               "server misbehaving | dns.servfail",
		"dial tcp 198.51.100.10:55443: connect: permission denied":                                                                "Permission denied on a connection | ",
		"tls: failed to verify certificate: x509: certificate signed by unknown authority":                                        "Certificate signed by unknown authority | tls.local-roots-outdated",
		"net/http: request canceled (Client.Timeout exceeded while awaiting headers)":                                             "Read timed out | call.timeout",
		"System.Net.Sockets.SocketException (10061): No connection could be made because the target machine actively refused it.": "Connection refused | port.refused",
		"System.Net.WebException: The remote server returned an error: (401) Unauthorized.":                                       "HTTP 401 | call.not-opensrs",
		"The underlying connection was closed: Could not establish trust relationship for the SSL/TLS secure channel.":            "The remote certificate is invalid | tls.local-roots-outdated",
		"The request was aborted: Could not create SSL/TLS secure channel.":                                                       "Could not create SSL/TLS secure channel | tls.version-unsupported",
		"An attempt was made to access a socket in a way forbidden by its access permissions. (rr-n1-tor.opensrs.net:55443)":      "An attempt was made to access a socket in a way forbidden by its access permissions | host.local-firewall",
		"WinError 10060] A connection attempt failed because the connected party did not properly respond after a period of time": "Connection timed out | port.filtered",
		// What people find in logs and see in tools.
		"Nov 24 10:00:01 web1 kernel: [12345.678] [UFW BLOCK] IN= OUT=eth0 SRC=10.0.0.5 DST=198.51.100.10 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=40000 DPT=55443 WINDOW=64240 RES=0x00 SYN URGP=0": "UFW BLOCK | host.local-firewall",
		"kernel: Firewall: *TCP_OUT Blocked* IN= OUT=eth0 SRC=10.0.0.5 DST=198.51.100.10 PROTO=TCP SPT=40000 DPT=55443":                                                                                            "Firewall: TCP_OUT Blocked | host.local-firewall",
		"type=AVC msg=audit(1764000000.123:456): avc:  denied  { name_connect } for  pid=812 comm=\"php-fpm\" dest=55443 scontext=system_u:system_r:httpd_t:s0":                                                    "SELinux: avc: denied { name_connect } | ",
		"telnet: Unable to connect to remote host: Connection refused":                                                                                                                                             "Connection refused | port.refused",
		"nc: connect to rr-n1-tor.opensrs.net port 55443 (tcp) failed: Network is unreachable":                                                                                                                     "Network is unreachable | host.offline",
		"140735:error:02002071:system library:connect:No route to host\nconnect:errno=113":                                                                                                                         "No route to host | host.local-firewall",
		"Verify return code: 20 (unable to get local issuer certificate)":                                                                                                                                          "Unable to get local issuer certificate | tls.local-roots-outdated",
		"55443/tcp filtered unknown":                                                                                  "55443/tcp filtered | port.filtered",
		";; connection timed out; no servers could be reached":                                                        "No DNS servers could be reached | dns.resolver-unreachable",
		"fsockopen(): Verbindungsaufbau abgelehnt":                                                                    "Connection refused | port.refused",
		"stream_socket_client(): Aucun chemin d'accès pour atteindre l'hôte cible":                                    "No route to host | host.local-firewall",
		"httpx.ReadTimeout: The read operation timed out":                                                             "Read timed out | call.timeout",
		"cURL error 60: SSL: no alternative certificate subject name matches target hostname 'rr-n1-tor.opensrs.net'": "Certificate is for another name | tls.name-mismatch",
		"{\"is_success\":\"0\",\"response_code\":\"415\",\"response_text\":\"Authentication Error.\"}":                "415 Registrant authentication error | ",
		"Connection to 198.51.100.10 failed. The system returned: (110) Connection timed out":                         "The proxy could not reach the service | proxy.upstream-failed",
		"PKIX path validation failed: java.security.cert.CertPathValidatorException: timestamp check failed":          "Certificate has expired or is not yet valid | host.clock-wrong",
		"OpenSRS: your IP is not whitelisted":                                                                         "Access denied: invalid IP address | rules.not-allowed",
		// Cut short.
		"oSRS Error - UNEXPECTED READ: Unable to parse HTTP resp":           "UNEXPECTED READ: Unable to parse HTTP response code | call.no-reply",
		"oSRS Error - Reseller username or OSRS_K… (more)":                  "Reseller username or OSRS_KEY is incorrect | call.auth-failed",
		"SSL certificate problem: unable to get local issuer cert... [cut]": "Certificate verify failed | tls.local-roots-outdated",
	} {
		if got := likeliest(ReadText(text)); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

// TestNotKnown: a wrong reading is worse than none. Ordinary sentences, other services' errors and mere words are
// not known.
func TestNotKnown(t *testing.T) {
	for _, text := range []string{
		"hello", "it does not work", "the API is broken since yesterday", "please help, urgent", "domain registration failed for example.com",
		"Everything worked until we moved to the new server.", "opensrs", "OpenSRS error", "error", "failed", "unknown error", "Unknown error 0",
		"Permission denied (publickey).", "root@host: Permission denied (publickey,password).", "bash: ./x: cannot execute: required file not found",
		"fatal: not a git repository (or any of the parent directories): .git", "npm ERR! code ELIFECYCLE", "Segmentation fault (core dumped)",
		"PHP Notice:  Undefined index: domain in /var/www/x.php on line 12", "Uncaught TypeError: Cannot read properties of undefined (reading 'x')",
		"Duplicate entry '1' for key 'PRIMARY'", "You have an error in your SQL syntax; check the manual", "Table 'whmcs.tbldomains' doesn't exist",
		"No space left on device", "Out of memory: Killed process 4242 (php-fpm)", "Invalid command 'SSLEngine', perhaps misspelled",
		"Access denied for user 'root'@'localhost' (using password: YES)", "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6",
		"The domain example.com is not available", "Invalid IP address given: 300.1.2.3", "Missing required field: email (registration form)",
		"60 seconds", "curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1 OpenSSL/3.0.15", "User-Agent: curl/7.61.1", "GuzzleHttp/6.5.5 curl/7.58.0 PHP/7.4.3", "version 1.28.35", "7 errors, 60 warnings", "code review 401 lines", "HTTP/1.1", "line 401", "Database connection failed", "The connection was closed by the user", "Please whitelist our IP", "Your IP is not whitelisted",
		"the operation took 3 s", "SSL certificate installed", "domain taken over by the new owner", "I read the documentation and the port is open", "took 110 ms",
		"chapter 13", "+1 401 555 0100", "10061 rows affected", "errno", "curl", "TLS", "timeout=30", "exit status 1", "port 443",
		"I have a broken pipe under my sink", "my web host is down since Monday", "the network is down in our village",
		"he followed a policy, denied everything, and a page not found is no reason", "there were too many requests for tickets",
		"\x00\x01\x02", "…", "'''", "<html", "ａｂｃ",
	} {
		if r := ReadText(text); r.Known {
			t.Errorf("%q: %s", text, likeliest(r))
		} else if r.Run == "" || r.Texts == nil || r.Nearest == nil {
			t.Errorf("%q: %+v", text, r)
		}
	}
}

// TestNearestTexts: what is almost a known text is said to be, and nothing else is.
func TestNearestTexts(t *testing.T) {
	for text, want := range map[string][]string{
		"read bufer is empty":                  {"Read buffer is empty"},
		"Read buffer was empty":                {"Read buffer is empty"},
		"certificate verification has failed":  {"Certificate verify failed"},
		"filtered":                             {"the cause port.filtered", "the cause port.all-filtered"},
		"rules ambiguous":                      {"the cause rules.ambiguous"},
		"tls":                                  {},
		"the buffer of the reader may be full": {},
		"":                                     {},
	} {
		if r := ReadText(text); r.Known || !slices.Equal(r.Nearest, want) {
			t.Errorf("%q: %q, known %v", text, r.Nearest, r.Known)
		}
	}
}

// TestOtherService: a text that names another peer is read in general, and that is said.
func TestOtherService(t *testing.T) {
	for text, want := range map[string]string{
		"SQLSTATE[HY000] [2002] Connection refused":                                              "sqlstate",
		"dial tcp 127.0.0.1:6379: connect: connection refused":                                   "port 6379",
		"SMTP connect() failed: Connection timed out":                                            "smtp",
		"Error: connect ECONNREFUSED 127.0.0.1:3306":                                             "port 3306",
		"nginx: connect() failed (111: Connection refused) while connecting to 10.0.0.7:9000":    "port 9000",
		"fsockopen(): Unable to connect to ssl://rr-n1-tor.opensrs.net:443 (Connection refused)": "",
		"WHMCS licence error: connection timed out":                                              "licence",
		"Stripe: Connection reset by peer":                                                       "stripe",
		"Errno 111 Connection refused":                                                           "",
		"Connection refused in /x/Base.php:90 at 12:15:30 for 198.51.100.10:55443":               "",
	} {
		r := ReadText(text)
		if !r.Known || (want == "") != (len(r.Notes) == 0) || want != "" && !strings.Contains(r.Notes[0], want) {
			t.Errorf("%s: %q", text, r.Notes)
		}
	}
}

// TestDeepestFirst: of several errors the reason comes first, and what only wraps it is named at the end.
func TestDeepestFirst(t *testing.T) {
	r := ReadText("fsockopen(): Failed to enable crypto\nSSL operation failed with code 1: certificate verify failed\n" +
		"oSRS Error - Unable to establish socket: (0)\n\n[Tue Nov 24 10:15:02 2026] [php:warn] [pid 4242] [client 203.0.113.7:50000] " +
		"in the other script, one hour later, after the restart of the web server: Connection refused")
	var titles []string
	for _, text := range r.Texts {
		titles = append(titles, text.Text)
	}
	want := []string{"Connection refused", "Certificate verify failed", "Failed to enable crypto", "SSL operation failed with code 1", "Unable to establish socket: (0)"}
	if !slices.Equal(titles, want) {
		t.Errorf("%q", titles)
	}
	var out strings.Builder
	if err := WriteTextReading(&out, r, screen.Options{}); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "explain-text.txt", out.String())
	out.Reset()
	if err := WriteTextReading(&out, ReadText("60"), screen.Options{ASCII: true}); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "explain-number-ascii.txt", out.String())
	java := ReadText("Read timed out\nCaused by: java.net.SocketException: Connection reset\nCaused by: PKIX path building failed")
	if java.Texts[0].Text != "PKIX path building failed" {
		t.Errorf("%s", likeliest(java))
	}
}

// TestPasteIsNotRepeated: keys, passwords, names and addresses of a paste come out nowhere.
func TestPasteIsNotRepeated(t *testing.T) {
	secrets := []string{strings.Repeat("0123456789abcdef", 7), "hunter2hunter2", "quuxreseller77", "203.0.113.77", "s3cr3t.example.com"}
	for _, text := range []string{"%s", "Connection refused %s", "X-Signature: %s\nRead buffer is empty", "https://u:%s@proxy:3128 407 Proxy Authentication Required",
		"define('OSRS_KEY', '%s'); Reseller username or OSRS_KEY is incorrect", "port %s refused", "mysql %s timed out", "%s:3306 connection refused", "response_code %s"} {
		for _, secret := range secrets {
			r := ReadText(strings.ReplaceAll(text, "%s", secret))
			var out bytes.Buffer
			if err := WriteTextReading(&out, r, screen.Options{Verbose: true}); err != nil {
				t.Fatal(err)
			}
			if err := WriteTextReadingJSON(&out, r); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(out.String(), secret) || strings.Contains(out.String(), secret[:8]) {
				t.Errorf("%s with %s: %s", text, secret, out.String())
			}
		}
	}
}

func TestTextReadingJSON(t *testing.T) {
	for _, text := range []string{"cURL error 60", "401", "nonsense"} {
		var out bytes.Buffer
		if err := WriteTextReadingJSON(&out, ReadText(text)); err != nil {
			t.Fatal(err)
		}
		decoder := json.NewDecoder(&out)
		decoder.DisallowUnknownFields()
		var back TextReading
		if err := decoder.Decode(&back); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "null") && text == "nonsense" {
			t.Error(out.String())
		}
	}
}

func FuzzReadText(f *testing.F) {
	f.Add("oSRS Error - Unable to establish socket: (110) Connection timed out")
	f.Add("\x1b[31mcURL error 60\x1b[0m: SSL &amp;quot; %20 \\n \\u0041")
	f.Add("unable to connect to unable to connect to unable to connect to permission")
	f.Add("C:\\x /y ~/z ssl://h ...")
	f.Add("\xff\xfe\u202e")
	f.Fuzz(func(t *testing.T, text string) {
		r := ReadText(text)
		var out bytes.Buffer
		if err := WriteTextReading(&out, r, screen.Options{}); err != nil {
			t.Fatal(err)
		}
		if r.Known != (len(r.Texts) > 0) || r.Run == "" {
			t.Errorf("%+v", r)
		}
		for _, c := range out.String() {
			if c != '\n' && foreign.Harmful(c) {
				t.Errorf("%q", out.String())
			}
		}
	})
}

// BenchmarkReadText is a paste of 64 KiB, of a log and of what is made to be slow.
func BenchmarkReadText(b *testing.B) {
	for name, line := range map[string]string{
		"log":     "[Tue Nov 24 10:15:02 2026] PHP Warning: fsockopen(): Unable to connect to ssl://rr-n1-tor.opensrs.net:55443 (Connection refused)\n",
		"hostile": "unable to connect to failed to connect to ",
		"words":   "a ",
		"short":   "econnrefused ",
		"replies": "response_code 415 connection refused ",
	} {
		text := strings.Repeat(line, 64<<10/len(line))
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				ReadText(text)
			}
		})
	}
}

package report

import "opensrs-doctor/probes/sandbox"

// brokenWords say why a connection to the sandbox came to no request.
var brokenWords = map[sandbox.Broken]string{
	sandbox.BrokenUntrusted: "the client does not trust the certificate. Give it the sandbox's CA file; do not switch the check off.",
	sandbox.BrokenExpired:   "the client finds that the certificate has expired.",
	sandbox.BrokenNoVersion: "there is no TLS version that both speak. The sandbox takes TLS 1.2 and 1.3.",
	sandbox.BrokenNotTLS:    "the client speaks no TLS. The URL begins with https.",
	sandbox.BrokenHungUp:    "the client hung up.",
	sandbox.BrokenSilent:    "the client was silent for too long.",
	sandbox.BrokenOther:     "the handshake broke off.",
	sandbox.BrokenInside:    "the sandbox itself failed over it; this is a bug in opensrs-doctor.",
}

// problemWords are about what only a service can notice in a request. {user} is the sandbox's own.
var problemWords = map[string]struct{ summary, fix string }{
	sandbox.NotHTTP: {"the head of the request is no HTTP",
		"After the request line each line is a header, as in Name: value, without a space before the colon; an empty line ends them. Lines end with CRLF."},
	sandbox.HostMissing: {"the header Host is missing",
		"HTTP/1.1 wants it: Host: HOST:PORT. A client that speaks HTTP/1.0 may leave it out."},
	sandbox.HeadTooBig: {"the head of the request is over 16 KiB",
		"The body goes behind an empty line, not into the head."},
	sandbox.Unfinished: {"the head of the request breaks off",
		"An empty line has to end the headers; look for a client that waits or gives up before it has sent them."},
	sandbox.EmptyBody: {"the body is empty",
		"Send the envelope that was signed as the body of the POST. With curl in PHP that is CURLOPT_POSTFIELDS."},
	sandbox.BodyTooBig: {"the body is over 1 MiB",
		"An envelope has some kilobytes. Look for a body that was put together more than once."},
	sandbox.SignatureUnexplained: {"the signature is wrong, and the body is too big for a search",
		"Send a command with a body under 64 KiB, such as GET_BALANCE: what is wrong with its signature is wrong with this one too."},
	sandbox.Username: {"X-Username is not {user}",
		"Send the sandbox's username; against the service, that of the primary reseller user of that environment."},
	sandbox.NoDomain: {"LOOKUP asks for no domain name",
		"The item attributes has a dt_assoc with an item domain, as in example.com."},
	sandbox.UnknownCommand: {"the sandbox does not know this command",
		"It knows GET_BALANCE of BALANCE or DOMAIN, and LOOKUP of DOMAIN. The service knows more."},
	sandbox.TooManyCommands: {"this connection has had its 100 commands",
		"Open a new connection after 100 commands; the service wants that too."},
}

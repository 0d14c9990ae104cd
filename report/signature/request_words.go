package signature

import (
	"strings"

	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/observed"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/report/screen"
)

// BrokenWords say why a connection to the sandbox came to no request.
var BrokenWords = lazy.Value[map[observed.Broken]string]{Make: func() map[observed.Broken]string {
	return map[observed.Broken]string{
		observed.BrokenUntrusted: "the client does not trust the certificate. Give it the sandbox's CA file; do not switch the check off.",
		observed.BrokenExpired:   "the client finds that the certificate has expired.",
		observed.BrokenNoVersion: "there is no TLS version that both speak. The sandbox takes TLS 1.2 and 1.3.",
		observed.BrokenNotTLS:    "the client speaks no TLS. The URL begins with https.",
		observed.BrokenHungUp:    "the client hung up.",
		observed.BrokenSilent:    "the client was silent for too long.",
		observed.BrokenOther:     "the handshake broke off.",
		observed.BrokenInside:    "the sandbox itself failed over it; this is a bug in opensrs-doctor.",
	}
}}

// ProblemWords are about what only a service can notice in a request. {user} is the sandbox's own.
var ProblemWords = lazy.Value[map[string]struct {
	Summary string
	Fix     string
}]{Make: func() map[string]struct {
	Summary string
	Fix     string
} {
	return map[string]struct{ Summary, Fix string }{
		observed.NotHTTP: {"the head of the request is no HTTP",
			"After the request line each line is a header, as in Name: value, without a space before the colon; an empty line ends them. Lines end with CRLF."},
		observed.AmbiguousHead: {"two servers would read the head of the request differently:",
			"Send Host, Content-Length, Content-Type, X-Username and X-Signature once each, and no Transfer-Encoding. What the HTTP library sets by itself must not be set a second time."},
		observed.HostMissing: {"the header Host is missing",
			"HTTP/1.1 wants it: Host: HOST:PORT. A client that speaks HTTP/1.0 may leave it out."},
		observed.HeadTooBig: {"the head of the request is over 16 KiB, or has over 200 headers",
			"The body goes after an empty line, not into the head."},
		observed.Unfinished: {"the head of the request breaks off",
			"An empty line has to end the headers; look for a client that waits or gives up before it has sent them."},
		observed.EmptyBody: {"the body is empty",
			"Send the envelope that was signed as the body of the POST. With curl in PHP that is CURLOPT_POSTFIELDS."},
		observed.BodyTooBig: {"the body is over 1 MiB",
			"An envelope has some kilobytes. Look for a body that was put together more than once."},
		observed.SignatureUnexplained: {"the signature is wrong; run opensrs-doctor sign verify to find out why: the sandbox did not look",
			"opensrs-doctor sign verify --body FILE --signature TEXT --api-key-file PATH: the body as it was sent, and its X-Signature. Or send " +
				"a small command such as GET_BALANCE, alone: what is wrong with its signature is wrong with this one too."},
		observed.Username: {"X-Username is not {user}",
			"Send the sandbox's username; against the service, that of the primary reseller user of that environment."},
		observed.NoDomain: {"the command asks about no domain name",
			"The item attributes has a dt_assoc with an item domain, as in example.com."},
		observed.Attribute: {"an attribute is missing or wrong:",
			"The items of attributes are described in the API guide, " + service.OpenSRS.Guide + "/docs, on the command's page."},
		observed.Unverified:     {unverified.summary, unverified.fix},
		observed.UnknownCommand: {"the sandbox does not know this command", commandWords() + " The service knows more."},
		observed.TooManyCommands: {"this connection has had its 100 commands",
			"Open a new connection after 100 commands; the service wants that too."},
	}
}}

// problemIn puts a problem into words.
func problemIn(o observed.Observation, problem observed.Problem) toldMistake {
	if problem.ID == observed.Unverified {
		means := strings.ReplaceAll(unverified.means, "{certificate}", RefusableWords.Get()[o.Refusable])
		return toldMistake{unverified.id, unverified.summary, means, unverified.fixes()}
	}
	words := ProblemWords.Get()[problem.ID]
	summary := strings.ReplaceAll(words.Summary, "{user}", o.User)
	return toldMistake{problem.ID, strings.TrimSpace(summary + " " + problem.Detail), "", Fix{Text: words.Fix}}
}

// commandWords say what the sandbox answers.
func commandWords() string {
	return "It knows " + screen.List(observed.Commands) + ", and with dummy values " + screen.List(observed.Dummies) + "."
}

// RefusableWords say what is wrong with the handshake of a fault that a client may end.
var RefusableWords = lazy.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{
		"tls.expired":             "the certificate has expired",
		"tls.not-yet-valid":       "the certificate is not valid yet",
		"host.clock-wrong":        "the certificate is not valid yet by this machine's clock",
		"tls.name-mismatch":       "the certificate names another host",
		"tls.self-signed":         "the certificate is self-signed",
		"tls.unknown-ca":          "the certificate comes from an authority that no one trusts",
		"tls.incomplete-chain":    "the intermediate certificate is missing",
		"tls.version-unsupported": "only TLS 1.0 and 1.1 are offered",
	}
}}

// brokenOff says why a connection came to no request, and where the client was right to end it.
func brokenOff(o observed.Observation) string {
	switch o.Broken {
	case observed.BrokenUntrusted, observed.BrokenExpired, observed.BrokenNoVersion, observed.BrokenHungUp, observed.BrokenOther:
		if why := RefusableWords.Get()[o.Refusable]; why != "" {
			return "the client ended the handshake, and rightly so: " + why + "."
		}
	}
	return BrokenWords.Get()[o.Broken]
}

// unverified is the mistake of a client that sends its request over a certificate which should not verify.
var unverified = mistake{
	id:      observed.Unverified,
	summary: "the client does not verify the server's certificate",
	means: "It sent this request although {certificate}. So it would send username and signature to anyone who gets between " +
		"it and the service.",
	fix:    "Switch verification of certificate and host name on. For the sandbox, give the client its CA file.",
	php:    "CURLOPT_SSL_VERIFYPEER true, CURLOPT_SSL_VERIFYHOST 2, CURLOPT_CAINFO for the sandbox; for streams verify_peer and verify_peer_name true, cafile.",
	python: "no verify=False, no _create_unverified_context(); ssl.create_default_context(cafile=path), or verify=path in requests.",
	ruby:   "http.verify_mode = OpenSSL::SSL::VERIFY_PEER instead of VERIFY_NONE; http.ca_file for the sandbox.",
	node:   "no rejectUnauthorized: false, no NODE_TLS_REJECT_UNAUTHORIZED=0; NODE_EXTRA_CA_CERTS or ca for the sandbox.",
	perl:   "ssl_opts => {verify_hostname => 1}, SSL_verify_mode not 0x00; SSL_ca_file, or PERL_LWP_SSL_CA_FILE, for the sandbox.",
}

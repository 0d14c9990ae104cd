package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"opensrs-doctor/probes/opensrs"
)

// Reply codes of the service: domains.opensrs.guide/docs/codes.
const (
	codeOK           = 200
	codeAvailable    = 210
	codeTaken        = 211
	codeRate         = 310
	codeConnection   = 350
	codeBad          = 400
	codeAuth         = 401
	codeUnknown      = 430
	codePermission   = 435
	refusedAddress   = "Access denied: invalid IP address"
	refusedSignature = "Authentication failed"
)

// Balance is what GET_BALANCE says of every sandbox's account.
const (
	Balance     = "1234.56"
	HoldBalance = "78.90"
)

// api is the service: it looks at each request, logs what it saw and answers, or lets the fault answer.
func (p *plan) api() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := p.inspect(w, r)
		if p.answer != nil {
			p.sandbox.noteRequest(seen.String() + "; answered as the fault wants it")
			p.answer(w, r)
			return
		}
		if seen.status != 0 {
			p.sandbox.noteRequest(seen.String() + "; answered HTTP " + strconv.Itoa(seen.status))
			w.Header().Set("Connection", "close")
			http.Error(w, http.StatusText(seen.status), seen.status)
			return
		}
		answer := respond(seen, commands(r))
		p.sandbox.noteRequest(answer.what + seen.String() + "; answered " + strconv.Itoa(answer.code))
		answer.write(w)
	})
}

// answer is a reply before it is spelled.
type answer struct {
	code       int
	text       string
	success    bool
	object     string
	attributes map[string]string
	close      bool
	what       string // for the log: the command, where it is one that is known
}

func (a answer) write(w http.ResponseWriter) {
	body := opensrs.EncodeReply(a.code, a.text, a.success, "REPLY", a.object, a.attributes)
	if a.close {
		w.Header().Set("Connection", "close")
	}
	w.Header().Set("Content-Type", opensrs.ContentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body)
}

// respond answers a request that could be read: address first, then user and signature, then the command.
// In which order the service looks is not documented.
func respond(seen *inspection, nth int32) answer {
	switch {
	case !seen.allowed:
		return answer{code: codeBad, text: refusedAddress}
	case !seen.authenticated:
		return answer{code: codeAuth, text: refusedSignature}
	case nth > maxCommands:
		return answer{code: codeConnection, close: true,
			text: "Maximum number of commands per connection exceeded"}
	}
	request, err := opensrs.ParseRequest(seen.body)
	if err != nil {
		seen.bad("body", err.Error())
		return answer{code: codeBad, text: "Invalid Command"}
	}
	switch request.Action + " " + request.Object {
	case "GET_BALANCE BALANCE", "GET_BALANCE DOMAIN":
		return answer{code: codeOK, text: "Command successful", success: true, object: request.Object,
			attributes: map[string]string{"balance": Balance, "hold_balance": HoldBalance},
			what:       "GET_BALANCE: "}
	case "LOOKUP DOMAIN":
		return lookup(request)
	}
	return answer{code: codeUnknown, text: "Unsupported action or object", what: "another command: "}
}

// lookup answers LOOKUP of a domain. A name is taken if its first label holds "taken" or it is one of
// example.com, example.net and example.org; all others are available.
func lookup(request opensrs.Request) answer {
	domain, _ := request.Attributes.Get("domain")
	name := strings.TrimSuffix(strings.ToLower(strings.TrimSpace(domain.Text)), ".")
	a := answer{object: "DOMAIN", what: "LOOKUP: "}
	first, rest, dotted := strings.Cut(name, ".")
	switch {
	case !dotted || first == "" || rest == "":
		a.code, a.text = codeBad, "Invalid Command: attribute domain is no domain name"
	case strings.Contains(first, "taken"), slices.Contains(wellKnown, name):
		a.code, a.text, a.success = codeTaken, "Domain taken", true
		a.attributes = map[string]string{"status": "taken"}
	default:
		a.code, a.text, a.success = codeAvailable, "Domain available", true
		a.attributes = map[string]string{"status": "available"}
	}
	return a
}

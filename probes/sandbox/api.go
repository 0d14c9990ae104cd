package sandbox

import (
	"net/http"
	"slices"
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
	codeProtocol     = 500 // not on that page: an integrator saw it
	refusedAddress   = "Access denied: invalid IP address"
	refusedSignature = "Authentication failed"
)

// Balance is what GET_BALANCE says of every sandbox's account.
const (
	Balance     = "1234.56"
	HoldBalance = "78.90"
)

// decide gives the reply to a request: that of the fault, the refusal that its form has earned, or the service's.
func (p *plan) decide(seen *inspection, nth int) *reply {
	switch {
	case p.answer != nil:
		seen.Fault = p.fault
		return p.answer()
	case seen.status != 0:
		return &reply{status: seen.status, kind: "text/plain", body: []byte(http.StatusText(seen.status) + "\n"),
			close: true}
	}
	return seen.respond(nth)
}

// respond answers a request that could be read: address first, then user and signature, then the command.
// In which order the service looks is not documented.
func (i *inspection) respond(nth int) *reply {
	switch {
	case !i.allowed:
		return refusal(codeBad, refusedAddress)
	case !i.known:
		return refusal(codeAuth, refusedSignature)
	case nth > maxCommands:
		i.problem(TooManyCommands)
		r := refusal(codeConnection, "Maximum number of commands per connection exceeded")
		r.close = true
		return r
	}
	request, err := opensrs.ParseRequest(i.body)
	switch {
	case i.found(opensrs.ProtocolMissing, opensrs.EnvelopeOrder):
		return refusal(codeProtocol, "Unrecognized protocol")
	case err != nil || i.found(opensrs.BodyNotWellFormed, opensrs.CommandMissing):
		return refusal(codeBad, "Invalid Command")
	}
	switch request.Action + " " + request.Object {
	case "GET_BALANCE BALANCE", "GET_BALANCE DOMAIN":
		i.Command = "GET_BALANCE"
		return envelope(codeOK, "Command successful", true, request.Object,
			map[string]string{"balance": Balance, "hold_balance": HoldBalance})
	case "LOOKUP DOMAIN":
		i.Command = "LOOKUP"
		return i.lookup(request)
	}
	i.Command = "other"
	i.problem(UnknownCommand)
	return refusal(codeUnknown, "Unsupported action or object")
}

// lookup answers LOOKUP of a domain. A name is taken if its first label holds "taken" or it is one of
// example.com, example.net and example.org; all others are available.
func (i *inspection) lookup(request opensrs.Request) *reply {
	domain, _ := request.Attributes.Get("domain")
	name := strings.TrimSuffix(strings.ToLower(strings.TrimSpace(domain.Text)), ".")
	first, rest, dotted := strings.Cut(name, ".")
	status := func(code int, text, status string) *reply {
		return envelope(code, text, true, "DOMAIN", map[string]string{"status": status})
	}
	switch {
	case !dotted || first == "" || rest == "":
		i.problem(NoDomain)
		return refusal(codeBad, "Invalid Command: attribute domain is no domain name")
	case strings.Contains(first, "taken"), slices.Contains(wellKnown, name):
		return status(codeTaken, "Domain taken", "taken")
	}
	return status(codeAvailable, "Domain available", "available")
}

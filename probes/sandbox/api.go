package sandbox

import (
	"net/http"
	"slices"

	"opensrs-doctor/probes/inspect"
	"opensrs-doctor/probes/observed"
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
	case seen.whoami:
		return plainText(http.StatusOK, seen.Caller.String())
	case p.answer != nil:
		seen.Fault = p.fault.id
		return p.answer()
	case seen.status != 0:
		r := plainText(seen.status, http.StatusText(seen.status))
		r.close = true
		return r
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
		i.problem(observed.TooManyCommands)
		r := refusal(codeConnection, "Maximum number of commands per connection exceeded")
		r.close = true
		return r
	}
	request, err := opensrs.ParseRequest(i.body)
	switch {
	case i.found(inspect.ProtocolMissing, inspect.EnvelopeOrder):
		return refusal(codeProtocol, "Unrecognized protocol")
	case err != nil || i.found(inspect.CommandMissing) ||
		slices.ContainsFunc(i.Findings, func(f inspect.Finding) bool { return f.XML.Kind != "" }):
		return refusal(codeBad, "Invalid Command")
	}
	return i.run(request)
}

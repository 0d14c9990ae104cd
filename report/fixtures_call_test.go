package report_test

import (
	"strconv"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/report"
	"opensrs-doctor/report/reading"
)

// replied is a call whose reply is not an envelope.
func replied(e *evidence.Evidence, call evidence.Call) {
	call.Sent, call.VectorOK, call.TookMS, call.Retransmits = true, true, 61, pointer(0)
	e.Call = &call
	if call.Failure.Kind == evidence.KindTimeout {
		call.TookMS, step(e, "call").Took = 10001, ms(10001)
	}
	stopCall(e)
}

// hangUp is a connection that ends after the request, without a byte of a reply.
func hangUp(e *evidence.Evidence) {
	replied(e, evidence.Call{Failure: failure("call", evidence.KindHungUp, "unexpected EOF")})
}

// gatewayError is a page with an HTTP status of a gateway in front of the service.
func gatewayError(e *evidence.Evidence, status int) {
	replied(e, evidence.Call{HTTPStatus: status, ContentType: said("text/html"), Quote: said(reading.StatusText(status)), ReplyBytes: 110,
		Failure: failure("call", evidence.KindHTTPStatus, "HTTP status "+strconv.Itoa(status))})
}

var callFixtures = []fixture{
	{"call.ip-denied", report.Fail, report.Certain, func(e *evidence.Evidence) {
		setRules(e)
		invalidIP(e)
	}},
	{"call.ip-denied/address-unknown", report.Fail, report.Certain, func(e *evidence.Evidence) {
		noSource(e, silence)
		invalidIP(e)
	}},
	{"call.auth-failed", report.Fail, report.Likely, func(e *evidence.Evidence) {
		refuse(e, "401", "Authentication failed", "auth-failed")
		e.CrossCheck = &evidence.CrossCheck{Environment: "test", Host: "horizon.opensrs.net", Code: said("401"),
			Text: said("Authentication failed"), Class: "auth-failed",
			Failure: failure("call", evidence.KindRefusedByAPI, "401 Authentication failed")}
	}},
	{"call.auth-failed/no-rules", report.Fail, report.Likely, func(e *evidence.Evidence) {
		setRules(e)
		refuse(e, "410", "Reseller authentication error", "auth-failed")
		e.Target.KeyFingerprint, e.Asked.KeyForm = nil, &opensrs.Form{Length: 16}
	}},
	{"call.auth-failed/odd-key", report.Fail, report.Likely, func(e *evidence.Evidence) {
		refuse(e, "401", "Authentication failed", "auth-failed")
		e.Target.KeyFingerprint, e.Asked.KeyForm = nil, &opensrs.Form{Length: 111, NotHex: 4, Places: []int{3, 57, 58}}
	}},
	{"call.wrong-environment", report.Fail, report.Certain, func(e *evidence.Evidence) {
		refuse(e, "401", "Authentication failed", "auth-failed")
		e.CrossCheck = &evidence.CrossCheck{Environment: "test", Host: "horizon.opensrs.net", Success: true, Code: said("200"),
			Text: said("Command successful"), Class: "accepted"}
	}},
	{"call.permission-denied", report.Fail, report.Certain, func(e *evidence.Evidence) {
		refuse(e, "435", "Permission denied", "permission-denied")
	}},
	{"call.rate-limited", report.Fail, report.Certain, func(e *evidence.Evidence) {
		refuse(e, "310", "Maximum simultaneous connections exceeded", "rate-limited")
	}},
	{"call.rate-limited/http", report.Fail, report.Certain, func(e *evidence.Evidence) { gatewayError(e, 429) }},
	{"call.server-error", report.Fail, report.Certain, func(e *evidence.Evidence) {
		refuse(e, "400", "Internal server error", "server-error")
	}},
	{"call.server-error/gateway", report.Fail, report.Certain, func(e *evidence.Evidence) { gatewayError(e, 502) }},
	{"call.answered-by-device", report.Fail, report.Likely, func(e *evidence.Evidence) {
		gatewayError(e, 503)
		e.Call.Quote, e.Call.Device = said("ERROR: The requested URL could not be retrieved"), said("X-Squid-Error: ERR_CONNECT_FAIL 110")
	}},
	{"call.rate-limited/code-alone", report.Fail, report.Likely, func(e *evidence.Evidence) { refuse(e, "300", "Registration held", "rate-limited") }},
	{"unexplained/consent", report.Fail, report.Possible, func(e *evidence.Evidence) {
		refuse(e, "300", "Registrant consent required", "unknown")
	}},
	{"call.no-reply", report.Fail, report.Likely, func(e *evidence.Evidence) {
		setRules(e)
		hangUp(e)
	}},
	{"call.no-reply/allowed-by-the-rules", report.Fail, report.Likely, hangUp},
	{"call.no-reply/words", report.Fail, report.Likely, func(e *evidence.Evidence) {
		setRules(e)
		replied(e, evidence.Call{Quote: said("you are not welcome here"), ReplyBytes: 25,
			Failure: failure("call", evidence.KindNotHTTP, "the reply is no HTTP")})
	}},
	{"call.not-opensrs", report.Fail, report.Certain, func(e *evidence.Evidence) {
		replied(e, evidence.Call{HTTPStatus: 200, ContentType: said("text/html; charset=utf-8"), Quote: said("Guest network"), ReplyBytes: 123,
			Failure: failure("call", evidence.KindBadAnswer, "the reply is no OPS envelope")})
	}},
	{"call.not-opensrs/empty", report.Fail, report.Certain, func(e *evidence.Evidence) {
		replied(e, evidence.Call{HTTPStatus: 200, Failure: failure("call", evidence.KindBadAnswer, "the reply is no OPS envelope")})
	}},
	{"call.redirected", report.Fail, report.Certain, func(e *evidence.Evidence) {
		replied(e, evidence.Call{HTTPStatus: 302, Location: said("https://portal.example/login"),
			Failure: failure("call", evidence.KindHTTPStatus, "HTTP status 302")})
	}},
	{"call.malformed-reply", report.Fail, report.Certain, func(e *evidence.Evidence) {
		replied(e, evidence.Call{HTTPStatus: 200, ContentType: said("text/xml"), ReplyBytes: 325,
			Failure: failure("call", evidence.KindMalformed, "it is cut short")})
	}},
	{"call.timeout/not-confirmed", report.Fail, report.Likely, func(e *evidence.Evidence) {
		replied(e, evidence.Call{Unconfirmed: 1, Failure: failure("call", evidence.KindTimeout, "i/o timeout")})
	}},
	{"call.timeout", report.Fail, report.Likely, func(e *evidence.Evidence) {
		replied(e, evidence.Call{Failure: failure("call", evidence.KindTimeout, "i/o timeout")})
	}},
	{"unexplained", report.Fail, report.Possible, func(e *evidence.Evidence) { refuse(e, "465", "Unknown command", "unknown") }},
	{"unexplained/dns", report.Fail, report.Possible, func(e *evidence.Evidence) { answered(e, "NOTIMP", evidence.KindBadAnswer) }},
}

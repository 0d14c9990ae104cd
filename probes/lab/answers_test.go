//go:build linux

package lab

// Answers that are somebody else's: a page of the device that opens TLS, a cache's, another service's greeting.
var answerWorlds = []Fault{
	openedTLS("call.server-error", "block-page-of-a-device-that-opens-tls", "503 Service Unavailable", "Web Page Blocked"),
	openedTLS("call.rate-limited", "limit-of-a-device-that-opens-tls", "429 Too Many Requests", "Slow down"),
	{Cause: "call.server-error", Name: "relay-that-reaches-nobody", Confidence: "likely", Says: []string{"502", "whoever runs " + Host},
		Break: reply(HTTP("502 Bad Gateway", "text/html", "<title>502 Bad Gateway</title>"))},
	likely(replies("call.server-error", "code-alone", Envelope(404, "Sorry"))),
	likely(replies("call.permission-denied", "code-alone", Envelope(415, "Authentication Failure"))),
	replies("call.not-opensrs", "304", Literal("HTTP/1.1 304 Not Modified\r\n\r\n"), "304", "no body"),
	replies("call.not-opensrs", "403-without-a-body", HTTP("403 Forbidden", "text/plain", ""), "403", "no body"),
	replies("call.not-opensrs", "mail-server-behind-tls", Literal("220 mail.example ESMTP\r\n"), "220 mail.example ESMTP"),
	replies("call.not-opensrs", "mailbox-server-behind-tls", Literal("* OK ready\r\n"), "OK ready"),
	{Cause: "call.malformed-reply", Name: "blank-line-before-the-head", Break: reply(Literal("\r\n" + plainReply(goodEnvelope)))},
	replies("call.not-opensrs", "page-that-is-all-frame", HTTP("403 Forbidden", "text/html", `<html style="height:100%"><head><META NAME="ROBOTS"></head><body>`+
		`<iframe id="main" src="/x?y">Request unsuccessful. Incident ID: 123-456</iframe></body></html>`), "Request unsuccessful. Incident ID: 123-456"),
	replies("call.not-opensrs", "soap-fault", HTTP("200 OK", "text/xml", `<?xml version="1.0"?>`+"\n"+`<soap:Fault><faultstring>No such service</faultstring></soap:Fault>`),
		"No such service"),
}

// openedTLS is a reply by a device that opens TLS, whose root this host trusts.
func openedTLS(cause, name, status, title string) Fault {
	return Fault{Cause: cause, Name: name, Confidence: "likely", Then: []string{"tls.intercepted"}, Says: []string{"TLS is opened on the path", "Acme Corp Private Root"},
		Break: func(w *World) {
			intercepted(w)
			w.Flags = append(w.Flags, "--allow-intercepted")
			w.API.Reply = HTTP(status, "text/html", "<html><title>"+title+"</title></html>")
		}}
}

// likely is a fault whose cause is not certain.
func likely(fault Fault) Fault {
	fault.Confidence = "likely"
	return fault
}

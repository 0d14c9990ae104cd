package render

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// The words for the objects that facts of several probes have in them. Each takes from the object what it says.

// took is how long something took; "" for nothing worth saying.
func took(r *factReader) string {
	ms, ok := r.number("took_ms")
	if !ok || ms <= 0 {
		return ""
	}
	return screen.SpanMS(screen.Sane(ms))
}

// silentDetails are the system's words for a silence, which say no more than the silence does.
var silentDetails = []string{"i/o timeout", "context deadline exceeded", "no answer so far"}

// failureInWords is an operation that failed, in words. For usual, its own name is left out.
func failureInWords(f *factReader, usual ...string) string {
	if f == nil {
		return ""
	}
	op, kind, detail := f.text("op"), evidence.Kind(f.text("kind")), f.text("detail")
	words, known := reading.KindWords.Get()[kind]
	if !known {
		words = strings.ReplaceAll(string(kind), "-", " ")
	}
	switch {
	case kind == evidence.KindUnclassified && detail != "":
		words = detail
	case kind == evidence.KindTimeout && slices.Contains(silentDetails, detail):
	case detail != "" && !strings.Contains(strings.ToLower(words), strings.ToLower(detail)):
		words += " (" + detail + ")"
	}
	if op != "" && !slices.Contains(usual, op) {
		words = op + ": " + words
	}
	return words
}

// connectionInWords is one connection attempt.
func connectionInWords(a *factReader) string {
	from := prefixed("from ", a.text("local_address"))
	failure := failureInWords(a.object("failure"), "connect")
	switch connected, known := a.flag("connected"); {
	case connected:
		return joinedWords("connected"+prefixed(" in ", took(a)), from, failure)
	case known:
		return joinedWords("failed"+prefixed(" after ", took(a))+prefixed(": ", failure), from)
	}
	return joinedWords(failure, took(a), from)
}

// answerInWords is what one resolver said to a question.
func answerInWords(a *factReader) string {
	rcode, found := a.text("rcode"), screen.List(append(a.texts("a"), a.texts("aaaa")...))
	failure := failureInWords(a.object("failure"), "query")
	said := found
	switch {
	case a.is("pending"):
		said = "had not answered when the run ended"
	case found != "" && rcode != "" && rcode != "NOERROR":
		said = rcode + ", " + found
	case found == "" && rcode == "NOERROR":
		said = "NOERROR, without an address"
	case found == "" && rcode != "":
		said = rcode
	case found == "":
		said = failure
	}
	if by := a.texts("cname"); len(by) > 0 {
		said = joinedWords(said, "through "+screen.List(by))
	}
	return joinedWords(said, prefixed("over ", strings.ToUpper(a.text("transport"))), a.pick("only_tcp", "not over UDP", ""), a.pick("accepts", "takes TCP connections", ""), took(a))
}

// answer adds an answer, and below it the replies of a ticket.
func (l *factList) answer(key string, a *factReader) {
	if a == nil {
		return
	}
	l.under(key, answerInWords(a), func() {
		l.each("replies", a.objects("replies"), func(reply *factReader) (string, string) {
			var records []string
			for _, record := range reply.objects("records") {
				records = append(records, joinedWords(record.text("type")+" "+record.text("value"),
					prefixed("for ", prefixed(record.text("ttl"), " s"))))
			}
			failure := failureInWords(reply.object("failure"), "query")
			return reply.text("type"), joinedWords(strings.Join(records, "; "), reply.text("rcode"),
				prefixed("over ", strings.ToUpper(reply.text("transport"))), failure)
		})
		l.rest(a)
	})
}

// hopWords are the answers to a packet with a small TTL.
var hopWords = lazy.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{
		evidence.HopTimeExceeded: "time exceeded", evidence.HopSilence: "no answer", evidence.HopNotPermitted: "not permitted",
		evidence.HopPortUnreachable: "port unreachable",
	}
}}

func hopInWords(h *factReader) string {
	from := h.text("from")
	if h.is("from_self") {
		from = joinedWords(from, "an address of this host")
	}
	answer := h.text("answer")
	if words := hopWords.Get()[answer]; words != "" {
		answer = words
	}
	icmp := ""
	code, _ := h.number("icmp_code")
	if kind, ok := h.number("icmp_type"); ok {
		if kind != 11 { // time exceeded, which is said already
			icmp = fmt.Sprintf("ICMP type %.0f, code %.0f", kind, code)
		}
	}
	after := took(h)
	if answer == hopWords.Get()[evidence.HopSilence] {
		after = "" // it is how long the packet was waited for
	}
	return joinedWords(from, answer, icmp, after)
}

// offsetWords is how far a clock is from this host's; a Date has whole seconds.
func offsetWords(ms float64) string {
	ms = min(max(ms, -9e12), 9e12) // what a duration can hold, some 285 years
	switch {
	case math.Abs(ms) < 1000:
		return "as this host's clock, within a second"
	case ms > 0:
		return screen.Span(time.Duration(ms)*time.Millisecond) + " ahead of this host's clock"
	}
	return screen.Span(time.Duration(ms)*time.Millisecond) + " behind this host's clock"
}

// partsOfNames are the members that hold a part of a name that is told as a whole.
var partsOfNames = []string{"subject_common_name", "subject_organization", "issuer_common_name", "issuer_organization",
	"missing_issuer_common_name", "missing_issuer_organization"}

// trustInWords is a judged chain in one phrase, for peers that are only compared with.
func trustInWords(t *factReader) string {
	if t == nil {
		return ""
	}
	public, known := t.flag("public")
	own, given := t.flag("by_ca_file")
	untrusted := ""
	switch {
	case given && !own:
		untrusted = "not by the authority of --ca-file"
	case known && !public && !given:
		untrusted = "not by a public authority"
	}
	wrong := joinedWords(untrusted, t.pick("name_ok", "", "not for this name"), t.pick("dates_ok", "", "not valid by this host's clock"),
		prefixed("issuer missing: ", t.text("missing_issuer")), t.text("flaw"))
	issuer, product := t.text("issuer"), t.text("inspection_product")
	store := t.pick("system", "", "not trusted by this host's own store")
	if t.is("system_empty") {
		store = "this host has no root certificates"
	}
	t.drop("dates_only", "root_presented", "self_signed", "missing_issuer_url", "missing_issuer_is_public", "namesake",
		"below_public_root", "first_to_end", "expired", "not_yet_valid")
	t.drop(partsOfNames...)
	switch {
	case wrong != "":
		return joinedWords("certificate does not verify ("+wrong+")", prefixed("issued by ", issuer), product, store)
	case known:
		return joinedWords("certificate verifies", store)
	}
	return store
}

// trust adds what was judged of the service's own chain, a line each.
func (l *factList) trust(t *factReader) {
	if t == nil {
		return
	}
	t.drop(partsOfNames...)
	l.under("trust", "", func() {
		l.say("authority of --ca-file", t.pick("by_ca_file", "verifies the chain", "does not verify the chain"))
		l.say("public roots", t.pick("public", "verify the chain", "do not verify the chain"))
		system := t.pick("system", "verifies the chain", "does not verify the chain")
		if t.is("system_empty") {
			system = "has no root certificates"
		}
		l.say("this host's own store", system)
		l.say("name", t.pick("name_ok", "is in the certificate", "is not in the certificate"))
		l.say("dates", joinedWords(t.pick("dates_ok", "valid by this host's clock", "not valid by this host's clock"),
			t.pick("dates_only", "and nothing else is wrong", "")))
		l.say("root", t.pick("root_presented", "sent along by the server", ""))
		l.say("self-signed", t.pick("self_signed", "the certificate is its own issuer", ""))
		l.say("missing issuer", joinedWords(t.text("missing_issuer"), t.pick("missing_issuer_is_public", "a public authority's", ""),
			prefixed("at ", t.text("missing_issuer_url"))))
		l.say("broken rule", t.text("flaw"))
		l.say("namesake", t.pick("namesake", "the issuer has the name of a known or presented one, and another key", ""))
		l.say("below a public root", t.pick("below_public_root", "signed up to a public root, and still not good", ""))
		l.say("last issuer in the chain", t.text("issuer"))
		l.say("inspection product", t.text("inspection_product"))
		for _, brief := range [][2]string{{"ends first", "first_to_end"}, {"expired", "expired"}, {"not valid yet", "not_yet_valid"}} {
			if c := t.object(brief[1]); c != nil {
				value := joinedWords(c.text("subject"), validInWords(c))
				c.drop("issuer", "names", "self_signed", "sha256", "issuer_url", "authority_key_id", "pem") // told of the chain
				c.drop(partsOfNames...)
				l.item(brief[0], value, c)
			}
		}
		l.rest(t)
	})
}

func validInWords(c *factReader) string {
	from, to := c.day("not_before"), c.day("not_after")
	return strings.TrimSpace(prefixed("from ", from) + prefixed(" to ", to))
}

// certificate adds a certificate and what it says of itself.
func (l *factList) certificate(key string, c *factReader) {
	if c == nil {
		return
	}
	subject := c.text("subject")
	if subject == "" {
		subject = "without a subject"
	}
	c.drop(partsOfNames...)
	l.under(key, subject, func() {
		l.say("issued by", c.text("issuer"))
		l.say("self-signed", c.pick("self_signed", "it is its own issuer", ""))
		l.say("names", strings.Join(c.texts("names"), ", "))
		l.say("valid", validInWords(c))
		l.say("issuer's certificate", c.text("issuer_url"))
		l.say("SHA-256", c.text("sha256"))
		l.say("issuer's key ID", c.text("authority_key_id"))
		l.say("PEM", scalar("pem", c.text("pem")))
		l.rest(c)
	})
}

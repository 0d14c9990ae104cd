package render

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/iprules"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/opensrs"
	"opensrs-doctor/report"
	"opensrs-doctor/report/diagnose/call"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// FactsOf are the facts of one probe's row, in words and in the order in which the probe saw them.
func FactsOf(name string, document json.RawMessage) []FactLine {
	return FactListOf(name, document).lines
}

// FactListOf is what FactsOf gives, and in Unknown the members of the document that no words are known for.
func FactListOf(name string, document json.RawMessage) *factList {
	l := &factList{}
	tree, err := report.ParseTree(document)
	if err != nil {
		return l
	}
	r := read(tree)
	if r == nil {
		l.plain(name, tree)
		return l
	}
	switch name {
	case "egress":
		l.egress(r)
	case "rules":
		l.rules(r)
	case "dns":
		l.dns(r)
	case "port":
		l.port(r)
	case "tls":
		l.tls(r)
	case "call":
		l.call(r)
	}
	if r.is("uncounted") {
		l.say("not counted", "it is here only because another probe needs it")
	}
	l.say("failure", failureInWords(r.object("failure"), "connect", "query", "fetch", "handshake", "verify", "call"))
	l.rest(r)
	return l
}

// pathWords are the ways by which a peer can be asked.
var pathWords = lazy.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{"direct": "directly", "proxy": "through the proxy", "dns": "by DNS"}
}}

func pathInWords(r *factReader) string {
	path := r.text("path")
	if words := pathWords.Get()[path]; words != "" {
		return words
	}
	return path
}

// pageInWords is what somebody showed in the place of what was asked for.
func pageInWords(page *factReader) string {
	if page == nil {
		return ""
	}
	return joinedWords("in its place HTTP status "+page.text("status"), page.text("title"), prefixed("leads to ", page.text("location")))
}

func (l *factList) egress(r *factReader) {
	if r.is("given") {
		l.say("public address", "as given, not looked up")
	}
	l.each("sources", r.objects("sightings"), func(s *factReader) (string, string) {
		late := ""
		if s.is("late") {
			late = "after the probe had ended"
		}
		failure, from := failureInWords(s.object("failure"), "fetch"), prefixed("from ", s.text("local_address"))
		return s.text("source"), joinedWords(s.text("address"), failure, pageInWords(s.object("page")), pathInWords(s), took(s), from, late,
			trustInWords(s.object("tls_trust")))
	})
	l.say("public IPv4", strings.Join(r.texts("ipv4"), ", "))
	l.say("public IPv6", strings.Join(r.texts("ipv6"), ", "))
	l.say("seen by DNS", strings.Join(r.texts("dns_seen"), ", "))
	l.each("asked from the call's address", r.objects("from_call"), func(s *factReader) (string, string) {
		failure, from := failureInWords(s.object("failure"), "fetch"), prefixed("from ", s.text("local_address"))
		s.drop("path", "late")
		return s.text("source"), joinedWords(s.text("address"), failure, pageInWords(s.object("page")), took(s), from, trustInWords(s.object("tls_trust")))
	})
	l.say("the call leaves from", r.text("call_address"))
	l.say("this host's public addresses", strings.Join(r.texts("own_addresses"), ", "))
	agreeing, asked := r.text("agreeing"), r.text("asked")
	if asked != "" && asked != "0" {
		l.say("sources that agree", agreeing+" of "+asked)
	}
}

func (l *factList) rules(r *factReader) {
	l.say("list from", r.text("source"))
	l.under("rules", "", func() {
		for i, rule := range r.texts("rules") {
			l.say(fmt.Sprintf("rule %d", i+1), rule)
		}
	})
	l.each("problems", r.objects("problems"), func(p *factReader) (string, string) {
		key := p.text("severity")
		if at := p.text("rule"); at != "" && at != "0" {
			key = joinedWords(key, "rule "+at)
		}
		source, line := p.text("source"), p.text("line")
		if line != "" && line != "0" {
			source = strings.TrimSpace(source + " line " + line)
		}
		p.drop("id")
		text, fix := strings.TrimSuffix(p.text("text"), "."), p.text("fix")
		return joinedWords(key, source), text + prefixed(". ", fix)
	})
	l.say("verdict", r.text("verdict"))
	l.each("addresses", r.objects("results"), func(one *factReader) (string, string) {
		by := prefixed("by rule ", one.text("rule"))
		if by == "" {
			by = "no rule matches"
		}
		var readings []string
		said, inside := map[string]bool{}, one.object("readings")
		for _, name := range []string{"first-match", "most-specific", "deny-wins"} {
			if verdict := inside.text(name); verdict != "" {
				readings = append(readings, name+" "+cmp.Or(map[string]string{"allow": "allows", "deny": "denies"}[verdict], verdict))
				said[verdict] = true
			}
		}
		switch {
		case len(said) == 1:
			readings = []string{"the same in every reading"}
		case len(said) > 1:
			by = "" // the rule of one reading
		}
		reason := one.text("reason")
		if reason == iprules.ReasonNeverPublic {
			reason = "never a public address, whatever the list says"
		}
		return one.text("ip"), joinedWords(one.text("verdict"), reason, by, strings.Join(readings, ", "))
	})
}

func (l *factList) dns(r *factReader) {
	key, name := "name", r.text("name")
	if r.is("of_proxy") {
		key = "name of the proxy"
	}
	if r.is("literal") {
		name = joinedWords(name, "an address, not looked up")
		r.drop("used")
	}
	l.say(key, name)
	l.under("resolvers", "", func() {
		for _, answer := range r.objects("answers") {
			l.answer(reading.PlainServer(answer.text("resolver")), answer)
		}
	})
	l.say("late or silent", strings.Join(reading.PlainServers(r.texts("slow_resolvers")), ", "))
	l.say("glibc's programs ask no name server", r.text("no_libc_dns"))
	l.say("libc's programs ask first for", joinedWords(r.text("searched_name"), strings.Join(r.texts("searched_addresses"), ", ")))
	r.drop("hosts_lines") // the first is in hosts_file, and who needs another is told it by the diagnosis
	l.say("hosts file", joinedWords(strings.Join(r.texts("hosts_addresses"), ", "), r.text("hosts_file")))
	if !r.taken["used"] {
		l.say("answer used", prefixed("from ", reading.PlainServer(r.text("used"))))
	}
	l.say("IPv4 addresses", strings.Join(r.texts("ipv4"), ", "))
	l.say("IPv6 addresses", strings.Join(r.texts("ipv6"), ", "))
	for _, further := range [][3]string{{"the endpoint, for comparison", "", "endpoint"},
		{"made-up name", "made_up_name", "made_up"}, {"another name", "other_name", "other"}} {
		of := ""
		if further[1] != "" {
			of = r.text(further[1])
		}
		answer := r.object(further[2])
		answer.drop("resolver")
		l.answer(strings.TrimSpace(further[0]+" "+of), answer)
	}
}

// variantLabels are the TLS experiments: the same handshake with one thing changed.
var variantLabels = lazy.Value[map[string]string]{Make: func() map[string]string {
	return map[string]string{
		evidence.VariantAsIs:    "as it is",
		evidence.VariantNoSNI:   "without the server name",
		evidence.VariantClassic: "with a classic key share",
		evidence.VariantSmall:   "with small segments",
		evidence.VariantNo13:    "with TLS 1.2 at most",
		evidence.VariantOld:     "with TLS 1.0 and 1.1 allowed",
	}
}}

func (l *factList) tls(r *factReader) {
	l.say("handshake", r.pick("handshake", "completed", "not completed"))
	l.say("version", joinedWords(r.text("version"), r.text("cipher_suite")))
	l.say("alert", r.text("alert"))
	l.say("packets that the other end did not confirm", r.text("unconfirmed"))
	l.say("bytes of the answer before that", r.text("answered_bytes"))
	l.say("certificate of the client", r.pick("asks_for_certificate", "asked for", ""))
	if store := r.object("store"); store != nil {
		l.item("this host's roots", joinedWords(store.text("variable")+" names "+store.text("path"), store.text("problem")), store)
	}
	l.say("the peer said", r.text("quote"))
	for i, certificate := range r.objects("chain") {
		l.certificate(fmt.Sprintf("certificate %d", i+1), certificate)
	}
	l.trust(r.object("trust"))
	l.each("at the other addresses", r.objects("elsewhere"), func(o *factReader) (string, string) {
		return o.text("address"), joinedWords(o.pick("works", "works", "fails"), o.pick("proven", "proven", ""), failureInWords(o.object("failure")), took(o))
	})
	l.each("other handshakes", r.objects("variants"), func(v *factReader) (string, string) {
		name := v.text("name")
		if words := variantLabels.Get()[name]; words != "" {
			name = words
		}
		ended := v.pick("works", "works", "fails")
		if not := v.text("not_made"); not != "" {
			ended = "not made: " + not
		}
		return name, joinedWords(ended, v.text("version"), failureInWords(v.object("failure"), "handshake"),
			v.pick("proven", "the peer is proven", ""), v.pick("fickle", "made again, it ended the other way", ""), took(v))
	})
	if picks := r.object("picks"); picks != nil {
		l.item("offered other suites, it picks", joinedWords(picks.text("kind"), picks.text("suite")), picks)
	}
	l.say("authority of its own", joinedWords(strings.Join(r.texts("ca_names"), "; "), prefixed("from ", r.text("ca_file"))))
	l.say("public roots from", r.text("public_roots"))
	l.say("interception", r.pick("allow_intercepted", "allowed by --allow-intercepted", ""))
	l.say("signed call", r.pick("call_allowed", "may be made to this peer", "is not made to this peer"))
	if clock := r.object("clock"); clock != nil {
		l.under("clock", "", func() {
			agreeing := clock.text("agreeing")
			if ms, ok := clock.number("offset_ms"); ok && agreeing != "0" {
				l.say(joinedWords(prefixed("", agreeing)+" peers that agree"), offsetWords(ms))
			}
			for _, sample := range clock.objects("samples") {
				peer, verified := sample.text("peer"), sample.pick("verified", "certificate verified", "certificate not verified")
				offset := ""
				if ms, ok := sample.number("offset_ms"); ok {
					offset = offsetWords(ms)
				}
				l.item(peer, joinedWords(offset, verified), sample)
			}
			l.rest(clock)
		})
	}
}

func (l *factList) call(r *factReader) {
	sent := r.is("sent")
	given := r.pick("key_given", "given", "not given")
	l.say("API key", joinedWords(given, prefixed("from ", r.text("key_source"))))
	l.say("wrong with the key", strings.ReplaceAll(strings.Join(r.texts("key_problems"), ", "), "-", " "))
	if form := r.object("key_form"); form != nil {
		l.item("form of the key", formInWords(form), form)
	}
	var around []string
	for _, where := range r.texts("key_around") {
		around = append(around, cmp.Or(call.AroundWords.Get()[opensrs.Around(where)], where))
	}
	l.say("cut off from the key", screen.List(around))
	vector := r.pick("signature_vector_ok", "gives the published example's value", "does not give the published example's value")
	envelope := r.pick("envelope", "an OPS envelope", "not an OPS envelope")
	size, quote, response := r.text("reply_bytes"), r.text("quote"), responseInWords(r)
	status, kind, location := r.text("http_status"), r.text("content_type"), r.text("location")
	waited, date, resent, device := took(r), r.text("date"), r.text("retransmits"), r.text("device")
	lost, packed := r.text("unconfirmed"), r.text("packed")
	if sent {
		l.say("call", joinedWords("sent", prefixed("reply after ", waited)))
		l.say("signature code", vector)
		l.say("HTTP status", joinedWords(status, kind))
		l.say("a proxy names itself", device)
		l.say("redirected to", location)
		if size != "" && size != "0 bytes" {
			l.say("reply", joinedWords(envelope, size, prefixed("in ", packed)))
		}
		l.say("response", response)
		l.say("reply begins with", quote)
		l.say("HTTP date", date)
		l.say("segments sent again", resent)
		l.say("packets that the other end did not confirm", lost)
	}
	if check := r.object("cross_check"); check != nil {
		response, failure := responseInWords(check), failureInWords(check.object("failure"))
		if response != "" {
			failure = "" // it says that the answer is a refusal
		}
		key := "the same call in the " + check.text("environment") + " environment"
		l.item(key, joinedWords(check.text("host"), response, failure), check)
	}
	if page := r.object("status_page"); page != nil {
		indicator := page.text("indicator")
		if indicator == "none" {
			indicator = "no incident"
		}
		failure := failureInWords(page.object("failure"), "fetch")
		l.under("status page", joinedWords(page.text("description"), indicator, failure, pageInWords(page.object("page"))), func() {
			l.say("read at", page.text("url"))
			for _, incident := range page.texts("incidents") {
				l.say("incident", incident)
			}
			l.rest(page)
		})
	}
}

// formInWords is what can be said of an unusual key without showing any of it.
func formInWords(form *factReader) string {
	length, wrong, places := form.text("length"), form.text("not_hex"), form.texts("places")
	if wrong == "0" {
		wrong = ""
	}
	return joinedWords(prefixed("characters: ", length), prefixed("not hex digits: ", wrong), prefixed("the first at ", screen.List(places)),
		form.pick("twice", "the second half is the first once more", ""))
}

// responseInWords is the API's own answer; "" where there is none.
func responseInWords(r *factReader) string {
	response := strings.TrimSpace(r.text("response_code") + " " + r.text("response_text"))
	class, accepted := strings.ReplaceAll(r.text("class"), "-", " "), r.pick("is_success", "accepted", "not accepted")
	if response == "" {
		return ""
	}
	if class == accepted {
		class = ""
	}
	return joinedWords(response, accepted, prefixed("read as ", class))
}

package render

import (
	"cmp"
	"fmt"
	"strings"

	"opensrs-doctor/report/screen"
)

func (l *factList) port(r *factReader) {
	attempt := func(a *factReader) (string, string) { return a.text("address"), connectionInWords(a) }
	connected, told := r.text("connected"), false
	l.each("connections", r.objects("attempts"), func(a *factReader) (string, string) {
		told = told || a.text("address") == connected
		return attempt(a)
	})
	if ms, ok := r.number("connect_ms"); !told {
		l.say("connected to", connected)
		if ok && ms > 0 {
			l.say("connect time", screen.SpanMS(screen.Sane(ms)))
		}
	}
	l.say("segments sent again", r.text("retransmits"))
	l.say("", r.pick("asks_for_ecn", "this host asks for ECN, which may be in the way", ""))
	if reply := r.object("proxy_reply"); reply != nil {
		protocol := strings.ToUpper(reply.text("protocol"))
		l.item("proxy's reply", joinedWords(strings.TrimSpace(protocol+" "+reply.text("code")+" "+reply.text("text")),
			prefixed("logins it takes: ", strings.Join(reply.texts("logins"), ", "))), reply)
	}
	l.path(r.object("path"))
	l.each("other ports", r.objects("other_ports"), attempt)
	if a := r.object("by_dns"); a != nil {
		key, value := attempt(a)
		l.item("the address that DNS gives, "+key, value, a)
	}
	l.thisHost(r.object("this_host"))
	l.each("tried again", r.objects("tried_again"), attempt)
	if s := r.object("servers"); s != nil {
		l.item("at once from "+s.text("sent")+" source ports", joinedWords(s.text("took")+" connected", s.text("late")+" late",
			s.text("refused")+" refused", s.text("silent")+" silent"), s)
	}
	if ms, ok := r.number("round_trip_ms"); ok && ms > 0 {
		l.say("shortest round trip", screen.SpanMS(screen.Sane(ms)))
	}
	l.roundTrips(r.object("round_trips"))
	if w := r.object("port_witness"); w != nil {
		w.drop("peer")
		seen := prefixed("saw ", w.text("address"))
		l.item("port witness, "+w.text("url"), joinedWords(connectionInWords(w), seen, prefixed("from ", w.text("local_address"))), w)
	}
	l.each("controls", r.objects("controls"), func(c *factReader) (string, string) {
		c.drop("chain") // it is for another program to compare
		return c.text("peer"), joinedWords(connectionInWords(c), pathInWords(c), trustInWords(c.object("tls_trust")))
	})
	if d := r.object("direct"); d != nil {
		resolves := d.pick("resolves", "", "the endpoint's name does not resolve")
		value, a := "", d.object("attempt")
		if a != nil {
			value = a.text("address") + ": " + connectionInWords(a)
		}
		l.item("without the proxy", joinedWords(value, resolves, failureInWords(d.object("failure"))), d)
	}
}

// path is the walk with growing TTL: a line a packet.
func (l *factList) path(p *factReader) {
	if p == nil {
		return
	}
	if walked, known := p.flag("available"); known && !walked {
		p.drop("answer", "port", "compare", "compared_to", "distance", "distance_at_least", "distance_by_host")
		l.item("path", joinedWords("not walked", p.text("why")), p)
		return
	}
	l.under("path", p.text("why"), func() {
		hop := func(h *factReader) (string, string) { return "hop " + h.text("ttl"), hopInWords(h) }
		if answer := p.object("answer"); answer != nil {
			answer.drop("ttl")
			l.item("to an ordinary packet", hopInWords(answer), answer)
		}
		if far := p.text("distance"); far != "" && far != "0" {
			if least := p.text("distance_at_least"); least != "" {
				far = least + " to " + far
			}
			l.say("distance", joinedWords(far+" hops to the host", p.pick("distance_by_host", "as the host itself shows", "")))
		} else {
			p.drop("distance_by_host")
		}
		l.each("to the service's port", p.objects("port"), hop)
		l.each("to port "+p.text("compared_to")+", for comparison", p.objects("compare"), hop)
		l.rest(p)
	})
}

// thisHost is what this host's own kernel says and counts.
func (l *factList) thisHost(h *factReader) {
	if h == nil {
		return
	}
	l.under("this host", "", func() {
		if route := h.object("route"); route != nil {
			route.drop("kind", "rule", "table", "prefix", "interface", "gateway", "source")
			l.item("its route", joinedWords(route.text("line"), route.pick("attached", "without a gateway", ""), route.pick("several", "several next hops", ""), prefixed("other ports go by ", route.text("other_port")),
				route.pick("tunnel", "a tunnel", ""),
				prefixed("the interface's own address is ", route.text("own")), route.pick("silent", "nothing ever came in by it", ""), prefixed("packets come in by ", route.text("alive"))), route)
		}
		l.ledger("packets counted", h.object("ledger"))
		l.ledger("packets counted on connections that opened", h.object("hellos"))
		if s := h.object("sources"); s != nil {
			l.item("answers from "+s.text("to"), s.text("from_source")+" to the route's address, "+s.text("from_own")+" to the interface's own", s)
		}
		if c := h.object("conntrack"); c != nil {
			l.item("table of connections", c.text("count")+" of "+c.text("max"), c)
		}
		if t := h.object("translation"); t != nil {
			to, otherwise := t.text("to"), t.pick("unseen", "not known", "to the endpoint itself")
			l.under("where packets for it go", cmp.Or(to, otherwise), func() { l.each("rules that send them there", t.objects("rules"), ruleWords) })
			l.rest(t)
		}
		if s := h.object("steps"); s != nil {
			l.item("its packets travel", joinedWords(s.text("most")+" steps at the most", s.pick("farther", "one that was given 64 was answered", "")), s)
		}
		if p := h.object("local_ports"); p != nil {
			l.item("source ports", p.text("first")+" to "+p.text("last")+", "+p.text("used")+" held for the endpoint", p)
		}
		if g := h.object("cgroup"); g != nil {
			programs := prefixed("programs attached: ", strings.Join(g.texts("programs"), ", "))
			l.item("control group", joinedWords(g.text("path"), g.text("unit"), programs, prefixed("at ", g.text("at")), g.text("why")), g)
		}
		if f := h.object("firewall"); f != nil {
			l.under("firewall", joinedWords(f.text("why"), prefixed("iptables-legacy: ", f.text("legacy")), f.pick("traced", "traced", ""), f.pick("outside", "of the machine around this container", ""),
				prefixed("not traced: ", f.text("untraced")), prefixed("rules that do not count: ", f.text("uncounted"))), func() {
				l.each("took the packets", f.objects("took"), ruleWords)
				l.each("drop what no rule takes", f.objects("policies"), ruleWords)
				l.rest(f)
			})
		}
		l.say("", h.pick("selinux", "SELinux enforces its policy", ""))
		l.say("", h.pick("container", "in a network namespace of its own", ""))
		l.rest(h)
	})
}

// ruleWords are where a firewall's rule stands, and what it does.
func ruleWords(r *factReader) (string, string) {
	return strings.TrimSpace(strings.Join([]string{r.text("tool"), r.text("family"), r.text("table"), r.text("chain"), r.text("hook")}, " ")),
		joinedWords(prefixed("handle ", r.text("handle")), r.text("verdict"), r.text("comment"), r.text("text"), prefixed("packets: ", r.text("grew")),
			prefixed("by way of ", strings.Join(r.texts("path"), ", ")), prefixed("written by ", r.text("manager")), r.text("file"))
}

// ledger is what was counted around packets of the check's own.
func (l *factList) ledger(what string, k *factReader) {
	if k == nil {
		return
	}
	sent := func(times int) string {
		n, _ := k.number("n")
		return fmt.Sprintf("with %.0f packets", n*float64(times))
	}
	protocol := map[string]string{"tcp": "TCP", "udp": "UDP", "hello": "TLS"}[k.text("protocol")]
	l.under(what+", to "+k.text("to"), joinedWords(protocol, k.text("why")), func() {
		l.counts("with none", k.object("background"))
		l.counts(sent(1), k.object("once"))
		l.counts(sent(2), k.object("twice"))
		if p := k.object("ports"); p != nil {
			l.say("source ports that were answered", strings.Join(p.texts("answered"), " "))
			l.say("source ports that were not", strings.Join(p.texts("silent"), " "))
			l.rest(p)
		}
		l.say("that the kernel refused to send", k.text("forbidden"))
		l.say("of those, refused where they were addressed", k.text("refused"))
		l.say("left by", k.text("went_out"))
		l.say("answers came in by", k.text("came_in"))
		l.rest(k)
	})
}

// counts are what was counted in a span of time, as far as it is not zero.
func (l *factList) counts(key string, c *factReader) {
	if c == nil {
		return
	}
	var words []string
	for _, one := range []struct{ name, words string }{
		{"out_segments", "TCP segments"}, {"out_requests", "sent"}, {"out_transmits", "handed to an interface"},
		{"in_receives", "came in"}, {"in_delivers", "delivered"}, {"forwarded", "passed on"},
		{"reverse_path", "dropped by the reverse path filter"}, {"conntrack_full", "dropped for a full table"},
		{"loopback", "on the loopback interface"}, {"arrived", "of every kind came in by an interface"},
	} {
		if n := c.text(one.name); n != "" && (n != "0" || one.name == "out_transmits" || one.name == "in_delivers") {
			words = append(words, n+" "+one.words)
		}
	}
	l.item(key, strings.Join(words, ", "), c)
}

func (l *factList) roundTrips(t *factReader) {
	if t == nil {
		return
	}
	var counts []string
	for _, name := range []string{"sent", "answered", "refused", "lost", "failed"} {
		if n := t.text(name); n != "" && (n != "0" || name == "lost") {
			counts = append(counts, n+" "+name)
		}
	}
	resent := t.text("resent")
	if resent != "" {
		resent += " segments sent again"
	}
	times := ""
	if low, ok := t.number("min_ms"); ok {
		middle, _ := t.number("median_ms")
		high, _ := t.number("max_ms")
		if high > 0 {
			times = fmt.Sprintf("shortest %s, median %s, longest %s", screen.SpanMS(screen.Sane(low)), screen.SpanMS(screen.Sane(middle)), screen.SpanMS(screen.Sane(high)))
		}
	}
	failure := failureInWords(t.object("failure"))
	l.item("round trips to "+t.text("to"), joinedWords(strings.Join(counts, ", "), resent, times, failure), t)
}

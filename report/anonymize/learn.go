package anonymize

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"opensrs-doctor/probes/evidence"
	"opensrs-doctor/probes/lazy"
	"opensrs-doctor/probes/netaddr"
	"opensrs-doctor/probes/service"
	"opensrs-doctor/report"
	"opensrs-doctor/report/reading"
	"opensrs-doctor/report/screen"
)

// publicNames stay: they are the same in everybody's report.
func publicNames() []string {
	names := []string{
		service.OpenSRS.Live.Host, service.OpenSRS.Test.Host, "*." + service.OpenSRS.Domain, service.OpenSRS.Domain,
		service.OpenSRS.Guide, service.OpenSRS.Support, "localhost", evidence.BySystem, evidence.UsedHosts,
	}
	for _, source := range append([]string{service.OpenSRS.StatusURL}, evidence.DefaultSources...) {
		for _, host := range hostsOfURI(source) {
			if _, err := netip.ParseAddr(host); err != nil { // an address gets its token like any other
				names = append(names, host)
			}
		}
	}
	return names
}

var (
	uri  = lazy.Pattern{Text: `[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]+`}
	home = lazy.Pattern{Text: `(?:/home/|/Users/|\\Users\\)([^/\\\s:"']+)`}
	// inText is a path of at least two parts, and what is before it.
	inText = lazy.Pattern{Text: `(?:^|[\s"'(=])((?:/[A-Za-z0-9._@+-]*[A-Za-z0-9_@+-]){2,})`}
	// fqdn is a host name with a domain, in words that are not the tool's own.
	fqdn = lazy.Pattern{Text: `(?i)\b(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z]\b`}
	line = lazy.Pattern{Text: `:[0-9]+$`}
	unit = lazy.Pattern{Text: `\.(?:service|scope|slice|socket)$`}
	// quoted is a comment inside a rule.
	quoted = lazy.Pattern{Text: `"([^"]*)"`}
	// word is one of a rule, or one of several names that are joined.
	word = lazy.Pattern{Text: `[A-Za-z_][\w.@+-]*`}
)

// collect gives a token to every name that the report holds in a field of its own. In sentences only these
// are found again: a sentence alone does not tell a name from a word. public says whether the public
// roots lead to the chain at hand: then its issuers are public authorities, which stay.
func (t *tokens) collect(value any, public bool) {
	switch v := value.(type) {
	case report.Object:
		public = publicChain(v, public) && !t.private
		for _, m := range v {
			if text, ok := m.Value.(leaf); ok && text.of != "" && !t.stays(text.of, v, public) {
				t.learnCertificate(text)
			}
			t.collect(m.Value, public)
		}
	case []any:
		for _, element := range v {
			t.collect(element, public)
		}
	case leaf:
		if v.of == "" {
			t.learnCertificate(v)
		}
		t.learn(v.kind, v.text)
	}
}

// learn takes the names that a text of that kind is, or holds.
func (t *tokens) learn(kind, text string) {
	switch kind {
	case kindKeep, kindSentence:
		return
	case kindUser:
		t.add("user", text)
	case kindHost:
		t.add("host", strings.TrimSuffix(strings.TrimPrefix(text, "*."), "."))
	case kindPeer:
		if host, found := netaddr.HostOf(text); found {
			t.add("host", host)
		} else if !strings.Contains(text, ":") && !strings.Contains(text, " ") {
			t.add("host", text)
		}
	case kindPath:
		t.addPath(text)
	case kindDevice:
		t.addName("device", text)
	case kindProcess:
		t.addProcess(text)
	case kindRule:
		t.addRule(text)
	case kindComment:
		t.addName("comment", text)
	}
	for _, found := range uri.Regexp().FindAllString(text, -1) {
		for _, host := range hostsOfURI(found) {
			t.add("host", host)
		}
	}
	for _, found := range home.Regexp().FindAllStringSubmatch(text, -1) {
		t.add("user", found[1])
	}
	for _, found := range inText.Regexp().FindAllStringSubmatch(text, -1) {
		t.addPath(found[1])
	}
	if kind != kindQuote {
		return
	}
	for _, found := range fqdn.Regexp().FindAllString(inText.Regexp().ReplaceAllString(text, " "), -1) {
		if unit.Regexp().MatchString(found) {
			t.addName("process", found)
		} else {
			t.add("host", found)
		}
	}
}

// addName gives a name its token unless it is one that not only its owner has.
func (t *tokens) addName(kind, name string) {
	if !ordinary(name) {
		t.add(kind, name)
	}
}

// notPaths are what the tool writes in the place of a path, flags apart.
var notPaths = []string{evidence.KeyVariable, evidence.KeyFromStdin, "key", "config", evidence.BySystem, "the network settings",
	"the sandbox", "the sandbox's root", "SSL_CERT_FILE", "SSL_CERT_DIR"}

// addPath takes a path without the line, or the setting, that follows it.
func (t *tokens) addPath(text string) {
	text, _, _ = strings.Cut(text, ", ")
	switch {
	case strings.Contains(text, ".slice/"):
		t.addProcess(text)
	case !strings.Contains(text, "://") && !strings.HasPrefix(text, "--") && !slices.Contains(notPaths, text):
		t.addName("path", line.Regexp().ReplaceAllString(text, ""))
	}
}

// addProcess takes the parts of a control group's path, or a process as --as has it: "unit:NAME", "NAME (uid 33)".
func (t *tokens) addProcess(text string) {
	text, _, _ = strings.Cut(text, " (")
	if kind, name, found := strings.Cut(text, ":"); found && !strings.Contains(kind, "/") {
		text = name
	}
	for part := range strings.SplitSeq(text, "/") {
		t.addName("process", part)
	}
}

// addRule takes what in a rule is no syntax: names of chains, sets and interfaces, and comments.
func (t *tokens) addRule(text string) {
	for _, found := range quoted.Regexp().FindAllStringSubmatch(text, -1) {
		t.addName("comment", found[1])
	}
	for part := range strings.FieldsFuncSeq(quoted.Regexp().ReplaceAllString(text, " "), func(r rune) bool { return strings.ContainsRune(" \t,{}()=", r) }) {
		if strings.ContainsAny(part, ":.") && strings.Trim(part, "0123456789abcdefABCDEF:./-[]") == "" { // addresses
			continue
		}
		for _, found := range word.Regexp().FindAllString(part, -1) {
			t.addName("name", found)
		}
	}
}

// hostsOfURI is the host of a URI, and of a dns one also the name that is asked for.
func hostsOfURI(text string) []string {
	parsed, err := url.Parse(strings.TrimRight(text, ".,;)]"))
	if err != nil || parsed.Hostname() == "" {
		return nil
	}
	hosts := []string{parsed.Hostname()}
	if name := strings.Trim(parsed.Path, "/."); parsed.Scheme == "dns" && name != "" {
		hosts = append(hosts, name)
	}
	for i, host := range hosts {
		hosts[i] = screen.Lower(host)
	}
	return hosts
}

// publicChain reports whether the chain that an object is about leads to the public roots.
func publicChain(o report.Object, inherited bool) bool {
	for _, name := range []string{"trust", "tls_trust"} {
		if trust, ok := o.Get(name).(report.Object); ok {
			inherited = trust.Get("public") == true
		}
	}
	if own, ok := o.Get("public").(bool); ok {
		inherited = own
	}
	return inherited
}

// stays reports whether a certificate's text is public: of an issuer where the chain is, of a subject where the names are
// everybody's too.
func (t *tokens) stays(of string, certificate report.Object, public bool) bool {
	switch of {
	case "issuer":
		return public
	case "subject":
		return public && !t.foreignNames(certificate)
	}
	return false
}

// learnCertificate takes the names in a certificate that say whose it is.
func (t *tokens) learnCertificate(text leaf) {
	switch text.kind {
	case kindDistinguished:
		t.addDistinguished(text.text)
	case kindCertificate, kindFingerprint:
		t.add(text.kind, text.text)
	}
}

// foreignNames reports whether a certificate is for a name that is not everybody's.
func (t *tokens) foreignNames(certificate report.Object) bool {
	names, _ := certificate.Get("names").([]any)
	for _, name := range names {
		text, _ := name.(leaf)
		if token, known := t.names[screen.Lower(text.text)]; !known || token != "" {
			return true
		}
	}
	return false
}

// addDistinguished takes a distinguished name as a whole, and the parts of it that evidence quotes.
func (t *tokens) addDistinguished(name string) {
	for _, part := range reading.SplitName(name) {
		if part.Kind == "CN" || part.Kind == "O" || part.Kind == "OU" {
			t.add("certificate", part.Value)
		}
	}
	t.add("certificate", name)
}
